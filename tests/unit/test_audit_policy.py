# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: the message of each error, and how files become one policy."""

from __future__ import annotations

import copy
import json
from functools import partial

import jsonschema
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from hypothesis import given

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    AuditedFacts,
    Policy,
    Selection,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import (
    STARTER_FILE,
    PolicyError,
    load_policy,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy_checks import unknown_facts
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy_yaml import parse_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.schema import schema_of
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._files import TaskFiles
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types
from tests.strategies import mutated
from tests.tools import starter_policy

# One that uses every field.
FULL = {
    "title": "Our policy",
    "vars": {"allowed": ["*.example.com"], "_limit": 3},
    "disable": ["no-debug-mode"],
    "rules": [
        {
            "id": "alm-tls",
            "title": "ALM traffic is encrypted",
            "description": "Nobody shall listen.",
            "severity": "high",
            "when": "connection.kind == 'alm'",
            "that": ["connection.params.alm_method == 'https'", "connection.id > 0"],
            "needs": ["params", "last_job", "params.alm_method"],
            "remediation": "Set the method to https.",
            "references": ["https://example.com/tls"],
        },
        {
            "id": "project-connected",
            "title": "Every project is connected",
            "severity": "medium",
            "loop": "connections | groupby('project') if allowed and _limit else []",
            "label": "item[0]",
            "affected": "item[1]",
            "that": "item[1] | length > 0",
        },
        {"id": "two", "title": "Two", "severity": "info", "loop": [1, 2], "that": "item > 0"},
        {
            "id": "one-host",
            "title": "One host",
            "severity": "low",
            "group_by": ["project", "server.host"],
            "label": "item.key.server.host",
            "affected": "item.connections",
            "that": "item.connections | length == 1",
        },
        {"id": "no-debug-mode", "title": "No debug mode", "severity": "low", "that": "not connection.debug_mode"},
    ],
    "waivers": [
        {
            "rules": ["alm-tls"],
            "connections": {"id": [3], "kind": "alm", "alias": ["Jira*"], "system": "jira", "project": 2},
            "reason": "It moves in March.",
            "owner": "appsec@example.com",
            "expires": "2027-01-31",
        },
        {"rules": ["project-connected"], "labels": ["7*"], "reason": "r", "owner": "o", "expires": "2027-01-31"},
    ],
}


def load(*contents, variables=None, **options) -> Policy:
    """The policy of files with these contents, which are called 1.yml, 2.yml and so on."""
    files = {f"{number}.yml": content for number, content in enumerate(contents, 1)}
    return load_policy(list(files), files.get, variables or {}, **options)


def errors_in(*contents, **options) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(*contents, **options)
    assert caught.value.kind == "policy"
    return str(caught.value).splitlines()[1:]


def changed(*path, to) -> dict:
    """The full policy with another value somewhere."""
    policy = copy.deepcopy(FULL)
    place = policy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return policy


# ---------------------------------------------------------------------------------------------------------------
# The schema


def test_starter_policy_matches_schema():
    jsonschema.validate(yaml.safe_load(STARTER_FILE.read_text()), schema_of("policy"))


@given(mutated(FULL))
def test_mutated_policy_is_loaded_or_rejected(policy):
    try:
        load(policy)
    except PolicyError as exc:
        lines = str(exc).splitlines()
        assert all(line.startswith("1.yml: ") and line[-1] in ".?…" for line in lines[1:])
    except OptionError as exc:
        assert "has no rules" in str(exc)


def test_empty_field_name_is_shown():
    with pytest.raises(PolicyError, match=r"1\.yml: '' is not a known field; use one of title, vars"):
        load({"": 1, "rules": []})


# ---------------------------------------------------------------------------------------------------------------
# Errors

TEN_ERRORS = """\
vars: {connections: []}
disable: [alm-tsl]
rules:
  - {id: alm-tls, title: TLS, severity: high, that: "connection.params.alm_method = 'https'"}
  - {id: alm-tls, title: Again, severity: low, that: connection.kind == 'alm'}
  - {id: braces, title: Braces, severity: low, that: "{{ connection.kind == 'alm' }}"}
  - {id: no-item, title: No item, severity: low, that: item.kind == 'alm'}
  - {id: filter, title: Filter, severity: low, that: connection.kind | uper == 'ALM'}
  - {id: need, title: Need, severity: low, needs: [parms.alm_method], that: connection.id > 0}
  - {id: brace, title: Brace, severity: low, that: connection.id > 0, message: "{{ connection.alias"}
  - {id: play, title: Play, severity: low, that: connection.id > 0, message: "{{ conection.alias }}"}
waivers:
  - {rules: [alm-ssl], reason: r, owner: o, expires: 2027-01-31}
  - {rules: [alm-tls], reason: r, owner: o, expires: '2027-02-30'}
"""


def test_schema_errors():
    content = yaml.safe_load(
        """
        titel: Ours
        vars: {allowed-servers: []}
        rules:
          - {id: ALM TLS, title: TLS, severity: high, that: connection.id > 0}
          - {id: severity, title: TLS, severity: hihg, that: connection.id > 0}
          - {title: No id, severity: low, that: connection.id > 0, remediaton: Do it.}
          - {id: no-that, title: TLS, severity: low}
          - {id: truth, title: TLS, severity: low, that: yes}
          - {id: label, title: TLS, severity: low, that: connection.id > 0, label: connection.id}
        waivers:
          - {rules: [severity], connections: {kind: amm}, owner: o, reason: r, expires: soon}
        """
    )
    assert errors_in(content) == [
        "1.yml: titel is not a known field; did you mean title?",
        (
            '1.yml: vars.allowed-servers is not valid: "allowed-servers" (a name is a letter or _, followed by '
            "letters, digits and _)."
        ),
        (
            '1.yml: rule ALM TLS: id is not valid: "ALM TLS" (an id is a lowercase letter or a digit, followed by '
            "lowercase letters, digits, '.', '_' and '-')."
        ),
        (
            '1.yml: rule severity: severity must be one of info, low, medium, high, critical, not "hihg"; did you mean '
            "high?"
        ),
        (
            "1.yml: rule 3: id is missing (an id is a lowercase letter or a digit, followed by lowercase letters, "
            "digits, '.', '_' and '-')."
        ),
        "1.yml: rule 3: remediaton is not a known field; did you mean remediation?",
        "1.yml: rule no-that: that is missing (an expression, or a list of expressions, that must be true).",
        (
            "1.yml: rule truth: that must be a string or a list, not true (an expression, or a list of expressions, "
            "that must be true); put it in quotes."
        ),
        "1.yml: rule label: label requires loop or group_by; add one or remove it.",
        '1.yml: waiver 1: connections.kind must be one of alm, analysis, not "amm"; did you mean alm?',
        '1.yml: waiver 1: expires is not valid: "soon" (the last day of the waiver, as YYYY-MM-DD).',
    ]


def test_reference_and_expression_errors():
    def compile_error(expression: str, subject: str) -> str | None:
        return "cannot be compiled (No filter named 'uper')" if "uper" in expression else None

    assert errors_in(to_builtin_types(yaml.safe_load(TEN_ERRORS)), compile_error=compile_error) == [
        "1.yml: vars.connections is a reserved name; choose another.",
        "1.yml: rule alm-tls: id is already the id of a rule in 1.yml; choose another.",
        "1.yml: rule need: needs[0] is not a known fact: parms; did you mean params?",
        "1.yml: disable[0] is not a known rule: alm-tsl; did you mean alm-tls?",
        "1.yml: waiver 1: rules[0] is not a known rule: alm-ssl; did you mean alm-tls?",
        "1.yml: waiver 2: expires is not a valid date: 2027-02-30; use YYYY-MM-DD.",
        (
            "1.yml: rule alm-tls: that (\"connection.params.alm_method = 'https'\") is not a valid expression "
            "(unexpected text after its end, got '='); did you mean ==?"
        ),
        (
            "1.yml: rule braces: that (\"{{ connection.kind == 'alm' }}\") is not a valid expression "
            "(expected token ':', got '}'); remove the braces."
        ),
        (
            "1.yml: rule no-item: that (\"item.kind == 'alm'\") uses item, which is defined only in a rule with loop "
            "or group_by, outside the loop itself."
        ),
        "1.yml: rule filter: that (\"connection.kind | uper == 'ALM'\") cannot be compiled (No filter named 'uper').",
        (
            "1.yml: rule brace: message is not a valid template (unexpected end of template, expected 'end of print "
            "statement')."
        ),
        "1.yml: rule play: message uses conection, which is not available in messages; did you mean connection?",
    ]


@pytest.mark.parametrize(
    "path, value, expected",
    [
        (("rules",), {}, "1.yml: rules must be a list, not a mapping (a list of rules)."),
        (("rules", 0), "x", "1.yml: rule 1 must be a mapping, not a string."),
        (
            ("rules", 0, "title"),
            5,
            (
                "1.yml: rule alm-tls: title must be a string, not the number 5 (the requirement in one line); "
                "put it in quotes."
            ),
        ),
        (
            ("rules", 0, "title"),
            " ",
            "1.yml: rule alm-tls: title is empty (the requirement in one line).",
        ),
        (
            ("rules", 0, "that"),
            [],
            "1.yml: rule alm-tls: that is empty (an expression, or a list of expressions, that must be true).",
        ),
        (
            ("rules", 0, "that", 1),
            "a ==",
            "1.yml: rule alm-tls: that[1] ('a ==') is not a valid expression (unexpected 'end of template').",
        ),
        (
            ("rules", 0, "that", 1),
            "(connection.alias = 'x')",
            (
                "1.yml: rule alm-tls: that[1] (\"(connection.alias = 'x')\") is not a valid expression "
                "(expected token ')', got '='); did you mean ==?"
            ),
        ),
        (
            ("rules", 0, "that", 1),
            "connection.alias is match('x', ignorecase=true",
            (
                "1.yml: rule alm-tls: that[1] "
                "(\"connection.alias is match('x', ignorecase=true\") is not a valid expression (unexpected end of "
                "template, expected ',')."
            ),
        ),
        (
            ("rules", 0, "that", 1),
            "(baseline.kind | default([])) == []",
            (
                "1.yml: rule alm-tls: that[1] ('(baseline.kind | default([])) == []') uses baseline.kind, which does "
                "not exist; did you mean kinds?"
            ),
        ),
        (
            ("rules", 0, "references", 0),
            "x",
            '1.yml: rule alm-tls: references[0] is not valid: "x" (a URL that begins with https:// or http://).',
        ),
        (
            ("rules", 1, "loop"),
            "connection.x",
            (
                "1.yml: rule project-connected: loop ('connection.x') uses connection, which is defined "
                "only in a rule without loop and group_by; use item or connections here."
            ),
        ),
        (
            ("rules", 1, "loop"),
            "item",
            (
                "1.yml: rule project-connected: loop ('item') uses item, which is defined only in a rule with "
                "loop or group_by, outside the loop itself."
            ),
        ),
        (
            ("waivers", 0, "connections"),
            {},
            ("1.yml: waiver 1: connections is empty (the waived connections, by id, kind, alias, system or project)."),
        ),
        (
            ("waivers", 0, "connections", "id"),
            "3",
            (
                "1.yml: waiver 1: connections.id must be an integer or a list, not a string (the id of a connection, "
                "or a list of ids); remove the quotes."
            ),
        ),
        (
            ("rules", 3, "group_by"),
            "projct",
            "1.yml: rule one-host: group_by is not a known fact: projct; did you mean project?",
        ),
        (
            ("rules", 3, "group_by", 1),
            "sever.host",
            "1.yml: rule one-host: group_by[1] is not a known fact: sever; did you mean server?",
        ),
        (
            ("rules", 3, "group_by"),
            ["server.host", "server"],
            "1.yml: rule one-host: group_by[0] is part of server: server.host; remove one of them.",
        ),
        (
            ("rules", 3, "group_by"),
            "server host",
            (
                '1.yml: rule one-host: group_by is not valid: "server host" (a fact such as server or '
                "params.conflict_policy)."
            ),
        ),
        (
            ("rules", 3, "group_by"),
            [],
            (
                "1.yml: rule one-host: group_by is empty (a fact such as project, or a list of facts; the rule "
                "evaluates each group of connections with equal facts)."
            ),
        ),
        (("rules", 3, "loop"), [1], "1.yml: rule one-host: group_by cannot be combined with loop; remove one of them."),
        (("vars",), {"not": 1}, "1.yml: vars.not is a reserved name; choose another."),
    ],
)
def test_error(path, value, expected):
    assert errors_in(changed(*path, to=value)) == [expected]


def test_rule_with_groups_has_no_connection():
    (line,) = errors_in(changed("rules", 3, "that", to="connection.id > 0"))
    assert line.startswith("1.yml: rule one-host: that ('connection.id > 0') ") and "group_by" in line


def test_errors_name_their_file():
    other = {"rules": [{"id": "alm-tls", "title": "t", "severity": "low", "that": "true"}]}
    assert errors_in(FULL, other) == ["2.yml: rule alm-tls: id is already the id of a rule in 1.yml; choose another."]


def test_policy_must_be_a_mapping():
    assert errors_in(["x"]) == [
        ("1.yml must be a mapping, not a list (rules for the connections of SD Elements, with variables and waivers).")
    ]


# ---------------------------------------------------------------------------------------------------------------
# Merging


def test_policy():
    policy = load(FULL, variables={"_limit": 4})
    assert policy.names == ["1.yml"]
    assert policy.variables == {"allowed": ["*.example.com"], "_limit": 4}
    assert [rule.id for rule in policy.rules] == ["alm-tls", "project-connected", "two", "one-host"]
    first, second, third, fourth = policy.rules
    assert first.when == ["connection.kind == 'alm'"] and len(first.that) == 2 and first.subject == "connection"
    assert (second.when, second.needs, second.references, second.remediation) == ([], [], [], None)
    assert (third.loop, third.label, third.affected, third.subject) == ([1, 2], None, None, "item")
    assert (fourth.loop, fourth.group_by, fourth.subject) == (None, ["project", "server.host"], "item")
    assert policy.waivers[0]["connections"] == {
        "id": [3],
        "kind": ["alm"],
        "alias": ["Jira*"],
        "system": ["jira"],
        "project": [2],
    }
    assert policy.waivers[1]["connections"] is None and policy.waivers[1]["file"] == "1.yml"


def test_policy_names_disabled_rules():
    assert load(FULL).disabled == [{"rule": "no-debug-mode", "file": "1.yml"}]


def test_later_file_overrides_earlier():
    later = {"vars": {"_limit": 9}, "disable": ["two"], "waivers": [{**FULL["waivers"][0], "rules": ["one-host"]}]}
    policy = load(FULL, later)
    assert policy.variables == {"allowed": ["*.example.com"], "_limit": 9}
    assert [rule.id for rule in policy.rules] == ["alm-tls", "project-connected", "one-host"]
    assert [waiver["file"] for waiver in policy.waivers] == ["1.yml", "1.yml", "2.yml"]


def test_unknown_variable_of_the_task():
    with pytest.raises(
        OptionError, match=r"policy_vars: alowed is not a variable of the policy\. Did you mean allowed\?"
    ):
        load(FULL, variables={"alowed": []})
    with pytest.raises(OptionError, match=r"x is not a variable of the policy\. Known variables: allowed, _limit\."):
        load(FULL, variables={"x": []})


@pytest.mark.parametrize(
    "contents",
    [({},), (None,), ({"rules": []},), (FULL, {"disable": ["alm-tls", "project-connected", "two", "one-host"]})],
)
def test_policy_without_rules(contents):
    with pytest.raises(SDElementsError, match="The policy has no rules") as failure:
        load(*contents)
    assert failure.value.kind == "policy"


def test_fact_of_a_later_release_is_accepted():
    """Only a name that resembles a known fact is taken for a misspelled one."""
    rule = {"id": "a", "title": "A", "severity": "low", "that": "true", "needs": ["owning_team.mail"]}
    assert load({"rules": [rule]}).rules[0].needs == ["owning_team.mail"]


def test_yaml_date_is_accepted():
    text = json.dumps(FULL).replace('"2027-01-31"', "2027-01-31")
    content = to_builtin_types(yaml.safe_load(text))
    assert load(content).waivers[0]["expires"] == "2027-01-31"


def errors_in_text(tmp_path, text: str) -> list[str]:
    """The errors of a policy file; none if it is accepted, or if it cannot be read for another reason."""
    path = tmp_path / "policy"
    path.write_text(text, encoding="utf-8")
    files = TaskFiles(lambda folder, name: name, DataLoader())
    try:
        files.read("policy", str(path), partial(parse_policy, "p.yml"), kind="policy")
    except PolicyError as exc:
        return str(exc).splitlines()[1:]
    except SDElementsError as exc:
        assert "cannot be read" in str(exc)
    return []


@pytest.mark.parametrize(
    "text, error",
    [
        ('{"rules": [{"id": "a"}],\n\t"rules": []}', "p.yml: duplicate key 'rules'"),
        ('{"rules": [{"that": "false", "that": "true"}]}', "p.yml: duplicate key 'that'"),
        ("rules:\n- that: 'false'\n  that: 'true'\n", "p.yml: line 3: duplicate key 'that'"),
        ("{that: 'false', !unsafe that: 'true'}", "p.yml: line 1: duplicate key 'that'"),
        ("{1: x, '1': y}", "p.yml: line 1: duplicate key '1'"),
        ("a: &a {x: [1]}\nb: {<<: *a, c: *a}\nb: 1\n", "p.yml: line 3: duplicate key 'b'"),
    ],
)
def test_repeated_key_is_an_error(tmp_path, text, error):
    assert errors_in_text(tmp_path, text) == [f"{error}; remove one."]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "&a [*a]",
        "- {a: 1}\n- {a: 1}\n",
        "x: !unsafe |\n  y\n",
        '[{"a": 1}, {"a": 1}]',
        "a: &a {x: 1}\nb: &b {y: 1}\nc: {<<: *a, <<: *b}\n",
    ],
)
def test_keys_of_different_mappings_are_not_repeated(tmp_path, text):
    assert errors_in_text(tmp_path, text) == []


def test_policy_file_is_parsed_once():
    parsed = []

    def loader(text: str) -> yaml.SafeLoader:
        parsed.append(text)
        return yaml.SafeLoader(text)

    text = yaml.safe_dump(FULL)
    assert parse_policy("p.yml", text, loader) == FULL and parsed == [text]
    assert parse_policy("p.json", json.dumps(FULL), loader) == FULL and parsed == [text]


# ---------------------------------------------------------------------------------------------------------------
# Dates that YAML cannot construct


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "waivers:\n  - expires: 2026-13-01\n",
            ["p.yml: line 2: 2026-13-01 is not a valid date; use YYYY-MM-DD."],
        ),
        ("a: {x: 1}\nb: {x: 1}\nc: 2027-01-31\nd: '2026-13-01'\ne: !unsafe x\n", []),
        ("- !!timestamp [1]\n- !!timestamp soon\n", ["p.yml: line 2: soon is not a valid date; use YYYY-MM-DD."]),
        ("a: &a {x: 1}\nb: *a\nc: &c [*c]\n", []),
        (
            "- 2026-13-01\n- 2026-14-01\n",
            [
                "p.yml: line 1: 2026-13-01 is not a valid date; use YYYY-MM-DD.",
                "p.yml: line 2: 2026-14-01 is not a valid date; use YYYY-MM-DD.",
            ],
        ),
        ("a: b\n c: d: e\n", []),
        ("", []),
    ],
)
def test_invalid_dates(tmp_path, text, expected):
    assert errors_in_text(tmp_path, text) == expected


@pytest.mark.parametrize(
    "that",
    [
        "connection.update({'params_visible': true}) is none",
        "connection['params'].pop('alm_pass') != 1",
        "connection['update']({'alias': 'x'}) is none",
        "connections.pop() is none",
        "[connection.params.setdefault('a', 1)] | length == 1",
    ],
)
def test_conditions_must_not_change_the_facts(that):
    rule = {"id": "r", "title": "R", "severity": "low", "that": that}
    with pytest.raises(PolicyError, match=r"which changes the facts for later rules; use a filter"):
        load({"rules": [rule]})


def test_loop_of_the_template_is_refused():
    rule = {"id": "r", "title": "R", "severity": "low", "that": "loop.first or connection.id == 1"}
    with pytest.raises(PolicyError, match="uses loop, which is defined only in templates with a loop of their own"):
        load({"rules": [rule]})


# ---------------------------------------------------------------------------------------------------------------
# What weakens an audit in silence

STARTER = ("starter", yaml.safe_load(STARTER_FILE.read_text(encoding="utf-8")))
HTTPS = {"id": "https", "title": "HTTPS", "severity": "high", "that": "connection.server.scheme == 'https'"}
ITEMS = {"id": "items", "title": "Items", "severity": "low", "loop": [1], "that": "item > 0"}


def loaded(*contents: dict, variables: dict | None = None, selection: Selection | None = None) -> Policy:
    """The policy of the starter and these files, as 1.yml, 2.yml and so on."""
    files = dict([STARTER, *((f"{number}.yml", content) for number, content in enumerate(contents, 1))])
    return load_policy(list(files), files.__getitem__, variables or {}, selection=selection)


@pytest.mark.parametrize(
    "content, expected",
    [
        (
            {"vars": {"allowed_server": ["x"]}},
            "1.yml: vars.allowed_server is not used by any rule; did you mean allowed_servers?",
        ),
        ({"vars": {"completely_other": 1}}, "1.yml: vars.completely_other is not used by any rule; remove it."),
        (
            {"vars": {"required_projects": ["1"]}},
            "1.yml: vars.required_projects[0] must be an integer, not a string; remove the quotes.",
        ),
        ({"vars": {"allowed_servers": "*"}}, "1.yml: vars.allowed_servers must be a list, not a string."),
        (
            {"vars": {"max_hours": {"daily": "30"}}},
            "1.yml: vars.max_hours.daily must be a number, not a string; remove the quotes.",
        ),
        (
            {"vars_schema": {"allowed_server": {"type": "array"}}},
            "1.yml: vars_schema.allowed_server is not a known variable: allowed_server; did you mean allowed_servers?",
        ),
        (
            {"rules": [{**HTTPS, "when": "connection.kind == 'ALM'"}]},
            "(\"connection.kind == 'ALM'\") compares a kind with 'ALM'; use 'alm' or 'analysis'.",
        ),
        (
            {"rules": [{**ITEMS, "loop": "connections | selectattr('kind', 'eq', 'Alm')"}]},
            "compares a kind with 'Alm'; use 'alm' or 'analysis'.",
        ),
        (
            {"override": {"alm-tls": {"severity": "low"}}},
            "1.yml: override.alm-tls is not a known rule: alm-tls; did you mean tls?",
        ),
        (
            {"rules": [HTTPS], "override": {"https": {"severity": "low"}}},
            "1.yml: override.https is not a rule of an earlier file; change the rule itself.",
        ),
        ({"override": {"tls": {"that": "connection.parms"}}}, None),
        (
            {"override": {"tls": {"when": "nonsense ="}}},
            "1.yml: override.tls.when ('nonsense =') is not a valid expression",
        ),
        ({"override": {"tls": {"id": "x"}}}, "1.yml: override.tls.id is not a known field"),
        (
            {"rules": [{**HTTPS, "was": ["x"]}, {**ITEMS, "was": ["x"]}]},
            "1.yml: rule items: was[0] is also a former id of https: x; remove one of them.",
        ),
        ({"rules": [{**HTTPS, "that": "_sde_collect(true)"}]}, "uses _sde_collect, a reserved name."),
        ({"rules": [{**HTTPS, "was": ["tls"]}]}, "1.yml: rule https: was[0] is the id of a rule: tls; remove it."),
        ({"rules": [{**HTTPS, "controls": {"nist-800-53": ["SC-8"], "cis-8": ["3.10"]}, "tags": ["pci"]}]}, None),
        (
            {"rules": [{**HTTPS, "controls": {"cis-8": [3.10]}}]},
            "1.yml: rule https: controls.cis-8[0] must be a string, not the number 3.1",
        ),
        (
            {"rules": [{**HTTPS, "identity": "connection.id"}]},
            "1.yml: rule https: identity requires loop; add one or remove it.",
        ),
        (
            {"tests": [{"rule": "tsl", "expect": "pass"}]},
            "1.yml: test 1: rule is not a known rule: tsl; did you mean tls?",
        ),
    ],
)
def test_error_that_would_weaken_the_audit(content, expected):
    if expected is None:
        loaded(content)
        return
    with pytest.raises(PolicyError) as caught:
        loaded(content)
    assert str(caught.value).startswith("Invalid policy (1 error):\n") and expected in str(caught.value)


def waiver(**fields) -> dict:
    return {"rules": ["tls"], "reason": "r", "owner": "o", "expires": "2099-12-31", **fields}


@pytest.mark.parametrize(
    "content, expected",
    [
        (
            {"waivers": [waiver(labels=["x"])]},
            "1.yml: waiver 1 can never match a finding of tls: the rule has no labels; use connections.",
        ),
        (
            {"rules": [ITEMS], "waivers": [waiver(rules=["items"], connections={"id": 1})]},
            "1.yml: waiver 1 can never match a finding of items: its items have no connections; use labels.",
        ),
        (
            {"rules": [{**HTTPS, "waivable": False}], "waivers": [waiver(rules=["https"])]},
            "1.yml: waiver 1: rules[0] is not waivable: https; correct the findings instead.",
        ),
        (
            {"override": {"tls": {"waivable": False}}, "waivers": [waiver()]},
            "1.yml: waiver 1: rules[0] is not waivable: tls; correct the findings instead.",
        ),
        (
            {"waiver_limits": {"longest_days": 90}, "waivers": [waiver()]},
            (
                "1.yml: waiver 1: expires is more than 90 days from today: 2099-12-31; "
                "the limit is waiver_limits.longest_days."
            ),
        ),
    ],
)
def test_waiver_that_can_or_may_not_match(content, expected):
    with pytest.raises(PolicyError) as caught:
        loaded(content)
    assert str(caught.value) == f"Invalid policy (1 error):\n{expected}"


def test_later_file_cannot_relax_limits():
    strict = {"waiver_limits": {"longest_days": 90, "unused": "fail", "notice_days": 30}, "vacuous": "fail"}
    lax = {"waiver_limits": {"longest_days": 900, "unused": "warn", "notice_days": 1}, "vacuous": "warn"}
    for order in ([strict, lax], [lax, strict]):
        policy = loaded(*order)
        assert (policy.limits, policy.vacuous) == ((90, 30, "fail"), "fail")
    assert loaded().limits == (None, 14, "warn")


def test_later_file_makes_a_rule_waivable_only_by_saying_so():
    fixed = {"rules": [{**HTTPS, "waivable": False}]}
    with pytest.raises(PolicyError, match="is not waivable"):
        loaded(fixed, {"waivers": [waiver(rules=["https"])]})
    policy = loaded(fixed, {"override": {"https": {"waivable": True}}, "waivers": [waiver(rules=["https"])]})
    rule = next(one for one in policy.rules if one.id == "https")
    assert rule.waivable and rule.overridden == [{"file": "2.yml", "fields": ["waivable"]}]


def test_override_keeps_the_rest_of_a_rule():
    first = {"override": {"tls": {"severity": "low", "when": "connection.id > 1"}}}
    second = {"override": {"tls": {"severity": "medium", "remediation": "Ask us."}}}
    before, after = (
        next(one for one in policy.rules if one.id == "tls") for policy in (loaded(), loaded(first, second))
    )
    # It may match nothing with its own conditions, which does not apply to others.
    changed = {
        "severity": "medium",
        "when": ["connection.id > 1"],
        "remediation": "Ask us.",
        "may_apply_to_nothing": False,
    }
    assert after == before._replace(
        **changed,
        overridden=[
            {"file": "1.yml", "fields": ["severity", "when"]},
            {"file": "2.yml", "fields": ["remediation", "severity"]},
        ],
    )


@pytest.mark.parametrize(
    "selection, expected",
    [
        ({}, ["one", "two", "three"]),
        ({"rules": ["one", "three"]}, ["one", "three"]),
        ({"skip_rules": ["one"]}, ["two", "three"]),
        ({"tags": ["pci"]}, ["one", "two"]),
        ({"tags": ["pci"], "skip_rules": ["two"]}, ["one"]),
        ({"rules": ["on"]}, "rules: on is not a rule of the policy. Did you mean one?"),
        ({"skip_rules": ["zzz"]}, "skip_rules: zzz is not a rule of the policy. Known rules: one, two, three."),
        ({"tags": ["pcl"]}, "rule_tags: no rule of the policy has the tag pcl. Did you mean pci?"),
        (
            {"rules": ["one"], "skip_rules": ["one"]},
            "rules, skip_rules and rule_tags do not select any rule. Remove one of them.",
        ),
    ],
)
def test_selection(selection, expected):
    tags = {"one": ["pci"], "two": ["pci", "x"], "three": []}
    content = {"rules": [{**HTTPS, "id": name, "tags": of} for name, of in tags.items()]}
    if isinstance(expected, str):
        with pytest.raises(OptionError) as caught:
            load_policy(["p.yml"], lambda name: content, {}, selection=Selection(**selection))
        assert str(caught.value) == expected
    else:
        policy = load_policy(["p.yml"], lambda name: content, {}, selection=Selection(**selection))
        assert [rule.id for rule in policy.rules] == expected
        assert policy.not_selected == [name for name in tags if name not in expected]


@pytest.mark.parametrize(
    "rule, expected",
    [
        (
            {"that": "connection.frequancy != 'manually'"},
            ["connection.frequancy is not a known fact; did you mean frequency?"],
        ),
        ({"that": "connection['zzz'] == 1"}, ["connection.zzz is not a known fact"]),
        (
            {"that": "true", "when": "connection.serever.host == 'x'"},
            ["connection.serever is not a known fact; did you mean server?"],
        ),
        ({"that": "connection.nope is defined and connection.nope"}, []),
        ({"that": "connection.nope | default('x') == 'x'"}, []),
        ({"that": "connection.get('nope', 1) == 1"}, []),
        ({"that": "connection.of_a_later_release == 1"}, []),
        (
            {"that": "connection.server.hots == 1"},
            ["connection.server.hots is not a known fact; did you mean host?"],
        ),
        (
            {"that": "connection.last_job.succeded"},
            ["connection.last_job.succeded is not a known fact; did you mean succeeded?"],
        ),
        (
            {"that": "true", "message": "{{ connection.alais }}"},
            ["connection.alais is not a known fact; did you mean alias?"],
        ),
        ({"that": "true", "message": "{{ connection.alais | default('x') }}"}, []),
        ({"that": "connection.last_job.nope is defined"}, []),
        (
            {"that": "true", "needs": ["params.alm_metod"]},
            ["needs: no connection has params.alm_metod; did you mean alm_method?"],
        ),
        ({"that": "true", "needs": ["params.zzz"]}, []),
        ({"that": "connections | map(attribute='frequancy') | list | length > 0"}, []),
        (
            {"that": "previous.frequancy == 'daily'"},
            ["previous.frequancy is not a known fact; did you mean frequency?"],
        ),
        (
            {"that": "previous is none or previous.server.hots == connection.server.host"},
            ["previous.server.hots is not a known fact; did you mean host?"],
        ),
        (
            {"that": "true", "message": "{{ previous.alais }}"},
            ["previous.alais is not a known fact; did you mean alias?"],
        ),
        ({"that": "previous.nope | default('x') == 'x'"}, []),
        ({"that": "previous.of_a_later_release == connection.of_a_later_release"}, []),
        # A report does not have them.
        (
            {"that": "previous.project_facts is none"},
            ["previous.project_facts is not a known fact; did you mean project?"],
        ),
    ],
)
def test_unknown_facts(rule, expected):
    policy = load_policy(["p.yml"], lambda name: {"rules": [{"id": "r", "title": "R", "severity": "low", **rule}]}, {})
    facts = {"id": 1, "kind": "alm", "params": {"alm_method": "https"}, "of_a_later_release": 1}
    assert list(unknown_facts(policy, AuditedFacts([facts]))) == [f"p.yml: rule r: {one}" for one in expected]


def test_guide_has_the_tables_of_the_starter_policy():
    page = starter_policy.PAGE.read_text(encoding="utf-8")
    assert starter_policy.with_tables(page) == page and "| `tls` | high |" in page


def test_starter_knows_all_facts_without_connections():
    assert list(unknown_facts(loaded(), AuditedFacts([]))) == []
