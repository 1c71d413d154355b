# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: changes of connections since a baseline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from .. import _changes
from .._render.text import escape_log_line
from .model import (
    KINDS,
    Changes,
    ConnectionChange,
    Facts,
    NotComparedFacts,
    change_counts,
    connection_subject,
    count_text,
    full_subject,
    key_of,
    plain_or_json,
    report_key,
)

_ALL_FACTS = ("all facts",)


class Earlier(NamedTuple):
    """The facts that connections of a server had, and the kinds of which all were gathered.

    The time is unknown if the facts were saved without a report.
    """

    since: str | None
    kinds: list[str]
    connections: list[Facts]


def changes_since(
    earlier: Earlier, connections: list[Facts], server: str | None, kinds: Iterable[str] | None
) -> Changes:
    """Return what changed. Only of kinds that were gathered completely both times, connections are added or removed."""
    complete = _complete_kinds(earlier, kinds)
    found = _changes.compare(earlier.connections, connections, KINDS)
    without_counterpart = [
        _changes.NotCompared(one, _ALL_FACTS, "the baseline may not have all connections of their kind")
        for one in found.added
        if one["kind"] not in complete
    ]

    def change(name: str, facts: Facts, fields: Iterable[_changes.FieldChange] = ()) -> ConnectionChange:
        return {
            "server": server,
            "key": report_key(server, key_of(facts)),
            "subject": connection_subject(facts),
            "project": facts.get("project"),
            "change": name,
            "facts": [{"name": path, "old": old, "new": new} for path, old, new in fields],
        }

    return {
        "compared": [{"server": server, "since": earlier.since, "kinds": complete}],
        "connections": [
            *(change("changed", one.new, one.fields) for one in found.changed),
            *(change("added", one) for one in found.added if one["kind"] in complete),
            *(change("removed", one) for one in found.removed if one["kind"] in complete),
        ],
        "not_compared": _not_compared([*found.not_compared, *without_counterpart], server),
    }


def baseline_of_rules(earlier: Earlier, connections: Iterable[Facts], kinds: Iterable[str] | None) -> dict[str, Any]:
    """Return what rules know of the baseline in addition to the previous facts of each connection."""
    complete = _complete_kinds(earlier, kinds)
    present = set(map(key_of, connections))
    return {
        "kinds": complete,
        "connections": [
            {**one, "removed": key_of(one) not in present} for one in earlier.connections if one["kind"] in complete
        ],
    }


def _complete_kinds(earlier: Earlier, kinds: Iterable[str] | None) -> list[str]:
    return [kind for kind in kinds or () if kind in earlier.kinds]


def _not_compared(found: Iterable[_changes.NotCompared], server: str | None) -> list[NotComparedFacts]:
    """Return each reason once, with its connections."""
    by_reason: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for connection, facts, reason in found:
        by_reason.setdefault((facts, reason), []).append(report_key(server, key_of(connection)))
    return [
        {"server": server, "connections": keys, "facts": list(facts), "reason": reason}
        for (facts, reason), keys in by_reason.items()
    ]


# ---------------------------------------------------------------------------------------------------------------
# Sentences


def since_of(changes: Changes) -> str | None:
    """Return the time of the oldest baseline, if it is known."""
    return min((one["since"] for one in changes["compared"] if one["since"]), default=None)


def sentence_of(changes: Changes | None) -> str:
    """Return the number of changes as a sentence; empty without a baseline."""
    if changes is None:
        return ""
    counts = change_counts(changes)
    time = since_of(changes)
    since = f"since {time[:10]}" if time else "since the baseline"
    changed = f"{count_text(counts['changed'], 'connection')} changed"
    if all(one["kinds"] for one in changes["compared"]):
        found = f"{changed}, {counts['added']} added, {counts['removed']} removed {since}."
    else:
        found = f"{changed} {since}; whether others were added or removed is unknown."
    partly = sum(len(one["connections"]) for one in changes["not_compared"])
    return f"{found} {partly} {'was' if partly == 1 else 'were'} not fully compared." if partly else found


def warnings_of_changes(changes: Changes | None) -> list[str]:
    """Return a warning about each reason for which facts were not compared."""
    found: dict[tuple[str, str], int] = {}
    for one in changes["not_compared"] if changes else ():
        key = ", ".join(one["facts"]), one["reason"]
        found[key] = found.get(key, 0) + len(one["connections"])
    return [
        f"Not compared with the baseline: {facts} of {count_text(count, 'connection')}, because {reason}."
        for (facts, reason), count in found.items()
    ]


def diff_of(changes: Changes) -> list[dict[str, str]]:
    """Return each connection's changed facts as two texts, which Ansible compares in diff mode."""
    time = since_of(changes)
    return [
        {
            "before_header": f"{name} {f'at {time}' if time else 'in the baseline'}",
            "after_header": f"{name} now",
            "before": _lines(one, "old") if one["change"] != "added" else "",
            "after": _lines(one, "new") if one["change"] != "removed" else "",
        }
        for one in changes["connections"]
        for name in [escape_log_line(full_subject(one))]
    ]


def _lines(change: ConnectionChange, side: Literal["old", "new"]) -> str:
    """Return a line for each changed fact. Connections that were added or removed have none, but exist."""
    facts = [escape_log_line(f"{one['name']}: {plain_or_json(one[side])}") + "\n" for one in change["facts"]]
    return "".join(facts) or f"{escape_log_line(change['subject'])}\n"
