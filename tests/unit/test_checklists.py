# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checklists of maintainers agree with the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHECKLISTS = (ROOT / ".github" / "checklists.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.once


def test_checklist_evidence_exists():
    rows = re.findall(r"^\| (?!asked|---).* \| (.+) \|$", CHECKLISTS, re.MULTILINE)
    assert len(rows) > 40
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for row in rows:
        shown_by = re.findall(r"`([^`]+)`", re.sub(r"\(.*?\)", "", row))
        assert shown_by, row
        for one in shown_by:
            found = f"\n{one[5:]}: " in makefile if one.startswith("make ") else (ROOT / one).exists()
            assert found, f"{one}: {row}"


def test_plugin_folders_match_checklist():
    folders = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    assert folders == set(
        re.search(r"only the known folders in `plugins/` \| (.*?) \|", CHECKLISTS)[1].replace("`", "").split(", ")
    )


def test_modules_do_not_return_ansible_facts():
    assert [
        path.name for path in ROOT.glob("plugins/mod*/*.py") if "ansible_facts" in path.read_text(encoding="utf-8")
    ] == []


def test_private_utilities_have_prefix_and_banner():
    for folder in (ROOT / "plugins" / "module_utils", ROOT / "plugins" / "plugin_utils"):
        for path in folder.rglob("*.py"):
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            assert str(path.relative_to(folder)).startswith("_"), path
            assert docstring.startswith("Private to this collection: "), path


def test_sanity_ignore_files_are_absent():
    assert list((ROOT / "tests").glob("sanity/ignore*")) == []


def test_readme_has_required_sections():
    headings = re.findall(r"^## (.*)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [
        "Description",
        "Requirements",
        "Installation",
        "Use Cases",
        "Testing",
        "Support",
        "Release Notes",
        "Related Information",
        "License Information",
    ]


def test_galaxy_metadata_is_complete():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["dependencies"] == {} and "security" in galaxy["tags"]
    assert galaxy["license"] == ["GPL-3.0-or-later"]
    assert galaxy["issues"].startswith("https://") and galaxy["repository"].startswith("https://")
