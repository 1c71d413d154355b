# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: validate, redact and sort the connections to audit, and their connectors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ...module_utils._connection_facts import mask_connection
from ...module_utils._errors import OptionError
from ...module_utils._redact import TooComplexError, scrub_text
from ...module_utils._tool_server import is_server, masked_server_facts
from .model import ConnectionKey, Facts, key_of

_ABSENT = object()
_ADVICE = "Use the connections that sde_alm_connection_info and sde_analysis_connection_info return."
_API = "/api/v2"
# Without credentials, which must not become a link.
_WEB_ADDRESS = re.compile(r"(https?://[A-Za-z0-9.\[\]:-]+)(/[A-Za-z0-9._~/-]*)?\Z", re.IGNORECASE)
_QUERY_OR_FRAGMENT = re.compile(r"[?#]")
_Requirement = tuple[Callable[[Any], bool], str]

_TEXT_OR_NULL: _Requirement = (lambda value: isinstance(value, (str, type(None))), "a string or null")
# An audit needs these facts; all others may be absent.
_REQUIRED_FACTS: dict[str, _Requirement] = {
    "kind": (lambda value: value in ("alm", "analysis"), "alm or analysis"),
    "id": (lambda value: isinstance(value, int) and not isinstance(value, bool), "an integer"),
    "params": (lambda value: isinstance(value, dict), "a mapping"),
    "params_visible": (lambda value: isinstance(value, bool), "true or false"),
}
_INTEGER_OR_NULL: _Requirement = (
    lambda value: value is None or (isinstance(value, int) and not isinstance(value, bool)),
    "an integer or null",
)
_OPTIONAL_FACTS = {"project": _INTEGER_OR_NULL, "connector": _INTEGER_OR_NULL}
# Older releases of the collection did not save these facts, which are read from the parameters.
_DERIVED_FACTS: dict[str, _Requirement] = {
    "server": (is_server, "a server as the modules return it"),
    "validate_certs": (lambda value: isinstance(value, (bool, type(None))), "true, false or null"),
}


def server_name(given: str | None) -> str | None:
    """Return the audited server's host and port, given a name or an address."""
    given = (given or "").strip()
    # The user info is removed first: a password may contain a slash, and a query an '@'.
    masked = scrub_text(given if "://" in given else f"https://{given}")
    authority_and_path = _QUERY_OR_FRAGMENT.split(masked.partition("://")[2])[0]
    return authority_and_path.rpartition("@")[2].split("/")[0].lower() or None


def server_url(address: str | None) -> str | None:
    """Return the web address of a server, given its own or that of its API; None for anything else."""
    address = (address or "").strip()
    found = _WEB_ADDRESS.match(address)
    return f"{found[1].lower()}{(found[2] or '').partition(_API)[0].rstrip('/')}" if found else None


def endpoint_in(content: Any) -> str | None:
    """Return the URL that connections were gathered from, if the content is a saved result of a module."""
    endpoint = content.get("endpoint") if isinstance(content, dict) else None
    return endpoint if isinstance(endpoint, str) else None


def resource_in(content: Any, name: str) -> Any:
    """Return the projects or connectors that the content of a file has with its connections; None without."""
    return content.get(name) if isinstance(content, dict) else None


def connections_in(content: Any, name: str) -> Any:
    """Return the connections in the content of a file: a list, or a saved result of a module."""
    if isinstance(content, dict) and "connections" in content:
        return content["connections"]
    if isinstance(content, list):
        return content
    raise OptionError(f"connections_file: {name} must be a list, or a mapping with the key connections.", _ADVICE)


def validate_connections(connections: Any) -> list[Facts]:
    """Return connections, sorted by kind and id, and redacted again: facts may come from a file."""
    if not isinstance(connections, list):
        raise OptionError(f"connections must be a list, not {connections.__class__.__name__}.", _ADVICE)
    return _validated(connections, "connection", {**_REQUIRED_FACTS, "alias": _TEXT_OR_NULL}, _ADVICE)


def validate_connectors(connectors: list[Any]) -> list[Facts]:
    """Return connectors, sorted by kind and id, and redacted again. They have parameters as connections have."""
    advice = "Use the connectors that sde_alm_connector_info and sde_analysis_connector_info return."
    return _validated(connectors, "connector", {**_REQUIRED_FACTS, "name": _TEXT_OR_NULL}, advice)


def _validated(given: list[Any], noun: str, required: dict[str, _Requirement], advice: str) -> list[Facts]:
    found: dict[ConnectionKey, Facts] = {}
    for index, facts in enumerate(given):
        place = f"{noun}s[{index}]"
        if not isinstance(facts, dict):
            raise OptionError(f"{place} must be a mapping.", advice)
        optional = {name: one for name, one in {**_OPTIONAL_FACTS, **_DERIVED_FACTS}.items() if name in facts}
        for name, (is_valid, expected) in {**required, **optional}.items():
            if not is_valid(facts.get(name, _ABSENT)):
                raise OptionError(f"{place}.{name} must be {expected}.", advice)
        key = key_of(facts)
        if key in found:
            raise OptionError(
                f"{place}: duplicate {noun} {key[0]} {key[1]}.", "Audit each SD Elements server separately."
            )
        found[key] = _redacted(facts, noun)
    return [found[key] for key in sorted(found)]


def _redacted(connection: Facts, noun: str) -> Facts:
    # This fact has paths of secrets, not secrets, although its name suggests them.
    paths = connection.get("secrets_set")
    try:
        clean, _secrets = mask_connection({name: value for name, value in connection.items() if name != "secrets_set"})
    except TooComplexError as exc:
        raise OptionError(f"{noun}s: {connection['kind']} {connection['id']} is {exc}.") from exc
    if isinstance(paths, list):
        clean["secrets_set"] = [scrub_text(str(path)) for path in paths]
    if clean.keys() >= _DERIVED_FACTS.keys():
        return clean
    saved, masked = (one["params"] if one["params_visible"] else {} for one in (connection, clean))
    return {**masked_server_facts(connection["kind"], saved, masked), **clean}
