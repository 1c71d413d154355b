# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential types, by AWX's own code that hands credentials to jobs, into ansible-runner and the modules."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import trustme
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import SERVER_OPTIONS, parse_server
from tests.awx import Job, credential_type, inject
from tests.support import validated

TYPES = ("SD Elements", "SD Elements servers")
TOKEN = "CANARY0000token0000token"
KEY = trustme.CA().issue_cert("client.example.com")
# Environment names of the collection's one table of options; the first of each is the one to use.
NAMES = {option: spec["fallback"][1][0] for option, spec in SERVER_OPTIONS.items()}

# The schema that AWX demands of a credential type before it stores it.
FIELD = {
    "type": "object",
    "properties": {
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
        "id": {"type": "string", "pattern": "^[a-zA-Z_]+[a-zA-Z0-9_]*$", "not": {"const": "tower"}},
        "label": {"type": "string"},
        "help_text": {"type": "string"},
        "multiline": {"type": "boolean"},
        "secret": {"type": "boolean"},
        "ask_at_runtime": {"type": "boolean"},
        "default": {"type": ["string", "boolean"]},
    },
    "additionalProperties": False,
    "required": ["id", "label"],
    "if": {"properties": {"type": {"const": "boolean"}}, "required": ["type"]},
    "then": {"properties": dict.fromkeys(("choices", "multiline", "format", "secret"), False)},
}
INPUTS = {
    "type": "object",
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {"type": "array", "items": FIELD},
    },
    "additionalProperties": False,
}
TEXTS = {"type": "string", "pattern": "^[\\x00-\\x7F]*$"}
INJECTORS = {
    "type": "object",
    "properties": {
        "file": {
            "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": {"type": "string"}},
            "additionalProperties": False,
        },
        # 'extra_vars' would be allowed, and would be shown with the job.
        "env": {"patternProperties": {"^SDE_[A-Z_]+$": TEXTS}, "additionalProperties": False},
    },
    "additionalProperties": False,
}


@pytest.mark.once
@pytest.mark.parametrize("name", TYPES)
def test_awx_accepts_the_type(name):
    definition = credential_type(name)
    jsonschema.validate(definition["inputs"], INPUTS)
    jsonschema.validate(definition["injectors"], INJECTORS)
    ids = [field["id"] for field in definition["inputs"]["fields"]]
    assert len(set(ids)) == len(ids) and set(definition["inputs"]["required"]) <= set(ids)
    # Every template has to work where every field is given; the name of a file is one of those that are written.
    files = {key.partition(".")[2]: "/runner/env/x" for key in definition["injectors"]["file"]}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    known = {**dict.fromkeys(ids, "EXAMPLE"), "tower": {"filename": files}}
    for template in [*definition["injectors"]["file"].values(), *definition["injectors"]["env"].values()]:
        assert sandbox.from_string(template).render(known)


@pytest.mark.once
def test_each_name_is_one_that_the_modules_read():
    assert set(credential_type("SD Elements")["injectors"]["env"]) == set(NAMES.values())
    many = set(credential_type("SD Elements servers")["injectors"]["env"])
    assert many == set(NAMES.values()) - {"SDE_HOST", "SDE_API_KEY"} | {"SDE_API_TOKENS_FILE"}


def test_what_is_left_out_is_not_set(monkeypatch, tmp_path):
    injected = inject("SD Elements", {"url": "https://sde.example.com", "api_token": TOKEN}, tmp_path)
    assert {name for name, value in injected.env.items() if value} == {"SDE_HOST", "SDE_API_KEY"}
    assert injected.arguments == []
    without = validated(url="https://sde.example.com", api_token=TOKEN)
    for name, value in injected.env.items():
        monkeypatch.setenv(name, value)
    assert validated() == without
    assert parse_server(validated()).verify is True


@pytest.mark.parametrize("untouched", ["", None, False])
def test_what_is_given_is_set(monkeypatch, tmp_path, untouched):
    certificate = KEY.cert_chain_pems[0].bytes().decode().strip()
    key = KEY.private_key_pem.bytes().decode().strip()
    given = {
        "url": "sde.example.com",
        "api_token": TOKEN,
        "client_cert": certificate,
        "client_key": key,
        "ca_path": certificate,
    }
    numbers = {"timeout": "5", "deadline": "50", "retries": "0"}
    injected = inject("SD Elements", {**given, **numbers, "skip_verification": untouched, "allow_http": True}, tmp_path)
    for name, value in injected.env.items():
        monkeypatch.setenv(name, value.replace("/runner/", f"{tmp_path}/"))
    server = parse_server(validated())
    assert (server.timeout, server.deadline, server.retries) == (5, 50, 0)
    assert validated()["allow_http"] is True
    assert [Path(path).read_text(encoding="utf-8") for path in (server.verify, *server.cert)] == [
        certificate,
        certificate,
        key,
    ]


def test_verification_can_be_switched_off(monkeypatch, tmp_path):
    injected = inject(
        "SD Elements", {"url": "sde.example.com", "api_token": TOKEN, "skip_verification": True}, tmp_path
    )
    for name, value in injected.env.items():
        monkeypatch.setenv(name, value)
    assert parse_server(validated()).verify is False


@pytest.mark.once
@pytest.mark.parametrize("name", TYPES)
def test_awx_shows_no_secret(name, tmp_path):
    secrets = {
        field["id"]: f"{TOKEN}{field['id']}"
        for field in credential_type(name)["inputs"]["fields"]
        if field.get("secret")
    }
    injected = inject(name, {"url": "sde.example.com", **secrets}, tmp_path)
    assert TOKEN not in str(injected.safe_env) and TOKEN not in str(injected.arguments)
    assert {"api_token", "client_key"} <= set(secrets) or name != "SD Elements"


GATHER = """
- hosts: localhost
  gather_facts: false
  tasks:
    - securitycompass.sdelements.sde_alm_connection_info:
      register: first
    - securitycompass.sdelements.sde_alm_connection_info:
      environment: {SOME_VARIABLE: makes it a module}
      register: second
    - ansible.builtin.assert:
        that: first.connections == second.connections
    - ansible.builtin.debug:
        msg: "{{ first.count }} connections"
"""


@pytest.fixture
def job(tmp_path):
    """A job that gathers connections by both entry points."""
    project = tmp_path / "playbooks"
    project.mkdir()
    (project / "gather.yml").write_text(GATHER, encoding="utf-8")
    return Job(tmp_path / "job", project=project)


@pytest.mark.parametrize("tls", [pytest.param(False, marks=pytest.mark.slow), True], ids=["http", "https"])
def test_a_job_reads_the_server_with_the_credential_alone(start, job, tls):
    server = start("5.2", tls=tls, token=TOKEN)
    authority = {"ca_path": Path(server.ca_path).read_text(encoding="utf-8")} if tls else {}
    job.credential("SD Elements", url=server.url, api_token=TOKEN, **authority)
    run = job.run("playbooks/gather.yml", "-vvvv")
    assert run.returncode == 0, run.stdout
    assert "30 connections" in run.stdout.decode()
    texts = job.texts()
    assert any(name.endswith("job_events") or "/job_events/" in name for name in texts) and "30 connections" in str(
        texts
    )
    assert [name for name, text in texts.items() if TOKEN in text] == []
    # The one exception, which is ansible-runner's own; AWX does not store it.
    assert TOKEN in (job.folder / "artifacts" / "job" / "command").read_text(encoding="utf-8")


# Other tests find that a certificate is verified unless a variable turns it off, and that the credential sets none.
@pytest.mark.slow
def test_a_job_fails_without_the_ca(start, job):
    server = start("5.2", tls=True, token=TOKEN)
    job.credential("SD Elements", url=server.url, api_token=TOKEN)
    run = job.run("playbooks/gather.yml")
    assert run.returncode == 2
    failure = next(event["event_data"]["res"] for event in job.events() if event["event"] == "runner_on_failed")
    assert failure["failure"]["kind"] == "tls"
    assert TOKEN not in str(job.texts())


@pytest.mark.once
def test_templates_are_kept_from_ansible():
    """Without '!unsafe', Ansible would fill them in, and AWX get empty ones."""
    text = (Path(__file__).parents[2] / "extensions" / "awx" / "vars" / "credential_types.yml").read_text(
        encoding="utf-8"
    )
    templates = [node for node in _scalars(yaml.compose(text)) if re.search("{[{%]", node.value)]
    assert templates and {node.tag for node in templates} == {"!unsafe"}


def _scalars(node):
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    else:
        for pair in node.value:
            for item in pair:
                yield from _scalars(item)
