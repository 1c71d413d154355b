# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: escape untrusted text for Markdown.

Readers of Markdown notify people and make links of names and numbers after a mark (C(@team), C(#1), C(!2)). A backslash
does not prevent that, but code does. So all text of a server becomes code, and in the sentences of a policy each word
with other characters than letters.
"""

from __future__ import annotations

import re

from .text import collapse, escape_cell

CELL_LENGTH = 200

_FENCE = re.compile("`+")
# A word, perhaps in quotes or before punctuation, that is only a word in every dialect of Markdown. Some make a link of
# a name with a dot, such as that of a server.
_WORD = re.compile(
    r"(?!www\.|GH-\d|\d+[.)]\Z|[0-9a-f]{7,})[\"'(]*[^\W_]+(?:(?:[-,/'\u2019]|\.(?=\d|\w\b))[^\W_]+)*[\"'.,;:?!)\u2026]*"
    r"|[\u2013\u2014]",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/?#=&%+,;:@!-]*)?")


def code(text: str, limit: int = CELL_LENGTH) -> str:
    """Return untrusted text as code, in which no character is special."""
    shown = escape_cell(text, limit)
    if shown != shown.strip() or not shown:
        shown = f'"{shown}"'
    fence = "`" * (max(map(len, _FENCE.findall(shown)), default=0) + 1)
    blank = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def markdown_text(text: str | None, limit: int = 2000) -> str:
    """Return sentences of a policy. Plain words do not change, and everything else becomes code."""
    parts: list[str] = []
    special: list[str] = []
    for word in collapse(text, limit).split():
        if not _WORD.fullmatch(word):
            special.append(word)
            continue
        parts += [*_as_code(special), word]
        special = []
    return " ".join([*parts, *_as_code(special)])


def _as_code(words: list[str]) -> list[str]:
    text = " ".join(words)
    special = text.rstrip(".,;:") or text
    return [code(special, 2000) + text[len(special) :]] if words else []


def code_block(language: str, text: str) -> str:
    """Return lines of code, in which no character is special."""
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def link(text: str, url: str | None) -> str:
    """Return a link, or only the text if there is no plain URL."""
    return f"[{text}](<{url}>)" if url and is_web_page(url) else text


def is_web_page(url: str) -> bool:
    """Return whether this is the plain URL of a web page."""
    return len(url) <= 2000 and _URL.fullmatch(url) is not None
