# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that configure AWX: by the modules that read them, by AWX's rules, and by what the roles take.

No AWX runs here. The modules of awx.awx talk to a store that answers like an empty one. The roles of
infra.aap_configuration are in no package registry: what they are given is compared with what they are known to take.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.awx import EXTENSION, Job, read_yaml
from tests.conftest import ROOT
from tests.fake_awx import running
from tests.playbooks.test_documentation_examples import blocks

PATTERNS = ROOT / "extensions" / "patterns"
EXAMPLES = ROOT / "docs" / "examples"
TOKEN = "CANARY0000token0000token"
SETTINGS = read_yaml(EXTENSION / "vars" / "settings.yml")
# What needs a package index; the tests have it already.
INSTALLATION = re.compile(r"^ansible-galaxy collection install .*$", re.MULTILINE)

# What the roles of infra.aap_configuration take of each item, as their own documentation says; each hands it to an
# argument of the same name of ansible.controller, whose modules are those of awx.awx under another name.
TAKEN = {
    "controller_credential_types": "name description kind inputs injectors",
    "controller_credentials": "name description organization credential_type inputs update_secrets",
    "controller_execution_environments": "name description organization image pull credential",
    "controller_projects": "name description organization scm_type scm_url scm_branch scm_update_on_launch",
    "controller_inventories": "name description organization variables",
    "controller_hosts": "name description inventory variables",
    "controller_notifications": "name description organization notification_type notification_configuration messages",
    "controller_templates": "name description organization project playbook inventory execution_environment credentials"
    " forks"
    " job_slice_count extra_vars survey_enabled survey_spec notification_templates_error",
    "controller_workflows": "name description organization workflow_nodes",
    "controller_schedules": "name description organization unified_job_template rrule",
}


def variables() -> dict:
    """All that vars/ holds, as it stands there."""
    found = {}
    for path in sorted((EXTENSION / "vars").glob("*.yml")):
        found |= read_yaml(path)
    return found


def items(name: str) -> list[dict]:
    """The items of a variable, those for many servers included."""
    return variables().get(name.replace("controller_", "sde_awx_"), variables()[name])


@pytest.fixture(scope="module")
def roles() -> dict[str, dict]:
    """The options of the roles that jobs run, by name."""
    options = {}
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        options |= yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return options


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
        assert set(template.get("notification_templates_error", [])) <= names["controller_notifications"]
    for workflow in items("controller_workflows"):
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        for node in nodes.values():
            assert node["unified_job_template"]["name"] in names["controller_templates"]
            for following in node.get("related", {}).values():
                assert {one["identifier"] for one in following} <= set(nodes)
    assert {schedule["unified_job_template"] for schedule in items("controller_schedules")} <= names[
        "controller_workflows"
    ]


@pytest.mark.once
def test_the_roles_of_aap_take_all_of_it():
    held = variables()
    assert set(TAKEN) == {name for name in held if name.startswith("controller_")}
    for name, taken in TAKEN.items():
        for item in items(name) if name != "controller_hosts" else []:
            assert set(item) <= set(taken.split()), (name, item["name"])
    assert (
        read_yaml(EXTENSION / "configure_aap.yml")[0]["vars_files"]
        == read_yaml(EXTENSION / "configure.yml")[0]["vars_files"]
    )


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
    for message in variables()["controller_notifications"][0]["messages"].values():
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


# What AAP demands of a pattern, as its specification says. ansible-lint and galaxy-importer check the folder, too.
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


def test_the_pattern_runs(start, tmp_path):
    server = start("5.2", token=TOKEN)
    folder = PATTERNS / "sde_connection_audit"
    resources = json.loads((folder / "meta" / "pattern.json").read_text(encoding="utf-8"))["aap_resources"]
    survey = resources["controller_job_templates"][0]["survey"]["spec"]
    job = Job(tmp_path / "job", project=folder, **{question["variable"]: question["default"] for question in survey})
    job.credential("SD Elements", url=server.url, api_token=TOKEN)
    run = job.run("sde_connection_audit/playbooks/audit.yml")
    assert run.returncode == 2, run.stdout
    assert "SD Elements audit failed: " in run.stdout.decode()
    assert TOKEN not in str(job.texts())


@pytest.mark.parametrize("fail_on, status", [("high", 2), pytest.param("never", 0, marks=pytest.mark.slow)])
def test_a_workflow_of_one_server(start, tmp_path, fail_on, status):
    """The audit fails by threshold, and the next node has its verdict."""
    server = start("5.2", token=TOKEN)
    template = next(one for one in items("controller_templates") if one["name"] == "SD Elements audit")
    answers = {question["variable"]: question["default"] for question in template["survey_spec"]["spec"]}
    answers |= {"connection_audit_policy": SETTINGS["sde_awx_policy"], "connection_audit_kinds": ["alm", "analysis"]}
    given = {**answers, "connection_audit_fail_on": fail_on, "connection_audit_report_dir": str(tmp_path / "reports")}
    job = Job(tmp_path / "job", project=ROOT / "playbooks", **given)
    job.credential("SD Elements", url=server.url, api_token=TOKEN)
    run = job.run(template["playbook"])
    assert run.returncode == status, run.stdout
    handed_on = job.artifacts()["sde_audit"]
    document = json.loads((tmp_path / "reports" / "localhost.json").read_text(encoding="utf-8"))
    assert handed_on == {
        name: document["summary"][name] for name in ("verdict", "message", "verdicts", "failed_by_severity")
    }
    assert TOKEN not in str(job.texts())
    following = Job(tmp_path / "next", project=ROOT / "playbooks", **job.artifacts())
    said = following.run("playbooks/show_verdict.yml")
    assert said.returncode == status and handed_on["message"] in said.stdout.decode()


@pytest.mark.once
def test_the_image(tmp_path, ansible):
    """Described, and not built: there is no container engine here."""
    run = ansible(
        "ansible-builder", "create", "-f", EXTENSION / "execution-environment.yml", "-c", tmp_path / "context"
    )
    assert run.returncode == 0, run.stdout
    (recipe,) = (path for path in (tmp_path / "context").iterdir() if path.is_file())
    text = recipe.read_text(encoding="utf-8")
    assert "ansible-core>=2.16" in text and "ansible-runner" in text
    wanted = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted == {"collections": [{"name": "securitycompass.sdelements"}]}


@pytest.mark.once
def test_the_image_with_an_artifact(tmp_path, ansible):
    """What the guide says for a collection that is not on Galaxy."""
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
    assert yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text(encoding="utf-8")) == {
        "collections": [collection]
    }
    assert (tmp_path / "context" / "_build" / collection["name"]).is_file()


@pytest.mark.once
def test_what_the_collection_asks_of_an_image(ansible):
    run = ansible("ansible-builder", "introspect", ROOT / "collections")
    assert run.returncode == 0, run.stdout
    dependencies = yaml.safe_load(run.stdout.partition("---")[2])
    (requirement,) = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()[-1:]
    assert [one.partition("#")[0].strip() for one in dependencies["python"]] == [requirement]


@pytest.fixture
def desk(tmp_path, ansible):
    """An administrator's folder, and a home with the collections that the guide installs. CI needs them."""
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
        return ansible(
            "bash", "-euo", "pipefail", "-c", commands, collections=installed.parent, cwd=folder, **environment
        )

    return run


def commands_of(page: str) -> list[str]:
    return [block.text for block in blocks("shell") if block.page.name == page]


@pytest.mark.once
@pytest.mark.parametrize("guides", ["last", pytest.param("both", marks=pytest.mark.slow)])
def test_from_an_empty_awx_to_a_scheduled_audit_that_notifies(desk, guides):
    """The commands of both guides, in their order, or the last one alone: it configures all."""
    steps = [*commands_of("awx_guide.md"), commands_of("many_servers.md")[-1]]
    assert [step.split()[0] for step in steps] == [
        "ansible-galaxy",
        "ansible-builder",
        "ansible-playbook",
        "ansible-playbook",
    ]
    tokens = {"SDE_API_KEY": TOKEN, "SDE_EU_TOKEN": f"{TOKEN}eu", "SDE_US_TOKEN": f"{TOKEN}us"}
    with running() as (awx, url):
        printed = ""
        for number, step in enumerate(steps):
            if number == 2 and guides == "last":
                continue
            run = desk(step, CONTROLLER_HOST=url, CONTROLLER_OAUTH_TOKEN="x", **tokens)
            assert run.returncode == 0, run.stdout
            printed += run.stdout
            if number == 2:
                assert awx.names("workflow_job_templates") == ["SD Elements compliance"]
                assert awx.names("credentials") == awx.names("inventories") == ["SD Elements"]
        assert TOKEN not in printed
        assert_configured(awx)
        before, last = list(awx.changes), steps[-1].strip()
        servers = [{"name": "eu", "api_token": TOKEN}, {"name": "us", "api_token": "{{ of_a_vault }}"}]
        forgotten = json.dumps({"sde_awx_servers": servers})
        run = desk(f"{last} -e '{forgotten}'", CONTROLLER_HOST=url, CONTROLLER_OAUTH_TOKEN="x", **tokens)
        assert run.returncode == 2 and "so nothing was configured" in run.stdout and awx.changes == before, run.stdout
        assert TOKEN not in run.stdout
        if guides == "last":
            return
        # What the first run made, the second left as it was, but for two that now have a folder for what they write.
        moved = [awx.get("job_templates", name)["id"] for name in ("SD Elements audit", "SD Elements render")]
        assert [request for request in awx.changes if not request.startswith("POST")] == [
            f"PATCH job_templates/{number}" for number in moved
        ]


@pytest.mark.once
@pytest.mark.parametrize("lacking", ["SDE_API_KEY", pytest.param("SDE_EU_TOKEN", marks=pytest.mark.slow)])
def test_nothing_is_configured_without_a_token(desk, lacking):
    tokens = {"SDE_API_KEY": TOKEN, "SDE_EU_TOKEN": TOKEN, "SDE_US_TOKEN": TOKEN, lacking: ""}
    first, last = commands_of("awx_guide.md")[0], commands_of("many_servers.md")[-1]
    command = f"{first}\n{last.strip()} -e sde_awx_update_secrets=true"
    with running() as (awx, url):
        run = desk(command, CONTROLLER_HOST=url, CONTROLLER_OAUTH_TOKEN="x", **tokens)
        assert run.returncode == 2 and "There is no API token for " in run.stdout, run.stdout
        assert awx.changes == []


def assert_configured(awx) -> None:
    """The templates came through as they are, and everything is linked."""
    definition = next(
        one
        for one in read_yaml(EXTENSION / "vars" / "credential_types.yml")["controller_credential_types"]
        if one["name"] == "SD Elements"
    )
    stored = awx.get("credential_types", "SD Elements")
    assert {name: stored[name] for name in ("inputs", "injectors", "kind")} == {
        name: definition[name] for name in ("inputs", "injectors", "kind")
    }
    assert awx.get("credentials", "SD Elements")["inputs"] == {
        "url": "https://sde.example.com",
        "api_token": TOKEN,
        "ca_bundle": "",
    }
    assert yaml.safe_load(awx.get("credentials", "SD Elements servers")["inputs"]["api_tokens"]) == {
        "sde-eu": f"{TOKEN}eu",
        "sde-us": f"{TOKEN}us",
    }
    inventory = json.loads(awx.get("inventories", "SD Elements servers")["variables"])
    assert inventory["sde_servers"] == {"sde-eu": "https://sde-eu.example.com", "sde-us": "https://sde-us.example.com"}
    assert inventory["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    assert inventory["sde_url"] == "{{ sde_servers[inventory_hostname] }}"
    assert sorted(awx.names("hosts")) == ["localhost", "sde-eu", "sde-us"]
    messages = awx.get("notification_templates", "SD Elements")["messages"]
    assert "{{ job_friendly_name }}" in messages["error"]["message"]

    notification, audit = (
        awx.get("notification_templates", "SD Elements"),
        awx.get("job_templates", "SD Elements audit"),
    )
    assert awx.related[f"job_templates/{audit['id']}/notification_templates_error"] == [notification["id"]]
    assert awx.related[f"job_templates/{audit['id']}/credentials"] == [awx.get("credentials", "SD Elements")["id"]]
    answers = {question["variable"]: question.get("default") for question in awx.surveys[audit["id"]]["spec"]}
    assert answers["connection_audit_fail_on"] == "high" and answers["connection_audit_policy"] == "starter"
    assert awx.get("job_templates", "SD Elements servers audit")["job_slice_count"] == 3

    for name in ("SD Elements compliance", "SD Elements servers compliance"):
        workflow = awx.get("workflow_job_templates", name)
        schedule = awx.get("schedules", name)
        assert schedule["unified_job_template"] == workflow["id"] and schedule["rrule"] == SETTINGS["sde_awx_schedule"]
        nodes = {
            node["identifier"]: node
            for node in awx.find("workflow_job_template_nodes", workflow_job_template=workflow["id"])
        }
        last = awx.related[f"workflow_job_template_nodes/{nodes['audit']['id']}/always_nodes"]
        assert last == [nodes["merge" if "servers" in name else "verdict"]["id"]]


def test_many_servers_at_a_desk(start, tmp_path, ansible):
    """The guide's inventory and its first command."""
    server = start("5.2", token=TOKEN)
    hosts = yaml.safe_load((EXAMPLES / "many_servers" / "servers.yml").read_text(encoding="utf-8"))
    for one in hosts["all"]["hosts"].values():
        one["sde_url"] = server.url
    (tmp_path / "servers.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    (tmp_path / "tokens.yml").write_text(yaml.safe_dump(dict.fromkeys(hosts["all"]["hosts"], TOKEN)), encoding="utf-8")
    run = ansible("bash", "-ec", commands_of("many_servers.md")[0], cwd=tmp_path, SDE_API_TOKENS_FILE="tokens.yml")
    assert_clean_but_for_findings(run)
    reports = {
        str(path.relative_to(tmp_path / "reports")) for path in (tmp_path / "reports").rglob("*") if path.is_file()
    }
    assert reports == {"servers/sde-eu.json", "servers/sde-us.json", "servers-all.html", "servers-all.json"}
    merge = next(block.text for block in blocks("text") if "merge_reports" in block.text)
    merged = ansible("bash", "-ec", merge, cwd=tmp_path)
    assert merged.returncode == 2 and (tmp_path / "reports" / "audit.sarif").is_file(), merged.stdout
    assert TOKEN not in run.stdout + merged.stdout


@pytest.fixture
def audit_servers(ansible, tmp_path):
    """Audit servers, which are variables of hosts by name. Returns the last task's message for each, and the status."""

    def run(hosts: dict[str, dict], **variables) -> tuple[int, dict[str, str]]:
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        (tmp_path / "vars.json").write_text(json.dumps({"sde_report_dir": "reports", **variables}), encoding="utf-8")
        command = [
            "ansible-playbook",
            "-i",
            "hosts.json",
            "securitycompass.sdelements.audit_servers",
            "-e",
            "@vars.json",
        ]
        # They never stand in for what a host lacks.
        others = {"SDE_HOST": "http://127.0.0.1:9", "SDE_API_KEY": TOKEN}
        played = ansible(*command, cwd=tmp_path, **others)
        last = played.stdout.rpartition("TASK [Pass or fail] ")[2]
        results = re.finditer(r"^(?:ok|fatal): \[([\w-]+)\](?:: FAILED!)? => ", last, re.MULTILINE)
        said = {found[1]: json.JSONDecoder().raw_decode(last, found.end())[0]["msg"] for found in results}
        assert set(said) == set(hosts), played.stdout
        return played.returncode, said

    return run


def test_servers_that_pass_and_servers_that_cannot_be_audited(start, audit_servers):
    server = start("5.2", token=TOKEN)
    good = {"sde_url": server.url, "sde_api_token": TOKEN}
    status, said = audit_servers({"eu": good}, connection_audit_fail_on="never")
    assert status == 0 and said["eu"].startswith("SD Elements audit passed: ")
    status, said = audit_servers(
        {
            "eu": good,
            "wrong": {**good, "sde_api_token": "x" * 20},
            "no-token": {"sde_url": server.url},
            "no-url": {**good, "sde_url": ""},
        },
        connection_audit_fail_on="never",
    )
    assert status == 2 and said["eu"].startswith("SD Elements audit passed: ")
    assert " was answered with 401: Invalid token." in said["wrong"]
    for name in ("no-token", "no-url"):
        assert said[name].startswith(f"Give {name} its address in sde_url, and its token in sde_api_token")


def assert_clean_but_for_findings(run: subprocess.CompletedProcess) -> None:
    """Warnings are about what could not be decided only."""
    assert run.returncode == 2, run.stdout
    assert set(re.findall(r"\[WARNING\]: (\w+)", run.stdout)) <= {"Rule"}, run.stdout
