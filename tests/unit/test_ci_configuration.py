# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows and other settings of GitHub and GitLab are valid, and run the commands of this repository."""

from __future__ import annotations

import re
from pathlib import Path

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.tools import matrix

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github" / "workflows" / "tests.yml"
GITLAB = ROOT / ".gitlab-ci.yml"
WORKFLOWS = sorted(GITHUB.parent.glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# Each file that 'make lint-github' checks, and its schema.
SCHEMAS = {
    path: schema
    for schema, pattern in re.findall(r"check-jsonschema --builtin-schema (\S+) (\S+)", MAKEFILE)
    for path in sorted(ROOT.glob(pattern))
}
# A key that each kind of file must have.
KEYS = {
    "vendor.dependabot": "updates:",
    "vendor.github-issue-config": "contact_links:",
    "vendor.github-issue-forms": "body:",
    "vendor.github-workflows": "jobs:",
    "vendor.gitlab-ci": "script:",
}

pytestmark = pytest.mark.once


def check(schema: str, path: Path) -> Result:
    return CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", schema, str(path)])


def test_each_file_is_checked():
    assert set(SCHEMAS) == {GITLAB, *ROOT.glob(".github/**/*.yml")}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_wrong_key_is_found(tmp_path, path):
    schema = SCHEMAS[path]
    text = path.read_text(encoding="utf-8")
    broken = tmp_path / path.name
    broken.write_text(text.replace(KEYS[schema], f"x{KEYS[schema]}", 1), encoding="utf-8")
    assert (check(schema, path).exit_code, check(schema, broken).exit_code) == (0, 1)


def test_actions_are_pinned_by_commit():
    uses = [line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))]
    assert {line for line in uses if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)} == {
        "$/.github/workflows/tests.yml"
    }
    # One version of each.
    pinned = {line for line in uses if "@" in line}
    assert len({line.partition("@")[0] for line in pinned}) == len(pinned)


def test_only_publishing_jobs_may_write():
    jobs = {
        f"{path.stem}.{name}": job.get("permissions", workflow["permissions"])
        for path in WORKFLOWS
        for workflow in [yaml.safe_load(path.read_text(encoding="utf-8"))]
        for name, job in workflow["jobs"].items()
    }
    assert {name: rights for name, rights in jobs.items() if rights != {"contents": "read"}} == {
        "docs.deploy": {"pages": "write", "id-token": "write"},
        "release.github": {"contents": "write"},
    }


def test_secrets_are_used_in_one_environment():
    users = [
        (path.stem, name, job["environment"]["name"])
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
        if "secrets." in yaml.safe_dump(job)
    ]
    assert users == [("release", "galaxy", "galaxy")]


def github_cores() -> dict[str, tuple[str, bool]]:
    rows = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))["jobs"]["matrix"]["strategy"]["matrix"]["include"]
    return {row["core"]: (row["python"], row["may_fail"]) for row in rows}


def gitlab_cores() -> dict[str, tuple[str, bool]]:
    jobs = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    found = {}
    for job in (jobs["matrix"], jobs["matrix-may-fail"]):
        for row in job["parallel"]["matrix"]:
            cores = row["CORE"] if isinstance(row["CORE"], list) else [row["CORE"]]
            found.update({core: (row["PYTHON_VERSION"], job.get("allow_failure", False)) for core in cores})
    return found


def test_ci_matrix_equals_ansible_core_versions():
    assert github_cores() == gitlab_cores()
    table = matrix.VERSIONS["core"]
    assert {core: may_fail for core, (_python, may_fail) in github_cores().items()} == {
        core: bool(row.get("may_fail")) for core, row in table.items()
    }
    assert [core for core, (python, _may_fail) in github_cores().items() if python not in table[core]["pythons"]] == []
    for path in (GITHUB, GITLAB):
        assert f"uv python install --quiet {matrix.VERSIONS['target']['python']}\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "paths, targets",
    [(WORKFLOWS, {"docs", "matrix", "release-check", "test-all"}), ([GITLAB], {"matrix", "release-check", "test-all"})],
    ids=["GitHub", "GitLab"],
)
def test_commands_are_those_of_this_repository(paths, targets):
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    assert re.search(r"^ +(?:run:|-) \.ci/run$", text, re.MULTILINE)
    assert set(re.findall(r"^ +(?:run:|-) make ([a-z-]+)", text, re.MULTILINE)) == targets
    assert all(f"\n{target}: " in MAKEFILE for target in targets)


def test_hooks_are_the_parts_of_lint():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    parts = re.search(r"^lint: (.*?) ##", MAKEFILE, re.MULTILINE)[1].split()
    assert {hook["id"]: hook["entry"] for hook in hooks} == {part: f"make {part}" for part in parts}
    assert all(f"\n{part}: env\n" in MAKEFILE for part in parts)
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `make (lint-\w+)`", contributing, re.MULTILINE)) == set(parts)
