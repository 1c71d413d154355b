# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The troubleshooting guide lists each message of the code, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "troubleshooting.md"
# Messages about servers, options and arguments. Those about policies say in which file, rule and field to look.
FILES = ("module_utils/*.py", "filter/*.py", "plugin_utils/_egress.py", "plugin_utils/_event_source.py")
# Sections of the guide about messages of other code.
OTHER_SECTIONS = ("An audit fails", "A role or playbook fails")
# Functions that take a whole message, or the part of one that differs.
ERROR_CALLS = re.compile(r"(?:SDElements|Option|Incomplete|Record|AnsibleFilter)Error|\w*_error|_changed|error")
# Variables that hold a message, or a part of one.
MESSAGE_VARIABLES = ("what", "problem", "_PROXY_LOGIN", "_MISSING")

pytestmark = pytest.mark.once


def message_template(node: ast.AST | None) -> str | None:
    """A text of the code with … for each placeholder; None if it is not a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{\w+\}", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(message_template, node.values))
    if isinstance(node, ast.FormattedValue):
        return "…"
    return None


def possible_values(node: ast.AST) -> list[ast.AST]:
    """All values that an expression can have."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.List):
        return node.elts
    return [node.elt] if isinstance(node, ast.ListComp) else [node]


def error_messages(tree: ast.AST) -> Iterator[str]:
    """All messages of failures in the code of a file."""
    for node in ast.walk(tree):
        found: list[ast.AST] = []
        if isinstance(node, ast.Call) and ERROR_CALLS.fullmatch(
            name := getattr(node.func, "id", getattr(node.func, "attr", ""))
        ):
            # The kind comes first, and the advice last.
            place = {"SDElementsError": 1, "IncompleteError": 1, "_error": 2}.get(name)
            found = node.args if place is None else node.args[place : place + 1]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 3:
            found = node.value.elts
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
            # A problem, and its advice.
            found = node.elts[:1]
        elif (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in MESSAGE_VARIABLES) or (
            isinstance(node, ast.Return) and isinstance(node.value, (ast.List, ast.ListComp))
        ):
            found = possible_values(node.value)
        texts = [text for text in map(message_template, found) if text and " " in text.strip("… ")]
        # The next text is the advice.
        yield from texts if isinstance(node, ast.Assign) else texts[:1]


def messages_in_code() -> set[str]:
    files = [path for pattern in FILES for path in (ROOT / "plugins").glob(pattern)]
    return {text.rstrip(".") for path in files for text in error_messages(ast.parse(path.read_text(encoding="utf-8")))}


def messages_in_guide() -> set[str]:
    sections = GUIDE.read_text(encoding="utf-8").split("\n## ")
    text = "\n".join(section for section in sections if not section.startswith(OTHER_SECTIONS))
    rows = re.findall(r"^\| `([^`]*)` \| (.+) \|$", text, re.MULTILINE)
    return {message.rstrip(".") for message, _fix in rows}


def test_guide_lists_each_error_message():
    assert messages_in_code() - messages_in_guide() == set(), "docs/troubleshooting.md lacks these"
    assert messages_in_guide() - messages_in_code() == set(), "the code has none of these"
