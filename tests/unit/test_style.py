# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of wording: its rules, and the kinds of text."""

from __future__ import annotations

import pytest

from tests.tools import style

pytestmark = pytest.mark.once

BAD = [
    "unexpected status 103, which is no way to answer a question",
    "is no text (UTF-8)",
    "there is no day 2027-02-30; write one as 2027-01-31",
    "The policy has 3 mistakes",
    "number 3 is no mapping",
    "b.json is no report of an audit",
    "Require kinds that there are",
    "What a rule needs and the token may not see makes it inconclusive.",
    "servers of which there is no report",
    "A newest server calls alm_server issue_tracker_server",
    "a patch release mends, a minor one may add",
    "One machine has an end.",
    "Policy files of your own belong into the image",
    "That takes some hundredths of a second",
    "an audit without any connection, which else passes with a warning",
    "Nothing that a file holds can leave its comment, string or line",
    "What is not here is left out of the tasks where it is not set.",
    "a record has no id that is a whole number",
    "'severity' is none of info, low",
    "A filter that matches nothing gives an empty list",
    "names of policy files, one a line",
    "Whoever runs SD Elements has to know",
    "how long it takes, beside what people use today",
    "Options stand in one table",
    "'item' speaks of a connection",
    "Both doors give the same result",
    "each message, with its cure",
    "Set both, or neither: as it says",
]
GOOD = [
    "unexpected status 103",
    "policy.yml is not valid UTF-8",
    "2027-02-30 is not a valid date; use YYYY-MM-DD",
    "Invalid policy (3 errors)",
    "connections[2] must be a mapping",
    "Validate connection_audit_kinds",
    "A rule is inconclusive if the token cannot see a value that it needs.",
    "The newest releases name it issue_tracker_server",
    "Patch releases fix bugs.",
    "One machine scales only so far.",
    "Unset variables are omitted, so that the environment and module_defaults apply",
    "There is no npm, so some tests are skipped.",
    "The alert is no longer among the results, and no more than 50 are shown.",
    "What does the token see? It sees what its user sees.",
    "What changed",
    "Turn connections into facts, one line for each host.",
    "* stands for any text, and the variables never stand in for a missing token.",
    "The parser gives up. The dish is on a table in the warehouse with room for more.",
    "Recommendations of the department: amend nothing, besides the token.",
    "The same applies to connectors: take the backup, or revoke the token.",
]


def matches(path: str, text: str) -> list[tuple[int, str]]:
    return [(violation.line, violation.rule.name) for violation in style.violations(path, text)]


@pytest.mark.parametrize("sentence", BAD)
def test_violations_find_bad_sentence(sentence):
    assert matches("page.md", sentence)


@pytest.mark.parametrize("sentence", GOOD)
def test_violations_accept_good_sentence(sentence):
    assert matches("page.md", sentence) == []


@pytest.mark.parametrize("rule", style.RULES, ids=lambda rule: rule.name)
def test_each_rule_has_a_bad_sentence(rule):
    unproven = {"comes to", "on the way"}
    assert rule.name in unproven or any(
        rule.name == name for sentence in BAD for _line, name in matches("page.md", sentence)
    )


@pytest.mark.parametrize(
    "path, text, lines",
    [
        ("a.md", "Words\nthat go\nwrong: it is\nno page.\n", [3]),
        ("a.md", "`it is no page`\n\n```text\nIt is no page.\n```\n", [4]),
        ("a.md", "| a | b |\n|---|---|\n| `x` | this `y` is no page |\n", [3]),
        ("a.md", "Text\n\n```yaml\n- hosts: all\n  tasks:\n    - name: Require kinds that there are\n```\n", [6]),
        ("a.py", '"""It is\nno page."""\n', [1]),
        ("a.py", "def f(x):\n    raise ValueError(f'{x} is '\n                     f'no {x}')\n", [2]),
        ("a.py", "x = 1  # It is\n# no page.\n\ny = 2  # gives 2\n", [1, 4]),
        ("a.py", "class _Crew:\n    def all_mistakes(self): pass\n", [1, 2]),
        ("a.yml", "# It is\n# no page.\n- name: Find the mistake\n  key: a # gives b\n", [1, 3, 4]),
        ("a.yml", "- msg: >-\n    It is\n    no page\n- msg: '# one'\n", [1]),
        ("a.sh", "#!/bin/sh\n# It is\n# no page.\necho 'one a line'\n", [2, 4]),
        ("a.css", "/* Whoever */\na { color: red }\n", [1]),
        ("test_papers.py", "", [1]),
        ("a.py", "x = 'it' + 'is' + 'no'\nis_not = 1\n", []),
    ],
)
def test_violations_report_lines_of_each_kind_of_text(path, text, lines):
    assert [line for line, _name in matches(path, text)] == lines


@pytest.mark.parametrize("text, code, lines", [("Fine.\n", 0, []), ("A mistake.\n\nMistakes.\n", 1, [1, 3])])
def test_main_prints_each_violation(tmp_path, monkeypatch, capsys, text, code, lines):
    monkeypatch.setattr(style, "ROOT", tmp_path)
    monkeypatch.setattr(style, "tracked_files", lambda: ["a.md"])
    (tmp_path / "a.md").write_text(text)
    assert style.main() == code
    assert [line.split(":")[:2] for line in capsys.readouterr().out.splitlines()] == [["a.md", str(n)] for n in lines]
