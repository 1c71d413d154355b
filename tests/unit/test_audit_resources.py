# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects and connectors in audits: what rules see of them, and how reports name them."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.connections import validate_connections
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.merge import (
    MergeOptions,
    merge_reports,
    validate_source,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    AuditedFacts,
    VerdictOptions,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import STARTER_FILE, load_policy
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy_checks import (
    CONNECTOR_FACTS,
    PROJECT_FACTS,
    unknown_facts,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import Scope, build_report
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report_checks import validate_report
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.resources import (
    data_of,
    joined,
    resources_read_by,
    validate_given,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.rules import evaluate_rule, rule_state
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import Engine
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.findings import page_path
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.write import FORMATS
from tests import sample_reports
from tests.contract import CONTRACTS
from tests.support import LINEAR, growth, templar_of

TEMPLAR, PLAY = templar_of()
STARTER = yaml.safe_load(Path(STARTER_FILE).read_text(encoding="utf-8"))
NOW = "2026-11-24T18:00:00Z"
SERVER = "https://sde.example.com/sde"


def policy_of(*rules: dict):
    filled = [{"id": f"r{number}", "title": "R", "severity": "low", **one} for number, one in enumerate(rules)]
    return load_policy(["p.yml"], lambda name: {"rules": filled}, {})


def connections(*projects: int | None, **facts) -> list[dict]:
    common = {"kind": "alm", "alias": None, "connector": 1, "params": {}, "params_visible": True, "last_job": None}
    return validate_connections(
        [{**common, "id": number, "project": project, **facts} for number, project in enumerate(projects, 1)]
    )


def projects(*ids: int, **facts) -> list[dict]:
    return validate_given("projects", [{"id": id_, "name": f"Project {id_}", **facts} for id_ in ids])


CONNECTORS = validate_given(
    "connectors",
    [{"kind": kind, "id": 1, "name": kind, "params": {}, "params_visible": True} for kind in ("alm", "analysis")],
)


def evaluations_of(rule: dict, facts: AuditedFacts):
    seen = joined(facts)
    engine = Engine(TEMPLAR, PLAY, {**data_of(seen), "audited_at": NOW})
    loaded = policy_of(rule).rules[0]
    found = evaluate_rule(loaded, seen.connections, engine, seen.absent)
    return found, rule_state(loaded, found, engine)


def verdicts_of(rule: dict, facts: AuditedFacts) -> list[str]:
    return [one.verdict for one in evaluations_of(rule, facts)[0]]


def report_of(rule: dict, facts: AuditedFacts, url: str | None = SERVER, name: str = "sde.example.com") -> dict:
    found, state = evaluations_of(rule, facts)
    made = build_report(
        policy_of(rule),
        facts,
        found,
        VerdictOptions("low", "warn", "fail"),
        states={"r0": state},
        scope=Scope(name, url, ["alm"]),
        audited_at=NOW,
        baseline=None,
    )
    return validate_report(json.loads(json.dumps(made)), "baseline", "r.json")


EACH_PROJECT = {
    "loop": "projects",
    "label": "'project ' ~ item.id",
    "affected": "[item]",
    "that": "item.connections | length > 0",
    "message": "{{ item.name }} has no connection",
}


# ---------------------------------------------------------------------------------------------------------------
# Expressions


@pytest.mark.parametrize(
    "rule, read",
    [
        ({"that": "connection.id > 0"}, set()),
        ({"that": "connection.params.projects is defined"}, set()),
        ({"that": "connection.project == 1"}, set()),
        ({"that": "projects | length > 0"}, {"projects"}),
        ({"that": "connection.project_facts.name != ''"}, {"projects"}),
        ({"that": "connection['project_facts'] is not none"}, {"projects"}),
        ({"that": "true", "when": "connection.connector_facts.name != ''"}, {"connectors"}),
        ({"that": "true", "needs": ["connector_facts.name"]}, {"connectors"}),
        ({"that": "true", "group_by": ["kind", "project_facts.application"]}, {"projects"}),
        ({"that": "true", "loop": "connectors + projects", "label": "item.id"}, {"projects", "connectors"}),
        ({"that": "true", "loop": "connections | map(attribute='project_facts.id')"}, {"projects"}),
        ({"that": "true", "loop": [1], "affected": "connectors"}, {"connectors"}),
        ({"that": "true", "loop": [1], "identity": "projects[0].id"}, {"projects"}),
        ({"that": "true", "message": "All projects of {{ connection.project_facts.name }}"}, {"projects"}),
        ({"that": "connectors", "message": "{{ connection.project_facts.name }}"}, {"projects", "connectors"}),
        ({"that": "true", "message": "No projects, no connectors"}, set()),
    ],
)
def test_resources_that_a_policy_reads(rule, read):
    assert resources_read_by(policy_of(rule)) == read


def test_starter_policy_reads_projects_only():
    starter = load_policy(["starter"], lambda name: STARTER, {})
    assert resources_read_by(starter) == {"projects"}


def test_connections_have_the_facts_of_their_project_and_connector_and_the_other_way_round():
    one, other, without, unseen = connections(1, 1, None, 9)
    seen = joined(AuditedFacts([one, other, without, unseen], projects(1, 2), CONNECTORS))
    assert [of["project_facts"] and of["project_facts"]["id"] for of in seen.connections] == [1, 1, None, None]
    assert {of["connector_facts"]["kind"] for of in seen.connections} == {"alm"}
    assert [of["connections"] for of in seen.projects] == [[one, other], []]
    assert [len(of["connections"]) for of in seen.connectors] == [4, 0]
    analysis = joined(AuditedFacts(connections(1, kind="analysis"), [], CONNECTORS))
    assert [len(of["connections"]) for of in analysis.connectors] == [0, 1]
    assert "project_facts" not in one  # reports have the facts once


@pytest.mark.parametrize(
    "rule, verdicts",
    [
        (
            {"that": "connection.project_facts.name == 'Project 1'", "needs": ["project_facts"]},
            ["pass", "inconclusive"],
        ),
        ({"that": "connection.project_facts is none"}, ["fail", "pass"]),
        ({"that": "item.connections | length == 1", "group_by": "project_facts.name"}, ["pass", "pass"]),
        (EACH_PROJECT, ["pass", "fail"]),
    ],
)
def test_rules_about_projects(rule, verdicts):
    assert verdicts_of(rule, AuditedFacts(connections(1, 9), projects(1, 2), CONNECTORS)) == verdicts


ABSENT = {"projects": "no projects", "connectors": "no connectors"}


@pytest.mark.parametrize(
    "rule, verdicts",
    [
        ({"that": "connection.project_facts is none"}, ["inconclusive"] * 2),
        ({"that": "true", "when": "connection.project_facts is not none"}, ["inconclusive"] * 2),
        ({"that": "true", "when": ["connection.id == 1", "not projects"]}, ["inconclusive", "not_applicable"]),
        ({"that": "true", "group_by": "project_facts.id"}, ["inconclusive"]),
        (EACH_PROJECT, ["inconclusive"]),
        ({**EACH_PROJECT, "when": "projects is not none"}, ["inconclusive"]),
        ({**EACH_PROJECT, "when": "1 > 2"}, []),
        ({"that": "connection.id > 5", "message": "{{ connection.project_facts.name }}"}, ["fail"] * 2),
        ({"that": "connection.id > 0"}, ["pass"] * 2),
    ],
)
def test_rule_that_reads_absent_projects_is_inconclusive(rule, verdicts):
    facts = AuditedFacts(connections(1, 9), absent=ABSENT)
    found, state = evaluations_of(rule, facts)
    assert [one.verdict for one in found] == verdicts
    assert state == ("evaluated" if verdicts else "off")
    assert {one.message for one in found if one.verdict == "inconclusive"} <= {"no projects"}


def test_known_facts_are_those_of_the_modules():
    assert set(PROJECT_FACTS) == set(CONTRACTS["project"])
    assert set(CONNECTOR_FACTS) == set(CONTRACTS["alm_connector"])


@pytest.mark.parametrize(
    "rule, error",
    [
        ({"that": "connection.project_facts.nmae == ''"},
         "connection.project_facts.nmae is not a known fact; did you mean name?"),
        ({"that": "true", "needs": ["connector_facts.sever"]},
         "connection.connector_facts.sever is not a known fact; did you mean server?"),
        ({"that": "true", "group_by": ["project_facts.aplication"]},
         "connection.project_facts.aplication is not a known fact; did you mean application?"),
        ({**EACH_PROJECT, "that": "item.archievd"},
         "item.archievd is not a known fact of projects; did you mean archived?"),
        ({**EACH_PROJECT, "loop": "projects | rejectattr('archived') | list", "label": "item.nam"},
         "item.nam is not a known fact of projects; did you mean name?"),
        ({**EACH_PROJECT, "loop": "connectors", "message": "{{ item.sytem }}"},
         "item.sytem is not a known fact of connectors; did you mean system?"),
        ({**EACH_PROJECT, "that": "item.archievd is defined"}, None),
        ({**EACH_PROJECT, "that": "item.connections and item.of_a_later_release"}, None),
        ({**EACH_PROJECT, "loop": "projects | map(attribute='profile') | list", "that": "item.anything"}, None),
    ],
)  # a line for each error # fmt: skip
def test_misspelt_facts_of_projects_and_connectors(rule, error):
    facts = AuditedFacts(connections(1), projects(1, of_a_later_release=1), CONNECTORS)
    assert list(unknown_facts(policy_of(rule), facts)) == ([f"p.yml: rule r0: {error}"] if error else [])


def test_evaluation_takes_linear_time():
    """20,000 projects must not make an audit quadratic, nor must connections and connectors."""
    starter = load_policy(["starter"], lambda name: STARTER, {"excluded_projects": ["Old *"]})
    rule = next(one for one in starter.rules if one.id == "project-connected")
    shared = connections(1)[0]
    project = projects(1)[0]

    def evaluate(count: int) -> None:
        facts = AuditedFacts(
            [{**shared, "id": id_, "project": id_} for id_ in range(count)],
            [{**project, "id": id_, "name": f"Project {id_}"} for id_ in range(0, 2 * count, 2)],
            CONNECTORS,
        )
        seen = joined(facts)
        engine = Engine(TEMPLAR, PLAY, {**starter.variables, **data_of(seen), "audited_at": NOW})
        found = evaluate_rule(rule, seen.connections, engine, seen.absent)
        assert sum(one.verdict == "fail" for one in found) == count // 2

    assert growth(evaluate, 250) < LINEAR


# ---------------------------------------------------------------------------------------------------------------
# Given facts


def test_given_projects_are_masked_and_complete():
    secret = {"description": "https://me:CANARY@h.example/", "custom_attributes": {"api_token": "CANARY"}}
    people = {"creator": "someone@example.com", "users": [{"email": "someone@example.com"}]}
    given = [{"id": 2, "name": "B", **secret, **people}, {"id": 1, "name": "A"}]
    found = validate_given("projects", given)
    assert [one["id"] for one in found] == [1, 2] and "CANARY" not in str(found) and "someone" not in str(found)
    assert [set(CONTRACTS["project"]) - set(one) for one in found] == [set()] * 2
    assert validate_given("projects", copy.deepcopy(found)) == found


def test_given_connectors_are_masked():
    given = [{"kind": "alm", "id": 1, "name": "J", "params": {"alm_pass": "CANARY"}, "params_visible": True}]
    [found] = validate_given("connectors", given)
    assert "CANARY" not in str(found) and found["server"]["state"] == "none"
    with pytest.raises(OptionError, match="connectors\\[1\\]: duplicate connector alm 1"):
        validate_given("connectors", given * 2)


# ---------------------------------------------------------------------------------------------------------------
# Pages


@pytest.mark.parametrize(
    "url, path",
    [
        ("https://sde.example.com/bunits/x", "/bunits/x"),
        ("http://another.example.net:8443/bunits/x/?q#f", "/bunits/x/"),
        ("https://sde.example.com/sde/bunits/x", "/bunits/x"),
        ("https://sde.example.com/sdelements/x", "/sdelements/x"),
        ("https://evil.example@sde.example.com/x", "/x"),
        ("javascript:alert(1)", None),
        ("javascript://sde.example.com/%0aalert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("/bunits/x", None),
        ("https://sde.example.com/../admin", None),
        ("https://sde.example.com/x/..", None),
        ("https://sde.example.com/x/./y", None),
        ("https://sde.example.com/%2e%2e/admin", None),
        ("https://sde.example.com//evil.example/x", None),
        ("https://sde.example.com/x\\..\\y", None),
        ("https://sde.example.com/x y", None),
        ('https://sde.example.com/"onclick=alert(1)', None),
        ("https://sde.example.com/)[x](https://evil.example/", None),
        ("https://sde.example.com/<b>", None),
        ("https://sde.example.com/\u202ex", None),
        ("https://[broken", None),
        ("https://sde.example.com", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_only_a_plain_path_of_a_projects_url_is_used(url, path):
    assert page_path({"url": url}, SERVER) == path


HOSTILE_URLS = (
    "javascript:alert(1)",
    "https://evil.example/../x",
    'https://evil.example/"><script>',
    "//evil.example/x",
)


@pytest.mark.parametrize("name", FORMATS)
def test_reports_name_projects_and_link_below_the_configured_address(name):
    """The server believes that it is evil.example; a link must lead to the address that the user configured."""
    found = projects(2, url="https://evil.example/sde/bunits/two", name="Two & <b>Too</b>")
    found += [{**found[0], "id": number, "url": url} for number, url in enumerate(HOSTILE_URLS, 3)]
    text = FORMATS[name](report_of(EACH_PROJECT, AuditedFacts(connections(1), found)))
    assert "evil.example" not in text and "javascript:alert" not in text and '"><script>' not in text
    assert ("https://sde.example.com/sde/bunits/two" in text) == (name != "json")
    assert ("<b>Too</b>" in text) == (name in ("json", "markdown", "csv", "sarif"))
    assert "Two &" in text or "Two &amp;" in text or "Two \\u0026" in text
    if name == "json":
        assert [one["path"] for one in json.loads(text)["projects"]] == ["/bunits/two", None, None, None, None]


@pytest.mark.parametrize("name", FORMATS)
def test_project_of_a_connection_is_named(name):
    rule = {"that": "connection.id > 5"}
    text = FORMATS[name](report_of(rule, AuditedFacts(connections(1, 9), projects(1, url="https://x.example/a"))))
    assert "Project 1" in text
    assert "https://sde.example.com/sde/a" in text or name == "json"
    assert "Project 9" not in text


def test_report_without_an_address_has_no_links():
    facts = AuditedFacts(connections(1), projects(2, url="https://evil.example/bunits/two"))
    report = report_of(EACH_PROJECT, facts, url=None)
    assert not [name for name, render in FORMATS.items() if name != "json" and "/bunits/two" in render(report)]


# ---------------------------------------------------------------------------------------------------------------
# Reports


def test_affected_connections_and_projects_are_told_apart():
    """Connection 2 is of project 1, and is not project 2."""
    rule = {**EACH_PROJECT, "loop": "connections", "affected": "[item, {'id': 7}]", "that": "item.id > 5"}
    [finding] = report_of({**rule, "message": "M"}, AuditedFacts(connections(None, 1)[1:], projects(1)))["findings"]
    assert finding["connections"] == ["sde.example.com/alm/2"] and finding["projects"] == [7, 1]


@pytest.mark.parametrize(
    "facts, counts, sentence",
    [
        (
            AuditedFacts(connections(1, 9, 9, None), projects(1, 2)),
            (2, 1),
            "1 rule, 2 projects seen (1 with connections not seen).",
        ),
        (AuditedFacts(connections(1), projects(1)), (1, 0), "1 rule, 1 project seen."),
        (AuditedFacts(connections(1), projects()), (0, 1), "1 rule, 0 projects seen (1 with connections not seen)."),
        (AuditedFacts(connections(1), absent=ABSENT), (None, 0), "1 rule."),
    ],
)
def test_report_says_how_many_projects_were_seen(facts, counts, sentence):
    summary = report_of(EACH_PROJECT, facts)["summary"]
    assert (summary["projects"], summary["unseen_projects"]) == counts
    assert sentence in summary["message"]


def test_merged_report_has_the_projects_of_each_server():
    """Both servers have a project 2: each finding links to the page on its own server."""
    parts = [
        report_of(
            EACH_PROJECT,
            AuditedFacts(connections(1), projects(*ids, url="https://x.example/p", name=name)),
            url=f"https://{name}.example.com",
            name=name,
        )
        for name, ids in (("eu", (2, 3)), ("us", (2,)))
    ]
    parts[1]["projects"][0]["name"] = "https://me:CANARY@h.example/"
    merged = merge_reports(
        [validate_source(one, f"{number}.json") for number, one in enumerate(parts)], [], MergeOptions(None, None, None)
    )
    assert [(one["server"], one["id"]) for one in merged["projects"]] == [("eu", 2), ("eu", 3), ("us", 2)]
    assert (merged["summary"]["projects"], merged["summary"]["unseen_projects"]) == (3, 2)
    assert "3 projects seen (2 with connections not seen)." in merged["summary"]["message"]
    for name, render in FORMATS.items():
        text = render(merged)
        assert "CANARY" not in text
        assert name == "json" or ("https://eu.example.com/p" in text and "https://us.example.com/p" in text)


@pytest.mark.parametrize(
    "path, value, error",
    [
        ("path", "/../x", r"projects\[0\].path is not valid"),
        ("path", "//evil.example", r"projects\[0\].path is not valid"),
        ("path", "https://evil.example/", r"projects\[0\].path is not valid"),
        ("path", "/x\n", r"projects\[0\].path is not valid"),
        ("id", "1", r"projects\[0\].id must be an integer"),
        ("server", "other", r"projects\[0\].server is not in servers: other"),
        ("id", 9, r"projects\[1\] repeats the project 9"),
    ],
)
def test_edited_projects_of_a_report_are_refused(path, value, error):
    report = sample_reports.small()
    report["projects"][0][path] = value
    with pytest.raises(OptionError, match=error):
        validate_report(report, "baseline", "r.json")


@pytest.mark.parametrize(
    "number, error",
    [(2, "summary.projects must be 3, not 2"), (None, "summary.projects is null, although the report has projects")],
)
def test_edited_number_of_projects_is_refused(number, error):
    report = sample_reports.small()
    report["summary"]["projects"] = number
    with pytest.raises(OptionError, match=error):
        validate_report(report, "baseline", "r.json")
