# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on the oldest Python and requests that they support. 'make matrix' brings them."""

from __future__ import annotations

import json
import os

import pytest
import yaml

from tests.conftest import INFO_MODULES
from tests.support import access

PYTHON = os.environ.get("TARGET_PYTHON")

pytestmark = pytest.mark.skipif(not PYTHON, reason="TARGET_PYTHON names no interpreter (make matrix does)")

# Each shows the version that it ran on, so that no other interpreter can have done the work.
WHICH = "import sys, requests; print('%d.%d' % sys.version_info[:2], requests.__version__)"


@pytest.mark.parametrize("generation", ["3.2", "newest"])
@pytest.mark.parametrize("kind", INFO_MODULES)
def test_modules(start, ansible, tmp_path, kind, generation):
    server = start(generation)
    module = {f"securitycompass.sdelements.{INFO_MODULES[kind]}": {}}
    copy = {
        "content": "{{ {'facts': facts, 'which': which.stdout} | to_json }}",
        "dest": str(tmp_path / "out"),
        "mode": "0600",
    }
    tasks = [
        {"ansible.builtin.command": {"argv": ["{{ ansible_python_interpreter }}", "-c", WHICH]}, "register": "which"},
        # With an environment of its own, a task runs as a module.
        {**module, "register": "facts", "environment": {"SOME_VARIABLE": "makes it a module"}},
        {"ansible.builtin.copy": copy},
    ]
    playbook = tmp_path / "play.yml"
    variables = {"ansible_python_interpreter": PYTHON}
    playbook.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}])
    )
    run = ansible("ansible-playbook", playbook, "-vvv", **access(server))
    assert run.returncode == 0, run.stdout
    assert "runs as a module: environment is set" in run.stdout
    assert PYTHON in run.stdout.partition("SOME_VARIABLE=")[2]
    found = json.loads((tmp_path / "out").read_text())
    assert found["which"] == "3.9 2.25.1"
    # The oldest release has no connectors.
    has_list = generation == "newest" or not kind.endswith("_connector")
    assert found["facts"]["count"] == (len(server.records(kind)) if has_list else 0)


def test_failure(start, ansible, tmp_path):
    playbook = tmp_path / "play.yml"
    task = {
        "securitycompass.sdelements.sde_alm_connection_info": {"api_token": "not-the-token"},
        "environment": {"SOME_VARIABLE": "makes it a module"},
        "vars": {"ansible_python_interpreter": PYTHON},
    }
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    run = ansible("ansible-playbook", playbook, SDE_HOST=start("newest").url)
    assert run.returncode == 2
    assert "returned 401" in run.stdout, run.stdout
