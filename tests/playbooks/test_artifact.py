# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built artifact, installed in an empty place and run from there."""

from __future__ import annotations

import shutil
import tarfile

import pytest

from tests.playbooks.test_playbooks import assert_clean
from tests.support import access

# A user needs nothing else.
PARTS = {"meta", "plugins", "playbooks", "roles", "extensions", "docs", "changelogs"}
FILES = {"MANIFEST.json", "FILES.json", "README.md", "LICENSE", "CHANGELOG.md"}


@pytest.fixture(scope="module")
def artifact(module_ansible, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifact")
    run = module_ansible("ansible-galaxy", "collection", "build", "--output-path", folder)
    assert run.returncode == 0, run.stdout
    return next(folder.glob("securitycompass-sdelements-*.tar.gz"))


def test_contents(artifact):
    with tarfile.open(artifact) as archive:
        names = [member.name for member in archive.getmembers() if member.isfile()]
    assert {name for name in names if "/" not in name} == FILES
    assert {name.partition("/")[0] for name in names if "/" in name} == PARTS
    assert not [name for name in names if name.endswith(".pyc")]


def test_installed_and_run(artifact, ansible, start, tmp_path):
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = ["ansible-galaxy", "collection", "install", "--offline", "-p", place, artifact]
    assert ansible(*command, collections=place).returncode == 0
    # Names that users call must work without anything else.
    for path in (place / "ansible_collections" / "securitycompass" / "sdelements").iterdir():
        if path.name not in ("meta", "playbooks", "plugins", "roles"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    server = start("newest")
    run = ansible(
        "ansible-playbook",
        "securitycompass.sdelements.list_connections",
        collections=place,
        cwd=elsewhere,
        **access(server),
    )
    assert_clean(run)
    assert "Rally Integration" in run.stdout
