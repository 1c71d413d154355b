# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX without AWX: its own code that injects credentials into a job, and the program with which it runs jobs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "extensions" / "awx"


# The variables of 'localhost' in AWX's own inventory.
LOCALHOST_VARS = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


class _YamlLoader(yaml.SafeLoader):
    """Reads what Ansible reads."""


_YamlLoader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read_yaml(path: Path) -> Any:
    """A YAML file of Ansible's."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_YamlLoader)


def credential_type(name: str) -> dict[str, Any]:
    types = read_yaml(EXTENSION / "vars" / "credential_types.yml")["_sde_awx_credential_types"]
    return next(one for one in types if one["name"] == name)


class InjectedCredential(NamedTuple):
    """The environment and arguments of a job that come from a credential."""

    env: dict[str, str]
    safe_env: dict[str, str]  # as AWX shows it
    arguments: list[str]


def inject(type_name: str, inputs: dict[str, Any], folder: Path) -> InjectedCredential:
    """Hand a credential to a job whose files lie in this folder, by AWX's own code."""
    definition = credential_type(type_name)
    kind = ManagedCredentialType(
        namespace="sde", name=type_name, kind="cloud", inputs=definition["inputs"], injectors=definition["injectors"]
    )
    (folder / "env").mkdir(parents=True, exist_ok=True)
    env, safe_env, arguments = {}, {}, []
    inject_credential(kind, Credential(inputs), env, safe_env, arguments, str(folder))
    return InjectedCredential(env, safe_env, arguments)


class Job:
    """A job's files, as AWX lays them out for ansible-runner."""

    def __init__(self, folder: Path, *, project: Path, inventory: dict[str, Any] | None = None, **extra_vars: Any):
        self.folder = folder
        self.ident = "job"
        for name in ("env", "inventory", "project"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copytree(project, folder / "project" / project.name, symlinks=True)
        self._write("inventory/hosts.json", inventory or {"all": {"hosts": {"localhost": LOCALHOST_VARS}}})
        self._write("env/extravars", extra_vars)
        self.injected = InjectedCredential({}, {}, [])

    def credential(self, type_name: str, runtime_folder: Path | None = None, **inputs: Any) -> InjectedCredential:
        """Give the job a credential. ``runtime_folder``: its folder when it runs, if that is another one."""
        self.injected = inject(type_name, inputs, self.folder)
        # A container sees the job's folder as /runner.
        seen = {
            name: re.sub("^/runner/", f"{runtime_folder or self.folder}/", value)
            for name, value in self.injected.env.items()
        }
        self._write("env/envvars", seen)
        return self.injected

    def run(self, playbook: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run it at once, in this environment alone."""
        command = ["run", str(self.folder), "-p", playbook, "-i", self.ident, *arguments]
        return runner(*command, **environment)

    def events(self) -> list[dict[str, Any]]:
        """The job's events, which AWX stores and shows."""
        files = sorted((self.folder / "artifacts" / self.ident / "job_events").glob("*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]

    def artifacts(self) -> dict[str, Any]:
        """The data of set_stats, which the next nodes of a workflow get as extra variables."""
        handed = [event.get("event_data", {}).get("artifact_data", {}) for event in self.events()]
        return {name: value for one in handed for name, value in one.items()}

    def texts(self) -> dict[str, str]:
        """All that the run wrote, except the file 'command' of ansible-runner, which holds the whole environment."""
        written = [path for path in (self.folder / "artifacts").rglob("*") if path.is_file() and path.name != "command"]
        return {str(path): path.read_text(encoding="utf-8", errors="replace") for path in written}

    def _write(self, name: str, content: Any) -> None:
        (self.folder / name).write_text(json.dumps(content), encoding="utf-8")


def runner(*arguments: str, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess:
    """Run ansible-runner with no more of the environment than it needs; the collection is where an image has it."""
    programs = Path(sys.executable).parent
    base = {
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "HOME": os.environ["HOME"],
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        # Not the developer's own settings, which no image has.
        "ANSIBLE_CONFIG": os.environ["ANSIBLE_CONFIG"],
    }
    return subprocess.run(
        [programs / "ansible-runner", *arguments],
        env={**base, **environment},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if stdin is None else subprocess.PIPE,
        timeout=300,
        check=False,
    )
