# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook check_policy and its module, by the real ansible-playbook, without a server and without requests."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.playbooks.test_audit_action import BAD, good
from tests.playbooks.test_documentation_examples import blocks
from tests.playbooks.test_playbooks import assert_clean, lines_of
from tests.support import messages_of, printed_results, printing

SCHEMA = ROOT / "plugins/plugin_utils/_audit/data/policy.schema.json"
TASK = "securitycompass.sdelements.sde_connection_policy_check"
TEST = "p.yml: test"
THREE_FAILING_TESTS = """\
vars: {hosts: [jira.example.com]}
rules:
  - {id: tls, title: TLS, severity: high, needs: [server], that: connection.server.scheme == 'https'}
  - {id: hosts, title: Hosts, severity: high, that: connection.server.host in hosts}
tests:
  - {rule: tls, connection: {server: {scheme: http}}, expect: pass}
  - {rule: tls, connections: [{params_visible: false}, {}], expect: [fail, pass]}
  - {rule: tls, expect: pass}
  - {rule: hosts, connection: {server: {host: other}}, expect: pass}
"""


@pytest.fixture
def check(ansible, tmp_path):
    """Run the playbook in a folder of policies, where requests cannot be imported."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "requests.py").write_text("raise ImportError('requests is not installed')\n")

    def run(*command: str, **variables):
        arguments = ["-e", json.dumps({f"connection_audit_{name}": value for name, value in variables.items()})]
        command = command or ("ansible-playbook", "securitycompass.sdelements.check_policy", *arguments)
        return ansible(*command, cwd=tmp_path, PYTHONPATH=str(tmp_path / "python"))

    return run


def test_starter_policy(check):
    """By the command of the guide."""
    (command,) = (block.text for block in blocks("shell") if ".check_policy" in block.text)
    run = check(*shlex.split(command))
    assert_clean(run)
    assert '"tls: 5 tests"' in run.stdout and "18 rules, 94 tests passed." in run.stdout
    (schema,) = re.findall(r"Schema of policies: (/.*\.json)", run.stdout)
    assert Path(schema).samefile(SCHEMA)


def test_expired_waiver(check, tmp_path):
    """Also without connections."""
    waiver = {"rules": ["tls"], "connections": {"id": 1}, "reason": "Old", "owner": "jo", "expires": "2026-01-31"}
    policy = {"waivers": [waiver, {**waiver, "expires": "2999-01-31"}]}
    (tmp_path / "p.yml").write_text(json.dumps(policy), encoding="utf-8")
    run = check(policy=["starter", "p.yml"])
    assert run.returncode == 0, run.stdout
    printed = " ".join(run.stdout.split())
    assert printed.count("[WARNING]") == 1 and "p.yml, waiver 1 (tls; owner: jo) expired after 2026-01-31." in printed


def test_failing_tests(check, tmp_path):
    (tmp_path / "p.yml").write_text(THREE_FAILING_TESTS, encoding="utf-8")
    run = check(policy=["p.yml"], policy_vars="hosts: [a.example.com]")
    assert run.returncode == 2
    assert messages_of(run.stdout)["localhost"].splitlines() == [
        "3 of 4 tests failed:",
        f'{TEST} 1: rule tls: expected pass, got fail ("TLS" is not met: server.scheme is http).',
        f"{TEST} 2: rule tls: expected fail, pass, got inconclusive, pass (the parameters are hidden from the token).",
        f'{TEST} 4: rule hosts: expected pass, got fail ("Hosts" is not met: server.host is other, hosts is 1 item).',
    ]
    assert "Valid policy" not in run.stdout


def test_saved_connections(check, tmp_path):
    (tmp_path / "facts.json").write_text(json.dumps({"connections": [good(), BAD]}), encoding="utf-8")
    policy = """\
        rules:
          - {id: tls, title: T, severity: high, needs: [server], that: connection.params.alm_method == 'https'}
          - {id: name, title: T, severity: low, when: connection.system_id == 'Jira', that: connection.id > 0}
          - {id: scans, title: T, severity: low, when: connection.kind == 'analysis', that: connection.id > 0}
        waivers:
          - {rules: [tls], connections: {id: 2}, reason: r, owner: o, expires: 2099-12-31}
        tests:
          - {rule: tls, expect: pass}
    """
    (tmp_path / "p.yml").write_text(textwrap.dedent(policy), encoding="utf-8")
    run = check(policy="p.yml", connections_file="facts.json")
    assert run.returncode == 0
    assert lines_of(run.stdout)[:3] == [
        "tls: 1 test; 1 waived, 1 pass",
        "name: 0 tests; matches nothing, 2 not applicable",
        "scans: 0 tests; no subjects, 2 not applicable",
    ]
    assert "Rule name matches nothing" in run.stdout


def test_result(ansible, tmp_path):
    """Of the module. An audit by a policy with failing tests passes, because it does not evaluate them."""
    (tmp_path / "p.yml").write_text(THREE_FAILING_TESTS, encoding="utf-8")
    (tmp_path / "form.yml").write_text(THREE_FAILING_TESTS.replace("title: TLS", "titel: TLS"), encoding="utf-8")
    (tmp_path / "name.yml").write_text(THREE_FAILING_TESTS.replace("server.host", "sever.host"), encoding="utf-8")
    no_condition = "rules: [{id: odd, title: T, severity: low, that: connection.id}]"
    (tmp_path / "odd.yml").write_text(no_condition, encoding="utf-8")
    audit = "securitycompass.sdelements.sde_connection_audit"
    tasks = {
        "failed": {TASK: {"policy": ["p.yml"], "connections": [good()]}},
        "passed": {TASK: {"policy": ["odd.yml"]}},
        "odd": {TASK: {"policy": ["odd.yml"], "connections": [good(), BAD]}},
        "audited": {audit: {"policy": ["p.yml"], "connections": [good()]}},
        "invalid_form": {TASK: {"policy": ["form.yml"]}},
        "invalid_name": {TASK: {"policy": ["name.yml"]}},
        "invalid_facts": {TASK: {"policy": ["p.yml"], "connections": [good(server=None)]}},
        "both": {TASK: {"connections": [], "connections_file": "f"}},
        "choice": {TASK: {"fail_on": "high"}},
    }
    play = [{**task, "register": name, "ignore_errors": True} for name, task in tasks.items()]
    play.append(printing(list(tasks)))
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": play}]))
    run = ansible("ansible-playbook", tmp_path / "play.yml", cwd=tmp_path)
    failed, passed, odd, audited, *others = printed_results(run.stdout)
    assert failed["failed"] and failed["failure"]["kind"] == "policy" and failed["tests_passed"] == 1
    assert [(one["number"], one["rule"], one["actual"]) for one in failed["tests"]] == [
        (1, "tls", ["fail"]),
        (2, "tls", ["inconclusive", "pass"]),
        (4, "hosts", ["fail"]),
    ]
    states = {one["id"]: (one["state"], one["verdict_counts"]["pass"]) for one in failed["rules"]}
    assert states == {"tls": ("evaluated", 1), "hosts": ("evaluated", 1)}
    assert not passed["failed"] and passed["tests"] == [] and passed["rules"][0]["verdict_counts"] is None
    assert odd["failed"] and "Rule odd cannot be evaluated for 2 subjects, such as " in odd["msg"]
    assert audited["verdict"] == "pass"
    assert [(one["failure"]["kind"], one["msg"].splitlines()[-1]) for one in others] == [
        ("policy", "form.yml: rule tls: titel is not a known field; did you mean title?"),
        ("policy", "name.yml: rule hosts: connection.sever is not a known fact; did you mean server?"),
        ("option", others[2]["msg"]),
        ("option", "parameters are mutually exclusive: connections|connections_file"),
        ("option", others[-1]["msg"]),
    ]
    assert "connections[0].server must be a server" in others[2]["msg"] and "fail_on" in others[-1]["msg"]
