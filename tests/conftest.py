# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that all tests share: servers to talk to, and ways to run modules and playbooks.

pytest-ansible makes the collection importable only after this file is read, so it is imported within functions.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from hypothesis import settings

from tests.demo_server import DemoServer

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = "ansible_collections.securitycompass.sdelements.plugins"
# The modules that only gather, by the kind of the embedded API's records.
INFO_MODULES = {
    "alm": "sde_alm_connection_info",
    "analysis": "sde_analysis_connection_info",
    "alm_connector": "sde_alm_connector_info",
    "analysis_connector": "sde_analysis_connector_info",
    "project": "sde_project_info",
}

# No setting of the developer's machine reaches a test, a fixture, or a program that they start.
for name in list(os.environ):
    if name.startswith(("SDE_", "ANSIBLE_")) or name.lower().endswith("_proxy"):
        del os.environ[name]
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
    os.environ.pop(name, None)
os.environ["ANSIBLE_CONFIG"] = str(ROOT / "tests" / "ansible.cfg")
# Files that tests make are read by others, such as Ansible's own checks of permissions.
os.umask(0o022)

# The default is quick; 'make test-all' asks for the other one. No example has a deadline: machines differ.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("long", deadline=None, max_examples=300)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    """Retries as ever, with shorter pauses."""
    http = importlib.import_module(f"{COLLECTION}.module_utils._http")
    monkeypatch.setattr(http, "BACKOFF", 0.01)


@pytest.fixture
def no_garbage_collection():
    """For tests that reach the limit of recursion: a finalizer that runs there fails, and pytest reports that."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def start():
    """Start an embedded SD Elements API; it stops when the test ends."""
    with contextlib.ExitStack() as servers:
        yield functools.partial(start_server, servers)


@pytest.fixture(scope="module")
def module_start():
    """The same for fixtures of a module."""
    with contextlib.ExitStack() as servers:
        yield functools.partial(start_server, servers)


def start_server(servers: contextlib.ExitStack, generation: str = "4.8", *faults: str, **switches) -> DemoServer:
    server = DemoServer(generation=generation, faults=faults, **switches).start()
    servers.callback(server.stop)
    return server


@pytest.fixture
def run_module(monkeypatch, capsys):
    """Run a module's own main() and return what it prints, decoded."""

    def run(kind: str, **options) -> dict:
        arguments = {**options, "_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr(warnings, "_global_warnings", type(warnings._global_warnings)())
        module = importlib.import_module(f"{COLLECTION}.modules.{INFO_MODULES[kind]}")
        capsys.readouterr()
        with pytest.raises(SystemExit):
            module.main()
        printed = capsys.readouterr()
        # In the process of a controller, and pytest-ansible makes this one, warnings go to the display.
        return {"warnings": printed.err, **json.loads(printed.out)}

    return run


@pytest.fixture(scope="session")
def checker():
    """The path of a foreign program or file that tests/tools/external_tools.sh installs. CI may not go without."""

    def find(name: str) -> str:
        places = [ROOT / ".venv" / folder / name for folder in ("node/node_modules", "tools", "rulebook/bin")]
        found = next((str(place) for place in places if place.exists()), None)
        found = found or shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        if not found and os.environ.get("CI"):
            pytest.fail(f"{name} is missing: see tests/tools/external_tools.sh")
        return found or pytest.skip(f"{name} is not installed (make tools-all)")

    return find


@pytest.fixture(scope="session")
def nft(checker) -> list[str]:
    """The command that checks a file of nftables, which for a user without rights works in a namespace of its own."""
    own_namespace = [] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    return [*own_namespace, checker("nft"), "-c", "-f"]


@pytest.fixture
def ansible(tmp_path):
    """Run a program of ansible-core's in a home of its own, on this collection."""
    return functools.partial(run_program, tmp_path / "home")


@pytest.fixture(scope="module")
def module_ansible(tmp_path_factory):
    """The same for fixtures of a module: a run that many tests look at costs as much as one for a single test."""
    return functools.partial(run_program, tmp_path_factory.mktemp("module") / "home")


def run_program(
    home: Path,
    program: str,
    *arguments: object,
    collections: Path = ROOT / "collections",
    cwd: Path = ROOT,
    **environment,
) -> subprocess.CompletedProcess:
    home.mkdir(exist_ok=True)
    settings = {
        "HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "ANSIBLE_NOCOLOR": "True",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    return subprocess.run(
        [program, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **settings, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
