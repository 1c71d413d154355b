# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the type of a resource, and all that resources share.

A resource is a list of the API, of which all records or one can be read. C(_connections) has examples.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable, NamedTuple

from ._errors import (
    NotFoundError,
    OptionError,
    SDElementsError,
    unexpected_shape,
)
from ._http import Client
from ._pages import MAX_ID, Progress, Record, read_list, record_of
from ._redact import (
    MAX_TEXT,
    Secret,
    TooComplexError,
)
from ._server import check_bounds

Facts = dict[str, Any]
Options = dict[str, Any]  # of a task, validated

# Those of every resource. Null means 'not set', so the bounds are checked here and not by ansible-core.
READ_OPTIONS: dict[str, dict[str, Any]] = {
    "page_size": {"type": "int"},
    "concurrency": {"type": "int", "default": 8},
}
_READ_BOUNDS = {"page_size": (1, 100_000), "concurrency": (1, 16)}


class RecordError(ValueError):
    """A record differs from what the API sends. The text says how."""


class Item(NamedTuple):
    """A record, and the facts and secrets in it."""

    record: Record
    facts: Facts | None  # None: the query does not ask for this record
    secrets: list[Secret]


class ReadOptions(NamedTuple):
    """The values of the options that every resource has, and of those that a resource may have."""

    record_id: int | None  # None: all records
    page_size: int | None  # None: the server decides
    concurrency: int  # pages at a time
    include_secrets: bool


@dataclass(frozen=True)
class Query:
    """The records and facts that a task asks for. Each resource derives its own."""

    read: ReadOptions

    def parameters(self) -> dict[str, str]:
        """Return what the server is asked for beyond its records."""
        return {}

    def is_wanted(self, record: Record) -> bool:
        """Return whether the filters match. They are never the server's: it ignores those that it does not know."""
        return True

    def facts_of(self, record: Record, check_deadline: Callable[[], None]) -> tuple[Facts, list[Secret]]:
        """Return the facts of a record, and the secrets in it. Raises RecordError."""
        raise NotImplementedError

    def warnings_of(self, items: list[Item]) -> list[str]:
        """Return what the user should know about the facts."""
        return []


class LaterList(NamedTuple):
    """A list that came with a later release than the oldest that is supported."""

    release: str
    older_path: str  # of a list that the releases before it have as well
    new_field: str  # of the records there, which came with the same release


class Resource(NamedTuple):
    """A list of the API, and how to convert its records to facts."""

    name: str  # the key of the list in a task's result
    noun: str  # for one record, in messages
    title: str  # of the list, in messages
    paths: tuple[str, ...]  # of the list, below the API; the oldest release's first
    options: dict[str, dict[str, Any]]  # argument spec of the query, in addition to READ_OPTIONS
    check: Callable[[Record], None]  # raises RecordError if facts cannot be made of a record
    parse_query: Callable[[Options], Query]  # raises OptionError
    since: LaterList | None = None  # None: every release has it


# ---------------------------------------------------------------------------------------------------------------
# Reading


def read(client: Client, resource: Resource, query: Query, progress: Progress) -> tuple[str | None, list[Item]]:
    """Return the URL of the list on this release, and its items, ordered by id. None: an older release."""
    paging = {"page_size": query.read.page_size} if query.read.page_size else {}
    for path in resource.paths:
        endpoint = client.url_of(path)
        convert = partial(_item_of, client, endpoint, resource, query)
        try:
            if query.read.record_id is None:
                return endpoint, read_list(client, path, {**query.parameters(), **paging}, convert, progress)
            return endpoint, [convert(record) for record in _read_one(client, resource, path, query)]
        except NotFoundError as exc:
            missing = exc
    if resource.since and _is_older(client, resource.since):
        return None, []
    urls = [client.url_of(path) for path in resource.paths]
    raise SDElementsError(
        "not_an_api",
        f"There is no SD Elements API at {client.url_of('')}: {' and '.join(urls)} returned {missing.status}.",
        "Check url: it is the address at which users open SD Elements, with its context path if it has one.",
        status=missing.status,
        method="GET",
        url=urls[-1],
    )


def _is_older(client: Client, since: LaterList) -> bool:
    """Return whether the server's release is older than a list. One record of another list tells."""
    try:
        answer = client.get(since.older_path, {"page_size": 1})
    except NotFoundError:
        return False
    records = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        return False
    return all(isinstance(record, dict) and since.new_field not in record for record in records)


def _read_one(client: Client, resource: Resource, path: str, query: Query) -> list[Record]:
    """One record as a list, or an empty list if there is none of this id. NotFoundError: no API at this path."""
    one_path = f"{path}{query.read.record_id}/"
    try:
        record = record_of(client, one_path, client.get(one_path, query.parameters()))
    except NotFoundError:
        # An unknown id, or an unknown path? The list knows; a small page of it is enough.
        client.get(path, {"page_size": 1})
        return []
    if record["id"] != query.read.record_id:
        raise _shape_error(client.url_of(one_path), f"it contains {resource.noun} {record['id']}")
    return [record]


def _item_of(client: Client, endpoint: str, resource: Resource, query: Query, record: Record) -> Item:
    try:
        resource.check(record)
        if not query.is_wanted(record):
            return Item(record, None, [])
        return Item(record, *query.facts_of(record, partial(client.check_deadline, endpoint)))
    except RecordError as exc:
        raise _shape_error(endpoint, str(exc)) from None
    except TooComplexError:
        what = f"a {resource.noun} is nested too deeply, or contains too many secrets"
        raise _shape_error(endpoint, what) from None


def _shape_error(url: str, what: str) -> SDElementsError:
    return unexpected_shape(url, what, "If the server is newer than this collection, upgrade the collection.")


# ---------------------------------------------------------------------------------------------------------------
# Options


def parse_read_options(options: Options, id_option: str, filters: Collection[str]) -> ReadOptions:
    """Return the values of options for reading, checked. Filters cannot be combined with the id of one record."""
    check_bounds(options, {id_option: (1, MAX_ID), **_READ_BOUNDS})
    if filters and options[id_option] is not None:
        raise OptionError(f"{id_option} cannot be combined with {' and '.join(filters)}.", "Remove one of them.")
    return ReadOptions(
        record_id=options[id_option],
        page_size=options["page_size"],
        concurrency=options["concurrency"],
        include_secrets=options.get("include_secrets", False),
    )


def parse_filter(name: str, value: Any, noun: str) -> list[Any]:
    """Return the values of a filter. An empty one is an error, not 'everything'."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise OptionError(f"{name} is an empty list, which cannot match any {noun}.", "Omit it to return all.")
    for one in values:
        if isinstance(one, bool) or not isinstance(one, (str, int)):
            what = "null" if one is None else type(one).__name__
            raise OptionError(f"{name} must be a string or a list of strings, not {what}.")
        if not str(one).strip():
            raise OptionError(
                f"{name} contains an empty string, which cannot match any {noun}.", "Omit it to return all."
            )
    return values


def stripped(names: list[Any]) -> list[Any]:
    """Return names without the blanks that a text such as ``a, b`` leaves around them."""
    return [name.strip() if isinstance(name, str) else name for name in names]


# ---------------------------------------------------------------------------------------------------------------
# Records

TEXT = (str, type(None))
INT = (int, type(None))
BOOL = (bool, type(None))
OBJECT = (dict, type(None))
LIST = (list, type(None))


def check_types(value: dict[str, Any], types: Mapping[str, tuple[type, ...]], owner: str) -> None:
    """Raise a RecordError if one of these fields has another type. Each may be null or left out."""
    for name, allowed in types.items():
        # Some languages write an object without keys as a list.
        is_empty_object = allowed is OBJECT and value.get(name) in ([], "")
        if type(value.get(name)) not in allowed and not is_empty_object:
            raise RecordError(f"'{name}' of {owner} has the unexpected type {type(value[name]).__name__}")


def check_time(record: dict[str, Any], name: str, owner: str) -> None:
    """Raise a RecordError if a field is not a time. It may be null or left out."""
    try:
        in_utc(record.get(name))
    except (ValueError, OverflowError):
        raise RecordError(f"'{name}' of {owner} is not a time with a time zone") from None


_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-]\d\d):?(\d\d))")


def in_utc(time: str | None) -> str | None:
    """Return a time (ISO 8601) in UTC and whole seconds, as in ``2026-11-24T06:00:00Z``."""
    if not time:
        return None
    match = _TIME.fullmatch(time)
    if not match:
        raise ValueError("not a time with a time zone")
    wall_clock, hours, minutes = match.groups()
    moment = datetime.fromisoformat(f"{wall_clock}{hours or '+00'}:{minutes or '00'}")
    # strftime does not pad years before 1000 on all platforms.
    return f"{moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat()}Z"


def with_new_fields(facts: Facts, record: Record) -> Facts:
    """Return facts with the fields of a record that a later release adds."""
    return {**facts, **{name: value for name, value in record.items() if name not in facts}}


def long_text_warnings(items: list[Item], noun: str) -> list[str]:
    """Return a warning if texts are too long to search for credentials, and are therefore masked completely."""
    paths = [
        f"{secret.path} of {noun} {item.record['id']}"
        for item in items
        for secret in item.secrets
        if len(secret.value) > MAX_TEXT and _is_returned(secret.path, item.facts or {})
    ]
    if not paths:
        return []
    where = f"{paths[0]} and {len(paths) - 1} more" if paths[1:] else paths[0]
    return [f"Texts of more than {MAX_TEXT >> 10} KiB are masked completely: {where}."]


def _is_returned(path: str, facts: Facts) -> bool:
    """Return whether the facts still have the field at a path: a task may not want all of them."""
    name, _dot, rest = path.partition(".")
    value = facts.get(name)
    return not isinstance(value, dict) or any(f"{rest}.".startswith(f"{key}.") for key in value)
