# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: read complete lists of the API, with any kind of paging.

A list is complete, or an error. A list in numbered pages can change between two of them, so that a record is skipped.
It is therefore read until two readings agree.

If two readings agree, each record existed before the second reading and again in it. So all of them existed at the
moment in between, when the server counted the same number: this is the list at that moment. A cheaper proof is weaker:
one that relies on growing ids, and compares the last page before and after, does not detect that a change of
permissions hides one connection and shows another.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

from ._errors import (
    IncompleteError,
    NotFoundError,
    SDElementsError,
    unexpected_shape,
)
from ._http import Client, Request

MAX_READINGS = 5
MAX_COUNT = 10**9
MAX_ID = 2**63

Record = dict[str, Any]  # one JSON object of the API, with an int 'id'
Parameters = Mapping[str, Any]  # of a URL's query
Converted = TypeVar("Converted")

_MORE_PAGES = "it has more pages than its count requires"


class Progress:
    """The progress of reading a list. Another thread may show it at any time."""

    def __init__(self) -> None:
        self.title = "records"
        self.host = "the server"
        self.records = 0
        self.total: int | None = None  # of the whole list, if the server counts it
        self.reading = 1

    def __str__(self) -> str:
        records, total, reading = self.records, self.total, self.reading
        amount = f"{records:,} {self.title} so far" if total is None else f"{records:,} of {total:,} {self.title}"
        return f"Gathering: {amount}{f' (reading {reading})' if reading > 1 else ''}, {self.host}"


def read_list(
    client: Client, path: str, query: Parameters, convert: Callable[[Record], Converted], progress: Progress
) -> list[Converted]:
    """Return the records of a list, each converted once, ordered by id."""
    return _ListReader(client, path, query, convert, progress).read()


def record_of(client: Client, path: str, value: Any) -> Record:
    """Return the value, if it is a record."""
    if not isinstance(value, dict):
        raise _shape_error(client, path, f"a record must be an object, not {type(value).__name__}")
    # Messages repeat the id, so it must not be a number of any length.
    if not _is_whole_number(value.get("id")) or abs(value["id"]) > MAX_ID:
        raise _shape_error(client, path, "the id of a record must be a 64-bit integer")
    return value


class _Page(NamedTuple):
    records: list[Record]
    total: int | None  # of the whole list, as the server counts it
    next_query: dict[str, str] | None


class _Reading(NamedTuple):
    first: _Page
    records: dict[int, Record]
    is_snapshot: bool  # nothing could be skipped while it was read


class _RecordCache(Generic[Converted]):
    """Converts each record once, while waiting for responses."""

    def __init__(self, convert: Callable[[Record], Converted]) -> None:
        self._convert = convert
        self._converted: dict[int, tuple[Record, Converted]] = {}
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

    def get(self, record: Record) -> Converted:
        """Return the converted record. A changed one, from another reading, is converted again."""
        known = self._converted.get(record["id"])
        if known and known[0] == record:
            return known[1]
        converted = self._convert(record)
        self._converted[record["id"]] = (record, converted)
        return converted


class _ListReader(Generic[Converted]):
    """Reads one list until it is complete."""

    def __init__(
        self, client: Client, path: str, query: Parameters, convert: Callable[[Record], Converted], progress: Progress
    ) -> None:
        self._client = client
        self._path = path
        self._query = query
        self._cache = _RecordCache(convert)
        self._progress = progress

    def read(self) -> list[Converted]:
        """Return the converted records, ordered by id."""
        previous: _Reading | None = None
        problem = "it changed each time"
        for number in range(1, MAX_READINGS + 1):
            self._progress.reading = number
            # A first page that was the only one does not tell how many there are now.
            known = previous.first if previous and previous.first.next_query else None
            try:
                reading = self._read_once(known)
            except IncompleteError as exc:
                previous, problem = None, str(exc)
                continue
            if reading.is_snapshot or (previous and previous.records.keys() == reading.records.keys()):
                return [self._cache.get(reading.records[key]) for key in sorted(reading.records)]
            previous = reading
        url = self._client.url_of(self._path)
        raise IncompleteError(
            "incomplete",
            f"The list at {url} could not be read completely in {MAX_READINGS} attempts: {problem}.",
            "Try again when fewer users change the records, or omit page_size to read the list in one response.",
            status=200,
            method="GET",
            url=url,
        )

    def _read_once(self, known: _Page | None) -> _Reading:
        """Read the pages from the first to the last, and check them against each other.

        If the first page of an earlier reading is known, it tells how many there are; then all are read in parallel.
        """
        first = known or self._page_in(self._query, self._client.get(self._path, self._query))
        self._progress.records, self._progress.total = 0, first.total
        records: dict[int, Record] = {}
        for page in itertools.chain([] if known else [first], self._further_pages(first, known is not None)):
            if page.total != first.total:
                raise _changed(f"its count changed from {first.total} to {page.total}")
            for record in page.records:
                if record["id"] in records:
                    raise _changed(f"record {record['id']} appears twice")
                records[record["id"]] = record
                self._cache.add(record)
            self._progress.records = len(records)
        if first.total is not None and first.total != len(records):
            raise _changed(f"the server counts {first.total} records, but sent {len(records)}")
        # A cursor marks a record, so that nothing is skipped; a page's number does not.
        is_snapshot = known is None and (first.next_query is None or "cursor" in first.next_query)
        return _Reading(first, records, is_snapshot)

    def _further_pages(self, first: _Page, again: bool) -> Iterator[_Page]:
        """Yield the pages after the first, or all of them again: in parallel if they have numbers and a count."""
        if first.next_query is None:
            return
        if first.total and first.records and first.next_query.get("page") == "2":
            last = math.ceil(first.total / len(first.records))
            if last == 1:
                raise _changed(_MORE_PAGES)
            numbered = ({**first.next_query, "page": str(number)} for number in range(2, last + 1))
            yield from self._numbered_pages(itertools.chain([self._query] if again else [], numbered))
        elif again:
            yield from self._linked_pages(self._query, set())
        else:
            yield from self._linked_pages(first.next_query, {_key(self._query)})

    def _linked_pages(self, start: Parameters, asked: set[frozenset[tuple[str, str]]]) -> Iterator[_Page]:
        """Yield pages in sequence, by their links."""
        query: Parameters | None = start
        while query is not None:
            asked.add(_key(query))
            page = self._page_of(self._client.submit(self._path, query))
            query = page.next_query
            if query is not None and _key(query) in asked:
                raise _changed("its 'next' links form a loop")
            yield page

    def _numbered_pages(self, queries: Iterable[Parameters]) -> Iterator[_Page]:
        """Yield pages in their order, up to the last. Few more are requested than are fetched at a time."""
        pending: deque[Request] = deque()
        try:
            for query in queries:
                pending.append(self._client.submit(self._path, query))
                if len(pending) >= 2 * self._client.concurrency:
                    yield self._page_of(pending.popleft())
            while pending:
                page = self._page_of(pending.popleft())
                yield page
        finally:
            for request in pending:
                request.future.cancel()
        if page.next_query is not None:
            raise _changed(_MORE_PAGES)

    def _page_of(self, request: Request) -> _Page:
        """Wait for a page that is not the first of its list. Meanwhile convert the records of the others."""
        self._cache.convert_until(request.future.done)
        try:
            return self._page_in(request.query, self._client.result(request))
        except NotFoundError:
            raise _changed("an announced page is missing") from None

    def _page_in(self, query: Parameters, answer: Any) -> _Page:
        """Return the validated page of a response."""
        if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
            raise self._shape_error("the list 'results' is missing")
        count = answer.get("count")
        if count is not None and not (_is_whole_number(count) and 0 <= count <= MAX_COUNT):
            raise self._shape_error("'count' is not a number of records")
        records = [record_of(self._client, self._path, record) for record in answer["results"]]
        return _Page(records, count, self._next_query(query, answer.get("next")))

    def _next_query(self, query: Parameters, link: Any) -> dict[str, str] | None:
        """Return the query of a 'next' link.

        Only the query: behind a proxy a server often does not know its own scheme and host, and the token
        must not follow a link to another origin.
        """
        if link is None or link == "":
            return None
        try:
            parts = urlsplit(link if isinstance(link, str) else "")
        except ValueError:
            parts = urlsplit("")
        if not parts.path.endswith(f"/{self._path}"):
            raise self._shape_error("'next' links to another list")
        given = {key: str(value) for key, value in query.items()}
        return {**given, **dict(parse_qsl(parts.query, keep_blank_values=True))}

    def _shape_error(self, what: str) -> SDElementsError:
        return _shape_error(self._client, self._path, what)


def _is_whole_number(value: Any) -> bool:
    # For Python, true and false are numbers.
    return isinstance(value, int) and not isinstance(value, bool)


def _key(query: Parameters) -> frozenset[tuple[str, str]]:
    return frozenset((name, str(value)) for name, value in query.items())


def _changed(problem: str) -> IncompleteError:
    return IncompleteError("incomplete", problem)


def _shape_error(client: Client, path: str, what: str) -> SDElementsError:
    return unexpected_shape(client.url_of(path), what, "Check that url is an SD Elements server.")
