# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the tool of a connection or connector: its system, its parameters, their options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, NamedTuple

from ._pages import Record
from ._redact import Secret
from ._resource import (
    BOOL,
    OBJECT,
    TEXT,
    Facts,
    Item,
    Options,
    Query,
    check_types,
    long_text_warnings,
    parse_read_options,
    stripped,
)
from ._tool_server import masked_server_facts

OPTIONS: dict[str, dict[str, Any]] = {
    "include_secrets": {"type": "bool", "default": False},
    "include_params": {"type": "bool", "default": True},
    "keep_params": {"type": "list", "elements": "str"},
    "canonical_names": {"type": "bool", "default": True},
}


class ConnectionKind(NamedTuple):
    """A kind of connection, by its name in the facts."""

    name: str
    new_name: str | None = None  # in the paths and parameters of newer releases


ALM_KIND = ConnectionKind("alm", "issue_tracker")
ANALYSIS_KIND = ConnectionKind("analysis")


# ---------------------------------------------------------------------------------------------------------------
# Facts

_RECORD_TYPES = {
    "system": (str, dict, type(None)),
    "params": OBJECT,
    "inaccessible": BOOL,
}
_SYSTEM_TYPES = {"name": TEXT, "id": TEXT, "short_name": TEXT}


def check_tool(record: Record, owner: str) -> None:
    """Raise a RecordError if the facts of a tool cannot have the types that they promise."""
    check_types(record, _RECORD_TYPES, owner)
    if isinstance(record.get("system"), dict):
        check_types(record["system"], _SYSTEM_TYPES, owner)


def system_facts(record: Record) -> Facts:
    """Return the names of a record's system."""
    system = _system(record)
    return {
        "system": system.get("name"),
        "system_id": _system_id(record),
        "system_short_name": system.get("short_name"),
    }


def params_facts(kind: ConnectionKind, record: Record, canonical_names: bool) -> Facts:
    """Return the parameters of a record, with their secrets. ToolQuery derives other facts from them."""
    sent = record.get("params") or {}
    return {
        "server": None,
        "validate_certs": None,
        "params": renamed_params(kind, sent) if canonical_names else sent,
        "params_visible": bool(sent),
        "secrets_set": [],
    }


def new_system_fields(record: Record) -> Facts:
    """Return what a later release adds to the system."""
    return {f"system_{name}": value for name, value in _system(record).items() if name not in _SYSTEM_TYPES}


def renamed_params(kind: ConnectionKind, sent: dict[str, Any]) -> dict[str, Any]:
    """Return parameters by the names of the older documentation, so that a playbook survives the server's upgrade."""
    if not kind.new_name:
        return sent
    new, old = f"{kind.new_name}_", f"{kind.name}_"
    renamed = {}
    for name, value in sent.items():
        old_name = old + name[len(new) :] if name.startswith(new) else name
        # Should a server send both names, each keeps its own value.
        renamed[name if old_name in sent else old_name] = value
    if renamed.get("conflict_policy") == kind.new_name:
        renamed["conflict_policy"] = kind.name
    return renamed


def _system(record: Record) -> dict[str, Any]:
    """Return the system as the object that newer releases send."""
    system = record.get("system")
    return system if isinstance(system, dict) else {"name": system}


def _system_id(record: Record) -> str | None:
    """Return the system's id; old releases have it only in the command (``sync_rally``)."""
    return _system(record).get("id") or re.sub(r"\A(?:sync|import)_", "", record.get("command") or "") or None


# ---------------------------------------------------------------------------------------------------------------
# Query


@dataclass(frozen=True)
class ToolQuery(Query):
    """Records that have the parameters of a tool, and the facts of them that a task wants."""

    noun: ClassVar[str]  # for one record, in warnings

    kind: ConnectionKind
    filters: dict[str, set[str]]
    include_params: bool
    keep_params: list[str] | None  # None: all
    canonical_names: bool

    def is_wanted(self, record: Record) -> bool:
        """Return whether all filters match: of each filter, any value."""
        return all(not values.isdisjoint(_values_of(name, record)) for name, values in self.filters.items())

    def wanted_facts(self, sent: Facts, masked: Facts, secrets: list[Secret]) -> Facts:
        """Return the facts that the task wants, given all of them with their secrets, and without these."""
        # From all parameters, masked: complete whatever the task keeps, and without secrets even with include_secrets.
        derived = {
            **masked_server_facts(self.kind.name, sent["params"], masked["params"]),
            "secrets_set": _paths_in_params(secrets),
        }
        facts = {**(sent if self.read.include_secrets else masked), **derived}
        facts["params"] = {name: value for name, value in facts["params"].items() if self._is_kept(name)}
        return facts

    def warnings_of(self, items: list[Item]) -> list[str]:
        """Return what the user should know about the facts."""
        return [
            *([] if self.read.include_secrets else long_text_warnings(items, self.noun)),
            *self._keep_params_warnings([item.facts for item in items if item.facts]),
        ]

    def _is_kept(self, name: str) -> bool:
        if not self.include_params:
            return False
        return self.keep_params is None or any(fnmatchcase(name, pattern) for pattern in self.keep_params)

    def _keep_params_warnings(self, found: list[Facts]) -> list[str]:
        """Warn of a name that no parameter has, since it is most likely misspelled. Hidden parameters say nothing."""
        if not self.keep_params or not self.include_params or not any(one["params_visible"] for one in found):
            return []
        # Each parameter that was kept matched a pattern, so the others matched nothing.
        names = {name for one in found for name in one["params"]}
        return [
            f"keep_params: no {self.noun} has the parameter {pattern!r}."
            for pattern in self.keep_params
            if not any(fnmatchcase(name, pattern) for name in names)
        ]


def parse_tool_options(
    kind: ConnectionKind, options: Options, id_option: str, filters: Mapping[str, list[Any]]
) -> dict[str, Any]:
    """Return the fields of a ToolQuery. Raises an OptionError that names the option."""
    patterns = options["keep_params"]
    return {
        "read": parse_read_options(options, id_option, filters),
        "kind": kind,
        "filters": {name: {_comparable(name, value) for value in values} for name, values in filters.items()},
        "include_params": options["include_params"],
        "keep_params": patterns and list(filter(None, stripped(patterns))),
        "canonical_names": options["canonical_names"],
    }


def _values_of(name: str, record: Record) -> set[str]:
    """Return the values of a record that a filter is compared with."""
    values = system_facts(record).values() if name == "system" else [record.get(name)]
    return {_comparable(name, value) for value in values if value is not None}


def _comparable(name: str, value: Any) -> str:
    """Return a text in which equal values are equal. The case of a system's name does not matter."""
    return str(value).casefold() if name == "system" else str(value)


def _paths_in_params(secrets: list[Secret]) -> list[str]:
    prefix = "params."
    return sorted({secret.path[len(prefix) :] for secret in secrets if secret.path.startswith(prefix)})
