# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidates: this collection, what people use today, the practical limit, and Ansible's own floors."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmark.dataset import path_of
from tests.benchmark.scenarios import CONNECTIONS, PAGES, PROJECTS, SMALL, SWEEP, WHOLE, Scenario

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = {
    CONNECTIONS: "securitycompass.sdelements.sde_alm_connection_info",
    PROJECTS: "securitycompass.sdelements.sde_project_info",
}
# In place of a file of tasks: a task of the scenario's module.
GATHER = "gather"
ALL_KINDS = (SMALL, PAGES, WHOLE, SWEEP)


@dataclass(frozen=True)
class Candidate:
    """One way to get the records of a scenario, or to do as much of Ansible's work without them."""

    name: str
    description: str
    # A file in tasks/, GATHER, or none: then it is the plain script.
    tasks: str | None = None
    threads: int = 1
    # The kinds of scenario in which it runs.
    kinds: tuple[str, ...] = ALL_KINDS
    # Options of our task, in addition to the page size, and its keywords.
    options: dict = field(default_factory=dict)
    keywords: dict = field(default_factory=dict)
    # The resources for which it has these options.
    resources: tuple[str, ...] = (CONNECTIONS, PROJECTS)
    # Whether it returns the records.
    returns_records: bool = True
    # It does not depend on size and latency, so it runs with the smallest only.
    is_constant: bool = False
    # Skipped where one run would take longer, judging by the scenario before.
    max_seconds: float | None = None
    # Another checkout's collections.
    collections: Path | None = None

    def is_eligible(self, scenario: Scenario) -> bool:
        """Whether this candidate runs in a scenario."""
        fits = not self.is_constant or (scenario.size == 1 and scenario.latency == 0)
        return scenario.kind in self.kinds and scenario.resource in self.resources and fits


IN_PROCESS = Candidate("task, in-process", "the task of this collection, in Ansible's own process: the default", GATHER)
# A task with an environment of its own always runs as a module.
AS_MODULE = Candidate(
    "task, as module",
    "the same task where it has to run as a module",
    GATHER,
    keywords={"environment": {"SDE_BENCH": "module"}},
)
URI_PAGES = Candidate(
    "uri, page by page",
    "`ansible.builtin.uri` for the first page, then in a loop over the others, then the lists are joined",
    "uri_pages",
    kinds=(PAGES, SWEEP),
    max_seconds=180,
)
URI_WHOLE = Candidate("uri, one request", "one task of `ansible.builtin.uri`", "uri_whole", kinds=(SMALL, WHOLE))
SCRIPT = Candidate("requests script, in turn", "plain Python without Ansible, one page after the other", threads=1)
THREADED_SCRIPT = Candidate(
    "requests script, 8 threads",
    "the same with a pool of threads: the practical limit. It neither checks that the list is whole nor redacts",
    threads=8,
    kinds=(PAGES, SWEEP),
)
FLOOR_ACTION = Candidate(
    "floor: an action returns as much",
    "an action plugin that returns the same result from a file: what Ansible itself takes for a result of that size",
    "floor_action",
)
FLOOR_MODULE = Candidate("floor: a module returns as much", "a module that does the same", "floor_module")
PING = Candidate(
    "floor: ping", "`ansible.builtin.ping`", "ping", kinds=(SMALL, SWEEP), returns_records=False, is_constant=True
)
DEBUG = Candidate(
    "floor: debug",
    "`ansible.builtin.debug`",
    "debug",
    kinds=(SMALL, SWEEP),
    returns_records=False,
    is_constant=True,
)
EMPTY_PLAY = Candidate(
    "play without tasks",
    "what starting Ansible takes; it is not part of the seconds of a task",
    "",
    returns_records=False,
)
DEFAULT_CANDIDATES = (
    IN_PROCESS,
    AS_MODULE,
    URI_PAGES,
    URI_WHOLE,
    SCRIPT,
    THREADED_SCRIPT,
    FLOOR_ACTION,
    FLOOR_MODULE,
    PING,
    DEBUG,
    EMPTY_PLAY,
)

WITHOUT_PARAMS = Candidate(
    "task, in-process, no params",
    "the default, with `include_params: false`",
    GATHER,
    kinds=(PAGES, SWEEP),
    resources=(CONNECTIONS,),
    options={"include_params": False},
)
SEQUENTIAL = Candidate(
    "task, in-process, concurrency 1",
    "the default, with `concurrency: 1`",
    GATHER,
    kinds=(PAGES,),
    options={"concurrency": 1},
)


def select(known_options: set[str], before: Path | None = None) -> list[Candidate]:
    """Return the candidates of this collection, and of another checkout of it."""
    selected = list(DEFAULT_CANDIDATES)
    selected[2:2] = [candidate for candidate in (WITHOUT_PARAMS, SEQUENTIAL) if set(candidate.options) <= known_options]
    if before:
        selected.insert(2, Candidate("task, before", "another checkout of this collection", GATHER, collections=before))
    return selected


@dataclass(frozen=True)
class Workspace:
    """The folder in which candidates run, and the API that they read."""

    folder: Path
    base_url: str
    token: str
    generation: str

    @property
    def output_file(self) -> Path:
        """The file to which a run writes its seconds and ids."""
        return self.folder / "out.json"

    def facts_file(self, scenario: Scenario) -> Path:
        """The facts of so many records, for the floors."""
        return self.folder / f"facts-{scenario.resource}-{scenario.size}.json"

    def list_url(self, scenario: Scenario) -> str:
        """The address of the list."""
        api = f"{self.base_url}/{scenario.size}/{scenario.latency}/api/v2"
        return f"{api}/{path_of(scenario.resource, self.generation)}"

    def environment(self, candidate: Candidate, scenario: Scenario) -> dict[str, str]:
        """The caller's environment without what would change the outcome, and what candidates need."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "SDE_"))
        }
        plugins = HERE / "plugins"
        return {
            **kept,
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(candidate.collections or ROOT / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_LIBRARY": str(plugins / "modules"),
            "ANSIBLE_ACTION_PLUGINS": str(plugins / "action"),
            "ANSIBLE_CALLBACK_PLUGINS": str(plugins / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "sde_bench",
            "SDE_HOST": f"{self.base_url}/{scenario.size}/{scenario.latency}",
            "SDE_API_KEY": self.token,
            "SDE_BENCH_OUTPUT": str(self.output_file),
            "SDE_BENCH_PAGE_SIZE": str(scenario.page_size or ""),
            "SDE_BENCH_LIST_URL": self.list_url(scenario),
            "SDE_BENCH_FACTS_FILE": str(self.facts_file(scenario)),
        }

    def command(self, candidate: Candidate, scenario: Scenario) -> list[str]:
        """The command that runs a candidate."""
        if candidate.tasks is None:
            return [
                sys.executable,
                str(HERE / "requests_script.py"),
                str(candidate.threads),
                str(scenario.tasks),
                str(self.output_file),
            ]
        playbook = self.folder / "play.yml"
        # JSON is YAML.
        playbook.write_text(json.dumps([self._play(candidate, scenario)]), encoding="utf-8")
        return [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook)]

    def _play(self, candidate: Candidate, scenario: Scenario) -> dict:
        """The candidate's tasks, so many times. They are imported, which costs nothing while the play runs."""
        paging = {"page_size": scenario.page_size} if scenario.page_size else {}
        module = MODULES[scenario.resource]
        task = {"ansible.builtin.import_tasks": str(HERE / "tasks" / f"{candidate.tasks}.yml")}
        if candidate.tasks == GATHER:
            task = {module: {}, "register": "gathered", **candidate.keywords}
        return {
            "name": candidate.name,
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {module: {**paging, **candidate.options}},
            "vars": {
                "list_url": self.list_url(scenario),
                "page_size": scenario.page_size,
                "token": self.token,
            },
            "tasks": [task] * scenario.tasks if candidate.tasks else [],
        }
