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
from tests.support import access, connections, documented_options, inventory_of, messages_of

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
INCLUDE = {"ansible.builtin.include_role": {"name": "securitycompass.sdelements.connection_audit"}}
# The cases of most tests, by name: the role's variables without their prefix; and the rules of the policies next to the
# playbook. All are hosts of one run.
CASES: dict[str, dict] = {}
POLICIES = {"policy": [TLS]}


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


def run_each(ansible, folder: Path, cases: dict[str, dict], *plays: dict, **environment) -> dict[str, tuple]:
    """Run the role once, on a host for each case. Returns failure and message of each case.

    The plays differ by their keywords, and run one after the other. One that follows requires that hosts are left.
    """
    hosts = {
        name: {f"connection_audit_{option}": value for option, value in given.items()} for name, given in cases.items()
    }
    (folder / "hosts.json").write_text(inventory_of(hosts))
    (folder / "each.yml").write_text(
        yaml.safe_dump([{"gather_facts": False, "tasks": [INCLUDE], **keywords} for keywords in plays])
    )
    done = ansible("ansible-playbook", "each.yml", "-i", "hosts.json", cwd=folder, **environment)
    failed, passed = messages_of(done.stdout), messages_of(done.stdout, "ok")
    assert set(failed) | set(passed) == set(cases), done.stdout
    return {name: (name in failed, failed.get(name) or passed[name]) for name in cases}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("audits")


@pytest.fixture(scope="module")
def server_of_environment(module_start):
    return module_start("5.2", dataset=SMALL)


@pytest.fixture(scope="module")
def outcomes(module_start, module_ansible, folder, server_of_environment) -> dict[str, tuple]:
    """Failure and message of each case."""
    for name, rules in POLICIES.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump({"rules": rules}))
    (folder / "broken.yml").write_text("rules: none")
    server = module_start("5.2", dataset=SMALL)
    default = {"url": server.url, "api_token": server.token, "kinds": ["alm"], "report_formats": "json"}
    cases = {name: {**default, **given} for name, given in {**CASES, **compared(connections(server))}.items()}
    for name in HIDDEN:
        cases[name]["api_token"] = server.limited_token
    plays = [{"hosts": "baseline", "ignore_errors": True}, {"hosts": "all:!baseline"}]
    return run_each(module_ansible, folder, cases, *plays, **access(server_of_environment))


SMALL = [good(), BAD, good("analysis")]


@pytest.fixture
def play(ansible, tmp_path):
    """Run plays of the user's own on localhost. Returns the run, and the part of its output about each play."""

    def run(*plays: dict, **environment) -> tuple[subprocess.CompletedProcess, list[str]]:
        path = tmp_path / "play.yml"
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **one} for one in plays]))
        done = ansible("ansible-playbook", path, cwd=tmp_path, **environment)
        return done, done.stdout.split("\nPLAY [")[1 : len(plays) + 1]

    return run


def role(**variables) -> dict:
    """The task that runs the role."""
    return {
        "name": "Audit",
        "ansible.builtin.include_role": {"name": "securitycompass.sdelements.connection_audit"},
        "vars": {f"connection_audit_{name}": value for name, value in variables.items()},
    }


def verdicts(printed: str) -> list[str]:
    """The messages of the role's last task."""
    last = printed.partition(": Assert that the audit passed] ")[2]
    return re.findall(r'^    "msg": "(SD Elements audit .*)"$', last, re.MULTILINE)


def report(folder: Path, name: str = "audit") -> dict:
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize(
    "generations", [("3.2", "5.2"), pytest.param(("3.2", "4.4", "5.2", "newest"), marks=pytest.mark.slow)]
)
def test_reports_and_check_mode(start, ansible, tmp_path, generations):
    servers = {generation: start(generation) for generation in generations}
    folder = tmp_path / "reports" / "of today"
    asked = {**servers, "check": servers["5.2"]}
    cases = {
        name: {"url": one.url, "api_token": one.token, "report_dir": "reports/of today"} for name, one in asked.items()
    }
    in_check_mode = {"hosts": "check", "check_mode": True, "ignore_errors": True}
    done = run_each(ansible, tmp_path, cases, in_check_mode, {"hosts": "all:!check"})
    # Check mode decides the same, and writes nothing.
    failed, message = done["5.2"]
    assert done["check"] == (failed, message.partition(" Reports: ")[0])
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
    """Also with a tag that skips nothing."""
    server = start("5.2", dataset=[good(), good("analysis")])
    run = audit(server, "--tags", "untagged", policy=policy(TLS))
    assert run.returncode == 0, run.stdout
    (verdict,) = verdicts(run.stdout)
    assert verdict.startswith("SD Elements audit of 127.0.0.1:")
    assert "changed=0" in run.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"home", "policy.yml"}


POLICIES |= {severity: [{**TLS, "severity": severity}] for severity in ("medium", "critical")}
CASES |= {
    "below": {"policy": "medium.yml"},
    "reached": {"policy": "medium.yml", "fail_on": "medium"},
    "never": {"policy": "critical.yml", "fail_on": "never"},
}
HIDDEN = {"hidden": False, "hidden-warn": False, "hidden-fail": True}
OF_HIDDEN = {"policy": "policy.yml", "report_dir": "."}
CASES |= {
    "hidden": OF_HIDDEN,
    "hidden-warn": {**OF_HIDDEN, "inconclusive": "warn"},
    "hidden-fail": {**OF_HIDDEN, "inconclusive": "fail"},
}


def test_threshold_and_hidden_parameters(outcomes, folder):
    failed = {"below": False, "reached": True, "never": False, **HIDDEN}
    assert {name: outcomes[name][0] for name in failed} == failed
    assert "1 finding of medium or higher" in outcomes["reached"][1]
    for name in HIDDEN:
        assert report(folder, name)["summary"]["verdict_counts"]["inconclusive"] == 2
        assert ("2 of them inconclusive" if name == "hidden-fail" else "2 inconclusive") in outcomes[name][1]


POLICIES["three"] = [{**TLS, "tags": ["pci"]}, {**TLS, "id": "second"}, {**TLS, "id": "third"}]
SELECTED = {
    "tls-third": {"rules": "tls\nthird"},
    "second": {"rules": ["second"]},
    "third": {"skip_rules": "tls, second"},
    "tls": {"rule_tags": ["pci"]},
    "tls-second-third": {"rules": "", "skip_rules": [], "rule_tags": None},
}
WITHOUT_SERVER = {"url": "http://127.0.0.1:9", "connections": [], "policy": "three.yml", "report_dir": "."}
CASES |= {name: {**WITHOUT_SERVER, **chosen} for name, chosen in SELECTED.items()}


@pytest.mark.usefixtures("outcomes")
def test_selected_rules(folder):
    """A list, or text with names on lines or between commas."""
    assert {name: "-".join(rule["id"] for rule in report(folder, name)["rules"]) for name in SELECTED} == {
        name: name for name in SELECTED
    }


POLICIES["nothing"] = [{**TLS, "when": ["connection.kind == 'alm'", "connection.system_id == 'nothing'"]}]
CASES["vacuous-unset"] = {"policy": "nothing.yml"}
CASES |= {f"vacuous-{value}": {"policy": "nothing.yml", "vacuous": value} for value in ("warn", "fail")}


def test_rule_that_matches_nothing(outcomes):
    assert [outcomes[f"vacuous-{value}"][0] for value in ("unset", "warn", "fail")] == [False, False, True]


OF_BASELINE = {"policy": "policy.yml", "server": "sde.example.com", "report_dir": "."}
CASES["baseline"] = OF_BASELINE


def compared(same: list[dict]) -> dict[str, dict]:
    """The cases that compare with the one before."""
    again = {**OF_BASELINE, "baseline": "baseline.json", "known_findings": "accept"}
    return {
        "same": {**again, "connections": same},
        "worse": {**again, "connections": [*same, {**same[1], "id": 3}]},
    }


def test_baseline(outcomes, folder):
    assert [outcomes[name][0] for name in ("baseline", "same", "worse")] == [True, False, True]
    failed = [one for one in report(folder, "worse")["findings"] if one["verdict"] == "fail"]
    assert [one["baseline"] for one in failed] == ["known", "new"]


CASES["of-environment"] = {
    "url": "",
    "api_token": None,
    "kinds": ["analysis"],
    "include_projects": False,
    "fail_on": "never",
    "report_dir": ".",
}


def test_one_kind_and_an_address_that_is_left_empty(outcomes, server_of_environment, folder):
    """The address and the token are those of the environment."""
    assert not outcomes["of-environment"][0]
    assert {request.path for request in server_of_environment.requests} == {"/api/v2/connections/analysis/"}
    found = report(folder, "of-environment")["connections"]
    assert [one["facts"]["kind"] for one in found] == ["analysis"]


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
        assert (run.returncode, len(verdicts(run.stdout))) == (0 if made else 2, made), run.stdout
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
EMPTY += ["ca_path", "client_cert", "client_key"]


def specification() -> dict:
    """The options of the role, without their prefix."""
    options = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert all(name.startswith("connection_audit_") for name in options)
    return {name.removeprefix("connection_audit_"): option for name, option in options.items()}


CHOSEN = {"kinds", "report_formats", "show_findings", "fail_on", "inconclusive", "known_findings", "vacuous"}
CHOSEN |= {"url", "api_token"}
CASES |= {
    "text": dict.fromkeys(EMPTY, ""),
    "null": dict.fromkeys(sorted(set(specification()) - CHOSEN)),
    "lists": {"policy": [], "policy_vars": {}, "report_formats": [], "report_dir": "unwanted"},
}


def test_answers_that_are_left_empty(outcomes, folder):
    """Empty text, null and an empty list are as if the variable were not set."""
    found = {outcomes[name] for name in ("text", "null", "lists")}
    assert len(found) == 1 and " 2 connections, " in outcomes["text"][1]
    assert not (folder / "unwanted").exists()


def trying(name: str, *roles: dict, **keywords) -> dict:
    """Run the role, and go on after a failure, which the message of this name shows."""
    show = {
        "name": "Show the result",
        "ansible.builtin.debug": {
            "msg": f"{name}: {{{{ connection_audit_result.verdict_counts.fail | default('none') }}}} failed"
        },
    }
    return {"name": name, "block": list(roles), "rescue": [show], **keywords}


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


WRONG = {f"wrong{number}": case for number, case in enumerate(WRONG_VARIABLES)}
CASES |= {name: {"report_dir": "reports", **variables} for name, (variables, _message) in WRONG.items()}


def test_wrong_variables(outcomes, folder):
    """The red line has the first error, on every release of ansible-core."""
    assert {
        name: outcomes[name]
        for name, (_variables, message) in WRONG.items()
        if not outcomes[name][0] or message not in outcomes[name][1]
    } == {}
    # An error before the audit begins leaves no report.
    names = sorted(path.stem for path in folder.glob("reports/*.json"))
    assert {report(folder / "reports", name)["summary"]["verdict"] for name in names} == {"error"}
    without = [{"fail_on": "higher"}, {"report_dir": "broken.yml/reports", "fail_on": "never"}, {"polcy": "starter"}]
    assert names == [name for name, (variables, _message) in WRONG.items() if variables not in without]


def test_plays_of_users(start, play, policy, tmp_path):
    """Three plays in one run, without variables of the environment."""
    facts = connections(start("5.2"), include_last_job=True)
    hostile = good(number=3, alias='{{ 7 * 7 }} "quoted"\nnext line', params={"alm_method": "http"})
    server = start("5.2", dataset=[good(), BAD, hostile])
    given = of_given_facts(facts, policy, tmp_path)
    run, printed = play(with_module_defaults(server, policy), that_show_findings(server, policy), given)
    assert run.returncode == 0, run.stdout
    assert_module_defaults_and_results(printed[0])
    assert_findings_are_shown(printed[1])
    assert_given_facts_need_no_server(printed[2], tmp_path)


def with_module_defaults(server, policy) -> dict:
    """The role takes options from its play, and leaves its result to it."""
    group = "group/securitycompass.sdelements.sdelements"
    access_options = {"url": server.url, "api_token": server.token}
    defaults = {
        group: access_options,
        "securitycompass.sdelements.sde_connection_audit": {"policy": [policy(TLS)], "fail_on": "critical"},
    }
    # An audit of some connections, or without parameters, would look like one of all.
    choosing = {group: {**access_options, "include_params": False, "alias": "nobody"}}
    unreachable = {"url": "http://127.0.0.1:9", "api_token": "x" * 20, "retries": 0}
    tasks = [
        trying("unreachable", role(**unreachable)),
        trying("choosing", role(), module_defaults=choosing),
        # A variable of the role wins over those of the group.
        trying("defaults", role(), role(api_token=server.limited_token), module_defaults=defaults),
        trying("failed", role(**access_options, policy=policy(TLS))),
    ]
    return {"tasks": tasks}


def assert_module_defaults_and_results(printed: str) -> None:
    assert re.findall(r'"msg": "(\w+): (\w+) failed"', printed) == [
        ("unreachable", "none"),
        ("choosing", "none"),
        ("failed", "2"),
    ]
    assert "the server refused the connection" in printed.partition("unreachable: ")[0]
    assert "Unsupported parameters for" in printed
    assert "module: alias, include_params. Supported" in printed
    passed = re.findall(r'^    "msg": "(SD Elements audit of \S+ passed: .*)"$', printed, re.MULTILINE)
    assert len(passed) == 2 and "1 rule" in passed[0] and "3 inconclusive" in passed[1], printed


def that_show_findings(server, policy) -> dict:
    """The worst findings, no more of them than wanted, and what the server sends is data."""
    rules = [TLS, {**TLS, "id": "worse", "severity": "critical"}]
    waiver = {"rules": ["worse"], "reason": "r", "owner": "o", "expires": "2099-12-31"}
    given = {"url": server.url, "api_token": server.token, "fail_on": "never"}
    both, waived = policy(*rules, name="both.yml"), policy(*rules, name="waived.yml", waivers=[waiver])
    tasks = [
        role(policy=both, show_findings=3, **given),
        role(policy=both, show_findings=0, **given),
        role(policy=waived, show_findings=20, **given),
    ]
    return {"tasks": tasks}


def assert_findings_are_shown(printed: str) -> None:
    first, silent, last, _end = printed.split(": Assert that the audit passed] ")
    shown = json.loads(re.search(r'"msg": (\[.*?\])\n}', first, re.DOTALL).group(1))
    assert [line.split(": ALM")[0] for line in shown[:3]] == ["fail, critical: worse"] * 2 + ["fail, high: tls"]
    assert shown[3:] == ["... and 1 more, see the reports"]
    assert "{{ 7 * 7 }}" in shown[1] and "next line" in shown[1]
    assert not re.search(r'"msg": \[', silent)
    # The log does not list waived findings.
    assert re.findall(r'"(\w+, \w+): \w+: ALM', last) == ["fail, high"] * 2
    assert "more, see the reports" not in last


def of_given_facts(facts: list[dict], policy, folder: Path) -> dict:
    """The same facts as a list and in a file."""
    saved = folder / "facts.json"
    saved.write_text(json.dumps({"connections": facts}))
    rule = policy(TLS)
    given = {"policy": rule, "server": "sde.example.com", "report_dir": ".", "report_formats": ["json"]}
    given["fail_on"] = "never"
    tasks = [
        role(connections=facts, **given, report_name="list"),
        role(connections_file=str(saved), **given, report_name="file"),
        # No connection is not the same as none given.
        role(connections=[], policy=rule),
    ]
    return {"tasks": tasks}


def assert_given_facts_need_no_server(printed: str, folder: Path) -> None:
    by_list, by_file = report(folder, "list"), report(folder, "file")
    assert by_list["findings"] == by_file["findings"] and by_list["other_verdicts"] == by_file["other_verdicts"]
    assert sum(by_list["summary"]["verdict_counts"].values()) == 30
    assert by_list["servers"] == ["sde.example.com"]
    assert "0 connections" in verdicts(printed)[-1], printed


def test_no_canary(start, play, tmp_path):
    """Neither the token nor a secret of the server's is printed, or in a report."""
    server = start("5.2", dataset=planted(), token=TOKEN)
    token = "{{ lookup('ansible.builtin.env', 'OF_A_VAULT') }}"
    environment = {"OF_A_VAULT": TOKEN, "ANSIBLE_VERBOSITY": "4"}
    given = role(url=server.url, api_token=token, report_dir="reports")
    run, _printed = play({"tasks": [given]}, **access(server), **environment)
    reports = list((tmp_path / "reports").iterdir())
    assert len(verdicts(run.stdout)) == 1 and len(reports) == len(SUFFIXES)
    for text in (run.stdout, *(path.read_text() for path in reports)):
        assert "someone" in text or "********" in text or "Sync" in text
        assert "CANARY" not in text


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
