# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the resource PROJECTS: its options, its query, and the canonical facts of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ._pages import Record
from ._redact import Secret, redact, scrub_text
from ._resource import (
    BOOL,
    INT,
    LIST,
    OBJECT,
    TEXT,
    Facts,
    Item,
    Options,
    Query,
    RecordError,
    Resource,
    check_time,
    check_types,
    in_utc,
    long_text_warnings,
    parse_filter,
    parse_read_options,
    with_new_fields,
)

FILTERS = ("name", "application", "archived", "tags")

# 'raw' takes one value or a list without splitting a value at its commas.
OPTIONS: dict[str, dict[str, Any]] = {
    "project_id": {"type": "int", "aliases": ["id"]},
    "name": {"type": "raw"},
    "application": {"type": "list", "elements": "int"},
    "archived": {"type": "bool"},
    "tags": {"type": "raw"},
    "include_users": {"type": "bool", "default": False},
}

_RECORD_TYPES = {
    "name": TEXT,
    "slug": TEXT,
    "url": TEXT,
    "application": INT,
    "archived": BOOL,
    "profile": OBJECT,
    "parent": INT,
    "tags": LIST,
    "description": TEXT,
    "created": TEXT,
    "updated": TEXT,
    "locked": BOOL,
    "custom_attributes": OBJECT,
    "users": LIST,
    "groups": LIST,
    "creator": (int, str, type(None)),
}
_PROFILE_TYPES = {"id": TEXT, "name": TEXT}
_ELEMENT_TYPES = {"tags": str, "users": dict, "groups": dict}
# Releases that lock projects name the user who did.
_PERSONAL_DATA = frozenset({"users", "groups", "creator", "locked_by"})


def check_project(record: Record) -> None:
    """Raise a RecordError if the facts cannot have the types that they promise."""
    if record.keys().isdisjoint(("name", "slug", "application")):
        raise RecordError(f"record {record['id']} has neither 'name' nor 'slug' nor 'application'")
    owner = f"project {record['id']}"
    check_types(record, _RECORD_TYPES, owner)
    if record.get("profile"):
        check_types(record["profile"], _PROFILE_TYPES, owner)
    for name, element_type in _ELEMENT_TYPES.items():
        for element in record.get(name) or []:
            if not isinstance(element, element_type):
                raise RecordError(
                    f"'{name}' of {owner} contains an element of the unexpected type {type(element).__name__}"
                )
    for name in ("created", "updated"):
        check_time(record, name, owner)


def facts_of_project(record: Record, include_users: bool) -> Facts:
    """Return the facts of a record, with its secrets."""
    attributes = record.get("custom_attributes")
    own = {
        "id": record["id"],
        "name": record.get("name"),
        "slug": record.get("slug"),
        "url": record.get("url"),
        "application": record.get("application"),
        "archived": record.get("archived"),
        "profile": _profile(record.get("profile")),
        "parent": record.get("parent"),
        "tags": record.get("tags") or [],
        "description": record.get("description"),
        "created": in_utc(record.get("created")),
        "updated": in_utc(record.get("updated")),
        "locked": record.get("locked"),
        "custom_attributes": None if attributes is None else attributes or {},
        "users": record.get("users") if include_users else None,
        "groups": record.get("groups") if include_users else None,
        "creator": _text(record.get("creator")) if include_users else None,
    }
    shown = record if include_users else {name: value for name, value in record.items() if name not in _PERSONAL_DATA}
    return with_new_fields(own, shown)


def _profile(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    return {**dict.fromkeys(_PROFILE_TYPES), **sent} if sent else None


def _text(value: int | str | None) -> str | None:
    """Return a user, who is a number on some releases and an e-mail address on others, as text."""
    return None if value is None else str(value)


@dataclass(frozen=True)
class ProjectQuery(Query):
    """The projects that a task asks for, and the facts of them that it wants."""

    filters: dict[str, set[Any]]
    include_users: bool

    def is_wanted(self, record: Record) -> bool:
        """Return whether all filters match: of each filter, any value."""
        return all(not values.isdisjoint(_values_of(name, record)) for name, values in self.filters.items())

    def facts_of(self, record: Record, check_deadline: Callable[[], None]) -> tuple[Facts, list[Secret]]:
        """Return the facts of a project without the secrets in its texts, and the secrets."""
        sent = facts_of_project(record, self.include_users)
        # A project or a tag may be called "password". Elsewhere such a name says that the value next to it is secret.
        masked, secrets = redact({**sent, "name": None, "tags": []}, check_deadline)
        masked["name"] = sent["name"] and scrub_text(sent["name"])
        masked["tags"] = [_without_secrets(tag, check_deadline) for tag in sent["tags"]]
        return masked, secrets

    def warnings_of(self, items: list[Item]) -> list[str]:
        """Return what the user should know about the facts."""
        return long_text_warnings(items, "project")


def _without_secrets(text: str, check_deadline: Callable[[], None]) -> str:
    check_deadline()
    return scrub_text(text)


def _values_of(name: str, record: Record) -> list[Any]:
    """Return the values of a record that a filter is compared with."""
    value = record.get(name)
    return (value or []) if name == "tags" else [value]


def _parse_query(options: Options) -> ProjectQuery:
    """Return the query of validated options. Raises an OptionError that names the option."""
    filters = {name: _parse_filter(name, options[name]) for name in FILTERS if options[name] is not None}
    return ProjectQuery(
        read=parse_read_options(options, "project_id", filters),
        filters=filters,
        include_users=options["include_users"],
    )


def _parse_filter(name: str, value: Any) -> set[Any]:
    if name == "archived":
        return {value}
    values = parse_filter(name, value, "project")
    # YAML parses a name or tag such as 2026 as a number.
    return set(values if name == "application" else map(str, values))


PROJECTS = Resource("projects", "project", "projects", ("projects/",), OPTIONS, check_project, _parse_query)
