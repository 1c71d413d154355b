# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role connection_audit and its playbook, by the real ansible-playbook against the embedded API."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.conftest import ROOT
from tests.demo_server.dataset import HoursAgo
from tests.playbooks.test_canary import TOKEN, planted
from tests.report_readers import verdicts_in_json
from tests.support import access, connections, documented_options, inventory_of, messages_of, nowhere

ROLE = ROOT / "roles" / "connection_audit"
PLAYBOOK = "securitycompass.sdelements.audit"
SUFFIXES = {"json": ".json", "junit": ".xml", "sarif": ".sarif", "markdown": ".md", "html": ".html", "csv": ".csv"}
TLS = {
    "id": "tls",
    "title": "TLS",
    "severity": "high",
    "that": "connection.params.alm_method == 'https'",
    "needs": ["params"],
}


def good(kind: str = "alm", number: int = 1, **fields) -> dict:
    """A connection that keeps the rule above."""
    job = {"id": 1, "last_run": HoursAgo(1), "succeeded": True, "ready": True, "automatic": True}
    record = {"id": number, "kind": kind, "alias": f"good {number}", "frequency": "daily", "system": "JIRA"}
    params = {"alm_method": "https", "alm_server": "jira.example.com"}
    return {**record, "last_job": {**job, "result_message": "", "user": None}, "params": params, **fields}


BAD = good(number=2, alias="bad", params={"alm_method": "http"})


@pytest.fixture
def policy(tmp_path):
    """Write a policy file."""

    def write(*rules: dict, name: str = "policy.yml", **fields) -> str:
        path = tmp_path / name
        path.write_text(yaml.safe_dump({"rules": list(rules), **fields}))
        return str(path)

    return write


@pytest.fixture
def audit(ansible, tmp_path):
    """Run the collection's playbook with the role's variables, without their prefix."""

    def run(api, *arguments, environment: dict | None = None, **variables) -> subprocess.CompletedProcess:
        given = json.dumps({f"connection_audit_{name}": value for name, value in variables.items()})
        environment = access(api) if environment is None else environment
        return ansible("ansible-playbook", PLAYBOOK, "-e", given, *arguments, cwd=tmp_path, **environment)

    return run


@pytest.fixture
def audit_each(ansible, tmp_path):
    """Run the role once, on a host for each case. Returns failure and message of each case.

    A case is a server and the role's variables, without their prefix.
    """
    include = {"ansible.builtin.include_role": {"name": "securitycompass.sdelements.connection_audit"}}
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [include]}

    def run(cases: dict[str, tuple], *arguments: str) -> dict[str, tuple[bool, str]]:
        hosts = {}
        for name, (server, variables) in cases.items():
            given = {"url": server.url, "api_token": server.token, **variables}
            hosts[name] = {f"connection_audit_{option}": value for option, value in given.items()}
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        (tmp_path / "each.yml").write_text(yaml.safe_dump([play]))
        done = ansible("ansible-playbook", "each.yml", "-i", "hosts.json", *arguments, cwd=tmp_path)
        failed, last = messages_of(done.stdout), done.stdout.rpartition("Assert that the audit passed] ")[2]
        passed = messages_of(last, "ok")
        assert set(failed) | set(passed) == set(cases), done.stdout
        return {name: (name in failed, failed.get(name) or passed[name]) for name in cases}

    return run


@pytest.fixture
def play(ansible, tmp_path):
    """Run a play of the user's own."""

    def run(server, *tasks: dict, environment: dict | None = None, **keywords) -> subprocess.CompletedProcess:
        path = tmp_path / "play.yml"
        path.write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **keywords}])
        )
        return ansible(
            "ansible-playbook", path, cwd=tmp_path, **(access(server) if environment is None else environment)
        )

    return run


def role(**variables) -> dict:
    """The task that runs the role."""
    return {
        "name": "Audit",
        "ansible.builtin.include_role": {"name": "securitycompass.sdelements.connection_audit"},
        "vars": {f"connection_audit_{name}": value for name, value in variables.items()},
    }


def verdicts(run: subprocess.CompletedProcess) -> list[str]:
    """The messages of the role's last task."""
    last = run.stdout.partition(": Assert that the audit passed] ")[2]
    return re.findall(r'^    "msg": "(SD Elements audit .*)"$', last, re.MULTILINE)


def report(folder: Path, name: str = "audit") -> dict:
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize(
    "generations", [("3.2", "5.2"), pytest.param(("3.2", "4.4", "5.2", "newest"), marks=pytest.mark.slow)]
)
def test_reports_and_check_mode(start, audit_each, tmp_path, generations):
    servers = {generation: start(generation) for generation in generations}
    folder = tmp_path / "reports" / "of today"
    cases = {generation: (server, {"report_dir": "reports/of today"}) for generation, server in servers.items()}
    check = audit_each({"5.2": cases["5.2"]}, "--check")
    assert not folder.exists()
    done = audit_each(cases)
    # Check mode decides the same, and writes nothing.
    failed, message = done["5.2"]
    assert check["5.2"] == (failed, message.partition(" Reports: ")[0])
    assert {path.name for path in folder.iterdir()} == {
        f"{generation}{suffix}" for generation in generations for suffix in SUFFIXES.values()
    }
    for generation, server in servers.items():
        document = report(folder, generation)
        written = ", ".join(str(folder / f"{generation}{SUFFIXES[name]}") for name in SUFFIXES)
        assert done[generation] == (True, f"{document['summary']['message']} Policy: starter. Reports: {written}.")
        assert len(document["connections"]) == 50 and document["policies"] == ["starter"]
        assert document["servers"] == [server.url.partition("://")[2]]
        # Each report counts the same.
        counts = document["summary"]["verdict_counts"]
        assert verdicts_in_json(json.dumps(document)) == Counter({key: n for key, n in counts.items() if n})
        junit = ElementTree.parse(folder / f"{generation}.xml")
        assert [len(list(junit.iter(tag))) for tag in ("testcase", "failure")] == [
            sum(counts.values()),
            counts["fail"],
        ]
        # The facts come with the last job, from where there is one.
        assert any(one["facts"]["last_job"] for one in document["connections"]) == (generation != "3.2")


def test_passes(start, audit, policy, tmp_path):
    run = audit(start("5.2", dataset=[good(), good("analysis")]), policy=policy(TLS))
    assert run.returncode == 0, run.stdout
    assert len(verdicts(run)) == 1 and verdicts(run)[0].startswith("SD Elements audit of 127.0.0.1:"), run.stdout
    assert "changed=0" in run.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"home", "policy.yml"}


def test_threshold_and_hidden_parameters(start, audit_each, policy, tmp_path):
    server = start("5.2", dataset=[good(), BAD])
    medium, critical = (
        policy({**TLS, "severity": severity}, name=f"{severity}.yml") for severity in ("medium", "critical")
    )
    hidden = {"api_token": server.limited_token, "policy": policy(TLS), "report_dir": ".", "report_formats": "json"}
    cases = {
        "below": (False, {"policy": medium}),
        "reached": (True, {"policy": medium, "fail_on": "medium"}),
        "never": (False, {"policy": critical, "fail_on": "never"}),
        "hidden": (False, hidden),
        "hidden-warn": (False, {**hidden, "inconclusive": "warn"}),
        "hidden-fail": (True, {**hidden, "inconclusive": "fail"}),
    }
    done = audit_each({name: (server, variables) for name, (_fails, variables) in cases.items()})
    assert {name: failed for name, (failed, _message) in done.items()} == {
        name: fails for name, (fails, _variables) in cases.items()
    }
    assert "1 finding of medium or higher" in done["reached"][1]
    for name in ("hidden", "hidden-warn", "hidden-fail"):
        assert report(tmp_path, name)["summary"]["verdict_counts"]["inconclusive"] == 2
        assert ("2 of them inconclusive" if name == "hidden-fail" else "2 inconclusive") in done[name][1]


def test_selected_rules(start, audit_each, policy, tmp_path):
    """A list, or text with names on lines or between commas."""
    rules = [{**TLS, "tags": ["pci"]}, {**TLS, "id": "second"}, {**TLS, "id": "third"}]
    given = {"connections": [], "policy": policy(*rules), "report_dir": ".", "report_formats": "json"}
    selected = {
        "tls-third": {"rules": "tls\nthird"},
        "second": {"rules": ["second"]},
        "third": {"skip_rules": "tls, second"},
        "tls": {"rule_tags": ["pci"]},
        "tls-second-third": {"rules": "", "skip_rules": [], "rule_tags": None},
    }
    audit_each({name: (nowhere("http://127.0.0.1:9"), {**given, **chosen}) for name, chosen in selected.items()})
    assert {name: "-".join(rule["id"] for rule in report(tmp_path, name)["rules"]) for name in selected} == {
        name: name for name in selected
    }


def test_rule_that_matches_nothing(start, audit_each, policy):
    rule = {**TLS, "when": ["connection.kind == 'alm'", "connection.system_id == 'nothing'"]}
    server, given = start("5.2", dataset=[good()]), {"policy": policy(rule)}
    cases = {value: (server, {**given, "vacuous": value}) for value in ("warn", "fail")}
    done = audit_each({**cases, "unset": (server, given)})
    assert {name: failed for name, (failed, _message) in done.items()} == {"warn": False, "fail": True, "unset": False}


def test_baseline(start, audit_each, policy, tmp_path):
    server = start(dataset=[good(), BAD])
    given = {"policy": policy(TLS), "server": "sde.example.com", "report_dir": ".", "report_formats": "json"}
    assert audit_each({"first": (server, given)})["first"][0]
    again = {**given, "baseline": "first.json", "known_findings": "accept"}
    same = connections(server)
    done = audit_each(
        {
            "same": (server, {**again, "connections": same}),
            "worse": (server, {**again, "connections": [*same, {**same[1], "id": 3}]}),
        }
    )
    assert {name: failed for name, (failed, _message) in done.items()} == {"same": False, "worse": True}
    assert [one["baseline"] for one in report(tmp_path, "worse")["findings"] if one["verdict"] == "fail"] == [
        "known",
        "new",
    ]


def test_one_kind_and_an_address_that_is_left_empty(start, audit, tmp_path):
    """The address and the token are those of the environment."""
    server = start("newest", dataset=[good(), good("analysis")])
    given = {
        "kinds": ["analysis"],
        "include_projects": False,
        "fail_on": "never",
        "report_dir": ".",
        "report_formats": ["json"],
    }
    run = audit(server, url="", api_token=None, **given)
    assert run.returncode == 0, run.stdout
    assert {request.path for request in server.requests} == {"/api/v2/connections/analysis/"}
    assert [one["facts"]["kind"] for one in report(tmp_path)["connections"]] == ["analysis"]


def test_given_facts_need_no_server(start, play, tmp_path, policy):
    facts = connections(start("5.2"), include_last_job=True)
    saved = tmp_path / "facts.json"
    saved.write_text(json.dumps({"connections": facts}))
    rule, nowhere = policy(TLS), {}
    given = {
        "policy": rule,
        "server": "sde.example.com",
        "report_dir": ".",
        "report_formats": ["json"],
        "fail_on": "never",
    }
    run = play(
        None,
        role(connections=facts, **given, report_name="list"),
        role(connections_file=str(saved), **given, report_name="file"),
        # No connection is not the same as none given.
        role(connections=[], policy=rule),
        environment=nowhere,
    )
    assert run.returncode == 0, run.stdout
    by_list, by_file = report(tmp_path, "list"), report(tmp_path, "file")
    assert by_list["findings"] == by_file["findings"] and by_list["other_verdicts"] == by_file["other_verdicts"]
    assert sum(by_list["summary"]["verdict_counts"].values()) == 30
    assert by_list["servers"] == ["sde.example.com"]
    assert "0 connections" in verdicts(run)[-1], run.stdout


def test_tag_that_skips_nothing_passes(audit, policy):
    run = audit(None, "--tags", "untagged", environment={}, connections=[], policy=policy(TLS))
    assert run.returncode == 0 and len(verdicts(run)) == 1, run.stdout


def test_tag_of_an_included_role(start, ansible, tmp_path):
    """The example of the guide runs the audit with its tag, fails with another, and needs 'apply'."""
    guide = (ROOT / "docs" / "compliance_guide.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(- name: Audit with a tag\n.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    without_apply = example.replace("        apply:\n          tags: audit\n", "")
    assert without_apply != example
    server = start("5.2", dataset=[good()])
    for text, tag, made in ((example, "audit", 1), (example, "other", 0), (without_apply, "audit", 0)):
        (tmp_path / "play.yml").write_text(text)
        run = ansible("ansible-playbook", tmp_path / "play.yml", "--tags", tag, **access(server))
        assert (run.returncode, len(verdicts(run))) == (0 if made else 2, made), run.stdout
        assert ("A tag skipped the audit." in run.stdout) != made


def test_answers_of_a_survey(start, audit, policy, tmp_path):
    """Text where a list, a number, a switch or a dictionary is wanted."""
    server = start("5.2", dataset=[good(), BAD, good("analysis")])
    first = policy(
        {**TLS, "that": "connection.params.alm_method in methods"}, name="first.yml", vars={"methods": ["https"]}
    )
    run = audit(
        server,
        kinds="alm\r\nanalysis\n",
        policy=f"{first}, {policy({**TLS, 'id': 'second'}, name='second.yml')}",
        policy_vars="methods:\n  - https\n  - http\n",
        report_formats="json\nmarkdown",
        report_dir="reports",
        show_findings="5",
        timeout="30",
        retries="0",
        validate_certs="no",
        allow_http="true",
        page_size="1",
        concurrency="2",
    )
    assert run.returncode == 2, run.stdout
    # The log has the verdict once, although a role and a playbook assert it.
    assert run.stdout.count('"msg": "SD Elements audit') == 1
    assert {path.suffix for path in (tmp_path / "reports").iterdir()} == {".json", ".md"}
    failed = [one["rule"] for one in report(tmp_path / "reports")["findings"] if one["verdict"] == "fail"]
    assert failed == ["second"]
    assert any("page_size=1" in request.query for request in server.requests)


EMPTY = ["connections_file", "policy", "policy_vars", "server", "baseline", "report_dir", "report_name"]
EMPTY += ["url", "api_token", "ca_path", "client_cert", "client_key"]
CHOSEN = {"kinds", "report_formats", "show_findings", "fail_on", "inconclusive", "known_findings", "vacuous"}


def test_answers_that_are_left_empty(start, audit_each, tmp_path):
    """Empty text, null and an empty list are as if the variable were not set."""
    server = start("5.2")
    access_options = {"url": server.url, "api_token": server.token}
    done = audit_each(
        {
            "text": (server, {**dict.fromkeys(EMPTY, ""), **access_options}),
            "null": (server, {**dict.fromkeys(sorted(set(specification()) - CHOSEN)), **access_options}),
            "lists": (server, {"policy": [], "policy_vars": {}, "report_formats": [], "report_dir": "reports"}),
        }
    )
    assert len(set(done.values())) == 1 and " 50 connections, " in done["text"][1]
    assert not (tmp_path / "reports").exists()


def trying(name: str, *roles: dict, **keywords) -> dict:
    """Run the role, and go on after a failure, which the message of this name shows."""
    show = {
        "name": "Show the result",
        "ansible.builtin.debug": {
            "msg": f"{name}: {{{{ connection_audit_result.verdict_counts.fail | default('none') }}}} failed"
        },
    }
    return {"name": name, "block": list(roles), "rescue": [show], **keywords}


def test_module_defaults_and_results(start, play, policy):
    """The role takes options from its play, and leaves its result to it."""
    server = start("5.2", dataset=[good(), BAD])
    group = "group/securitycompass.sdelements.sdelements"
    access_options = {"url": server.url, "api_token": server.token}
    defaults = {
        group: access_options,
        "securitycompass.sdelements.sde_connection_audit": {"policy": [policy(TLS)], "fail_on": "critical"},
    }
    # An audit of some connections, or without parameters, would look like one of all.
    choosing = {group: {**access_options, "include_params": False, "alias": "nobody"}}
    unreachable = {"url": "http://127.0.0.1:9", "api_token": "x" * 20, "retries": 0}
    run = play(
        server,
        trying("unreachable", role(**unreachable)),
        trying("choosing", role(), module_defaults=choosing),
        # A variable of the role wins over those of the group.
        trying("defaults", role(), role(api_token=server.limited_token), module_defaults=defaults),
        trying("failed", role(**access_options, policy=policy(TLS))),
        environment={},
    )
    assert run.returncode == 0, run.stdout
    assert re.findall(r'"msg": "(\w+): (\w+) failed"', run.stdout) == [
        ("unreachable", "none"),
        ("choosing", "none"),
        ("failed", "1"),
    ]
    assert "the server refused the connection" in run.stdout.partition("unreachable: ")[0]
    assert "Unsupported parameters for" in run.stdout
    assert "module: alias, include_params. Supported" in run.stdout, run.stdout
    passed = re.findall(r'^    "msg": "(SD Elements audit of \S+ passed: .*)"$', run.stdout, re.MULTILINE)
    assert len(passed) == 2 and "1 rule" in passed[0] and "2 inconclusive" in passed[1], run.stdout


WRONG_VARIABLES = [
    ({"kinds": ["alms"]}, "value of kinds must be one or more of: alm, analysis. Got no match for: alms"),
    ({"report_formats": "json, pdf"}, "module: reports.pdf. Supported parameters include: csv, html, json,"),
    ({"fail_on": "higher"}, "value of connection_audit_fail_on must be one of"),
    ({"policy": "no-such-file.yml"}, "no-such-file.yml"),
    ({"baseline": "no-such-file.json"}, "no-such-file.json"),
    ({"connections": [{"id": 1}], "connections_file": "both.json"}, "connections_file"),
    ({"policy": "broken.yml"}, "Invalid policy (1 error):\nbroken.yml: rules must be a list, not a string"),
    ({"report_dir": "broken.yml/reports", "fail_on": "never"}, "cannot be written: Not a directory."),
    ({"polcy": "starter"}, "Unknown variable connection_audit_polcy: did you mean connection_audit_policy?"),
    ({"api_token": "not-the-token"}, "returned 401: Invalid token. Check api_token"),
]


def test_wrong_variables(start, audit_each, tmp_path):
    """The red line has the first error, on every release of ansible-core."""
    server = start("5.2")
    (tmp_path / "broken.yml").write_text("rules: none")
    cases = {f"case{number}": case for number, case in enumerate(WRONG_VARIABLES)}
    done = audit_each(
        {name: (server, {"report_dir": "reports", **variables}) for name, (variables, _message) in cases.items()}
    )
    assert {
        name: done[name]
        for name, (_variables, message) in cases.items()
        if not done[name][0] or message not in done[name][1]
    } == {}
    # An error before the audit begins leaves no report.
    names = sorted(path.stem for path in tmp_path.glob("reports/*.json"))
    assert {report(tmp_path / "reports", name)["summary"]["verdict"] for name in names} == {"error"}
    without = [{"fail_on": "higher"}, {"report_dir": "broken.yml/reports", "fail_on": "never"}, {"polcy": "starter"}]
    assert [WRONG_VARIABLES[int(name.removeprefix("case"))][0] for name in names] == [
        case for case, _message in WRONG_VARIABLES if case not in without
    ]


def test_log(start, play, policy):
    """The worst findings, no more of them than wanted, and what the server sends is data."""
    hostile = good(number=3, alias='{{ 7 * 7 }} "quoted"\nnext line', params={"alm_method": "http"})
    rules = [TLS, {**TLS, "id": "worse", "severity": "critical"}]
    server = start(dataset=[BAD, hostile])
    waiver = {"rules": ["worse"], "reason": "r", "owner": "o", "expires": "2099-12-31"}
    waived = policy(*rules, name="waived.yml", waivers=[waiver])
    run = play(
        server,
        role(policy=policy(*rules), show_findings=3, fail_on="never"),
        role(policy=policy(*rules), show_findings=0, fail_on="never"),
        role(policy=waived, show_findings=20, fail_on="never"),
    )
    first, silent, last, _end = run.stdout.split(": Assert that the audit passed] ")
    shown = json.loads(re.search(r'"msg": (\[.*?\])\n}', first, re.DOTALL).group(1))
    assert [line.split(": ALM")[0] for line in shown[:3]] == ["fail, critical: worse"] * 2 + ["fail, high: tls"]
    assert shown[3:] == ["... and 1 more, see the reports"]
    assert "{{ 7 * 7 }}" in shown[1] and "next line" in shown[1]
    assert not re.search(r'"msg": \[', silent)
    # The log does not list waived findings.
    assert re.findall(r'"(\w+, \w+): \w+: ALM', last) == ["fail, high"] * 2
    assert "more, see the reports" not in last


def test_no_canary(start, play, tmp_path):
    """Neither the token nor a secret of the server's is printed, or in a report."""
    server = start("5.2", dataset=planted(), token=TOKEN)
    token = "{{ lookup('ansible.builtin.env', 'OF_A_VAULT') }}"
    environment = {"OF_A_VAULT": TOKEN, "ANSIBLE_VERBOSITY": "4"}
    run = play(server, role(url=server.url, api_token=token, report_dir="reports"), environment=environment)
    reports = list((tmp_path / "reports").iterdir())
    assert len(verdicts(run)) == 1 and len(reports) == len(SUFFIXES)
    for text in (run.stdout, *(path.read_text() for path in reports)):
        assert "someone" in text or "********" in text or "Sync" in text
        assert "CANARY" not in text


def specification() -> dict:
    """The options of the role, without their prefix."""
    options = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert all(name.startswith("connection_audit_") for name in options)
    return {name.removeprefix("connection_audit_"): option for name, option in options.items()}


def test_specification_and_module_agree():
    """Each option of the module is a variable of the same type, and is passed on."""
    options, documented = specification(), documented_options("sde_connection_audit")
    role_only = {"report_dir", "report_formats", "report_name", "show_findings"}
    assert (set(names_of_settings()) - role_only) | {"connections", "projects", "connectors", "reports"} == set(
        documented
    )
    for name, option in documented.items():
        if name not in ("reports", "policy", "policy_vars"):
            form = [(one.get("type"), one.get("elements")) for one in (options[name], option)]
            assert form[0] == form[1], name
        if name in ("fail_on", "inconclusive", "known_findings", "vacuous"):
            assert options[name]["choices"] == option["choices"]
        if name in ("fail_on", "inconclusive", "known_findings"):
            assert f"Defaults to V({option['default']})." in " ".join(options[name]["description"]), name
    assert set(options["report_formats"]["default"]) == set(documented["reports"]["suboptions"])


def names_of_settings() -> list[str]:
    return yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_connection_audit_names"]


def test_every_variable_is_used():
    used = "".join(path.read_text() for path in ROLE.rglob("*") if path.parent.name in ("tasks", "vars", "templates"))
    passed = names_of_settings()
    assert [name for name in specification() if name not in passed and f"connection_audit_{name}" not in used] == []
