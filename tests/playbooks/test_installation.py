# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installation that README.md describes, from a git repository and from a file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.playbooks.test_documentation_examples import INSTALLS, blocks, yaml_blocks
from tests.tools.sanity import tracked_files

GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
REQUIREMENTS = {
    yaml.safe_load(block.text)["collections"][0]["type"]: block.text for block in yaml_blocks("requirements")
}
COMMANDS = {block.page.stem: block.text for block in blocks("shell") if INSTALLS.search(block.text)}


def git_settings(folder: Path) -> dict[str, str]:
    """Commit the tracked files, tag them with the version, and have git find them at the address of the repository."""
    repository = folder / "repository"
    for name in tracked_files():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, repository / name)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=Test"],
        ["tag", GALAXY["version"]],
    ):
        subprocess.run(["git", *identity, *command], cwd=repository, check=True)
    key = f"url.{repository.as_uri()}.insteadOf"
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": f"{GALAXY['repository']}.git"}


@pytest.mark.parametrize("kind", ["git", "file"])
def test_installation(ansible, tmp_path, kind):
    variables = git_settings(tmp_path) if kind == "git" else {}
    if kind == "file":
        assert ansible("ansible-galaxy", "collection", "build", "--output-path", tmp_path).returncode == 0
    (tmp_path / "requirements.yml").write_text(REQUIREMENTS[kind], encoding="utf-8")
    installed = tmp_path / "installed"

    def install(page: str) -> str:
        shell = ("bash", "-euo", "pipefail", "-c", COMMANDS[page])
        run = ansible(*shell, collections=installed, cwd=tmp_path, **variables)
        assert run.returncode == 0, run.stdout
        return run.stdout

    assert "securitycompass.sdelements.sde_connection_audit " in install("README")
    collection = installed / "ansible_collections" / "securitycompass" / "sdelements"
    manifest = json.loads((collection / "MANIFEST.json").read_text(encoding="utf-8"))
    assert manifest["collection_info"]["version"] == GALAXY["version"]
    # An upgrade replaces the installed files.
    shutil.rmtree(collection / "plugins")
    install("getting_started")
    assert (collection / "plugins" / "modules" / "sde_connection_audit.py").is_file()
