# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""'make matrix': the choice of interpreters, skipped releases, and its exit status."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml

from tests.tools import interpreters, matrix

ROOT = Path(__file__).resolve().parents[2]
MINOR = "{}.{}".format(*sys.version_info)

pytestmark = pytest.mark.once


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without any Python. A function adds one that a script stands for."""

    def add(folder: str, name: str, script: str) -> Path:
        python = tmp_path / folder / name
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{python.parent}")
        return python

    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return add


def test_find_skips_interpreter_that_cannot_run(machine):
    real = Path(sys.base_prefix) / "bin" / f"python{MINOR}"
    machine("shims", f"python{MINOR}", "echo no such version >&2; exit 127")
    assert interpreters.find(MINOR) is None
    machine("another", f"python{MINOR}", f'exec {sys.executable} "$@"  # a virtual environment\'s')
    assert interpreters.find(MINOR) is None
    good = machine("good", f"python{MINOR}", f"exec '{real}' \"$@\"")
    assert interpreters.find(MINOR) == good
    assert interpreters.find("3.99") is None


def test_find_skips_interpreter_of_another_version(machine):
    machine("wrong", "python3.1", f"exec '{Path(sys.base_prefix) / 'bin' / f'python{MINOR}'}' \"$@\"")
    assert interpreters.find("3.1") is None


def test_main_prints_missing_interpreters(machine, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    monkeypatch.setattr(matrix, "BUILD", tmp_path / "matrix")
    monkeypatch.setattr(sys, "argv", ["matrix", "2.16", "2.22"])
    assert matrix.main() == 1
    printed = capsys.readouterr().out
    assert "2.16: skipped: this machine has no Python 3.11 or 3.12" in printed
    assert "2.22: skipped: this machine has no Python 3.13 or 3.14 or 3.15" in printed
    assert "Skipped: modules on Python 3.9" in printed
    assert "2.21" not in printed


def core(version: str, may_fail: str = "", python: str = "3.12.1", failed: bool = False) -> matrix.AnsibleCore:
    return matrix.AnsibleCore(version, "", [], may_fail, python=python, failed=failed)


@pytest.mark.parametrize(
    "tested, status",
    [
        ([core("2.16"), core("2.17")], 0),
        ([core("2.16"), core("2.17", failed=True)], 1),
        ([core("2.16"), core("2.22", "candidate", failed=True)], 0),
        ([core("2.16"), core("2.17", python="-")], 0),
        ([core("2.16", python="-")], 1),
        ([core("2.22", "candidate", failed=True)], 1),
    ],
)
def test_status_fails_for_required_releases_only(tested, status):
    assert matrix.status(tested) == status


def test_run_stops_command_at_timeout(tmp_path):
    status, printed = matrix.run(["sh", "-c", "echo begun; exec sleep 60"], tmp_path / "log", timeout=3)
    assert status == 124
    assert printed.splitlines()[1:] == ["begun", "", "stopped after 3 s"]


def test_select_cores_rejects_unknown_release():
    with pytest.raises(SystemExit, match=r"Unknown in CORES: 2\.9\. Known are 2\.16, "):
        matrix.select_cores(["2.16", "2.9"])


def test_versions_match_documentation():
    oldest = next(iter(matrix.VERSIONS["core"]))
    requires = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert requires == f">={oldest}.0"
    readme = (ROOT / "README.md").read_text()
    assert f"| ansible-core | {oldest} or newer |" in readme
    assert f"| {matrix.VERSIONS['target']['python']} or newer, with [requests]" in readme
    assert f"{matrix.VERSIONS['target']['packages'][0].partition('==')[2]} or newer |" in readme
