# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: read a baseline, which is the report of an earlier audit, or facts that were saved."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...module_utils._errors import OptionError
from .changes import Earlier
from .connections import endpoint_in, server_url, validate_connections
from .model import Facts, Report
from .report import Scope
from .report_checks import validate_baseline

ADVICE = (
    "Use the report of a completed audit of the same server. For the playbook drift, move the file away, or set "
    "sde_drift_dir to another folder: its next run then begins anew."
)


class BaselineFile(NamedTuple):
    """The content of a baseline: a report, or facts that were saved with the URL that they were gathered from."""

    report: Report | None
    connections: list[Facts]
    endpoint: str | None


def read_baseline(content: Any, name: str) -> BaselineFile:
    """Return a valid baseline, whose facts are masked again, or raise an OptionError."""
    is_saved_result = isinstance(content, dict) and "connections" in content and "format" not in content
    if not is_saved_result and not isinstance(content, list):
        try:
            return BaselineFile(validate_baseline(content, name), [], None)
        except OptionError as exc:
            raise OptionError(exc.problem, ADVICE) from None
    return BaselineFile(
        None, _validated(content["connections"] if is_saved_result else content, name), endpoint_in(content)
    )


def earlier_facts(baseline: BaselineFile, scope: Scope, url: str | None, name: str) -> Earlier | None:
    """Return the facts that a baseline has of a server. None: it is about many servers, and this one is new.

    Raises an OptionError if there is nothing to compare.
    """
    report = baseline.report
    if report is None:
        saved_url = server_url(baseline.endpoint)
        if saved_url and url and saved_url != url:
            raise OptionError(f"baseline: {name} contains connections of {saved_url}, not of {url}.", ADVICE)
        if not baseline.connections:
            raise OptionError(f"baseline: {name} does not contain any connection.", ADVICE)
        # A filter may have chosen them.
        return Earlier(None, [], baseline.connections)
    servers, kinds = report["servers"], report["kinds"] or []
    if (scope.server or "") not in (servers or [""]):
        if len(servers) > 1:
            return None
        then, now = (one or "an unnamed server" for one in ("".join(servers), scope.server))
        raise OptionError(f"baseline: {name} is an audit of {then}, not of {now}.", ADVICE)
    if kinds and scope.kinds and set(kinds).isdisjoint(scope.kinds):
        problem = f"contains only {kinds[0]} connections, and this audit only {scope.kinds[0]} connections"
        raise OptionError(f"baseline: {name} {problem}.", ADVICE)
    entries = [entry["facts"] for entry in report["connections"] if entry["server"] == scope.server]
    return Earlier(report["audited_at"], kinds, _validated(entries, name))


def _validated(connections: Any, name: str) -> list[Facts]:
    try:
        return validate_connections(connections)
    except OptionError as exc:
        raise OptionError(f"baseline: {name}: {exc}") from None
