# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository's metadata: licence headers, requirements, the action group."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import editorconfig
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.once

HEADER = (
    "SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors",
    "SPDX-License-Identifier: GPL-3.0-or-later",
)
# Files that cannot hold comments, are prose, or are generated.
NO_HEADER_SUFFIXES = {".csv", ".json", ".md", ".pem", ".png", ".svg"}
NO_HEADER_FILES = {"LICENSE", "changelogs/changelog.yaml"}


def repository_files() -> list[str]:
    """Return all files that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = os.fsdecode(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def needs_header(name: str) -> bool:
    """Tell whether a file needs the licence header. Empty files do not."""
    path = ROOT / name
    return name not in NO_HEADER_FILES and path.suffix not in NO_HEADER_SUFFIXES and path.stat().st_size > 0


def test_source_files_have_licence_header() -> None:
    without = []
    for name in filter(needs_header, repository_files()):
        start = (ROOT / name).read_text(encoding="utf-8").splitlines()[:5]
        if not all(any(wanted in line for line in start) for wanted in HEADER):
            without.append(name)
    assert without == []


def editorconfig_errors(content: bytes, properties: dict[str, str]) -> list[str]:
    """Return how a file differs from its properties. ruff checks the length of lines."""
    try:
        text = content.decode(properties["charset"])
    except UnicodeDecodeError:
        return ["charset"]
    lines = text.splitlines(keepends=True)
    indents = "".join(line[: len(line) - len(line.lstrip())].rstrip("\r\n") for line in lines)
    errors = {
        "end_of_line": "\r" in text,
        "insert_final_newline": text and not text.endswith("\n"),
        "trim_trailing_whitespace": any(line.rstrip("\r\n") != line.rstrip() for line in lines),
        "indent_style": {"space": "\t", "tab": " "}[properties["indent_style"]] in indents,
    }
    return [name for name, is_wrong in errors.items() if is_wrong and properties[name] != "false"]


def test_files_are_written_as_editorconfig_says() -> None:
    texts = [name for name in repository_files() if Path(name).suffix != ".png"]
    found = {
        name: editorconfig_errors((ROOT / name).read_bytes(), editorconfig.get_properties(str(ROOT / name)))
        for name in texts
    }
    assert {name: errors for name, errors in found.items() if errors} == {}


@pytest.mark.parametrize(
    "name, content, errors",
    [
        ("a.py", b"if a:\n    b\n", []),
        ("a.py", b"\xff", ["charset"]),
        ("a.py", b"a\r\n", ["end_of_line"]),
        ("a.py", b"a", ["insert_final_newline"]),
        ("a.py", b"a \n", ["trim_trailing_whitespace"]),
        ("a.py", b"if a:\n\tb\n", ["indent_style"]),
        ("Makefile", b"a:\n\tb\n", []),
        ("Makefile", b"a:\n  b\n", ["indent_style"]),
        ("empty", b"", []),
    ],
)
def test_editorconfig_errors_are_found(name: str, content: bytes, errors: list[str]) -> None:
    assert editorconfig_errors(content, editorconfig.get_properties(str(ROOT / name))) == errors


def test_requirements_contain_no_url() -> None:
    files = [*ROOT.glob("requirements/*.txt"), ROOT / "meta" / "ee-requirements.txt"]
    assert [str(path) for path in files if "://" in path.read_text(encoding="utf-8")] == []


def test_minimum_requests_version_is_consistent() -> None:
    places = [
        "meta/ee-requirements.txt",
        "plugins/doc_fragments/sdelements.py",
        "plugins/module_utils/_requests.py",
        "requirements/demo.txt",
    ]
    found = {place: re.findall(r"requests>=([\d.]+)", (ROOT / place).read_text(encoding="utf-8")) for place in places}
    assert set(map(tuple, found.values())) == {("2.25.1",)}
    assert "requests](https://pypi.org/project/requests/) 2.25.1 or newer" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )


# Public names that have gone. The changelog remembers them.
OLD_NAMES = "audit_servers find_connections connection_audit_tags connection_audit_hosts sde_reports sde_allow_unknown"


def test_old_names_are_gone() -> None:
    pattern = re.compile(rf"(?<!\w)({'|'.join(OLD_NAMES.split())})\b")
    names = [
        name for name in repository_files() if not name.startswith("changelogs/") and (ROOT / name) != Path(__file__)
    ]
    found = {
        name: match[1]
        for name in names
        if (match := pattern.search((ROOT / name).read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_action_group_lists_all_modules_with_a_server() -> None:
    modules = (ROOT / "plugins" / "modules").glob("*.py")
    asking = sorted(
        path.stem for path in modules if "- securitycompass.sdelements.sdelements\n" in path.read_text(encoding="utf-8")
    )
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    assert asking and sorted(groups["sdelements"]) == asking
