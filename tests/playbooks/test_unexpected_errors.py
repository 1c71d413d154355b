# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error that nothing expects, in each module and action: a failed result that does not repeat the error's text."""

from __future__ import annotations

import json
import os

import yaml

from tests import sample_reports
from tests.conftest import ROOT
from tests.support import printed_results, printing

PLANTED = ROOT / "tests" / "playbooks" / "planted"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
INFO_MODULES = [name for name in MODULES if name.endswith("_info")]
AS_MODULE = {"environment": {"SOME_VARIABLE": "makes it a module"}}
SERVER = {"url": "https://sde.example.com", "api_token": "a-token", "retries": 0}
OPTIONS = {
    **dict.fromkeys(INFO_MODULES, SERVER),
    "sde_connection_audit": {"connections": []},
    "sde_connection_audit_merge": {"report_files": ["report.json"]},
    "sde_connection_policy_check": {},
}
TASKS = [
    *((name, "action", {}) for name in MODULES),
    *((name, "module", AS_MODULE) for name in INFO_MODULES),
]


def test_unexpected_errors(ansible, tmp_path):
    tasks = [
        {f"securitycompass.sdelements.{name}": OPTIONS[name], "register": f"{name}_{way}", "ignore_errors": True, **how}
        for name, way, how in TASKS
    ]
    tasks.append(printing([one["register"] for one in tasks]))
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    (tmp_path / "report.json").write_text(json.dumps(sample_reports.small()), encoding="utf-8")
    run = ansible(
        "ansible-playbook",
        "-vvv",
        tmp_path / "play.yml",
        cwd=tmp_path,
        PYTHONPATH=os.pathsep.join([str(PLANTED), os.environ.get("PYTHONPATH", "")]),
        ANSIBLE_CALLBACK_PLUGINS=str(PLANTED),
        ANSIBLE_CALLBACKS_ENABLED="planted_error",
    )
    assert run.returncode == 0, run.stdout
    found = printed_results(run.stdout)
    kinds = [result["failure"]["kind"] for result in found]
    assert kinds == ["internal"] * len(TASKS)
    assert all("KeyError" in result["msg"] and result["failed"] for result in found)
    assert "hunter2" not in run.stdout + json.dumps(found)
