# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list is complete or an error, by whatever paging it comes."""

from __future__ import annotations

import json
import random
import threading
import time

import pytest
from hypothesis import example, given, settings, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _http, _pages
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import NotFoundError, SDElementsError
from tests.demo_server import PAGING_STYLES, DemoServer
from tests.support import KINDS, RESOURCES, canned_server, connections, facts


def ids_of(records: list[dict]) -> list[int]:
    return [record["id"] for record in records]


# One page at a time, and side by side.
CONCURRENCY = pytest.mark.parametrize("concurrency", [1, 4])


@pytest.fixture(scope="module", params=PAGING_STYLES)
def paged(request):
    with DemoServer(generation="4.12", paging=request.param) as server:
        yield server


# An example takes up to sixty requests.
@settings(max_examples=settings.default.max_examples // 3)
@given(page_size=st.none() | st.integers(1, 60), kind=st.sampled_from(list(RESOURCES)), concurrency=st.integers(1, 16))
def test_pages_return_each_record_once_in_order(paged, page_size, kind, concurrency):
    more = {"include_last_job": True} if kind in KINDS else {}
    found = facts(paged, kind, page_size=page_size, concurrency=concurrency, **more)
    records = paged.records(kind)
    assert ids_of(found) == ids_of(records)
    # Each page is asked for in the same way.
    assert [bool(one.get("last_job")) for one in found] == [bool(record.get("last_job")) for record in records]


@pytest.mark.parametrize(
    "paging, page_size, requests",
    [
        ("none", None, 1),
        ("none", 5, 1),
        ("page", None, 1),
        ("page", 100, 1),
        ("cursor", 10, 3),
        # Numbered pages are read until two readings agree.
        ("page", 10, 2 * 3),
        ("capped", 100, 2 * 5),
    ],
)
@CONCURRENCY
def test_number_of_requests(start, paging, page_size, requests, concurrency):
    server = start("4.8", paging=paging)
    assert len(connections(server, page_size=page_size, concurrency=concurrency)) == 30
    assert len(server.requests) == requests


def test_newest_release_always_pages(start):
    server = start("newest")
    assert len(connections(server)) == 30
    assert any("page=3" in request.query for request in server.requests)


def test_next_link_with_foreign_host(start):
    """Of a 'next' link only the query counts, so all requests came here."""
    server = start("4.8", "next_foreign")
    assert ids_of(connections(server, page_size=10)) == ids_of(server.records("alm"))
    assert len(server.requests) == 6


@pytest.mark.parametrize("paging", PAGING_STYLES)
@CONCURRENCY
def test_empty_next_link_ends_list(start, paging, concurrency):
    """It is the end of the list, as null is."""
    server = start("4.12", "next_empty", paging=paging)
    assert ids_of(connections(server, page_size=10, concurrency=concurrency)) == ids_of(server.records("alm"))


@pytest.mark.parametrize(
    "fault, deleted",
    [("page_vanishes:1", 0), ("list_grows:1", 0), ("list_shrinks:1", 1), ("list_shifts:1", 1), ("list_shifts:3", 3)],
)
@CONCURRENCY
def test_changed_list_is_read_again(start, fault, deleted, concurrency):
    server = start("4.8", fault)
    assert ids_of(connections(server, page_size=10, concurrency=concurrency)) == ids_of(server.records("alm"))[deleted:]


@pytest.mark.parametrize(
    "fault, problem",
    [
        ("page_vanishes", "an announced page is missing"),
        ("next_loop", "its 'next' links form a loop"),
        ("duplicate_record", "record 1 appears twice"),
        ("count_too_high", "an announced page is missing"),
        ("list_shrinks", "its count changed from 26 to 25"),
        # One record goes and one comes between two pages: the counts agree, and a record is skipped.
        ("list_shifts", "it changed each time"),
        ("list_grows", "its count changed from 24 to 25"),
    ],
)
@CONCURRENCY
def test_inconsistent_list_is_an_error(start, fault, problem, concurrency):
    server = start("4.8", fault)
    with pytest.raises(SDElementsError) as raised:
        connections(server, page_size=10, concurrency=concurrency)
    assert raised.value.kind == "incomplete"
    assert f"could not be read completely in {_pages.MAX_READINGS} attempts: {problem}." in str(raised.value)
    assert "Try again" in str(raised.value)


def test_next_link_to_another_resource(start):
    with pytest.raises(SDElementsError, match="'next' links to another list") as raised:
        connections(start("4.8", "next_foreign_path"), page_size=10)
    assert raised.value.kind == "unexpected_shape"


def numbered(count: int, records: list[int], link: str | None) -> bytes:
    """A page as a server sends it, or as none should."""
    results = [{"id": number, "alias": "a", "frequency": "daily", "system": "JIRA"} for number in records]
    return json.dumps({"count": count, "next": link, "previous": None, "results": results}).encode()


@CONCURRENCY
@pytest.mark.parametrize(
    "count, problem",
    [
        (2, "it has more pages than its count requires"),
        (10**9, "record 1 appears twice"),
        (10**400, "'count' is not a number of records"),
        (-1, "'count' is not a number of records"),
    ],
)
def test_wrong_count(count, problem, concurrency):
    """Each page is the first, whatever its number; a count without end must cost neither memory nor time."""
    link = "https://sde.example.com/api/v2/connections/alm/?page=2"
    with canned_server(numbered(count, [1, 2], link)) as server, pytest.raises(SDElementsError, match=problem):
        connections(server, concurrency=concurrency)


def test_retry_after_pauses_all_requests(start):
    """While one request waits as the server asked, no other is sent."""
    server = start("4.8", "throttled:4")
    before = time.monotonic()
    assert len(connections(server, page_size=6, concurrency=8, retries=10)) == 30
    statuses = [request.status for request in server.requests]
    refused = statuses.count(429)
    assert refused > 0, statuses
    # Five pages, twice, four in two seconds: a client that does not wait is refused far more often than it is served.
    assert refused <= statuses.count(200), statuses
    assert time.monotonic() - before > 2


class ChangingServer:
    """Stands in for the client. Its list may change before each answer, and between the count and the page in it."""

    def __init__(self, size: int, page_size: int, link: str, concurrency: int, changes: list) -> None:
        self.records = [{"id": number, "alias": "new"} for number in range(size)]
        self.page_size, self.link, self.concurrency = page_size, link, concurrency
        self.changes = list(reversed(changes))
        self.moments = {frozenset(range(size))}
        self.last_shown: dict[int, str] = {}
        self._ids = iter(range(size, 10**6))
        self._threads = _http.DaemonThreadPool(concurrency)
        self._lock = threading.Lock()

    def url_of(self, path: str) -> str:
        return path

    def submit(self, path: str, query: dict) -> _http.Request:
        return _http.Request(path, query, self._threads.submit(lambda: self.get(path, query)))

    def result(self, request: _http.Request) -> dict:
        return request.future.result(timeout=60)

    def get(self, path: str, query: dict) -> dict:
        if self.concurrency > 1:
            time.sleep(random.choice([0, 0, 0.001]))  # so that requests overtake each other
        with self._lock:
            self._change()
            count = len(self.records)
            self._change()
            start = int(query.get(self.link, 1)) - 1
            if self.link == "page":
                start *= self.page_size
            if start and start >= len(self.records):
                raise NotFoundError("not_found", "", "", status=404, method="GET", url=path)
            shown = [dict(record) for record in self.records[start : start + self.page_size]]
            self.last_shown.update({record["id"]: record["alias"] for record in shown})
            following = (start + self.page_size) // (self.page_size if self.link == "page" else 1) + 1
            is_last = start + self.page_size >= len(self.records)
            return {"count": count, "next": None if is_last else f"/{path}?{self.link}={following}", "results": shown}

    def _change(self) -> None:
        what, *places = self.changes.pop() if self.changes else [""]
        if what in ("delete", "swap") and self.records:
            del self.records[places[0] % len(self.records)]
        if what in ("insert", "swap"):
            self.records.insert(places[1] % (len(self.records) + 1), {"id": next(self._ids), "alias": "new"})
        if what == "edit" and self.records:
            self.records[places[0] % len(self.records)]["alias"] += "er"
        self.moments.add(frozenset(record["id"] for record in self.records))


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", "delete", "insert", "swap", "edit"]),
        st.integers(0, 12),
        st.integers(0, 12),
    ),
    max_size=40,
)


SHRINKS_TO_ONE_PAGE = [
    *[("", 0, 0)] * 7, ("delete", 0, 0), ("insert", 0, 0), *[("", 0, 0)] * 3, *[("delete", 0, 0)] * 2, ("insert", 0, 4),
]  # a row for each case # fmt: skip


@example(6, 4, "page", 1, SHRINKS_TO_ONE_PAGE)
@given(st.integers(0, 12), st.integers(1, 5), st.sampled_from(["page", "place"]), st.sampled_from([1, 1, 3]), CHANGES)
def test_list_equals_server_at_one_moment(size, page_size, link, concurrency, changes):
    """Whatever happens to it meanwhile: what is returned was the whole list once, with each record as last seen."""
    server = ChangingServer(size, page_size, link, concurrency, changes)
    try:
        pairs = _pages.read_list(server, "alm/", {}, lambda record: (record["id"], record["alias"]), _pages.Progress())
    except SDElementsError as exc:
        assert exc.kind == "incomplete"
        return
    found = dict(pairs)
    assert list(found) == sorted(found)
    assert frozenset(found) in server.moments
    assert found == {number: server.last_shown[number] for number in found}


@pytest.mark.parametrize("link", ["page", "place"])
def test_records_are_processed_while_next_page_loads(link):
    """The second page comes once something was made of the first."""
    is_made = threading.Event()
    server = ChangingServer(4, 2, link, 1, [])
    answer_at_once = server.get

    def get(path: str, query: dict) -> dict:
        assert not query or is_made.wait(10)
        return answer_at_once(path, query)

    server.get = get
    _pages.read_list(server, "alm/", {}, lambda record: is_made.set(), _pages.Progress())
    assert is_made.is_set()


@CONCURRENCY
def test_each_record_is_processed_once(concurrency):
    server = ChangingServer(12, 2, "page", concurrency, [])
    made = []
    _pages.read_list(server, "alm/", {}, lambda record: made.append(record["id"]), _pages.Progress())
    assert sorted(made) == list(range(12))


@pytest.mark.parametrize("id_", [_pages.MAX_ID, -_pages.MAX_ID])
def test_largest_id_is_accepted(id_):
    assert _pages.record_of(ChangingServer(0, 1, "page", 1, []), "alm/", {"id": id_}) == {"id": id_}


@pytest.mark.parametrize(
    "count, problem",
    [(_pages.MAX_COUNT, "the server counts 1000000000 records, but sent 1"), (_pages.MAX_COUNT + 1, "not a number of")],
)
def test_largest_count_is_accepted(count, problem):
    with canned_server(numbered(count, [1], None)) as server, pytest.raises(SDElementsError, match=problem):
        connections(server)


@CONCURRENCY
def test_count_that_needs_fewer_pages(concurrency):
    """All that the server counts was read, and there are more pages."""
    server = ChangingServer(6, 2, "page", concurrency, [])
    answer = server.get
    server.get = lambda path, query: {**answer(path, query), "count": 4}
    with pytest.raises(SDElementsError, match="it has more pages than its count requires"):
        _pages.read_list(server, "alm/", {}, lambda record: record, _pages.Progress())


def test_list_is_read_five_times_at_most(start):
    server = start("4.8", "list_shifts")
    with pytest.raises(SDElementsError, match="in 5 attempts"):
        connections(server, page_size=15)
    # Two pages each time.
    assert len(server.requests) == 10


@pytest.mark.parametrize(
    "link, query",
    [
        ("/api/v2/alm/?cursor=a&alias=", {"page_size": "5", "cursor": "a", "alias": ""}),
        ("https://other.example.com/api/v2/alm/?page=2&page_size=3", {"page_size": "3", "page": "2"}),
        ("", None),
        (None, None),
    ],
)
def test_query_of_next_link(link, query):
    reader = _pages._ListReader(
        ChangingServer(0, 1, "page", 1, []), "alm/", {}, lambda record: record, _pages.Progress()
    )
    assert reader._next_query({"page_size": 5}, link) == query


@pytest.mark.parametrize("link", ["/api/v2/realm/?page=2", "/api/v2/alm/1/?page=2", "http://[bad/alm/", 2])
def test_next_link_to_another_path(link):
    reader = _pages._ListReader(
        ChangingServer(0, 1, "page", 1, []), "alm/", {}, lambda record: record, _pages.Progress()
    )
    with pytest.raises(SDElementsError, match="links to another list"):
        reader._next_query({}, link)


def test_pages_after_an_error_are_not_requested():
    """A request that waits for a thread is not sent."""
    server = ChangingServer(40, 2, "page", 3, [])
    answer, is_over, asked = server.get, threading.Event(), []

    def get(path: str, query: dict) -> dict:
        page = query.get("page")
        asked.append(page)
        if page == "2":
            raise SDElementsError("server_error", "", "")
        if page:
            assert is_over.wait(10)
        return answer(path, query)

    server.get = get
    with pytest.raises(SDElementsError):
        _pages.read_list(server, "alm/", {}, lambda record: None, _pages.Progress())
    is_over.set()
    server.submit("alm/", {}).future.result(timeout=10)
    # The first page, the second, those that took the three threads, and the one that was sent to wait for them.
    assert len(asked) <= 6


def test_few_pages_are_requested_ahead():
    """A list of any length keeps no more pages in memory than twice those that are fetched at a time."""
    server = ChangingServer(40, 2, "page", 3, [])
    submitted, pending = [], []
    submit, result = server.submit, server.result
    server.submit = lambda path, query: submitted.append(query) or submit(path, query)

    def result_of(request: _http.Request) -> dict:
        pending.append(len(submitted) - len(pending))
        return result(request)

    server.result = result_of
    _pages.read_list(server, "alm/", {}, lambda record: None, _pages.Progress())
    assert max(pending) == 2 * server.concurrency


@pytest.mark.parametrize("link", ["page", "place"])
def test_progress_counts_records_of_each_reading(link):
    """Another thread sees these numbers whenever the list waits for a page that is not the first."""
    server = ChangingServer(5, 2, link, 1, [])
    progress, seen = _pages.Progress(), []
    result = server.result

    def result_of(request: _http.Request) -> dict:
        seen.append((progress.reading, progress.records, progress.total))
        return result(request)

    server.result = result_of
    _pages.read_list(server, "alm/", {}, lambda record: None, progress)
    assert seen == [(1, 2, 5), (1, 4, 5), (2, 0, 5), (2, 2, 5), (2, 4, 5)]
    assert (progress.records, progress.total) == (5, 5)
