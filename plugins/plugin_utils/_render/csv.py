# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the findings as CSV (RFC 4180), for spreadsheets.

No cell is a formula. Verdicts that need no attention are left out; the other formats have them. Changes since the
baseline follow the findings, with what happened to the connection as the verdict.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from .._audit.model import ConnectionChange, Facts, Finding, Report, RuleEntry, WaiverEntry, importance, observed_text
from .findings import ProjectLabel, ProjectLabels, change_text, errors_without_finding
from .text import FORMULA_STARTS, collapse, escape_cell

COLUMNS = (
    "Server",
    "Rule",
    "Title",
    "Severity",
    "Verdict",
    "Baseline",
    "Fails the audit",
    "Kind",
    "Connection",
    "Alias",
    "Project",
    "Project name",
    "Project page",
    "System",
    "Subject",
    "Message",
    "Observed",
    "Remediation",
    "Waiver owner",
    "Waiver expires",
    "Waiver reason",
    "Controls",
    "Fingerprint",
)
# Without it, Excel reads a file in the encoding of its own country.
_BYTE_ORDER_MARK = "\ufeff"
_MAX_CELL = 2000
# Where the comma is for decimals, Excel ends a cell at a semicolon, even within the quotes of another cell.
_FORMULA_AFTER_SEMICOLON = re.compile(rf';(?=[\s"]*[{FORMULA_STARTS}])')

_Row = dict[str, Any]


def render(report: Report) -> str:
    """Return a header, and a row for each finding, the most important first."""
    text = io.StringIO()
    text.write(_BYTE_ORDER_MARK)
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in _rows(report):
        writer.writerow({name: _cell(str(value)) for name, value in row.items()})
    return text.getvalue()


def _cell(text: str) -> str:
    return _FORMULA_AFTER_SEMICOLON.sub(";'", escape_cell(text, _MAX_CELL))


def _rows(report: Report) -> Iterator[_Row]:
    rules = {rule["id"]: rule for rule in report["rules"]}
    facts = {entry["key"]: entry["facts"] for entry in report["connections"]}
    labels = ProjectLabels(report)
    for server, message in errors_without_finding(report).items():
        yield {"Server": server, "Verdict": "error", "Fails the audit": "yes", "Message": collapse(message)}
    for finding in sorted(report["findings"], key=importance):
        number = finding["expired_waiver"] if finding["waiver"] is None else finding["waiver"]
        waiver = None if number is None else report["waivers"][number]
        connections = [facts[key] for key in finding["connections"]]
        yield _row(finding, rules[finding["rule"]], connections, labels.of(finding), waiver)
    for change in report["changes"]["connections"] if report["changes"] else ():
        yield _row_of_change(change)


def _row(
    finding: Finding,
    rule: RuleEntry,
    connections: list[Facts],
    projects: list[ProjectLabel],
    waiver: WaiverEntry | None,
) -> _Row:
    controls = [f"{framework} {name}" for framework, names in rule["controls"].items() for name in names]
    return {
        "Server": finding["server"] or "",
        "Rule": rule["id"],
        "Title": rule["title"],
        "Severity": finding["severity"],
        "Verdict": finding["verdict"],
        "Baseline": finding["baseline"] or "",
        "Fails the audit": "yes" if finding["fails_audit"] else "no",
        "Kind": _unique(connections, "kind"),
        "Connection": _unique(connections, "id"),
        "Alias": _unique(connections, "alias"),
        "Project": "; ".join(map(str, finding["projects"])),
        "Project name": "; ".join(filter(None, (one.name for one in projects))),
        "Project page": "; ".join(filter(None, (one.page for one in projects))),
        "System": _unique(connections, "system"),
        "Subject": finding["subject"],
        "Message": finding["message"],
        "Observed": observed_text(finding),
        "Remediation": collapse(rule["remediation"]),
        "Waiver owner": waiver["owner"] if waiver else "",
        "Waiver expires": waiver["expires"] if waiver else "",
        "Waiver reason": collapse(waiver["reason"]) if waiver else "",
        "Controls": "; ".join(controls),
        "Fingerprint": finding["fingerprint"],
    }


def _row_of_change(change: ConnectionChange) -> _Row:
    kind, id_ = change["key"].rsplit("/", 2)[-2:]
    return {
        "Server": change["server"] or "",
        "Verdict": change["change"],
        "Fails the audit": "no",
        "Kind": kind,
        "Connection": id_,
        "Project": "" if change["project"] is None else change["project"],
        "Subject": change["subject"],
        "Message": change_text(change),
    }


def _unique(connections: list[Facts], fact: str) -> str:
    """Return the values of a fact, of which a finding about several connections may have several."""
    values = dict.fromkeys(str(one[fact]) for one in connections if one.get(fact) is not None)
    return "; ".join(values)
