# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's report: waivers, baseline, threshold, fingerprints, and the validation of connections."""

from __future__ import annotations

import html
import json
import tracemalloc

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.connections import (
    connections_in,
    endpoint_in,
    server_name,
    server_url,
    validate_connections,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    FORMAT,
    AuditedFacts,
    Evaluation,
    Selection,
    VerdictOptions,
    key_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import load_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import (
    Scope,
    build_report,
    most_severe,
    top_findings,
    warnings_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report_checks import validate_report
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.json import render as render_json
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests.report_readers import REPORT_VALIDATOR, all_findings

SEVERITIES = ("info", "low", "medium", "high", "critical")
RULES = [{"id": severity, "title": severity, "severity": severity, "that": "true"} for severity in SEVERITIES]
LOOP = {
    "id": "loop",
    "title": "Loop",
    "severity": "high",
    "that": "true",
    "loop": "connections",
    "label": "item.id",
    "affected": "[item]",
}
CONNECTIONS = [
    {
        "id": id_,
        "kind": "alm",
        "alias": f"Jira {id_}",
        "project": id_ + 10,
        "system": "JIRA",
        "system_id": "jira",
        "params": {},
        "params_visible": True,
    }
    for id_ in (1, 2, 12)
]


def waiver(*rules, **fields) -> dict:
    return {"rules": list(rules), "reason": "r", "owner": "o", "expires": "2026-11-24", **fields}


def report(
    *verdicts,
    waivers=(),
    baseline=None,
    connections=None,
    more=(),
    without=(),
    not_selected=(),
    policy=None,
    observed=None,
    **options,
) -> dict:
    """The report of verdicts, which are (rule, verdict, id of the connection or label)."""
    connections = connections or CONNECTIONS
    rules = [one for one in [*RULES, LOOP, *more] if one["id"] not in without]
    content = {"rules": rules, "waivers": list(waivers), **(policy or {})}
    skipped = Selection(skip_rules=not_selected)
    loaded = load_policy(["p.yml"], lambda name: content, {}, selection=skipped)
    by_id = {rule.id: rule for rule in loaded.rules}
    found = []
    for rule, verdict, subject, *names in verdicts:
        keys = names[0] if names else [("alm", subject)] if rule != "loop" else []
        about = [next(one for one in connections if key_of(one) == key) for key in keys]
        label, *identity = [subject, subject] if isinstance(subject, str) else [None, None]
        if isinstance(subject, tuple):
            label, identity = subject[0], [subject[1]]
        made = Evaluation(by_id[rule], None, about, label, identity[0], verdict, "why")
        if verdict == "fail":
            values = observed or {"frequency": "weekly"}
            made.condition, made.observed = "true", [{"name": name, "value": value} for name, value in values.items()]
        found.append(made)
    chosen = {
        "server": "sde.example.com",
        "url": "https://sde.example.com/tenant",
        "audited_at": "2026-11-24T18:00:00Z",
        "fail_on": "high",
        "inconclusive": "warn",
        "known_findings": "fail",
        **options,
    }
    made = build(loaded, connections, found, baseline, **chosen)
    REPORT_VALIDATOR.validate(made)
    return json.loads(json.dumps(made))


def build(
    policy,
    connections,
    evaluations,
    baseline=None,
    *,
    server,
    audited_at,
    url=None,
    kinds=None,
    states=None,
    projects=None,
    **options,
) -> dict:
    return build_report(
        policy,
        AuditedFacts(connections, projects),
        evaluations,
        VerdictOptions(**{"vacuous": policy.vacuous, "unused_waivers": policy.limits.unused, **options}),
        states={**{rule.id: "evaluated" for rule in policy.rules}, **(states or {})},
        scope=Scope(server, url, kinds),
        audited_at=audited_at,
        baseline=baseline,
    )


def verdict_of(*verdicts, **options) -> str:
    return report(*verdicts, **options)["summary"]["verdict"]


# ---------------------------------------------------------------------------------------------------------------
# The whole


def test_report_of_an_audit():
    made = report(("high", "fail", 1), ("low", "pass", 2), ("loop", "fail", "x", [("alm", 1), ("alm", 2)]))
    assert made["format"] == "securitycompass.sdelements/connection-audit" and made["version"] == "4.0"
    assert made["servers"] == ["sde.example.com"] and made["policies"] == ["p.yml"] and made["baseline"] is None
    assert [one["key"] for one in made["connections"]] == [
        "sde.example.com/alm/1",
        "sde.example.com/alm/2",
        "sde.example.com/alm/12",
    ]
    first, second = made["findings"]
    assert first == {
        "server": "sde.example.com",
        "rule": "high",
        "severity": "high",
        "verdict": "fail",
        "connections": ["sde.example.com/alm/1"],
        "projects": [11],
        "subject": 'ALM connection 1 "Jira 1"',
        "label": None,
        "message": "why",
        "condition": "true",
        "observed": [{"name": "frequency", "value": "weekly"}],
        "fingerprint": first["fingerprint"],
        "waiver": None,
        "expired_waiver": None,
        "baseline": None,
        "fails_audit": True,
    }
    assert made["server_urls"] == {"sde.example.com": "https://sde.example.com/tenant"}
    assert second["subject"] == second["label"] == "x"
    assert second["connections"] == ["sde.example.com/alm/1", "sde.example.com/alm/2"]
    assert made["summary"]["verdict_counts"] == {
        "pass": 1,
        "fail": 2,
        "waived": 0,
        "not_applicable": 0,
        "inconclusive": 0,
        "error": 0,
    }
    assert made["summary"]["failed_by_severity"] == {"critical": 0, "high": 2, "medium": 0, "low": 0, "info": 0}


def test_subjects_are_grouped_by_rule_verdict_and_message():
    made = report(
        ("low", "pass", 1),
        ("low", "not_applicable", 2),
        ("low", "pass", 12),
        ("high", "pass", 1),
        ("loop", "pass", "x", [("alm", 1), ("alm", 2)]),
        ("loop", "pass", "y"),
    )
    assert made["findings"] == []
    shared = {"server": "sde.example.com", "message": "why"}
    keys = {id_: f"sde.example.com/alm/{id_}" for id_ in (1, 2, 12)}
    items = [
        {"label": "x", "identity": "x", "connections": [keys[1], keys[2]], "projects": []},
        {"label": "y", "identity": "y", "connections": [], "projects": []},
    ]
    assert made["other_verdicts"] == [
        {**shared, "rule": rule, "severity": severity, "verdict": verdict, "count": len(subjects), "subjects": subjects}
        for rule, severity, verdict, subjects in [
            ("low", "low", "pass", [keys[1], keys[12]]),
            ("low", "low", "not_applicable", [keys[2]]),
            ("high", "high", "pass", [keys[1]]),
            ("loop", "high", "pass", items),
        ]
    ]


def test_passes_take_no_more_than_a_reference():
    """An object for each pass would be most of a report's memory, and of its JSON."""
    size, rules = 500, 40
    connections = [{**CONNECTIONS[0], "id": id_} for id_ in range(1, size + 1)]
    content = {"rules": [{**RULES[0], "id": f"rule-{number}"} for number in range(rules)]}
    policy = load_policy(["p.yml"], lambda name: content, {})
    options = {"server": "s", "audited_at": "2026-11-24T18:00:00Z", "fail_on": "high"}
    options |= {"inconclusive": "warn", "known_findings": "fail"}

    def measured(number: int) -> tuple[int, int]:
        """Return the bytes of a report, and of its JSON, in which so many rules pass."""
        passes = (
            Evaluation(rule, None, [one], None, None, "pass", "holds")
            for rule in policy.rules[:number]
            for one in connections
        )
        tracemalloc.start()
        made = build(policy, connections, passes, **options)
        memory, _peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert made["summary"]["verdict_counts"]["pass"] == number * size
        return memory, len(render_json(made))

    (few, short), (many, long) = measured(1), measured(rules)
    assert (many - few) / ((rules - 1) * size) < 16
    assert (long - short) / ((rules - 1) * size) < len('   "s/alm/500",') + 2


def test_findings_of_groups_are_as_those_of_failures():
    """They differ in their verdict only, and are sorted by connection together with the others."""
    subjects = [("high", 1), ("high", 2), ("high", 12), ("loop", "x", [("alm", 2)]), ("loop", "y")]
    for server in ("sde.example.com", None):
        passed, failed, mixed = (
            all_findings(
                report(
                    *((rule, verdict, *about) for verdict, (rule, *about) in zip(verdicts, subjects, strict=True)),
                    server=server,
                )
            )
            for verdicts in (["pass"] * 5, ["fail"] * 5, ["pass", "fail", "not_applicable", "fail", "pass"])
        )
        assert [one["verdict"] for one in mixed] == ["pass", "fail", "not_applicable", "fail", "pass"]
        for findings in (passed, mixed):
            because = ("verdict", "condition", "observed", "fails_audit")
            assert [{**one, **dict.fromkeys(because)} for one in findings] == [
                {**one, **dict.fromkeys(because)} for one in failed
            ]


def test_report_without_server():
    made = report(("high", "fail", 1), server=None)
    assert made["servers"] == [] and made["findings"][0]["connections"] == ["alm/1"]


def test_fingerprints():
    one = report(("high", "fail", 1), ("low", "fail", 1), ("high", "fail", 12), ("loop", "fail", "1"))["findings"]
    assert len({finding["fingerprint"] for finding in one}) == 4
    # They do not depend on order, aliases, verdicts and messages, but on the server.
    renamed = [{**connection, "alias": "new"} for connection in CONNECTIONS]
    again = report(
        ("loop", "pass", "1"), ("high", "error", 12), ("low", "pass", 1), ("high", "pass", 1), connections=renamed
    )
    assert {finding["fingerprint"] for finding in all_findings(again)} == {finding["fingerprint"] for finding in one}
    other = report(("high", "fail", 1), server="other")["findings"]
    assert other[0]["fingerprint"] != one[0]["fingerprint"]
    # A promise to those who keep them: this one never changes.
    assert one[0]["fingerprint"] == "361753f459d294b4f43bca90b352503c"


# ---------------------------------------------------------------------------------------------------------------
# The threshold


@pytest.mark.parametrize("fail_on", [*SEVERITIES, "never"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_threshold(severity, fail_on):
    reached = fail_on != "never" and SEVERITIES.index(severity) >= SEVERITIES.index(fail_on)
    assert verdict_of((severity, "fail", 1), fail_on=fail_on) == ("fail" if reached else "pass")
    assert verdict_of((severity, "inconclusive", 1), fail_on=fail_on) == "pass"
    assert verdict_of((severity, "inconclusive", 1), fail_on=fail_on, inconclusive="fail") == (
        "fail" if reached else "pass"
    )
    assert verdict_of((severity, "error", 1), fail_on=fail_on) == ("pass" if fail_on == "never" else "fail")
    for verdict in ("pass", "not_applicable"):
        assert verdict_of((severity, verdict, 1), fail_on=fail_on, inconclusive="fail") == "pass"


@pytest.mark.parametrize(
    "verdicts, options, message",
    [
        (
            [
                ("critical", "fail", 1),
                ("high", "fail", 1),
                ("high", "fail", 2),
                ("low", "fail", 1),
                ("low", "inconclusive", 2),
            ],
            {},
            (
                "failed: 3 findings of high or higher (1 critical, 2 high); 1 lower, 0 waived, 1 inconclusive, 0 "
                "errors. 3 connections, 6 rules."
            ),
        ),
        (
            [("low", "fail", 1)],
            {},
            (
                "passed: 0 findings of high or higher; 1 lower, 0 waived, 0 inconclusive, 0 errors. "
                "3 connections, 6 rules."
            ),
        ),
        (
            [("low", "error", 1)],
            {},
            "failed: 1 error; 0 findings of high or higher; 0 lower, 0 waived, 0 inconclusive. 3 connections, 6 rules.",
        ),
        (
            [("high", "inconclusive", 1)],
            {"inconclusive": "fail"},
            (
                "failed: 1 finding of high or higher (1 high, 1 of them inconclusive); 0 lower, 0 waived, 0 more "
                "inconclusive, 0 errors. "
                "3 connections, 6 rules."
            ),
        ),
        (
            [
                ("critical", "inconclusive", 1),
                ("high", "inconclusive", 1),
                ("high", "fail", 2),
                ("low", "fail", 2),
                ("low", "inconclusive", 1),
            ],
            {"inconclusive": "fail"},
            (
                "failed: 3 findings of high or higher (1 critical, 2 high, 2 of them inconclusive); 1 lower, 0 "
                "waived, 1 more inconclusive, 0 errors. "
                "3 connections, 6 rules."
            ),
        ),
        (
            [("high", "fail", 1), ("low", "fail", 1)],
            {"fail_on": "never"},
            "passed: 2 findings, 0 waived, 0 inconclusive, 0 errors. 3 connections, 6 rules.",
        ),
    ],
)
def test_message(verdicts, options, message):
    assert report(*verdicts, **options)["summary"]["message"] == f"SD Elements audit of sde.example.com {message}"


@pytest.mark.parametrize(
    "options, verdict",
    [({}, "pass"), ({"inconclusive": "fail"}, "fail"), ({"inconclusive": "fail", "fail_on": "never"}, "pass")],
)
def test_empty_audit(options, verdict):
    policy = load_policy(["p.yml"], lambda name: {"rules": RULES}, {})
    chosen = {
        "server": "sde.example.com",
        "url": "https://sde.example.com/tenant",
        "audited_at": "2026-11-24T18:00:00Z",
        "fail_on": "high",
        "inconclusive": "warn",
        "known_findings": "fail",
        **options,
    }
    made = build(policy, [], [], **chosen)
    assert made["summary"]["verdict"] == verdict
    assert made["summary"]["message"].startswith(f"SD Elements audit of sde.example.com {verdict}ed: 0 findings")
    assert made["summary"]["message"].endswith(" There are no connections, so nothing was audited.")
    assert warnings_of(made) == [
        (
            "There are no connections, so nothing was audited. Check the permissions of the token, and which "
            "connections were selected."
        )
    ]


# ---------------------------------------------------------------------------------------------------------------
# Waivers


def test_long_alias_is_shortened_in_findings_only():
    alias = "a" * 5000
    made = report(("high", "fail", 1), connections=[{**CONNECTIONS[0], "alias": alias}, *CONNECTIONS[1:]])
    assert len(made["findings"][0]["subject"]) < 250 and made["connections"][0]["facts"]["alias"] == alias


@pytest.mark.parametrize(
    "connections, covers",
    [
        (None, True),
        ({"id": 1}, True),
        ({"id": [3, 1]}, True),
        ({"id": 12}, False),
        ({"kind": "alm"}, True),
        ({"kind": "analysis"}, False),
        ({"alias": "Jira*"}, True),
        ({"alias": ["x", "*1"]}, True),
        ({"alias": "jira*"}, False),
        ({"alias": "[J]ira*"}, False),
        ({"alias": "Jira"}, False),
        ({"system": "JIRA"}, True),
        ({"system": "jira"}, True),
        ({"system": ["Rally", "Jira"]}, True),
        ({"system": "rally"}, False),
        ({"project": 11}, True),
        ({"project": 1}, False),
        ({"id": 1, "kind": "alm", "alias": "*", "system": "jira", "project": 11}, True),
        ({"id": 1, "project": 12}, False),
    ],
)
def test_waiver_of_connections(connections, covers):
    fields = {"connections": connections} if connections else {}
    made = report(("high", "fail", 1), waivers=[waiver("high", **fields)])
    finding = made["findings"][0]
    assert (finding["verdict"], finding["waiver"]) == (("waived", 0) if covers else ("fail", None))
    assert made["waivers"][0]["state"] == ("active" if covers else "unused")
    assert made["summary"]["verdict"] == ("pass" if covers else "fail")
    assert made["summary"]["failed_by_severity"]["high"] == (0 if covers else 1)


@pytest.mark.parametrize(
    "fields, names, covers",
    [
        ({"labels": ["x*"]}, [], True),
        ({"labels": ["y"]}, [], False),
        ({}, [], True),
        ({"connections": {"id": 1}}, [("alm", 1)], True),
        ({"connections": {"id": 1}}, [("alm", 1), ("alm", 2)], False),
        ({"connections": {"id": 1}}, [], False),
    ],
)
def test_waiver_of_items(fields, names, covers):
    made = report(("loop", "fail", "x1", names), waivers=[waiver("loop", **fields)])
    assert made["findings"][0]["verdict"] == ("waived" if covers else "fail")


@pytest.mark.parametrize("verdict", ["pass", "not_applicable", "error"])
def test_waiver_covers_failures_only(verdict):
    made = report(("high", verdict, 1), waivers=[waiver("high")])
    assert all_findings(made)[0]["verdict"] == verdict and made["waivers"][0]["state"] == "unused"


def test_waiver_of_inconclusive_finding_is_not_unused():
    made = report(
        ("high", "inconclusive", 1), waivers=[waiver("high"), waiver("low"), waiver("high", expires="2020-01-01")]
    )
    assert (made["findings"][0]["verdict"], made["findings"][0]["waiver"]) == ("inconclusive", None)
    assert [(one["state"], one["findings"]) for one in made["waivers"]] == [
        ("active", 0),
        ("unused", 0),
        ("expired", 0),
    ]
    unused = [one for one in warnings_of(made) if "unused" in one]
    assert unused == ["p.yml, waiver 2 (low; owner: o) is unused: no failing finding matches it."]
    strict = report(("high", "inconclusive", 1), waivers=[waiver("high")], inconclusive="fail")
    assert strict["summary"]["verdict"] == "fail"


def test_waiver_expires_after_its_day():
    expired, last_day = waiver("high", expires="2026-11-23"), waiver("high", expires="2026-11-24")
    made = report(("high", "fail", 1), ("high", "fail", 2), waivers=[expired])
    assert made["summary"]["verdict"] == "fail"
    assert (made["waivers"][0]["state"], made["waivers"][0]["findings"]) == ("expired", 2)
    made = report(("high", "fail", 1), waivers=[expired, last_day])
    assert made["findings"][0]["waiver"] == 1
    assert [one["state"] for one in made["waivers"]] == ["expired", "active"]


def test_waiver_that_ends_within_two_weeks_is_reported():
    ends = ["2026-11-24", "2026-12-08", "2026-12-09", "2026-11-23"]
    made = report(*(("high", "fail", id_) for id_ in (1, 2, 12)), waivers=[waiver("high", expires=day) for day in ends])
    assert [one["ends_soon"] for one in made["waivers"]] == [True, True, False, False]
    [used, *_unused, expired] = warnings_of(made)
    assert used == "p.yml, waiver 1 (high; owner: o) ends after 2026-11-24."
    assert "expired after 2026-11-23" in expired


@pytest.mark.parametrize(
    "servers, covers", [(["sde.example.com"], True), (["SDE.*"], True), (["x", "*.com"], True), (["other"], False)]
)
def test_waiver_of_servers(servers, covers):
    made = report(("high", "fail", 1), waivers=[waiver("high", servers=servers)])
    assert made["findings"][0]["verdict"] == ("waived" if covers else "fail")
    assert made["waivers"][0]["state"] == ("active" if covers else "unused")
    unnamed = report(("high", "fail", 1), waivers=[waiver("high", servers=servers)], server=None)
    assert unnamed["findings"][0]["verdict"] == "fail"


def test_first_matching_waiver_applies():
    made = report(("high", "fail", 1), waivers=[waiver("high"), waiver("high")])
    assert made["findings"][0]["waiver"] == 0
    assert [(one["state"], one["findings"]) for one in made["waivers"]] == [("active", 1), ("unused", 0)]


def test_warnings():
    made = report(
        ("high", "fail", 1),
        ("low", "error", 1),
        ("low", "error", 2),
        ("info", "inconclusive", 2),
        waivers=[waiver("high", expires="2026-11-23"), waiver("low"), waiver("loop", expires="2020-01-01")],
    )
    assert warnings_of(made) == [
        "p.yml, waiver 1 (high; owner: o) expired after 2026-11-23. It no longer waives 1 finding.",
        "p.yml, waiver 2 (low; owner: o) is unused: no failing finding matches it.",
        "p.yml, waiver 3 (loop; owner: o) expired after 2020-01-01.",
        'Rule low cannot be evaluated for 2 subjects, such as ALM connection 1 "Jira 1": why.',
        'Rule info is inconclusive for ALM connection 2 "Jira 2": why.',
    ]


# ---------------------------------------------------------------------------------------------------------------
# The baseline


def test_baseline():
    before = report(
        ("high", "fail", 1),
        ("high", "fail", 2),
        ("low", "fail", 1),
        ("low", "inconclusive", 2),
        ("info", "error", 1),
        ("info", "pass", 2),
        ("loop", "fail", "gone"),
    )
    now = report(
        ("high", "fail", 1),
        ("high", "pass", 2),
        ("low", "inconclusive", 1),
        ("low", "fail", 2),
        ("info", "error", 1),
        ("info", "fail", 2),
        baseline=before,
    )
    assert [one["baseline"] for one in now["findings"]] == ["known", "known", "new", "known", "new"]
    compared = now["baseline"]
    assert (compared["audited_at"], compared["new"], compared["known"]) == (before["audited_at"], 2, 3)
    assert [(one["rule"], one["subject"]) for one in compared["fixed"]] == [("high", 'ALM connection 2 "Jira 2"')]
    assert [(one["rule"], one["subject"], one["reason"]) for one in compared["not_fixed"]] == [
        ("loop", "gone", "not_looked_at")
    ]


def compared(*now, before=(("high", "fail", 1),), **options) -> tuple[list[str], dict[str, str]]:
    """The fixed findings of a baseline, and the reasons why others are not."""
    made = report(*now, baseline=report(*before), **options)["baseline"]
    return [one["rule"] for one in made["fixed"]], {one["rule"]: one["reason"] for one in made["not_fixed"]}


ALL_KINDS = ["alm", "analysis"]


def test_only_what_is_judged_again_and_passes_is_fixed():
    assert compared(("high", "pass", 1)) == (["high"], {})
    assert compared(("high", "not_applicable", 1)) == ([], {"high": "not_applicable"})
    assert compared(("high", "fail", 1), waivers=[waiver("high")]) == ([], {"high": "waived"})
    assert compared(("high", "fail", 1)) == compared(("high", "inconclusive", 1)) == ([], {})
    assert compared(("high", "error", 1)) == ([], {})
    # The connection is no longer among the facts.
    rest = {"connections": CONNECTIONS[1:]}
    assert compared(("high", "pass", 2), **rest, kinds=ALL_KINDS) == ([], {"high": "connection_removed"})
    assert compared(("high", "pass", 2), **rest, kinds=["analysis"]) == ([], {"high": "not_looked_at"})
    assert compared(("high", "pass", 2), **rest) == ([], {"high": "not_looked_at"})
    item = (("loop", "fail", "x"),)
    assert compared(("loop", "pass", "y"), before=item, kinds=ALL_KINDS) == ([], {"loop": "item_removed"})
    assert compared(("loop", "pass", "y"), before=item) == ([], {"loop": "not_looked_at"})
    assert compared(("loop", "pass", "x"), before=item) == (["loop"], {})
    # The rule is disabled, gone, or was not selected.
    assert compared(without=["high"], kinds=ALL_KINDS) == ([], {"high": "rule_gone"})
    assert compared(not_selected=["high"]) == ([], {"high": "not_looked_at"})
    assert compared(("high", "pass", 1), server="other.example.com") == ([], {"high": "not_looked_at"})


@pytest.mark.parametrize(
    "before, now, expected",
    [
        ({"server.host": "a"}, {"server.host": "a"}, "known"),
        ({"server.host": "a"}, {"server.host": "evil"}, "new"),
        ({"server.host": "a"}, {"server.host": "a", "more": "1"}, "known"),
        ({"params": "3 keys"}, {"params": "4 keys"}, "known"),
        ({"allowed": "1 item"}, {"allowed": "2 items"}, "known"),
        ({"connections": "1 ALM connection"}, {"connections": "3 ALM connections, 1 analysis connection"}, "known"),
        ({"last_job.last_run": "2026-01-01"}, {"last_job.last_run": "2026-01-02"}, "known"),
    ],
)
def test_failure_because_of_another_value_is_new(before, now, expected):
    """Otherwise a connection to a host that nobody accepted would pass with known_findings=accept."""
    earlier = report(("high", "fail", 1), observed=before)
    found = report(("high", "fail", 1), observed=now, baseline=earlier, known_findings="accept")
    assert found["findings"][0]["baseline"] == expected
    assert found["summary"]["verdict"] == ("pass" if expected == "known" else "fail")


def test_renamed_rule_is_recognised():
    """The new id names the old one, so that nothing is new, and what is fixed is fixed."""
    renamed = {"without": ["high"], "more": [{**RULES[3], "id": "renamed", "was": ["older", "high"]}]}
    before = report(("high", "fail", 1), ("high", "fail", 2), ("high", "fail", 12))
    now = report(
        ("renamed", "fail", 1), ("renamed", "pass", 2), ("renamed", "not_applicable", 12), baseline=before, **renamed
    )
    assert now["findings"][0]["baseline"] == "known"
    assert [one["subject"] for one in now["baseline"]["fixed"]] == ['ALM connection 2 "Jira 2"']
    assert [one["reason"] for one in now["baseline"]["not_fixed"]] == ["not_applicable"]
    undeclared = {**renamed, "more": [{**RULES[3], "id": "renamed"}]}
    now = report(("renamed", "fail", 1), baseline=before, **undeclared)
    assert now["findings"][0]["baseline"] == "new"
    assert {one["reason"] for one in now["baseline"]["not_fixed"]} == {"rule_gone"}


def test_failure_of_another_condition_is_new():
    before = report(("high", "fail", 1))
    before["findings"][0]["condition"] = "connection.id == 7"
    assert report(("high", "fail", 1), baseline=before)["findings"][0]["baseline"] == "new"
    before["findings"][0]["verdict"] = "inconclusive"
    assert report(("high", "inconclusive", 1), baseline=before)["findings"][0]["baseline"] == "known"


def test_label_does_not_identify_an_item_that_has_an_identity():
    first, second = (report(("loop", "fail", (label, "7")))["findings"][0] for label in ("project 7", "no. 7"))
    assert first["fingerprint"] == second["fingerprint"] and first["label"] != second["label"]


@pytest.mark.parametrize("option", ["warn", "fail"])
def test_rule_that_matches_nothing_is_said(option):
    states = {"high": "matches_nothing", "low": "off", "info": "no_subjects", "medium": "matches_nothing"}
    more = [{**RULES[2], "id": "calm", "may_apply_to_nothing": True}]
    made = report(("critical", "pass", 1), states={**states, "calm": "matches_nothing"}, vacuous=option, more=more)
    assert made["summary"]["verdict"] == ("fail" if option == "fail" else "pass")
    assert made["summary"]["message"].endswith(" 2 rules match nothing: medium, high.")
    warnings = [one for one in warnings_of(made) if "matches nothing" in one]
    assert [one.split()[1] for one in warnings] == ["medium", "high"]
    assert {one["id"]: one["state"] for one in made["rules"]}["low"] == "off"
    assert report(states=states, vacuous="fail", fail_on="never")["summary"]["verdict"] == "pass"


def test_report_has_the_variables_that_the_task_set():
    content = {"rules": [{**RULES[0], "that": "a and b_password and c"}], "vars": {"a": 1, "b_password": "", "c": 3}}
    policy = load_policy(["p.yml"], lambda name: content, {"a": [2], "b_password": "hunter2hunter2"})
    options = {"fail_on": "high", "inconclusive": "warn", "known_findings": "fail"}
    made = build(policy, CONNECTIONS, [], server="x", audited_at="2026-11-24T18:00:00Z", **options)
    assert made["policy_vars"] == {"a": [2], "b_password": "********"}
    for name, render in FORMATS.items():
        assert name == "csv" or "[2]" in html.unescape(render(made)), name


def test_verdict_names_the_rules_that_were_not_selected():
    made = report(("high", "pass", 1), not_selected=["low", "info"])
    assert made["not_selected"] == ["info", "low"] and len(made["rules"]) == 4
    assert made["summary"]["message"].endswith(" 2 rules are disabled or not selected: info, low.")
    disabled = report(("high", "pass", 1), policy={"disable": ["low"]})
    assert disabled["disabled"] == [{"rule": "low", "file": "p.yml"}]
    assert disabled["summary"]["message"].endswith(" 1 rule is disabled or not selected: low.")


def test_limits_of_waivers():
    limits = {"unused": "fail", "notice_days": 1}
    waivers = [waiver("high", expires="2026-11-26"), waiver("low")]
    made = report(("high", "fail", 1), waivers=waivers, policy={"waiver_limits": limits})
    assert (made["summary"]["verdict"], made["summary"]["unused_waivers"]) == ("fail", "fail")
    assert made["summary"]["message"].endswith(" 1 waiver unused.")
    assert [one["ends_soon"] for one in made["waivers"]] == [False, True]
    used = report(("high", "fail", 1), waivers=waivers[:1], policy={"waiver_limits": limits})
    assert used["summary"]["verdict"] == "pass"


def test_finding_names_its_expired_waiver():
    waivers = [waiver("high", expires="2026-11-23"), waiver("low", expires="2026-11-23"), waiver("critical")]
    made = report(("high", "fail", 1), ("low", "inconclusive", 1), ("critical", "fail", 1), waivers=waivers)
    assert [(one["verdict"], one["waiver"], one["expired_waiver"]) for one in made["findings"]] == [
        ("fail", None, 0),
        ("inconclusive", None, None),
        ("waived", 2, None),
    ]


def test_formerly_waived_finding_is_new():
    before = report(("high", "fail", 1), waivers=[waiver("high")])
    assert report(("high", "fail", 1), baseline=before)["findings"][0]["baseline"] == "new"


@pytest.mark.parametrize("rule, before, expected", [("high", "low", "new"), ("low", "high", "known")])
@pytest.mark.parametrize("verdict", ["fail", "inconclusive", "error"])
def test_worse_finding_is_new(verdict, rule, before, expected):
    earlier = report((rule, verdict, 1))
    earlier["findings"][0]["severity"] = before
    assert report((rule, verdict, 1), baseline=earlier)["findings"][0]["baseline"] == expected


def test_known_findings_accepted():
    before = report(("high", "fail", 1))
    assert verdict_of(("high", "fail", 1), baseline=before) == "fail"
    accepted = report(("high", "fail", 1), baseline=before, known_findings="accept")
    assert (
        accepted["summary"]["verdict"] == "pass"
        and "0 new findings of high or higher; 1 known; 0 lower" in accepted["summary"]["message"]
    )
    assert verdict_of(("high", "fail", 1), ("high", "fail", 2), baseline=before, known_findings="accept") == "fail"
    assert verdict_of(("high", "fail", 1), known_findings="accept") == "fail"
    assert verdict_of(("low", "error", 1), baseline=report(("low", "error", 1)), known_findings="accept") == "fail"


def test_findings_that_fail_the_audit_are_first():
    """Known findings that are accepted must not hide the new one that fails the audit."""
    known = [("critical", "fail", 1), ("high", "fail", 1), ("high", "fail", 2)]
    verdicts = [("low", "fail", 1), ("low", "error", 2), ("critical", "inconclusive", 2), *known, ("high", "fail", 12)]
    verdicts.append(("critical", "fail", 12))
    waivers = [waiver("critical", connections={"id": 12})]
    made = report(*verdicts, waivers=waivers, baseline=report(*known), known_findings="accept")
    found = [(one["rule"], one["verdict"], one["baseline"], one["fails_audit"]) for one in top_findings(made)]
    assert found == [
        ("low", "error", "new", True),
        ("high", "fail", "new", True),
        ("low", "fail", "new", False),
        ("critical", "inconclusive", "new", False),
        ("critical", "fail", "known", False),
        ("high", "fail", "known", False),
        ("high", "fail", "known", False),
        ("critical", "waived", None, False),
    ]
    assert [one["line"] for one in top_findings(made)][:2] == [
        'new, error, low: low: ALM connection 2 "Jira 2": why',
        'new, fail, high: high: ALM connection 12 "Jira 12": why (frequency = weekly)',
    ]


def test_line_of_a_finding_has_the_observed_values_once():
    made = report(("high", "fail", 1))
    [plain] = top_findings(made)
    made["findings"][0]["message"] = '"High" is not met: frequency is weekly'
    [default] = top_findings(made)
    assert plain["line"] == 'fail, high: high: ALM connection 1 "Jira 1": why (frequency = weekly)'
    assert default["line"] == 'fail, high: high: ALM connection 1 "Jira 1": "High" is not met: frequency is weekly'


def test_line_of_a_finding_names_its_expired_waiver():
    [line] = lines(report(("high", "fail", 1), waivers=[waiver("high", expires="2026-11-23")]))
    assert line.endswith("why (frequency = weekly); its waiver expired after 2026-11-23")


@pytest.mark.parametrize(
    "content, expected",
    [
        ([], "baseline: b.json is not an audit report"),
        ({"format": "other"}, "baseline: b.json is not an audit report"),
        (
            {"format": FORMAT, "version": "2.0"},
            'baseline: b.json has version "2.0"; only 4.x is supported. Run that audit again with this release.',
        ),
        (
            {"format": FORMAT, "version": "4.7"},
            "baseline: b.json is not a valid report: audited_at is missing",
        ),
        (
            {**report(("high", "fail", 1)), "findings": [{}]},
            r"baseline: b.json is not a valid report: findings\[0\].server is missing",
        ),
        (
            {**report(("high", "fail", 1)), "audited_at": 7},
            "baseline: b.json is not a valid report: audited_at must be a string, not the number 7",
        ),
        (
            {**report(("high", "fail", 1)), "audited_at": None},
            r"audited_at must be a string, not null \(The time of the audit; .+\)\. Create the report again\.",
        ),
    ],
)
def test_invalid_baseline(content, expected):
    with pytest.raises(OptionError, match=expected):
        validate_report(content, "baseline", "b.json")


@given(st.permutations(range(6)))
def test_baseline_of_same_audit_has_no_new_findings(order):
    verdicts = [
        ("high", "fail", 1),
        ("low", "fail", 2),
        ("info", "inconclusive", 12),
        ("info", "error", 1),
        ("low", "pass", 1),
        ("loop", "fail", "x"),
    ]
    again = report(*(verdicts[index] for index in order), baseline=report(*verdicts))
    assert (again["baseline"]["new"], again["baseline"]["known"], again["baseline"]["fixed"]) == (0, 5, [])


# ---------------------------------------------------------------------------------------------------------------
# Facts


def test_connections_are_sorted_and_masked():
    given_facts = [
        {"id": 10, "kind": "analysis", "alias": "a", "params": {}, "params_visible": False},
        {
            "id": 10,
            "kind": "alm",
            "alias": "https://u:secret-pass@x",
            "params": {"alm_pass": "secret-pass"},
            "params_visible": True,
            "secrets_set": ["alm_pass"],
            "last_job": {"result_message": "token=secret-token"},
        },
        {"id": 9, "kind": "alm", "alias": "b", "params": {}, "params_visible": True},
    ]
    clean = validate_connections(given_facts)
    assert [(one["kind"], one["id"]) for one in clean] == [("alm", 9), ("alm", 10), ("analysis", 10)]
    assert "secret-" not in str(clean)
    assert clean[1]["secrets_set"] == ["alm_pass"] and clean[1]["params"] == {"alm_pass": "********"}
    assert validate_connections(clean) == clean


def test_facts_of_older_release_are_completed():
    saved = {**CONNECTIONS[0], "params": {"alm_server": "https://u:p@h/x", "alm_validate_cert": "False"}}
    (clean,) = validate_connections([saved])
    assert (clean["server"]["url"], clean["validate_certs"]) == ("https://h:443/x", False)
    # Today's are taken as they are, whatever was kept of the parameters.
    assert validate_connections([{**clean, "params": {}}]) == [{**clean, "params": {}}]
    (hidden,) = validate_connections([{**saved, "params_visible": False}])
    assert (hidden["server"]["state"], hidden["validate_certs"]) == ("hidden", None)


@pytest.mark.parametrize("address", ["evil.example.com/a:b@allowed.example.com", "svc:hun/hunter2@allowed.example.com"])
def test_masking_saved_facts_makes_no_other_server(address):
    """All before the '@' is masked, and the rest would be the address of an allowed server."""
    (clean,) = validate_connections([{**CONNECTIONS[0], "params": {"alm_server": address}}])
    assert (clean["server"]["state"], clean["server"]["host"]) == ("unreadable", None)
    assert "hunter2" not in json.dumps(clean)


@pytest.mark.parametrize("wanted, covers", [({"alias": "*"}, False), ({"system": "jira"}, False), ({"id": 1}, True)])
def test_connection_without_alias_and_system(wanted, covers):
    odd = {**CONNECTIONS[0], "alias": None, "frequency": None, "system": None, "system_id": None}
    made = report(
        ("high", "fail", 1), connections=[odd, *CONNECTIONS[1:]], waivers=[waiver("high", connections=wanted)]
    )
    assert (made["findings"][0]["subject"], made["findings"][0]["verdict"]) == (
        "ALM connection 1",
        "waived" if covers else "fail",
    )
    assert made["findings"][0]["fingerprint"] == report(("high", "fail", 1))["findings"][0]["fingerprint"]


GOOD = {"id": 1, "kind": "alm", "alias": "a", "params": {}, "params_visible": True}


@pytest.mark.parametrize(
    "facts, expected",
    [
        ("text", "connections must be a list, not str"),
        ([GOOD, "text"], r"connections\[1\] must be a mapping\."),
        ([{**GOOD, "id": "1"}], r"connections\[0\]\.id must be an integer"),
        ([{**GOOD, "id": True}], r"connections\[0\]\.id must be an integer"),
        ([{**GOOD, "kind": "or"}], r"connections\[0\]\.kind must be alm or analysis"),
        ([{**GOOD, "alias": 7}], r"connections\[0\]\.alias must be a string or null"),
        (
            [{name: value for name, value in GOOD.items() if name != "alias"}],
            r"connections\[0\]\.alias must be a string or null",
        ),
        (
            [{**GOOD, "server": "jira.example.com"}],
            r"connections\[0\]\.server must be a server as the modules return it",
        ),
        ([{**GOOD, "validate_certs": "True"}], r"connections\[0\]\.validate_certs must be true, false or null"),
        ([{**GOOD, "params": []}], r"connections\[0\]\.params must be a mapping"),
        (
            [{key: value for key, value in GOOD.items() if key != "params_visible"}],
            r"connections\[0\]\.params_visible must be true or false",
        ),
        ([GOOD, GOOD], r"connections\[1\]: duplicate connection alm 1"),
        (
            [{**GOOD, "params": {str(n): {"password": str(n)} for n in range(1100)}}],
            "connections: alm 1 is too deep, or too many secrets",
        ),
    ],
)
def test_invalid_facts(facts, expected):
    with pytest.raises(OptionError, match=expected):
        validate_connections(facts)


@pytest.mark.parametrize("content", [[GOOD], {"connections": [GOOD], "count": 1, "changed": False}])
def test_file_of_connections(content):
    assert connections_in(content, "f") == [GOOD]


@pytest.mark.parametrize(
    "address, url",
    [
        ("https://SDE.example.com:8443/tenant/api/v2/connections/alm/", "https://sde.example.com:8443/tenant"),
        ("http://[::1]:8000/api/v2/connections/alm/", "http://[::1]:8000"),
        ("https://sde.example.com/", "https://sde.example.com"),
        ("sde.example.com", None),
        ("https://user:secret@sde.example.com/", None),
        ("javascript:alert(1)", None),
        ("https://sde.example.com/a b", None),
        ("https://sde.example.com/?token=x", None),
        ("", None),
        (None, None),
    ],
)
def test_web_address_of_a_server(address, url):
    assert server_url(address) == url


def test_endpoint_of_saved_results():
    assert endpoint_in({"connections": [], "endpoint": "https://x/api/v2/"}) == "https://x/api/v2/"
    assert [endpoint_in(one) for one in ([GOOD], {"connections": []}, {"endpoint": 7}, None)] == [None] * 4


@pytest.mark.parametrize("content", [None, "text", {"count": 1}])
def test_file_without_connections(content):
    with pytest.raises(OptionError, match="connections_file: f must be a list, or a mapping with the key connections"):
        connections_in(content, "f")


@pytest.mark.parametrize(
    "given_name, name",
    [
        (None, None),
        ("", None),
        ("SDE.example.com", "sde.example.com"),
        ("https://me:pass@sde.example.com:8443/api/v2/", "sde.example.com:8443"),
        ("https://me:pa/ss@sde.example.com/api/v2/", "sde.example.com"),
        ("me:pa/s@s@sde.example.com", "sde.example.com"),
        ("https://me:pa://ss@sde.example.com", "sde.example.com"),
        ("me:pa://ss@sde.example.com", "sde.example.com"),
    ],
)
def test_server_name(given_name, name):
    assert server_name(given_name) == name


# ---------------------------------------------------------------------------------------------------------------
# The log


def lines(made: dict) -> list[str]:
    return [finding["line"] for finding in top_findings(made)]


def test_top_findings():
    found = [
        ("low", "fail", 1),
        ("critical", "inconclusive", 1),
        ("high", "fail", 1),
        ("high", "fail", 2),
        ("critical", "pass", 1),
        ("critical", "waived", 2),
        ("info", "error", 1),
        ("critical", "fail", 12),
        ("low", "not_applicable", 2),
    ]
    made = report(*found)
    top = lines(made)
    expected = ["error, info", "fail, critical", "fail, high", "fail, high", "fail, low", "inconclusive, critical"]
    assert [line.partition(":")[0] for line in top] == [*expected, "waived, critical"]
    assert top[2] == 'fail, high: high: ALM connection 1 "Jira 1": why (frequency = weekly)'
    counted = lines(report(*found, inconclusive="fail"))
    assert [line.partition(":")[0] for line in counted[:3]] == [
        "error, info",
        "inconclusive, critical",
        "fail, critical",
    ]
    known = lines(report(("high", "fail", 1), ("high", "fail", 2), baseline=report(("high", "fail", 2))))
    assert [line.partition(",")[0] for line in known] == ["new", "known"]


def test_top_findings_shows_what_hides():
    connections = [{**CONNECTIONS[0], "alias": "a\u202eb\u2028c\nd"}]
    (line,) = lines(report(("high", "fail", 1), connections=connections))
    assert "a\\u202eb\\u2028c\\nd" in line and line.isprintable()


def test_top_findings_are_bounded():
    connections = [{**CONNECTIONS[0], "id": id_} for id_ in range(1, 151)]
    keys = [key_of(one) for one in connections]
    made = report(*(("low", "fail", id_) for _kind, id_ in keys), ("loop", "fail", "x", keys), connections=connections)
    first, *others = top_findings(made)
    assert (first["label"], len(first["connections"]), first["connections_omitted"]) == ("x", 100, 50)
    assert [one["connections"] for one in others] == [[f"sde.example.com/alm/{id_}"] for id_ in range(1, 100)]
    assert {one["connections_omitted"] for one in others} == {0}
    assert len(made["findings"][-1]["connections"]) == 150


def test_top_fixed_are_the_most_severe():
    fixed = [{"severity": "low", "subject": str(number)} for number in range(150)]
    top = most_severe([*fixed, {"severity": "high", "subject": "worst"}])
    assert [one["subject"] for one in top] == ["worst", *(str(number) for number in range(99))]


def test_warnings_about_waivers_are_bounded():
    made = report(("high", "pass", 1), waivers=[waiver("high")] * 103)
    *some, last = warnings_of(made)
    assert (len(some), last) == (100, "Not shown: 3 waivers expired, unused or about to end; see the reports.")


def test_finding_of_a_group_is_recognised_by_its_label():
    content = {"rules": [{"id": "group", "title": "G", "severity": "low", "that": "true", "group_by": "project"}]}
    policy = load_policy(["p.yml"], lambda name: content, {})
    # The first connection is the same.
    evaluations = [
        Evaluation(policy.rules[0], None, CONNECTIONS[:size], f"project {size}", str(size), "fail", "why")
        for size in (1, 2)
    ]
    options = {"fail_on": "high", "inconclusive": "warn", "known_findings": "fail"}
    made = build(policy, CONNECTIONS, evaluations, server="x", audited_at="2026-11-24T18:00:00Z", **options)
    assert [one["subject"] for one in made["findings"]] == ["project 1", "project 2"]
    assert len({one["fingerprint"] for one in made["findings"]}) == 2
