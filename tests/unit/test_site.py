# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site's tools: links that lead nowhere are found, and the picture is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools import architecture, docs

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.once


def test_links_that_lead_nowhere_are_found(tmp_path):
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


def test_links_of_the_repository_become_those_of_the_site():
    places = docs.pages()
    page = ROOT / "docs" / "user_guide.md"
    text = (
        "[a](secrets.md#your-token) [b](../README.md) [c](../galaxy.yml) [d](#x) [e](https://e.example) "
        "`[f](gone.md)`\n```text\n[g](gone.md)\n```\n"
    )
    changed = docs.with_links_of_the_site(text, page, places, "https://repository.example")
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
        docs.with_links_of_the_site("[x](gone.md)", page, places, "")


def test_a_page_that_the_theme_dislikes_is_found(tmp_path):
    (tmp_path / "good.html").write_text('<p class="contents">')
    (tmp_path / "bad.html").write_text('<nav class="contents local" id="contents">')
    assert docs.complaints(tmp_path) == ["bad.html"]


def test_pages_of_antsibull_docs():
    title = "securitycompass.sdelements.some role -- Do it"
    text = docs.in_the_theme(f"{title}\n{'+' * len(title)}\n\n.. contents::\n   :local:\n   :depth: 2\n\nText\n")
    assert text == "some role\n+++++++++\n\n**Do it**\n\n\nText\n"


def test_each_guide_is_in_the_sidebar():
    index = (ROOT / "docs" / "site" / "index.md").read_text(encoding="utf-8")
    guides = [path.stem for path in sorted((ROOT / "docs").glob("*.md"))]
    assert [guide for guide in guides if f"\nguides/{guide}\n" not in index] == []


def test_picture_is_that_of_the_code():
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.picture(), "run 'make docs'"


def test_an_arrow_that_goes_up_is_found():
    low, high = (architecture.Room(name, "", (), layer, 0) for name, layer in (("low", 2), ("high", 1)))
    assert architecture.upward(
        {(high, low): "fine", (low, high): "wrong", (low, low._replace(name="beside")): "wrong, too"}
    ) == [
        "wrong",
        "wrong, too",
    ]


def test_a_file_without_a_room_is_named():
    with pytest.raises(SystemExit, match=r"plugins/lookup/new\.py is in no room"):
        architecture.room_of("plugins/lookup/new.py", architecture.rooms())
