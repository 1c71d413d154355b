# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: texts of strangers, made fit to be shown to people.

Aliases, names and messages come from a server on which many can write. What a reader cannot see, or what changes
the direction or the line of what stands beside it, is shown as an escape such as C(\\u202e).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Long enough for any message of ours, short enough for a table.
LIMIT = 500

_SUSPECT = re.compile(r"[^ -~]")
# Control, format (direction marks, zero width), surrogates, line and paragraph separators.
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# Letters and symbols that look like nothing at all.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Programs for tables take a text that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@")


def visible(text: str, limit: int = LIMIT) -> str:
    """The text on one line, with hidden characters shown, and bounded."""
    shown = _SUSPECT.sub(lambda match: _shown(match.group()), text[:limit])
    return f"{shown}\u2026 ({len(text) - limit} more characters)" if len(text) > limit else shown


def legible(text: str) -> str:
    """The text with hidden characters shown; its lines and tabs stay, for a format that can show them."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return _SUSPECT.sub(lambda match: match.group() if match.group() in "\n\t" else _shown(match.group()), text)


def cell(text: str, limit: int = LIMIT) -> str:
    """A visible text that stands alone, as in a cell of a table: never a formula."""
    shown = visible(text, limit)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA_STARTS) else shown


def prose(text: str | None, limit: int = 2000) -> str:
    """Sentences of a policy: its line breaks are no more than blanks."""
    return visible(" ".join((text or "").split()), limit)


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    is_hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _BLANKS
    if is_hidden or _is_noncharacter(ord(character)):
        return character.encode("unicode_escape").decode("ascii")
    return character


def _is_noncharacter(number: int) -> bool:
    """Numbers that will never be characters; XML forbids some of them."""
    return 0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE
