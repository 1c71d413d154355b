# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules: what they say of connections, in bulk and one at a time, with nothing of the data taken for a template."""

from __future__ import annotations

import html
import json
import time

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils._tool_server import server_facts
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import task
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.connections import validate_connections
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.merge import (
    MergeOptions,
    merge_reports,
    validate_source,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    AuditedFacts,
    Evaluation,
    VerdictOptions,
    key_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import STARTER_FILE, load_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import (
    Scope,
    build_report,
    top_findings,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report_checks import validate_baseline
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.resources import (
    data_of,
    joined,
    validate_given,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.rules import evaluate_rule, rule_state
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import (
    Engine,
    EvaluationError,
    _boolean,
    as_data,
    trust_as_template,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests.support import KINDS, LINEAR, conditional, connections as gathered, growth, templar_of

STARTER = yaml.safe_load(STARTER_FILE.read_text(encoding="utf-8"))
TEMPLAR, PLAY = templar_of()
NOW = "2026-11-24T18:00:00Z"
# An audit of a server whose token sees no projects and connectors.
NO_OTHERS = {"projects": [], "connectors": []}
JOB = {
    "id": 1,
    "last_run": "2026-11-24T17:00:00Z",
    "succeeded": True,
    "ready": True,
    "automatic": True,
    "result_message": None,
    "user": None,
}


def connection(kind: str = "alm", id_: int = 1, **facts) -> dict:
    """A connection that keeps all rules of the starter policy."""
    params = {
        f"{kind}_server": f"https://{kind}{id_}.example.com",
        f"{kind}_validate_cert": True,
        "conflict_policy": "alm",
    }
    return {
        "id": id_,
        "kind": kind,
        "alias": f"{kind} {id_}",
        "project": id_,
        "connector": 1,
        "system": "JIRA",
        "system_id": "jira",
        "system_short_name": None,
        "frequency": "hourly",
        "command": "sync_jira",
        "params": params,
        "params_visible": True,
        "secrets_set": [],
        "inaccessible": False,
        "in_progress": False,
        "debug_mode": False,
        "last_job": dict(JOB),
        **facts,
    }


def with_params(kind: str = "alm", **params) -> dict:
    """The good connection with other parameters."""
    good = connection(kind)
    return {**good, "params": {**good["params"], **params}}


def current(facts: dict) -> dict:
    """The facts as the modules return them: the others here are those of an older release."""
    return {**server_facts(facts["kind"], facts["params"] if facts["params_visible"] else {}), **facts}


def evaluated(rules, connections, *, play=None, engine=Engine, **variables) -> list[Evaluation]:
    """Evaluate rules, written as in a policy."""
    # A policy refuses variables that no rule reads.
    content = {"rules": rules, "vars": {name: value for name, value in variables.items() if name in json.dumps(rules)}}
    policy = load_policy(["p.yml"], lambda name: content, {})
    connections = validate_connections(connections)
    data = {**policy.variables, **NO_OTHERS, "connections": connections, "audited_at": NOW}
    used = engine(TEMPLAR, {**PLAY, **(play or {})}, data)
    return [verdict for rule in policy.rules for verdict in evaluate_rule(rule, connections, used)]


def keys_of(evaluation: Evaluation) -> list[tuple[str, int]]:
    return [key_of(one) for one in evaluation.connections]


def verdicts_on(that, *facts, when=(), needs=(), play=None, **variables):
    """Verdict and message of one rule on each connection."""
    when = {"when": list(when)} if when else {}
    rule = {"id": "r", "title": "R", "severity": "high", "that": that, "needs": list(needs), **when}
    return [
        (one.verdict, one.message) for one in evaluated([rule], list(facts) or [connection()], play=play, **variables)
    ]


# ---------------------------------------------------------------------------------------------------------------
# What a failed condition read, and the message about it


OBSERVED = [
    ("connection.server.scheme == 'http'", {"server.scheme": "https"}),
    ("connection['frequency'].upper() in ['NEVER']", {"frequency": "hourly"}),
    ("connection.params.alm_server is search('^http:')", {"params.alm_server": "https://alm1.example.com"}),
    ("'zzz' in connection.params ~ ''", {"params": "3 keys"}),
    (
        "connection.params.get('alm_server', fallback) == 1",
        {"params.alm_server": "https://alm1.example.com", "fallback": "none"},
    ),
    (
        "limits[connection.frequency].hours < connection.id",
        {"limits.hourly.hours": "3", "frequency": "hourly", "id": "1"},
    ),
    ("connection.secrets_set | length > 0 or connection.debug_mode", {"secrets_set": "0 items", "debug_mode": "false"}),
    ("connection.nope | default(false)", {"nope": "undefined"}),
    ("connection.last_job.result_message is not none", {"last_job.result_message": "null"}),
    ("names[1] == connection.alias", {"names[1]": "b", "alias": "alm 1"}),
    ("connection.alias in names and of_the_play == 'templated'", {"alias": "alm 1", "names": "2 items"}),
    ("inventory_hostname == connection.kind", {"kind": "alm"}),
    ("audited_at < '2026'", {}),
    ("connections | length == 0", {"connections": "1 ALM connection"}),
    ("api_token == 'x'", {"api_token": "********"}),
    ("long == ''", {"long": "x" * 200 + "\u2026"}),
    ("number_like == ''", {"number_like": '"7"'}),
    ("false", {}),
]


@pytest.mark.parametrize("that, expected", OBSERVED)
def test_failure_has_the_values_that_its_condition_read(that, expected):
    variables = {
        "fallback": "none",
        "limits": {"hourly": {"hours": 3}},
        "names": ["a", "b"],
        "api_token": "hunter2hunter2",
        "long": "x" * 1000,
        "number_like": "7",
    }
    rule = {"id": "unseen", "title": "U", "severity": "low", "that": ["connection.id == 1", that]}
    [found] = evaluated([rule], [connection()], play={"of_the_play": "hunter2-of-the-play"}, **variables)
    assert (found.verdict, found.condition) == ("fail", that)
    assert {one["name"]: one["value"] for one in found.observed} == expected
    assert (
        found.message
        == '"U" is not met'
        + "".join(
            (": " if index == 0 else ", ") + f"{name} is {value}"
            for index, (name, value) in enumerate(expected.items())
        )
        or len(found.message) > 200
    )


def test_items_have_observed_values():
    rules = [
        {
            "id": "g",
            "title": "G",
            "severity": "low",
            "group_by": ["project", "server.host"],
            "that": "item.key.server.host == 'x' and item.connections | length > 3",
        },
        {
            "id": "l",
            "title": "L",
            "severity": "low",
            "loop": [{"name": "a", "password": "hunter2hunter2"}],
            "label": "item.name",
            "that": "item.password == item.name",
        },
    ]
    found = evaluated(rules, [connection()])
    assert [{one["name"]: one["value"] for one in each.observed} for each in found] == [
        {"item.key.server.host": "alm1.example.com", "item.connections": "1 ALM connection"},
        {"item.password": "********", "item.name": "a"},
    ]


@pytest.mark.parametrize(
    "rule, expected",
    [
        ({}, "evaluated"),
        ({"that": "limits != []"}, "evaluated"),
        ({"when": "limits | length > 0"}, "off"),
        ({"when": ["connection.kind == 'alm'", "limits | length > 0"]}, "off"),
        ({"when": "connection.kind == 'analysis'"}, "no_subjects"),
        ({"when": ["connection.kind == 'analysis'", "connection.id == 7"]}, "no_subjects"),
        ({"when": "connection.system_id == 'Jira'"}, "matches_nothing"),
        ({"when": ["connection.kind == 'alm'", "connection.system_id == 'Jira'"]}, "matches_nothing"),
        ({"when": ["connection.kind == 'alm' or connection.id == 2", "connection.id == 7"]}, "matches_nothing"),
        ({"loop": "connections | selectattr('system_id', 'eq', 'x')", "label": "item.id"}, "no_subjects"),
        ({"loop": [1, 2], "when": "item > 2"}, "matches_nothing"),
        ({"loop": [1, 2], "when": "limits | length > 0"}, "off"),
        ({"group_by": ["kind", "project"], "when": "item.key.kind == 'analysis'"}, "no_subjects"),
        ({"group_by": ["kind", "project"], "when": "item.key.project == 7"}, "matches_nothing"),
        ({"when": "connection.nope"}, "evaluated"),
        # No kind is both.
        ({"when": "connection.kind == 'alm' and connection.kind == 'analysis'"}, "matches_nothing"),
        ({"when": "connection.kind is none"}, "matches_nothing"),
    ],
)
def test_state_of_rule(rule, expected):
    policy = {
        "rules": [{"id": "r", "title": "R", "severity": "low", "that": "limits == []", **rule}],
        "vars": {"limits": []},
    }
    loaded = load_policy(["p.yml"], lambda name: policy, {})
    facts = validate_connections([connection(), connection(id_=2)])
    engine = Engine(TEMPLAR, PLAY, {"limits": [], "connections": facts, "audited_at": NOW})
    assert rule_state(loaded.rules[0], evaluate_rule(loaded.rules[0], facts, engine), engine) == expected


def test_empty_loop_is_inconclusive_if_a_needed_fact_is_missing():
    """Hidden connections might be among the items."""
    loop = "connections | selectattr('params.alm_method', 'defined') | list"
    rule = {"id": "r", "title": "R", "severity": "low", "that": "true", "loop": loop, "needs": ["params"]}
    hidden = connection(id_=7, params={}, params_visible=False)
    [found] = evaluated([rule], [connection(), hidden])
    assert (found.verdict, found.message) == (
        "inconclusive",
        "the parameters of ALM connection 7 are hidden from the token",
    )
    assert evaluated([rule], [connection()]) == []
    off = {**rule, "when": "switch"}
    assert evaluated([off], [connection(), hidden], switch=False) == []


def test_rule_without_connections_has_no_subjects():
    policy = load_policy(["p.yml"], lambda name: {"rules": [STARTER["rules"][0]]}, {})
    engine = Engine(TEMPLAR, PLAY, {"connections": [], "audited_at": NOW})
    assert rule_state(policy.rules[0], evaluate_rule(policy.rules[0], [], engine), engine) == "no_subjects"


@pytest.mark.parametrize(
    "rule, expected",
    [
        ({"loop": [7, 8]}, [("7", "7"), ("8", "8")]),
        ({"loop": [7, 8], "label": "'project ' ~ item"}, [("project 7", "7"), ("project 8", "8")]),
        ({"loop": [[7, "x"], [8, "x"]], "label": "item[0]"}, [("7", "7"), ("8", "8")]),
        ({"loop": [[7, "x"]], "label": "'project ' ~ item[0]", "identity": "item[0]"}, [("project 7", "7")]),
        ({"group_by": "project"}, [("project 1", "[1]")]),
        ({"group_by": ["project", "kind"], "label": "'x'"}, [("x", '[1, "alm"]')]),
    ],
)
def test_identity_of_items(rule, expected):
    found = evaluated([{"id": "r", "title": "R", "severity": "low", "that": "true", **rule}], [connection()])
    assert [(one.label, one.identity) for one in found] == expected


def test_items_with_equal_identities_are_errors():
    rule = {"id": "r", "title": "R", "severity": "low", "that": "true", "loop": [1, 2, 3], "identity": "item // 2"}
    assert [(one.verdict, one.message) for one in evaluated([rule], [connection()])] == [
        ("pass", "holds"),
        *[("error", "the identity '1' is not unique; set the rule's identity so that it names one item")] * 2,
    ]


def messages_of(message: str, *facts: dict, play: dict | None = None, **variables) -> list[str]:
    rule = {"id": "r", "title": "R", "severity": "high", "that": "connection.id == 0", "message": message}
    return [one.message for one in evaluated([rule], list(facts) or [connection()], play=play, **variables)]


@pytest.mark.parametrize(
    "message, expected",
    [
        ("{{ connection.alias }} talks to {{ connection.server.host }}", "alm 1 talks to alm1.example.com"),
        (
            "{% for name in connection.params %}{{ loop.index }}{{ name }} {% endfor %}",
            "1alm_server 2alm_validate_cert 3conflict_policy",
        ),
        ("{{ allowed | join(', ') }} at {{ audited_at }}", "a, b at " + NOW),
        ("{% if connection.id == 1 %}one\n line{% endif %}", "one line"),
        ("{{ 7 }}", "7"),
        ("{{ '{{ allowed }}' }} \\d {{ allowed | length }}", "{{ allowed }} \\d 2"),
        ("{{ connection.nope }}", '"R" is not met: id is 1 (message: '),
        ("{{ connection.last_job.nope.deeper }}", '"R" is not met: id is 1 (message: '),
        ("{{ '' }}", '"R" is not met: id is 1 (message: the message is empty)'),
        ("{{ lookup('ansible.builtin.vars', 'canary') }}", '"R" is not met: id is 1 (message: '),
        ("{{ 'y' * 1000 }}", "y" * 299 + "\u2026"),
        ("{{ 'https://u:hunter2hunter2@example.com' }}", "https://********@example.com"),
    ],
)
def test_message(message, expected):
    [found] = messages_of(message, play={"canary": "hunter2-of-the-play"}, allowed=["a", "b"])
    assert found.startswith(expected) and "hunter2" not in found
    if "(message: " not in expected:
        assert found == expected


def test_data_in_messages_is_never_a_template():
    alias = "{{ lookup('ansible.builtin.pipe', 'echo planted') }}{% set x = 1 %}"
    assert messages_of("{{ connection.alias }} and {{ name }}", connection(alias=alias), name=alias) == [
        f"{alias} and {alias}"
    ]


def test_each_failure_has_its_own_message():
    facts = [connection(id_=1), connection(id_=2, params={}, params_visible=False), connection(id_=3)]
    found = messages_of("{{ connection.id }} {{ connection.params.alm_server[:6] }}", *facts)
    assert [found[0], found[2]] == ["1 https:", "3 https:"]
    assert found[1].startswith('"R" is not met: id is 2 (message: ')


# ---------------------------------------------------------------------------------------------------------------
# Verdicts


@pytest.mark.parametrize(
    "that, expected",
    [
        ("connection.server.scheme == 'https'", ("pass", "holds")),
        ("connection.server.scheme == 'http'", ("fail", '"R" is not met: server.scheme is https')),
        (["connection.id == 1", "connection.id == 2", "nonsense"], ("fail", '"R" is not met: id is 1')),
        ("connection.params.alm_server is ansible.builtin.match('http')", ("pass", "holds")),
        ("([connection] | securitycompass.sdelements.egress).servers[0].port == 443", ("pass", "holds")),
        ("connection.server.scheme in allowed", ("pass", "holds")),
        ("lookup('ansible.builtin.env', 'HOME') is string and query('items', [1]) == [1]", ("pass", "holds")),
        ("audited_at == '2026-11-24T18:00:00Z' and connections | length == 1", ("pass", "holds")),
        ("of_the_play == 'templated' and inventory_hostname == 'localhost'", ("pass", "holds")),
        (r"'a\\b' | length == 3 and '\d' | length == 2 and '5' is match('\d')", ("pass", "holds")),
        ("'}}' != '%}' and {'a': {'b': 1}}.a.b == 1", ("pass", "holds")),
        ("true if connection.params.nope is not defined else false", ("pass", "holds")),
        ("connection.params.nope | default('x') == 'x'", ("pass", "holds")),
    ],
)
def test_verdict(that, expected):
    play = {"inner": "templated", "of_the_play": trusted("{{ inner }}")}
    assert verdicts_on(that, play=play, allowed=["https"]) == [expected]


def trusted(template: str) -> str:
    """A template in a variable of a play."""
    return trust_as_template(template)


@pytest.mark.parametrize(
    "that, expected",
    [
        ("connection.alias", "must be true or false, not a string"),
        ("connection.params", "must be true or false, not a mapping"),
        ("connection.params.secret", "must be true or false, not a string"),
        ("connection.connector", "must be true or false, not a number"),
        ("connection.system_short_name", "must be true or false, not null"),
        ("connection.params.nope == 'x'", "has no attribute 'nope'"),
        ("connection.params.nope", "has no attribute 'nope'"),
        ("nobody", "'nobody' is undefined"),
        ("1 / 0 == 1", "division by zero"),
        ("connection.id + 'a' == 1", "unsupported operand type"),
        ("lookup('no_such_lookup') == 1", "no_such_lookup"),
        ("connection.id | bool | ansible.builtin.from_json", "from_json"),
        ("undef('mandatory') == 1", "mandatory"),
    ],
)
def test_error(that, expected):
    good = {"id": 2, "kind": "alm", "alias": "good", "params": {"nope": "x"}, "params_visible": True}
    verdicts = verdicts_on(that, with_params(secret="no"), good)
    assert verdicts[0][0] == "error"
    assert verdicts[0][1].startswith(f"{that}: ") and expected in verdicts[0][1]
    assert "_sde" not in verdicts[0][1]


def test_error_affects_one_connection():
    others = [with_params(a=value) | {"id": id_} for id_, value in enumerate(["x", None, 1, "y", [], "x"], 1)]
    verdicts = verdicts_on("connection.params.a.startswith('x')", *others)
    assert [verdict for verdict, _message in verdicts] == ["pass", "error", "error", "fail", "error", "pass"]


def test_boolean_like_texts_are_not_booleans():
    assert verdicts_on("connection.params.flag", with_params(flag="no"))[0][0] == "error"
    assert verdicts_on("connection.params.flag", with_params(flag="True"))[0][0] == "error"
    assert verdicts_on("connection.params.flag == 'no'", with_params(flag="no"))[0][0] == "pass"


@pytest.mark.parametrize("number", [0, 1, 1.0])
def test_numbers_are_not_booleans(number):
    assert verdicts_on("connection.params.flag", with_params(flag=number))[0][0] == "error"


def test_messages_contain_no_secrets():
    ((verdict, message),) = verdicts_on("undef(leak) == 1", play={"leak": "https://me:hunter2hunter2@x " + "y" * 1000})
    assert verdict == "error" and "https://********@x" in message and len(message) < 400


@pytest.mark.parametrize(
    "facts, needs, verdict, message",
    [
        (
            {"params": {}, "params_visible": False},
            ["params"],
            "inconclusive",
            "the parameters are hidden from the token",
        ),
        (
            {"params": {}, "params_visible": False},
            ["params.x"],
            "inconclusive",
            "the parameters are hidden from the token",
        ),
        ({"params": {}}, ["params"], "inconclusive", "params is unknown"),
        ({"params": {"x": None}}, ["params.x"], "inconclusive", "params.x is unknown"),
        ({"params": {"x": {"y": 1}}}, ["params.x.z"], "inconclusive", "params.x.z is unknown"),
        ({"params": {"x": "text"}}, ["params.x.z"], "inconclusive", "params.x.z is unknown"),
        ({"last_job": None}, ["last_job"], "inconclusive", "last_job is unknown"),
        (
            {"last_job": None},
            ["last_job.succeeded"],
            "inconclusive",
            "last_job.succeeded is unknown",
        ),
        ({"debug_mode": False, "params": {"x": 0}}, ["debug_mode", "params.x"], "pass", "holds"),
        ({"params": {"x": ""}}, ["params.x"], "pass", "holds"),
        (
            {"params": {}, "params_visible": False},
            ["server"],
            "inconclusive",
            "the parameters are hidden from the token",
        ),
        (
            {"params": {}, "params_visible": False},
            ["validate_certs"],
            "inconclusive",
            "the parameters are hidden from the token",
        ),
        ({"params": {}}, ["server"], "inconclusive", "server is unknown"),
        ({"params": {"x": 1}}, ["validate_certs"], "inconclusive", "validate_certs is unknown"),
        ({"params": {"x": 1}}, ["server.host"], "inconclusive", "server.host is unknown"),
        # That there is none is known, too.
        ({"params": {"x": 1}}, ["server"], "pass", "holds"),
    ],
)
def test_needs(facts, needs, verdict, message):
    assert verdicts_on("true", connection(**facts), needs=needs) == [(verdict, message)]


def test_missing_value_is_inconclusive():
    hidden = connection(params={}, params_visible=False)
    # Not applicable stays that.
    assert (
        verdicts_on("true", hidden, when=["connection.kind == 'analysis'"], needs=["params"])[0][0] == "not_applicable"
    )
    # A condition that cannot be asked because of a lack is not an error.
    assert verdicts_on("true", hidden, when=["connection.params.x == 1"], needs=["params"])[0][0] == "inconclusive"
    assert verdicts_on("true", hidden, when=["connection.params.x == 1"])[0][0] == "error"
    assert (
        verdicts_on("true", hidden, when=["connection.params.x == 1", "false"], needs=["params"])[0][0]
        == "inconclusive"
    )


# ---------------------------------------------------------------------------------------------------------------
# Rules with a loop


def loop_verdicts(connections, **rule):
    rule = {"id": "r", "title": "R", "severity": "low", **rule}
    return [(one.verdict, one.label, keys_of(one), one.message) for one in evaluated([rule], connections)]


def test_loop():
    three = [connection(id_=1, project=7), connection(id_=2, project=7), connection("analysis", 1, project=8)]
    rule = {
        "loop": "connections | groupby('project')",
        "label": "item[0]",
        "affected": "item[1]",
        "that": "item[1] | length == 1",
    }
    assert loop_verdicts(three, **rule) == [
        ("fail", "7", [("alm", 1), ("alm", 2)], '"R" is not met: item[1] is 2 ALM connections'),
        ("pass", "8", [("analysis", 1)], "holds"),
    ]


def test_loop_over_a_literal_list():
    verdicts = loop_verdicts([connection()], loop=["x", "y"], that="item == 'x'")
    assert [one[:3] for one in verdicts] == [("pass", "x", []), ("fail", "y", [])]


def test_empty_loop_has_no_findings():
    assert loop_verdicts([connection()], loop=[], that="false") == []
    assert loop_verdicts([], loop="connections", that="false") == []


@pytest.mark.parametrize(
    "rule, message",
    [
        ({"loop": "nobody"}, "loop: nobody: 'nobody' is undefined"),
        ({"loop": "'text'"}, "loop: 'text': the result must be a list, not a string"),
        ({"loop": [[1]]}, "label: item: the result must be a string or a number, not a list; set the rule's label"),
        (
            {"loop": [1], "label": "true"},
            "label: true: the result must be a string or a number, not true; set the rule's label",
        ),
        (
            {"loop": [1], "label": "'  '"},
            "label: '  ': the result must be a string or a number, not a blank string; set the rule's label",
        ),
        (
            {"loop": [1], "affected": "5"},
            "affected: 5: the result must be a list of connections or projects, not a number",
        ),
        (
            {"loop": [1], "affected": "[5]"},
            "affected: [5]: the result must be a list of connections or projects, but an item is neither",
        ),
    ],
)
def test_error_of_a_loop(rule, message):
    (verdict,) = loop_verdicts([connection()], that="true", **rule)
    assert (verdict[0], verdict[3]) == ("error", message)


def test_needs_of_loop_check_affected_connections():
    two = [connection(id_=1), connection(id_=2, params={}, params_visible=False)]
    rule = {"loop": "connections", "label": "item.id", "that": "true", "needs": ["params"]}
    assert [one[0] for one in loop_verdicts(two, affected="[item]", **rule)] == ["pass", "inconclusive"]
    assert [one[0] for one in loop_verdicts(two, **rule)] == ["inconclusive", "inconclusive"]


# ---------------------------------------------------------------------------------------------------------------
# Rules with group_by


def test_groups_of_one_fact():
    three = [connection(id_=1, project=7), connection(id_=2, project=8), connection("analysis", 1, project=7)]
    assert loop_verdicts(three, group_by="project", that="item.connections | length == 1 and item.key == 8") == [
        (
            "fail",
            "project 7",
            [("alm", 1), ("analysis", 1)],
            '"R" is not met: item.connections is 1 ALM connection, 1 analysis connection, item.key is 7',
        ),
        ("pass", "project 8", [("alm", 2)], "holds"),
    ]


def test_groups_of_several_facts_have_a_key_that_is_nested_as_the_facts():
    two = [connection(id_=1, project=7), connection("analysis", 1, project=7)]
    rule = {
        "group_by": ["project", "server.scheme", "server.host"],
        "that": "item.key == {'project': 7, 'server': {'scheme': 'https', 'host': item.connections[0].server.host}}",
    }
    assert [one[:3] for one in loop_verdicts(two, **rule)] == [
        ("pass", "project 7, server.scheme https, server.host alm1.example.com", [("alm", 1)]),
        ("pass", "project 7, server.scheme https, server.host analysis1.example.com", [("analysis", 1)]),
    ]
    assert [one[:2] for one in loop_verdicts(two, group_by=["project"], that="item.key.project == 7")] == [
        ("pass", "project 7")
    ]


@pytest.mark.parametrize(
    "values, labels",
    [
        ([None, 1, None], ["params.x null", "params.x 1"]),
        ([1, True, "1", "true"], ["params.x 1", "params.x true", 'params.x "1"', 'params.x "true"']),
        (["a", "a, params.y b", "null"], ["params.x a", 'params.x "a, params.y b"', 'params.x "null"']),
        ([{"a": 1, "b": [2]}, {"b": [2], "a": 1}, [1], [1]], ['params.x {"a": 1, "b": [2]}', "params.x [1]"]),
        (["ü", "Ü", ["ü"]], ["params.x ü", "params.x Ü", 'params.x ["ü"]']),
    ],
)
def test_groups_of_any_values(values, labels):
    connections = [connection(id_=id_, params={"x": value}) for id_, value in enumerate(values, 1)]
    found = loop_verdicts(connections, group_by="params.x", that="item.key == item.connections[0].params.x")
    assert [one[:2] for one in found] == [("pass", label) for label in labels]
    assert sorted(key for one in found for key in one[2]) == [("alm", id_) for id_ in range(1, len(values) + 1)]


def test_absent_fact_is_the_key_none():
    assert [one[:2] for one in loop_verdicts([connection()], group_by="id.x.y", that="item.key is none")] == [
        ("pass", "id.x.y null")
    ]


def test_label_and_affected_of_a_group():
    two = [connection(id_=1, project=7), connection(id_=2, project=7)]
    rule = {"group_by": "project", "label": "'p' ~ item.key", "affected": "item.connections[1:]", "that": "false"}
    assert [one[:3] for one in loop_verdicts(two, **rule)] == [("fail", "p7", [("alm", 2)])]
    ((verdict, label, affected, message),) = loop_verdicts(two, **{**rule, "label": "item.key.x"})
    assert (verdict, label, affected) == ("error", "project 7", [("alm", 2)])
    assert message.startswith("label: item.key.x: ")


def test_needs_of_group_check_its_connections():
    two = [connection(id_=1), connection(id_=2, params={}, params_visible=False)]
    found = loop_verdicts(two, group_by="id", that="true", needs=["params"])
    assert [one[0] for one in found] == ["pass", "inconclusive"]
    assert [one[0] for one in loop_verdicts(two, group_by="kind", that="true", needs=["params"])] == ["inconclusive"]


def test_keys_of_groups_are_never_templated(tmp_path):
    proof = tmp_path / "executed"
    hostile = f"{{{{ lookup('pipe', 'touch {proof}') }}}}"
    for group_by, key in (("alias", "item.key"), (["alias", "kind"], "item.key.alias")):
        rule = {"group_by": group_by, "that": f"{key} == item.connections[0].alias and 'pipe' in {key} ~ ''"}
        assert [one[0] for one in loop_verdicts([connection(alias=hostile)], **rule)] == ["pass"]
    assert not proof.exists()


def test_grouping_takes_linear_time():
    def group(count: int) -> None:
        connections = [connection(id_=id_, project=id_ // 2) for id_ in range(count)]
        content = {"rules": [{"id": "r", "title": "R", "severity": "low", "group_by": "project", "that": "true"}]}
        rule = load_policy(["p.yml"], lambda name: content, {}).rules[0]
        assert len(evaluate_rule(rule, connections, Engine(TEMPLAR, PLAY, {"connections": connections}))) >= count // 2

    assert growth(group, 1000) < LINEAR


# ---------------------------------------------------------------------------------------------------------------
# Conditions that read no connection


def count_evaluations(path) -> str:
    """An expression that is true, and adds a line to a file whenever it is evaluated."""
    return f"lookup('ansible.builtin.pipe', 'echo >> {path}; echo yes') == 'yes'"


@pytest.mark.parametrize(
    "when", ["{}", "'connection' != 'item' and {}", "{{'connection': 1, 'item': 2}}.item == 2 and {}"]
)
def test_condition_that_reads_no_connection_is_evaluated_once_per_audit(tmp_path, when):
    when = when.format(count_evaluations(tmp_path / "evaluations"))
    rule = {"title": "R", "severity": "low", "when": when, "that": "true"}
    rules = [
        {**rule, "id": "each"},
        {**rule, "id": "group", "group_by": "id"},
        {**rule, "id": "loop", "loop": [1, 2], "that": when},
    ]
    verdicts = evaluated(rules, [connection(id_=id_) for id_ in range(1, 6)])
    assert [one.verdict for one in verdicts] == ["pass"] * 12
    assert len((tmp_path / "evaluations").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "read",
    [
        "connection.id > 0",
        "[connection] | length == 1",
        "(0 if false else connection.id) > 0",
        "connections[0] == connection or {}",
    ],
)
def test_condition_that_reads_the_connection_is_evaluated_for_each(tmp_path, read):
    counted = count_evaluations(tmp_path / "evaluations")
    when = read.format(counted) if "{}" in read else f"{counted} and {read}"
    verdicts_on("true", *[connection(id_=id_) for id_ in range(1, 6)], when=[when])
    assert len((tmp_path / "evaluations").read_text().splitlines()) == (4 if "{}" in read else 5)


def test_condition_that_reads_no_connection_is_not_evaluated_without_need(tmp_path):
    counted = count_evaluations(tmp_path / "evaluations")
    verdicts_on(counted, connection(), when=["connection.id == 7"])
    verdicts_on(counted, connection(params={}, params_visible=False), needs=["params"])
    assert not (tmp_path / "evaluations").exists()


@pytest.mark.parametrize(
    "that, verdict, message",
    [
        ("limit > 3", "fail", '"R" is not met: limit is 1'),
        ("nobody", "error", "nobody: 'nobody' is undefined"),
        ("limit", "error", "limit: the result must be true or false, not a number"),
        # A lookup cannot read the connection either, in whichever way rules are evaluated.
        ("lookup('ansible.builtin.vars', 'connection', default='none') == 'none'", "pass", "holds"),
        ("lookup('ansible.builtin.vars', 'connection', default='none') == 'none' or connection.x", "pass", "holds"),
    ],
)
def test_condition_that_reads_no_connection_concludes_each(that, verdict, message):
    three = [connection(id_=id_) for id_ in (1, 2)] + [connection(id_=3, params={}, params_visible=False)]
    hidden = ("inconclusive", "the parameters are hidden from the token")
    assert verdicts_on(that, *three, needs=["params"], limit=1) == [(verdict, message)] * 2 + [hidden]
    if verdict == "error":
        assert verdicts_on("true", *three, when=[that], needs=["params"], limit=1) == [(verdict, message)] * 2 + [
            hidden
        ]


# ---------------------------------------------------------------------------------------------------------------
# In bulk and one at a time

TEXTS = st.sampled_from(
    ["", "a", "https", "no", "True", "{{ nobody }}", "{% if %}", "{{ lookup('pipe', 'exit 1') }}", "ü", "5"]
)
SCALARS = TEXTS | st.integers(-3, 3) | st.booleans() | st.none()
PARAMS = st.dictionaries(st.sampled_from(["a", "b", "c"]), SCALARS | st.lists(SCALARS, max_size=2), max_size=3)
CONNECTIONS = st.lists(
    st.builds(
        lambda params, job, alias: {"params": params, "last_job": job, "alias": alias},
        PARAMS,
        st.none() | PARAMS,
        TEXTS,
    ),
    min_size=1,
    max_size=4,
)
ATOMS = st.sampled_from(
    [
        *"connection.params.a connection.params.b connection.params.c.d connection.params['a']".split(),
        *"connection.params connection.last_job.a connection.last_job connection.alias connections".split(),
        *"nobody true false none 'a' 'no' 1 0 limit limits play".split(),
        "connection.params.a | default('a')",
        "connection.params.a | length",
        "connection.params.b | string",
        "connection.params.b | bool",
        "connection.params ~ ''",
        "limits | length",
        "limits ~ ''",
        "lookup('ansible.builtin.env', 'HOME')",
    ]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "!=", "in", "not in", "and", "or", "<", "< 1 <="]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        inner.map(lambda one: f"(not {one})"),
        st.tuples(
            inner,
            st.sampled_from(
                [
                    "is defined",
                    "is undefined",
                    "is string",
                    "is none",
                    "is mapping",
                    "is search('a')",
                    "is true",
                    "is not false",
                    "| length > 0",
                    "is ansible.builtin.match('h')",
                    "is truthy",
                ]
            ),
        ).map(lambda parts: f"({' '.join(parts)})"),
    ),
    max_leaves=4,
)


@given(EXPRESSIONS, CONNECTIONS)
def test_bulk_evaluation_equals_single_evaluation(expression, connections):
    data = {"limit": 1, "limits": ["a", "https", 1], "connections": connections}
    engine = Engine(TEMPLAR, {**PLAY, "play": "a"}, data)
    values = engine.data["connections"]
    in_bulk = engine.evaluate_conditional(expression, "connection", values)
    one_by_one = engine.evaluate(expression, "connection", values, _boolean)
    assert [isinstance(one, EvaluationError) or one for one in in_bulk] == [
        isinstance(one, EvaluationError) or one for one in one_by_one
    ]
    for value, answer in zip(values, in_bulk, strict=False):
        by_ansible = conditional(TEMPLAR, expression, {**PLAY, "play": "a", **engine.data, "connection": value})
        assert by_ansible == (None if isinstance(answer, EvaluationError) else answer), (expression, value, answer)


class OneAtATime(Engine):
    """Asks ansible-core for each value."""

    def evaluate_conditional(self, expression, name, values):
        found = [conditional(TEMPLAR, expression, {**PLAY, **self.data, name: value}) for value in values]
        return [EvaluationError("") if answer is None else answer for answer in found]


@pytest.mark.no_cover
def test_starter_has_the_same_verdicts_as_one_conditional_after_the_other():
    connections = numbered([facts for facts, _rule in FAILING] + PASSING)
    same = {**connections[0], "id": 99}
    odd = [
        connection(id_=97, params={}, params_visible=False, last_job=None),
        connection(id_=98, project=None, system_id=None),
    ]
    variables = {**STARTER["vars"], **POLICY_VARIABLES, "required_projects": [1, 2, 1000]}
    in_bulk, one_by_one = (
        [
            (one.rule.id, one.label, keys_of(one), one.verdict)
            for one in evaluated(STARTER["rules"], [*connections, same, *odd], engine=engine, **variables)
        ]
        for engine in (Engine, OneAtATime)
    )
    assert in_bulk == one_by_one
    assert {verdict for *_names, verdict in in_bulk} == {"pass", "fail", "inconclusive", "not_applicable"}


@pytest.fixture(autouse=True)
def strict_conditionals(monkeypatch):
    """Older releases of ansible-core take any value for a boolean unless they are told not to."""
    monkeypatch.setenv("ANSIBLE_ALLOW_BROKEN_CONDITIONALS", "False")


def test_data_are_never_templated(tmp_path):
    proof = tmp_path / "executed"
    hostile = f"{{{{ lookup('pipe', 'touch {proof}') }}}}"
    bad = with_params(**{"x": hostile, hostile: hostile, "list": [hostile, {"y": hostile}]}) | {
        "alias": hostile,
        "system": hostile,
    }
    rules = [
        {
            "id": "a",
            "title": "A",
            "severity": "low",
            "that": [
                "connection.alias == connection.params.x",
                "connection.params.x == text",
                "connection.params.list[1].y in connection.params.list",
                "connection.params | string is search('lookup')",
                "connection.params.x | upper is string",
                "(connection.params | to_json | from_json).x == text",
                "connections[0].alias == text",
                "connections | map(attribute='alias') | first == connection.alias",
                "connection.params | dict2items | map(attribute='value') | list is sequence",
            ],
        },
        {"id": "b", "title": "B", "severity": "low", "that": "connection.alias"},
        {
            "id": "c",
            "title": "C",
            "severity": "low",
            "loop": "connections | groupby('alias')",
            "label": "item[0]",
            "affected": "item[1]",
            "that": ["item[0] == text", "item[1][0].params.x == text"],
        },
        {"id": "d", "title": "D", "severity": "low", "loop": [hostile], "that": "item == text"},
    ]
    verdicts = evaluated(rules, [bad], text=hostile)
    assert [(one.verdict, one.label) for one in verdicts] == [
        ("pass", None),
        ("error", None),
        ("pass", hostile),
        ("pass", hostile),
    ], verdicts
    assert not proof.exists()


def test_item_without_label_is_named_by_its_number():
    rule = {"id": "a", "title": "A", "severity": "low", "loop": ["first", [2]], "that": "true"}
    assert [one.label for one in evaluated([rule], [connection()])] == ["first", "2"]


def test_connections_replace_variable_of_the_play():
    rule = {"id": "a", "title": "A", "severity": "low", "that": "connections | length == 1"}
    [evaluation] = evaluated([rule], [connection()], play={"connections": []})
    assert evaluation.verdict == "pass"


def test_failing_rule_takes_linear_time():
    many = [connection(id_=id_) for id_ in range(1, 1501)]
    engine = Engine(TEMPLAR, PLAY, {"connections": many})
    values = engine.data["connections"]
    start = time.process_time()
    assert all(
        isinstance(one, EvaluationError)
        for one in engine.evaluate_conditional("connection.parms.x == 1", "connection", values)
    )
    bulk = (time.process_time() - start) / len(values)
    start = time.process_time()
    for value in values[:100]:
        assert conditional(TEMPLAR, "connection.parms.x == 1", {**PLAY, "connection": value}) is None
    assert bulk < (time.process_time() - start) / 100 / 2


def test_list_is_templated_once():
    """Older releases of ansible-core go through a list's values whenever a template mentions it."""

    def answer(count: int) -> None:
        engine = Engine(TEMPLAR, PLAY, {"connections": [connection(id_=id_) for id_ in range(1, count + 1)]})
        answers = engine.evaluate_conditional(
            "connections[0].id == 1 and connection.id > 0", "connection", engine.data["connections"]
        )
        assert answers == [True] * count

    assert growth(answer, 200) < LINEAR


# ---------------------------------------------------------------------------------------------------------------
# The starter policy


def starter(*connections, rules=STARTER["rules"], **variables) -> dict[str, set[str]]:
    """The starter policy's verdicts, for each rule."""
    verdicts = {}
    for one in evaluated(rules, list(connections), **{**STARTER["vars"], **variables}):
        verdicts.setdefault(one.rule.id, set()).add(one.verdict)
    return verdicts


def verdicts_of(rule: str, *connections) -> set[str]:
    """The verdicts of one rule of the starter policy."""
    return starter(*connections, rules=[one for one in STARTER["rules"] if one["id"] == rule]).get(rule, set())


POLICY_VARIABLES = {"allowed_servers": ["*.example.com"], "conflict_policies": ["alm"], "required_projects": [1]}


def test_starter_passes_good_connections():
    verdicts = starter(connection(), connection("analysis", 2), **POLICY_VARIABLES)
    assert {rule["id"] for rule in STARTER["rules"]} - set(verdicts) == {"project-connected", "no-connection-removed"}
    assert set.union(*verdicts.values()) == {"pass", "not_applicable"}
    # No job of these connections is running.
    assert {name for name, found in verdicts.items() if "pass" not in found} == {"sync-not-stuck", *DRIFT_RULES}


# Connections that fail one rule each.
FAILING = [
    (with_params(alm_server="alm1.example.com", alm_method="http"), "tls"),
    (with_params(alm_server="http://alm1.example.com"), "tls"),
    (with_params("analysis", analysis_server="http://analysis1.example.com"), "tls"),
    (with_params("analysis", analysis_server="x.example.com", analysis_method="http"), "tls"),
    (with_params(alm_validate_cert=False), "certificate-validated"),
    (with_params(alm_validate_cert="False"), "certificate-validated"),
    (with_params(alm_validate_cert=None, issue_tracker_validate_cert="no "), "certificate-validated"),
    (with_params("analysis", analysis_validate_cert=False), "certificate-validated"),
    (with_params("analysis", analysis_validate_cert="FALSE"), "certificate-validated"),
    (with_params(alm_validate_cert=None, bypass_cert_validation=True), "certificate-validated"),
    (connection(frequency="every_blue_moon"), "last-sync-recent"),
    (connection(last_job={**JOB, "last_run": "9999-01-01T00:00:00Z"}), "last-sync-recent"),
    (with_params(alm_server="https://user:secret-pass@alm1.example.com"), "no-credentials-in-urls"),
    (with_params(more={"proxies": ["http://user:secret-pass@proxy"]}), "no-credentials-in-urls"),
    (with_params(alm_server="https://alm1.example.org"), "allowed-server"),
    (with_params(alm_server="https://example.com"), "allowed-server"),
    (with_params(alm_server="https://aXexampleXcom"), "allowed-server"),
    (with_params(alm_server="https://a.example.com.evil.org"), "allowed-server"),
    (connection(frequency="manually"), "scheduled"),
    (connection(last_job={**JOB, "succeeded": False}), "last-sync-succeeded"),
    (connection(last_job={**JOB, "last_run": "2026-11-24T14:59:59Z"}), "last-sync-recent"),
    (connection(frequency="daily", last_job={**JOB, "last_run": "2026-11-23T11:59:59Z"}), "last-sync-recent"),
    (connection(last_job={**JOB, "ready": False, "last_run": "2026-11-24T16:59:59Z"}), "sync-not-stuck"),
    (connection(debug_mode=True), "no-debug-mode"),
    (with_params(conflict_policy="sde"), "conflict-policy"),
]


def numbered(connections: list[dict]) -> list[dict]:
    """The connections, each with an id and a project of its own."""
    return [{**one, "id": number, "project": number} for number, one in enumerate(connections, 1)]


def not_passed(connections: list[dict]) -> list[tuple]:
    """The verdicts of the starter policy on these connections, without those that are fine."""
    projects = [one["project"] for one in connections if one["kind"] == "alm"]
    chosen = {**STARTER["vars"], **POLICY_VARIABLES, "required_projects": projects}
    found = evaluated(STARTER["rules"], connections, **chosen)
    return sorted(
        (keys_of(one), one.rule.id, one.verdict) for one in found if one.verdict not in ("pass", "not_applicable")
    )


def test_starter_fails_bad_connection():
    connections = numbered([facts for facts, _rule in FAILING])
    assert not_passed(connections) == sorted(
        ([(one["kind"], one["id"])], rule, "fail") for one, (_facts, rule) in zip(connections, FAILING, strict=False)
    )


def test_starter_on_connection_that_never_synchronised():
    """Where others have a last job, one without has never run. Releases before 4.4 do not report jobs."""
    never, other = connection(id_=1, last_job=None), connection(id_=2)
    found = {
        (one.rule.id, key_of(one.connections[0])): one
        for one in evaluated(STARTER["rules"], [never, other], **STARTER["vars"])
        if one.connections
    }
    recent = found["last-sync-recent", ("alm", 1)]
    assert (recent.verdict, recent.message) == ("fail", "Never synchronised, although scheduled hourly")
    assert found["last-sync-succeeded", ("alm", 1)].verdict == "not_applicable"
    assert found["sync-not-stuck", ("alm", 1)].verdict == "not_applicable"
    assert verdicts_of("last-sync-recent", never, {**other, "last_job": None}) == {"inconclusive"}


def test_starter_fails_project_without_connection():
    verdicts = starter(connection(project=2), **POLICY_VARIABLES)
    assert {name for name, found in verdicts.items() if not found <= {"pass", "not_applicable"}} == {
        "required-project-connected"
    }
    assert verdicts["required-project-connected"] == {"fail"}


PASSING = [
    with_params(alm_validate_cert="True"),
    with_params(alm_validate_cert=None, issue_tracker_validate_cert=True),
    with_params(bypass_cert_validation=False),
    # A mask in one value and an '@' in another are not a URL.
    with_params(alm_pass="p@ss", at="@example.com"),
    # All that the rules need is known, whatever the task kept.
    {**current(connection()), "params": {"conflict_policy": "alm"}},
    with_params(alm_server="ALM1.Example.COM:8443", alm_method="https"),
    with_params(owner="m.keller@example.com", alm_pass="p@ss"),
    connection("analysis", 1, frequency="manually", system_id="fortify_file_upload", params={"report_name": "x"}),
    connection(frequency="daily", last_job={**JOB, "last_run": "2026-11-23T12:00:00Z"}),
    connection(last_job={**JOB, "succeeded": False, "ready": False}),
]


def test_starter_accepts_connection():
    assert not_passed(numbered(PASSING)) == []


def test_starter_is_inconclusive_on_hidden_params():
    verdicts = starter(connection(params={}, params_visible=False, last_job=None, debug_mode=None), **POLICY_VARIABLES)
    undecided = {name for name, found in verdicts.items() if found == {"inconclusive"}}
    assert undecided == {
        "tls",
        "certificate-validated",
        "no-credentials-in-urls",
        "allowed-server",
        "last-sync-succeeded",
        "last-sync-recent",
        "no-debug-mode",
        "conflict-policy",
        "no-duplicates",
    }
    assert verdicts["params-visible"] == {"fail"}


def test_starter_fails_duplicates():
    same = [connection(id_=1, project=5), with_params() | {"id": 2, "project": 5}, connection(id_=3, project=6)]
    same[1]["params"] = dict(same[0]["params"])
    assert verdicts_of("no-duplicates", *same) == {"fail", "pass"}
    other_system = [same[0], {**same[1], "system_id": "rally"}]
    assert verdicts_of("no-duplicates", *other_system) == {"pass"}
    hidden = {**same[1], "params": {}, "params_visible": False}
    assert verdicts_of("no-duplicates", same[0], hidden) == {"inconclusive"}
    assert verdicts_of("no-duplicates", same[0], {**hidden, "project": 6}) == {"pass", "inconclusive"}
    without_project = [{**one, "project": None} for one in same]
    assert verdicts_of("no-duplicates", *without_project) == {"not_applicable"}
    without_system = [{**one, "system_id": None} for one in same]
    assert verdicts_of("no-duplicates", *without_system) == {"fail", "pass"}
    # Two trackers below one host are two servers.
    paths = [
        with_params(alm_server="tools.example.org", alm_context_root=root) | {"id": id_}
        for id_, root in enumerate(["jira", "/jira-eu"], 1)
    ]
    assert verdicts_of("no-duplicates", *[{**one, "project": 5} for one in paths]) == {"pass"}
    for root, verdict in (("/jira/", "fail"), ("x/../%6Aira", "fail"), ("Jira", "pass")):
        paths[1]["params"]["alm_context_root"] = root
        assert verdicts_of("no-duplicates", *[{**one, "project": 5} for one in paths]) == {verdict}, root
    uploads = [connection("analysis", number, project=5, params={"report_name": "x"}) for number in (1, 2)]
    assert verdicts_of("no-duplicates", *uploads) == {"not_applicable"}  # they have no server


def test_duplicates_are_named_and_no_other_connection_of_the_project():
    four = [connection(id_=number, project=5) for number in (1, 2, 3, 4)]
    four[2]["params"] = dict(four[0]["params"])
    four[3] |= {"params": {}, "params_visible": False}
    rules = [one for one in STARTER["rules"] if one["id"] == "no-duplicates"]
    assert [(one.verdict, one.label, keys_of(one)) for one in evaluated(rules, four)] == [
        ("fail", "project 5: jira https://alm1.example.com:443", [("alm", 1), ("alm", 3)]),
        ("inconclusive", "project 5: jira https://alm2.example.com:443", [("alm", 2)]),
        ("inconclusive", "project 5: jira hidden", [("alm", 4)]),
    ]


@pytest.mark.parametrize(
    "params, verdict",
    [
        # Releases before 4.12 do not say it.
        ({"alm_validate_cert": None}, "inconclusive"),
        ({"alm_validate_cert": "perhaps"}, "inconclusive"),
        ({"alm_validate_cert": True, "issue_tracker_validate_cert": False}, "inconclusive"),
        ({"alm_validate_cert": None, "bypass_cert_validation": False}, "inconclusive"),
        ({"alm_validate_cert": True, "bypass_cert_validation": True}, "inconclusive"),
        ({"alm_server": "a b", "alm_validate_cert": None}, "inconclusive"),
        ({"alm_server": "a b", "alm_validate_cert": False}, "fail"),
        ({"alm_server": "http://alm1.example.com", "alm_validate_cert": False}, "not_applicable"),
        ({"alm_server": None, "alm_validate_cert": False}, "fail"),
        ({"alm_server": None, "alm_url": "http://jira.example.com", "alm_validate_cert": False}, "fail"),
        ({"alm_server": 0, "alm_validate_cert": False}, "fail"),
        ({"alm_server": None, "alm_validate_cert": True}, "not_applicable"),
        ({"alm_server": None, "alm_validate_cert": None}, "not_applicable"),
        ({"alm_server": "ssh://alm1.example.com:22", "alm_validate_cert": None}, "not_applicable"),
        ({"alm_validate_cert": True, "bypass_cert_validation": "enabled"}, "inconclusive"),
    ],
)
def test_starter_on_certificates(params, verdict):
    assert verdicts_of("certificate-validated", with_params(**params)) == {verdict}


def checked_by(kind: str, id_: int, value: object, root: str = "") -> dict:
    """A record of a server that checks the certificate of a connection, or does not."""
    params = {f"{kind}_server": "tools.example.org", f"{kind}_context_root": root, f"{kind}_validate_cert": value}
    system = {"alm": "jira", "analysis": "veracode"}[kind]
    return {"kind": kind, "id": id_, "alias": f"{kind} {id_}", "project": 5, "system_id": system, "params": params}


@pytest.mark.parametrize("canonical_names", [True, False])
@pytest.mark.parametrize("generation", ["4.12", "newest"])
def test_starter_on_servers_as_documented(start, generation, canonical_names):
    """Unchecked certificates are found by old and newest names; trackers below one host are different servers."""
    values = [(True, "jira"), (False, "jira-eu"), ("False", "/jira-us/")]
    server = start(
        generation, dataset=[checked_by(kind, id_, *one) for kind in KINDS for id_, one in enumerate(values, 1)]
    )
    facts = [
        one for kind in KINDS for one in gathered(server, kind, canonical_names=canonical_names, include_params=False)
    ]
    rules = [one for one in STARTER["rules"] if one["id"] in ("certificate-validated", "no-duplicates")]
    verdicts = {(one.rule.id, *keys_of(one)): one.verdict for one in evaluated(rules, facts, **STARTER["vars"])}
    for kind in KINDS:
        assert [verdicts["certificate-validated", (kind, id_)] for id_ in (1, 2, 3)] == ["pass", "fail", "fail"]
    duplicates = [verdict for (rule, *_names), verdict in verdicts.items() if rule == "no-duplicates"]
    assert duplicates == ["pass"] * len(facts)


@pytest.mark.parametrize("generation", ["4.8", "4.12", "newest"])
def test_starter_on_certificates_and_servers_of_the_demo_data(start, generation):
    server = start(generation)
    facts = [one for kind in KINDS for one in gathered(server, kind)]
    rules = [one for one in STARTER["rules"] if one["id"] in ("certificate-validated", "no-duplicates")]
    failed = [one for one in evaluated(rules, facts, **STARTER["vars"]) if one.verdict == "fail"]
    params = {(kind, one["id"]): one["params"] for kind in KINDS for one in server.records(kind)}
    unchecked = [
        (kind, id_)
        for (kind, id_), sent in params.items()
        if sent.get(f"{kind}_validate_cert") is False and sent.get(f"{kind}_method") != "http"
    ]
    assert {kind for kind, _id in unchecked} == set(KINDS)
    found = [name for one in failed for name in keys_of(one) if one.rule.id == "certificate-validated"]
    assert found == ([] if generation == "4.8" else unchecked)
    # Two trackers of project 10 share a host, and those of project 3 the path as well.
    assert [one.label for one in failed if one.rule.id == "no-duplicates"] == [
        "project 3: jira https://jira.example.com:443"
    ]


@pytest.mark.parametrize("generation", ["3.2", "newest"])
def test_starter_warns_of_no_rule_with_its_defaults(start, generation):
    """Some rules are turned off, and others may have nothing to evaluate."""
    server = start(generation)
    facts = validate_connections([one for kind in KINDS for one in gathered(server, kind)])
    policy = load_policy(["starter"], lambda name: STARTER, {})
    engine = Engine(TEMPLAR, PLAY, {**policy.variables, **NO_OTHERS, "connections": facts, "audited_at": NOW})
    states = [(rule, rule_state(rule, evaluate_rule(rule, facts, engine), engine)) for rule in policy.rules]
    assert {rule.id for rule, state in states if state == "off"} == {"allowed-server", "conflict-policy", *DRIFT_RULES}
    without_subjects = [rule.id for rule, state in states if state == "no_subjects"]
    assert without_subjects == ["no-connection-removed", "project-connected", "required-project-connected"]
    assert not [rule for rule, state in states if state == "matches_nothing" and not rule.may_apply_to_nothing]


def test_starter_on_facts_of_an_older_release_without_parameters():
    verdicts = starter(connection(params={}), **POLICY_VARIABLES)
    assert {
        verdicts[name].pop() for name in ("tls", "certificate-validated", "no-credentials-in-urls", "allowed-server")
    } == {"inconclusive"}


# They are off without a baseline.
DRIFT_RULES = {"server-unchanged", "schedule-unchanged", "no-connection-added"}
SENTENCES = {
    "params-visible": "The token cannot see the parameters (params_visible = false)",
    "tls": "Connects to alm1.example.com without TLS (server.scheme = http)",
    "certificate-validated": "Does not validate the certificate of alm1.example.com (validate_certs = false)",
    "no-credentials-in-urls": "A URL contains credentials, in alm_server (params = 3 keys)",
    "allowed-server": "Connects to alm1.example.org, which allowed_servers does not contain "
    "(server.host = alm1.example.org, allowed_servers = 1 item)",
    "server-unchanged": "Connects to https://alm1.example.net:443, and before to https://alm1.example.com:443 "
    "(server.host = alm1.example.net, previous.server.host = alm1.example.com)",
    "schedule-unchanged": "Synchronises weekly, and before hourly (frequency = weekly, previous.frequency = hourly)",
    "no-connection-added": "New since the baseline, and connects to https://alm1.example.com:443 (previous = null)",
    "no-connection-removed": "Removed since the baseline; it connected to https://alm1.example.com:443 "
    "(item.removed = true)",
    "scheduled": "Synchronises only when somebody starts it (frequency = manually)",
    "last-sync-succeeded": "The last synchronisation of 2026-11-24T17:00:00Z failed: the server does not say why "
    "(last_job.succeeded = false)",
    "last-sync-recent": "Scheduled hourly, but last synchronised on 2026-11-24T14:59:59Z (last_job.last_run = "
    "2026-11-24T14:59:59Z, max_hours.hourly = 3, frequency = hourly)",
    "sync-not-stuck": "Stuck, because a synchronisation that started on 2026-11-24T16:59:59Z has not ended "
    "(last_job.last_run = 2026-11-24T16:59:59Z)",
    "no-debug-mode": "Writes debug logs (debug_mode = true)",
    "conflict-policy": "Settles conflicts by sde, which conflict_policies does not contain "
    "(params.conflict_policy = sde, conflict_policies = 1 item)",
    "no-duplicates": "2 connections of one project use the same server: 1, 2 (item.connections = 2 ALM connections)",
    "project-connected": "Claims Chatbot has no ALM connection (item.connections = 0 items)",
    "required-project-connected": "Project 7 has no ALM connection (item[1] = not connected)",
}


@pytest.mark.no_cover
def test_each_starter_rule_says_what_is_wrong_in_every_format():
    """One failing finding of each rule: the sentence, and the values that the condition read."""
    failing = {rule: facts for facts, rule in reversed(FAILING)}
    failing["params-visible"] = connection(params={}, params_visible=False)
    failing["server-unchanged"] = with_params(alm_server="https://alm1.example.net")
    failing["schedule-unchanged"] = connection(frequency="weekly")
    failing["last-sync-recent"] = connection(last_job={**JOB, "last_run": "2026-11-24T14:59:59Z"})
    lines = {}
    for number, id_ in enumerate(SENTENCES):
        # A list of projects turns the rule about all projects off.
        required = {"required_projects": [] if id_ == "project-connected" else [7]}
        policy = load_policy(["starter"], lambda name: STARTER, {**POLICY_VARIABLES, **required})
        rule = policy.rules[number]
        projects = validate_given("projects", [{"id": 22, "name": "Claims Chatbot"}])
        facts = [failing.get(rule.id, connection())]
        if rule.id == "no-duplicates":
            facts.append({**facts[0], "id": 2})
        facts = validate_connections(facts)
        seen = data_of(joined(AuditedFacts(facts, projects, [])))
        previous = {key_of(one): one for one in validate_connections([connection()])}
        removed = [{**one, "removed": True} for one in facts]
        data = {**policy.variables, **seen, "audited_at": NOW, "baseline": {"kinds": KINDS, "connections": removed}}
        engine = Engine(TEMPLAR, PLAY, data, previous=previous if id_.endswith("-unchanged") else {})
        report = build_report(
            policy,
            AuditedFacts(facts, projects),
            evaluate_rule(rule, facts, engine),
            VerdictOptions("info", "warn", "fail"),
            states={one.id: "evaluated" for one in policy.rules},
            scope=Scope("sde.example.com", None, None),
            audited_at=NOW,
            baseline=None,
        )
        [finding] = [one for one in top_findings(report) if one["verdict"] == "fail"]
        lines[rule.id] = finding["line"].partition(f"{finding['subject']}: ")[2]
        for name, render in FORMATS.items():
            text = html.unescape(render(report)).replace("\\", "").replace("`", "")
            assert finding["message"] in text, (rule.id, name)
            assert all(one["value"] in text for one in finding["observed"]), (rule.id, name)
    assert lines == SENTENCES


def test_report_of_the_starter_policy_does_not_contradict_itself():
    """All verdicts, waivers in all states, hidden parameters, and variables that turn rules off."""
    common = {"reason": "r", "owner": "o"}
    waivers = [
        {"rules": ["tls", "no-debug-mode"], "connections": {"kind": "alm"}, "expires": "2026-11-24", **common},
        {"rules": ["scheduled", "tls"], "connections": {"alias": ["*"]}, "expires": "2026-11-23", **common},
        {"rules": ["no-duplicates"], "labels": ["*"], "servers": ["SDE.*"], "expires": "2026-12-01", **common},
        {"rules": ["project-connected"], "labels": ["none"], "expires": "2026-12-01", **common},
    ]
    given = [facts for facts, _rule in FAILING] + [connection(params={}, params_visible=False), connection(alias=None)]
    facts = validate_connections([{**one, "id": number} for number, one in enumerate(given, 1)])
    for variables in ({}, {**POLICY_VARIABLES, "required_projects": [1, 7, 8, 8]}):
        policy = load_policy(["p.yml"], lambda name: {**STARTER, "waivers": waivers}, variables)
        engine = Engine(TEMPLAR, PLAY, {**policy.variables, **NO_OTHERS, "connections": facts, "audited_at": NOW})
        evaluations = {rule.id: evaluate_rule(rule, facts, engine) for rule in policy.rules}
        report = build_report(
            policy,
            AuditedFacts(facts),
            [one for found in evaluations.values() for one in found],
            VerdictOptions("info", "warn", "fail"),
            states={rule.id: rule_state(rule, evaluations[rule.id], engine) for rule in policy.rules},
            scope=Scope("sde.example.com", "https://sde.example.com", ["alm", "analysis"]),
            audited_at=NOW,
            baseline=None,
        )
        assert {"fail", "waived", "inconclusive"} <= {one["verdict"] for one in report["findings"]}
        assert any(one["expired_waiver"] is not None for one in report["findings"])
        again = validate_baseline(json.loads(FORMATS["json"](report)), "b.json")
        assert again["summary"] == report["summary"]
        whole = merge_reports([validate_source(again, "a.json")], [], MergeOptions(None, None, None))
        assert validate_baseline(json.loads(FORMATS["json"](whole)), "b.json")["summary"] == report["summary"]


def test_starter_calls_no_filter_of_ours():
    assert "securitycompass.sdelements" not in STARTER_FILE.read_text(encoding="utf-8").split("rules:")[1]


def test_starter_with_null_fields():
    """A connection without alias, frequency and system is evaluated, and does not keep others from it."""
    verdicts = starter(
        connection(alias=None, frequency=None, system=None, system_id=None, command=None), connection(id_=2, project=1)
    )
    assert verdicts["scheduled"] == {"inconclusive", "pass"} and verdicts["last-sync-recent"] == {
        "inconclusive",
        "pass",
    }
    assert "error" not in set.union(*verdicts.values())


def test_starter_variables_are_off_by_default():
    verdicts = starter(connection())
    assert verdicts["allowed-server"] == verdicts["conflict-policy"] == {"not_applicable"}
    assert "required-project-connected" not in verdicts


def test_starter_file_is_loaded_by_ansible():
    assert to_builtin_types(DataLoader().load_from_file(str(STARTER_FILE))) == STARTER
    assert as_data(STARTER) == STARTER


@pytest.mark.parametrize(
    "expression, problem",
    [
        ("connection.id == 1 and nobody and lookup('pipe', 'exit 1')", None),
        ("[connection] | securitycompass.sdelements.egress | length > 0", None),
        ("connection.id | no_such_filter", "no_such_filter"),
        ("connection.id is no_such_test", "no_such_test"),
        ("connection.id | no.such.filter", "no.such.filter"),
    ],
)
def test_syntax_error_is_found_before_evaluation(expression, problem):
    found = Engine(TEMPLAR, {}, {}).compile_error(expression, "connection")
    assert (
        found is None
        if problem is None
        else found.startswith("cannot be compiled (") and problem in found and "_sde" not in found
    )


def test_messages_are_one_printable_line():
    ((_verdict, message),) = verdicts_on("connection.id ==\n  2")
    assert message == '"R" is not met: id is 1'
    ((_verdict, message),) = verdicts_on(
        "undef(connection.alias) == 1", connection(alias="red \x1b[31m\u202eand\nmore")
    )
    assert message.isprintable() and "red" in message and "more" in message


def test_progress_counts_rules_and_their_evaluations():
    progress = task._Progress(12)
    for rule, evaluations in (("tls", 5), ("schedule", 2)):
        progress.start(rule)
        for _evaluation in range(evaluations):
            progress.tick()
    assert str(progress) == "Auditing: rule 2 of 12 (schedule), evaluation 2"


@pytest.mark.parametrize("that", ["(_sde_values | list) is iterable", "(_sde_values | first) is mapping"])
def test_each_value_has_a_result(that):
    """A policy may not use the engine's own names. If an expression did, no value would be without a result."""
    facts = validate_connections([connection(id_=number) for number in (1, 2, 3)])
    results = Engine(TEMPLAR, PLAY, {}).evaluate_conditional(f"{that} and connection.id", "connection", facts)
    assert [isinstance(one, EvaluationError) for one in results] == [True] * 3


@pytest.mark.parametrize(
    "rule, facts, variables, expected",
    [
        ("allowed-server", {}, {"allowed_servers": ["*.Example.COM"]}, "pass"),
        ("scheduled", {"frequency": None}, {}, "inconclusive"),
    ],
)
def test_starter_on_types_and_case_of_values(rule, facts, variables, expected):
    rules = [one for one in STARTER["rules"] if one["id"] == rule]
    verdicts = evaluated(rules, [connection(**facts)], **{**STARTER["vars"], **variables})
    assert [one.verdict for one in verdicts] == [expected]


def test_items_with_equal_labels_are_errors():
    """One label is one subject in baselines and waivers, and a new failure would hide behind a known one."""
    found = loop_verdicts([connection()], loop=["a", "b", "c"], label="'x' if item != 'c' else 'y'", that="true")
    assert [one[:2] for one in found] == [("error", "x"), ("error", "x"), ("pass", "y")]


@pytest.mark.parametrize("group_by", ["server.host", ["project", "server.host"], "params.alm_method"])
def test_group_that_a_hidden_connection_may_join_does_not_pass(group_by):
    visible, other = connection(id_=1, project=7), connection(id_=2, project=8)
    hidden = connection(id_=3, project=7) | {"params": {}, "params_visible": False}
    that = "item.connections | length == 1"
    found = {one[2][0][1]: one[0] for one in loop_verdicts([visible, other, hidden], group_by=group_by, that=that)}
    assert found[1] in ("inconclusive", "fail") and found[3 if 3 in found else 1] != "pass"
    assert (found.get(2) == "pass") == isinstance(group_by, list)
