# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the resources ALM and ANALYSIS, the two kinds of connections: their options and query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from . import _tool_params
from ._connection_facts import check_connection, facts_of_connection, mask_connection
from ._errors import OptionError
from ._pages import Record
from ._redact import Secret
from ._resource import Facts, Item, Options, Resource, parse_filter, stripped
from ._tool_params import ALM_KIND, ANALYSIS_KIND, ConnectionKind, ToolQuery, parse_tool_options

FREQUENCIES = ("hourly", "daily", "weekly", "monthly", "manually")
FILTERS = ("alias", "system", "frequency", "project")

# 'raw' takes one value or a list without splitting a value at its commas. Choices and mutually exclusive options are
# checked below: ansible-core counts an option that is null as set.
OPTIONS: dict[str, dict[str, Any]] = {
    "connection_id": {"type": "int", "aliases": ["id"]},
    "alias": {"type": "raw"},
    "system": {"type": "raw"},
    "frequency": {"type": "list", "elements": "str"},
    "project": {"type": "list", "elements": "int"},
    "include_last_job": {"type": "bool", "default": False},
    **_tool_params.OPTIONS,
}


@dataclass(frozen=True)
class ConnectionQuery(ToolQuery):
    """The connections that a task asks for, and the facts of them that it wants."""

    noun = "connection"

    include_last_job: bool

    def parameters(self) -> dict[str, str]:
        """Return what the server is asked for beyond its records."""
        return {"include": "last_job"} if self.include_last_job else {}

    def facts_of(self, record: Record, check_deadline: Callable[[], None]) -> tuple[Facts, list[Secret]]:
        """Return the facts of a connection, and the secrets in it."""
        sent = facts_of_connection(self.kind, record, self.canonical_names)
        masked, secrets = mask_connection(sent, check_deadline)
        return self.wanted_facts(sent, masked, secrets), secrets

    def warnings_of(self, items: list[Item]) -> list[str]:
        """Return what the user should know about the facts."""
        return [*self._job_warnings(items), *super().warnings_of(items)]

    def _job_warnings(self, items: list[Item]) -> list[str]:
        if not self.include_last_job or not items or any("last_job" in item.record for item in items):
            return []
        return ["No connection has a last_job: either none has ever run, or the server is older than SD Elements 4.4."]


def _parse_query(kind: ConnectionKind, options: Options) -> ConnectionQuery:
    """Return the query of validated options. Raises an OptionError that names the option."""
    filters = {name: _parse_filter(name, options[name]) for name in FILTERS if options[name] is not None}
    return ConnectionQuery(
        **parse_tool_options(kind, options, "connection_id", filters), include_last_job=options["include_last_job"]
    )


def _parse_filter(name: str, value: Any) -> list[Any]:
    values = parse_filter(name, value, "connection")
    # An alias may begin with a blank.
    values = values if name == "alias" else stripped(values)
    for one in values:
        if name == "frequency" and one not in FREQUENCIES:
            raise OptionError(f"frequency must be one of {', '.join(FREQUENCIES)}, not {one!r}.")
    return values


def _resource(kind: ConnectionKind, title: str, *paths: str) -> Resource:
    return Resource("connections", "connection", title, paths, OPTIONS, check_connection, partial(_parse_query, kind))


ALM = _resource(ALM_KIND, "ALM connections", "connections/alm/", "connections/issue-tracker/")
ANALYSIS = _resource(ANALYSIS_KIND, "analysis connections", "connections/analysis/")
KINDS = {"alm": ALM, "analysis": ANALYSIS}
