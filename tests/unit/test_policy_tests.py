# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests that a policy has, and those of the starter policy."""

from __future__ import annotations

from functools import partial

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._connection_facts import JOB_TYPES
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import Policy, PolicyTest
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import (
    FILES,
    PolicyError,
    load_policy,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy_checks import (
    FACTS,
    JOB_FACTS,
    SERVER_FACTS,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy_tests import (
    Outcome,
    conclusion,
    facts_of,
    run_tests,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import Engine
from tests.support import templar_of

NEW_ENGINE = partial(Engine, *templar_of())
TLS = {"id": "tls", "title": "TLS", "severity": "high", "needs": ["server"], "that": "connection.server.scheme == s"}
EACH = {
    "id": "each",
    "title": "Each",
    "severity": "low",
    "loop": "connections",
    "label": "item.id",
    "that": "item.id > 0",
}


def load(*contents) -> Policy:
    files = {f"{number}.yml": content for number, content in enumerate(contents, 1)}
    return load_policy(list(files), files.get, {})


def run(*tests, **fields) -> Outcome:
    return run_tests(load({"vars": {"s": "https"}, "rules": [TLS, EACH], "tests": list(tests), **fields}), NEW_ENGINE)


def messages(*tests, **fields) -> list[str]:
    return [one["message"] for one in run(*tests, **fields).failed]


def connection(**given) -> dict:
    """The only connection of a test, with all facts."""
    return facts_of(PolicyTest("p.yml", 1, "tls", [given], {}, {}, ["pass"])).connections[0]


# ---------------------------------------------------------------------------------------------------------------
# The starter policy


@pytest.fixture(scope="module")
def starter() -> Policy:
    contents = {name: yaml.safe_load(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
    return load_policy(list(contents), contents.get, {})


@pytest.mark.no_cover
def test_starter_policy_passes_its_tests(starter):
    assert run_tests(starter, NEW_ENGINE) == Outcome([], len(starter.tests), 0)


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_each_rule_of_starter_policy_has_a_test_with_this_verdict(starter, verdict):
    assert {one.rule for one in starter.tests if verdict in one.expected} == {rule.id for rule in starter.rules}


@pytest.mark.no_cover
def test_each_condition_of_starter_policy_is_tested(starter):
    """Without one of its conditions, a rule fails its tests."""
    survivors = []
    for rule in starter.rules:
        for field in ("when", "that"):
            for position, condition in enumerate(getattr(rule, field)):
                conditions = [*getattr(rule, field)]
                conditions[position] = "true"
                changed = rule._replace(**{field: conditions})
                policy = starter._replace(rules=[changed], tests=[one for one in starter.tests if one.rule == rule.id])
                if not run_tests(policy, NEW_ENGINE).failed:
                    survivors.append((rule.id, condition))
    assert survivors == []


# ---------------------------------------------------------------------------------------------------------------
# Verdicts


def test_expected_verdicts_pass():
    tests = [
        {"rule": "tls", "expect": "pass"},
        {"rule": "tls", "connection": {"server": {"scheme": "http"}}, "expect": "fail"},
        {"rule": "tls", "vars": {"s": "http"}, "expect": "fail"},
        {"rule": "tls", "connections": [{}, {"params_visible": False}], "expect": ["pass", "inconclusive"]},
        {"rule": "tls", "connections": [{}, {}, {}], "expect": "pass"},
        {"rule": "each", "connections": [{}, {}], "expect": ["pass", "pass"]},
        {"rule": "each", "connections": [], "expect": []},
    ]
    assert run(*tests) == Outcome([], 7, 0)


@pytest.mark.parametrize(
    "test, sentence",
    [
        ({"expect": "fail"}, "expected fail, got pass"),
        ({"vars": {"s": "ftp"}, "expect": "pass"}, 'expected pass, got fail ("TLS" is not met: server.scheme is https'),
        (
            {"connection": {"params_visible": False}, "expect": "fail"},
            "expected fail, got inconclusive (the parameters are hidden from the token).",
        ),
        ({"connections": [{}, {}], "expect": ["pass"] * 3}, "expected pass, pass, pass, got pass, pass."),
        ({"connections": [{}, {}], "expect": []}, "expected no verdict, got pass, pass."),
        ({"connections": [], "expect": "pass"}, "expected pass, got no verdict."),
        ({"connections": [{}, {}], "expect": "fail"}, "expected fail, fail, got pass, pass."),
        # The order counts.
        (
            {"connections": [{"params_visible": False}, {}], "expect": ["pass", "inconclusive"]},
            "expected pass, inconclusive, got inconclusive, pass (the parameters are hidden from the token).",
        ),
    ],
)
def test_other_verdicts_fail(test, sentence):
    assert messages({"rule": "tls", **test})[0].startswith(f"1.yml: test 1: rule tls: {sentence}")


def test_failed_test_has_both_verdicts():
    (failed,) = run({"rule": "tls", "expect": "pass"}, {"rule": "tls", "expect": "fail"}).failed
    assert {**failed, "message": ""} == {
        "file": "1.yml",
        "number": 2,
        "rule": "tls",
        "expected": ["fail"],
        "actual": ["pass"],
        "message": "",
    }


def test_conclusion_counts_passed_failed_and_skipped_tests():
    tests = [{"rule": "tls", "expect": "pass"}, {"rule": "tls", "expect": "fail"}, {"rule": "each", "expect": "fail"}]
    policy = load({"vars": {"s": "https"}, "rules": [TLS, EACH], "tests": tests}, {"disable": ["each"]})
    failed = conclusion(policy, run_tests(policy, NEW_ENGINE), [])
    assert failed["failure"]["kind"] == "policy"
    assert failed["msg"].splitlines() == [
        "1 of 2 tests failed; 1 test of disabled rules skipped:",
        "1.yml: test 2: rule tls: expected fail, got pass.",
    ]
    passed = conclusion(policy, Outcome([], 2, 0), [])
    assert passed == {"failed": False, "msg": "Valid policy (1.yml, 2.yml): 1 rule, 2 tests passed."}
    broken = conclusion(policy, Outcome([], 2, 0), ["Rule tls cannot be evaluated for x: why."])
    assert broken["failed"] and broken["msg"] == "Invalid policy:\nRule tls cannot be evaluated for x: why."


# ---------------------------------------------------------------------------------------------------------------
# Connections


def test_good_connection_has_each_fact_of_the_contract():
    good = connection()
    assert set(good) == set(FACTS) and set(good["last_job"]) == set(JOB_FACTS) == set(JOB_TYPES)
    assert list(good["server"]) == SERVER_FACTS and good["server"]["url"] == "https://jira.example.com:443"
    assert good["validate_certs"] is True


@pytest.mark.parametrize(
    "given, server",
    [
        ({"params": {"alm_method": "http"}}, "http://jira.example.com:80"),
        ({"params": {"alm_server": "other.example.com:8443"}}, "https://other.example.com:8443"),
        ({"params": {"alm_server": None}}, "none"),
        ({"params": {}}, "hidden"),
        ({"params_visible": False}, "hidden"),
        ({"server": {"scheme": "http"}}, "http://jira.example.com:80"),
        ({"server": {"host": "h.example.com", "port": 8080, "path": "/jira"}}, "https://h.example.com:8080/jira"),
        ({"server": {"url": "http://u.example.com"}}, "http://u.example.com:80"),
        ({"server": {"state": "known"}, "params": {"alm_server": None}}, "https://jira.example.com:443"),
        ({"server": {"state": "unreadable"}}, "unreadable"),
        ({"kind": "analysis", "params": {"wh_server": "https://f.example.com"}}, "https://f.example.com:443"),
    ],
)
def test_server_of_connection(given, server):
    found = connection(**given)["server"]
    assert (found["url"] or found["state"]) == server


def test_validate_certs_of_connection():
    assert connection(params={"alm_validate_cert": False})["validate_certs"] is False
    assert connection(params={"alm_validate_cert": False}, validate_certs=True)["validate_certs"] is True
    assert connection(params_visible=False)["validate_certs"] is None


def test_given_facts_replace_others():
    facts = connection(last_job={"succeeded": False}, secrets_set=[], new_fact={"a": 1}, alias=None)
    assert facts["last_job"]["succeeded"] is False and facts["last_job"]["ready"] is True
    assert facts["secrets_set"] == [] and facts["new_fact"] == {"a": 1} and facts["alias"] is None
    assert connection(last_job=None)["last_job"] is None
    assert connection(params_visible=False)["params"] == {}


def test_connections_keep_their_order_and_have_their_own_project():
    test = PolicyTest("p.yml", 1, "tls", [{"kind": "analysis"}, {}, {"id": 9}], {}, {}, ["pass"])
    assert [(one["kind"], one["id"], one["project"]) for one in facts_of(test).connections] == [
        ("analysis", 1, 1),
        ("alm", 2, 2),
        ("alm", 9, 3),
    ]


# ---------------------------------------------------------------------------------------------------------------
# Errors


def errors_in(**test) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        run({"rule": "tls", "expect": "pass", **test}, vars_schema={"s": {"type": "string"}})
    return str(caught.value).splitlines()[1:]


@pytest.mark.parametrize(
    "test, errors",
    [
        ({"rule": "tsl"}, ["1.yml: test 1: rule is not a known rule: tsl; did you mean tls?"]),
        ({"vars": {"t": 1}}, ["1.yml: test 1: vars.t is not a known variable: t."]),
        ({"vars": {"s": []}}, ["1.yml: test 1: vars.s must be a string, not a list."]),
        (
            {"connection": {"frequancy": "manually"}},
            ["1.yml: test 1 has an unknown fact: frequancy; did you mean frequency?"],
        ),
        (
            {"connections": [{}, {"server": {"schema": "http", "protocol": "http"}}]},
            [
                "1.yml: test 1 has an unknown fact: server.schema; did you mean scheme?",
                "1.yml: test 1 has an unknown fact: server.protocol.",
            ],
        ),
        (
            {"connection": {"last_job": {"succeded": False, "queue": 1}}},
            ["1.yml: test 1 has an unknown fact: last_job.succeded; did you mean succeeded?"],
        ),
        (
            {"previous": {"frequancy": "daily", "server": {"hots": "x"}}},
            [
                "1.yml: test 1 has an unknown fact: previous.frequancy; did you mean frequency?",
                "1.yml: test 1 has an unknown fact: previous.server.hots; did you mean host?",
            ],
        ),
        (
            {"baseline": {"connections": [{"removd": True, "server": {"hots": "x"}}, {"removed": True}]}},
            [
                "1.yml: test 1 has an unknown fact: baseline.connections.removd; did you mean removed?",
                "1.yml: test 1 has an unknown fact: baseline.connections.server.hots; did you mean host?",
            ],
        ),
        (
            {"baseline": {"connections": [{"id": 1}, {"id": 1}]}},
            ["1.yml: test 1: baseline: connections[1]: duplicate connection alm 1."],
        ),
        ({"previous": {"alias": 7}}, ["1.yml: test 1: previous: connections[0].alias must be a string or null."]),
        ({"connection": {"id": "one"}}, ["1.yml: test 1: connections[0].id must be an integer."]),
        ({"connections": [{"id": 2}, {}]}, ["1.yml: test 1: connections[1]: duplicate connection alm 2."]),
        (
            {"connection": {"server": {"state": "gone"}}},
            ["1.yml: test 1: connections[0].server must be a server as the modules return it."],
        ),
    ],
)
def test_errors_in_tests(test, errors):
    assert errors_in(**test) == errors


def test_all_invalid_connections_are_reported():
    tests = [{"rule": "tls", "connection": {"id": id_}, "expect": "pass"} for id_ in ("a", 1, "b")]
    with pytest.raises(PolicyError, match=r"(?s)2 errors.*test 1: .*test 3: "):
        run(*tests)
