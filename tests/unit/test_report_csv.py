# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CSV report, as Python's reader of CSV finds it."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import importance
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.csv import COLUMNS, render
from tests import sample_reports
from tests.report_readers import invisible_characters

MARK = "\ufeff"


def rows_of(report: dict) -> list[dict[str, str]]:
    text = render(report)
    assert text.startswith(MARK)
    reader = csv.DictReader(io.StringIO(text.removeprefix(MARK), newline=""), strict=True)
    rows = list(reader)
    assert tuple(reader.fieldnames) == COLUMNS and all(None not in row for row in rows)
    return rows


def test_each_finding_has_a_row_and_the_most_important_is_first():
    report = sample_reports.small()
    expected = sorted(report["findings"], key=importance)
    rows = [row for row in rows_of(report) if row["Rule"]]
    assert [row["Fingerprint"] for row in rows] == [one["fingerprint"] for one in expected]
    assert rows_of(report)[: len(rows)] == rows


def test_changes_follow_the_findings():
    *_findings, changed, added, removed = rows_of(sample_reports.small())
    assert {name: text for name, text in changed.items() if text} == {
        "Server": "sde.example.com",
        "Verdict": "changed",
        "Fails the audit": "no",
        "Kind": "alm",
        "Connection": "1",
        "Project": "3",
        "Subject": 'ALM connection 1 "Jira Europe"',
        "Message": "server.host: jira.example.com -> jira.example.net; frequency: daily -> null",
    }
    assert [(one["Verdict"], one["Connection"], one["Message"]) for one in (added, removed)] == [
        ("added", "2", ""),
        ("removed", "9", ""),
    ]


def test_row_of_failing_finding():
    report = sample_reports.small()
    report["rules"][0]["controls"] = {"nist-800-53": ["SC-8", "SC-13"], "cis-8": ["3.10"]}
    (row,) = [one for one in rows_of(report) if one["Rule"] == "alm-tls" and one["Verdict"] == "fail"]
    fingerprint = row.pop("Fingerprint")
    assert row == {
        "Server": "sde.example.com",
        "Rule": "alm-tls",
        "Title": "ALM traffic is encrypted",
        "Severity": "high",
        "Verdict": "fail",
        "Baseline": "known",
        "Fails the audit": "yes",
        "Kind": "alm",
        "Connection": "1",
        "Alias": "Jira Europe",
        "Project": "3",
        "Project name": "Customer Portal",
        "Project page": "https://sde.example.com/sde/bunits/retail/banking/customer-portal",
        "System": "Jira",
        "Subject": 'ALM connection 1 "Jira Europe"',
        "Message": "Connects to jira.example.com without TLS",
        "Observed": "server.scheme = http",
        "Remediation": "Set the connection's method to https.",
        "Waiver owner": "",
        "Waiver expires": "",
        "Waiver reason": "",
        "Controls": "nist-800-53 SC-8; nist-800-53 SC-13; cis-8 3.10",
    }
    assert re.fullmatch("[0-9a-f]{32}", fingerprint)


def test_row_has_the_waiver_even_if_it_has_expired():
    report = sample_reports.small()
    (waived,) = [one for one in rows_of(report) if one["Verdict"] == "waived" and one["Rule"] == "alm-tls"]
    names = ("Waiver owner", "Waiver expires", "Waiver reason", "Fails the audit", "Baseline")
    assert [waived[name] for name in names] == ["sec@example.com", "2026-12-05", "Migration is under way.", "no", ""]
    (failing,) = [one for one in report["findings"] if one["rule"] == "no-debug-mode" and one["verdict"] == "fail"]
    failing["expired_waiver"] = 1
    (row,) = [one for one in rows_of(report) if one["Fingerprint"] == failing["fingerprint"]]
    assert [row["Waiver expires"], row["Verdict"]] == ["2026-10-31", "fail"]


def test_row_of_item_has_the_facts_of_all_its_connections():
    report = sample_reports.small()
    finding = report["findings"][0]
    finding["connections"] = [entry["key"] for entry in report["connections"]]
    (row,) = [one for one in rows_of(report) if one["Fingerprint"] == finding["fingerprint"]]
    assert row["Kind"] == "alm; analysis" and row["Connection"] == "1; 2; 3"
    finding["connections"] = []
    (row,) = [one for one in rows_of(report) if one["Fingerprint"] == finding["fingerprint"]]
    assert {row[name] for name in ("Kind", "Connection", "Alias", "System")} == {""}


@pytest.mark.parametrize("name", ["hostile", "failed"])
def test_no_cell_is_a_formula_and_each_record_has_one_line(name):
    report = getattr(sample_reports, name)()
    rows = rows_of(report)
    cells = [cell for row in rows for cell in row.values()]
    assert cells and not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    assert not [cell for cell in cells if invisible_characters(cell) or "\n" in cell]
    text = render(report)
    assert text.count("\r\n") == len(rows) + 1 and "\n" not in text.replace("\r\n", "")


@given(st.text(), st.text())
def test_any_text_is_one_cell(alias, message):
    report = sample_reports.passed()
    report = {**report, "findings": [], "rules": report["rules"]}
    connection = {**sample_reports.connection("alm", 1), "key": "alm/1"}
    connection["facts"]["alias"] = alias
    finding = sample_reports.finding(report["rules"][0], connection, "fail", message)
    (row,) = rows_of({**report, "connections": [connection], "findings": [finding]})
    assert row["Connection"] == "1" and row["Fingerprint"] == finding["fingerprint"]


def test_failed_and_incomplete_audits_have_a_row():
    """A table without rows would look like an audit without findings."""
    assert rows_of(sample_reports.passed()) == []
    (row,) = rows_of(sample_reports.failed())
    assert (row["Server"], row["Verdict"], row["Fails the audit"]) == ("sde.example.com", "error", "yes")
    assert row["Message"].startswith("SD Elements audit of sde.example.com could not be completed: Invalid policy")
    missing = rows_of(sample_reports.merged())[0]
    assert (missing["Server"], missing["Message"]) == ("sde.example.org", "sde.example.org has no report")
