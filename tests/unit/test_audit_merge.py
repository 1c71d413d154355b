# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One report of the reports of several servers."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from hypothesis import given

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.merge import (
    MergeOptions,
    merge_reports,
    validate_source,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import full_subject
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests.conftest import ROOT
from tests.report_readers import all_findings, junit_cases
from tests.sample_reports import connection, finding, item_finding, report, rule, small, waiver
from tests.strategies import mutated
from tests.support import LINEAR, growth

SCHEMA = json.loads(
    (ROOT / "plugins" / "plugin_utils" / "_audit" / "data" / "report.schema.json").read_text(encoding="utf-8")
)
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
    return {**made, "servers": [server]}


def merge(*reports: dict, servers=(), options=MISSING) -> dict:
    parts = [validate_source(copy.deepcopy(one), f"{number}.json") for number, one in enumerate(reports)]
    made = merge_reports(parts, list(servers), options)
    jsonschema.validate(made, SCHEMA)
    return made


def test_summary_is_sum_of_reports():
    made = merge(of_server("eu", "pass", "fail"), of_server("us", "pass", "inconclusive"), of_server("ap", "fail"))
    assert made["servers"] == ["eu", "us", "ap"]
    assert [one["key"] for one in made["connections"]] == ["eu/alm/1", "eu/alm/2", "us/alm/1", "us/alm/2", "ap/alm/1"]
    assert made["summary"]["verdicts"] == {
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
        "SD Elements audit of 3 servers failed: 2 findings of high or more (2 high); "
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


@pytest.mark.parametrize(
    "states, expected",
    [
        (("active", "unused"), "active"),
        (("unused", "unused"), "unused"),
        (("expired", "active"), "expired"),
        (("unused", "expired"), "expired"),
    ],
)
def test_equal_waivers_are_merged(states, expected):
    parts = [of_server(f"s{number}", "waived", waivers=[one_waiver(state, 1)]) for number, state in enumerate(states)]
    parts[1]["waivers"].insert(0, one_waiver("active", 0, reason="Another"))
    parts[1]["findings"][0]["waiver"] = 1
    parts[0]["findings"][0]["waiver"] = 0
    made = merge(*parts)
    assert [(one["reason"], one["state"], one["findings"]) for one in made["waivers"]] == [
        ("Agreed", expected, 2),
        ("Another", "active", 0),
    ]
    assert [one["waiver"] for one in made["findings"]] == [0, 0]


def test_baselines_are_summed():
    fixed = {
        "server": "eu",
        "rule": "alm-tls",
        "severity": "high",
        "subject": 'ALM connection 9 "Old"',
        "fingerprint": "0" * 32,
    }
    baseline = {"audited_at": "2026-11-01T00:00:00Z", "new": 1, "known": 2, "fixed": [fixed], "not_fixed": []}
    made = merge(
        of_server("eu", "fail", baseline=baseline), of_server("us", "pass"), of_server("ap", "fail", baseline=baseline)
    )
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
    assert "2 findings of low or more" in summary["message"]
    summary = merge(lenient, strict, options=MergeOptions("critical", "warn", "accept"))["summary"]
    assert (summary["fail_on"], summary["inconclusive"], summary["verdict"]) == ("critical", "warn", "pass")


def test_known_findings_accepted():
    part = of_server("eu", "fail")
    part["findings"][0]["baseline"] = "known"
    assert merge(part, options=MergeOptions(None, None, "accept"))["summary"]["verdict"] == "pass"
    assert merge(part)["summary"]["verdict"] == "fail"


def test_missing_server_fails():
    whole = merge(of_server("eu", "pass"), servers=["eu"])
    assert (whole["summary"]["verdict"], whole["missing_servers"]) == ("pass", [])
    made = merge(of_server("eu", "pass"), servers=["us", "eu", *(f"s{number}" for number in range(9))])
    assert made["missing_servers"] == ["us", *(f"s{number}" for number in range(9))]
    assert made["summary"]["verdict"] == "fail"
    assert made["summary"]["message"].startswith("SD Elements audit of eu failed: 0 findings of high or more; ")
    assert made["summary"]["message"].endswith(" 10 servers have no report: us, s0, s1, s2, s3, ….")
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
    part = of_server("eu", "fail")
    part["connections"][0]["facts"]["params"] = {
        "alm_pass": "CANARY1",
        "alm_server": "https://x:CANARY2@jira.example.com/",
    }
    part["findings"][0]["message"] = "https://x:CANARY3@jira.example.com/ fails"
    part["findings"][0]["subject"] = "alm 1 https://x:CANARY4@jira.example.com/"
    item = {"label": "https://x:CANARY5@jira.example.com/", "identity": "x", "connections": []}
    common = {"server": "eu", "rule": "alm-tls", "severity": "high", "verdict": "pass"}
    group = {**common, "message": "https://x:CANARY6@jira.example.com/ holds", "count": 1, "subjects": [item]}
    part["other_verdicts"].append(group)
    merged = merge(part)
    assert "CANARY" not in json.dumps(merged)
    assert "CANARY" not in json.dumps(all_findings(merged))


def test_secrets_in_baseline_are_masked():
    part = {**of_server("eu", "pass"), "baseline": small()["baseline"]}
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
        (broken("version", "1.0"), 'has version "1.0"; only 3.x is supported. Run that audit again with this release.'),
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
            broken("other_verdicts.0.subjects", [{"label": "x", "identity": "x", "connections": ["y"]}]),
            "other_verdicts[0] has a connection that is not in the report",
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


@given(mutated(small()))
def test_mutated_report_is_rejected_or_rendered(content):
    try:
        part = validate_source(content, "x.json")
    except OptionError as exc:
        assert str(exc).startswith("documents: x.json")
        return
    made = merge_reports([part], [], MISSING)
    jsonschema.validate(made, SCHEMA)
    assert all(render(made) for render in FORMATS.values())


def test_incompatible_reports():
    for reports, problem in (
        ((of_server("eu", "pass"), of_server("eu", "pass")), "0.json and 1.json both contain eu."),
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
    unnamed = {**report([TLS], [connection("alm", 1, None)], []), "servers": []}
    with pytest.raises(
        OptionError,
        match=r"both contain alm/1\. Merge one report per server, and set the option server in each audit\.",
    ):
        merge(unnamed, unnamed)


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
