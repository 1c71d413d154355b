# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the resources ALM and ANALYSIS, the two kinds of connections: their options and query."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Callable

from ._connection_facts import (
    ConnectionKind,
    check_connection,
    facts_of_connection,
    mask_connection,
    system_names,
)
from ._errors import OptionError
from ._pages import Record
from ._redact import Secret
from ._resource import (
    Facts,
    Item,
    Options,
    Query,
    Resource,
    long_text_warnings,
    parse_filter,
    parse_read_options,
    stripped,
)
from ._tool_server import masked_server_facts

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
    "include_secrets": {"type": "bool", "default": False},
    "include_params": {"type": "bool", "default": True},
    "keep_params": {"type": "list", "elements": "str"},
    "canonical_names": {"type": "bool", "default": True},
}


@dataclass(frozen=True)
class ConnectionQuery(Query):
    """The connections that a task asks for, and the facts of them that it wants."""

    kind: ConnectionKind
    filters: dict[str, set[str]]
    include_last_job: bool
    include_params: bool
    keep_params: list[str] | None  # None: all
    canonical_names: bool

    def parameters(self) -> dict[str, str]:
        """Return what the server is asked for beyond its records."""
        return {"include": "last_job"} if self.include_last_job else {}

    def is_wanted(self, record: Record) -> bool:
        """Return whether all filters match: of each filter, any value."""
        return all(not values.isdisjoint(_values_of(name, record)) for name, values in self.filters.items())

    def facts_of(self, record: Record, check_deadline: Callable[[], None]) -> tuple[Facts, list[Secret]]:
        """Return the facts of a connection, and the secrets in it."""
        sent = facts_of_connection(self.kind, record, self.canonical_names)
        masked, secrets = mask_connection(sent, check_deadline)
        # From all parameters, masked: complete whatever the task keeps, and without secrets even with include_secrets.
        derived = {
            **masked_server_facts(self.kind.name, sent["params"], masked["params"]),
            "secrets_set": _paths_in_params(secrets),
        }
        facts = {**(sent if self.read.include_secrets else masked), **derived}
        facts["params"] = {name: value for name, value in facts["params"].items() if self._is_kept(name)}
        return facts, secrets

    def warnings_of(self, items: list[Item]) -> list[str]:
        """Return what the user should know about the facts."""
        return [
            *self._job_warnings(items),
            *([] if self.read.include_secrets else long_text_warnings(items, "connection")),
            *self._keep_params_warnings([item.facts for item in items if item.facts]),
        ]

    def _is_kept(self, name: str) -> bool:
        if not self.include_params:
            return False
        return self.keep_params is None or any(fnmatchcase(name, pattern) for pattern in self.keep_params)

    def _job_warnings(self, items: list[Item]) -> list[str]:
        if not self.include_last_job or not items or any("last_job" in item.record for item in items):
            return []
        return ["No connection has a last_job: either none has ever run, or the server is older than SD Elements 4.4."]

    def _keep_params_warnings(self, connections: list[Facts]) -> list[str]:
        """Warn of a name that no parameter has, since it is most likely misspelled. Hidden parameters say nothing."""
        if not self.keep_params or not self.include_params or not any(one["params_visible"] for one in connections):
            return []
        # Each parameter that was kept matched a pattern, so the others matched nothing.
        names = {name for one in connections for name in one["params"]}
        return [
            f"keep_params: no connection has a parameter {pattern!r}."
            for pattern in self.keep_params
            if not any(fnmatchcase(name, pattern) for name in names)
        ]


def _parse_query(kind: ConnectionKind, options: Options) -> ConnectionQuery:
    """Return the query of validated options. Raises an OptionError that names the option."""
    filters = {name: _parse_filter(name, options[name]) for name in FILTERS if options[name] is not None}
    patterns = options["keep_params"]
    return ConnectionQuery(
        read=parse_read_options(options, "connection_id", filters),
        kind=kind,
        filters={name: {_comparable(name, value) for value in values} for name, values in filters.items()},
        include_last_job=options["include_last_job"],
        include_params=options["include_params"],
        keep_params=patterns and list(filter(None, stripped(patterns))),
        canonical_names=options["canonical_names"],
    )


def _parse_filter(name: str, value: Any) -> list[Any]:
    values = parse_filter(name, value, "connection")
    # An alias may begin with a blank.
    values = values if name == "alias" else stripped(values)
    for one in values:
        if name == "frequency" and one not in FREQUENCIES:
            raise OptionError(f"frequency takes {', '.join(FREQUENCIES)}, not {one!r}.")
    return values


def _values_of(name: str, record: Record) -> set[str]:
    """Return the values of a record that a filter is compared with."""
    values = system_names(record) if name == "system" else [record.get(name)]
    return {_comparable(name, value) for value in values if value is not None}


def _comparable(name: str, value: Any) -> str:
    """Return a text in which equal values are equal. The case of a system's name does not matter."""
    return str(value).casefold() if name == "system" else str(value)


def _paths_in_params(secrets: list[Secret]) -> list[str]:
    prefix = "params."
    return sorted({secret.path[len(prefix) :] for secret in secrets if secret.path.startswith(prefix)})


def _resource(kind: ConnectionKind, *paths: str) -> Resource:
    return Resource("connections", "connection", paths, OPTIONS, check_connection, partial(_parse_query, kind))


ALM = _resource(ConnectionKind("alm", "issue_tracker"), "connections/alm/", "connections/issue-tracker/")
ANALYSIS = _resource(ConnectionKind("analysis"), "connections/analysis/")
KINDS = {"alm": ALM, "analysis": ANALYSIS}
