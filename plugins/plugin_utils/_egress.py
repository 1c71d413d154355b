# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: from the facts of connections to the servers that they talk to. Pure functions."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from ansible.errors import AnsibleFilterError

# The kinds' words in the names of parameters: a connection's own first.
_WORDS = ("alm", "issue_tracker", "analysis")
_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_PLACE_AND_PATH = re.compile(r"([^/?#\\]+)(/[^?#]*)?(?:[?#].*)?")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# The two standards for international names differ on these, so nobody can tell which host is meant.
_AMBIGUOUS = re.compile(r"[\u00df\u1e9e\u03c2\u200c\u200d]")


def server(connection: Any) -> dict[str, Any]:
    """The server of a connection, as the filter documents it."""
    params = _params_of(connection)
    if not params:
        return _result("hidden")
    given = _first(params, "server", connection)
    if isinstance(given, str):
        given = given.strip(" \t\r\n")
    if not given:
        return _result("none")
    return _read(given, _first(params, "method", connection) or "https")


def _params_of(connection: Any) -> Mapping[str, Any] | None:
    """The parameters of a connection; None if they are hidden."""
    if not isinstance(connection, Mapping):
        raise AnsibleFilterError(f"The facts of a connection are a dict, not {type(connection).__name__}. {_ADVICE}")
    for name, wanted in (("params", Mapping), ("params_visible", bool)):
        if not isinstance(connection.get(name), wanted):
            raise _unusable(name)
    return connection["params"] if connection["params_visible"] else None


def _unusable(name: str) -> AnsibleFilterError:
    return AnsibleFilterError(f"The facts of a connection have '{name}', and these have none that is usable. {_ADVICE}")


_ADVICE = "Take them from the connections that sde_alm_connection_info or sde_analysis_connection_info returned."


def _first(params: Mapping[str, Any], name: str, connection: Mapping[str, Any]) -> Any:
    """The first value of ``alm_<name>`` and the like that is not empty."""
    words = sorted(_WORDS, key=lambda word: word != connection.get("kind"))
    return next((params[key] for key in (f"{word}_{name}" for word in words) if params.get(key)), None)


def _result(state: str, scheme: str | None = None, host: str | None = None, port: int | None = None, url: str | None = None):
    return {"state": state, "scheme": scheme, "host": host, "port": port, "url": url}


def _read(given: Any, method: Any) -> dict[str, Any]:
    """A server, as people write it into SD Elements."""
    if not isinstance(given, str) or not isinstance(method, str) or _CONTROL.search(given):
        return _result("unreadable")
    before, separator, after = given.partition("://")
    # What stands before the first '://' is no scheme in 'host/path?next=http://other'.
    has_scheme = separator and _SCHEME.fullmatch(before)
    scheme = (before if has_scheme else method.strip()).lower()
    rest = _PLACE_AND_PATH.fullmatch(after if has_scheme else given)
    # A password may hold an '@' that should have been encoded.
    place = rest and _HOST_AND_PORT.fullmatch(rest.group(1).rpartition("@")[2])
    host = place and _host(place.group(1))
    if not host or not _SCHEME.fullmatch(scheme):
        return _result("unreadable")
    port = int(place.group(2) or _PORTS.get(scheme, 0))
    if not 0 < port < 65536:
        return _result("unreadable")
    shown = f"[{host}]" if ":" in host else host
    return _result("known", scheme, host, port, f"{scheme}://{shown}:{port}{_encoded(rest.group(2) or '')}")


def _host(given: str) -> str | None:
    """A host in the one form that can be compared; None if there is no such host."""
    if given.startswith("["):
        return _ip_address(given[1:-1]) if ":" in given else None
    name = _in_ascii(given)
    if name is None:
        return None
    name = name[:-1] if name.endswith(".") else name
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return None
    # Resolvers take 127.1 and 0x7f.0.0.1 for addresses, each in its own way.
    return _ip_address(name) if _NUMBER.fullmatch(labels[-1]) else name


def _ip_address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # Such an IPv6 address is IPv4 on the wire.
    return str(getattr(address, "ipv4_mapped", None) or address)


def _in_ascii(name: str) -> str | None:
    """A host name in lower case and ASCII; None if it has no such form."""
    if name.isascii():
        return name.lower()
    # The codec needs quadratic time.
    if len(name) > 253 or _AMBIGUOUS.search(name):
        return None
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _encoded(path: str) -> str:
    """A path without blanks, quotes, braces and the like, whatever it held."""
    return quote(path, safe="/%:@!$&'()*+,;=~", errors="replace")


# ---------------------------------------------------------------------------------------------------------------
# All servers at once


class _Place(NamedTuple):
    """What a firewall lets through: one port of one host."""

    host: str
    port: int


def egress(connections: Any, resolved: Any = None) -> dict[str, list[dict[str, Any]]]:
    """The places that SD Elements must reach for its connections, as the filter documents it."""
    if not isinstance(connections, Iterable) or isinstance(connections, (str, bytes, Mapping)):
        raise AnsibleFilterError(f"Connections are a list of facts, not {type(connections).__name__}. {_ADVICE}")
    if not isinstance(resolved, (Mapping, type(None))):
        raise AnsibleFilterError(f"'resolved' is a dict of addresses by host name, not {type(resolved).__name__}.")
    places: dict[_Place, dict[str, list]] = {}
    agent, unknown = [], []
    for reference, connection in sorted(((_reference(one), one) for one in connections), key=lambda pair: _order(pair[0])):
        found = server(connection)
        if found["state"] == "none":
            continue
        if connection.get("inaccessible"):
            agent.append({**reference, "url": found["url"]})
        elif found["state"] == "known":
            place = places.setdefault(_Place(found["host"], found["port"]), {"schemes": [], "connections": []})
            place["schemes"].append(found["scheme"])
            place["connections"].append(reference)
        else:
            unknown.append({**reference, "reason": _reason(found["state"], connection)})
    servers = [_egress_server(place, used, resolved or {}) for place, used in sorted(places.items())]
    return {"servers": servers, "agent": agent, "unknown": unknown}


def _egress_server(place: _Place, used: dict[str, list], resolved: Mapping[str, Any]) -> dict[str, Any]:
    own = _ip_address(place.host)
    addresses = [own] if own else [_ip_address(str(one)) for one in resolved.get(place.host) or ()]
    return {
        "host": place.host,
        "port": place.port,
        "protocol": "tcp",
        "schemes": sorted(set(used["schemes"])),
        # What is no address, or one that holds on one link only, is of no use to a firewall.
        "addresses": sorted({one for one in addresses if one and "%" not in one}),
        "connections": used["connections"],
    }


# What the filter reads of a connection, besides its parameters.
_TYPES = {"kind": (str,), "id": (int,), "alias": (str,), "inaccessible": (bool, type(None))}


def _reference(connection: Any) -> dict[str, Any]:
    """What people know a connection by. Its text is one line of printable ASCII, whatever the alias holds."""
    _params_of(connection)
    for name, allowed in _TYPES.items():
        value = connection.get(name)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise _unusable(name)
    kind, number, alias = connection["kind"], connection["id"], connection["alias"]
    if kind not in ("alm", "analysis"):
        raise _unusable("kind")
    # JSON leaves one control character as it is.
    quoted = json.dumps(str(alias)).replace("\x7f", "\\u007f")
    return {"kind": kind, "id": number, "alias": alias, "text": f"{kind} {number} {quoted}"}


def _order(reference: dict[str, Any]) -> tuple[str, int]:
    return reference["kind"], reference["id"]


def _reason(state: str, connection: Mapping[str, Any]) -> str:
    if state == "unreadable":
        return "its server cannot be read as host and port"
    return "its parameters were left out" if connection["params_visible"] else "its parameters are hidden from the token"
