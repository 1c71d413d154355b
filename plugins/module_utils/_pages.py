# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: reads a whole list of the API, by whatever paging the server chooses.

A list is complete or an error. A list that comes in numbered pages can change between two of them, and then
a record is skipped without a trace: so it is read until two readings agree.

Two readings that agree prove more than that nothing was skipped. Each record was seen before the second reading began
and again in it, so all of them were there at the moment in between, when the server counted as many: that is the list
as it stood at that moment. No cheaper proof is as strong. One that trusts in ids that only grow, and looks at the last
page before and after, does not see a change of permissions that hides one connection and shows another.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import deque
from typing import Any, Callable, Iterable, Iterator, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.securitycompass.sdelements.plugins.module_utils._http import Client, Request
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import (
    IncompleteError,
    NotFoundError,
    SDElementsError,
    unexpected_shape,
)

MAX_READINGS = 5
MAX_COUNT = 10**9
MAX_ID = 2**63

_MORE_PAGES = "it has more pages than its count needs"

Record = dict  # one JSON object of the API, with an int 'id'


class _Page(NamedTuple):
    records: list[Record]
    count: int | None
    next_query: dict[str, str] | None


class _Reading(NamedTuple):
    first: _Page
    records: dict[int, Record]
    is_snapshot: bool  # nothing could be skipped while it was read


class _RecordCache:
    """Converts each record once, while there are answers to wait for."""

    def __init__(self, convert: Callable[[Record], Any]) -> None:
        self._convert = convert
        self._converted: dict[int, tuple[Record, Any]] = {}
        self._pending: deque[Record] = deque()

    def add(self, record: Record) -> None:
        """Remember a record that can be converted when there is time."""
        self._pending.append(record)

    def convert_until(self, is_over: Callable[[], bool]) -> None:
        """Convert records as long as there are some, and something to wait for."""
        while self._pending and not is_over():
            self.get(self._pending.popleft())
            # Lets the threads that read go first. They would get the interpreter only every 5 ms.
            time.sleep(0)

    def get(self, record: Record) -> Any:
        """Return the converted record. A changed one, from another reading, is converted again."""
        source, converted = self._converted.get(record["id"], (None, None))
        if source != record:
            converted = self._convert(record)
            self._converted[record["id"]] = (record, converted)
        return converted


def read_list(client: Client, path: str, query: dict[str, Any], convert: Callable[[Record], Any]) -> list[Any]:
    """Return the records of a list, each converted once, ordered by id."""
    cache = _RecordCache(convert)
    previous: _Reading | None = None
    problem = "it changed each time"
    for _reading in range(MAX_READINGS):
        # A first page that was the only one does not tell how many there are now.
        known = previous.first if previous and previous.first.next_query else None
        try:
            reading = _read_once(client, path, query, cache, known)
        except IncompleteError as exc:
            previous, problem = None, str(exc)
            continue
        if reading.is_snapshot or (previous and previous.records.keys() == reading.records.keys()):
            return [cache.get(reading.records[key]) for key in sorted(reading.records)]
        previous = reading
    raise IncompleteError(
        "incomplete",
        f"The list at {client.url_of(path)} could not be read whole in {MAX_READINGS} readings: {problem}.",
        "Try again when fewer people change connections, or leave page_size out so that one answer holds them all.",
        status=200,
        method="GET",
        url=client.url_of(path),
    )


def record_of(client: Client, path: str, value: Any) -> Record:
    """The value, if it is a record."""
    if not isinstance(value, dict):
        raise _shape_error(client, path, f"a record is no object ({type(value).__name__})")
    # Messages repeat the id, so it must not be a number of any length.
    if not _is_whole_number(value.get("id")) or abs(value["id"]) > MAX_ID:
        raise _shape_error(client, path, "a record has no id that is a whole number of 64 bits at most")
    return value


def _read_once(client: Client, path: str, query: dict[str, Any], cache: _RecordCache, known: _Page | None) -> _Reading:
    """Read the pages from the first to the last, and check them against each other.

    A reading before tells by its first page how many there are; then all of them are read side by side.
    """
    records: dict[int, Record] = {}
    first: _Page | None = None
    for page in _pages(client, path, query, cache, known):
        first = first or page
        if page.count != first.count:
            raise _changed(f"its count changed from {first.count} to {page.count}")
        for record in page.records:
            if record["id"] in records:
                raise _changed(f"record {record['id']} came twice")
            records[record["id"]] = record
            cache.add(record)
    if first.count is not None and first.count != len(records):
        raise _changed(f"the server counts {first.count} records, and sent {len(records)}")
    # A cursor stands at a record, so that nothing is skipped; a page's number does not.
    is_snapshot = known is None and (first.next_query is None or "cursor" in first.next_query)
    return _Reading(first, records, is_snapshot)


def _pages(
    client: Client, path: str, query: dict[str, Any], cache: _RecordCache, known: _Page | None
) -> Iterator[_Page]:
    """All pages: side by side if they have numbers and a count, else one after the other."""
    first = known or _page_in(client, path, query, client.get(path, query))
    if known is None:
        yield first
    if first.next_query is None:
        return
    if first.count and first.records and first.next_query.get("page") == "2":
        last = math.ceil(first.count / len(first.records))
        if last == 1:
            raise _changed(_MORE_PAGES)
        further = ({**first.next_query, "page": str(number)} for number in range(2, last + 1))
        yield from _numbered_pages(client, path, itertools.chain([query] if known else [], further), cache)
    else:
        start, asked = (query, set()) if known else (first.next_query, {_key(query)})
        yield from _linked_pages(client, path, start, asked, cache)


def _linked_pages(
    client: Client, path: str, query: dict[str, Any] | None, asked: set[frozenset], cache: _RecordCache
) -> Iterator[_Page]:
    request = client.submit(path, query)
    while request is not None:
        asked.add(_key(request.query))
        page = _page_of(client, request, cache)
        if page.next_query is not None and _key(page.next_query) in asked:
            raise _changed("its pages go round in a circle")
        request = None if page.next_query is None else client.submit(path, page.next_query)
        yield page


def _numbered_pages(
    client: Client, path: str, queries: Iterable[dict[str, Any]], cache: _RecordCache
) -> Iterator[_Page]:
    """Pages in their order, up to the last. Not many more than are under way are asked for, or kept."""
    pending: deque[Request] = deque()
    try:
        for query in queries:
            pending.append(client.submit(path, query))
            if len(pending) >= 2 * client.concurrency:
                yield _page_of(client, pending.popleft(), cache)
        while pending:
            page = _page_of(client, pending.popleft(), cache)
            yield page
    finally:
        for request in pending:
            request.future.cancel()
    if page.next_query is not None:
        raise _changed(_MORE_PAGES)


def _page_of(client: Client, request: Request, cache: _RecordCache) -> _Page:
    """Return a page that is not the first of its list. Meanwhile convert the records of those that have come."""
    cache.convert_until(request.future.done)
    try:
        return _page_in(client, request.path, request.query, client.result(request))
    except NotFoundError:
        raise _changed("a page that it promised is not there") from None


def _page_in(client: Client, path: str, query: dict[str, Any], answer: Any) -> _Page:
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise _shape_error(client, path, "it has no list 'results'")
    count = answer.get("count")
    if count is not None and not (_is_whole_number(count) and 0 <= count <= MAX_COUNT):
        raise _shape_error(client, path, "its 'count' is no number of records")
    records = [record_of(client, path, record) for record in answer["results"]]
    return _Page(records, count, _next_query(client, path, query, answer.get("next")))


def _next_query(client: Client, path: str, query: dict[str, Any], link: Any) -> dict[str, str] | None:
    """The query of a 'next' link.

    Only the query: behind a proxy a server often does not know its own scheme and host, and the token
    must not follow a link to another origin.
    """
    if link is None or link == "":
        return None
    try:
        parts = urlsplit(link) if isinstance(link, str) else None
        is_own = parts is not None and parts.path.endswith(f"/{path}")
    except ValueError:
        is_own = False
    if not is_own:
        raise _shape_error(client, path, "its 'next' link leads to another list")
    return {**{key: str(value) for key, value in query.items()}, **dict(parse_qsl(parts.query, keep_blank_values=True))}


def _is_whole_number(value: Any) -> bool:
    # For Python, true and false are numbers.
    return isinstance(value, int) and not isinstance(value, bool)


def _key(query: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((name, str(value)) for name, value in query.items())


def _changed(problem: str) -> IncompleteError:
    return IncompleteError("incomplete", problem)


def _shape_error(client: Client, path: str, what: str) -> SDElementsError:
    return unexpected_shape(client.url_of(path), what, "Check that url is an SD Elements server.")
