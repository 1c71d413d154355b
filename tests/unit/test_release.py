# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""'make release-check': errors in a release's version, changelog and artifact."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tools import release

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.once


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Metadata of a release 1.0.0 that is in order."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    (tmp_path / "changelogs" / "fragments").mkdir(parents=True)
    (tmp_path / "plugins" / "filter").mkdir(parents=True)
    (tmp_path / "galaxy.yml").write_text("version: 1.0.0\n")
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases: {0.9.0: {}, 0.10.0: {}, 1.0.0: {}}\n")
    (tmp_path / "CHANGELOG.md").write_text("# Release Notes\n\n## v1\\.0\\.0\n\n## v0\\.10\\.0\n")
    (tmp_path / "plugins" / "filter" / "some.py").write_text("version_added: 1.0.0\n")
    return tmp_path


def test_version_problems_of_this_repository():
    assert [problem for problem in release.version_problems() if "release to come" not in problem] == []


def test_valid_release_has_no_problems(repository):
    assert release.version_problems() == release.version_problems("1.0.0") == release.unreleased_fragments() == []


@pytest.mark.parametrize(
    "name, text, problem",
    [
        ("galaxy.yml", "version: 1.0.1\n", "the newest release is 1.0.0, and galaxy.yml says 1.0.1"),
        ("galaxy.yml", "version: v1.0.0\n", "v1.0.0 is not a semantic version"),
        (
            "changelogs/changelog.yaml",
            "releases: {0.9.0: {}, 0.10.0: {}}\n",
            "the newest release is 0.10.0, and galaxy.yml says 1.0.0",
        ),
        ("CHANGELOG.md", "## v0\\.10\\.0\n", "CHANGELOG.md begins with ['0.10.0'], and galaxy.yml says 1.0.0"),
        (
            "plugins/filter/some.py",
            "version_added: '1.1.0'\n",
            "plugins/filter/some.py: 1.1.0 is added in a release to come",
        ),
    ],
)
def test_version_problems_name_the_file(repository, name, text, problem):
    (repository / name).write_text(text)
    assert any(problem in found for found in release.version_problems())


@pytest.mark.parametrize("tag", ["v1.0.0", "1.0.1", "release-1.0.0"])
def test_version_problems_name_a_wrong_tag(repository, tag):
    assert release.version_problems(tag) == [f"the tag is {tag}, and must be 1.0.0, as in galaxy.yml"]


def test_unreleased_fragments_are_named(repository):
    (repository / "changelogs" / "fragments" / "new.yml").touch()
    assert release.unreleased_fragments() == ["changelogs/fragments/new.yml is in no release: run 'make changelog'"]


def test_notes_are_the_section_of_the_changelog(repository):
    (repository / "CHANGELOG.md").write_text(
        '# Release Notes\n\n- <a href="#v1-0-0">v1\\.0\\.0</a>\n\n<a id="v1-0-1"></a>\n## v1\\.0\\.1\n\nLater\\.\n\n'
        '<a id="v1-0-0"></a>\n## v1\\.0\\.0\n\n<a id="fixes"></a>\n### Fixes\n\n* One\\.\n\n'
        '<a id="v0-10-0"></a>\n## v0\\.10\\.0\n\nOld\\.\n'
    )
    assert release.release_notes() == '<a id="fixes"></a>\n### Fixes\n\n* One\\.\n'


def test_importer_messages_are_errors_and_warnings():
    log = (
        "Importing with galaxy-importer 0.4\nWARNING: plugins/x.py:8:1: F401 unused\nLoading module x\n"
        "ERROR: no such tag\nno error here\n"
    )
    assert release.importer_messages(log) == ["WARNING: plugins/x.py:8:1: F401 unused", "ERROR: no such tag"]


def test_run_exits_if_program_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "BUILD", tmp_path)
    with pytest.raises(SystemExit, match=r"(?s)so it is.*This failed with 3: "):
        release.run(sys.executable, "-c", "print('so it is'); raise SystemExit(3)")
