# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site: broken links, links between repository and site, the theme, the sidebar."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.tools import docs

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.once


def test_broken_links_lists_missing_pages_and_anchors(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "style.css").touch()
    (tmp_path / "sub" / "index.html").write_text('<h1 id="top">Sub</h1> <a href="../index.html#here">up</a>')
    (tmp_path / "index.html").write_text(
        '<p id="here"></p> <link href="style.css"> <a href="#here">1</a> <a href="sub/#top">2</a> '
        '<a href="https://example.com">3</a>'
        '<a href="gone.html">4</a> <a href="#gone">5</a> <a href="sub/index.html#gone">6</a> '
        '<img src="gone.png"> <a href="../out.html">7</a>'
    )
    assert docs.broken_links(tmp_path) == [
        f"index.html: {link}" for link in ("gone.html", "#gone", "sub/index.html#gone", "gone.png", "../out.html")
    ]


def test_with_links_of_the_site_replaces_links_outside_code():
    places = docs.pages()
    page = ROOT / "docs" / "user_guide.md"
    text = (
        "[a](secrets.md#your-token) [b](../README.md) [c](../galaxy.yml) [d](#x) [e](https://e.example) "
        "`[f](gone.md)`\n```text\n[g](gone.md)\n```\n"
    )
    changed = docs.rewrite_links(text, page, places, "https://repository.example")
    assert re.findall(r"\]\((.*?)\)", changed) == [
        "secrets.md#your-token",
        "../readme.md",
        "https://repository.example/tree/main/galaxy.yml",
        "#x",
        "https://e.example",
        "gone.md",
        "gone.md",
    ]
    with pytest.raises(SystemExit, match=r"docs/user_guide.md: gone.md does not exist"):
        docs.rewrite_links("[x](gone.md)", page, places, "")


def test_complaints_lists_pages_that_break_the_theme(tmp_path):
    (tmp_path / "good.html").write_text('<p class="contents">')
    (tmp_path / "bad.html").write_text('<nav class="contents local" id="contents">')
    assert docs.pages_with_own_contents(tmp_path) == ["bad.html"]


def test_in_the_theme_shortens_antsibull_title_and_removes_contents():
    title = "securitycompass.sdelements.some role -- Do it"
    text = docs.adapt_to_theme(f"{title}\n{'+' * len(title)}\n\n.. contents::\n   :local:\n   :depth: 2\n\nText\n")
    assert text == "some role\n+++++++++\n\n**Do it**\n\n\nText\n"


@pytest.mark.parametrize("comma", ["", ","], ids=["role", "plugin"])
def test_reference_explains_the_installation_as_the_readme(comma):
    text = docs.adapt_to_theme(
        "    part of the `securitycompass.sdelements collection <https://galaxy.ansible.com/ui/>`_ (version 1.0.0).\n"
        f"    To install it{comma} use: :code:`ansible\\-galaxy collection install securitycompass.sdelements`.\n"
        "    See `other.sdelements collection <https://galaxy.ansible.com/other/>`_.\n"
    )
    assert text == (
        "    part of the securitycompass.sdelements collection (version 1.0.0).\n"
        "    To install it, see `Installation <../../../readme.html#installation>`__.\n"
        "    See `other.sdelements collection <https://galaxy.ansible.com/other/>`_.\n"
    )


def test_sidebar_lists_each_guide():
    index = (ROOT / "docs" / "site" / "index.md").read_text(encoding="utf-8")
    guides = [path.stem for path in sorted((ROOT / "docs").glob("*.md"))]
    assert [guide for guide in guides if f"\nguides/{guide}\n" not in index] == []


def test_each_schema_is_published_at_its_id(tmp_path):
    docs.publish_schemas(tmp_path)
    schemas = {path: json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("plugins/**/*.json")}
    assert len(schemas) == 2
    published = {
        schema["$id"]: (tmp_path / schema["$id"].removeprefix(docs.ADDRESS)).read_text(encoding="utf-8")
        for schema in schemas.values()
    }
    assert {name: json.loads(text) for name, text in published.items()} == {one["$id"]: one for one in schemas.values()}
    # Documentation links to no other file of the site.
    linked = set()
    for path in [*ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/modules/*.py"), ROOT / "README.md"]:
        linked |= set(re.findall(rf"{re.escape(docs.ADDRESS)}schemas/[\w.-]*\w", path.read_text(encoding="utf-8")))
    assert linked == set(published)


def test_schema_elsewhere_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "x.schema.json").write_text('{"$id": "https://example.com/x.json"}')
    with pytest.raises(SystemExit, match=r"plugins/x\.schema\.json: \$id must start with https://securitycompass"):
        docs.publish_schemas(tmp_path / "site")


def test_address_is_that_of_the_repository():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    owner, name = galaxy["repository"].split("/")[-2:]
    assert f"https://{owner}.github.io/{name}/" == docs.ADDRESS


def test_commands_install_this_release_from_git():
    """The collection is not on Galaxy yet."""
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    pages = [ROOT / "README.md", *(path for path in ROOT.glob("docs/**/*") if path.suffix in (".md", ".yml", ""))]
    texts = {path: path.read_text(encoding="utf-8") for path in pages if path.is_file()}
    commands = {path: re.findall(r"ansible-galaxy collection install (\S+)", text) for path, text in texts.items()}
    installed = {source for sources in commands.values() for source in sources}
    assert installed == {"-r", f"git+{galaxy['repository']}.git,{galaxy['version']}"}
