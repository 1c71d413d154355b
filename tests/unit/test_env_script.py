# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the script that makes the environment of 'make demo' and 'make env'."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("unreachable", [{"HTTPS_PROXY": "http://127.0.0.1:9"}, {"PIP_NO_INDEX": "1"}])
def test_env_without_package_index(tmp_path, unreachable):
    """One package shows that all are missing. Nothing listens at the address of the proxy."""
    for name in ("requirements", "tests/tools"):
        shutil.copytree(ROOT / name, tmp_path / name)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    settings.update(PIP_CONFIG_FILE=os.devnull, **unreachable)
    command = ["tests/tools/env.sh", "demo"]
    run = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.count("ERROR: No matching distribution found") == 1
    assert "The packages of requirements/demo.txt cannot be installed" in run.stderr
    assert "HTTPS_PROXY" in run.stderr.splitlines()[-1] and "PIP_INDEX_URL" in run.stderr.splitlines()[-1]
