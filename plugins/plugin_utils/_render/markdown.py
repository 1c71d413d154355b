# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as Markdown, for a merge request or the summary of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .._audit.model import (
    SEVERITIES,
    SEVERITY_RANK,
    VERDICT_HEADINGS,
    Baseline,
    Finding,
    Report,
    RuleEntry,
    WaiverEntry,
    count_verdicts,
    stable_name,
)
from .markup import CELL_LENGTH, code, is_web_page, link, markdown_text

# GitHub allows 65,536 characters in a comment and a mebibyte in a step summary, GitLab a million in a comment.
MAX_CHARACTERS = 60_000

Row = tuple[str, ...]


class _Section(NamedTuple):
    """A heading with a table."""

    title: str
    columns: Row
    rows: list[Row]


def render(report: Report) -> str:
    """Return GitHub-flavoured Markdown that is short enough for a comment."""
    summary = report["summary"]
    text = "\n\n".join(
        [
            f"## SD Elements connection audit: {'passed' if summary['verdict'] == 'pass' else 'failed'}",
            markdown_text(summary["message"]),
            "\n".join(_table(_counts(report))),
            _scope(report),
        ]
    )
    for section in _sections(report):
        if section.rows:
            # Half of the remaining characters, so that a long list does not displace the following ones.
            text += "\n\n" + _bounded(section, (MAX_CHARACTERS - len(text)) // 2)
    return text + "\n"


# ---------------------------------------------------------------------------------------------------------------
# Tables


def _bounded(section: _Section, budget: int) -> str:
    """Return the section with as many rows as fit."""
    lines = [f"### {section.title} ({len(section.rows)})", "", *_table([section.columns])]
    shown = 0
    for row in section.rows:
        line = _row(row)
        budget -= len(line) + 1
        if budget < 0:
            break
        lines.append(line)
        shown += 1
    omitted = len(section.rows) - shown
    if omitted:
        lines += ["", f"{omitted} more are omitted here; the JSON report lists them all."]
    return "\n".join(lines)


def _table(rows: Iterable[Row]) -> list[str]:
    head, *others = rows
    return [_row(head), "|" + " --- |" * len(head), *map(_row, others)]


def _row(cells: Row) -> str:
    return "| " + " | ".join(map(_escape_pipes, cells)) + " |"


def _escape_pipes(text: str) -> str:
    """Escape pipes, in code as well. Parsers disagree about a pipe after a backslash; it becomes a Unicode escape."""
    return re.sub(r"(\\?)\|", lambda match: r"\\u007c" if match.group(1) else r"\|", text)


# ---------------------------------------------------------------------------------------------------------------
# Contents


def _counts(report: Report) -> Iterator[Row]:
    counts = count_verdicts(report["findings"], report["other_verdicts"])
    yield ("Severity", *VERDICT_HEADINGS.values())
    for severity in SEVERITIES:
        yield (severity, *(str(counts[severity, verdict]) for verdict in VERDICT_HEADINGS))
    yield ("**all**", *(f"**{report['summary']['verdicts'][verdict]}**" for verdict in VERDICT_HEADINGS))


def _scope(report: Report) -> str:
    summary = report["summary"]
    servers = f" of {_few(report['servers'])}" if report["servers"] else ""
    return (
        f"Audited {summary['connections']} connections{servers} by {summary['rules']} rules of "
        f"{_few(report['policies'])}, at {markdown_text(report['audited_at'])}. {_threshold(report)}."
    )


def _threshold(report: Report) -> str:
    summary = report["summary"]
    if summary["fail_on"] == "never":
        return "Never fails"
    counting = "; inconclusive findings count" if summary["inconclusive"] == "fail" else ""
    accepted = "; known findings are accepted" if report["baseline"] and summary["known_findings"] == "accept" else ""
    return f"Fails on findings of severity {summary['fail_on']} or more{counting}{accepted}"


def _few(texts: list[str]) -> str:
    more = f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    return ", ".join(code(text, 100) for text in texts[:5]) + more


def _sections(report: Report) -> Iterator[_Section]:
    rules = {rule["id"]: rule for rule in report["rules"]}
    waivers = report["waivers"]
    by_verdict: dict[str, list[Finding]] = {verdict: [] for verdict in VERDICT_HEADINGS}
    for finding in report["findings"]:
        by_verdict[finding["verdict"]].append(finding)
    for findings in by_verdict.values():
        findings.sort(key=lambda finding: SEVERITY_RANK[finding["severity"]])
    has_servers = len(report["servers"]) > 1
    state = ("Baseline",) if report["baseline"] else ()

    def common(finding: Finding) -> Row:
        """Return the cells that each table has."""
        shown_state = (finding["baseline"] or "",) if state else ()
        rule, subject = _rule(rules[finding["rule"]]), _subject(finding, has_servers)
        return (finding["severity"], *shown_state, rule, subject)

    columns = ("Severity", *state, "Rule", "Connection")
    yield _Section("Errors", (*columns, "Error"), [(*common(one), _message(one)) for one in by_verdict["error"]])
    yield _Section(
        "Failed",
        (*columns, "Finding", "Remediation"),
        [
            (*common(one), _message(one), markdown_text(rules[one["rule"]]["remediation"], CELL_LENGTH))
            for one in by_verdict["fail"]
        ],
    )
    is_strict = report["summary"]["inconclusive"] == "fail"
    yield _Section(
        "Inconclusive (counted as failed)" if is_strict else "Inconclusive",
        (*columns, "Reason"),
        [(*common(one), _message(one)) for one in by_verdict["inconclusive"]],
    )
    if report["baseline"]:
        yield _fixed(report["baseline"])
    yield _Section(
        "Waived",
        ("Rule", "Connection", "Reason", "Owner", "Until"),
        [
            (_rule(rules[one["rule"]]), _subject(one, has_servers), *_waiver_of(one, waivers))
            for one in by_verdict["waived"]
        ],
    )
    yield _Section(
        "Expired and unused waivers",
        ("State", "Rules", "Reason", "Owner", "Until"),
        [(one["state"], _few(one["rules"]), *_waiver(one)) for one in waivers if one["state"] != "active"],
    )


def _fixed(baseline: Baseline) -> _Section:
    rows: list[Row] = [
        (markdown_text(one["severity"]), code(one["rule"]), code(one["subject"])) for one in baseline["fixed"]
    ]
    return _Section(f"Fixed since {code(baseline['audited_at'])}", ("Severity", "Rule", "Connection"), rows)


def _rule(rule: RuleEntry) -> str:
    page = next(filter(is_web_page, rule["references"]), "")
    return f"{link(code(rule['id']), page)} {markdown_text(rule['title'], CELL_LENGTH)}"


def _message(finding: Finding) -> str:
    return code(finding["message"]) if finding["message"] else ""


def _waiver_of(finding: Finding, waivers: list[WaiverEntry]) -> Row:
    return ("", "", "") if finding["waiver"] is None else _waiver(waivers[finding["waiver"]])


def _waiver(waiver: WaiverEntry) -> Row:
    reason, owner = (markdown_text(text, CELL_LENGTH) for text in (waiver["reason"], waiver["owner"]))
    return reason, owner, markdown_text(waiver["expires"])


def _subject(finding: Finding, has_servers: bool) -> str:
    """Return the subject, with the connection's key if the report has several servers."""
    subject = code(finding["subject"])
    return f"{subject} {code(stable_name(finding))}" if has_servers and finding["label"] is None else subject
