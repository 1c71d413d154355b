# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site into build/docs, and check every link within it.

Its pages are the guides of docs/, a few pages of the root, and antsibull-docs' reference of plugins and roles.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build" / "docs"
SOURCE = ROOT / "build" / "docs-source"
# GitHub Pages publishes the site here.
ADDRESS = "https://securitycompass.github.io/ansible-collection-sdelements/"
COLLECTION = "securitycompass.sdelements"
OTHER_PAGES = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "docs/site/index.md": "index.md",
}
# A link from the reference of a plugin or role.
INSTALLATION = "`Installation <../../../readme.html#installation>`__"
# Markdown's links, outside of code.
LINK = re.compile(r"(?P<code>^```.*?^```$|`[^`\n]+`)|\]\((?P<target>[^)\s]+)\)", re.MULTILINE | re.DOTALL)


def pages() -> dict[Path, Path]:
    """Return where each page and picture of the repository is on the site."""
    found = {ROOT / name: SOURCE / place for name, place in OTHER_PAGES.items()}
    docs = ROOT / "docs"
    for path in sorted([*docs.iterdir(), *docs.glob("images/*")]):
        if path.is_file():
            found[path] = SOURCE / "guides" / path.relative_to(docs)
    return found


def reference_pages() -> dict[Path, Path]:
    """Return where the documentation of each plugin and role of the repository is on the site."""
    folder = SOURCE / "collections" / Path(*COLLECTION.split("."))
    found = {path: folder / f"{path.parent.name}_role.rst" for path in ROOT.glob("roles/*/README.md")}
    for kind, name in (("module", "modules"), ("filter", "filter")):
        found |= {path: folder / f"{path.stem}_{kind}.rst" for path in ROOT.glob(f"plugins/{name}/*.py")}
    return found


def rewrite_links(text: str, page: Path, places: dict[Path, Path], repository: str, version: str = "main") -> str:
    """Return a page whose links lead to other pages of the site, or else to a version of the repository."""

    def replace(match: re.Match[str]) -> str:
        target = match["target"]
        if match["code"] or target.startswith("#") or urlsplit(target).scheme:
            return match[0]
        path, number_sign, anchor = target.partition("#")
        linked = (page.parent / path).resolve()
        if not linked.exists():
            sys.exit(f"{page.relative_to(ROOT)}: {target} does not exist.")
        if linked in places:
            new = os.path.relpath(places[linked], places[page].parent)
        else:
            # Only the raw file of a picture is a picture.
            kind = "raw" if linked.suffix == ".png" else "tree"
            new = f"{repository}/{kind}/{version}/{linked.relative_to(ROOT)}"
        return f"]({new}{number_sign}{anchor})"

    return LINK.sub(replace, text)


def prepare() -> dict[str, str]:
    """Lay out the source of the site. Return the collection's galaxy.yml."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    (SOURCE / "_static").mkdir(parents=True)
    for name, place in {"conf.py": "", "custom.css": "_static"}.items():
        shutil.copy2(ROOT / "docs" / "site" / name, SOURCE / place / name)
    own_pages = pages()
    places = own_pages | reference_pages()
    for path, place in own_pages.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            place.write_text(rewrite_links(text, path, places, galaxy["repository"]), encoding="utf-8")
        else:
            shutil.copy2(path, place)
    return galaxy


def write_reference() -> None:
    """Have antsibull-docs write a page for each plugin and role."""
    # It wants a folder in which nobody else can write.
    SOURCE.chmod(0o755)
    options = ["--use-current", "--no-indexes", "--no-add-antsibull-docs-version", "--fail-on-error"]
    run("antsibull-docs", "collection", *options, "--dest-dir", SOURCE, COLLECTION)
    # No plugin declares any there: options of modules say in their description what they fall back on.
    (SOURCE / "collections" / "environment_variables.rst").unlink()
    for path in SOURCE.glob("collections/*/*/*.rst"):
        path.write_text(adapt_to_theme(path.read_text(encoding="utf-8")), encoding="utf-8")


def adapt_to_theme(text: str) -> str:
    """Return a page of antsibull-docs with short titles, no table of contents, and this collection's installation."""
    text = re.sub(r"^\.\. contents::\n(?:   :.*\n)+", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\.\. seealso::\n\n +List of :ref:`collections.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(
        r"^Securitycompass\.Sdelements\n=+$", "Modules, plugins and roles\n" + "=" * 26, text, flags=re.MULTILINE
    )
    name = re.escape(COLLECTION)
    # The collection is not on Galaxy yet; README.md explains how to install it.
    text = re.sub(rf"`({name} collection) <https://galaxy\.ansible\.com/[^>]*>`_", r"\1", text)
    text = re.sub(r"To install it,? use: :code:`[^`]*`\.", f"To install it, see {INSTALLATION}.", text)
    return re.sub(rf"^{name}\.(\w+ \w+) -- (.*)\n\++$", _title, text, count=1, flags=re.MULTILINE)


def _title(match: re.Match[str]) -> str:
    return f"{match[1]}\n{'+' * len(match[1])}\n\n**{match[2]}**"


def build(version: str) -> None:
    """Have Sphinx make the site. Each warning is an error."""
    shutil.rmtree(SITE, ignore_errors=True)
    options = ["-b", "html", "-n", "-W", "--keep-going", "-q", "-j", "2", "-d", SOURCE / ".doctrees"]
    run("sphinx-build", *options, SOURCE, SITE, COLLECTION_VERSION=version)


def publish_schemas(site: Path) -> None:
    """Copy each JSON Schema of the collection to the place that its $id names."""
    for path in sorted(ROOT.glob("plugins/**/*.schema.json")):
        identifier = json.loads(path.read_text(encoding="utf-8"))["$id"]
        if not identifier.startswith(ADDRESS):
            sys.exit(f"{path.relative_to(ROOT)}: $id must start with {ADDRESS}.")
        place = site / identifier.removeprefix(ADDRESS)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def run(*command: object, **variables: str) -> None:
    """Run a program, which says itself what is wrong."""
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode:
        sys.exit(f"{words[0]} failed, see above.")


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's links and its id."""
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


def broken_links(site: Path) -> list[str]:
    """Return the links of a site that lead to no page, file or anchor of it, and all that a browser would fetch."""
    site = site.resolve()
    all_pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    broken = []
    for path, page in all_pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            found = target.is_file() and target.is_relative_to(site)
            if not found or (target in all_pages and unquote(parts.fragment) not in all_pages[target].anchors):
                broken.append(f"{path.relative_to(site)}: {link}")
    return broken


def pages_with_own_contents(site: Path) -> list[str]:
    """Return the pages with a table of contents of their own, where the theme shows an error in red."""
    return [
        str(path.relative_to(site))
        for path in sorted(site.rglob("*.html"))
        if '<nav class="contents' in path.read_text(encoding="utf-8")
    ]


def main() -> int:
    """Build and check."""
    galaxy = prepare()
    write_reference()
    build(galaxy["version"])
    publish_schemas(SITE)
    broken = broken_links(SITE)
    for link in broken:
        print(f"This link leads nowhere: {link}")
    rejected = pages_with_own_contents(SITE)
    for page in rejected:
        print(f"The theme shows an error on this page: {page}")
    if not broken and not rejected:
        print(f"The site is in {SITE.relative_to(ROOT)}/index.html.")
    return 1 if broken or rejected else 0


if __name__ == "__main__":
    sys.exit(main())
