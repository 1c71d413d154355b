# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: from validated options to the result of a task, for modules and for action plugins."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ._errors import failed_result
from ._http import Client, ServerSession
from ._pages import Progress
from ._resource import (
    READ_OPTIONS,
    Facts,
    Options,
    Resource,
    read,
)
from ._server import SERVER_OPTIONS, parse_server

try:
    from ansible.module_utils.secrets import register_secrets  # ansible-core 2.22 and newer
except ImportError:
    register_secrets = None


class Outcome(NamedTuple):
    """A result of Ansible, successful or failed, with the warnings that belong to it."""

    result: dict[str, Any]
    warnings: list[str]


class Gathered(NamedTuple):
    """The facts of a resource, with the warnings that belong to them."""

    facts: Facts
    warnings: list[str]
    secrets: list[str]  # those in the facts, if the user asked for them


def argument_spec(resource: Resource) -> dict[str, Any]:
    """Return the options with which a resource is gathered."""
    return {**SERVER_OPTIONS, **READ_OPTIONS, **resource.options}


def gather(resource: Resource, options: Options, no_log: bool, progress: Progress | None = None) -> Outcome:
    """Gather a resource, given validated options. Any error becomes a failed result."""
    try:
        facts, warnings, secrets = gather_facts(resource, options, progress)
    except Exception as exc:  # noqa: BLE001 (the text of an exception may contain a secret)
        return Outcome(failed_result(exc), [])
    return Outcome({"changed": False, **facts}, warnings + _register(secrets, no_log))


def gather_facts(
    resource: Resource, options: Options, progress: Progress | None = None, session: ServerSession | None = None
) -> Gathered:
    """Gather a resource, given validated options, by a session of its own or this one. Raises an SDElementsError."""
    query = resource.parse_query(options)
    server = parse_server(options)
    progress = progress or Progress()
    progress.title, progress.host = resource.title, urlsplit(server.url).netloc
    endpoint, items = read(Client(server, query.read.concurrency, session), resource, query, progress)
    wanted = [item for item in items if item.facts is not None]
    secrets = {secret.value for item in wanted for secret in item.secrets if secret.value}
    return Gathered(
        {resource.name: [item.facts for item in wanted], "count": len(wanted), "endpoint": endpoint},
        [*_release_warnings(resource, endpoint), *query.warnings_of(items)],
        sorted(secrets) if query.read.include_secrets else [],
    )


def _release_warnings(resource: Resource, endpoint: str | None) -> list[str]:
    """Return a warning if the release of the server is older than the list."""
    if endpoint or not resource.since:
        return []
    return [f"The server does not have {resource.name}, which SD Elements {resource.since.release} introduced."]


def _register(secrets: list[str], no_log: bool) -> list[str]:
    """Register the secrets that the user requested for masking. Return a warning if ansible-core cannot mask them."""
    if not secrets:
        return []
    if register_secrets:
        register_secrets(secrets)
        return []
    if no_log:
        return []
    return [
        (
            "include_secrets returns credentials that this ansible-core cannot mask. "
            "Set no_log on this task and on each task that uses them."
        )
    ]
