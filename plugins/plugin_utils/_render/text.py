# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Private to this collection: escape untrusted text for readers.

Many people can write the aliases, names and messages of a server. Characters that are invisible, or that change the
direction or the line of the text around them, become escapes such as C(\u202e).
"""

from __future__ import annotations

import re

# Enough for each message of an audit, and short enough for a table.
MAX_LENGTH = 500
_MAX_LOG_LINE = 2000

# For a set of a regular expression: control characters, marks of direction, characters without width or glyph,
# surrogates, and noncharacters. The control characters of ASCII are not included.
HIDDEN = (
    "\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[\x00-\x1f{HIDDEN}]")
_HIDDEN_IN_BLOCKS = re.compile(f"[\x00-\x08\x0b-\x1f{HIDDEN}]")
# Spreadsheets read text that starts with one of these as a formula, also in full width.
FORMULA_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"\s*[{FORMULA_STARTS}]")
# GitHub obeys a line that begins with '::error::', and GitHub and Azure any line with '##[error]' or '##vso[...]'.
_COMMAND = re.compile(r":(?=:[A-Za-z])|#(?=#(?:vso)?\[)")


def escape_line(text: str | None, limit: int = MAX_LENGTH) -> str:
    """Return the text on one line, shortened, with hidden characters escaped; empty for None."""
    text = text or ""
    shown = text[:limit]
    if not _is_plain(shown):
        shown = _HIDDEN.sub(_escape, shown)
    return f"{shown}\u2026 ({len(text) - limit} more characters)" if len(text) > limit else shown


def escape_log_line(text: str) -> str:
    """Return a line for the log without commands to a CI system. Any part may begin a line: Ansible wraps warnings."""
    return _COMMAND.sub(lambda match: f"\\x{ord(match[0]):02x}", escape_line(text, _MAX_LOG_LINE))


def escape_block(text: str) -> str:
    """Return the text with hidden characters escaped. Lines and tabs do not change."""
    return text if _is_plain(text) else _HIDDEN_IN_BLOCKS.sub(_escape, text.replace("\r\n", "\n"))


def _is_plain(text: str) -> bool:
    # Nearly all text is, and is then not searched. Python counts some characters without a glyph as printable.
    return text.isascii() and text.isprintable()


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def escape_cell(text: str, limit: int = MAX_LENGTH) -> str:
    """Return a line for a cell of a table. It is never a formula."""
    shown = escape_line(text, limit)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def sentence(text: str) -> str:
    """Return the text with a period, unless it ends like a sentence."""
    return text if text.endswith((".", "?", "\u2026")) else f"{text}."


def collapse(text: str | None, limit: int = 2000) -> str:
    """Return sentences of a policy on one line."""
    return escape_line(" ".join((text or "").split()), limit)
