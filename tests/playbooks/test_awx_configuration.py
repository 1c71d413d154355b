# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that configure AWX: by the modules that read them, by AWX's rules, and by what the roles take.

No AWX runs here. The modules of awx.awx talk to a fake, whose answers were seen on a real one. The roles of
infra.aap_configuration are in no package registry: the test compares what they get with what they are known to take.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from packaging.requirements import Requirement

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._variables import AUDIT_VARIABLES
from tests.awx import EXTENSION, Job, read_yaml
from tests.conftest import ROOT
from tests.fake_awx import SYSTEM, FakeAwx, running
from tests.playbooks.test_documentation_examples import blocks
from tests.playbooks.test_drift import record

PATTERNS = ROOT / "extensions" / "patterns"
EXAMPLES = ROOT / "docs" / "examples"
TOKEN = "CANARY0000token0000token"
GUIDE = (ROOT / "docs" / "awx_guide.md").read_text(encoding="utf-8")
SETTINGS = read_yaml(EXTENSION / "vars" / "settings.yml")
# In my_settings.yml of the guide.
WEBHOOK = "https://chat.example.com/hooks/sdelements"
# This needs a package index; the tests have it already.
INSTALLATION = re.compile(r"^ansible-galaxy collection install .*$", re.MULTILINE)

# The arguments that the roles of infra.aap_configuration 3.0.0 take of each item, as seen in a run. Each hands them
# to an argument of the same name of ansible.controller, whose modules are those of awx.awx under another name.
TAKEN = {
    "controller_credential_types": "name description kind inputs injectors state",
    "controller_credentials": "name description organization credential_type inputs update_secrets state",
    "controller_execution_environments": "name description organization image pull credential state",
    "controller_projects": "name description organization scm_type scm_url scm_branch scm_update_on_launch"
    " update_project state",
    "controller_inventories": "name description organization kind variables state",
    "controller_hosts": "name description inventory variables state",
    "controller_notifications": "name description organization notification_type notification_configuration messages"
    " state",
    "controller_templates": "name description organization project playbook inventory execution_environment credentials"
    " forks job_slice_count extra_vars survey_enabled survey_spec notification_templates_error state",
    "controller_workflows": "name description organization workflow_nodes state",
    "controller_schedules": "name description organization unified_job_template rrule state",
}
FORMATS = ("csv", "html", "json", "md", "sarif", "xml")
TOKENS = {"SDE_API_KEY": TOKEN, "SDE_EU_TOKEN": f"{TOKEN}eu", "SDE_US_TOKEN": f"{TOKEN}us"}


@functools.cache
def variables() -> dict:
    """All that vars/ holds, before Ansible fills in anything."""
    found = {}
    for path in sorted((EXTENSION / "vars").glob("*.yml")):
        found |= read_yaml(path)
    return found


def items(name: str) -> list[dict]:
    """The items of a variable, those for many servers included."""
    return variables()[name.replace("controller_", "_sde_awx_")]


@pytest.fixture(scope="module")
def roles() -> dict[str, dict]:
    """The options of the roles that jobs run, by the names of variables."""
    options = {}
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        options |= yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return options | {name: options[name.replace("sde_", "connection_audit_")] for name in AUDIT_VARIABLES}


def surveys() -> list[dict]:
    found = [template["survey_spec"] for template in items("controller_templates") if template.get("survey_enabled")]
    for path in PATTERNS.glob("*/meta/pattern.json"):
        templates = json.loads(path.read_text(encoding="utf-8"))["aap_resources"]["controller_job_templates"]
        found += [template["survey"] for template in templates if "survey" in template]
    return found


@pytest.mark.once
def test_each_answer_is_an_option_of_a_role(roles):
    for survey in surveys():
        asked = [question["variable"] for question in survey["spec"]]
        assert len(set(asked)) == len(asked)
        for question in survey["spec"]:
            option = roles[question["variable"]]
            if option["type"] == "str" and question["type"] == "multiplechoice":
                assert question["choices"] == option["choices"]
            if "choices" in question and "{{" not in question["default"]:
                assert set(question["default"].split("\n")) <= set(question["choices"])


@pytest.mark.once
def test_each_variable_of_a_template_is_read(roles):
    for template in items("controller_templates"):
        text = (ROOT / template["playbook"]).read_text(encoding="utf-8")
        for name in template.get("extra_vars", {}):
            assert name in roles or name in text, (template["name"], name)


@pytest.mark.once
def test_no_variable_of_a_template_hides_one_of_its_play():
    """Extra variables win over those of a play."""
    for template in items("controller_templates"):
        play = yaml.safe_load((ROOT / template["playbook"]).read_text(encoding="utf-8"))[-1]
        given = set(template.get("extra_vars", {})) | {
            one["variable"] for one in template.get("survey_spec", {}).get("spec", [])
        }
        assert not given & set(play.get("vars", {})), template["name"]


@pytest.mark.once
def test_each_name_is_one_that_is_there():
    names = {name: {item["name"] for item in items(name)} for name in TAKEN if name != "controller_hosts"}
    for template in items("controller_templates"):
        assert template["project"] in names["controller_projects"]
        assert template["inventory"] in names["controller_inventories"]
        assert template["execution_environment"] in names["controller_execution_environments"]
        assert set(template.get("credentials", [])) <= names["controller_credentials"]
    for workflow in items("controller_workflows"):
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        for node in nodes.values():
            assert node["unified_job_template"]["name"] in names["controller_templates"]
            for following in node.get("related", {}).values():
                assert {one["identifier"] for one in following} <= set(nodes)
    scheduled = {schedule["unified_job_template"] for schedule in items("controller_schedules")}
    assert scheduled <= names["controller_workflows"] | names["controller_templates"]


@pytest.mark.once
def test_the_guide_has_the_labels_of_awx():
    """The questions of the audit's survey, and the fields of the credential."""
    tables = dict(re.findall(r"^\| (\w+) \| variable .*\n\|.*\n((?:\|.*\n)+)", GUIDE, re.MULTILINE))
    labels = {
        head: re.findall(r"^\| (.*?)(?: \(required\))? \|", table, re.MULTILINE) for head, table in tables.items()
    }
    assert labels["question"] == [question["question_name"] for question in surveys()[0]["spec"]]
    credential = read_yaml(EXTENSION / "vars" / "credential_types.yml")["_sde_awx_credential_types"][0]
    assert labels["field"] == [field["label"] for field in credential["inputs"]["fields"]]


@pytest.mark.once
def test_the_guide_has_messages_that_exist():
    files = [path for name in ("extensions", "playbooks", "plugins") for path in (ROOT / name).rglob("*.*")]
    source = " ".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".yml"))
    source = " ".join(source.split())
    rows = re.findall(r"^\| (`.*?) \|", GUIDE.partition("Messages of `configure_types.yml`")[2], re.MULTILINE)
    parts = [part.strip() for row in rows for message in re.findall(r"`(.+?)`", row) for part in message.split("…")]
    assert len(rows) > 10 and [part for part in parts if part not in source and part != "-vvv"] == []


@pytest.mark.once
def test_the_roles_of_aap_send_what_configure_sends():
    (types,) = read_yaml(EXTENSION / "configure_aap_types.yml")
    given = {**types["vars"], **variables()}
    assert given.pop("controller_configuration_notification_secure_logging") is True
    assert {name for name in given if name.startswith("controller_")} == set(TAKEN)
    for name, taken in TAKEN.items():
        assert re.match(r"{{ (\w+)", given[name])[1] == name.replace("controller_", "_sde_awx_")
        for item in items(name) if name != "controller_hosts" else [given["_sde_awx_host"]]:
            assert {*item, *item.get("related", {})} - {"related"} <= set(taken.split()), (name, item)
            # On ansible-core 2.19 the role takes notifications from here only.
            assert not {one for one in item if one.startswith("notification_templates_")}
            # A role makes text of empty variables, which the module refuses on ansible-core 2.19.
            assert item.get("variables") != {}
    tasks = read_yaml(EXTENSION / "tasks" / "awx.yml") + read_yaml(EXTENSION / "configure_types.yml")[0]["tasks"]
    sent = {task["loop"]: arguments for task in tasks for name, arguments in task.items() if "awx.awx" in name}
    assert {loop: {*arguments, "state"} for loop, arguments in sent.items()} == {
        given[name]: set(taken.split()) for name, taken in TAKEN.items()
    }
    files = read_yaml(EXTENSION / "configure.yml")[0]["vars_files"]
    assert read_yaml(EXTENSION / "configure_aap.yml")[0]["vars_files"] == [*files[:-1], "vars/aap.yml"]


@pytest.mark.once
@pytest.mark.parametrize(
    "artifacts", [{}, {"sde_audit": {"message": 'SD Elements audit failed: "2" findings'}}], ids=["none", "audit"]
)
def test_notifications(artifacts):
    """AWX renders a message before it stores it, with a job without artifacts; an unknown field is an error."""
    known = {
        "job": {"name": "audit", "status": "failed", "artifacts": artifacts},
        "job_friendly_name": "Job",
        "url": "https://awx.example.com/1",
    }
    (notification,) = items("controller_notifications")
    for message in filter(None, notification["messages"].values()):
        texts = {
            name: ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(known)
            for name, text in message.items()
        }
        said = json.loads(texts["body"])["text"]
        assert said.endswith("https://awx.example.com/1") and texts["message"].endswith("https://awx.example.com/1")
        if artifacts:
            assert artifacts["sde_audit"]["message"] in said and artifacts["sde_audit"]["message"] in texts["message"]
        else:
            assert "failed" in said


@pytest.mark.once
def test_schedules():
    """A start with a time zone, and one rule, in one line: what AWX takes."""
    assert re.fullmatch(
        r"DTSTART;TZID=[A-Za-z_/]+:\d{8}T\d{6} RRULE:FREQ=[A-Z]+;INTERVAL=\d+(;[A-Z]+=[A-Z0-9,]+)*",
        SETTINGS["sde_awx_schedule"],
    )
    example = yaml.safe_load((EXAMPLES / "awx" / "my_settings.yml").read_text(encoding="utf-8"))
    assert example["sde_awx_schedule"] == SETTINGS["sde_awx_schedule"]
    assert set(example) <= set(SETTINGS)


# AAP demands this of a pattern, as its specification says. ansible-lint and galaxy-importer check the folder, too.
TEXT = {"type": "string", "minLength": 1}
QUESTION = {
    "type": "object",
    "required": ["type", "question_name", "question_description", "variable", "required"],
    "properties": {
        "type": {"enum": ["text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"]},
        "variable": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        "required": {"type": "boolean"},
        "default": {"type": "string"},
        "choices": {"type": "array", "items": {"type": "string"}},
    },
}
PATTERN = {
    "type": "object",
    "required": ["schema_version", "name", "title", "description", "short_description", "aap_resources"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        "title": {"type": "string", "maxLength": 64},
        "short_description": {"type": "string", "pattern": "[^.]$"},
        "tags": {"type": "array", "items": TEXT, "uniqueItems": True},
        "aap_resources": {
            "type": "object",
            "required": ["controller_project", "controller_job_templates", "controller_labels"],
            "additionalProperties": False,
            "properties": {
                "controller_project": {"type": "object", "required": ["name", "description"]},
                "controller_execution_environment": {
                    "type": "object",
                    "required": ["name", "description", "image_name"],
                },
                "controller_labels": {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True},
                "controller_job_templates": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "description", "playbook"],
                        "properties": {
                            "survey": {
                                "type": "object",
                                "required": ["name", "description", "spec"],
                                "properties": {"spec": {"type": "array", "items": QUESTION}},
                            }
                        },
                    },
                },
            },
        },
    },
}


@pytest.mark.once
def test_patterns():
    folders = list(PATTERNS.iterdir())
    assert folders
    for folder in folders:
        pattern = json.loads((folder / "meta" / "pattern.json").read_text(encoding="utf-8"))
        jsonschema.validate(pattern, PATTERN)
        assert pattern["name"] == folder.name and (folder / "README.md").is_file()
        resources = pattern["aap_resources"]
        for template in resources["controller_job_templates"]:
            playbook = folder / "playbooks" / template["playbook"]
            assert playbook.is_file()
            specification = yaml.safe_load(playbook.with_suffix(".meta.yml").read_text(encoding="utf-8"))[
                "argument_specs"
            ]
            asked = {question["variable"]: question for question in template["survey"]["spec"]}
            assert set(asked) == set(specification[playbook.stem]["options"])
            assert template["execution_environment"] == resources["controller_execution_environment"]["name"]
            assert set(template["labels"]) <= set(resources["controller_labels"])
        assert sum(template.get("primary", False) for template in resources["controller_job_templates"]) == 1


# Its play has nothing but the role, which other tests run.
@pytest.mark.slow
def test_the_pattern_runs(start, tmp_path):
    server = start("5.2", token=TOKEN)
    folder = PATTERNS / "sde_connection_audit"
    resources = json.loads((folder / "meta" / "pattern.json").read_text(encoding="utf-8"))["aap_resources"]
    survey = resources["controller_job_templates"][0]["survey"]["spec"]
    job = Job(tmp_path / "job", project=folder, **{question["variable"]: question["default"] for question in survey})
    job.credential("SD Elements", url=server.url, api_token=TOKEN)
    run = job.run("sde_connection_audit/playbooks/audit.yml")
    assert run.returncode == 2, run.stdout
    assert re.search(r"SD Elements audit of 127\.0\.0\.1:\d+ failed: ", run.stdout.decode())
    assert TOKEN not in str(job.texts())


@pytest.mark.parametrize("fail_on, status", [("high", 2), pytest.param("never", 0, marks=pytest.mark.slow)])
def test_a_workflow_of_one_server(start, tmp_path, fail_on, status):
    """The audit fails by threshold, and the next node has its verdict."""
    server = start("5.2", token=TOKEN)
    template = next(one for one in items("controller_templates") if one["playbook"] == "playbooks/audit.yml")
    answers = {question["variable"]: question["default"] for question in template["survey_spec"]["spec"]}
    answers |= {
        "sde_policy": SETTINGS["sde_awx_policy"],
        "sde_kinds": SETTINGS["sde_awx_kinds"],
        "sde_inconclusive": SETTINGS["sde_awx_inconclusive"],
    }
    answers |= {"sde_fail_on": fail_on, "sde_report_dir": str(tmp_path / "reports"), "sde_report_formats": ["json"]}
    job = Job(tmp_path / "job", project=ROOT / "playbooks", awx_job_id=42, **answers)
    job.credential("SD Elements", url=server.url, api_token=TOKEN)
    run = job.run(template["playbook"])
    assert run.returncode == status, run.stdout
    handed_on = job.artifacts()["sde_audit"]
    report = tmp_path / "reports" / "audit-42.json"
    document = json.loads(report.read_text(encoding="utf-8"))
    expected = {name: document["summary"][name] for name in ("verdict", "verdict_counts", "failed_by_severity")}
    assert handed_on == {**expected, "message": handed_on["message"], "report": str(report)}
    # The message also says where the reports are.
    assert handed_on["message"].startswith(document["summary"]["message"])
    assert TOKEN not in str(job.texts())
    following = Job(tmp_path / "next", project=ROOT / "playbooks", **job.artifacts())
    said = following.run("playbooks/show_verdict.yml")
    assert said.returncode == status and handed_on["message"] in said.stdout.decode()


@pytest.mark.slow
def test_jobs_that_audit_changes(start, tmp_path):
    """Each job has a folder of its own, and compares with the facts of the one before."""
    template = next(one for one in items("controller_templates") if one["playbook"] == "playbooks/drift.yml")
    (question,) = template["survey_spec"]["spec"]
    given = {
        "sde_drift_dir": str(tmp_path / "kept" / "drift"),
        "sde_report_dir": str(tmp_path / "kept"),
        "sde_policy": SETTINGS["sde_awx_policy"],
        "sde_kinds": SETTINGS["sde_awx_kinds"],
    }
    assert set(given) == set(template["extra_vars"])

    first = start("5.2", dataset=[record(1, "jira.example.com")], token=TOKEN)

    def run(number: int, server, fail_on: str = question["default"]):
        answers = {question["variable"]: fail_on, "awx_job_id": number}
        job = Job(tmp_path / f"job{number}", project=ROOT / "playbooks", **given, **answers)
        job.credential("SD Elements", url=server.url, api_token=TOKEN)
        ran = job.run(template["playbook"])
        return ran.returncode, ran.stdout.decode(), job.artifacts().get("sde_audit", {}).get("verdict")

    status, shown, verdict = run(1, first)
    assert (status, verdict) == (0, "pass") and "first run" in shown, shown
    first.stop()
    # The default is enough for a change of medium severity.
    edited = [record(1, "evil.example.net", frequency="weekly")]
    again = start("5.2", dataset=edited, token=TOKEN, port=urlsplit(first.url).port)
    status, shown, verdict = run(2, again)
    assert (status, verdict) == (2, "fail") and "first run" not in shown, shown
    assert "2 findings of medium or higher (1 high, 1 medium)" in shown
    report = json.loads((tmp_path / "kept" / "audit-2.json").read_text(encoding="utf-8"))
    assert [one["change"] for one in report["changes"]["connections"]] == ["changed"]
    # Another sde_awx_url.
    status, shown, verdict = run(3, start("5.2", dataset=edited, token=TOKEN), fail_on="never")
    assert (status, verdict) == (2, None) and f"is an audit of {urlsplit(first.url).netloc}, not of" in shown, shown
    status, shown, verdict = run(4, again, fail_on="never")
    assert (status, verdict) == (0, "pass"), shown
    kept = json.loads((tmp_path / "kept" / "drift" / "localhost.json").read_text(encoding="utf-8"))
    assert [one["facts"]["server"]["host"] for one in kept["connections"]] == ["evil.example.net"]


@pytest.mark.once
def test_versions_of_the_image():
    """Those that the tests run with, and the collection's own."""
    definition = read_yaml(EXTENSION / "execution-environment.yml")
    assert re.fullmatch(r"[\w./]+:[\d.]+", definition["images"]["base_image"]["name"])
    dependencies = definition["dependencies"]
    python = re.fullmatch(r"python(3\.\d+)", dependencies["python_interpreter"]["package_system"])[1]
    lines = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    locked = [Requirement(line) for line in lines if re.match(r"ansible-(core|runner)==", line)]
    known = {"python_full_version": f"{python}.0"}
    tested = {f"{one.name}{one.specifier}" for one in locked if one.marker is None or one.marker.evaluate(known)}
    assert {dependencies[name]["package_pip"] for name in ("ansible_core", "ansible_runner")} == tested
    version = read_yaml(ROOT / "galaxy.yml")["version"]
    assert dependencies["galaxy"]["collections"] == [{"name": "securitycompass.sdelements", "version": version}]


@pytest.mark.once
def test_the_image(tmp_path, ansible):
    """By the guide, for a collection that is not on Galaxy. It is not built: that takes a container engine."""
    instead = yaml.safe_load(next(block.text for block in blocks("text") if "type: file" in block.text))
    (collection,) = instead["dependencies"]["galaxy"]["collections"]
    version = read_yaml(ROOT / "galaxy.yml")["version"]
    assert collection["name"] == f"securitycompass-sdelements-{version}.tar.gz"
    definition = read_yaml(EXTENSION / "execution-environment.yml")
    definition["dependencies"] |= instead.pop("dependencies")
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump({**definition, **instead}), encoding="utf-8")
    (tmp_path / collection["name"]).write_bytes(b"the artifact")
    run = ansible("ansible-builder", "create", "-c", "context", cwd=tmp_path)
    assert run.returncode == 0, run.stdout
    (recipe,) = (path for path in (tmp_path / "context").iterdir() if path.is_file())
    text = recipe.read_text(encoding="utf-8")
    assert definition["dependencies"]["ansible_core"]["package_pip"] in text
    assert definition["images"]["base_image"]["name"] in text
    build = tmp_path / "context" / "_build"
    wanted = yaml.safe_load((build / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted == {"collections": [collection]} and (build / collection["name"]).is_file()


@pytest.mark.once
def test_what_the_collection_asks_of_an_image(ansible):
    run = ansible("ansible-builder", "introspect", ROOT / "collections")
    assert run.returncode == 0, run.stdout
    dependencies = yaml.safe_load(run.stdout.partition("---")[2])
    (requirement,) = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()[-1:]
    assert [one.partition("#")[0].strip() for one in dependencies["python"]] == [requirement]


@pytest.fixture
def desk(tmp_path, ansible):
    """An administrator's folder with the files that the guide copies, and the collections that it installs."""
    awx = ROOT / ".venv" / "awx" / "ansible_collections" / "awx"
    if not awx.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("awx.awx is missing (make tools)")
    installed = tmp_path / "home" / ".ansible" / "collections" / "ansible_collections"
    installed.mkdir(parents=True)
    (installed / "awx").symlink_to(awx)
    (installed / "securitycompass").symlink_to(ROOT / "collections" / "ansible_collections" / "securitycompass")
    folder = tmp_path / "desk"
    shutil.copytree(EXAMPLES / "awx", folder)

    def run(script: str, **environment: str) -> subprocess.CompletedProcess:
        commands = INSTALLATION.sub("true", script)
        ran = ansible(
            "bash", "-euo", "pipefail", "-c", commands, collections=installed.parent, cwd=folder, **environment
        )
        assert TOKEN not in ran.stdout and WEBHOOK not in ran.stdout
        return ran

    assert run(commands_of("awx_guide.md")[0]).returncode == 0
    return run


def commands_of(page: str, language: str = "shell") -> list[str]:
    return [block.text for block in blocks(language) if block.page.name == page]


def changed(run: subprocess.CompletedProcess) -> int:
    assert run.returncode == 0, run.stdout
    return int(re.search(r" changed=(\d+) ", run.stdout)[1])


def assert_refused(run: subprocess.CompletedProcess, *reasons: str) -> None:
    assert run.returncode == 2, run.stdout
    # Older releases of ansible-core show the message in a dictionary, and newer ones also cut lines.
    shown = " ".join(run.stdout.split())
    assert [reason for reason in reasons if reason not in shown] == [], run.stdout


# The output is searched for secrets.
VERBOSE = {**TOKENS, "ANSIBLE_VERBOSITY": "3"}
# An AWX as the guide leaves it. It is made once, and each test gets a copy.
CONFIGURED: list[FakeAwx] = []


def configured_once(desk) -> FakeAwx:
    """Run the commands of the guide on an empty AWX, in their order and by the users whom it names."""
    _files, image, types, configure = commands_of("awx_guide.md")
    assert (image.split()[0], types.split()[1], configure.split()[1]) == (
        "ansible-builder",
        "configure_types.yml",
        "configure.yml",
    )
    if not CONFIGURED:
        with running() as (awx, url):
            assert changed(desk(types, CONTROLLER_HOST=url, CONTROLLER_OAUTH_TOKEN=SYSTEM)) == 1
            assert changed(desk(configure, CONTROLLER_HOST=url, CONTROLLER_OAUTH_TOKEN="Default", **VERBOSE)) == 9
            CONFIGURED.append(awx)
    return copy.deepcopy(CONFIGURED[0])


@pytest.fixture
def configured(desk):
    """Such an AWX, and a function that runs a playbook with settings on it."""
    with running(configured_once(desk)) as (awx, url):

        def run(
            playbook: str = "configure.yml", *options: str, by: str = "Default", secrets: dict | None = None, **settings
        ):
            command = ["ansible-playbook", playbook, "-e", "@my_settings.yml", *options, "-e", json.dumps(settings)]
            where = {"CONTROLLER_HOST": url, "CONTROLLER_OAUTH_TOKEN": by}
            return desk(shlex.join(command), **where, **(TOKENS if secrets is None else secrets))

        yield awx, run


@pytest.mark.once
def test_from_an_empty_awx_to_a_scheduled_audit_that_notifies(configured):
    awx, _run = configured
    assert_configured(awx)


@pytest.mark.once
@pytest.mark.slow
def test_second_run_changes_nothing(configured):
    awx, run = configured
    before = list(awx.changes)
    # The token is in AWX now, and is left alone.
    assert changed(run("configure.yml", "-vvv", secrets={})) == 0
    project = awx.get("projects", "SD Elements")["id"]
    assert awx.changes[len(before) :] == [f"POST projects/{project}/update"]


def assert_configured(awx: FakeAwx) -> None:
    """The templates came through as they are, and everything is linked."""
    definition = next(
        one
        for one in read_yaml(EXTENSION / "vars" / "credential_types.yml")["_sde_awx_credential_types"]
        if one["name"] == "SD Elements"
    )
    stored = awx.get("credential_types", "SD Elements")
    assert {name: stored[name] for name in ("inputs", "injectors", "kind")} == {
        name: definition[name] for name in ("inputs", "injectors", "kind")
    }
    assert awx.names("credentials") == awx.names("inventories") == awx.names("projects") == ["SD Elements"]
    assert awx.get("credentials", "SD Elements")["inputs"] == {"url": "https://sde.example.com", "api_token": TOKEN}
    inventory = json.loads(awx.get("inventories", "SD Elements")["variables"])
    assert inventory["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"

    notification = awx.get("notification_templates", "SD Elements")
    assert "{{ job_friendly_name }}" in notification["messages"]["error"]["message"]
    audit = awx.get("job_templates", "SD Elements audit")
    assert awx.related[f"job_templates/{audit['id']}/notification_templates_error"] == [notification["id"]]
    assert awx.related[f"job_templates/{audit['id']}/credentials"] == [awx.get("credentials", "SD Elements")["id"]]
    # The variables of a job that nobody answers for: that of the schedule.
    assert awx.extra_vars(audit, {}) == {
        "sde_report_dir": "",
        "sde_policy": "starter",
        "sde_fail_on": "high",
        "sde_inconclusive": "warn",
        "sde_kinds": ["alm", "analysis"],
    }
    assert_scheduled(awx, "SD Elements compliance", last="verdict")


def assert_scheduled(awx: FakeAwx, name: str, last: str) -> None:
    workflow, schedule = awx.get("workflow_job_templates", name), awx.get("schedules", name)
    assert schedule["unified_job_template"] == workflow["id"] and schedule["rrule"] == SETTINGS["sde_awx_schedule"]
    nodes = {
        node["identifier"]: node["id"]
        for node in awx.find("workflow_job_template_nodes", workflow_job_template=workflow["id"])
    }
    assert awx.related[f"workflow_job_template_nodes/{nodes['audit']}/always_nodes"] == [nodes[last]]


WRONG_VALUES = {
    "sde_awx_state": "gone",
    "sde_awx_name_prefix": "",
    "sde_awx_url": "",
    "sde_awx_image": "",
    "sde_awx_servers": [{"name": "eu", "api_token": TOKEN}, {"name": "eu", "url": "https://eu.example.com"}],
    "sde_awx_credential_fields": {"time_out": 3, "allow_http": "yes"},
    "sde_awx_config_dir": "reports",
    "sde_awx_webhook": "hooks.example.com",
    "sde_awx_fail_on": "hihg",
    "sde_awx_inconclusive": "pass",
    "sde_awx_kinds": "alm",
    "sde_awx_slices": 0,
    "sde_awx_schedule": "daily",
    "sde_awx_drift_schedule": "hourly",
}
VALUES = (
    "sde_awx_kinds must be ",
    "sde_awx_slices must be ",
    "sde_awx_schedule must begin ",
    "sde_awx_drift_schedule must begin ",
    "sde_awx_drift_schedule requires sde_awx_report_dir, ",
)
# The settings, and what is said of them before anything changes.
REFUSED: dict[str, tuple[dict, tuple[str, ...]]] = {
    "values": (
        WRONG_VALUES,
        (
            "sde_awx_state must be ",
            "Set sde_awx_organization and sde_awx_name_prefix.",
            "Set sde_awx_url to the address of the SD Elements server.",
            "Set sde_awx_image to ",
            "Each server in sde_awx_servers requires a name and a url.",
            "Two servers in sde_awx_servers have the same name.",
            "sde_awx_report_dir and sde_awx_config_dir must be absolute paths, such as /reports.",
            "sde_awx_webhook must be a URL.",
            "sde_awx_credential_fields contains unknown fields: time_out. Use ca_path, client_cert, client_key, ",
            "skip_verification and allow_http in sde_awx_credential_fields must be true or false.",
            "sde_awx_fail_on must be one of info, low, medium, high, critical, never.",
            "sde_awx_inconclusive must be one of warn, fail.",
            *VALUES,
        ),
    ),
    "other values": (
        {
            "sde_awx_kinds": ["git"],
            "sde_awx_slices": "many",
            "sde_awx_schedule": "DTSTART:20260105T060000Z",
            "sde_awx_drift_schedule": "RRULE:FREQ=DAILY;INTERVAL=1",
        },
        VALUES,
    ),
    "servers": (
        {
            "sde_awx_servers": [
                {"name": "sde eu", "url": "https://eu.example.com", "api_token": TOKEN},
                {"name": "us", "url": "HTTPS://EU.example.com:443/", "api_token": TOKEN},
            ]
        },
        (
            "Names in sde_awx_servers cannot contain spaces or commas.",
            "Two servers in sde_awx_servers have the same url.",
            "sde_awx_servers requires sde_awx_report_dir, the folder in which the merge finds the reports.",
        ),
    ),
    "a variable of a vault": (
        {"sde_awx_servers": [{"name": "eu", "api_token": TOKEN}, {"name": "us", "api_token": "{{ of_a_vault }}"}]},
        ("contains an undefined variable.",),
    ),
    "misspelt": (
        {"sde_awx_failon": "low", "sde_awx_slice": 4, "sde_awx_other": 1, "sde_awx_schedules": []},
        (
            "Unknown variable sde_awx_failon: did you mean sde_awx_fail_on?",
            # The name of a list of ours, until it was hidden.
            "Unknown variable sde_awx_schedules: did you mean sde_awx_schedule?",
            "Unknown variable sde_awx_slice: did you mean sde_awx_slices?",
        ),
    ),
    "wrong token of AWX": (
        {"_sde_awx_api_options": {"oauth_token": "wrong"}},
        ("AWX did not respond, or rejected your token: ", "Correct CONTROLLER_HOST and CONTROLLER_OAUTH_TOKEN."),
    ),
    "wrong organization": (
        {"sde_awx_organization": "Nosuch"},
        ("admin of Default cannot see the organization Nosuch in AWX. Correct sde_awx_organization, ",),
    ),
    "too early": (
        {},
        ("The credential types are missing. ", "No API token for https://sde.example.com. "),
    ),
}


@pytest.mark.once
def test_refusals_before_anything_changes(desk):
    """All in one run: each case is a play that validates, and notes what it was told."""
    validate = {"ansible.builtin.include_tasks": "tasks/check.yml"}
    note = {"ansible.builtin.debug": {"msg": "REFUSED {{ ansible_failed_result.msg | to_json }} END"}}
    files = read_yaml(EXTENSION / "configure.yml")[0]["vars_files"]
    plays = [
        {
            "name": case,
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [*files, "my_settings.yml"],
            "tasks": [{"block": [{**validate, "vars": settings}], "rescue": [note]}],
        }
        for case, (settings, _reasons) in REFUSED.items()
    ]
    with running() as (awx, url):
        where = {"CONTROLLER_HOST": url, "CONTROLLER_OAUTH_TOKEN": "Default"}
        run = desk(f"cat > refused.yml <<'EOF'\n{json.dumps(plays)}\nEOF\nansible-playbook refused.yml", **where)
    assert awx.changes == [] and run.returncode == 0, run.stdout
    said = dict(zip(REFUSED, run.stdout.split("\nPLAY [")[1:], strict=False))
    for case, (_settings, reasons) in REFUSED.items():
        shown = " ".join(said[case].split())
        message = shown.partition("REFUSED ")[2].partition(" END")[0]
        assert [reason for reason in reasons if reason not in message] == [], said[case]
    assert re.findall(r"Unknown variable (\w+) has", run.stdout) == ["sde_awx_other"]
    # One request fails, and not each of them.
    assert run.stdout.count("Invalid authentication credentials for /api/v2/me/ (HTTP 401)") >= 1
    assert "Invalid authentication credentials for /api/v2/credentials" not in run.stdout
    # Another prefix does not help against a wrong organization.
    assert "sde_awx_name_prefix" not in said["wrong organization"].partition("REFUSED")[2]


def launch(awx: FakeAwx, template: str) -> dict:
    """Start a job, which does not end."""
    awx.respond("POST", f"{awx.get('job_templates', template)['url']}launch/", {}, "Default")
    return awx.get("jobs", template)


def snapshot(awx: FakeAwx) -> dict[str, dict]:
    """All that is configured, with names in the place of numbers."""
    names = {item["id"]: item.get("name", item.get("identifier")) for kind in awx.kinds.values() for item in kind}
    linked = {
        f"{path.split('/')[0]} {names[int(path.split('/')[1])]} {path.split('/')[2]}": [names[one] for one in numbers]
        for path, numbers in awx.related.items()
        if int(path.split("/")[1]) in names and numbers
    }
    found: dict[str, dict] = {"linked": linked}
    for kind in set(awx.kinds) - {"project_updates", "jobs", "credential_types"}:
        for item in awx.kinds[kind]:
            fields = {
                name: names.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value
                for name, value in item.items()
            }
            found[f"{kind} {names[item['id']]} {fields.get('workflow_job_template', '')}"] = {
                **fields, "id": None, "url": None, "survey": awx.surveys.get(item["id"])
            }  # a row for each case # fmt: skip
    return found


@pytest.mark.once
@pytest.mark.slow
def test_many_servers_come_and_go(configured):
    awx, run = configured
    before = snapshot(awx)
    both = ("-e", "@my_servers.yml")
    assert (
        commands_of("many_servers.md")[-1].strip()
        == "ansible-playbook configure.yml -e @my_settings.yml -e @my_servers.yml"
    )
    assert changed(run("configure.yml", *both)) == 6
    assert yaml.safe_load(awx.get("credentials", "SD Elements servers")["inputs"]["api_tokens"]) == {
        "sde-eu": f"{TOKEN}eu",
        "sde-us": f"{TOKEN}us",
    }
    inventory = json.loads(awx.get("inventories", "SD Elements servers")["variables"])
    assert inventory["sde_awx_urls"] == {"sde-eu": "https://sde-eu.example.com", "sde-us": "https://sde-us.example.com"}
    assert inventory["sde_url"] == "{{ sde_awx_urls[inventory_hostname] }}"
    assert sorted(awx.names("hosts")) == ["localhost", "sde-eu", "sde-us"]
    assert awx.get("job_templates", "SD Elements servers audit")["job_slice_count"] == 3
    assert_scheduled(awx, "SD Elements servers compliance", last="merge")
    assert changed(run("configure.yml", *both)) == 0

    fewer = {"sde_awx_servers": [{"name": "sde-eu", "url": "https://sde-eu.example.com", "api_token": f"{TOKEN}new"}]}
    assert_refused(run("configure.yml", *both, **fewer), "sde_awx_servers changed, so the secrets ")
    inventory_id = awx.get("inventories", "SD Elements servers")["id"]
    awx.kinds["hosts"].append({**awx.get("hosts", "sde-eu"), "id": 999, "name": "mine", "description": "by hand"})
    launch(awx, "SD Elements gather")
    job = launch(awx, "SD Elements servers merge")
    assert_refused(
        run("configure.yml", *both, **fewer, sde_awx_update_secrets=True), f"{job['url']} uses a resource to remove"
    )
    job["status"] = "canceled"
    changed(run("configure.yml", *both, **fewer, sde_awx_update_secrets=True))
    assert sorted(awx.names("hosts")) == ["localhost", "mine", "sde-eu"]
    assert yaml.safe_load(awx.get("credentials", "SD Elements servers")["inputs"]["api_tokens"]) == {
        "sde-eu": f"{TOKEN}new"
    }
    refused = run()
    assert_refused(refused, "The inventory to remove contains other hosts: mine.")
    assert awx.find("hosts", inventory=inventory_id, name="mine")
    awx.kinds["hosts"].remove(awx.get("hosts", "mine"))
    changed(run())
    assert snapshot(awx) == before


HOURLY = "DTSTART;TZID=Europe/Berlin:20260105T050000 RRULE:FREQ=HOURLY;INTERVAL=1"


@pytest.mark.once
@pytest.mark.slow
def test_audits_of_changes_come_and_go(configured):
    awx, run = configured
    before = snapshot(awx)
    kept = {"sde_awx_report_dir": "/reports"}
    both = ("configure.yml", "-e", "@my_servers.yml")
    changed(run(*both, **kept, sde_awx_drift_schedule=HOURLY))
    for name in ("SD Elements", "SD Elements servers"):
        template, schedule = awx.get("job_templates", f"{name} drift"), awx.get("schedules", f"{name} drift")
        assert (schedule["unified_job_template"], schedule["rrule"]) == (template["id"], HOURLY)
        assert awx.extra_vars(template, {}) == {
            "sde_drift_dir": "/reports/drift/SD%20Elements",
            "sde_report_dir": "/reports",
            "sde_policy": "starter",
            "sde_fail_on": "medium",
            "sde_kinds": ["alm", "analysis"],
        }
        assert template["inventory"] == awx.get("inventories", name)["id"]
        linked = awx.related[f"job_templates/{template['id']}/credentials"]
        assert linked == [awx.get("credentials", name)["id"]]
    assert changed(run(*both, **kept, sde_awx_drift_schedule=HOURLY)) == 0

    changed(run(**kept))
    assert awx.names("schedules") == ["SD Elements compliance"]
    assert [name for name in awx.names("job_templates") if "drift" in name] == ["SD Elements drift"]
    launch(awx, "SD Elements gather")
    job = launch(awx, "SD Elements drift")
    assert_refused(run(), f"{job['url']} uses a resource to remove.")
    job["status"] = "successful"
    changed(run())
    assert snapshot(awx) == before


@pytest.mark.once
@pytest.mark.slow
def test_everything_is_removed(configured):
    awx, run = configured
    in_use = run("configure_types.yml", by=SYSTEM, sde_awx_state="absent")
    credential = awx.get("credentials", "SD Elements")["url"]
    assert_refused(in_use, f"{credential} has one of the types to remove. Remove everything else first, ")
    assert "SD Elements servers" in awx.names("credential_types")
    removal, types = commands_of("awx_guide.md", "text")[-1].splitlines()
    assert removal.endswith(" -e sde_awx_state=absent") and types.endswith(
        "configure_types.yml -e sde_awx_state=absent"
    )
    drift = {"sde_awx_report_dir": "/reports", "sde_awx_drift_schedule": HOURLY}
    changed(run(**drift))
    job = launch(awx, "SD Elements gather")
    before = list(awx.changes)
    refused = run(sde_awx_state="absent", secrets={}, **drift)
    assert_refused(refused, f"{job['url']} uses a resource to remove.")
    assert awx.changes == before
    job["status"] = "successful"
    assert changed(run(sde_awx_state="absent", secrets={}, **drift)) == 8
    left = {kind: names for kind in awx.kinds if (names := awx.kinds[kind])}
    assert set(left) <= {"organizations", "credential_types", "project_updates", "jobs"}
    assert changed(run(sde_awx_state="absent", secrets={})) == 0
    assert_refused(
        run("configure_types.yml"),
        "admin of Default is not a system administrator of AWX: only such a user can create ",
    )
    changed(run("configure_types.yml", by=SYSTEM, sde_awx_state="absent"))
    assert awx.kinds["credential_types"] == []


@pytest.mark.once
@pytest.mark.slow
def test_each_setting_changed_and_back(configured):
    awx, run = configured
    registry = {"name": "hub", "organization": 1, "credential_type": awx.get("credential_types", "SD Elements")["id"]}
    awx.kinds["credentials"].append({**awx.get("credentials", "SD Elements"), **registry, "id": 998})
    before = snapshot(awx)
    new = {
        "sde_awx_image": "registry.example.com/other:2",
        "sde_awx_image_credential": "hub",
        "sde_awx_project_url": "https://git.example.com/other.git",
        "sde_awx_project_branch": "main",
        "sde_awx_url": "https://other.example.com",
        "sde_awx_policy": "mine.yml",
        "sde_awx_kinds": ["alm"],
        "sde_awx_fail_on": "low",
        "sde_awx_inconclusive": "fail",
        "sde_awx_schedule": "DTSTART;TZID=Europe/Paris:20270105T060000 RRULE:FREQ=WEEKLY;INTERVAL=1",
        "sde_awx_webhook": "",
        "sde_awx_report_dir": "/reports",
        "sde_awx_config_dir": "/etc/sde",
    }
    changed(run(**new, sde_awx_update_secrets=True))
    image = awx.get("execution_environments", "SD Elements")
    assert (image["image"], image["credential"]) == ("registry.example.com/other:2", 998)
    project = awx.get("projects", "SD Elements")
    assert (project["scm_url"], project["scm_branch"]) == ("https://git.example.com/other.git", "main")
    assert awx.get("credentials", "SD Elements")["inputs"]["url"] == "https://other.example.com"
    assert awx.extra_vars(awx.get("job_templates", "SD Elements audit"), {}) == {
        "sde_report_dir": "/reports",
        "sde_policy": "mine.yml",
        "sde_fail_on": "low",
        "sde_inconclusive": "fail",
        "sde_kinds": ["alm"],
    }
    render = json.loads(awx.get("job_templates", "SD Elements render")["extra_vars"])
    assert render["connection_config_allow_list"] == "/etc/sde/sdelements_allow_list.txt"
    assert awx.get("schedules", "SD Elements compliance")["rrule"] == new["sde_awx_schedule"]
    assert awx.kinds["notification_templates"] == []
    assert changed(run(**new)) == 0
    changed(run(sde_awx_update_secrets=True))
    assert snapshot(awx) == before
    assert changed(run()) == 0


@pytest.mark.once
@pytest.mark.slow
def test_the_credential_keeps_what_is_not_set(configured):
    """Somebody set fields in AWX; the environment has another token."""
    awx, run = configured
    inputs = awx.get("credentials", "SD Elements")["inputs"]
    inputs |= {"allow_http": True, "timeout": "30", "client_key": "the key"}
    other = {"SDE_API_KEY": f"{TOKEN}other"}
    fields = {"timeout": 40, "skip_verification": False}
    assert changed(run(secrets=other, sde_awx_credential_fields=fields)) == 1
    kept = {**inputs, "timeout": "40", "skip_verification": False}
    assert awx.get("credentials", "SD Elements")["inputs"] == kept
    changed(run(secrets=other, sde_awx_update_secrets=True))
    assert awx.get("credentials", "SD Elements")["inputs"] == {**kept, "api_token": f"{TOKEN}other"}
    del awx.get("credentials", "SD Elements")["inputs"]["client_key"]
    moved = {"sde_awx_url": "https://other.example.com", "sde_awx_credential_fields": {"client_key": f"{TOKEN}key"}}
    assert_refused(
        run(**moved), "sde_awx_url, client_key changed, so the secrets of the credential must be written again."
    )
    assert_refused(run(secrets={}, **moved, sde_awx_update_secrets=True), "No API token for https://other.example.com.")
    assert awx.get("credentials", "SD Elements")["inputs"]["url"] == "https://sde.example.com"


@pytest.mark.once
@pytest.mark.slow
def test_the_project_is_updated(configured):
    awx, run = configured
    project = awx.get("projects", "SD Elements")
    awx.revisions["1.0.0"] = "2"
    assert changed(run()) == 1 and project["scm_revision"] == "2"
    # A failed update is an error each time.
    for reason in ("Project update failed", "The Project Update - SD Elements, failed"):
        assert_refused(run(sde_awx_project_branch="nosuch"), reason)


@pytest.mark.once
@pytest.mark.slow
def test_a_second_organization(configured):
    awx, run = configured
    before = snapshot(awx)
    other = {"sde_awx_organization": "Other"}
    assert_refused(run(by="Other", **other), "Execution environment with this Name already exists")
    assert_refused(run(by=SYSTEM, **other), "/api/v2/execution_environments/", "Set another sde_awx_name_prefix.")
    assert snapshot(awx) == before
    own = {**other, "sde_awx_name_prefix": "Team servers"}
    assert changed(run(by="Other", **own)) == 9
    assert changed(run(by=SYSTEM, **own)) == 0
    assert changed(run(by=SYSTEM)) == 0
    changed(run(by="Other", **own, sde_awx_state="absent"))
    assert snapshot(awx) == before


@pytest.mark.once
@pytest.mark.slow
def test_check_mode(configured):
    awx, run = configured
    before = list(awx.changes)
    assert changed(run("configure.yml", "--check")) == 0
    assert changed(run("configure.yml", "--check", sde_awx_fail_on="low")) == 1
    assert awx.changes == before


@pytest.mark.once
@pytest.mark.slow
def test_programs_start_the_audit(configured, desk):
    """By the guide's command, and by its task."""
    awx, _run = configured
    curl, task = (text for text in commands_of("awx_guide.md", "text") if "sde_policy" in text)
    with running(awx) as (_handler, url):
        where = {"CONTROLLER_HOST": url, "CONTROLLER_OAUTH_TOKEN": "Default"}
        started = desk(curl, **where)
        assert started.returncode == 0, started.stdout
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(task)}]
        desk(f"cat > start.yml <<'EOF'\n{yaml.safe_dump(play)}\nEOF")
        changed(desk("ansible-playbook start.yml", **where))
        unanswered = desk(curl.replace('"sde_policy": "starter",', ""), **where)
    assert unanswered.returncode != 0
    by_curl, by_task = (job["extra_vars"] for job in awx.kinds["jobs"])
    assert by_curl == by_task and by_task["sde_kinds"] == ["alm", "analysis"]


def test_many_servers_at_a_desk(start, tmp_path, ansible):
    """The guide's inventory and its first command."""
    hosts = yaml.safe_load((EXAMPLES / "many_servers" / "servers.yml").read_text(encoding="utf-8"))
    for one in hosts["all"]["hosts"].values():
        one["sde_url"] = start("5.2", token=TOKEN).url
    (tmp_path / "servers.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    (tmp_path / "tokens.yml").write_text(yaml.safe_dump(dict.fromkeys(hosts["all"]["hosts"], TOKEN)), encoding="utf-8")
    run = ansible("bash", "-ec", commands_of("many_servers.md")[0], cwd=tmp_path, SDE_API_TOKENS_FILE="tokens.yml")
    assert_clean_but_for_findings(run)
    reports = {
        str(path.relative_to(tmp_path / "reports")) for path in (tmp_path / "reports").rglob("*") if path.is_file()
    }
    assert reports == {"servers/sde-eu.json", "servers/sde-us.json", *(f"audit.{one}" for one in FORMATS)}
    merge = next(block.text for block in blocks("text") if "merge_reports" in block.text)
    (tmp_path / "reports" / "audit.json").rename(tmp_path / "reports" / "servers-1.json")
    merged = ansible("bash", "-ec", merge, cwd=tmp_path)
    assert merged.returncode == 2 and (tmp_path / "reports" / "audit.json").is_file(), merged.stdout
    assert TOKEN not in run.stdout + merged.stdout


def assert_clean_but_for_findings(run: subprocess.CompletedProcess) -> None:
    """Warnings are about what could not be decided only."""
    assert run.returncode == 2, run.stdout
    assert set(re.findall(r"\[WARNING\]: (\w+)", run.stdout)) <= {"Rule"}, run.stdout
