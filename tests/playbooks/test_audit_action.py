# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task sde_connection_audit, by the real ansible-playbook."""

from __future__ import annotations

import importlib
import json
import subprocess
import textwrap
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.conftest import COLLECTION
from tests.demo_server import DemoServer
from tests.playbooks.test_playbooks import assert_clean
from tests.report_readers import REPORT_VALIDATOR
from tests.support import access, connections, printed_results, printing

TLS = {
    "id": "https",
    "title": "TLS",
    "severity": "high",
    "that": "connection.params.alm_method == 'https'",
    "needs": ["params"],
}


def good(id_: int = 1, **facts) -> dict:
    """The facts of a connection."""
    params = {"alm_method": "https", "alm_server": "jira.example.com"}
    return {
        "id": id_,
        "kind": "alm",
        "alias": f"good {id_}",
        "project": id_,
        "system": "JIRA",
        "system_id": "jira",
        "frequency": "daily",
        "params": params,
        "params_visible": True,
        "last_job": None,
        "debug_mode": False,
        **facts,
    }


BAD = good(2, params={"alm_method": "http"})


class Outcome:
    """The part of ansible-playbook's output that is about an audit, and its result."""

    def __init__(self, output: str, result: dict) -> None:
        self.output = output
        self.result = result

    def found(self, verdict: str) -> list[tuple[str, str]]:
        return [(one["rule"], one["subject"]) for one in self.result["findings"] if one["verdict"] == verdict]


def run_audits(
    ansible, folder: Path, audits: list[dict], *arguments, play: dict | None = None, **environment
) -> tuple[list[Outcome], str]:
    """Run a playbook of these audits. Returns the outcome of each, with its part of the output, and all of that."""
    names = [f"audit{number}" for number in range(len(audits))]
    tasks = [
        {"securitycompass.sdelements.sde_connection_audit": one, "register": name, "ignore_errors": True}
        for one, name in zip(audits, names, strict=True)
    ]
    text = json.dumps(
        [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, printing(names)], **(play or {})}]
    )
    playbook = folder / "play" / "play.yml"
    playbook.parent.mkdir(exist_ok=True)
    playbook.write_text(text.replace('"UNSAFE ', '!unsafe "'), encoding="utf-8")
    (folder / "cwd").mkdir(exist_ok=True)
    run = ansible("ansible-playbook", playbook, *arguments, cwd=folder / "cwd", **environment)
    assert run.returncode == 0, run.stdout
    parts = run.stdout.split("\nTASK [")[-len(tasks) - 1 : -1]
    results = printed_results(run.stdout)
    return [Outcome(part, one) for part, one in zip(parts, results, strict=True)], run.stdout


@pytest.fixture
def audit(ansible, tmp_path):
    """Run one audit in a playbook of its own, in a folder of its own."""

    def run(*arguments, **options) -> Outcome:
        (outcome,), printed = run_audits(ansible, tmp_path, [options], *arguments)
        return Outcome(printed, outcome.result)

    return run


# The audits of most tests, by the test's name, and the files next to the playbook. All run in one playbook.
AUDITS: dict[str, list[dict]] = {}
FILES: dict[str, object] = {}
PLAY = {"vars": {"of_the_play": "{{ inner }}", "inner": "yes"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("audits")


@pytest.fixture(scope="module")
def outcomes(module_ansible, folder) -> dict[str, list[Outcome]]:
    (folder / "play").mkdir()
    for name, content in FILES.items():
        write(folder / "play" / name, content)
    write(folder / "play" / "hidden.json", json.dumps(hidden_connections()))
    every = [audit for audits in AUDITS.values() for audit in audits]
    found, _printed = run_audits(module_ansible, folder, every, play=PLAY)
    rest = iter(found)
    return {name: [next(rest) for _audit in audits] for name, audits in AUDITS.items()}


@pytest.fixture
def file(tmp_path):
    """Write a file next to the playbook, and return its name."""

    def write_file(name: str, content) -> str:
        write(tmp_path / "play" / name, content)
        return name

    return write_file


def write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    text = content if isinstance(content, (bytes, str)) else yaml.safe_dump(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def policy(*rules, **fields) -> dict:
    return {"rules": list(rules or [TLS]), **fields}


# ---------------------------------------------------------------------------------------------------------------
# What it finds


def test_starter_policy_on_the_embedded_api(start, ansible, tmp_path):
    server = start("5.2")
    report, unwritten = tmp_path / "new" / "folder" / "report.json", tmp_path / "unwritten.json"
    task = "securitycompass.sdelements.sde_connection_audit"
    facts = [connections(server, kind, include_last_job=True) for kind in ("alm", "analysis")]
    (tmp_path / "facts.json").write_text(json.dumps({"connections": facts[0] + facts[1], "count": 50}))
    given = {"connections_file": str(tmp_path / "facts.json"), "server": server.url, "fail_on": "never"}
    tasks = [
        {task: {**given, "reports": {"json": str(unwritten)}}, "check_mode": True},
        {task: {**given, "reports": {"json": str(report)}}},
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    run = ansible("ansible-playbook", tmp_path / "play.yml")
    assert run.returncode == 0, run.stdout
    assert "changed=1" in run.stdout and not unwritten.exists()
    document = json.loads(report.read_text())
    REPORT_VALIDATOR.validate(document)
    failed = {}
    for finding in document["findings"]:
        if finding["verdict"] == "fail":
            failed.setdefault(finding["rule"], set()).update(key.partition("/")[2] for key in finding["connections"])
    expected = {
        "tls": set(),
        "scheduled": set(),
        "last-sync-succeeded": set(),
        "no-debug-mode": set(),
    }
    for record in server.records("alm") + server.records("analysis"):
        name, job, params, kind = (
            f"{record['kind']}/{record['id']}",
            record["last_job"],
            record["params"],
            record["kind"],
        )
        address = params.get(f"{kind}_server") or ""
        if address.startswith("http://") or (
            address and "://" not in address and params.get(f"{kind}_method") == "http"
        ):
            expected["tls"].add(name)
        if record["frequency"] == "manually" and not record["system_id"].endswith("_file_upload"):
            expected["scheduled"].add(name)
        if job and job["succeeded"] is False and job["ready"]:
            expected["last-sync-succeeded"].add(name)
        if record["debug_mode"]:
            expected["no-debug-mode"].add(name)
    assert {rule: failed[rule] for rule in expected} == expected


FILES["saved.json"] = "[]"
FILES["bad.json"] = '[{"id": 1}]'
FILES["p.yml"] = policy()
AUDITS["result"] = [{"connections": [BAD, good()], "policy": ["p.yml"], "server": "sde.example.com"}]


def test_result(outcomes):
    (outcome,) = outcomes["result"]
    result = outcome.result
    assert result["failed"] and not result["changed"] and result["verdict"] == "fail" and result["report_files"] == []
    assert result["msg"] == (
        "SD Elements audit of sde.example.com failed: 1 finding of high or higher (1 high); 0 lower, 0 waived, "
        "0 inconclusive, 0 errors. 2 connections, 1 rule. Policy: p.yml."
    )
    assert result["msg"].split(";")[0] in outcome.output
    assert outcome.found("fail") == [("https", 'ALM connection 2 "good 2"')]
    assert result["failed_by_severity"]["high"] == 1 and result["verdict_counts"]["pass"] == 1
    assert_clean(subprocess.CompletedProcess([], 0, outcome.output))


HIDDEN = good(params={}, params_visible=False)
AUDITS["threshold and strictness"] = [
    {"connections": [BAD], "policy": ["p.yml"], "fail_on": "critical"},
    {"connections": [HIDDEN], "policy": ["p.yml"]},
    {"connections": [HIDDEN], "policy": ["p.yml"], "inconclusive": "fail"},
]


def test_threshold_and_strictness(outcomes):
    lax, warned, strict = outcomes["threshold and strictness"]
    assert not lax.result["failed"] and strict.result["failed"]
    assert not warned.result["failed"] and warned.found("inconclusive") == [("https", 'ALM connection 1 "good 1"')]
    assert "Rule https is inconclusive for" in " ".join(warned.output.split())


def hidden_connections() -> list[dict]:
    """The facts of a token that may see no parameters."""
    with DemoServer("5.2") as server:
        kinds = [connections(server, kind, api_token=server.limited_token) for kind in ("alm", "analysis")]
    return kinds[0] + kinds[1]


AUDITS["hidden parameters"] = [
    {
        "connections_file": "hidden.json",
        "fail_on": "low",
        "inconclusive": "fail",
        "reports": {"json": "reports/hidden.json"},
    }
]


def test_hidden_parameters_are_inconclusive(outcomes, folder):
    (outcome,) = outcomes["hidden parameters"]
    assert outcome.result["failed"] and outcome.result["verdict_counts"]["inconclusive"] > 100
    report = folder / "cwd" / "reports" / "hidden.json"
    # Rules without parameters have a verdict; the others are inconclusive, and never pass.
    failed = {one["rule"] for one in json.loads(report.read_text())["findings"] if one["verdict"] == "fail"}
    assert failed == {"params-visible", "scheduled", "no-debug-mode"}


WAIVER = {"rules": ["https"], "connections": {"alias": "good 2"}, "reason": "r", "owner": "o"}
# As people write it: a day that YAML makes a date of.
FILES["late.yml"] = yaml.safe_dump(policy(waivers=[{**WAIVER, "expires": date(2020, 1, 31)}]))
FILES["early.yml"] = yaml.safe_dump(policy(waivers=[{**WAIVER, "expires": date(2999, 1, 31)}]))
AUDITS["waivers and baseline"] = [
    {"connections": [BAD], "policy": ["late.yml"], "reports": {"json": "reports/one.json"}},
    {"connections": [BAD], "policy": ["early.yml"], "baseline": "reports/one.json"},
    {"connections": [BAD], "policy": ["p.yml"], "baseline": "reports/one.json", "known_findings": "accept"},
]


def test_waivers_and_baseline(outcomes, folder):
    assert "expires: 2020-01-31\n" in FILES["late.yml"]
    expired, in_force, known = outcomes["waivers and baseline"]
    assert expired.result["waivers"][0]["state"] == "expired" and expired.result["failed"] and expired.result["changed"]
    assert "expired after 2020-01-31" in " ".join(expired.output.split())
    # Reports go to where Ansible was started, and are found there again.
    assert expired.result["report_files"] == [str(folder / "cwd" / "reports" / "one.json")]
    assert not in_force.result["failed"] and in_force.found("waived") and in_force.result["fixed"] == []
    assert [one["reason"] for one in in_force.result["not_fixed"]] == ["waived"]
    assert not known.result["failed"] and known.result["findings"][0]["baseline"] == "known"


VARIABLES = {
    "id": "r",
    "title": "R",
    "severity": "high",
    "that": ["connection.alias in allowed", "of_the_play == 'yes'", "text == braces"],
}
FILES["vars.yml"] = policy(VARIABLES, vars={"allowed": [], "text": "{{ 1 + 1 }}", "braces": "{{ 1 + 1 }}"})
AUDITS["variables"] = [
    {"connections": [good()], "policy": ["vars.yml"], "policy_vars": {"allowed": ["good 1"]}},
]


def test_variables(outcomes):
    (outcome,) = outcomes["variables"]
    assert not outcome.result["failed"], outcome.result


FILES["typo.yml"] = policy({"id": "typo", "title": "T", "severity": "info", "that": "connection.params.x.y == 1"})
AUDITS["error"] = [{"connections": [good()], "policy": ["typo.yml"], "fail_on": "critical"}]


def test_a_rule_that_cannot_be_evaluated_is_an_error(outcomes):
    (outcome,) = outcomes["error"]
    assert outcome.result["failed"] and outcome.found("error") == [("typo", 'ALM connection 1 "good 1"')]
    assert 'Rule typo cannot be evaluated for ALM connection 1 "good 1": connection.params.x.y == 1:' in " ".join(
        outcome.output.split()
    )


# ---------------------------------------------------------------------------------------------------------------
# Files


FILES |= {"q.json": json.dumps(policy()), "files/r.yml": policy()}
AUDITS["files"] = [{"connections": [BAD], "policy": [name]} for name in ("p.yml", "q.json", "r.yml")]


def test_policy_file(outcomes):
    assert [outcome.found("fail") for outcome in outcomes["files"]] == [[("https", 'ALM connection 2 "good 2"')]] * 3


def test_files_and_values_from_a_vault(ansible, file, tmp_path):
    """Audits of encrypted files and of an encrypted value, and one of an encrypted file without its password."""
    password = tmp_path / "password"
    password.write_text("secret")
    vault = ("--vault-password-file", password)
    file("p.yml", policy())
    file("facts.yml", {"connections": [BAD]})
    files = [tmp_path / "play" / name for name in ("p.yml", "facts.yml")]
    run = ansible("ansible-vault", "encrypt", *files, *vault)
    assert run.returncode == 0, run.stdout
    printed = ansible("ansible-vault", "encrypt_string", *vault, "--name", "scheme", "https").stdout
    variables = textwrap.indent(printed[printed.index("scheme:") :], "  ")
    rule = {**TLS, "that": "connection.params.alm_method == scheme"}
    file("value.yml", f"rules: {json.dumps([rule])}\nvars:\n{variables}")
    audits = [
        {"connections_file": "facts.yml", "policy": ["p.yml"]},
        {"connections": [good(), BAD], "policy": ["value.yml"]},
    ]
    outcomes, _printed = run_audits(ansible, tmp_path, audits, *vault)
    assert [one.found("fail") for one in outcomes] == [[("https", 'ALM connection 2 "good 2"')]] * 2
    ((refused,), _printed) = run_audits(ansible, tmp_path, [{"connections_file": "facts.yml"}])
    assert refused.result["failure"]["kind"] == "option" and "facts.yml cannot be read" in refused.result["msg"]


FILES["own.yml"] = {"disable": ["scheduled"], "vars": {"conflict_policies": ["alm"]}, "rules": [TLS]}
UNSCHEDULED = good(frequency="manually", params={"alm_method": "http", "conflict_policy": "sde"})
AUDITS["merged policies"] = [{"connections": [UNSCHEDULED], "policy": ["starter", "own.yml"], "server": "s"}]


def test_merged_policies(outcomes):
    (outcome,) = outcomes["merged policies"]
    found = {rule for rule, _subject in outcome.found("fail")}
    assert {"https", "conflict-policy"} <= found and "scheduled" not in found


FILES["w.yml"] = policy(
    {"id": "one", "title": "One", "severity": "hihg", "that": "true"}, {"id": "two", "title": "Two", "severity": "low"}
)
FILES["filter.yml"] = policy({"id": "one", "title": "One", "severity": "low", "that": "connection.id | no_such_filter"})
AUDITS["errors"] = [{"connections": [BAD], "policy": [name]} for name in ("w.yml", "filter.yml")]


def test_errors_of_a_policy(outcomes):
    result, uncompiled = (outcome.result for outcome in outcomes["errors"])
    assert result["failed"] and result["failure"]["kind"] == "policy"
    assert result["msg"] == (
        "Invalid policy (2 errors):\n"
        'w.yml: rule one: severity must be one of info, low, medium, high, critical, not "hihg"; did you mean high?\n'
        "w.yml: rule two: that is missing (an expression, or a list of expressions, that must be true)."
    )
    assert uncompiled["msg"].startswith(
        "Invalid policy (1 error):\nfilter.yml: rule one: that ('connection.id | no_such_filter') cannot be compiled ("
    )


WRONG_OPTIONS = [
    (
        {},
        "api_token is required. Set it in the task, as SDE_API_KEY in the environment, or as sde_api_token for a role",
    ),
    ({"connections": [], "connections_file": "x"}, "parameters are mutually exclusive: connections|connections_file"),
    (
        {"connections": [], "fail_on": "hihg"},
        "value of fail_on must be one of: info, low, medium, high, critical, never, got: hihg",
    ),
    (
        {"connections": [], "colour": "red"},
        "Unsupported parameters for (securitycompass.sdelements.sde_connection_audit) module: colour",
    ),
    ({"connections": "text"}, "connections must be a list, not str."),
    ({"connections": [{"id": 1}]}, "connections[0].kind must be alm or analysis."),
    ({"connections_file": "none.json"}, "connections_file: file none.json not found next to the playbook or in "),
    ({"connections": [], "policy": ["none.yml"]}, "policy: file none.yml not found next to the playbook or in "),
    (
        {"connections": [], "baseline": "p.yml"},
        "baseline: p.yml is not an audit report. Use the report of a completed audit of the same server.",
    ),
    ({"connections": [], "baseline": "/"}, "baseline: / cannot be read: it is a folder. Use the report of a completed"),
    ({"connections": [], "policy_vars": {"x": 1}}, "policy_vars: x is not a variable of the policy."),
    ({"connections": [], "known_findings": "accept"}, "known_findings=accept requires baseline."),
    (
        {"connections": [], "known_findings": "accept", "baseline": "saved.json"},
        "baseline: saved.json contains facts without findings, which known_findings=accept requires.",
    ),
    ({"connections": [], "baseline": "bad.json"}, "baseline: bad.json: connections[0].kind must be alm or"),
    (
        {"connections": [], "reports": {"pdf": "x"}},
        "Unsupported parameters for (securitycompass.sdelements.sde_connection_audit) module: reports.pdf",
    ),
]


WRONG_POLICIES = [
    ({"connections": [], "policy": ["bad.yml"]}, "policy: bad.yml cannot be read: line 2 is not valid YAML ("),
    ({"connections": [], "policy": ["utf16.yml"]}, "policy: utf16.yml cannot be read: it is not valid UTF-8."),
    (
        {"connections": [], "policy": ["itself.yml"]},
        "policy: itself.yml cannot be read: it refers to itself, or its aliases repeat more than 100,000 values.",
    ),
    ({"connections": [], "policy": []}, "The policy has no rules (no files)."),
    ({"connections": [], "policy": ["twice.yml"]}, "twice.yml: line 2: duplicate key 'title'; remove one."),
    (
        {"connections": [], "policy": ["day.yml"]},
        "day.yml: line 2: 2026-13-01 is not a valid date; use YYYY-MM-DD.",
    ),
]


FILES |= {
    "bad.yml": "a: b\n c: d: token=SECRET\n",
    "utf16.yml": "title: a".encode("utf-16"),
    "itself.yml": "x: &x [*x]\n",
    "twice.yml": "title: a\ntitle: b\n",
    "day.yml": "waivers:\n  - expires: 2026-13-01\n",
}
WRONG = [(*case, "option") for case in WRONG_OPTIONS] + [(*case, "policy") for case in WRONG_POLICIES]
AUDITS["wrong options"] = [options for options, _expected, _kind in WRONG]


def test_wrong_options(outcomes):
    for (_options, expected, kind), outcome in zip(WRONG, outcomes["wrong options"], strict=True):
        result = outcome.result
        assert result["failed"] and result["failure"]["kind"] == kind and not result["changed"]
        assert expected in result["msg"] and "SECRET" not in result["msg"]


# ---------------------------------------------------------------------------------------------------------------
# What came from the server is data


def test_data_is_never_a_template(start, ansible, file, tmp_path):
    proof = tmp_path / "executed"
    hostile = f"{{{{ lookup('pipe', 'touch {proof}') }}}}"
    rules = [
        {
            "id": "same",
            "title": "S",
            "severity": "high",
            "that": [
                "connection.alias == connection.params.x",
                "connection.alias is search('pipe')",
                "connections | map(attribute='alias') | list == [connection.alias]",
            ],
        },
        {"id": "not-boolean", "title": "N", "severity": "high", "that": "connection.alias"},
        {
            "id": "loop",
            "title": "L",
            "severity": "high",
            "loop": "connections | map(attribute='alias') | list",
            "that": "item is search('pipe')",
        },
    ]
    name = file("p.yml", policy(*rules))
    facts = good(alias=hostile, params={"x": hostile})

    file("facts.json", json.dumps([facts]))
    unsafe = good(alias=f"UNSAFE {hostile}", params={"x": f"UNSAFE {hostile}"})
    braces = "{{ '{{' }}" + hostile.strip("{}") + "{{ '}}' }}"
    server = start("5.2", dataset=[{"kind": "alm", "id": 1, "alias": hostile, "params": {"x": hostile}}])
    gather = [{"securitycompass.sdelements.sde_alm_connection_info": {}, "register": "alm"}]
    given = [
        {"connections_file": "facts.json"},
        # Written into the playbook: as text that is marked, and as the result of a template.
        {"connections": [unsafe]},
        {"connections": "{{ facts }}"},
        {"connections": [good(alias=braces, params={"x": braces})]},
        # From a server, through a module.
        {"connections": "{{ alm.connections }}"},
    ]
    play = {"vars": {"facts": [unsafe]}, "pre_tasks": gather}
    audits = [{**one, "policy": [name]} for one in given]
    outcomes, _printed = run_audits(ansible, tmp_path, audits, play=play, **access(server))
    assert not proof.exists()
    for outcome in outcomes:
        assert outcome.found("error") == [("not-boolean", f"ALM connection 1 {json.dumps(hostile)}")], outcome.result
        assert outcome.result["verdict_counts"]["pass"] == 2


def test_no_secret_is_printed_or_written(audit, file, tmp_path):
    """Facts that nobody redacted, such as those of include_secrets."""
    canaries = good(
        alias="https://me:CANARY1x@example.com",
        params={"alm_pass": "CANARY2x", "text": "token=CANARY3x"},
        last_job={"result_message": "password: CANARY4x"},
        secrets_set=["alm_pass"],
        CANARY5x_password="CANARY6x",
    )
    rule = {"id": "r", "title": "R", "severity": "high", "that": "connection.alias"}
    file("facts.json", json.dumps([canaries]))
    names = ("json", "junit", "sarif", "markdown", "html", "csv")
    outcome = audit(
        "-vvv",
        connections_file="facts.json",
        policy=["starter", file("p.yml", policy(rule, TLS))],
        fail_on="info",
        reports={name: f"reports/{name}" for name in names},
    )
    written = [tmp_path / "cwd" / "reports" / name for name in names]
    assert all(path.exists() for path in written) and outcome.result["failed"]
    for text in [outcome.output, json.dumps(outcome.result), *(path.read_text(encoding="utf-8") for path in written)]:
        assert not [number for number in (1, 2, 3, 4, 6) if f"CANARY{number}x" in text]


# ---------------------------------------------------------------------------------------------------------------
# Documentation


@pytest.mark.parametrize("mode", [[], pytest.param(["--check"], marks=pytest.mark.slow)], ids=["run", "check"])
def test_examples(start, ansible, tmp_path, mode):
    examples = importlib.import_module(f"{COLLECTION}.modules.sde_connection_audit").EXAMPLES
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": yaml.safe_load(examples.replace("/tmp/", f"{tmp_path}/")),
        }
    ]
    (tmp_path / "example.yml").write_text(yaml.safe_dump(play, sort_keys=False), encoding="utf-8")
    run = ansible("ansible-playbook", tmp_path / "example.yml", *mode, **access(start("5.2")))
    assert (
        run.returncode == 0
        and "SD Elements audit of sde.example.com failed: 1 finding of critical (1 critical)" in run.stdout
    ), run.stdout
    assert (tmp_path / "sde-audit" / "report.html").exists() == (not mode)


MANY = [{**BAD, "id": number} for number in range(1, 103)]
WORSE = {**TLS, "id": "worse", "severity": "critical", "when": "connection.id == 102"}
UNUSED = {"rules": ["worse"], "connections": {"id": 1}, "reason": "r", "owner": "o", "expires": "2099-12-31"}
FILES["many.yml"] = policy(TLS, WORSE, waivers=[UNUSED] * 102)
AUDITS["bounded"] = [
    {"connections": MANY, "policy": ["many.yml"], "reports": {"json": "reports/many.json"}},
    {
        "connections": [good(one["id"]) for one in MANY],
        "policy": ["p.yml"],
        "baseline": "reports/many.json",
    },
    {"connections": [BAD], "policy": ["p.yml"]},
]


def test_result_is_bounded(outcomes, folder):
    """Lists end after 100 values, the most severe first. The result and a warning say how many there are."""
    found, fixed, few = outcomes["bounded"]
    top = found.result["findings"]
    assert [len(found.result[name]) for name in ("findings", "waivers", "fixed")] == [100, 100, 0]
    assert [found.result[f"{name}_omitted"] for name in ("findings", "waivers", "fixed")] == [3, 2, 0]
    assert (top[0]["rule"], top[0]["line"].partition(":")[0], top[1]["rule"]) == ("worse", "fail, critical", "https")
    # It has a JSON report.
    assert not [one for one in found.result["warnings"] if "Only the JSON report" in one]
    assert (
        len(json.loads((folder / "cwd" / "reports" / "many.json").read_text())["findings"])
        == found.result["verdict_counts"]["fail"]
        == 103
    )
    assert (len(fixed.result["fixed"]), fixed.result["fixed_omitted"], fixed.result["findings"]) == (100, 2, [])
    assert [(one["rule"], one["reason"]) for one in fixed.result["not_fixed"]] == [("worse", "rule_gone")]
    assert (len(fixed.result["changes"]), fixed.result["changes_omitted"]) == (100, 2)
    omitted = "Only the JSON report contains all fixed (2 more) and changes (2 more): set reports.json."
    assert fixed.result["warnings"][-1] == omitted
    assert (len(few.result["findings"]), few.result["findings_omitted"], few.result.get("warnings")) == (1, 0, None)


AUDITS["starter"] = [{"connections": [BAD], "policy_vars": {"required_projects": [9]}}]


def test_documentation_names_the_results(outcomes):
    module = importlib.import_module(f"{COLLECTION}.modules.sde_connection_audit")
    returned = yaml.safe_load(module.RETURN)
    result = outcomes["starter"][0].result
    assert set(result) - {"changed", "failed", "warnings"} == set(returned) - {"failure", "diff"}
    assert set(result["findings"][0]) == set(returned["findings"]["contains"])
    assert set(result["verdict_counts"]) == set(returned["verdict_counts"]["contains"])
