# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One report of the reports of several servers."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.merge import (
    MergeOptions,
    merge_reports,
    validate_source,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    VerdictOptions,
    full_subject,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import (
    Scope,
    failed_report,
    warnings_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report_checks import (
    validate_baseline,
    validate_report,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests.report_readers import REPORT_VALIDATOR, all_findings, junit_cases
from tests.sample_reports import (
    AUDITED_AT,
    big,
    broken_loop,
    connection,
    empty,
    failed,
    finding,
    hostile,
    item_finding,
    merged,
    passed,
    report,
    rule,
    small,
    waiver,
)
from tests.strategies import mutated
from tests.support import LINEAR, growth

TLS = rule("alm-tls", "ALM traffic is encrypted", "high")
LAST_SYNC = rule("late", "Not too late", "low")
MISSING = MergeOptions(None, None, None)


def of_server(server: str, *verdicts: str, rules=(TLS,), **given) -> dict:
    """A report with a connection for each of the verdicts, and the same verdict of each rule."""
    connections = [connection("alm", number, server) for number in range(1, len(verdicts) + 1)]
    findings = [
        finding(one, about, verdict, "" if verdict == "pass" else "is not so")
        for one in rules
        for about, verdict in zip(connections, verdicts, strict=True)
    ]
    made = report(list(rules), connections, findings, **given)
    return {**made, "servers": [server], "server_urls": {}}


def merge(*reports: dict, servers=(), options=MISSING) -> dict:
    parts = [validate_source(copy.deepcopy(one), f"{number}.json") for number, one in enumerate(reports)]
    made = merge_reports(parts, list(servers), options)
    REPORT_VALIDATOR.validate(made)
    return made


def test_summary_is_sum_of_reports():
    made = merge(of_server("eu", "pass", "fail"), of_server("us", "pass", "inconclusive"), of_server("ap", "fail"))
    assert made["servers"] == ["eu", "us", "ap"]
    assert [one["key"] for one in made["connections"]] == ["eu/alm/1", "eu/alm/2", "us/alm/1", "us/alm/2", "ap/alm/1"]
    assert made["summary"]["verdict_counts"] == {
        "pass": 2,
        "fail": 2,
        "waived": 0,
        "not_applicable": 0,
        "inconclusive": 1,
        "error": 0,
    }
    assert made["summary"]["failed_by_severity"]["high"] == 2
    assert (made["summary"]["connections"], made["summary"]["rules"], made["summary"]["verdict"]) == (5, 1, "fail")
    assert made["summary"]["message"].startswith(
        "SD Elements audit of 3 servers failed: 2 findings of high or higher (2 high); "
    )
    assert [one["subject"] for one in all_findings(made)][:2] == [
        'ALM connection 1 "Jira 1"',
        'ALM connection 2 "Jira 2"',
    ]


def test_findings_are_sorted_by_rule():
    made = merge(
        of_server("eu", "pass", rules=(TLS, LAST_SYNC)),
        of_server("us", "pass", rules=(LAST_SYNC,)),
        of_server("ap", "pass", rules=(TLS, LAST_SYNC)),
    )
    expected = [("alm-tls", "eu"), ("alm-tls", "ap"), ("late", "eu"), ("late", "us"), ("late", "ap")]
    assert [(one["rule"], one["server"]) for one in made["other_verdicts"]] == expected
    assert [(one["rule"], one["connections"]) for one in all_findings(made)] == [
        (rule, [f"{server}/alm/1"]) for rule, server in expected
    ]


def test_merged_slices_equal_one_merge():
    parts = [
        of_server(name, "pass", "fail", "waived", waivers=[one_waiver("active", 1)]) for name in ("a", "b", "c", "d")
    ]
    for part in parts:
        part["findings"][1]["waiver"] = 0
    at_once = merge(*parts)
    assert merge(merge(parts[0]), merge(*parts[1:])) == at_once
    assert merge(merge(*parts[:2]), merge(*parts[2:])) == at_once
    assert at_once["waivers"][0]["findings"] == 4


def test_merged_report_can_be_rendered():
    made = merge(small(), of_server("other.example.com", "fail", rules=(LAST_SYNC,)))
    for name, render in FORMATS.items():
        assert "other.example.com" in render(made), name


def one_waiver(state: str, findings: int, reason: str = "Agreed") -> dict:
    return waiver(["alm-tls"], {"alias": ["Jira*"]}, reason, "platform", "2027-01-31", state, findings)


def with_waiver(server: str, state: str) -> dict:
    """A report with a waiver in a state: the last day of an active one, and the day after it."""
    verdict = {"active": "waived", "expired": "fail", "unused": "pass"}[state]
    part = of_server(server, verdict, waivers=[one_waiver(state, int(state != "unused"))])
    for one in part["findings"]:
        one["waiver" if state == "active" else "expired_waiver"] = 0
    return {**part, "audited_at": "2027-02-01T09:00:00Z" if state == "expired" else "2027-01-31T23:00:00Z"}


@pytest.mark.parametrize(
    "states, expected, findings",
    [
        (("active", "unused"), "active", 1),
        (("unused", "unused"), "unused", 0),
        (("expired", "active"), "expired", 2),
        (("unused", "expired"), "expired", 1),
    ],
)
def test_equal_waivers_are_merged(states, expected, findings):
    parts = [with_waiver(f"s{number}", state) for number, state in enumerate(states)]
    parts[1]["waivers"].insert(0, one_waiver("active", 0, reason="Another"))
    for one in parts[1]["findings"]:
        one["waiver" if one["verdict"] == "waived" else "expired_waiver"] = 1
    if "expired" in states[1]:
        parts[1]["waivers"][0]["state"] = "expired"
    made = merge(*parts)
    assert [(one["reason"], one["state"], one["findings"]) for one in made["waivers"]] == [
        ("Agreed", expected, findings),
        ("Another", parts[1]["waivers"][0]["state"], 0),
    ]
    indexes = [one["waiver"] if one["verdict"] == "waived" else one["expired_waiver"] for one in made["findings"]]
    assert indexes == [0] * findings
    # A merged report is valid as well.
    assert merge(made)["waivers"] == made["waivers"]


def test_baselines_are_summed():
    fixed = {
        "server": "eu",
        "rule": "alm-tls",
        "severity": "high",
        "subject": 'ALM connection 9 "Old"',
        "fingerprint": "0" * 32,
    }
    baseline = {"audited_at": "2026-11-01T00:00:00Z", "new": 1, "known": 2, "fixed": [fixed], "not_fixed": []}
    parts = [of_server(server, "fail", "fail", "fail", baseline=baseline) for server in ("eu", "ap")]
    for part in parts:
        for one, state in zip(part["findings"], ("known", "new", "known"), strict=True):
            one["baseline"] = state
    made = merge(parts[0], of_server("us", "pass"), parts[1])
    assert made["baseline"] == {
        **baseline,
        "new": 2,
        "known": 4,
        "fixed": [fixed, fixed],
    }


def with_summary(made: dict, **given: str) -> dict:
    return {**made, "summary": {**made["summary"], **given}}


def test_strictest_report_sets_defaults():
    lenient = with_summary(of_server("eu", "fail", rules=(LAST_SYNC,)), fail_on="critical", known_findings="accept")
    strict = with_summary(of_server("us", "inconclusive", rules=(LAST_SYNC,)), fail_on="low", inconclusive="fail")
    summary = merge(lenient, strict)["summary"]
    assert (summary["fail_on"], summary["inconclusive"], summary["known_findings"], summary["verdict"]) == (
        "low",
        "fail",
        "fail",
        "fail",
    )
    assert "2 findings of low or higher" in summary["message"]
    summary = merge(lenient, strict, options=MergeOptions("critical", "warn", "accept"))["summary"]
    assert (summary["fail_on"], summary["inconclusive"], summary["verdict"]) == ("critical", "warn", "pass")


def test_known_findings_accepted():
    baseline = {"audited_at": "2026-11-01T00:00:00Z", "new": 0, "known": 1, "fixed": [], "not_fixed": []}
    part = of_server("eu", "fail", baseline=baseline)
    part["findings"][0]["baseline"] = "known"
    assert merge(part, options=MergeOptions(None, None, "accept"))["summary"]["verdict"] == "pass"
    assert merge(part)["summary"]["verdict"] == "fail"


def test_missing_server_fails():
    whole = merge(of_server("eu", "pass"), servers=["eu"])
    assert (whole["summary"]["verdict"], whole["missing_servers"]) == ("pass", [])
    made = merge(of_server("eu", "pass"), servers=["us", "eu", *(f"s{number}" for number in range(9))])
    assert made["missing_servers"] == ["us", *(f"s{number}" for number in range(9))]
    assert made["summary"]["verdict"] == "fail"
    assert made["summary"]["message"].startswith("SD Elements audit of eu failed: 0 findings of high or higher; ")
    assert made["summary"]["message"].endswith(" 10 servers have no report: us, s0, s1, s2, s3 and 5 more.")
    # A merged report still says so when it is merged again, unless the server has come.
    assert merge(made)["missing_servers"] == made["missing_servers"]
    assert merge(made, of_server("us", "pass"))["missing_servers"] == made["missing_servers"][1:]
    assert merge(made, options=MergeOptions("never", None, None))["summary"]["verdict"] == "pass"


def test_server_without_connections_warns_or_fails():
    made = merge(of_server("eu", "pass"), of_server("us"))
    assert made["summary"]["verdict"] == "pass"
    assert made["summary"]["message"].endswith(" There are no connections of us, so nothing was audited there.")
    strict = merge(of_server("eu", "pass"), of_server("us"), options=MergeOptions(None, "fail", None))
    assert strict["summary"]["verdict"] == "fail"


def test_loop_rule_is_labelled_by_server():
    loop = rule("project-connected", "Every project is connected", "medium", loop="projects")
    about = connection("alm", 1, "eu")
    failing = {**item_finding(loop, "project 7", [], "fail", "is not so"), "server": "eu"}
    part = {**report([loop], [about], [failing]), "servers": ["eu"]}
    made = merge(part, of_server("us", "pass"))
    assert [(full_subject(one), one["label"]) for one in made["findings"] if one["rule"] == loop["id"]] == [
        ("eu, project 7", "project 7")
    ]


def test_grouped_items_are_labelled_by_server():
    """An item without connections, of which only its group knows the server."""
    loop = rule("project-connected", "Every project is connected", "medium", loop="projects")
    parts = [
        {
            **report([loop], [connection("alm", 1, server)], [item_finding(loop, "project 7", [], "pass")]),
            "servers": [server],
        }
        for server in ("eu", "us")
    ]
    made = merge(*parts)
    findings = all_findings(made)
    assert [(full_subject(one), one["label"]) for one in findings] == [
        ("eu, project 7", "project 7"),
        ("us, project 7", "project 7"),
    ]
    assert len({one["fingerprint"] for one in findings}) == 2
    assert all_findings(merge(made)) == findings
    assert len({case.name for case in junit_cases(FORMATS["junit"](made))}) == 2


def test_secrets_in_report_file_are_masked():
    loop = rule("connected", "Every project is connected", "high", loop="projects")
    part = of_server("eu", "fail")
    part["connections"][0]["facts"]["params"] = {
        "alm_pass": "CANARY1",
        "alm_server": "https://x:CANARY2@jira.example.com/",
    }
    part["findings"][0]["message"] = "https://x:CANARY3@jira.example.com/ fails"
    part["findings"][0]["subject"] = "alm 1 https://x:CANARY4@jira.example.com/"
    item = {"label": "https://x:CANARY5@jira.example.com/", "identity": "x", "connections": [], "projects": []}
    common = {"server": "eu", "rule": "connected", "severity": "high", "verdict": "pass"}
    group = {**common, "message": "https://x:CANARY6@jira.example.com/ holds", "count": 1, "subjects": [item]}
    part["other_verdicts"].append(group)
    part["rules"].append(loop)
    part["summary"]["rules"] = 2
    part["summary"]["verdict_counts"]["pass"] = 1
    merged = merge(part)
    assert "CANARY" not in json.dumps(merged)
    assert "CANARY" not in json.dumps(all_findings(merged))


def test_secrets_in_baseline_are_masked():
    part = {**of_server("eu", "pass"), "baseline": {**small()["baseline"], "new": 0, "known": 0}}
    part["baseline"]["fixed"][0]["subject"] = "alm 1 https://x:CANARY1@jira.example.com/"
    made = json.dumps(merge(part))
    assert "jira.example.com" in made and "CANARY" not in made


def broken(path: str, value) -> dict:
    made = of_server("eu", "waived", "pass", waivers=[one_waiver("active", 1)])
    made["findings"][0]["waiver"] = 0
    *names, last = path.split(".")
    place = made
    for name in names:
        place = place[int(name) if name.isdigit() else name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


@pytest.mark.parametrize(
    "content, problem",
    [
        ([], "is not an audit report"),
        ({"format": "other"}, "is not an audit report"),
        (broken("version", "1.0"), 'has version "1.0"; only 4.x is supported. Run that audit again with this release.'),
        (broken("findings", None), "findings is missing"),
        (broken("findings.0.verdict", None), "findings[0].verdict is missing"),
        (
            broken("findings.0.verdict", "maybe"),
            'findings[0].verdict must be one of fail, waived, inconclusive, error, not "maybe"',
        ),
        (
            broken("findings.0.severity", "huge"),
            'findings[0].severity must be one of critical, high, medium, low, info, not "huge"',
        ),
        (broken("findings.0.waiver", 1), "findings[0].waiver is not in the report: 1"),
        (broken("findings.0.waiver", "0"), "findings[0].waiver must be an integer or null, not a string"),
        (broken("findings.0.message", 7), "findings[0].message must be a string, not the number 7"),
        (broken("findings.0.rule", "other"), "findings[0].rule is not in the report: other"),
        (broken("findings.0.connections", ["x"]), "findings[0] has a connection that is not in the report"),
        (broken("other_verdicts", None), "other_verdicts is missing"),
        (
            broken("other_verdicts.0.verdict", "fail"),
            "other_verdicts[0].verdict must be one of pass, not_applicable, not",
        ),
        (broken("other_verdicts.0.rule", "other"), "other_verdicts[0].rule is not in the report: other"),
        (broken("other_verdicts.0.count", 2), "other_verdicts[0].count must be 1, not 2"),
        (broken("other_verdicts.0.subjects", ["x"]), "other_verdicts[0] has a connection that is not in the report"),
        (broken("other_verdicts.0.subjects", [7]), "other_verdicts[0].subjects[0] must be a string or a mapping, not"),
        (
            broken(
                "other_verdicts.0.subjects", [{"label": "x", "identity": "x", "connections": ["y"], "projects": []}]
            ),
            "other_verdicts[0] must be about one connection, as the rule alm-tls is",
        ),
        (broken("audited_at", "2026-02-30T00:00:00Z"), "audited_at is not a valid time: 2026-02-30T00:00:00Z"),
        (broken("waivers.0.state", "x"), 'waivers[0].state must be one of active, expired, unused, not "x"'),
        (broken("servers", [1]), "servers[0] must be a string, not the number 1"),
        (
            broken("summary.fail_on", "x"),
            'summary.fail_on must be one of critical, high, medium, low, info, never, not "x"',
        ),
        (broken("connections.0.facts", []), "connections[0].facts must be a mapping, not a list"),
        (broken("connections.0.facts.id", None), "connections[0].facts.id is missing"),
    ],
)
def test_invalid_report(content, problem):
    with pytest.raises(OptionError) as failure:
        validate_source(content, "x.json")
    assert problem in str(failure.value)


@pytest.mark.parametrize("make", [small, passed, empty, broken_loop, hostile, merged, failed, lambda: big(60, 5)])
def test_sample_reports_are_valid(make):
    """The checks refuse no report that an audit or a merge writes."""
    validate_report(make(), "report_files", "x.json")


def edited(made: dict, edits: dict) -> dict:
    for path, value in edits.items():
        *names, last = (int(name) if name.isdigit() else name for name in path.split("/"))
        place = made
        for name in names:
            place = place[name]
        place[last] = value
    return made


JIRA, RALLY = "sde.example.com/alm/1", "sde.example.com/alm/2"
# Edits of small(), and the problem that they cause. A few edits adjust the counts, too.
CONTRADICTIONS = [
    ({"audited_until": "2026-11-24T17:59:59Z"}, "audited_until is before audited_at: 2026-11-24T17:59:59Z"),
    ({"audited_until": "2026-11-31T17:59:59Z"}, "audited_until is not a valid time: 2026-11-31T17:59:59Z"),
    ({"servers": ["Eu", "eu"]}, "servers has one server twice: Eu and eu"),
    ({"servers": []}, "server_urls has a server that is not in servers: sde.example.com"),
    ({"servers": ["eu"], "server_urls": {}}, "connections[0].server is not in servers: sde.example.com"),
    ({"missing_servers": ["sde.example.com"]}, "missing_servers has a server that was audited: sde.example.com"),
    ({"rules": []}, "rules is empty"),
    ({"rules/1/id": "alm-tls"}, "rules has the rule alm-tls twice"),
    ({"connections/0/key": "zzz"}, "connections[0].key must be sde.example.com/alm/1, not zzz"),
    ({"connections/0/server": None}, "connections[0].server is not in servers: None"),
    (
        {"connections/0/key": RALLY, "connections/0/facts/id": 2},
        "connections[1] repeats the connection sde.example.com/alm/2",
    ),
    (
        {"other_verdicts/0/subjects": [], "other_verdicts/0/count": 0},
        "other_verdicts[0].subjects is empty",
    ),
    ({"findings/0/severity": "low"}, "findings[0].severity must be high, as in the rule alm-tls, not low"),
    ({"other_verdicts/0/severity": "low"}, "other_verdicts[0].severity must be high, as in the rule alm-tls, not low"),
    ({"findings/0/connections": []}, "findings[0] must be about one connection, as the rule alm-tls is"),
    ({"findings/0/label": "x"}, "findings[0] must be about one connection, as the rule alm-tls is"),
    ({"findings/9/label": None}, "findings[9] must be about an item, as the rule project-connected is"),
    ({"findings/9/connections": ["zzz"]}, "findings[9] has a connection that is not in the report"),
    ({"findings/0/server": None}, "findings[0].server is not in servers: None"),
    ({"findings/9/server": "us"}, "findings[9].server is not in servers: us"),
    (
        {"servers": ["sde.example.com", "us"], "findings/0/server": "us"},
        "findings[0] has a connection of another server",
    ),
    (
        {"findings/0/connections": [RALLY]},
        'other_verdicts[0] repeats the subject "sde.example.com/alm/2" of the rule alm-tls',
    ),
    ({"findings/1/connections": [JIRA]}, 'findings[1] repeats the subject "sde.example.com/alm/1" of the rule alm-tls'),
    (
        {"findings/1/fingerprint": "0" * 32, "findings/4/fingerprint": "0" * 32},
        f"findings[4].fingerprint is that of another finding: {'0' * 32}",
    ),
    (
        {"findings": []},
        "the rule alm-tls must have a verdict on each of the 4 connections of sde.example.com, not on 2",
    ),
    (
        {"waivers/0/expires": "2026-11-23"},
        "waivers[0].state must not be active, because it expires after 2026-11-23",
    ),
    (
        {"waivers/1/expires": "2026-11-24"},
        "waivers[1].state must not be expired, because it expires after 2026-11-24",
    ),
    ({"findings/1/waiver": None}, "findings[1].waiver is null, although the finding is waived"),
    ({"findings/0/waiver": 0}, "findings[0].waiver must be null, because the verdict is fail"),
    ({"findings/0/expired_waiver": 3}, "findings[0].expired_waiver is not in the report: 3"),
    ({"findings/5/expired_waiver": 1}, "findings[5].expired_waiver must be null, because the verdict is inconclusive"),
    ({"findings/1/waiver": 1}, "findings[1].waiver is a waiver that is expired and expires after 2026-10-31"),
    ({"findings/1/waiver": 2}, "findings[1].waiver is a waiver that is unused and expires after 2027-06-30"),
    ({"waivers/0/rules": ["late"]}, "findings[1].waiver is a waiver of other findings"),
    ({"waivers/0/servers": ["us"]}, "findings[1].waiver is a waiver of other findings"),
    ({"waivers/0/labels": ["*"]}, "findings[1].waiver is a waiver of other findings"),
    ({"waivers/0/connections": {"alias": ["Rally"]}}, "findings[1].waiver is a waiver of other findings"),
    ({"waivers/0/connections": {"alias": "Jira*"}}, "waivers[0].connections.alias must be a list, not a string"),
    ({"rules/0/waivable": False}, "findings[1].waiver is a waiver of other findings"),
    ({"findings/0/expired_waiver": 0}, "findings[0].expired_waiver is a waiver that is active and expires after 2026-"),
    ({"waivers/1/connections": {"id": [2]}}, "findings[6].expired_waiver is a waiver of other findings"),
    ({"summary/connections": 3}, "summary.connections must be 4, not 3"),
    ({"summary/rules": 7}, "summary.rules must be 6, not 7"),
    ({"summary/verdict_counts/fail": 0}, "summary.verdict_counts.fail must be 6, not 0"),
    ({"summary/verdict_counts/pass": 0}, "summary.verdict_counts.pass must be 11, not 0"),
    ({"summary/failed_by_severity/critical": 0}, "summary.failed_by_severity.critical must be 1, not 0"),
    ({"baseline": None}, "baseline is null, although findings are new"),
    ({"baseline/known": 4}, "baseline.known must be 3, not 4"),
    ({"findings/2/baseline": "known"}, "baseline.new must be 5, not 6"),
]


@pytest.mark.parametrize("edits, problem", CONTRADICTIONS)
def test_contradictions_in_reports_and_baselines(edits, problem):
    content = edited(small(), edits)
    with pytest.raises(OptionError) as failure:
        validate_source(content, "x.json")
    assert str(failure.value).startswith(f"report_files: x.json is not a valid report: {problem}")
    assert str(failure.value).endswith(". Create the report again.")
    with pytest.raises(OptionError) as failure:
        validate_baseline(content, "x.json")
    assert str(failure.value).startswith(f"baseline: x.json is not a valid report: {problem}")


def test_errors_may_be_about_equal_items():
    loop = rule("connected", "Every project is connected", "high", loop="projects")
    about = connection("alm", 1)
    twice = [item_finding(loop, "same", [], "error", "the label 'same' is not unique") for _number in range(2)]
    assert merge(report([loop], [about], twice))["summary"]["verdict_counts"]["error"] == 2


def test_inconclusive_loop_has_no_item():
    loop = rule("connected", "Every project is connected", "high", loop="projects")
    doubt = {**item_finding(loop, "Every project is connected", [], "inconclusive", "params are hidden"), "label": None}
    assert merge(report([loop], [connection("alm", 1)], [doubt]))["summary"]["verdict_counts"]["inconclusive"] == 1


def test_rule_that_some_servers_lack_is_named():
    whole, part = of_server("eu", "pass", rules=(TLS, LAST_SYNC)), of_server("us", "pass", rules=(LAST_SYNC,))
    made = merge(whole, part, of_server("ap", "pass", rules=(LAST_SYNC,)))
    assert made["partly_evaluated"] == [{"rule": "alm-tls", "not_on": ["us", "ap"]}]
    assert made["summary"]["message"].endswith(" 1 rule was not evaluated on all servers: alm-tls (not on us, ap).")
    assert "Rule alm-tls was not evaluated on us, ap, unlike on other servers." in warnings_of(made)
    assert made["summary"]["verdict"] == "pass"
    strict = with_summary(whole, vacuous="fail")
    assert merge(strict, part)["summary"]["verdict"] == "fail"
    assert merge(strict)["summary"]["verdict"] == "pass" and merge(strict)["partly_evaluated"] == []
    # A merge of merged reports knows it, too.
    assert merge(merge(whole, part), of_server("ap", "pass", rules=(LAST_SYNC,))) == made
    assert merge(made)["partly_evaluated"] == made["partly_evaluated"]


def test_rule_that_is_off_on_some_servers_is_named():
    off = {**TLS, "state": "off"}
    parts = [of_server("eu", "pass"), *(of_server(name, "not_applicable", rules=(off,)) for name in ("us", "ap"))]
    made = merge(*parts)
    assert made["rules"][0]["state"] == "evaluated"
    assert made["partly_evaluated"] == [{"rule": "alm-tls", "not_on": ["us", "ap"]}]
    assert merge(parts[0], merge(*parts[1:])) == made
    everywhere = merge(*parts[1:])
    assert (everywhere["rules"][0]["state"], everywhere["partly_evaluated"]) == ("off", [])


def test_reason_of_a_missing_server_is_in_the_summary():
    scope = Scope("sde-down", None, None)
    problem = "GET https://x:CANARY@sde-down/:\nthe server refused the connection."
    down = {**failed_report(problem, scope, [], VerdictOptions("high", "warn", "fail")), "audited_at": AUDITED_AT}
    made = merge(of_server("eu", "pass"), down, servers=["eu", "sde-down", "us"])
    assert made["missing_servers"] == ["sde-down", "us"]
    assert list(made["missing_reasons"]) == ["sde-down"] and "CANARY" not in json.dumps(made)
    sentence = (
        "2 servers have no report: sde-down (GET https://********@sde-down/: the server refused the connection), us."
    )
    assert made["summary"]["message"].endswith(sentence)
    assert merge(made, of_server("ap", "pass"))["summary"]["message"].endswith(sentence)
    # The reason is gone once the server has a report.
    assert merge(made, of_server("sde-down", "pass"))["missing_reasons"] == {}
    long = copy.deepcopy(down)
    long["summary"]["message"] += "x" * 5000
    assert len(merge(of_server("eu", "pass"), long)["summary"]["message"]) < 500


@pytest.mark.parametrize("name", FORMATS)
def test_lone_surrogates_in_names_of_servers_are_escaped(name):
    made = merge(of_server("\ud800", "fail"), of_server("us", "pass"), servers=["\udfff"])
    text = FORMATS[name](made)
    assert text.encode() and r"\ud800" in text


@given(mutated(small()))
def test_mutated_report_is_rejected_or_rendered(content):
    try:
        part = validate_source(content, "x.json")
    except OptionError as exc:
        assert str(exc).startswith("report_files: x.json")
        return
    made = merge_reports([part], [], MISSING)
    REPORT_VALIDATOR.validate(made)
    assert all(render(made) for render in FORMATS.values())


def test_incompatible_reports():
    for reports, problem in (
        ((of_server("eu", "pass"), of_server("eu", "pass")), "0.json and 1.json both contain eu."),
        ((of_server("eu", "pass"), of_server("EU", "pass")), "0.json and 1.json both contain EU."),
        (
            (of_server("eu", "pass"), of_server("us", "pass", rules=({**TLS, "severity": "low"},))),
            "rule alm-tls differs between 0.json and 1.json",
        ),
    ):
        with pytest.raises(OptionError) as failure:
            merge(*reports)
        assert problem in str(failure.value)
    old = {**of_server("eu", "pass"), "audited_at": "2026-11-23T21:59:59Z"}
    with pytest.raises(
        OptionError,
        match=r"0\.json \(2026-11-23T21:59:59Z\) and 1\.json \(2026-11-24T18:00:00Z\) are more than 20 hours apart\.",
    ):
        merge(old, of_server("us", "pass"))
    merge({**old, "audited_at": "2026-11-23T22:00:00Z"}, of_server("us", "pass"))
    chain = merge({**of_server("eu", "pass"), "audited_at": "2026-11-24T00:00:00Z"}, of_server("us", "pass"))
    assert (chain["audited_at"], chain["audited_until"]) == ("2026-11-24T00:00:00Z", "2026-11-24T18:00:00Z")
    with pytest.raises(
        OptionError,
        match=r"1\.json \(2026-11-23T12:00:00Z\) and 0\.json \(2026-11-24T18:00:00Z\) are more than 20 hours apart\.",
    ):
        merge(chain, {**of_server("ap", "pass"), "audited_at": "2026-11-23T12:00:00Z"})
    about = connection("alm", 1, None)
    unnamed = report([TLS], [about], [finding(TLS, about, "pass")])
    with pytest.raises(
        OptionError,
        match=r"both contain alm/1\. Merge one report per server, and set the option server in each audit\.",
    ):
        merge(unnamed, unnamed)


@pytest.mark.no_cover
def test_many_waivers_take_linear_time():
    """No list of all waivers is made for each of them."""
    made = of_server("eu", "pass")
    waivers = [waiver(["alm-tls"], None, f"reason {number}", "o", "2099-01-01", "unused", 0) for number in range(8_000)]
    assert len(merge_only({**made, "waivers": waivers})["waivers"]) == len(waivers)
    assert growth(lambda size: merge_only({**made, "waivers": waivers[:size]}), len(waivers) // 4) < LINEAR


def merge_only(made: dict) -> dict:
    return merge_reports([validate_source(made, "a.json")], [], MISSING)


@pytest.mark.parametrize("id_", [["alm-tls"], 3, None])
def test_rule_id_must_be_text(id_):
    made = of_server("eu", "fail")
    made["findings"][0]["rule"] = id_
    with pytest.raises(OptionError, match="is not a valid report"):
        merge_only(made)
