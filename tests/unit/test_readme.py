# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md: its length, its tables, and its links on GitHub, on the documentation site and on Galaxy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from galaxy_importer.utils import markup

from tests.tools import docs, release

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = "docs/images/audit_report.png"

pytestmark = pytest.mark.once


def test_readme_is_short():
    assert len(README.splitlines()) < 150


def test_readme_tables_list_all_plugins_roles_and_playbooks():
    listed = re.findall(r"^\| (\[`\w+`\]\(.*?) \|", README, re.MULTILINE)
    names = [name for cell in listed for name in re.findall(r"`(\w+)`", cell)]
    folders = ("plugins/modules/*.py", "plugins/filter/*.py", "extensions/eda/plugins/event_source/*.py")
    folders += ("roles/*", "playbooks/*.yml")
    assert sorted(names) == sorted(path.stem for folder in folders for path in ROOT.glob(folder))


def test_readme_picture_is_small():
    picture = (ROOT / PICTURE).read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) < 200_000


def test_galaxy_readme_has_absolute_links():
    shown = markup._render_from_markdown(
        markup.DocFile("README.md", release.with_absolute_links(README), "text/markdown", "")
    )
    links = re.findall(r'(?:href|src)="(.*?)"', shown)
    at_version = f"{release.read_galaxy()['repository']}/{{}}/{release.read_galaxy()['version']}/"
    assert [link for link in links if not link.startswith("https://")] == []
    assert f"{at_version.format('raw')}{PICTURE}" in links
    assert f"{at_version.format('tree')}docs/facts.md#hidden-parameters" in links


def test_rewrite_links_to_pictures_and_reference_pages():
    places = docs.pages() | docs.reference_pages()
    text = (
        f"![a]({PICTURE}) [b](plugins/modules/sde_connection_audit.py) [c](roles/connection_audit/README.md) "
        "[d](plugins/filter/egress.py)"
    )
    changed = docs.rewrite_links(text, ROOT / "README.md", places, "https://repository.example")
    assert re.findall(r"\]\((.*?)\)", changed) == [
        "guides/images/audit_report.png",
        "collections/securitycompass/sdelements/sde_connection_audit_module.rst",
        "collections/securitycompass/sdelements/connection_audit_role.rst",
        "collections/securitycompass/sdelements/egress_filter.rst",
    ]
