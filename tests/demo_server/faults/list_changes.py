# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that let the list change between two pages, each time that its first page was served.

Each gets the ids of the list, how often the list has changed, and how often it will (None: always), and returns the
ids that are not in the list now. With `name:1` only the first reading is disturbed; each further one changes more.
"""

from __future__ import annotations

from .registry import LIST_CHANGES, fault

# How many records a list that always grows has in reserve.
RESERVE = 10


@fault(LIST_CHANGES)
def list_shrinks(ids: list[int], changes: int, _limit: int | None) -> list[int]:
    """The first record is deleted: the record that opens page 2 slips to page 1, and is missed."""
    return ids[:changes]


@fault(LIST_CHANGES)
def list_grows(ids: list[int], changes: int, limit: int | None) -> list[int]:
    """A record is added at the end."""
    still_to_come = max((RESERVE if limit is None else limit) - changes, 0)
    return ids[max(len(ids) - still_to_come, 0) :]


@fault(LIST_CHANGES)
def list_shifts(ids: list[int], changes: int, limit: int | None) -> list[int]:
    """The first record is deleted and one is added at the end: the same miss, and the count stays the same."""
    return list_shrinks(ids, changes, limit) + list_grows(ids, changes, limit)
