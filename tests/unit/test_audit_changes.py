# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes since the baseline: the facts of a report or a file, in the report, in rules and in the result."""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.baseline import (
    earlier_facts,
    read_baseline,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.changes import (
    baseline_of_rules,
    diff_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.connections import validate_connections
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.merge import (
    MergeOptions,
    merge_reports,
    validate_source,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    AuditedFacts,
    VerdictOptions,
    key_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import STARTER_FILE, load_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import (
    Scope,
    build_report,
    first_changes,
    top_findings,
    warnings_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report_checks import validate_report
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.rules import evaluate_rule, rule_state
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import Engine
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests.report_readers import REPORT_VALIDATOR
from tests.support import KINDS, connections, templar_of

TEMPLAR, PLAY = templar_of()

STARTER = yaml.safe_load(STARTER_FILE.read_text(encoding="utf-8"))
SERVER, SINCE, NOW = "sde.example.com", "2026-11-20T06:00:00Z", "2026-11-27T06:00:00Z"
BOTH = ["alm", "analysis"]
ALL_KINDS = tuple(BOTH)
POLICY = {
    "rules": [
        {
            "id": "same-server",
            "title": "The server is the same",
            "severity": "high",
            "when": "previous is not none",
            "needs": ["server"],
            "that": "connection.server.host == previous.server.host",
            "message": "{{ previous.server.host }} became {{ connection.server.host }}",
        }
    ]
}


def connection(id_: int = 1, host: str = "jira.example.com", kind: str = "alm", **facts) -> dict:
    params = {f"{kind}_server": host, f"{kind}_pass": "********"}
    complete = {"id": id_, "kind": kind, "alias": f"Tool {id_}", "project": 3, "frequency": "daily", "params": params}
    return {**complete, "params_visible": True, "secrets_set": [f"{kind}_pass"], **facts}


def audited(
    found: list[dict], baseline=None, kinds=ALL_KINDS, server=SERVER, at=NOW, policy=None, endpoint=None
) -> dict:
    """The report of an audit, with a baseline that was read from a file."""
    policy = load_policy(["policy.yml"], lambda name: policy or POLICY, {})
    file = None if baseline is None else read_baseline(baseline, "last.json")
    facts = validate_connections(found)
    scope = Scope(server, None, None if kinds is None else list(kinds))
    earlier = earlier_facts(file, scope, endpoint, "last.json") if file else None
    previous = {key_of(one): one for one in earlier.connections} if earlier else None
    data = {"connections": facts, "audited_at": at, **policy.variables}
    if earlier:
        data["baseline"] = baseline_of_rules(earlier, facts, scope.kinds)
    engine = Engine(TEMPLAR, PLAY, data, previous=previous)
    evaluations = {rule.id: evaluate_rule(rule, facts, engine) for rule in policy.rules}
    report = build_report(
        policy,
        AuditedFacts(facts),
        [one for found in evaluations.values() for one in found],
        VerdictOptions("high", "warn", "fail"),
        states={rule.id: rule_state(rule, evaluations[rule.id], engine) for rule in policy.rules},
        scope=scope,
        audited_at=at,
        baseline=file.report if file else None,
        earlier=earlier,
    )
    REPORT_VALIDATOR.validate(report)
    return validate_report(json.loads(FORMATS["json"](report)), "report", "now.json")


def before(*found: dict, **options) -> dict:
    return audited(list(found), at=SINCE, **options)


def changes(report: dict) -> list[tuple]:
    return [
        (one["change"], one["key"], [(fact["name"], fact["old"], fact["new"]) for fact in one["facts"]])
        for one in report["changes"]["connections"]
    ]


THEN = [connection(1), connection(2), connection(3, kind="analysis")]
SINCE_THEN = [connection(1, "jira.example.net"), connection(3, kind="analysis"), connection(4)]
EXPECTED = [
    (
        "changed",
        "sde.example.com/alm/1",
        [
            ("params.alm_server", "jira.example.com", "jira.example.net"),
            ("server.host", "jira.example.com", "jira.example.net"),
            ("server.url", "https://jira.example.com:443", "https://jira.example.net:443"),
        ],
    ),
    ("added", "sde.example.com/alm/4", []),
    ("removed", "sde.example.com/alm/2", []),
]


def test_changes_since_a_report():
    report = audited(SINCE_THEN, before(*THEN))
    assert changes(report) == EXPECTED
    assert report["changes"]["compared"] == [{"server": SERVER, "since": SINCE, "kinds": BOTH}]
    assert report["summary"]["message"].endswith("1 connection changed, 1 added, 1 removed since 2026-11-20.")
    assert [one["project"] for one in report["changes"]["connections"]] == [3, 3, 3]
    assert audited(THEN, before(*THEN))["summary"]["message"].endswith(
        "0 connections changed, 0 added, 0 removed since 2026-11-20."
    )


def test_without_a_baseline_nothing_is_said_of_changes():
    report = audited(THEN)
    assert report["changes"] is None and "changed" not in report["summary"]["message"]
    assert first_changes(None) == []


@pytest.mark.parametrize(
    "saved", [THEN, {"connections": THEN, "endpoint": "https://sde.example.com/api/v2"}], ids=["list", "result"]
)
def test_saved_facts_are_a_baseline(saved):
    """A filter may have chosen them, so that connections may be missing on either side."""
    report = audited(SINCE_THEN, saved, endpoint="https://sde.example.com")
    assert changes(report) == EXPECTED[:1]
    assert report["baseline"] is None and report["findings"][0]["baseline"] is None
    assert report["summary"]["message"].endswith(
        "1 connection changed since the baseline; whether others were added or removed is unknown. "
        "1 was not fully compared."
    )


def test_saved_facts_of_another_server_are_refused():
    saved = {"connections": THEN, "endpoint": "https://sde.example.org/api/v2"}
    with pytest.raises(OptionError, match=r"connections of https://sde.example.org, not of https://sde.ex"):
        audited(THEN, saved, endpoint="https://sde.example.com")


@pytest.mark.parametrize(
    "then, now, known",
    [(BOTH, ["alm"], ["added", "removed"]), (["alm"], BOTH, ["added", "removed"]), (BOTH, None, []), (None, BOTH, [])],
    ids=["alm now", "alm then", "given now", "given then"],
)
def test_connections_are_added_or_removed_only_if_all_of_their_kind_were_gathered(then, now, known):
    old = [*THEN[:2], connection(8, kind="analysis")]
    report = audited(SINCE_THEN, before(*old, kinds=then), kinds=now)
    assert [name for name, *_rest in changes(report)] == ["changed", *known]
    assert not [key for _name, key, _facts in changes(report) if "analysis" in key]
    # Nobody knows whether the others are new.
    expected = "1 was not fully compared." if known else "2 were not fully compared."
    assert report["summary"]["message"].endswith(f". {expected}" if known else f"is unknown. {expected}")
    assert f"all facts of {expected[0]} connection" in "".join(warnings_of(report))


@pytest.mark.parametrize(
    "baseline, options, problem",
    [
        ({"server": "sde.example.org"}, {}, "is an audit of sde.example.org, not of sde.example.com"),
        ({"server": None}, {}, "is an audit of an unnamed server, not of sde.example.com"),
        ({}, {"server": None}, "is an audit of sde.example.com, not of an unnamed server"),
        (
            {"kinds": ["alm"]},
            {"kinds": ["analysis"]},
            "contains only alm connections, and this audit only analysis connections",
        ),
    ],
)
def test_baseline_without_anything_to_compare_is_refused(baseline, options, problem):
    with pytest.raises(OptionError) as caught:
        audited(SINCE_THEN, before(*THEN, **baseline), **options)
    assert str(caught.value).startswith(f"baseline: last.json {problem}. Use ")
    assert "For the playbook drift, move the file away" in str(caught.value)


def test_baseline_without_connections_is_refused():
    with pytest.raises(OptionError, match=r"^baseline: last\.json does not contain any connection\. Use "):
        audited(THEN, [])


def test_accepted_change_is_neither_known_nor_fixed():
    """The report of the audit that found it is the baseline now, so that the rule compares with the new value."""
    accepted = audited(SINCE_THEN, before(*THEN))
    assert [one["verdict"] for one in accepted["findings"]] == ["fail"]
    assert audited(SINCE_THEN, accepted)["baseline"] == {**accepted["baseline"], "audited_at": NOW, "new": 0}


def test_server_that_was_hidden_in_the_baseline_is_inconclusive():
    hidden = {"params": {}, "params_visible": False}
    report = audited([connection()], before({**connection(), **hidden}))
    (finding,) = report["findings"]
    assert (finding["verdict"], finding["message"]) == ("inconclusive", "the parameters were hidden in the baseline")


def test_log_has_no_command_of_a_ci_system():
    report = audited([connection(host="evil.example.com", alias="##vso[task.x]a ::error::b")], before(connection()))
    diff = [text for one in diff_of(report["changes"]) for text in one.values()]
    lines = [one["line"] for one in (*top_findings(report), *first_changes(report["changes"]))]
    assert len(lines) == 2 and all(r"\x23#vso[task.x]a \x3a:error\x3a:b" in line for line in lines)
    assert not [text for text in (*diff, *lines) if "##vso" in text or " ::error" in text]


def test_server_that_a_baseline_of_many_lacks_is_not_compared():
    """An inventory may have a server more than last time."""
    many = merged_of(before(*THEN), before(*THEN, server="sde.example.org"))
    report = audited(SINCE_THEN, many, server="new.example.com")
    assert report["changes"] is None
    assert [rule["state"] for rule in report["rules"]] == ["off"]
    assert "All findings are new, because the baseline has no audit of new.example.com." in warnings_of(report)
    assert not [one for one in warnings_of(audited(SINCE_THEN, many)) if "All findings are new" in one]


@pytest.mark.parametrize("content", [{"format": "other"}, "text", {}])
def test_baseline_that_is_not_a_report_says_how_to_go_on(content):
    with pytest.raises(OptionError, match=r"is not an audit report. Use .* move the file away"):
        read_baseline(content, "last.json")


@pytest.mark.parametrize("content", [[{"id": 1}], {"connections": 7}, {"connections": [7]}])
def test_invalid_facts_name_the_file(content):
    with pytest.raises(OptionError, match=r"^baseline: last.json: connections"):
        read_baseline(content, "last.json")


def test_invalid_facts_in_a_report_name_the_file():
    report = before(*THEN)
    report["connections"][0]["facts"]["params"] = 7
    with pytest.raises(OptionError, match=r"baseline: last.json: connections.0..params must be a mapping"):
        audited(THEN, report)


# ---------------------------------------------------------------------------------------------------------------
# Equal facts


def test_upgrade_and_lost_permission_change_nothing(start):
    """The newest release names the tool and the parameters otherwise, and sends more facts."""
    old, new = start("4.4"), start("newest")
    then, upgraded, limited = (
        [one for kind in KINDS for one in connections(server, kind, api_token=token)]
        for server, token in ((old, old.token), (new, new.token), (new, new.limited_token))
    )
    assert len(then) == len(upgraded) == len(limited) > 10
    for now in (upgraded, limited):
        report = audited(now, before(*then))
        assert changes(report) == []
        assert "0 connections changed, 0 added, 0 removed since" in report["summary"]["message"]
        uncompared = {key for one in report["changes"]["not_compared"] for key in one["connections"]}
        assert (f" {len(uncompared)} were not fully compared." in report["summary"]["message"]) == (now is limited)
    # It is said once, whatever the number of connections is.
    hidden = [one for one in report["changes"]["not_compared"] if one["reason"].endswith("now")]
    said = [one for one in warnings_of(report) if "hidden now" in one]
    assert len(hidden[0]["connections"]) > 10 and len(hidden) == len(said) == 1
    assert said[0].startswith("Not compared with the baseline: params, server, validate_certs, secrets_set of ")


def test_synchronisations_change_nothing():
    ran = connection(in_progress=True, last_job={"id": 2, "last_run": NOW, "succeeded": False})
    assert changes(audited([ran], before(connection(in_progress=False, last_job={"id": 1, "succeeded": True})))) == []


def test_secrets_are_masked_in_every_format_and_are_not_changes():
    """The baseline was written by hand, and has what no report has."""
    secret = {"alm_server": "https://user:canary-1@jira.example.com", "alm_pass": "canary-2"}
    now = connection(host="https://********@jira.example.com", frequency="weekly")
    report = audited([now], [connection(params=secret)])
    assert [name for _change, _key, facts in changes(report) for name, _old, _new in facts] == ["frequency"]
    assert not [name for name, render in FORMATS.items() if "canary" in render(report)]


# ---------------------------------------------------------------------------------------------------------------
# Rules


def test_rule_reads_the_previous_facts():
    report = audited(SINCE_THEN, before(*THEN))
    [finding] = report["findings"]
    assert finding["message"] == "jira.example.com became jira.example.net"
    assert finding["observed"] == [
        {"name": "server.host", "value": "jira.example.net"},
        {"name": "previous.server.host", "value": "jira.example.com"},
    ]
    verdicts = {group["verdict"]: group["subjects"] for group in report["other_verdicts"]}
    # One connection is new.
    assert verdicts == {"pass": ["sde.example.com/analysis/3"], "not_applicable": ["sde.example.com/alm/4"]}
    assert [rule["state"] for rule in audited(THEN)["rules"]] == ["off"]


def test_observed_previous_facts_are_masked_once():
    """The name of this fact suggests secrets, but it has their paths."""
    rule = {**POLICY["rules"][0], "that": "previous.secrets_set[0] == connection.alias"}
    policy = {"rules": [rule]}
    [finding] = audited([connection()], before(connection(), policy=policy), policy=policy)["findings"]
    assert finding["observed"][0] == {"name": "previous.secrets_set[0]", "value": "alm_pass"}


@pytest.mark.parametrize(
    "then, now, count", [(BOTH, BOTH, 4), (BOTH, ["alm"], 2), (["alm"], BOTH, 2), (BOTH, None, 0), (None, BOTH, 0)]
)
def test_starter_judges_the_connections_that_were_added_or_removed(then, now, count):
    policy = {"rules": [one for one in STARTER["rules"] if one["id"].startswith("no-connection-")]}
    old = [connection(1), connection(2), connection(3, kind="analysis")]
    new = [connection(1), connection(4), connection(5, kind="analysis")]
    report = audited(new, before(*old, kinds=then, policy=policy), kinds=now, policy=policy)
    expected = [(f"no-connection-{one['change']}", one["subject"]) for one in report["changes"]["connections"]]
    assert [(one["rule"], one["subject"]) for one in report["findings"]] == expected and len(expected) == count


def test_texts_of_previous_facts_are_never_templates():
    policy = {
        "rules": [
            {**POLICY["rules"][0], "that": "connection.alias == previous.alias", "message": "{{ previous.alias }}"}
        ]
    }
    template = "{{ 7 * 7 }}"
    report = audited([connection()], before(connection(alias=template), policy=policy), policy=policy)
    assert [one["message"] for one in report["findings"]] == [template]


def test_one_expression_sees_connections_with_and_without_previous_facts():
    rule = {**POLICY["rules"][0], "that": "previous is none or connection.server.host == previous.server.host"}
    policy = {"rules": [{name: value for name, value in rule.items() if name != "when"}]}
    report = audited(SINCE_THEN, before(*THEN, policy=policy), policy=policy)
    assert [one["connections"] for one in report["findings"]] == [["sde.example.com/alm/1"]]
    assert [one["verdict"] for one in audited(THEN, policy=policy)["other_verdicts"]] == ["pass"]


# ---------------------------------------------------------------------------------------------------------------
# Results


def test_changes_in_a_result_are_bounded():
    new = [connection(id_, "jira.example.net") for id_ in range(1, 141)]
    wide = {f"field_{number}": 1 for number in range(150)}
    old = [connection(1, params={"alm_server": "x", **wide}), *(connection(id_) for id_ in range(2, 141))]
    new[0]["params"] |= dict.fromkeys(wide, 2)
    report = audited(new, before(*old))
    found = first_changes(report["changes"])
    assert len(found) == 100 and len(report["changes"]["connections"]) == 140
    assert [(len(one["facts"]), one["facts_omitted"]) for one in found[:2]] == [(100, 53), (3, 0)]
    assert found[1]["line"].startswith(
        'changed: sde.example.com, ALM connection 2 "Tool 2": params.alm_server: jira.example.com -> jira.example.net; '
    )


def test_diff_has_the_old_and_the_new_values_of_each_connection():
    now = [connection(1, frequency="weekly", alias="a\n\u202eb"), connection(4)]
    assert diff_of(audited(now, before(*THEN[:2]))["changes"]) == [
        {
            "before_header": f"sde.example.com, ALM connection {name} at 2026-11-20T06:00:00Z",
            "after_header": f"sde.example.com, ALM connection {name} now",
            "before": old,
            "after": new,
        }
        for name, old, new in (
            ('1 "a\\n\\u202eb"', "alias: Tool 1\nfrequency: daily\n", "alias: a\\n\\u202eb\nfrequency: weekly\n"),
            ('4 "Tool 4"', "", 'ALM connection 4 "Tool 4"\n'),
            ('2 "Tool 2"', 'ALM connection 2 "Tool 2"\n', ""),
        )
    ]


# ---------------------------------------------------------------------------------------------------------------
# Merged and edited reports


def merged_of(*reports: dict) -> dict:
    sources = [validate_source(report, f"{number}.json") for number, report in enumerate(reports)]
    return merge_reports(sources, [], MergeOptions(None, None, None))


def test_merged_report_has_the_changes_of_all_servers():
    other = "sde.example.org"
    reports = [
        audited(SINCE_THEN, before(*THEN)),
        audited([connection(1, frequency="weekly")], before(connection(1), server=other), server=other),
    ]
    merged = merge_reports(
        [validate_source(one, f"{n}.json") for n, one in enumerate(reports)], [], MergeOptions(None, None, None)
    )
    assert [one["server"] for one in merged["changes"]["compared"]] == [SERVER, other]
    assert [one["key"] for one in merged["changes"]["connections"]][-1] == f"{other}/alm/1"
    assert "2 connections changed, 1 added, 1 removed since 2026-11-20." in merged["summary"]["message"]
    assert merged["kinds"] == BOTH
    validate_report(json.loads(FORMATS["json"](merged)), "report", "merged.json")
    # It is a baseline of each of them.
    assert changes(audited(SINCE_THEN, merged)) == []
    without = merged_of(reports[0], audited([connection()], server=other, kinds=None))
    assert without["kinds"] is None and [one["server"] for one in without["changes"]["compared"]] == [SERVER]


def test_merge_masks_the_values_of_an_edited_report():
    report = audited(SINCE_THEN, before(*THEN))
    report["changes"]["connections"][0]["facts"] = [
        {"name": "params.alm_pass", "old": "canary", "new": ["canary"]},
        {"name": "server.url", "old": "https://user:canary@jira.example.com", "new": {"password": "canary"}},
    ]
    merged = merged_of(report)
    assert "canary" not in json.dumps(merged["changes"])
    assert merged["changes"]["connections"][0]["facts"][1]["old"] == "https://********@jira.example.com"


EDITS = [
    ("compared", 0, {"server": "sde.example.org"}, "changes.compared[0].server is not in servers"),
    ("compared", 0, {"kinds": []}, "[1] is added, although connections of its kind were not gathered completely"),
    ("compared", 1, {}, "changes.compared[1].server repeats the server"),
    ("connections", 0, {"server": "x"}, "changes.connections[0].server is not in changes.compared: x"),
    ("connections", 3, {}, "changes.connections[3] repeats the connection sde.example.com/alm/1"),
    ("connections", 0, {"facts": []}, "changes.connections[0] is changed, so its facts must not be empty"),
    ("connections", 1, {"facts": [{"name": "x", "old": 1, "new": 2}]}, "[1] is added, so its facts must be empty"),
    ("connections", 1, {"key": "sde.example.com/alm/77"}, "[1] is added, but not in the report"),
    ("connections", 2, {"key": "sde.example.com/analysis/3"}, "[2] is removed, but still in the report"),
    ("not_compared", 0, {"server": "x"}, "changes.not_compared[0] has a connection that is not in the report"),
    ("not_compared", 0, {"connections": ["x"]}, "changes.not_compared[0] has a connection that is not in the report"),
]


@pytest.mark.parametrize("name, number, edit, expected", EDITS)
def test_edited_changes_are_refused(name, number, edit, expected):
    """An edit of a part, or the part once more."""
    hidden = connection(5, params={}, params_visible=False, secrets_set=[])
    report = audited([*SINCE_THEN, hidden], before(*THEN, hidden))
    parts = report["changes"][name]
    if number == len(parts):
        parts.append(dict(parts[0]))
    parts[number].update(edit)
    with pytest.raises(OptionError) as caught:
        validate_report(report, "report_files", "a.json")
    assert expected in str(caught.value)
