# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that change the API's own good answer. Each gets the request and the JSON, and returns the changed JSON.

None means that there is nothing to change: the fault is for lists and this is a record, or it is the last page.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ..exchange import ReceivedRequest
from .registry import ALTERATIONS, fault


@fault(ALTERATIONS)
def results_missing(_received: ReceivedRequest, data: dict) -> dict | None:
    """The envelope has no `results`."""
    return {"detail_list": []} if "results" in data else None


@fault(ALTERATIONS)
def results_not_list(_received: ReceivedRequest, data: dict) -> dict | None:
    """`results` is an object."""
    return {**data, "results": {"id": 1}} if "results" in data else None


@fault(ALTERATIONS)
def record_not_object(_received: ReceivedRequest, data: dict):
    """A record is a string."""
    return {**data, "results": ["Rally Integration", *data["results"][1:]]} if "results" in data else "a string"


@fault(ALTERATIONS)
def id_not_int(_received: ReceivedRequest, data: dict) -> dict:
    """The `id` of a record is a word."""
    if "results" not in data:
        return {**data, "id": "one"}
    return {**data, "results": [{**record, "id": "one"} for record in data["results"][:1]] + data["results"][1:]}


@fault(ALTERATIONS)
def duplicate_record(_received: ReceivedRequest, data: dict) -> dict | None:
    """The first record comes twice."""
    return {**data, "results": data["results"] + data["results"][:1]} if data.get("results") else None


@fault(ALTERATIONS)
def count_too_high(_received: ReceivedRequest, data: dict) -> dict | None:
    """`count` promises one record more than there is."""
    return {**data, "count": data["count"] + 1} if "count" in data else None


@fault(ALTERATIONS)
def next_foreign(_received: ReceivedRequest, data: dict) -> dict | None:
    """`next` is on another host, as from a server that does not know its own name behind a proxy."""
    return _with_next(data, scheme="http", netloc="evil.example.com")


@fault(ALTERATIONS)
def next_foreign_path(_received: ReceivedRequest, data: dict) -> dict | None:
    """`next` is another resource of the same host."""
    return _with_next(data, path="/api/v2/users/")


@fault(ALTERATIONS)
def next_loop(received: ReceivedRequest, data: dict) -> dict | None:
    """`next` is the page itself."""
    return _with_next(data, query=received.query)


@fault(ALTERATIONS)
def next_empty(_received: ReceivedRequest, data: dict) -> dict | None:
    """After the last page, `next` is an empty text instead of null."""
    return {**data, "next": ""} if data.get("next", "") is None else None


def _with_next(data: dict, **parts: str) -> dict | None:
    if not data.get("next"):
        return None
    return {**data, "next": urlsplit(data["next"])._replace(**parts).geturl()}
