# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: what SD Elements must reach for its connections. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible.errors import AnsibleFilterError

from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import (
    ip_address,
    is_server,
    saved_server_facts,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types

_ADVICE = "Take them from the connections that sde_alm_connection_info or sde_analysis_connection_info returned."


class _Place(NamedTuple):
    """One port of one host, which a firewall lets through."""

    host: str
    port: int


def egress(connections: Any, resolved: Any = None) -> dict[str, list[dict[str, Any]]]:
    """The places that SD Elements must reach for its connections, as the filter documents it."""
    if not isinstance(connections, Iterable) or isinstance(connections, (str, bytes, Mapping)):
        raise AnsibleFilterError(f"Connections are a list of facts, not {_type_name(connections)}. {_ADVICE}")
    if not isinstance(resolved, (Mapping, type(None))):
        raise AnsibleFilterError(f"'resolved' is a dict of addresses by host name, not {_type_name(resolved)}.")
    known = {name: _texts(name, value) for name, value in (resolved or {}).items()}
    places: dict[_Place, dict[str, list]] = {}
    agent, unknown = [], []
    for reference, connection in sorted(
        ((_reference(one), one) for one in connections), key=lambda pair: _order(pair[0])
    ):
        found = _server_of(connection)
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
    servers = [_egress_server(place, used, known.get(place.host, [])) for place, used in sorted(places.items())]
    return {"servers": servers, "agent": agent, "unknown": unknown}


def _texts(name: Any, value: Any) -> list[str]:
    """The addresses of a host: a list of texts, one text, or null."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    for one in texts:
        if not isinstance(one, (str, type(None))):
            found = f"is {_type_name(one)}" if one is value else f"holds {_type_name(one)}"
            raise AnsibleFilterError(
                f"'resolved' has a list of texts for each host name, and that of {str(name)!r} {found}."
            )
    return [str(one) for one in texts if one]


def _egress_server(place: _Place, used: dict[str, list], resolved: list[str]) -> dict[str, Any]:
    own = ip_address(place.host)
    addresses = [own] if own else map(ip_address, resolved)
    return {
        "host": place.host,
        "port": place.port,
        "protocol": "tcp",
        "schemes": sorted(set(used["schemes"])),
        # A firewall needs addresses, and not those that hold on one link only.
        "addresses": sorted({one for one in addresses if one and "%" not in one}),
        "connections": used["connections"],
    }


# The other facts that the filter reads.
_TYPES = {"kind": (str,), "id": (int,), "alias": (str, type(None)), "inaccessible": (bool, type(None))}


def _reference(connection: Any) -> dict[str, Any]:
    """The names of a connection. Its text is one line of printable ASCII, whatever the alias holds."""
    if not isinstance(connection, Mapping):
        raise AnsibleFilterError(f"The facts of a connection are a dict, not {_type_name(connection)}. {_ADVICE}")
    for name, allowed in _TYPES.items():
        value = connection.get(name)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise _unusable(name)
    kind, number, alias = connection["kind"], connection["id"], connection["alias"]
    if kind not in ("alm", "analysis"):
        raise _unusable("kind")
    quoted = "" if alias is None else " " + json.dumps(str(alias))
    return {"kind": kind, "id": number, "alias": alias, "text": f"{kind} {number}{quoted}"}


def _server_of(connection: Mapping[str, Any]) -> dict[str, Any]:
    if "server" not in connection:
        for name, wanted in (("params", Mapping), ("params_visible", bool)):
            if not isinstance(connection.get(name), wanted):
                raise _unusable(name)
        return saved_server_facts(connection)["server"]
    server = to_builtin_types(connection["server"])
    if not is_server(server):
        raise _unusable("server")
    return server


def _unusable(name: str) -> AnsibleFilterError:
    return AnsibleFilterError(f"The facts of a connection have '{name}', and these have none that is usable. {_ADVICE}")


def _order(reference: dict[str, Any]) -> tuple[str, int]:
    return reference["kind"], reference["id"]


def _reason(state: str, connection: Mapping[str, Any]) -> str:
    if state == "unreadable":
        return "its server cannot be read as host and port"
    # Facts of an older release may have been saved without parameters.
    return (
        "its parameters were left out"
        if connection.get("params_visible")
        else "its parameters are hidden from the token"
    )


def _type_name(value: Any) -> str:
    """The name of a type as users know it: ansible-core has classes of its own for texts, lists and dicts."""
    for known in (str, bool, int, float, Mapping, list):
        if isinstance(value, known):
            return "dict" if known is Mapping else known.__name__
    return "null" if value is None else type(value).__name__
