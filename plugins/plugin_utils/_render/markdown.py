# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as Markdown, for a merge request or the summary of a pipeline."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .._audit.model import (
    NOT_FIXED,
    OUTCOMES,
    SEVERITIES,
    VERDICT_HEADINGS,
    VERDICTS,
    Baseline,
    Changes,
    ConnectionChange,
    Facts,
    Finding,
    FixedFinding,
    Report,
    RuleEntry,
    WaiverEntry,
    count_text,
    count_verdicts,
    full_subject,
    importance,
    plain_or_json,
    rules_that_match_nothing,
    verdicts_by_control,
)
from .findings import (
    MAX_CHANGED_FACTS,
    RULE_STATES,
    ProjectLabels,
    task_variables,
    unstated_values,
    waiver_name,
    waiver_yaml,
)
from .markup import CELL_LENGTH, code, code_block, is_web_page, link, markdown_text

# GitHub allows 65,536 characters in a comment and a mebibyte in a step summary, GitLab a million in a comment.
MAX_CHARACTERS = 60_000
# Findings with a remediation and a waiver to copy.
MAX_NEXT_STEPS = 20
_MAX_MISSING_SERVERS = 20

Row = tuple[str, ...]


class _Section(NamedTuple):
    """Rows or paragraphs below a heading. As many as fit are shown, and the others are counted."""

    start: str
    parts: list[str]
    note: str
    separator: str = "\n"
    end: str = ""
    omitted: int = 0


def render(report: Report) -> str:
    """Return GitHub-flavoured Markdown that is short enough for a comment."""
    text = "\n\n".join(_head(report))
    for section in _sections(report):
        if section.parts:
            # Half of the remaining characters, so that a long list does not displace the following ones.
            text += "\n\n" + _bounded(section, (MAX_CHARACTERS - len(text)) // 2)
    return text + "\n"


# ---------------------------------------------------------------------------------------------------------------
# Sections and tables


def _bounded(section: _Section, budget: int) -> str:
    """Return the section with as many parts as fit."""
    shown = []
    for part in section.parts:
        budget -= len(section.separator) + len(part)
        if budget < 0:
            break
        shown.append(part)
    omitted = section.omitted + len(section.parts) - len(shown)
    text = section.separator.join([section.start, *shown])
    text += f"\n\n{omitted} {section.note}" if omitted else ""
    return f"{text}\n\n{section.end}" if section.end else text


def _table_section(title: str, columns: Row, rows: Iterable[Row]) -> _Section:
    parts = list(map(_row, rows))
    start = "\n".join([f"### {title} ({len(parts)})", "", *_table([columns])])
    return _Section(start, parts, "more in the JSON report.")


def _table(rows: Iterable[Row]) -> list[str]:
    head, *others = rows
    return [_row(head), "|" + " --- |" * len(head), *map(_row, others)]


def _row(cells: Row) -> str:
    return "| " + " | ".join(map(_escape_pipes, cells)) + " |"


def _escape_pipes(text: str) -> str:
    """Escape pipes, in code as well. Parsers disagree about a pipe after a backslash; it becomes a Unicode escape."""
    return re.sub(r"(\\?)\|", lambda match: r"\\u007c" if match.group(1) else r"\|", text)


# ---------------------------------------------------------------------------------------------------------------
# The verdict


def _head(report: Report) -> Iterator[str]:
    summary = report["summary"]
    yield f"## SD Elements connection audit: {OUTCOMES[summary['verdict']]}"
    missing = report.get("missing_servers")
    if missing:
        yield f"**Servers without a report ({len(missing)})**: {_few(map(code, missing), _MAX_MISSING_SERVERS)}"
    first, *errors = summary["message"].splitlines()
    yield markdown_text(first)
    if errors:
        yield "\n".join(f"* {markdown_text(error)}" for error in errors)
    if summary["verdict"] != "error":
        yield "\n".join(_table(_counts(report)))
        yield _scope(report)


def _counts(report: Report) -> Iterator[Row]:
    counts = count_verdicts(report["findings"], report["other_verdicts"])
    yield ("Severity", *VERDICT_HEADINGS.values())
    for severity in SEVERITIES:
        yield (severity, *(str(counts[severity, verdict]) for verdict in VERDICT_HEADINGS))
    yield ("**all**", *(f"**{report['summary']['verdict_counts'][verdict]}**" for verdict in VERDICT_HEADINGS))


def _scope(report: Report) -> str:
    summary = report["summary"]
    servers = f" of {_few(_server(report, name) for name in report['servers'])}" if report["servers"] else ""
    connections = count_text(summary["connections"], "connection")
    rules = f"{count_text(summary['rules'], 'rule')} of {_few(map(code, report['policies']))}"
    return f"Audited {connections}{servers} by {rules}, at {markdown_text(report['audited_at'])}. {_threshold(report)}."


def _threshold(report: Report) -> str:
    summary = report["summary"]
    if summary["fail_on"] == "never":
        return "Never fails"
    counting = "; inconclusive findings count" if summary["inconclusive"] == "fail" else ""
    accepted = "; known findings are accepted" if report["baseline"] and summary["known_findings"] == "accept" else ""
    return f"Fails on findings of severity {summary['fail_on']} or higher{counting}{accepted}"


def _few(texts: Iterable[str], limit: int = 5) -> str:
    texts = list(texts)
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def _server(report: Report, name: str) -> str:
    return link(code(name, 100), report["server_urls"].get(name))


# ---------------------------------------------------------------------------------------------------------------
# Contents


def _sections(report: Report) -> Iterator[_Section]:
    rules = {rule["id"]: rule for rule in report["rules"]}
    findings = sorted(report["findings"], key=importance)
    others: dict[str, list[Finding]] = {verdict: [] for verdict in VERDICT_HEADINGS}
    for finding in findings:
        if not finding["fails_audit"]:
            others[finding["verdict"]].append(finding)
    if len(report["servers"]) > 1:
        yield _servers(report)
    failing = [finding for finding in findings if finding["fails_audit"]]
    yield _findings("Fails the audit", failing, report, rules)
    yield _findings("Errors", others["error"], report, rules)
    if report["changes"]:
        yield _changes(report["changes"], report)
        yield _not_compared(report["changes"])
    yield _findings("Failed, without effect on the verdict", others["fail"], report, rules)
    yield _next_steps([finding for finding in findings if finding["verdict"] == "fail"], report, rules)
    yield _findings("Inconclusive", others["inconclusive"], report, rules)
    if report["baseline"]:
        yield _fixed(report["baseline"], report)
        yield _not_fixed(report["baseline"], report)
    yield _waived(others["waived"], report, rules)
    yield _waivers_to_look_at(report["waivers"])
    yield from _rules_to_look_at(report)
    yield _controls(report)


def _rules_to_look_at(report: Report) -> Iterator[_Section]:
    """Return the rules that evaluated nothing or were not selected, and those that another file changes."""
    vacuous = rules_that_match_nothing(report["rules"])
    states = {**RULE_STATES, "matches_nothing": "matches nothing, as it may"}
    idle = [
        (code(rule["id"]), "matches nothing" if rule["id"] in vacuous else states[rule["state"]])
        for rule in report["rules"]
        if rule["state"] in states
    ]
    yield _table_section("Rules that evaluated nothing", ("Rule", "State"), idle)
    yield _table_section("Rules that were not selected", ("Rule",), [(code(id_),) for id_ in report["not_selected"]])
    variables = [(code(text),) for text in task_variables(report)]
    yield _table_section("Variables that the task sets", ("Variable",), variables)
    disabled = [(code(one["rule"]), code(one["file"])) for one in report["disabled"]]
    yield _table_section("Disabled rules", ("Rule", "Policy file"), disabled)
    overridden = [
        (code(rule["id"]), code(one["file"]), code(", ".join(one["fields"])))
        for rule in report["rules"]
        for one in rule["overridden"]
    ]
    yield _table_section("Overridden rules", ("Rule", "Policy file", "Fields"), overridden)


def _controls(report: Report) -> _Section:
    states = {rule["id"]: RULE_STATES[rule["state"]] for rule in report["rules"] if rule["state"] in RULE_STATES}
    rows = [
        (
            code(one.framework),
            code(one.control),
            _few(code(rule) + (f" ({states[rule]})" if rule in states else "") for rule in one.rules),
            *(str(one.verdicts[verdict]) for verdict in VERDICT_HEADINGS),
        )
        for one in verdicts_by_control(report)
    ]
    return _table_section("Controls", ("Framework", "Control", "Rules", *VERDICT_HEADINGS.values()), rows)


def _servers(report: Report) -> _Section:
    """Return the counts of each server, those with the most findings that fail the audit first."""
    verdicts: Counter[tuple[str | None, str]] = Counter()
    failing: Counter[str | None] = Counter()
    for finding in report["findings"]:
        verdicts[finding["server"], finding["verdict"]] += 1
        failing[finding["server"]] += finding["fails_audit"]
    for group in report["other_verdicts"]:
        verdicts[group["server"], group["verdict"]] += group["count"]
    connections = Counter(entry["server"] for entry in report["connections"])
    rows = [
        (
            _server(report, name),
            str(connections[name]),
            str(failing[name]),
            *(str(verdicts[name, verdict]) for verdict in VERDICT_HEADINGS),
        )
        for name in sorted(report["servers"], key=lambda name: -failing[name])
    ]
    columns = ("Server", "Connections", "Fails the audit", *VERDICT_HEADINGS.values())
    return _table_section("Servers", columns, rows)


def _findings(title: str, findings: list[Finding], report: Report, rules: dict[str, RuleEntry]) -> _Section:
    """Return a table with columns for the baseline, projects and the remediation, if there are any."""
    state = ("Baseline",) if report["baseline"] else ()
    projects = ("Project",) if report["projects"] else ()
    advice = ("Remediation",) if any(finding["verdict"] == "fail" for finding in findings) else ()
    labels = ProjectLabels(report)
    rows = [
        (
            finding["severity"],
            *[finding["baseline"] or "" for _column in state],
            _rule(rules[finding["rule"]]),
            _subject(report, finding),
            *[_few((link(code(str(one)), one.page) for one in labels.of(finding)), 3) for _column in projects],
            _explanation(finding) + _expired_waiver(finding, report["waivers"]),
            *[_remediation(finding, rules[finding["rule"]]) for _column in advice],
        )
        for finding in findings
    ]
    return _table_section(title, ("Severity", *state, "Rule", "Connection", *projects, "Finding", *advice), rows)


def _next_steps(failing: list[Finding], report: Report, rules: dict[str, RuleEntry]) -> _Section:
    """Return the whole remediation of the most important findings, and a waiver of each."""
    facts = {entry["key"]: entry["facts"] for entry in report["connections"]}
    parts = [_next_step(finding, report, rules[finding["rule"]], facts) for finding in failing[:MAX_NEXT_STEPS]]
    start = "<details>\n<summary>Remediation, and waivers to copy</summary>"
    omitted = len(failing) - len(parts)
    return _Section(start, parts, "more not shown.", separator="\n\n", end="</details>", omitted=omitted)


def _next_step(finding: Finding, report: Report, rule: RuleEntry, facts: dict[str, Facts]) -> str:
    waiver = waiver_yaml(finding, facts) if rule["waivable"] else None
    paragraphs = [
        f"**{code(finding['rule'])}** {_subject(report, finding)}",
        f"Remediation: {markdown_text(rule['remediation'])}" if rule["remediation"] else "",
        code_block("yaml", waiver) if waiver else "",
    ]
    return "\n\n".join(filter(None, paragraphs))


def _changes(changes: Changes, report: Report) -> _Section:
    """Return a row for each fact that changed, with its old and new value. Added connections have no old one."""
    rows = []
    for one in changes["connections"]:
        subject = _subject(report, one)
        rows += [
            (subject, code(fact["name"]), code(plain_or_json(fact["old"])), code(plain_or_json(fact["new"])))
            for fact in one["facts"][:MAX_CHANGED_FACTS]
        ]
        omitted = len(one["facts"]) - MAX_CHANGED_FACTS
        rows += [(subject, f"{omitted} more", "", "")] if omitted > 0 else []
        rows += [(subject, one["change"], "", "")] if one["change"] != "changed" else []
    return _table_section("What changed since the baseline", ("Connection", "Fact", "Before", "Now"), rows)


def _not_compared(changes: Changes) -> _Section:
    rows = [
        (str(len(one["connections"])), code(", ".join(one["facts"])), code(one["reason"]))
        for one in changes["not_compared"]
    ]
    return _table_section("Not compared with the baseline", ("Connections", "Facts", "Reason"), rows)


def _fixed(baseline: Baseline, report: Report) -> _Section:
    rows = [(markdown_text(one["severity"]), code(one["rule"]), _subject(report, one)) for one in baseline["fixed"]]
    return _table_section(f"Fixed since {code(baseline['audited_at'])}", ("Severity", "Rule", "Connection"), rows)


def _not_fixed(baseline: Baseline, report: Report) -> _Section:
    rows = [
        (markdown_text(one["severity"]), code(one["rule"]), _subject(report, one), NOT_FIXED[one["reason"]])
        for one in baseline["not_fixed"]
    ]
    title = f"No longer found since {code(baseline['audited_at'])}, but not fixed"
    return _table_section(title, ("Severity", "Rule", "Connection", "Reason"), rows)


def _waived(findings: list[Finding], report: Report, rules: dict[str, RuleEntry]) -> _Section:
    rows = [
        (
            _rule(rules[finding["rule"]]),
            _subject(report, finding),
            _explanation(finding),
            *(("", "", "") if finding["waiver"] is None else _waiver(report["waivers"][finding["waiver"]])),
        )
        for finding in findings
    ]
    return _table_section("Waived", ("Rule", "Connection", "Finding", "Reason", "Owner", "Until"), rows)


def _waivers_to_look_at(waivers: list[WaiverEntry]) -> _Section:
    rows = [
        (one["state"], code(waiver_name(one)), _few(map(code, one["rules"])), *_waiver(one))
        for one in sorted(waivers, key=lambda one: (one["state"] != "expired", not one["ends_soon"]))
        if one["state"] != "active" or one["ends_soon"]
    ]
    columns = ("State", "Waiver", "Rules", "Reason", "Owner", "Until")
    return _table_section("Waivers that are expired, unused or end soon", columns, rows)


# ---------------------------------------------------------------------------------------------------------------
# Cells


def _rule(rule: RuleEntry) -> str:
    page = next(filter(is_web_page, rule["references"]), None)
    return f"{link(code(rule['id']), page)} {markdown_text(rule['title'], CELL_LENGTH)}"


def _subject(report: Report, finding: Finding | FixedFinding | ConnectionChange) -> str:
    """Return the subject, with a link to its server if the report has several."""
    if len(report["servers"]) < 2:
        return code(finding["subject"])
    return link(code(full_subject(finding)), report["server_urls"].get(finding["server"] or ""))


def _explanation(finding: Finding) -> str:
    """Return the message and the observed values. The findings that fail the audit have several verdicts."""
    verdict, values = finding["verdict"], unstated_values(finding)
    label = f"{VERDICTS[verdict]}: " if finding["fails_audit"] and verdict != "fail" else ""
    message = code(finding["message"]) if finding["message"] else ""
    return label + " ".join(filter(None, [message, f"({code(values)})" if values else ""]))


def _expired_waiver(finding: Finding, waivers: list[WaiverEntry]) -> str:
    if finding["expired_waiver"] is None:
        return ""
    waiver = waivers[finding["expired_waiver"]]
    return f" Its waiver expired after {markdown_text(waiver['expires'])} ({code(waiver_name(waiver))})"


def _remediation(finding: Finding, rule: RuleEntry) -> str:
    return markdown_text(rule["remediation"], CELL_LENGTH) if finding["verdict"] == "fail" else ""


def _waiver(waiver: WaiverEntry) -> Row:
    reason, owner = (markdown_text(text, CELL_LENGTH) for text in (waiver["reason"], waiver["owner"]))
    return reason, owner, markdown_text(waiver["expires"]) + (" (ends soon)" if waiver["ends_soon"] else "")
