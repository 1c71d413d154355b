# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's reports, each with hostile data. tests/formats checks them with the schemas and validators of others."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import stat
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from hypothesis import example, given, strategies as st
from junitparser import JUnitXml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    VerdictOptions,
    stable_name,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import mark_failing
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import sarif as sarif_format
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.html import _as_script_data
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.json import render as render_json
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.junit import render as render_junit
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.markdown import (
    MAX_NEXT_STEPS,
    _bounded,
    _row,
    _Section,
    _table_section,
    render as render_markdown,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.markup import (
    code,
    code_block,
    is_web_page,
    markdown_text,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.sarif import (
    _escape_message,
    render as render_sarif,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import (
    MAX_LENGTH,
    collapse,
    escape_block,
    escape_cell,
    escape_line,
    sentence,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS, write_reports
from tests import sample_reports
from tests.report_readers import (
    assert_harmless,
    assert_schema_describes,
    invisible_characters,
    junit_cases,
    junit_outcomes,
    markdown_tables,
    markdown_tokens,
    verdicts_in_json,
    verdicts_in_junit,
    verdicts_in_sarif,
)
from tests.sample_reports import HOSTILE, SEVERITIES

SUFFIXES = {"json": "json", "junit": "xml", "sarif": "sarif", "markdown": "md", "html": "html", "csv": "csv"}
SMALL_REPORTS = ("small", "passed", "empty", "broken_loop", "hostile", "merged")
LINKS = (
    "https://docs.example.com/tls?a=1&b=2",
    "https://sde.example.com/sde",
    "https://sde.example.com/sde/bunits/x",
    "https://sde.example.com/sde/bunits/retail/banking/customer-portal",
    "https://sde.example.com/sde/bunits/retail/banking/payments-api",
)


@pytest.fixture(params=SMALL_REPORTS)
def report(request):
    return getattr(sample_reports, request.param)()


@pytest.fixture(scope="module")
def big():
    return sample_reports.big()


def sarif(report: dict) -> dict:
    return json.loads(render_sarif(report))["runs"][0]


def strict(report: dict) -> dict:
    """The report of a run in which doubt counts as failure."""
    report["summary"]["inconclusive"] = "fail"
    mark_failing(report["findings"], VerdictOptions("high", "fail", "fail"))
    return report


def lenient(report: dict) -> dict:
    """The report of a run that accepts known findings."""
    report["summary"]["known_findings"] = "accept"
    mark_failing(report["findings"], VerdictOptions("high", "warn", "accept"))
    return report


# ---------------------------------------------------------------------------------------------------------------
# Texts


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Jira Europe (EU) – Zürich 漢字 😀", "Jira Europe (EU) – Zürich 漢字 😀"),
        ("a\nb\r\tc\0", r"a\nb\r\tc\x00"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),
        ("pay\u200bpal\U000e0041\u3164", r"pay\u200bpal\U000e0041\u3164"),
        ("half \ud800", r"half \ud800"),
        # Printable for Python.
        ("pay\u3164pal", r"pay\u3164pal"),
        ("blank\u2800", r"blank\u2800"),
        ("\uffff\ufdd0", r"\uffff\ufdd0"),
        ("x" * 12, "xxxxxxxxxx… (2 more characters)"),
        ("x" * 10, "xxxxxxxxxx"),
    ],
)
def test_escape_line(text, shown):
    assert escape_line(text, 10 if text.startswith("xxx") else 500) == shown


@pytest.mark.parametrize("text", ["It failed.", "tls?", "a long value…"])
def test_sentence_has_one_end(text):
    assert sentence(text) == text and sentence(text.rstrip(".?…")) == f"{text.rstrip('.?…')}."


def test_escape_block_keeps_lines():
    assert escape_block("blank\u2800") == r"blank\u2800"
    assert escape_block("a\r\nb\tc\rd\0\u202e\ud800 ü") == "a\nb\tc\\rd\\x00\\u202e\\ud800 ü"


@pytest.mark.parametrize("name", ["formula", "plus", "minus", "at"])
def test_cell_is_never_a_formula(name):
    assert escape_cell(HOSTILE[name]).startswith("'")
    assert escape_cell(f"  {HOSTILE[name]}").startswith("'")


@given(st.text(st.characters(exclude_categories=()), max_size=600))
@example("".join(HOSTILE.values()))
def test_escape_line_hides_nothing_and_is_bounded(text):
    shown = escape_line(text)
    assert not invisible_characters(shown)
    shown.encode("utf-8")
    assert len(shown) <= 10 * MAX_LENGTH + 40


@pytest.mark.parametrize(
    "label, connections, name",
    [(None, ["alm/1"], "alm/1"), (None, [], "tls"), (None, ["alm/1", "alm/2"], "tls"), ("item", ["alm/1"], "item")],
)
def test_stable_name(label, connections, name):
    assert stable_name({"rule": "tls", "label": label, "connections": connections}) == name


# ---------------------------------------------------------------------------------------------------------------
# JSON


def test_json_equals_report(report):
    assert_schema_describes(report)
    text = render_json(report)
    assert json.loads(text.encode("utf-8")) == report
    assert not invisible_characters(text)


def test_json_has_a_line_for_each_finding_and_subject():
    report = sample_reports.small()
    lines = render_json(report).splitlines()
    for finding in report["findings"]:
        assert [json.loads(line.strip().rstrip(",")) for line in lines if finding["fingerprint"] in line] == [finding]
    subjects = [one for group in report["other_verdicts"] for one in group["subjects"]]
    assert [json.loads(line.rstrip(",")) for line in lines if line.startswith("   ")] == subjects


def test_json_keeps_printable_unicode():
    report = sample_reports.passed()
    report["connections"][0]["facts"]["alias"] = "Zürich 漢字"
    assert '"alias": "Zürich 漢字"' in render_json(report)


def test_json_has_no_nan():
    report = sample_reports.passed()
    report["connections"][0]["facts"]["params"] = {"a": [float("nan"), float("inf"), 1.5]}
    read = json.loads(render_json(report), parse_constant=pytest.fail)
    assert read["connections"][0]["facts"]["params"] == {"a": ["nan", "inf", 1.5]}


@pytest.mark.parametrize(
    "path, wrong",
    [
        (["version"], "1.0"),
        (["summary", "verdict_counts", "pass"], -1),
        (["findings", 0, "verdict"], "pass"),
        (["other_verdicts", 0, "verdict"], "fail"),
        (["other_verdicts", 0, "subjects", 0], 1),
        (["findings", 0, "fingerprint"], "abc"),
        (["waivers", 0, "expires"], "soon"),
    ],
)
def test_schema_refuses_wrong_reports(path, wrong):
    report = sample_reports.small()
    place = report
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        assert_schema_describes(report)


# ---------------------------------------------------------------------------------------------------------------
# JUnit


@pytest.mark.parametrize("prepare", [lambda report: report, strict], ids=["warn", "fail"])
def test_junit_counts(report, prepare):
    report = prepare(report)
    verdicts = report["summary"]["verdict_counts"]
    ends = {"passed": verdicts["pass"], "failure": verdicts["fail"], "error": verdicts["error"]}
    ends["error"] += len(report.get("missing_servers", []))
    ends["skipped"] = verdicts["waived"] + verdicts["not_applicable"]
    ends["failure" if report["summary"]["inconclusive"] == "fail" else "skipped"] += verdicts["inconclusive"]
    text = render_junit(report)
    assert junit_outcomes(text) == +Counter(ends)

    read = JUnitXml.fromstring(text.encode("utf-8"))
    assert (read.tests, read.failures, read.errors) == (sum(ends.values()), ends["failure"], ends["error"])
    said = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in read]
    for suite in read:
        suite.update_statistics()
    assert said == [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in read]


def suites_of(report: dict) -> dict:
    return {suite.name: suite for suite in JUnitXml.fromstring(render_junit(report).encode())}


def test_junit_contains_values_and_remediation():
    report = sample_reports.small()
    suite = suites_of(report)["alm-tls"]
    assert {one.name: one.value for one in suite.properties()} == {
        "title": "ALM traffic is encrypted",
        "state": "evaluated",
        "severity": "high",
        "policies": "starter, our_policy.yml",
        "servers": "sde.example.com",
        "verdict": "fail",
        "summary": report["summary"]["message"],
        "changes": 'changed: sde.example.com, ALM connection 1 "Jira Europe": server.host: jira.example.com -> '
        'jira.example.net; frequency: daily -> null; added: sde.example.com, ALM connection 2 "Rally"; removed: '
        'sde.example.com, ALM connection 9 "Old Jira"',
    }
    failing, waived, _passing, elsewhere = suite
    subject = 'sde.example.com, ALM connection 1 "Jira Europe"'
    assert (failing.classname, failing.name) == ("sdelements.alm-tls", subject)
    [failure] = failing.result
    assert failure.type == "high"
    assert failure.message == f"known: {subject}: Connects to jira.example.com without TLS (server.scheme = http)"
    assert failure.text.splitlines() == [
        "",
        "Rule: ALM traffic is encrypted (high)",
        f"About: {subject}",
        "Project: 3 Customer Portal (https://sde.example.com/sde/bunits/retail/banking/customer-portal)",
        "Finding: Connects to jira.example.com without TLS",
        "Observed: server.scheme = http",
        "Condition: connection.server.scheme == 'https'",
        "Fails the audit: yes",
        "Baseline: known",
        "Remediation: Set the connection's method to https.",
        "References: https://docs.example.com/tls?a=1&b=2",
        "Server: https://sde.example.com/sde",
        f"Fingerprint: {report['findings'][0]['fingerprint']}",
    ]
    [skipped] = waived.result
    assert skipped.type == "waived" and skipped.message.startswith("waived: sde.example.com, ALM connection 3 ")
    waiver = "Waived: Migration is under way. (sec@example.com, until 2026-12-05, ends soon; our_policy.yml, waiver 1)"
    assert waiver in skipped.text.splitlines()
    assert elsewhere.result[0].message.startswith("not applicable: ")
    texts = [case.result[0].text for case in suites_of(report)["no-debug-mode"] if case.result]
    expired = "Expired waiver: Looking for a fault. (ops@example.com, until 2026-10-31; our_policy.yml, waiver 2)"
    assert [expired in text.splitlines() for text in texts] == [False, True]


def test_junit_begins_with_what_fails_the_audit():
    """Rules and their cases are sorted alike; passing cases are last."""
    suites = suites_of(lenient(sample_reports.small()))
    assert list(suites) == [
        "no-debug-mode",
        "allowed-server",
        "project-connected",
        "named-well",
        "last-sync",
        "alm-tls",
    ]
    messages = [case.result[0].message if case.result else None for case in suites["no-debug-mode"]]
    assert messages[0].startswith("new: sde.example.com, Analysis connection 1 ")
    assert messages[1].startswith("new, waiver expired, does not fail the audit: sde.example.com, ALM connection 1 ")
    assert messages[2:] == [None, None]
    [known] = [case.result[0] for case in suites["alm-tls"] if case.result and case.result[0]._tag == "failure"]
    assert known.message.startswith("known, does not fail the audit: sde.example.com, ALM connection 1 ")


def test_junit_of_two_servers_has_no_common_names():
    """Pipelines take test cases with the same class and name for one, and a failure would vanish."""

    def cases(server: str) -> set[tuple[str, str]]:
        text = json.dumps(sample_reports.small()).replace(sample_reports.SERVER, server)
        return {(case.classname, case.name) for case in junit_cases(render_junit(json.loads(text)))}

    first, second = cases("sde.example.com"), cases("sde.example.net")
    assert len(first) == len(second) == sum(sample_reports.small()["summary"]["verdict_counts"].values())
    assert not first & second
    merged = [(case.classname, case.name) for case in junit_cases(render_junit(sample_reports.merged()))]
    assert len(set(merged)) == len(merged) == 5


def test_missing_servers_are_errors():
    """Without them, a pipeline would show fewer findings, and nothing wrong."""
    report = sample_reports.merged()
    [first, *_others] = junit_cases(render_junit(report))
    assert (first.classname, first.name) == ("sdelements.audit", "sde.example.org")
    assert (first.result[0]._tag, first.result[0].message) == ("error", "sde.example.org has no report")
    [invocation] = sarif(report)["invocations"]
    assert not invocation["executionSuccessful"]
    [note] = invocation["toolExecutionNotifications"]
    assert (note["level"], note["message"]["text"]) == ("error", "sde.example.org has no report.")
    names = [one["id"] for one in sarif(report)["tool"]["driver"]["notifications"]]
    assert names[note["descriptor"]["index"]] == note["descriptor"]["id"]
    complete = {**report, "missing_servers": []}
    assert sarif(complete)["invocations"][0]["executionSuccessful"] and "sdelements.audit" not in render_junit(complete)


@pytest.mark.parametrize("verdict", ["fail", "pass"])
def test_junit_of_an_audit_that_fails_without_a_finding(verdict):
    """A rule that matches nothing, or an audit without connections, can fail it."""
    report = sample_reports.passed()
    report["summary"].update(verdict=verdict, message="SD Elements audit failed: 1 rule matches nothing: tls.")
    errors = [(case.name, case.result[0].message) for case in junit_cases(render_junit(report)) if case.result]
    assert errors == ([("audit", report["summary"]["message"])] if verdict == "fail" else [])
    report["servers"] = ["sde.example.com"]
    assert ('name="sde.example.com"' in render_junit(report)) is (verdict == "fail")


def test_junit_names_connections_of_items():
    rule = sample_reports.rule("one-each", "One for each project", "low", loop="projects")
    connections = [sample_reports.connection("alm", number) for number in range(1, 13)]
    finding = sample_reports.item_finding(rule, "Payments", connections, "fail")
    [case] = junit_cases(render_junit(sample_reports.report([rule], connections, [finding])))
    [line] = [line for line in case.result[0].text.splitlines() if line.startswith("Connections: ")]
    assert line.startswith('Connections: ALM connection 1 "Jira 1", ALM connection 2 "Jira 2", ')
    assert line.endswith('ALM connection 10 "Jira 10", and 2 more')


def test_error_without_item_is_named_by_its_rule():
    report = sample_reports.broken_loop()
    [suite] = JUnitXml.fromstring(render_junit(report).encode())
    [case] = suite
    assert (case.name, case.result[0].type) == ("sde.example.com, Every project has a connection", "error")
    [note] = sarif(report)["invocations"][0]["toolExecutionNotifications"]
    assert note["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "project-connected/project-connected"


def test_junit_names_differ_in_more_than_punctuation():
    """Servers that compare letters and digits only would take them for one test case."""
    rule = sample_reports.rule("items", "Items", "low", loop="x")
    labels = ["a-b", "a b", "A.B", "ab", "?", "!", "=1"]
    findings = [sample_reports.item_finding(rule, label, [], "pass") for label in labels]
    report = sample_reports.report([rule], [], findings)
    for group in report["other_verdicts"]:
        group["server"] = None
    [suite] = JUnitXml.fromstring(render_junit(report).encode())
    names = [case.name for case in suite]
    assert names[0] == "a-b" and names[-1] == "'=1"
    compared = {re.sub(r"\W", "", name).casefold() for name in names}
    assert len(compared) == len(labels) and "" not in compared


# ---------------------------------------------------------------------------------------------------------------
# SARIF


def test_sarif_results():
    report = sample_reports.small()
    run = sarif(report)
    assert verdicts_in_sarif(render_sarif(report)) == Counter(fail=6, waived=1, inconclusive=2, error=1)
    assert run["properties"]["verdict_counts"] == report["summary"]["verdict_counts"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    of = {
        (result["ruleId"], result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]): result
        for result in run["results"]
    }

    failing = of["alm-tls", "sde.example.com/alm/1"]
    assert (failing["kind"], failing["level"], failing["baselineState"]) == ("fail", "error", "unchanged")
    subject = 'sde.example.com, ALM connection 1 "Jira Europe"'
    assert failing["message"]["text"].splitlines() == [
        f"{subject}: Connects to jira.example.com without TLS (server.scheme = http)",
        "Server: [sde.example.com](https://sde.example.com/sde)",
        "Project: [Customer Portal](https://sde.example.com/sde/bunits/retail/banking/customer-portal)",
    ]
    assert failing["properties"] == {
        "verdict": "fail",
        "severity": "high",
        "fails_audit": True,
        "condition": "connection.server.scheme == 'https'",
        "observed": {"server.scheme": "http"},
        "projects": ["3 Customer Portal"],
    }
    location = failing["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "sde.example.com/alm/1"
    assert location["logicalLocations"][0]["name"] == 'ALM connection 1 "Jira Europe"'
    fingerprint = report["findings"][0]["fingerprint"]
    assert failing["partialFingerprints"] == {
        "primaryLocationLineHash": f"{fingerprint}:1",
        "connectionAudit/v1": fingerprint,
    }

    [suppression] = of["alm-tls", "sde.example.com/alm/3"]["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert (
        suppression["justification"] == "Migration is under way. (owner: sec@example.com, until 2026-12-05, ends soon)"
    )

    text = of["no-debug-mode", "sde.example.com/alm/1"]["message"]["text"]
    assert text.splitlines()[0].endswith(" is false. Its waiver expired after 2026-10-31 (our_policy.yml, waiver 2)")

    doubtful = of["allowed-server", "sde.example.com/analysis/1"]
    assert (doubtful["kind"], doubtful["level"]) == ("open", "none")
    subject = 'sde.example.com, Analysis connection 1 "Nightly scan"'
    [sentence, _link] = doubtful["message"]["text"].splitlines()
    assert sentence == f"Inconclusive. {subject}: Servers are on the allow-list. params are hidden from this token"
    assert "condition" not in doubtful["properties"] and doubtful["properties"]["observed"] == {}
    item = of["project-connected", "project-connected/Payments API"]
    assert item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith(
        "items/project-connected/Payments-API-"
    )


def test_sarif_rules():
    [tls, *_others, named, _item] = sarif(sample_reports.small())["tool"]["driver"]["rules"]
    assert tls["help"]["text"].splitlines()[1] == "Remediation: Set the connection's method to https."
    assert "* `connection.server.scheme == 'https'`" in tls["help"]["markdown"]
    assert tls["helpUri"] == "https://docs.example.com/tls?a=1&b=2"
    assert tls["defaultConfiguration"]["level"] == "error"
    assert (tls["properties"]["security-severity"], "security" in tls["properties"]["tags"]) == ("8.0", True)
    # GitHub has no word for a severity of zero.
    assert named["defaultConfiguration"]["level"] == "note" and "security-severity" not in named["properties"]


def test_sarif_errors_are_notifications():
    for report, is_successful in ((sample_reports.small(), False), (sample_reports.passed(), True)):
        [invocation] = sarif(report)["invocations"]
        assert invocation["executionSuccessful"] is is_successful
        assert bool(invocation["toolExecutionNotifications"]) is not is_successful
    [note] = sarif(sample_reports.small())["invocations"][0]["toolExecutionNotifications"]
    assert note["associatedRule"] == {"id": "no-debug-mode", "index": 3}
    assert note["message"]["text"].startswith(
        'sde.example.com, Analysis connection 1 "Nightly scan": Debug mode is off. '
    )


def test_sarif_category():
    """GitHub refuses two files of one upload that have the same id, and replaces alerts by it."""
    report = sample_reports.small()
    other = {**report, "servers": ["127.0.0.1:8000"]}
    merged = sample_reports.merged()
    # The servers of a merged report may change; its alerts must not.
    merged_of_one = {**merged, "servers": merged["servers"][:1]}
    ids = [
        sarif(one)["automationDetails"]["id"] for one in (report, other, merged, merged_of_one, sample_reports.passed())
    ]
    assert ids == [
        "sdelements-connection-audit/sde.example.com/",
        "sdelements-connection-audit/127.0.0.1:8000/",
        "sdelements-connection-audit/",
        "sdelements-connection-audit/",
        "sdelements-connection-audit/",
    ]
    assert len(json.loads(render_sarif(merged))["runs"]) == 1
    assert sarif(merged)["properties"]["missing_servers"] == ["sde.example.org"]


def test_sarif_links_to_servers_with_an_address():
    report = sample_reports.merged()
    last_lines = [result["message"]["text"].splitlines()[-1] for result in sarif(report)["results"]]
    assert last_lines[1] == "Server: [sde.example.com](https://sde.example.com/sde)"
    assert not any("](" in line for line in (last_lines[0], last_lines[2]))
    report["server_urls"] = {sample_reports.SERVER: "https://sde.example.com/a)b"}
    assert "](" not in render_sarif(report)


def test_sarif_inconclusive_as_failure():
    run = sarif(strict(sample_reports.small()))
    assert {result["kind"] for result in run["results"]} == {"fail"}
    [doubtful] = [
        result
        for result in run["results"]
        if result["properties"]["verdict"] == "inconclusive" and result["ruleIndex"] == 1
    ]
    assert doubtful["level"] == "error" and doubtful["message"]["text"].startswith("Inconclusive. ")


def test_sarif_related_locations():
    rule = sample_reports.rule("one-each", "One for each project", "low", loop="projects")
    connections = [sample_reports.connection("alm", number) for number in range(1, 301)]
    finding = sample_reports.item_finding(rule, "../../etc", connections, "fail", "too many")
    [result] = sarif(sample_reports.report([rule], connections, [finding]))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("items/one-each/etc-")
    related = result["relatedLocations"]
    assert len(related) == 100 and related[0]["logicalLocations"][0]["fullyQualifiedName"] == "sde.example.com/alm/1"


def test_sarif_results_are_ordered_by_importance():
    """Failures come first and waived findings last, whatever their severity."""
    rules = [sample_reports.rule(severity, "A title", severity) for severity in ("low", "critical")]
    findings = [
        sample_reports.item_finding(one, f"{verdict} {one['id']}", [], verdict, "A message")
        for one in rules
        for verdict in ("waived", "inconclusive", "fail")
    ]
    results = sarif(sample_reports.report(rules, [], findings))["results"]
    assert [(one["properties"]["verdict"], one["properties"]["severity"]) for one in results] == [
        (verdict, severity) for verdict in ("fail", "inconclusive", "waived") for severity in ("critical", "low")
    ]


def test_sarif_is_limited_with_a_note(monkeypatch):
    """GitHub would reject the whole file."""
    monkeypatch.setattr(sarif_format, "MAX_RESULTS", 3)
    run = sarif(sample_reports.small())
    assert [result["properties"]["severity"] for result in run["results"]] == ["critical", "high", "medium"]
    assert {result["properties"]["verdict"] for result in run["results"]} == {"fail"}
    note = run["invocations"][0]["toolExecutionNotifications"][-1]
    assert note["level"] == "warning" and note["message"]["text"].startswith("6 findings omitted: ")


def test_sarif_texts_have_neither_links_nor_placeholders():
    assert _escape_message("{0} is {}") == "{{0}} is {{}}"
    assert _escape_message("[x](https://evil.example/) [y]") == r"\[x\](https://evil.example/) \[y\]"
    assert _escape_message("connections[0]") == "connections[0]"


# ---------------------------------------------------------------------------------------------------------------
# Markdown


def test_markdown_tables():
    report = sample_reports.small()
    report["baseline"]["not_fixed"] = [{**report["baseline"]["fixed"][0], "reason": "connection_removed"}]
    text = render_markdown(report)
    counts, failing, changed, hidden, others, doubts, fixed, gone, waived, waivers = markdown_tables(text)
    jira, rally, old = ('ALM connection 1 "Jira Europe"', 'ALM connection 2 "Rally"', 'ALM connection 9 "Old Jira"')
    assert changed == [
        ["Connection", "Fact", "Before", "Now"],
        [jira, "server.host", "jira.example.com", "jira.example.net"],
        [jira, "frequency", "daily", "null"],
        [rally, "added", "", ""],
        [old, "removed", "", ""],
    ]
    assert hidden[1:] == [["1", "params", "the parameters are hidden now"]]
    assert counts[0] == ["Severity", "Failed", "Errors", "Inconclusive", "Waived", "Passed", "Not applicable"]
    assert counts[1:3] == [["critical", "1", "0", "1", "0", "2", "0"], ["high", "1", "0", "0", "1", "1", "1"]]
    assert counts[-1] == ["all", "6", "1", "2", "1", "11", "1"]
    assert re.findall("### (.*)", text) == [
        "Fails the audit (3)",
        "What changed since the baseline (4)",
        "Not compared with the baseline (1)",
        "Failed, without effect on the verdict (4)",
        "Inconclusive (2)",
        "Fixed since `2026-11-17T18:00:00Z` (2)",
        "No longer found since `2026-11-17T18:00:00Z`, but not fixed (1)",
        "Waived (1)",
        "Waivers that are expired, unused or end soon (3)",
    ]
    assert failing[0] == ["Severity", "Baseline", "Rule", "Connection", "Project", "Finding", "Remediation"]
    assert [row[:2] for row in failing[1:]] == [["low", "new"], ["critical", "new"], ["high", "known"]]
    assert failing[1][5] == "Error: connection.passes is undefined"
    assert failing[3] == [
        "high",
        "known",
        "alm-tls ALM traffic is encrypted",
        'ALM connection 1 "Jira Europe"',
        "3 Customer Portal",
        "Connects to jira.example.com without TLS (server.scheme = http)",
        "Set the connection's method to https.",
    ]
    assert [row[:2] for row in others[1:]] == [["medium", "new"], ["low", "new"], ["info", "new"], ["medium", "known"]]
    expired = "Its waiver expired after 2026-10-31 (our_policy.yml, waiver 2)"
    assert others[2][5] == f'"Debug mode is off" is not met: passes is false {expired}'
    assert doubts[0][-1] == "Finding" and doubts[1][-1] == "last_job is lacking"
    assert [row[3] for row in doubts[1:]] == ['Analysis connection 1 "Nightly scan"'] * 2
    assert fixed[1:] == [
        ["medium", "last-sync", 'ALM connection 2 "Rally"'],
        ["high", "alm-tls", 'ALM connection 9 "Old Jira"'],
    ]
    assert gone[1:] == [["medium", "last-sync", 'ALM connection 2 "Rally"', "Connection removed"]]
    assert waived[1][2:] == [
        "Connects to sandbox.example.net without TLS (server.scheme = http)",
        "Migration is under way.",
        "sec@example.com",
        "2026-12-05 (ends soon)",
    ]
    assert [[*row[:3], row[-1]] for row in waivers[1:]] == [
        ["expired", "our_policy.yml, waiver 2", "no-debug-mode", "2026-10-31"],
        ["active", "our_policy.yml, waiver 1", "alm-tls", "2026-12-05 (ends soon)"],
        ["unused", "our_policy.yml, waiver 3", "project-connected", "2027-06-30"],
    ]


def test_markdown_names_the_verdict_of_findings_that_fail_the_audit():
    _counts, failing, *_others = markdown_tables(render_markdown(strict(sample_reports.small())))
    assert failing[1][5] == "Error: connection.passes is undefined"
    assert failing[2][5] == '"Servers are on the allow-list" is not met: passes is false'
    assert failing[3][5] == "Inconclusive: params are hidden from this token"


def test_markdown_of_an_audit_that_never_fails():
    report = sample_reports.small()
    mark_failing(report["findings"], VerdictOptions("never", "warn", "fail"))
    headings = re.findall("### (.*)", render_markdown(report))
    assert headings[:2] == ["Errors (1)", "What changed since the baseline (4)"]
    assert headings[3:5] == ["Failed, without effect on the verdict (6)", "Inconclusive (2)"]


def test_markdown_offers_waivers_of_the_most_important_findings():
    rules = [sample_reports.rule("low", "T", "low"), sample_reports.rule("high", "T", "high", remediation="Fix\n`it`.")]
    connections = [sample_reports.connection("alm", number) for number in range(1, 31)]
    findings = [sample_reports.finding(rule, one, "fail") for rule in rules for one in connections]
    text = render_markdown(sample_reports.report(rules, connections, findings))
    waivers = [yaml.safe_load(token.content)["waivers"][0] for token in markdown_tokens(text) if token.type == "fence"]
    assert len(waivers) == MAX_NEXT_STEPS
    assert [(one["rules"], one["connections"]) for one in waivers] == [
        (["high"], {"kind": "alm", "id": number}) for number in range(1, 21)
    ]
    assert text.count("\nRemediation: Fix `` `it` ``.\n") == MAX_NEXT_STEPS
    assert "\n\n40 more not shown.\n" in text.partition("<details>")[2].partition("</details>")[0]
    rules[1]["waivable"] = False
    text = render_markdown(sample_reports.report(rules, connections, findings))
    assert "```yaml" not in text and text.count("\nRemediation: ") == MAX_NEXT_STEPS


def test_markdown_code_block_ends_with_itself():
    text = "a ```` b\n```\n"
    [block, paragraph, *_others] = markdown_tokens(code_block("yaml", text) + "\nend")
    assert (block.type, block.info, block.content) == ("fence", "yaml", text)
    assert paragraph.type == "paragraph_open"


def test_markdown_begins_with_the_verdict():
    for report, verdict in ((sample_reports.small(), "failed"), (sample_reports.passed(), "passed")):
        first, _blank, second, *_others = render_markdown(report).splitlines()
        assert first == f"## SD Elements connection audit: {verdict}"
        assert second.replace("`", "") == report["summary"]["message"]


@pytest.mark.parametrize(
    "given, baseline, expected",
    [
        ({}, True, "Fails on findings of severity high or higher."),
        ({"inconclusive": "fail"}, True, "Fails on findings of severity high or higher; inconclusive findings count."),
        (
            {"known_findings": "accept"},
            True,
            "Fails on findings of severity high or higher; known findings are accepted.",
        ),
        ({"known_findings": "accept"}, False, "Fails on findings of severity high or higher."),
        (
            {"inconclusive": "fail", "known_findings": "accept"},
            True,
            "Fails on findings of severity high or higher; inconclusive findings count; known findings are accepted.",
        ),
        ({"fail_on": "never", "inconclusive": "fail", "known_findings": "accept"}, True, "Never fails."),
    ],
)
def test_markdown_states_threshold(given, baseline, expected):
    report = sample_reports.small()
    report["summary"].update(given)
    report["baseline"] = report["baseline"] if baseline else None
    about = next(line for line in render_markdown(report).splitlines() if line.startswith("Audited "))
    assert about.endswith(f". {expected}")


def test_markdown_of_several_servers():
    text = render_markdown(sample_reports.merged())
    missing, _blank, verdict = text.splitlines()[2:5]
    assert missing == "**Servers without a report (1)**: `sde.example.org`"
    assert verdict.startswith("SD Elements audit of 2 servers failed: ")
    _counts, servers, failing, others = markdown_tables(text)
    assert servers == [
        ["Server", "Connections", "Fails the audit", *_counts[0][1:]],
        ["sde.example.net", "1", "1", "2", "0", "0", "0", "0", "0"],
        ["sde.example.com", "1", "0", "1", "0", "0", "0", "1", "0"],
    ]
    assert failing[1][2] == 'sde.example.net, ALM connection 1 "Jira Europe"'
    assert others[1][2] == "sde.example.com, Payments API"
    links = [token.attrs["href"] for token in markdown_tokens(text) if token.type == "link_open"]
    # Of the only server with an address: in the head, the table of servers, that of findings, and before its waiver.
    assert links == ["https://sde.example.com/sde"] * 4


def test_markdown_links_are_those_of_policy_and_servers(report):
    assert_harmless(render_markdown(report), LINKS)
    for rule in sarif(report)["tool"]["driver"]["rules"]:
        assert_harmless(rule["help"]["markdown"], LINKS)


@pytest.mark.parametrize(
    "text, shown",
    [
        ('Releases before 4.12, e.g. 4.4: "none".', 'Releases before 4.12, e.g. 4.4: "none".'),
        ("No report of sde.example.org.", "No report of `sde.example.org`."),
        ("Set a_b c_d, then: policy.yml", "Set `a_b c_d`, then: `policy.yml`"),
        ("Wait ...", "Wait `...`"),
    ],
)
def test_markdown_text_makes_code_of_special_words(text, shown):
    """Some readers make a link of the name of a server. Punctuation after it does not belong to it."""
    assert markdown_text(text) == shown


def test_longest_address_of_web_page():
    url = "https://example.com/"
    assert is_web_page(url.ljust(2000, "a")) and not is_web_page(url.ljust(2001, "a"))


def in_code(text: str) -> str:
    """How a text is to be seen in a cell of a table."""
    shown = escape_cell(text, 200)
    shown = shown if shown and shown == shown.strip() else f'"{shown}"'
    return shown.replace("\\|", "\\\\u007c")


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_shows_hostile_text_in_its_cell(name):
    text = HOSTILE[name]
    rule = sample_reports.rule("a-rule", "A title", "high", remediation="Fix it.")
    findings = [sample_reports.item_finding(rule, text, [], "fail", text)]
    report = sample_reports.report([rule], [], findings)
    report["findings"][0]["observed"] = [{"name": "value", "value": text}]
    _counts, failed = markdown_tables(render_markdown(report))
    explanation = f"{in_code(text)} ({in_code(f'value = {text}')})"
    assert failed[1] == ["high", "a-rule A title", in_code(text), explanation, "Fix it."]


@given(
    st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("`|\\*_<>[]()@#!~$&:/\n -+=.1w"), max_size=60)
)
@example("`a` and ``b")
def test_markdown_of_any_text_is_harmless(text):
    assert_harmless(f"| a | b |\n| --- | --- |\n{_row((code(text), markdown_text(text)))}\n")
    assert_harmless(markdown_text(text))
    [[_head, row]] = markdown_tables(f"| a | b |\n| --- | --- |\n{_row((code(text), 'end'))}\n")
    assert row == [in_code(text), "end"]


def test_markdown_section_shows_the_rows_that_fit():
    """Each row takes its characters and a line break."""
    section = _table_section("Failed", ("Severity",), [("high",), ("medium",), ("low",)])
    two_rows = len("| high |\n| medium |\n")
    for budget, shown in (
        (two_rows, "| medium |\n\n1 more "),
        (two_rows - 1, "| high |\n\n2 more "),
        (1000, "| low |"),
    ):
        assert shown in _bounded(section, budget)
    section = _Section("start", ["one", "two"], "more.", separator="\n\n", end="end")
    assert _bounded(section, 5) == "start\n\none\n\n1 more.\n\nend"
    assert _bounded(section, 4) == "start\n\n2 more.\n\nend"


@pytest.mark.no_cover
def test_markdown_is_limited_with_a_note(big):
    text = render_markdown(big)
    assert len(text) < 65_536 and len(text.encode()) < 2**20
    counts = [int(count) for count in re.findall(r"^### .* \((\d+)\)$", text, re.MULTILINE)]
    omitted = [int(count) for count in re.findall(r"^(\d+) more in the JSON report", text, re.MULTILINE)]
    shown = [len(table) - 1 for table in markdown_tables(text)[1:]]
    verdicts = big["summary"]["verdict_counts"]
    assert counts[0] + counts[1] == verdicts["fail"]
    assert counts[2:] == [verdicts["inconclusive"], verdicts["waived"]]
    assert [a + b for a, b in zip(shown, omitted, strict=True)] == counts
    assert min(shown) > 10
    assert text.count("```yaml") == MAX_NEXT_STEPS


# ---------------------------------------------------------------------------------------------------------------
# All formats


def nameless(report: dict) -> dict:
    """The report of connections that have no alias, no schedule and no system."""
    for connection in report["connections"]:
        connection["facts"] |= dict.fromkeys(
            ("alias", "frequency", "system", "system_id", "system_short_name", "command")
        )
    return report


def test_html_script_data_contains_no_markup():
    """An end tag may have a blank after its name."""
    texts = ["</script x", "<!--<script", "a > b & c"]
    data = _as_script_data(texts)
    assert not set("<>&").intersection(data) and json.loads(data) == texts


def test_html_of_connections_without_names(tmp_path):
    write_reports(nameless(sample_reports.small()), {"html": str(tmp_path / "report.html")})
    assert "(unknown)" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_texts_name_no_keys_of_connections(report):
    """'sde.example.com/alm/1' looks like the address of a web page."""
    junit, markdown = render_junit(report), render_markdown(report)
    texts = [result["message"]["text"] for result in sarif(report)["results"]]
    for connection in report["connections"]:
        assert connection["key"] not in "".join([junit, markdown, *texts])


@pytest.mark.parametrize("prepare", [lambda report: report, strict, nameless], ids=["warn", "fail", "nameless"])
def test_all_formats_have_the_same_counts(report, prepare):
    report = prepare(report)
    verdicts = +Counter(report["summary"]["verdict_counts"])
    assert verdicts_in_json(render_json(report)) == verdicts
    assert verdicts_in_junit(render_junit(report)) == verdicts

    results = Counter(
        {verdict: count for verdict, count in verdicts.items() if verdict not in ("pass", "not_applicable")}
    )
    run = sarif(report)
    notes = run["invocations"][0]["toolExecutionNotifications"]
    noted = Counter(note["properties"]["verdict"] for note in notes if "associatedRule" in note)
    assert Counter(result["properties"]["verdict"] for result in run["results"]) + noted == results
    if report["summary"]["inconclusive"] == "fail":
        results = +Counter({**results, "inconclusive": 0, "fail": results["fail"] + results["inconclusive"]})
    assert verdicts_in_sarif(render_sarif(report)) == results
    assert run["properties"]["failed_by_severity"] == report["summary"]["failed_by_severity"]

    [counts, *_others] = markdown_tables(render_markdown(report))
    assert sum(map(int, counts[-1][1:])) == verdicts.total()
    failed = Counter(finding["severity"] for finding in report["findings"] if finding["verdict"] == "fail")
    assert [int(row[1]) for row in counts[1:-1]] == [failed[severity] for severity in SEVERITIES]


def with_text_in(place: str, text: str) -> dict:
    """A small report with a text in one place."""
    report = sample_reports.small()
    connection, finding, item = report["connections"][0], report["findings"][0], report["findings"][-1]
    if place == "alias":
        connection["facts"]["alias"] = text
        finding["subject"] = f'ALM connection 1 "{text}"'
    elif place == "message":
        finding["message"] = text
    elif place == "observed":
        finding.update(observed=[{"name": text, "value": text}], condition=text)
    elif place == "label":
        item["label"] = item["subject"] = text
    elif place == "title":
        report["rules"][0].update(title=text, description=text, remediation=text, references=[text], that=[text])
    elif place == "waiver":
        for waiver in report["waivers"]:
            waiver.update(reason=text, owner=text, file=text)
    elif place == "server":
        report.update(servers=[text], server_urls={text: "https://sde.example.com/sde"})
        for one in report["findings"]:
            one["server"] = text
    else:
        report = json.loads(json.dumps(report).replace(f'"{connection["key"]}"', json.dumps(f"{text}/alm/1")))
    return report


@pytest.mark.no_cover
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["alias", "message", "observed", "label", "title", "waiver", "server", "key"])
def test_hostile_text_is_escaped(name, place):
    """JUnit and SARIF say the text, on one line and with nothing hidden, and stay whole. Keys are only in SARIF."""
    text = HOSTILE[name]
    report = with_text_in(place, text)
    junit = render_junit(report)
    assert not invisible_characters(junit)
    assert len(junit) < 40_000
    said = " ".join(
        " ".join([case.name, *(f"{end.message} {end.text}" for end in case.result)]) for case in junit_cases(junit)
    )
    # Line breaks of a policy's sentences are no more than blanks.
    shown = collapse(text, 200) if place in ("title", "waiver") else escape_line(text, 200)
    assert place == "key" or shown.split("…")[0] in said

    raw = render_sarif(report)
    assert raw.isascii()
    run = json.loads(raw)["runs"][0]
    assert len(raw) < 60_000
    texts: list[str] = []
    pending: list = [run["results"], run["tool"]]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            texts += [value["uri"]] if "uri" in value else []
            pending += [*value, *value.values()]
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str):
            assert not invisible_characters(value)
    if place == "server":
        [link] = {result["message"]["text"].rpartition("\nServer: ")[2] for result in run["results"]}
        assert re.fullmatch(r"\[(?:[^\[\]\\{}]|\\[\[\]\\]|\{\{|\}\})+\]\(https://sde.example.com/sde\)", link)
    assert all(re.fullmatch(r"(?:(?!\.+/)[\w.~%-]+/)*[\w.~%-]+", uri, re.ASCII) for uri in texts)


@pytest.mark.no_cover
def test_big_reports_are_within_size_limits(big):
    junit = render_junit(big)
    assert len(junit) < 30e6, "GitLab reads no more"
    passed = [case for case in ElementTree.fromstring(junit.encode()).iter("testcase") if not len(case)]
    assert len(passed) == big["summary"]["verdict_counts"]["pass"]
    assert len(gzip.compress(render_sarif(big).encode())) < 10e6, "GitHub takes no more"
    assert len(render_json(big)) < 11e6


# ---------------------------------------------------------------------------------------------------------------
# Files


def test_write_returns_paths(tmp_path):
    paths = {name: str(tmp_path / "new" / "folder" / f"report.{SUFFIXES[name]}") for name in FORMATS}
    assert write_reports(sample_reports.small(), {**paths, "json": None}) == [
        paths[name] for name in paths if name != "json"
    ]
    assert not Path(paths["json"]).exists()
    assert write_reports(sample_reports.hostile(), paths) == list(paths.values())
    for name, render in FORMATS.items():
        assert Path(paths[name]).read_bytes().decode("utf-8") == render(sample_reports.hostile())
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(
        Path(path).name for path in paths.values()
    )


def test_file_mode_follows_umask(tmp_path):
    path = tmp_path / "report.json"
    for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o644)):
        before = os.umask(umask)
        try:
            write_reports(sample_reports.passed(), {"json": str(path)})
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_write_follows_symbolic_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "report.json").write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real" / "report.json")
    assert write_reports(sample_reports.passed(), {"json": str(link)}) == [str(tmp_path / "real" / "report.json")]
    assert link.is_symlink() and json.loads(link.read_text())


def failure(report: dict, paths: dict) -> SDElementsError:
    with pytest.raises(SDElementsError) as caught:
        write_reports(report, paths)
    return caught.value


def test_unwritable_files(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    report = sample_reports.passed()
    too_long = "x" * 300
    for path, problem in (
        ("file/report.json", f"reports.json: {tmp_path}/file/report.json cannot be written: "),
        (too_long, f"reports.json: {tmp_path}/{too_long} cannot be written: File name too long."),
        ("folder", f"reports.json: {tmp_path}/folder exists and is not a regular file."),
    ):
        error = failure(report, {"junit": str(tmp_path / "other.xml"), "json": str(tmp_path / path)})
        assert str(error).startswith(problem)
        assert re.search(r"\. (Use a folder|Use a new file)", str(error))
    assert str(failure(report, {"json": "/dev/full"})).startswith(
        "reports.json: /dev/full exists and is not a regular file."
    )
    assert str(failure(report, {"json": "same", "junit": "./same"})).startswith(
        "reports: json and junit have the same path "
    )
    assert str(failure(report, {"pdf": "x"})).startswith("reports: pdf is not a known format. Use json, junit,")
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "other.xml"]


def test_old_file_stays_if_write_fails(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        error = failure(sample_reports.small(), {"json": str(path)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.kind == "report" and "cannot be written: File too large." in str(error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_is_all_or_nothing(tmp_path):
    report = sample_reports.small()
    del report["waivers"]
    with pytest.raises(KeyError):
        write_reports(report, {"json": str(tmp_path / "report.json"), "sarif": str(tmp_path / "report.sarif")})
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------------------------------
# Rules: controls, states, and the files that change them


def test_formats_name_controls_states_and_overrides():
    controls = {"nist-800-53": ["SC-8", "AC-4"], "cis-8": ["3.10"]}
    changed = {"overridden": [{"file": "our.yml", "fields": ["severity", "when"]}], "tags": ["pci"]}
    first = sample_reports.rule("first", "First", "high", controls=controls, **changed)
    second = sample_reports.rule("second", "Second", "low", controls={"nist-800-53": ["SC-8"]}, state="matches_nothing")
    calm = sample_reports.rule("calm", "Calm", "low", state="matches_nothing", may_apply_to_nothing=True)
    about = sample_reports.connection("alm", 1)
    findings = [sample_reports.finding(first, about, "fail"), sample_reports.finding(second, about, "pass")]
    report = {**sample_reports.report([first, second, calm], [about], findings), "not_selected": ["skipped"]}

    text = render_markdown(report)
    rows = [line.replace("`", "") for line in text.splitlines()]
    assert "| cis-8 | 3.10 | first | 1 | 0 | 0 | 0 | 0 | 0 |" in rows
    assert "| nist-800-53 | SC-8 | first, second (matches nothing) | 1 | 0 | 0 | 0 | 1 | 0 |" in rows
    first_idle = rows.index("### Rules that evaluated nothing (2)") + 4
    idle = rows[first_idle : first_idle + 2]
    assert idle == ["| second | matches nothing |", "| calm | matches nothing, as it may |"]
    assert rows[rows.index("### Rules that were not selected (1)") + 4] == "| skipped |"
    assert "| first | our.yml | severity, when |" in rows

    properties = {
        suite.name: {one.name: one.value for one in suite.properties()}
        for suite in JUnitXml.fromstring(render_junit(report).encode())
    }
    assert properties["first"]["controls"] == "nist-800-53 SC-8, nist-800-53 AC-4, cis-8 3.10"
    assert (properties["first"]["tags"], properties["first"]["overridden"]) == ("pci", "our.yml: severity, when")
    assert {name: one["state"] for name, one in properties.items()}["second"] == "matches_nothing"

    run = sarif(report)
    rule = run["tool"]["driver"]["rules"][0]["properties"]
    assert {"pci", "nist-800-53 SC-8", "cis-8 3.10"} <= set(rule["tags"])
    assert rule["overridden"] == ["our.yml: severity, when"] and run["properties"]["not_selected"] == ["skipped"]
    [notification] = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["associatedRule"] == {"id": "second", "index": 1} and notification["level"] == "warning"

    page = FORMATS["html"](report)
    assert page.count("nist-800-53</bdi></td>") == 2 and "our.yml: severity, when" in page
