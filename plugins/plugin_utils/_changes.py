# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: what changed between two lists of connections of one server. Pure functions.

The facts on both sides are masked. A difference counts only if somebody changed the connection: the server's release
changes names and adds fields, permissions hide parameters, and each synchronisation leaves traces.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from ..module_utils._redact import MASK
from ..module_utils._resource import Facts
from ..module_utils._tool_params import ALM_KIND, ANALYSIS_KIND, renamed_params

# Each synchronisation changes these. The newest releases have the last one among the parameters.
VOLATILE = ("last_job", "in_progress", "last_successful_run")
# The server sends the values of these, or those that they are derived from, only to users who may edit the connection.
PERMITTED = ("params", "server", "validate_certs", "secrets_set")

_KINDS = {kind.name: kind for kind in (ALM_KIND, ANALYSIS_KIND)}
# Names of the tool, which change between releases.
_TOOL_NAMES = ("system", "system_short_name")
# Compared in a way of their own, or the reason for not comparing.
_NOT_FACTS = ("params", "params_visible", "secrets_set")


class FieldChange(NamedTuple):
    """A changed value, at a dotted path. Null: without a value."""

    path: str
    old: Any
    new: Any


class ChangedConnection(NamedTuple):
    """A connection on both sides, with the fields that changed, ordered by path."""

    old: Facts
    new: Facts
    fields: list[FieldChange]


class NotCompared(NamedTuple):
    """Facts of a connection that cannot be compared, and why."""

    connection: Facts
    facts: tuple[str, ...]
    reason: str


class Changes(NamedTuple):
    """The connections that changed, and those that could not be compared in full, ordered by kind and id."""

    added: list[Facts]
    removed: list[Facts]
    changed: list[ChangedConnection]
    not_compared: list[NotCompared]


def compare(
    old: Iterable[Facts], new: Iterable[Facts], kinds: Collection[str], include_volatile: bool = False
) -> Changes:
    """Return what changed, among connections of these kinds: those that were gathered without filters both times."""
    before, now = (_by_key(connections, kinds) for connections in (old, new))
    pairs = [(before[key], now[key]) for key in sorted(before.keys() & now.keys())]
    fields = [(one, other, _changed_fields(one, other, include_volatile)) for one, other in pairs]
    return Changes(
        added=[now[key] for key in sorted(now.keys() - before.keys())],
        removed=[before[key] for key in sorted(before.keys() - now.keys())],
        changed=[ChangedConnection(*changed) for changed in fields if changed[2]],
        not_compared=[NotCompared(other, *why) for one, other in pairs if (why := _incomparable(one, other))],
    )


def _by_key(connections: Iterable[Facts], kinds: Collection[str]) -> dict[tuple[str, int], Facts]:
    return {(one["kind"], one["id"]): one for one in connections if one["kind"] in kinds}


def _incomparable(old: Facts, new: Facts) -> tuple[tuple[str, ...], str] | None:
    """Return the facts that cannot be compared, and the reason. None: all can be."""
    hidden = [not one["params_visible"] for one in (old, new)]
    if any(hidden):
        return PERMITTED, f"the parameters are hidden {_time(hidden)}"
    # Parameters are visible only if there are some.
    left_out = [not one["params"] for one in (old, new)]
    if any(left_out):
        return ("params",), f"the parameters are missing {_time(left_out)}"
    return None


def _time(is_so: list[bool]) -> str:
    return "in the baseline and now" if all(is_so) else "in the baseline" if is_so[0] else "now"


# ---------------------------------------------------------------------------------------------------------------
# Fields


def _changed_fields(old: Facts, new: Facts, include_volatile: bool) -> list[FieldChange]:
    if old == new:
        return []
    incomparable = _incomparable(old, new)
    ignored = {
        *(incomparable[0] if incomparable else ()),
        *(() if include_volatile else VOLATILE),
        *(_TOOL_NAMES if old.get("system_id") and old.get("system_id") == new.get("system_id") else ()),
    }
    pairs = [(name, old.get(name), new.get(name)) for name in {**old, **new} if name not in (*_NOT_FACTS, *ignored)]
    if "secrets_set" not in ignored:
        pairs.append(("secrets_set", _secrets_set(old), _secrets_set(new)))
    if "params" not in ignored:
        was, is_now = _params(old), _params(new)
        names = [name for name in {**was, **is_now} if include_volatile or name not in VOLATILE]
        pairs += [(f"params.{name}", was.get(name), is_now.get(name)) for name in names]
    # A fact or parameter that was null before was unknown: the release or the permissions did not show it.
    known = [pair for pair in pairs if pair[1] is not None]
    return sorted((change for pair in known for change in _differences(*pair)), key=lambda change: change.path)


def _params(connection: Facts) -> Facts:
    """Return the parameters by the names that all releases share, also if the task wanted the server's own."""
    return renamed_params(_KINDS[connection["kind"]], connection["params"])


def _secrets_set(connection: Facts) -> list[str] | None:
    """Return the paths of secrets, as the same names. None: unknown."""
    paths = connection.get("secrets_set")
    return None if paths is None else sorted(renamed_params(_KINDS[connection["kind"]], dict.fromkeys(paths)))


def _differences(path: str, old: Any, new: Any) -> Iterator[FieldChange]:
    """Yield the values that differ, as deep as both sides are objects."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from _differences(f"{path}.{name}", old.get(name), new.get(name))
    elif not _may_be_equal(old, new):
        yield FieldChange(path, old, new)


def _may_be_equal(old: Any, new: Any) -> bool:
    """Return whether two values are equal apart from what is masked in either."""
    if old == new or MASK in (old, new):
        return True
    if isinstance(old, str) and isinstance(new, str):
        return _fits(old, new) or _fits(new, old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_may_be_equal, old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_may_be_equal(old[name], new[name]) for name in old)
    return False


def _fits(masked: str, text: str) -> bool:
    """Return whether a text has the parts around the masks of another one, in their order."""
    first, *middle = masked.split(MASK)
    if not middle:
        return False
    last = middle.pop()
    position, end = len(first), len(text) - len(last)
    if end < position or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True
