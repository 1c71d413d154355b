# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the facts that are audited, checked, without secrets, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import (
    TooComplexError,
    redact,
    scrub_text,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import (
    is_server,
    saved_server_facts,
)

_ABSENT = object()
_ADVICE = "Give what the modules sde_alm_connection_info and sde_analysis_connection_info return in connections."

# The facts without which no connection can be named or judged; the rest may be missing.
_FACTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "kind": (lambda value: value in ("alm", "analysis"), "alm or analysis"),
    "id": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "alias": (lambda value: isinstance(value, (str, type(None))), "text or null"),
    "params": (lambda value: isinstance(value, dict), "a mapping"),
    "params_visible": (lambda value: isinstance(value, bool), "true or false"),
}
# Those that are made of the parameters, if an older release of the collection saved the facts without them.
_SERVER_FACTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "server": (is_server, "as the modules return it"),
    "validate_certs": (lambda value: isinstance(value, (bool, type(None))), "true, false or null"),
}


def server_name(given: str | None) -> str | None:
    """The name of the audited server: host and port of what may be an address."""
    place = (given or "").strip().partition("://")[2] or (given or "").strip()
    # The user info goes first: a password may hold a slash.
    return place.rpartition("@")[2].split("/")[0].lower() or None


def of_file(content: Any, name: str) -> Any:
    """The connections in a file: a list, or a saved result of a module."""
    if isinstance(content, dict) and "connections" in content:
        return content["connections"]
    if isinstance(content, list):
        return content
    raise OptionError(f"connections_file: {name} holds neither a list nor a mapping with connections.", _ADVICE)


def checked(connections: Any) -> list[dict[str, Any]]:
    """Connections, ordered by kind and id. Redacted again: not all facts come straight from a module."""
    if not isinstance(connections, list):
        raise OptionError(f"connections must be a list, not {connections.__class__.__name__}.", _ADVICE)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for number, connection in enumerate(connections, 1):
        _check(connection, number)
        name = connection["kind"], connection["id"]
        if name in found:
            raise OptionError(
                f"connections: {name[0]} {name[1]} is there twice.", "Audit each SD Elements server on its own."
            )
        found[name] = _redacted(connection)
    return [found[name] for name in sorted(found)]


def _check(connection: Any, number: int) -> None:
    if not isinstance(connection, dict):
        raise OptionError(f"connections: number {number} is no mapping.", _ADVICE)
    saved = {name: rule for name, rule in _SERVER_FACTS.items() if name in connection}
    for name, (is_right, words) in {**_FACTS, **saved}.items():
        if not is_right(connection.get(name, _ABSENT)):
            raise OptionError(f"connections: {name} of number {number} must be {words}.", _ADVICE)


def _redacted(connection: dict[str, Any]) -> dict[str, Any]:
    # This fact is about secrets and holds none, but its name says otherwise.
    paths = connection.get("secrets_set")
    try:
        clean, secrets = redact({key: value for key, value in connection.items() if key != "secrets_set"})
    except TooComplexError as exc:
        raise OptionError(f"connections: {connection['kind']} {connection['id']} is {exc}.") from exc
    job = clean.get("last_job")
    if isinstance(job, dict) and isinstance(job.get("result_message"), str):
        # Free text, which may repeat what the parameters hold.
        known = {secret.value for secret in secrets if secret.value}
        clean["last_job"] = {**job, "result_message": scrub_text(job["result_message"], known)}
    if isinstance(paths, list):
        clean["secrets_set"] = [scrub_text(str(path)) for path in paths]
    return clean if clean.keys() >= _SERVER_FACTS.keys() else {**saved_server_facts(clean), **clean}
