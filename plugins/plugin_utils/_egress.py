# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the hosts and ports that SD Elements must reach for its connections. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from ansible.errors import AnsibleFilterError

from ..module_utils._tool_server import ip_address, is_server, server_facts
from ._native_types import to_builtin_types

_ADVICE = "Use the connections that sde_alm_connection_info or sde_analysis_connection_info returned."


class _Endpoint(NamedTuple):
    """A port of a host, which a firewall lets through."""

    host: str
    port: int


class _Reference(TypedDict):
    """The names of a connection. 'text' is one line of printable ASCII, whatever the alias contains."""

    kind: str
    id: int
    alias: str | None
    text: str


class _AgentReference(_Reference):
    url: str | None


class _UnknownReference(_Reference):
    reason: str


class _EgressServer(TypedDict):
    host: str
    port: int
    protocol: str
    schemes: list[str]
    addresses: list[str]
    connections: list[_Reference]


class Egress(TypedDict):
    """The result of the filter, as its documentation describes it."""

    servers: list[_EgressServer]
    agent: list[_AgentReference]
    unknown: list[_UnknownReference]


def egress(connections: Any, resolved: Any = None) -> Egress:
    """Sort connections by the servers that SD Elements must reach for them."""
    if not isinstance(connections, Iterable) or isinstance(connections, (str, bytes, Mapping)):
        raise AnsibleFilterError(f"connections must be a list of facts, not {_type_name(connections)}. {_ADVICE}")
    if not isinstance(resolved, (Mapping, type(None))):
        raise AnsibleFilterError(f"'resolved' must be a dict of addresses by host name, not {_type_name(resolved)}.")
    addresses = {name: _texts(name, value) for name, value in (resolved or {}).items()}
    users: dict[_Endpoint, list[tuple[str, _Reference]]] = {}
    result = Egress(servers=[], agent=[], unknown=[])
    pairs = [(_reference(connection), connection) for connection in connections]
    for reference, connection in sorted(pairs, key=lambda pair: (pair[0]["kind"], pair[0]["id"])):
        server = _server_of(connection)
        if server["state"] == "none":
            continue
        if connection.get("inaccessible"):
            result["agent"].append({**reference, "url": server["url"]})
        elif server["state"] == "known":
            users.setdefault(_Endpoint(server["host"], server["port"]), []).append((server["scheme"], reference))
        else:
            result["unknown"].append({**reference, "reason": _reason(server["state"], connection)})
    for endpoint, used in sorted(users.items()):
        result["servers"].append(_egress_server(endpoint, used, addresses.get(endpoint.host, [])))
    return result


def _texts(name: Any, value: Any) -> list[str]:
    """Return the addresses of a host, which are a list of texts, one text, or null."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    for one in texts:
        if not isinstance(one, (str, type(None))):
            found = f"is {_type_name(one)}" if one is value else f"contains {_type_name(one)}"
            raise AnsibleFilterError(
                f"'resolved' must contain a list of strings for each host name; that of {str(name)!r} {found}."
            )
    return [str(one) for one in texts if one]


def _egress_server(endpoint: _Endpoint, used: list[tuple[str, _Reference]], resolved: list[str]) -> _EgressServer:
    own = ip_address(endpoint.host)
    addresses = [own] if own else map(ip_address, resolved)
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "protocol": "tcp",
        "schemes": sorted({scheme for scheme, _reference in used}),
        # Firewalls take addresses, but not those that are valid on one link only.
        "addresses": sorted({one for one in addresses if one and "%" not in one}),
        "connections": [reference for _scheme, reference in used],
    }


# The other facts that the filter reads.
_TYPES = {"kind": (str,), "id": (int,), "alias": (str, type(None)), "inaccessible": (bool, type(None))}


def _reference(connection: Any) -> _Reference:
    if not isinstance(connection, Mapping):
        raise AnsibleFilterError(f"The facts of a connection must be a dict, not {_type_name(connection)}. {_ADVICE}")
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
    if "server" not in connection:  # saved by an older release of the collection
        for name, wanted in (("params", Mapping), ("params_visible", bool)):
            if not isinstance(connection.get(name), wanted):
                raise _unusable(name)
        params = connection["params"] if connection["params_visible"] else {}
        return dict(server_facts(connection["kind"], params)["server"])
    server: dict[str, Any] = to_builtin_types(connection["server"])
    if not is_server(server):
        raise _unusable("server")
    return server


def _unusable(name: str) -> AnsibleFilterError:
    return AnsibleFilterError(f"The fact '{name}' of a connection is missing or invalid. {_ADVICE}")


def _reason(state: str, connection: Mapping[str, Any]) -> str:
    if state == "unreadable":
        return "its server cannot be parsed as host and port"
    # Facts of an older release may have been saved without parameters.
    return (
        "its parameters were not gathered"
        if connection.get("params_visible")
        else "its parameters are hidden from the token"
    )


def _type_name(value: Any) -> str:
    """Return the name of a type as users know it: ansible-core has its own classes for texts, lists and dicts."""
    for known in (str, bool, int, float, Mapping, list):
        if isinstance(value, known):
            return "dict" if known is Mapping else known.__name__
    return "null" if value is None else type(value).__name__
