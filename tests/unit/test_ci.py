# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public CI does what .ci/run and 'make matrix' do, on GitHub and on GitLab alike."""

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

pytestmark = pytest.mark.once


def check(schema: str, path: Path) -> Result:
    return CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", f"vendor.{schema}", str(path)])


@pytest.mark.parametrize(
    "schema, path, mistake", [("github-workflows", GITHUB, "jobs:"), ("gitlab-ci", GITLAB, "script:")]
)
def test_files_are_what_their_readers_take(tmp_path, schema, path, mistake):
    result = check(schema, path)
    assert result.exit_code == 0, result.output
    broken = tmp_path / "broken.yml"
    broken.write_text(path.read_text(encoding="utf-8").replace(mistake, f"x{mistake}", 1), encoding="utf-8")
    assert check(schema, broken).exit_code == 1


def cores_of_github() -> dict[str, tuple[str, bool]]:
    rows = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))["jobs"]["matrix"]["strategy"]["matrix"]["include"]
    return {row["core"]: (row["python"], row["may_fail"]) for row in rows}


def cores_of_gitlab() -> dict[str, tuple[str, bool]]:
    jobs = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    found = {}
    for job in (jobs["matrix"], jobs["matrix-may-fail"]):
        for row in job["parallel"]["matrix"]:
            cores = row["CORE"] if isinstance(row["CORE"], list) else [row["CORE"]]
            found.update({core: (row["PYTHON_VERSION"], job.get("allow_failure", False)) for core in cores})
    return found


def test_matrix_is_that_of_the_table():
    assert cores_of_github() == cores_of_gitlab()
    table = matrix.VERSIONS["core"]
    assert {core: may_fail for core, (_python, may_fail) in cores_of_github().items()} == {
        core: bool(row.get("may_fail")) for core, row in table.items()
    }
    assert [
        core for core, (python, _may_fail) in cores_of_github().items() if python not in table[core]["pythons"]
    ] == []
    for path in (GITHUB, GITLAB):
        assert f"uv python install --quiet {matrix.VERSIONS['target']['python']}\n" in path.read_text(encoding="utf-8")


def test_both_run_what_is_run_here():
    for path in (GITHUB, GITLAB):
        text = path.read_text(encoding="utf-8")
        targets = re.findall(r"\bmake ([a-z-]+)", text.partition("jobs:\n")[2] or text)
        assert set(targets) == {"matrix", "release-check", "test-all"}
        assert re.search(r"^ +(?:run:|-) \.ci/run$", text, re.MULTILINE)
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert all(f"\n{target}: " in makefile for target in targets)
