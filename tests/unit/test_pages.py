# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list is complete or an error, by whatever paging it comes."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _pages
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from tests.demo_server import DemoServer, PAGINGS
from tests.support import canned_server, connections


def ids_of(records: list[dict]) -> list[int]:
    return [record["id"] for record in records]


# One page at a time, and side by side.
CONCURRENCY = pytest.mark.parametrize("concurrency", [1, 4])


@pytest.fixture(scope="module", params=PAGINGS)
def paged(request):
    with DemoServer(generation="4.12", paging=request.param) as server:
        yield server


@settings(deadline=None, max_examples=15)
@given(page_size=st.none() | st.integers(1, 60), kind=st.sampled_from(["alm", "analysis"]), concurrency=st.integers(1, 16))
def test_each_record_once_in_order(paged, page_size, kind, concurrency):
    found = connections(paged, kind, page_size=page_size, concurrency=concurrency, include_last_job=True)
    assert ids_of(found) == ids_of(paged.records(kind))
    assert [bool(connection["last_job"]) for connection in found] == [bool(record["last_job"]) for record in paged.records(kind)]


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


def test_newest_server_pages_unasked(start):
    server = start("newest")
    assert len(connections(server)) == 30
    assert any("page=3" in request.query for request in server.requests)


def test_next_link_of_a_server_that_does_not_know_its_name(start):
    """Of a 'next' link only the query counts, so all requests came here."""
    server = start("4.8", "next_foreign")
    assert ids_of(connections(server, page_size=10)) == ids_of(server.records("alm"))
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "fault, deleted",
    [("page_vanishes:1", 0), ("list_grows:1", 0), ("list_shrinks:1", 1), ("list_shifts:1", 1), ("list_shifts:3", 3)],
)
@CONCURRENCY
def test_list_that_changes_is_read_again(start, fault, deleted, concurrency):
    server = start("4.8", fault)
    assert ids_of(connections(server, page_size=10, concurrency=concurrency)) == ids_of(server.records("alm"))[deleted:]


@pytest.mark.parametrize(
    "fault, problem",
    [
        ("page_vanishes", "a page that it promised is not there"),
        ("next_loop", "its pages go round in a circle"),
        ("duplicate_record", "record 1 came twice"),
        ("count_too_high", "a page that it promised is not there"),
        ("list_shrinks", "its count changed from 26 to 25"),
        # One record goes and one comes between two pages: the counts agree, and a record is skipped.
        ("list_shifts", "it changed each time"),
        ("list_grows", "its count changed from 24 to 25"),
    ],
)
@CONCURRENCY
def test_list_that_is_never_whole(start, fault, problem, concurrency):
    server = start("4.8", fault)
    with pytest.raises(SDElementsError) as raised:
        connections(server, page_size=10, concurrency=concurrency)
    assert raised.value.kind == "incomplete"
    assert f"could not be read whole in {_pages.MAX_READINGS} readings: {problem}." in str(raised.value)
    assert "Try again" in str(raised.value)


def test_next_link_to_another_list(start):
    with pytest.raises(SDElementsError, match="its 'next' link leads to another list") as raised:
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
        (2, "it has more pages than its count needs"),
        (10**9, "record 1 came twice"),
        (10**400, "its 'count' is no number of records"),
        (-1, "its 'count' is no number of records"),
    ],
)
def test_count_that_lies(count, problem, concurrency):
    """Each page is the first, whatever its number; a count without end must cost neither memory nor time."""
    link = "https://sde.example.com/api/v2/connections/alm/?page=2"
    with canned_server(numbered(count, [1, 2], link)) as server:
        with pytest.raises(SDElementsError, match=problem):
            connections(server, concurrency=concurrency)


def test_one_busy_answer_slows_all_down(start):
    """While one request waits as the server asked, no other is sent."""
    server = start("4.8", "throttled:4")
    before = time.monotonic()
    assert len(connections(server, page_size=3, concurrency=8, retries=10)) == 30
    statuses = [request.status for request in server.requests]
    refused = statuses.count(429)
    assert 0 < refused, statuses
    # Ten pages, twice, four in two seconds: a client that does not wait is refused far more often than it is served.
    assert refused <= statuses.count(200), statuses
    assert time.monotonic() - before > 2
