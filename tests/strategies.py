# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies of Hypothesis for broken files: a valid one in which a few values are replaced, removed and added."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "",
        " ",
        "x",
        "high",
        "alm",
        "alm-tls",
        "ALM",
        "2027-01-31",
        "2027-1-31",
        "2027-01-31\n",
        "id\n",
        "params.x",
        ".x",
        "https://x",
        "ftp://x",
        "fail",
        "1.7",
        "2026-11-24T18:00:00Z\n",
        "0" * 32,
        "remediaton",
        "loop",
        "label",
        "labels",
        "servers",
        "message",
        "observed",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.sampled_from([1.0, 1.5, 10**400]) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.sampled_from(["id", "rules", "kind"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places of a file, as paths."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in children:
        yield from places(item, (*path, key))


@st.composite
def mutated(draw: Any, valid: Any) -> Any:
    """The file with errors, a few of which may be harmless."""
    broken = copy.deepcopy(valid)
    for _number in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(broken))[1:] or [()]))
        if not path:
            return draw(VALUES)
        place = broken
        for key in path[:-1]:
            place = place[key]
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            place[path[-1]] = draw(VALUES)
        elif action == "remove":
            del place[path[-1]]
        elif isinstance(place, dict):
            place[draw(WORDS)] = draw(VALUES)
        else:
            place.append(draw(VALUES))
    return broken
