# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: read a baseline, which is the report of an earlier audit, or facts that were saved."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...module_utils._errors import OptionError
from .changes import Earlier
from .connections import endpoint_in, server_url, validate_connections
from .model import Facts, Report
from .report_checks import validate_baseline


class BaselineFile(NamedTuple):
    """The content of a baseline: a report, or facts that were saved with the URL that they were gathered from."""

    report: Report | None
    connections: list[Facts]
    endpoint: str | None


def read_baseline(content: Any, name: str) -> BaselineFile:
    """Return a valid baseline, whose facts are masked again, or raise an OptionError."""
    is_saved_result = isinstance(content, dict) and "connections" in content and "format" not in content
    if not is_saved_result and not isinstance(content, list):
        return BaselineFile(validate_baseline(content, name), [], None)
    try:
        connections = validate_connections(content["connections"] if isinstance(content, dict) else content)
    except OptionError as exc:
        raise OptionError(f"baseline: {name}: {exc}") from None
    return BaselineFile(None, connections, endpoint_in(content))


def earlier_facts(baseline: BaselineFile, server: str | None, url: str | None, name: str) -> Earlier | None:
    """Return the facts that a baseline has of a server; None if it is about other servers."""
    if baseline.report is None:
        saved_url = server_url(baseline.endpoint)
        if saved_url and url and saved_url != url:
            raise OptionError(
                f"baseline: {name} contains connections of {saved_url}, not of {url}.", "Use a file of the same server."
            )
        # A filter may have chosen them.
        return Earlier(None, [], baseline.connections)
    report = baseline.report
    if (server or "") not in (report["servers"] or [""]):
        return None
    entries = [entry["facts"] for entry in report["connections"] if entry["server"] == server]
    try:
        connections = validate_connections(entries)
    except OptionError as exc:
        raise OptionError(f"baseline: {name}: {exc}") from None
    return Earlier(report["audited_at"], report["kinds"] or [], connections)
