# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: reads a whole list of the API, by whatever paging the server chooses.

A list is complete or an error. A list that comes in numbered pages can change between two of them, and then
a record is skipped without a trace: so it is read until two readings agree.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Iterator, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.securitycompass.sdelements.plugins.module_utils._client import Client
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import (
    IncompleteError,
    NotFoundError,
    SDElementsError,
)

MAX_READINGS = 5
MAX_COUNT = 10**9

Record = dict  # one JSON object of the API, with an int 'id'


class _Page(NamedTuple):
    records: list[Record]
    count: int | None
    next_query: dict[str, str] | None


class _Reading(NamedTuple):
    records: dict[int, Record]
    is_snapshot: bool  # nothing could be skipped while it was read


def read_list(client: Client, path: str, query: dict[str, Any]) -> list[Record]:
    """All records of a list, each once, ordered by id."""
    previous: _Reading | None = None
    problem = "it changed each time"
    for _reading in range(MAX_READINGS):
        try:
            reading = _read_once(client, path, query)
        except IncompleteError as exc:
            previous, problem = None, str(exc)
            continue
        if reading.is_snapshot or (previous and previous.records.keys() == reading.records.keys()):
            return [reading.records[key] for key in sorted(reading.records)]
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
    if not _is_whole_number(value.get("id")):
        raise _shape_error(client, path, "a record has no id that is a whole number")
    return value


def _read_once(client: Client, path: str, query: dict[str, Any]) -> _Reading:
    """Read the pages from the first to the last, and check them against each other."""
    records: dict[int, Record] = {}
    first = _get_page(client, path, query)
    for page in itertools.chain([first], _further_pages(client, path, query, first)):
        if page.count != first.count:
            raise _changed(f"its count changed from {first.count} to {page.count}")
        for record in page.records:
            if record["id"] in records:
                raise _changed(f"record {record['id']} came twice")
            records[record["id"]] = record
    if first.count is not None and first.count != len(records):
        raise _changed(f"the server counts {first.count} records, and sent {len(records)}")
    # A cursor stands at a record, so that nothing is skipped; a page's number does not.
    return _Reading(records, is_snapshot=first.next_query is None or "cursor" in first.next_query)


def _further_pages(client: Client, path: str, query: dict[str, Any], first: _Page) -> Iterator[_Page]:
    """All pages after the first: side by side if they have numbers and a count, else one after the other."""
    if first.next_query is None:
        return iter(())
    if first.count and first.records and first.next_query.get("page") == "2":
        return _numbered_pages(client, path, first)
    return _linked_pages(client, path, query, first)


def _linked_pages(client: Client, path: str, query: dict[str, Any], page: _Page) -> Iterator[_Page]:
    asked = {_key(query)}
    while page.next_query is not None:
        if _key(page.next_query) in asked:
            raise _changed("its pages go round in a circle")
        asked.add(_key(page.next_query))
        page = _get_next_page(client, path, page.next_query)
        yield page


def _numbered_pages(client: Client, path: str, first: _Page) -> Iterator[_Page]:
    """Pages 2 and on, in their order. No more are under way than the client may have, nor many more kept."""
    last = math.ceil(first.count / len(first.records))
    page = first
    pending: deque[Future] = deque()
    pool = ThreadPoolExecutor(client.concurrency)
    try:
        for number in range(2, last + 1):
            pending.append(pool.submit(_get_next_page, client, path, {**first.next_query, "page": str(number)}))
            if len(pending) >= 2 * client.concurrency:
                yield pending.popleft().result()
        while pending:
            page = pending.popleft().result()
            yield page
    finally:
        pool.shutdown(cancel_futures=True)
    if page.next_query is not None:
        raise _changed("it has more pages than its count needs")


def _get_next_page(client: Client, path: str, query: dict[str, Any]) -> _Page:
    try:
        return _get_page(client, path, query)
    except NotFoundError:
        raise _changed("a page that it promised is not there") from None


def _get_page(client: Client, path: str, query: dict[str, Any]) -> _Page:
    answer = client.get(path, query)
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
    if link is None:
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
    url = client.url_of(path)
    return SDElementsError(
        "unexpected_shape",
        f"The answer to GET {url} is not what SD Elements sends: {what}.",
        "Check that url is an SD Elements server.",
        status=200,
        method="GET",
        url=url,
    )
