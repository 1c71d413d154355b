# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples for GitLab, GitHub and Jenkins: valid by their schemas, and what they execute is executed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tree_sitter
import tree_sitter_groovy
import yaml

from tests.conftest import ROOT
from tests.support import KINDS, access
from tests.unit.test_ci_configuration import check

EXAMPLES = ROOT / "docs" / "examples"
PIPELINES = EXAMPLES / "pipelines"
SUFFIXES = {".csv", ".html", ".json", ".md", ".sarif", ".xml"}
# Commands that need a package index, or prepare for that.
INSTALLATION = re.compile(
    r"^\s*(?:\.venv/bin/)?(?:pip install|ansible-galaxy collection install|python3 -m venv) .*$", re.MULTILINE
)


@pytest.fixture
def project(tmp_path):
    """A checked-out repository with a policy."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(EXAMPLES / "policy.yml", folder)
    return folder


@pytest.fixture
def execute(ansible, project, start):
    """Run a script as a pipeline does, with an SD Elements server in the environment."""
    server = start("5.2", dataset=[one for kind in KINDS for one in start("5.2").records(kind)[:3]])

    def run(script: str, **environment: str) -> subprocess.CompletedProcess:
        script = INSTALLATION.sub("", script).replace(".venv/bin/", "")
        return ansible("bash", "-euo", "pipefail", "-c", script, cwd=project, **access(server), **environment)

    return run


def groovy(text: str) -> tree_sitter.Node:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language())).parse(text.encode()).root_node


def assert_verdict(run: subprocess.CompletedProcess) -> None:
    """The audit was made, and the data break the policy."""
    assert run.returncode == 2, run.stdout
    assert re.search(r'"msg": "SD Elements audit of \S+ failed: ', run.stdout), run.stdout


def assert_junit(paths: list[Path]) -> None:
    for path in paths:
        assert list(ElementTree.parse(path).iter("failure")), path


def assert_sarif(paths: list[Path]) -> None:
    for path in paths:
        [run] = json.loads(path.read_text())["runs"]
        assert run["results"] and run["automationDetails"]["id"].endswith("/"), path


def files_of(project: Path, pattern: str) -> list[Path]:
    """The files that a pattern of the pipeline finds. Each must find something."""
    found = sorted(project.glob(pattern))
    assert found, pattern
    return found


def words(script: str) -> list[str]:
    """The commands of a script, without installation."""
    script = INSTALLATION.sub("", script).replace(".venv/bin/", "")
    return shlex.split(script.replace("\\\n", " "))


def test_pipelines(execute, project, tmp_path):
    """They start the audit by the same command, which runs once. Then each finds the files that it publishes."""
    jenkinsfile = (PIPELINES / "Jenkinsfile").read_text()
    *preparations, audit = re.findall(r"sh '''(.*?)'''", jenkinsfile, re.DOTALL)
    (project / "reports").mkdir()
    (project / "reports" / "of-the-last-run.xml").touch()
    for script in preparations:
        assert execute(script).returncode == 0
    assert_verdict(execute(audit))
    assert_jenkins_publishes(jenkinsfile, project)
    job = yaml.safe_load((PIPELINES / "gitlab-ci.yml").read_text())["connection-audit"]
    assert words("\n".join(job["before_script"] + job["script"])) == words(audit)
    assert_gitlab_publishes(job, project)
    assert_github_publishes(execute, project, words(audit), tmp_path / "summary.md")


def assert_jenkins_publishes(text: str, project: Path) -> None:
    post = text.partition("post {")[2]
    assert_junit(files_of(project, re.search(r"junit testResults: '(.*?)'", post).group(1)))
    assert_sarif(files_of(project, re.search(r"sarif\(pattern: '(.*?)'\)", post).group(1)))
    assert {path.suffix for path in files_of(project, re.search(r"artifacts: '(.*?)'", post).group(1))} == SUFFIXES


def assert_gitlab_publishes(job: dict, project: Path) -> None:
    artifacts = job["artifacts"]
    assert artifacts["when"] == "always"
    assert_junit(files_of(project, artifacts["reports"]["junit"]))
    assert {path.suffix for path in files_of(project, f"{artifacts['paths'][0]}*")} == SUFFIXES


def assert_github_publishes(execute, project: Path, audit: list[str], summary: Path) -> None:
    steps = yaml.safe_load((PIPELINES / "github-workflow.yml").read_text())["jobs"]["audit"]["steps"]
    failed = False
    for step in steps:
        assert not failed or step["if"] == "${{ !cancelled() }}", "a step that publishes is left out if the audit fails"
        if "run" not in step:
            continue
        assert set(step.get("env", {})) <= {"SDE_HOST", "SDE_API_KEY"}
        if "ansible-playbook" in step["run"]:
            assert words(step["run"]) == audit
            failed = True
        else:
            run = execute(step["run"], GITHUB_STEP_SUMMARY=str(summary))
            assert run.returncode == 0, run.stdout
    assert failed and "tls" in summary.read_text()
    published = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps if "uses" in step}
    upload = published["github/codeql-action/upload-sarif"]
    # Files that have an id ignore the input 'category'.
    assert set(upload) == {"sarif_file"}
    assert_sarif(files_of(project, f"{upload['sarif_file']}/*.sarif"))
    files_of(project, published["actions/upload-artifact"]["path"])


@pytest.mark.parametrize("schema, name", [("gitlab-ci", "gitlab-ci.yml"), ("github-workflows", "github-workflow.yml")])
def test_schema(tmp_path, schema, name):
    text = (PIPELINES / name).read_text()
    assert check(f"vendor.{schema}", PIPELINES / name).exit_code == 0
    # The check can fail.
    broken = tmp_path / name
    broken.write_text(re.sub(r"^( +)(script|steps):", r"\1\2s:", text, flags=re.MULTILINE))
    assert check(f"vendor.{schema}", broken).exit_code == 1


def test_jenkinsfile_is_groovy():
    """The grammar only: whether the steps exist, only a Jenkins with its plugins can say."""
    text = (PIPELINES / "Jenkinsfile").read_text()
    assert not groovy(text).has_error
    assert groovy(text.replace("agent any", "agent any {")).has_error
    assert groovy(text.replace("'reports/*.sarif'", "'reports/*.sarif")).has_error
