# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: texts of strangers, made fit to be shown to people.

Aliases, names and messages come from a server on which many can write. What a reader cannot see, or what changes
the direction or the line of what stands beside it, is shown as an escape such as C(\\u202e).
"""

from __future__ import annotations

import re
from typing import Any

# Long enough for any message of ours, short enough for a table.
LIMIT = 500

# For a set of a regular expression: controls, what turns the direction of text, what has no width or no glyph, halves
# of characters, and numbers that are no characters. The controls of ASCII are not among them.
HIDDEN = (
    "\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[\x00-\x1f{HIDDEN}]")
_HIDDEN_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f{HIDDEN}]")
# Programs for tables take a text that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@")


def visible(text: str, limit: int = LIMIT) -> str:
    """The text on one line, with hidden characters shown, and bounded."""
    shown = text[:limit]
    if not shown.isprintable():
        shown = _HIDDEN.sub(_shown, shown)
    return f"{shown}\u2026 ({len(text) - limit} more characters)" if len(text) > limit else shown


def legible(text: str) -> str:
    """The text with hidden characters shown; its lines and tabs stay, for a format that can show them."""
    return text if text.isprintable() else _HIDDEN_IN_LINES.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def cell(text: str, limit: int = LIMIT) -> str:
    """A visible text that stands alone, as in a cell of a table: never a formula."""
    shown = visible(text, limit)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA_STARTS) else shown


def prose(text: str | None, limit: int = 2000) -> str:
    """Sentences of a policy: its line breaks are no more than blanks."""
    return visible(" ".join((text or "").split()), limit)


def name_of(finding: dict[str, Any]) -> str:
    """What a finding is known by from run to run: its item, its connection, or neither if its loop has no items."""
    if finding["label"] is not None:
        return finding["label"]
    return finding["connections"][0] if len(finding["connections"]) == 1 else finding["rule"]
