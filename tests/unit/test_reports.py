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

import jsonschema
import pytest
from hypothesis import example, given, strategies as st
from junitparser import JUnitXml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import stable_name
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import sarif as sarif_format
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.html import _as_script_data
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.json import render as render_json
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.junit import render as render_junit
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.markdown import (
    _bounded,
    _row,
    _Section,
    render as render_markdown,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.markup import (
    code,
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
    verdicts_in_json,
    verdicts_in_junit,
    verdicts_in_sarif,
)
from tests.sample_reports import HOSTILE, SEVERITIES

SUFFIXES = {"json": "json", "junit": "xml", "sarif": "sarif", "markdown": "md", "html": "html"}
SMALL_REPORTS = ("small", "passed", "empty", "broken_loop", "hostile")


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
        (["summary", "verdicts", "pass"], -1),
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
    verdicts = report["summary"]["verdicts"]
    ends = {"passed": verdicts["pass"], "failure": verdicts["fail"], "error": verdicts["error"]}
    ends["skipped"] = verdicts["waived"] + verdicts["not_applicable"]
    ends["failure" if report["summary"]["inconclusive"] == "fail" else "skipped"] += verdicts["inconclusive"]
    text = render_junit(report)
    assert junit_outcomes(text) == +Counter(ends)

    read = JUnitXml.fromstring(text.encode("utf-8"))
    assert (read.tests, read.failures, read.errors) == (sum(verdicts.values()), ends["failure"], ends["error"])
    said = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in read]
    for suite in read:
        suite.update_statistics()
    assert said == [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in read]


def test_junit_contains_remediation():
    suites = {suite.name: suite for suite in JUnitXml.fromstring(render_junit(sample_reports.small()).encode())}
    assert list(suites) == [rule["id"] for rule in sample_reports.small()["rules"]]
    suite = suites["alm-tls"]
    assert {one.name: one.value for one in suite.properties()} == {
        "title": "ALM traffic is encrypted",
        "severity": "high",
        "policies": "starter, our_policy.yml",
        "servers": "sde.example.com",
        "verdict": "fail",
        "summary": sample_reports.small()["summary"]["message"],
    }
    failing, _passing, waived, elsewhere = suite
    assert (failing.classname, failing.name) == ("sdelements.alm-tls", "sde.example.com/alm/1")
    [failure] = failing.result
    assert failure.type == "high"
    assert failure.message == "alm 1 \"Jira Europe\": connection.params.alm_method == 'https' is false"
    for line in (
        "Remediation: Set the connection's method to https.",
        "Baseline: known",
        "References: https://docs.example.com/",
    ):
        assert line in failure.text
    [skipped] = waived.result
    assert skipped.type == "waived"
    assert "Waived: Migration is under way. (sec@example.com, until 2027-01-31)" in skipped.text
    assert elsewhere.result[0].message.startswith("not applicable: ")


def test_junit_names_do_not_depend_on_alias():
    before, after = sample_reports.small(), sample_reports.small()
    for connection in after["connections"]:
        connection["facts"]["alias"] = "Renamed"
    for finding in after["findings"]:
        if finding["label"] is None:
            finding["subject"] = "alm 1 Renamed"
    names = [re.findall(r'<testcase classname="[^"]*" name="[^"]*"', render_junit(one)) for one in (before, after)]
    assert names[0] == names[1]


def test_error_without_item_is_named_by_its_rule():
    report = sample_reports.broken_loop()
    [suite] = JUnitXml.fromstring(render_junit(report).encode())
    [case] = suite
    assert (case.name, case.result[0].type) == ("project-connected", "error")
    [note] = sarif(report)["invocations"][0]["toolExecutionNotifications"]
    assert note["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "project-connected/project-connected"
    report["servers"].append("other.example.com")
    assert "`project-connected`" in render_markdown(report)


def test_junit_names_differ_in_more_than_punctuation():
    """Servers that compare letters and digits only would take them for one test case."""
    rule = sample_reports.rule("items", "Items", "low", loop="x")
    labels = ["a-b", "a b", "A.B", "ab", "?", "!", "=1"]
    findings = [sample_reports.item_finding(rule, label, [], "pass") for label in labels]
    [suite] = JUnitXml.fromstring(render_junit(sample_reports.report([rule], [], findings)).encode())
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
    assert run["properties"]["verdicts"] == report["summary"]["verdicts"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    of = {
        (result["ruleId"], result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]): result
        for result in run["results"]
    }

    failing = of["alm-tls", "sde.example.com/alm/1"]
    assert (failing["kind"], failing["level"], failing["baselineState"]) == ("fail", "error", "unchanged")
    assert failing["message"]["text"].startswith('alm 1 "Jira Europe": ALM traffic is encrypted. ')
    location = failing["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "sde.example.com/alm/1"
    assert location["logicalLocations"][0]["name"] == "Jira Europe"
    fingerprint = report["findings"][0]["fingerprint"]
    assert failing["partialFingerprints"] == {
        "primaryLocationLineHash": f"{fingerprint}:1",
        "connectionAudit/v1": fingerprint,
    }

    [suppression] = of["alm-tls", "sde.example.com/alm/3"]["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == "Migration is under way. (owner: sec@example.com, until 2027-01-31)"

    doubtful = of["allowed-server", "sde.example.com/analysis/1"]
    assert (doubtful["kind"], doubtful["level"]) == ("open", "none")
    item = of["project-connected", "project-connected/Payments API"]
    assert item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith(
        "items/project-connected/Payments-API-"
    )


def test_sarif_rules():
    [tls, *_others, named, _item] = sarif(sample_reports.small())["tool"]["driver"]["rules"]
    assert tls["help"]["text"].splitlines()[1] == "Remediation: Set the connection's method to https."
    assert "* `connection.params.alm_method == 'https'`" in tls["help"]["markdown"]
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
    assert "analysis 1" in note["message"]["text"]


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
    assert note["level"] == "warning" and note["message"]["text"].startswith("6 findings are omitted")


def test_sarif_texts_have_neither_links_nor_placeholders():
    assert _escape_message("{0} is {}") == "{{0}} is {{}}"
    assert _escape_message("[x](https://evil.example/) [y]") == r"\[x\](https://evil.example/) \[y\]"
    assert _escape_message("connections[0]") == "connections[0]"


# ---------------------------------------------------------------------------------------------------------------
# Markdown


def test_markdown_tables():
    counts, errors, failed, doubts, fixed, waived, stale = markdown_tables(render_markdown(sample_reports.small()))
    assert counts[0] == ["Severity", "Failed", "Errors", "Inconclusive", "Waived", "Passed", "Not applicable"]
    assert counts[1:3] == [["critical", "1", "0", "1", "0", "2", "0"], ["high", "1", "0", "0", "1", "1", "1"]]
    assert counts[-1] == ["all", "6", "1", "2", "1", "11", "1"]
    assert errors[1][-1] == "connection.passes is undefined"
    assert [row[0] for row in failed[1:]] == ["critical", "high", "medium", "medium", "low", "info"]
    assert failed[2] == [
        "high",
        "known",
        "alm-tls ALM traffic is encrypted",
        'alm 1 "Jira Europe"',
        "connection.params.alm_method == 'https' is false",
        "Set the connection's method to https.",
    ]
    assert failed[4][4] == "connections | selectattr('project', 'eq', item) is false"
    assert [row[3] for row in doubts[1:]] == ['analysis 1 "Nightly scan"'] * 2
    assert fixed[1:] == [["medium", "last-sync", 'alm 2 "Rally"'], ["high", "alm-tls", 'alm 9 "Old Jira"']]
    assert waived[1][2:] == ["Migration is under way.", "sec@example.com", "2027-01-31"]
    assert [row[0] for row in stale[1:]] == ["expired", "unused"]


def test_markdown_begins_with_the_verdict():
    for report, verdict in ((sample_reports.small(), "failed"), (sample_reports.passed(), "passed")):
        first, _blank, second, *_others = render_markdown(report).splitlines()
        assert first == f"## SD Elements connection audit: {verdict}"
        assert second == report["summary"]["message"]


@pytest.mark.parametrize(
    "given, baseline, expected",
    [
        ({}, True, "Fails on findings of severity high or more."),
        ({"inconclusive": "fail"}, True, "Fails on findings of severity high or more; inconclusive findings count."),
        (
            {"known_findings": "accept"},
            True,
            "Fails on findings of severity high or more; known findings are accepted.",
        ),
        ({"known_findings": "accept"}, False, "Fails on findings of severity high or more."),
        (
            {"inconclusive": "fail", "known_findings": "accept"},
            True,
            "Fails on findings of severity high or more; inconclusive findings count; known findings are accepted.",
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


def test_markdown_names_servers_where_there_are_several():
    report = sample_reports.small()
    report["servers"].append("other.example.com")
    assert '`alm 1 "Jira Europe"` `sde.example.com/alm/1`' in render_markdown(report)


def test_markdown_links_are_those_of_the_policy(report):
    assert_harmless(render_markdown(report), ("https://docs.example.com/tls?a=1&b=2",))
    for rule in sarif(report)["tool"]["driver"]["rules"]:
        assert_harmless(rule["help"]["markdown"], ("https://docs.example.com/tls?a=1&b=2",))


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
    _counts, failed = markdown_tables(render_markdown(sample_reports.report([rule], [], findings)))
    assert failed[1] == ["high", "a-rule A title", in_code(text), in_code(text), "Fix it."]


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
    section = _Section("Failed", ("Severity",), [("high",), ("medium",), ("low",)])
    two_rows = len("| high |\n| medium |\n")
    for budget, shown in (
        (two_rows, "| medium |\n\n1 more "),
        (two_rows - 1, "| high |\n\n2 more "),
        (1000, "| low |"),
    ):
        assert shown in _bounded(section, budget)


def test_markdown_is_limited_with_a_note(big):
    text = render_markdown(big)
    assert len(text) < 65_536 and len(text.encode()) < 2**20
    failing = re.search(r"### Failed \((\d+)\)", text)
    omitted = [int(count) for count in re.findall(r"^(\d+) more are omitted", text, re.MULTILINE)]
    shown = [len(table) - 1 for table in markdown_tables(text)[1:]]
    verdicts = big["summary"]["verdicts"]
    assert failing and int(failing.group(1)) == verdicts["fail"]
    assert [a + b for a, b in zip(shown, omitted, strict=False)] == [
        verdicts[one] for one in ("fail", "inconclusive", "waived")
    ]
    assert min(shown) > 20


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


@pytest.mark.parametrize("prepare", [lambda report: report, strict, nameless], ids=["warn", "fail", "nameless"])
def test_all_formats_have_the_same_counts(report, prepare):
    report = prepare(report)
    verdicts = +Counter(report["summary"]["verdicts"])
    assert verdicts_in_json(render_json(report)) == verdicts
    assert verdicts_in_junit(render_junit(report)) == verdicts

    results = Counter(
        {verdict: count for verdict, count in verdicts.items() if verdict not in ("pass", "not_applicable")}
    )
    run = sarif(report)
    noted = Counter(note["properties"]["verdict"] for note in run["invocations"][0]["toolExecutionNotifications"])
    assert Counter(result["properties"]["verdict"] for result in run["results"]) + noted == results
    if report["summary"]["inconclusive"] == "fail":
        results = +Counter({**results, "inconclusive": 0, "fail": results["fail"] + results["inconclusive"]})
    assert verdicts_in_sarif(render_sarif(report)) == results
    assert run["properties"]["failed_by_severity"] == report["summary"]["failed_by_severity"]

    [counts, *_others] = markdown_tables(render_markdown(report))
    assert sum(map(int, counts[-1][1:])) == verdicts.total()
    failed = Counter(finding["severity"] for finding in report["findings"] if finding["verdict"] == "fail")
    assert [int(row[1]) for row in counts[1:-1]] == [failed[severity] for severity in SEVERITIES]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["alias", "message", "label", "title", "waiver", "key"])
def test_hostile_text_is_escaped(name, place):
    """JUnit and SARIF say the text, on one line and with nothing hidden, and stay whole."""
    text = HOSTILE[name]
    report = sample_reports.small()
    connection, finding, item = report["connections"][0], report["findings"][0], report["findings"][-1]
    if place == "alias":
        connection["facts"]["alias"] = text
        finding["subject"] = f'alm 1 "{text}"'
    elif place == "message":
        finding["message"] = text
    elif place == "label":
        item["label"] = item["subject"] = text
    elif place == "title":
        report["rules"][0].update(title=text, description=text, remediation=text, references=[text], that=[text])
    elif place == "waiver":
        report["waivers"][0].update(reason=text, owner=text)
    else:
        report = json.loads(json.dumps(report).replace(f'"{connection["key"]}"', json.dumps(f"{text}/alm/1")))

    junit = render_junit(report)
    assert not invisible_characters(junit)
    assert len(junit) < 30_000
    said = " ".join(
        " ".join([case.name, *(f"{end.message} {end.text}" for end in case.result)]) for case in junit_cases(junit)
    )
    # Line breaks of a policy's sentences are no more than blanks.
    shown = collapse(text, 200) if place in ("title", "waiver") else escape_line(text, 200)
    assert shown.split("…")[0] in said

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
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str):
            assert not invisible_characters(value)
    assert all(re.fullmatch(r"(?:(?!\.+/)[\w.~%-]+/)*[\w.~%-]+", uri, re.ASCII) for uri in texts)


def test_big_reports_are_within_size_limits(big):
    junit = render_junit(big)
    assert len(junit) < 30e6, "GitLab reads no more"
    assert junit_outcomes(junit)["passed"] == big["summary"]["verdicts"]["pass"]
    assert len(gzip.compress(render_sarif(big).encode())) < 10e6, "GitHub takes no more"
    assert len(render_json(big)) < 10e6


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
        assert re.search(r"\. (Use a folder|Name a new file)", str(error))
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
