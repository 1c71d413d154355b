# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the resources ALM_CONNECTORS and ANALYSIS_CONNECTORS, from which connections are made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from . import _tool_params
from ._pages import Record
from ._redact import Secret, redact
from ._resource import (
    TEXT,
    Facts,
    LaterList,
    Options,
    RecordError,
    Resource,
    check_types,
    parse_filter,
    stripped,
    with_new_fields,
)
from ._tool_params import (
    ALM_KIND,
    ANALYSIS_KIND,
    ConnectionKind,
    ToolQuery,
    check_tool,
    new_system_fields,
    params_facts,
    parse_tool_options,
    system_facts,
)

FILTERS = ("name", "system")

# 'raw' takes one value or a list without splitting a value at its commas.
OPTIONS: dict[str, dict[str, Any]] = {
    "connector_id": {"type": "int", "aliases": ["id"]},
    "name": {"type": "raw"},
    "system": {"type": "raw"},
    **_tool_params.OPTIONS,
}


def check_connector(record: Record) -> None:
    """Raise a RecordError if the facts cannot have the types that they promise."""
    if record.keys().isdisjoint(("name", "system")):
        raise RecordError(f"record {record['id']} has neither 'name' nor 'system'")
    owner = f"connector {record['id']}"
    check_types(record, {"name": TEXT}, owner)
    check_tool(record, owner)


def facts_of_connector(kind: ConnectionKind, record: Record, canonical_names: bool) -> Facts:
    """Return the facts of a record, with its secrets, and without the facts that are derived from masked parameters."""
    own = {
        "id": record["id"],
        "kind": kind.name,
        "name": record.get("name"),
        **system_facts(record),
        **params_facts(kind, record, canonical_names),
        "inaccessible": record.get("inaccessible"),
    }
    return with_new_fields(own, {**record, **new_system_fields(record)})


@dataclass(frozen=True)
class ConnectorQuery(ToolQuery):
    """The connectors that a task asks for, and the facts of them that it wants."""

    noun = "connector"

    def facts_of(self, record: Record, check_deadline: Callable[[], None]) -> tuple[Facts, list[Secret]]:
        """Return the facts of a connector, and the secrets in it."""
        sent = facts_of_connector(self.kind, record, self.canonical_names)
        masked, secrets = redact(sent, check_deadline)
        return self.wanted_facts(sent, masked, secrets), secrets


def _parse_query(kind: ConnectionKind, options: Options) -> ConnectorQuery:
    """Return the query of validated options. Raises an OptionError that names the option."""
    filters = {
        name: parse_filter(name, options[name], "connector") for name in ("name", "system") if options[name] is not None
    }
    if "system" in filters:
        filters["system"] = stripped(filters["system"])
    return ConnectorQuery(**parse_tool_options(kind, options, "connector_id", filters))


def _parse_filter(name: str, value: Any) -> list[Any]:
    values = parse_filter(name, value, "connector")
    # A name may begin with a blank.
    return values if name == "name" else stripped(values)


def _resource(kind: ConnectionKind, title: str, *paths: str) -> Resource:
    return Resource(
        "connectors",
        "connector",
        title,
        paths,
        OPTIONS,
        check_connector,
        partial(_parse_query, kind),
        LaterList("4.2", older_path=f"connections/{kind.name}/", new_field="connector"),
    )


ALM_CONNECTORS = _resource(ALM_KIND, "ALM connectors", "connectors/alm/", "connectors/issue-tracker/")
ANALYSIS_CONNECTORS = _resource(ANALYSIS_KIND, "analysis connectors", "connectors/analysis/")
