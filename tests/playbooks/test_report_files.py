# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of real audits, by the real ansible-playbook: right for those who read them, and the same in all formats."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path

import pytest
import xmlschema
import yaml

from tests.report_readers import (
    assert_harmless,
    assert_schema_describes,
    invisible_characters,
    junit_cases,
    markdown_tables,
    sarif_validator_messages,
    verdicts_in_json,
    verdicts_in_junit,
    verdicts_in_sarif,
)
from tests.sample_reports import HOSTILE
from tests.support import connections

FORMATS = {
    "json": "report.json",
    "junit": "junit.xml",
    "sarif": "audit.sarif",
    "markdown": "summary.md",
    "html": "report.html",
}

# A rule for each verdict, and one with a loop.
POLICY = {
    "vars": {"required_projects": [2, 4711, "Ghost"]},
    "rules": [
        {"id": "kept", "title": "It has an alias", "severity": "info", "that": "connection.alias | length > 0"},
        {
            "id": "tls",
            "title": "ALM traffic is encrypted",
            "severity": "high",
            "when": "connection.kind == 'alm'",
            "that": "connection.params.alm_method | default('https') == 'https'",
            "needs": ["params"],
            "remediation": "Set the connection's method to https.",
            "references": ["https://docs.example.com/tls"],
        },
        {
            "id": "synced",
            "title": "It has run",
            "severity": "medium",
            "needs": ["last_job.succeeded"],
            "that": "connection.last_job.succeeded",
        },
        {
            "id": "broken",
            "title": "It is well-known",
            "severity": "low",
            "when": "connection.id == 1",
            "that": "connection.params.no_such_parameter",
        },
        {
            "id": "project-connected",
            "title": "Every project in the list is connected",
            "severity": "critical",
            "loop": "required_projects",
            "label": "item",
            "that": "connections | selectattr('project', 'eq', item) | list | length > 0",
        },
    ],
    "waivers": [
        {
            "rules": ["tls"],
            "connections": {"id": 3},
            "reason": "Soon.",
            "owner": "sec@example.com",
            "expires": "2999-01-31",
        },
        {
            "rules": ["tls"],
            "connections": {"id": 8},
            "reason": "Late.",
            "owner": "sec@example.com",
            "expires": "2001-01-31",
        },
        {
            "rules": ["project-connected"],
            "labels": ["nothing"],
            "reason": "Unused.",
            "owner": "sec@example.com",
            "expires": "2999-01-31",
        },
    ],
}


@pytest.fixture
def audit(ansible, tmp_path):
    """Run audits by a policy, one after the other. Returns what was printed, and the reports' files of each audit.

    An audit is a name, connections, and further options.
    """

    def run(policy: dict, *audits: tuple[str, list[dict], dict], status: int = 2) -> tuple[str, list[dict[str, Path]]]:
        (tmp_path / "policy.yml").write_text(yaml.safe_dump(policy))
        written = [{kind: tmp_path / name / file for kind, file in FORMATS.items()} for name, _found, _more in audits]
        tasks = []
        for (name, found, more), reports in zip(audits, written, strict=True):
            (tmp_path / f"{name}.json").write_text(json.dumps(found))
            arguments = {
                "connections_file": str(tmp_path / f"{name}.json"),
                "policy": [str(tmp_path / "policy.yml")],
                "server": "sde.example.com",
                "reports": {kind: str(path) for kind, path in reports.items()},
                **more,
            }
            tasks.append({"securitycompass.sdelements.sde_connection_audit": arguments, "ignore_errors": True})
        del tasks[-1]["ignore_errors"]
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
        done = ansible("ansible-playbook", tmp_path / "play.yml", cwd=tmp_path)
        assert done.returncode == status, done.stdout
        for name, _found, _more in audits:
            assert sorted(path.name for path in (tmp_path / name).glob("*")) == sorted(FORMATS.values()), done.stdout
        return done.stdout, written

    return run


def texts_of(reports: dict[str, Path]) -> dict[str, str]:
    return {name: path.read_bytes().decode("utf-8") for name, path in reports.items()}


def assert_sound(checker, *audits: dict[str, Path]) -> list[dict]:
    """Each report of these audits is what its format wants it to be. Returns the documents."""
    schema = xmlschema.XMLSchema(checker("junit-10.xsd"))
    documents = []
    for texts in map(texts_of, audits):
        documents.append(json.loads(texts["json"]))
        assert_schema_describes(documents[-1])
        schema.validate(texts["junit"])
        assert_harmless(texts["markdown"], ("https://docs.example.com/tls",))
        assert not any(invisible_characters(texts[name]) for name in ("json", "junit", "sarif", "markdown"))
    # In one run, since the validator starts slowly.
    assert sarif_validator_messages(checker, *(reports["sarif"] for reports in audits)) == []
    return documents


def assert_same_counts(document: dict, texts: dict[str, str]) -> None:
    verdicts = +Counter(document["summary"]["verdict_counts"])
    assert verdicts_in_json(texts["json"]) == verdicts_in_junit(texts["junit"]) == verdicts
    results = Counter(
        {verdict: count for verdict, count in verdicts.items() if verdict not in ("pass", "not_applicable")}
    )
    assert verdicts_in_sarif(texts["sarif"]) == results
    [counts, *_others] = markdown_tables(texts["markdown"])
    columns = dict(zip(counts[0], counts[-1], strict=False))
    assert int(columns["Failed"]) == verdicts["fail"] and int(columns["Inconclusive"]) == verdicts["inconclusive"]


def test_an_audit_and_the_next_one(start, audit, checker, tmp_path):
    server = start("5.2")
    found = [one for kind in ("alm", "analysis") for one in connections(server, kind, include_last_job=True)]
    # One is fixed, one is worse, and one is renamed.
    changed = {(one["kind"], one["id"]): one for one in copy.deepcopy(found)}
    changed["alm", 8]["params"]["alm_method"] = "https"
    changed["alm", 1]["params"]["alm_method"] = "http"
    changed["alm", 14]["alias"] = "Renamed"
    again = {"baseline": str(tmp_path / "first" / FORMATS["json"])}
    printed, (reports, later) = audit(POLICY, ("first", found, {}), ("second", list(changed.values()), again))
    first, second = assert_sound(checker, reports, later)
    assert_first_audit(first, texts_of(reports))
    assert first["summary"]["message"] in printed
    assert_next_audit(second, texts_of(later))


def assert_first_audit(document: dict, texts: dict[str, str]) -> None:
    assert set(+Counter(document["summary"]["verdict_counts"])) == {
        "pass",
        "fail",
        "waived",
        "not_applicable",
        "inconclusive",
        "error",
    }
    assert {waiver["state"] for waiver in document["waivers"]} == {"active", "expired", "unused"}
    assert_same_counts(document, texts)
    items = {
        case.name: case.result
        for case in junit_cases(texts["junit"])
        if case.classname == "sdelements.project-connected"
    }
    assert {name: bool(ends) for name, ends in items.items()} == {
        "sde.example.com, 2": False,
        "sde.example.com, 4711": True,
        "sde.example.com, Ghost": True,
    }


def assert_next_audit(document: dict, texts: dict[str, str]) -> None:
    assert_same_counts(document, texts)
    assert [(one["rule"], one["subject"]) for one in document["baseline"]["fixed"]] == [
        ("tls", 'ALM connection 8 "Quote Engine tickets"')
    ]
    states = {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: result["baselineState"]
        for result in json.loads(texts["sarif"])["runs"][0]["results"]
        if result["ruleId"] == "tls" and "baselineState" in result
    }
    assert states["sde.example.com/alm/1"] == "new"
    assert states["sde.example.com/alm/14"] == "unchanged"
    assert "sde.example.com/alm/8" not in states
    assert (
        'ALM connection 8 "Quote Engine tickets"'
        in texts["markdown"].partition("### Fixed since")[2].partition("###")[0]
    )


def test_hidden_parameters_count_as_failures_if_asked(start, audit, checker):
    server = start("5.2")
    found = connections(server, api_token=server.limited_token)
    policy = {"rules": [POLICY["rules"][1]]}
    _printed, written = audit(policy, *((name, found, {"inconclusive": name}) for name in ("warn", "fail")))
    audits = dict(zip(("warn", "fail"), written, strict=True))
    for (name, reports), document in zip(audits.items(), assert_sound(checker, *audits.values()), strict=True):
        texts = texts_of(reports)
        assert document["summary"]["verdict_counts"]["inconclusive"] == len(found)
        assert verdicts_in_junit(texts["junit"]) == Counter(inconclusive=len(found))
        ends = {end._tag for case in junit_cases(texts["junit"]) for end in case.result}
        assert ends == {"skipped" if name == "warn" else "failure"}
        assert verdicts_in_sarif(texts["sarif"]) == {"inconclusive" if name == "warn" else "fail": len(found)}


def test_hostile_data(audit, checker, tmp_path):
    """All of it in one audit: aliases, names, parameters and labels, in a report of each kind."""
    texts = list(HOSTILE.values())
    found = [
        {
            "id": number,
            "kind": "alm",
            "alias": text,
            "project": number,
            "system": text,
            "system_id": "x",
            "params": {"sde_project": text, "alm_server": text, text: text},
            "params_visible": True,
            "last_job": {"id": 1, "last_run": None, "succeeded": False, "result_message": text},
        }
        for number, text in enumerate(texts, 1)
    ]
    policy = {
        "rules": [
            {"id": "harmless", "title": "No alias is hostile", "severity": "high", "that": "false"},
            {
                "id": "labelled",
                "title": "No label is hostile",
                "severity": "low",
                "loop": "connections | selectattr('id', 'lt', 28)",
                "label": "item.alias | trim | default('blank', true)",
                "affected": "[item]",
                "that": "item.alias == item.system ~ 'x'",
            },
        ]
    }
    # Such a report can be read again, as the next run's baseline.
    again = {"baseline": str(tmp_path / "first" / FORMATS["json"])}
    _printed, (reports, later) = audit(policy, ("first", found, {}), ("second", found, again))
    [document] = assert_sound(checker, reports)
    assert document["summary"]["verdict_counts"]["error"] == 0, [
        one for one in document["findings"] if one["verdict"] == "error"
    ]
    assert [one["facts"]["alias"] for one in document["connections"]] == texts
    assert_same_counts(document, texts_of(reports))
    baseline = json.loads(later["json"].read_text(encoding="utf-8"))["baseline"]
    assert (baseline["new"], baseline["fixed"]) == (0, [])
