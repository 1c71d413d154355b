# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs: this collection, what people use today, the practical limit, and Ansible's own floors."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmark.scenarios import PAGES, SMALL, SWEEP, WHOLE, Scenario

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULE = "securitycompass.sdelements.sde_alm_connection_info"
EVERYWHERE = (SMALL, PAGES, WHOLE, SWEEP)


@dataclass(frozen=True)
class Contender:
    """One way to get the connections, or to do as much of Ansible's work without them."""

    name: str
    about: str
    # A file in tasks/, or none: then it is the plain script.
    tasks: str | None = None
    threads: int = 1
    # The kinds of scenario that it takes part in.
    kinds: tuple[str, ...] = EVERYWHERE
    # Options of our task, beside the page size.
    options: dict = field(default_factory=dict)
    # Whether it returns the connections.
    gathers: bool = True
    # It does not depend on size and latency, so it runs with the smallest only.
    is_flat: bool = False
    # Left out where one run would take longer, as told by the scenario before.
    most_seconds: float | None = None
    # Another checkout's collections.
    collections: Path | None = None

    def takes_part(self, scenario: Scenario) -> bool:
        """Whether a scenario is one of this contender's."""
        fits = not self.is_flat or (scenario.size == 1 and scenario.latency == 0)
        return scenario.kind in self.kinds and fits


IN_PROCESS = Contender(
    "task, in-process", "the task of this collection, in Ansible's own process: the default", "in_process"
)
AS_MODULE = Contender("task, as module", "the same task where it has to run as a module", "module")
URI_PAGES = Contender(
    "uri, page by page",
    "`ansible.builtin.uri` for the first page, then in a loop over the others, then the lists are joined",
    "uri_pages",
    kinds=(PAGES, SWEEP),
    most_seconds=180,
)
URI_WHOLE = Contender("uri, one request", "one task of `ansible.builtin.uri`", "uri_whole", kinds=(SMALL, WHOLE))
SCRIPT = Contender("requests script, in turn", "plain Python without Ansible, one page after the other", threads=1)
POOL = Contender(
    "requests script, 8 threads",
    "the same with a pool of threads: the practical limit. It neither checks that the list is whole nor redacts",
    threads=8,
    kinds=(PAGES, SWEEP),
)
FLOOR_ACTION = Contender(
    "floor: an action returns as much",
    "an action plugin that returns the same result from a file: what Ansible itself takes for a result of that size",
    "floor_action",
)
FLOOR_MODULE = Contender("floor: a module returns as much", "a module that does the same", "floor_module")
PING = Contender("floor: ping", "`ansible.builtin.ping`", "ping", kinds=(SMALL, SWEEP), gathers=False, is_flat=True)
DEBUG = Contender("floor: debug", "`ansible.builtin.debug`", "debug", kinds=(SMALL, SWEEP), gathers=False, is_flat=True)
EMPTY = Contender(
    "play without tasks", "what starting Ansible takes; it is no part of the seconds of a task", "", gathers=False
)
ALWAYS = (IN_PROCESS, AS_MODULE, URI_PAGES, URI_WHOLE, SCRIPT, POOL, FLOOR_ACTION, FLOOR_MODULE, PING, DEBUG, EMPTY)

LEAN = Contender(
    "task, in-process, no params",
    "the default, with `include_params: false`",
    "in_process",
    kinds=(PAGES, SWEEP),
    options={"include_params": False},
)
ONE_BY_ONE = Contender(
    "task, in-process, concurrency 1",
    "the default, with `concurrency: 1`",
    "in_process",
    kinds=(PAGES,),
    options={"concurrency": 1},
)


def line_up(known_options: set[str], before: Path | None = None) -> list[Contender]:
    """All contenders that this collection, and another checkout of it, can send."""
    line = list(ALWAYS)
    line[2:2] = [contender for contender in (LEAN, ONE_BY_ONE) if set(contender.options) <= known_options]
    if before:
        line.insert(
            2, Contender("task, before", "another checkout of this collection", "in_process", collections=before)
        )
    return line


def both_doors_are_there() -> bool:
    """Whether there is an action plugin: without one, every task runs as a module."""
    return (ROOT / "plugins" / "action" / f"{MODULE.rpartition('.')[2]}.py").exists()


@dataclass(frozen=True)
class Place:
    """Where runs happen, and on what."""

    folder: Path
    base_url: str
    token: str
    list_name: str

    @property
    def out(self) -> Path:
        """Where a run notes its seconds and ids."""
        return self.folder / "out.json"

    def result(self, size: int) -> Path:
        """The facts of so many connections, for the floors."""
        return self.folder / f"facts-{size}.json"

    def environment(self, contender: Contender, scenario: Scenario) -> dict[str, str]:
        """The caller's environment without what would change the outcome, and what contenders want to know."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "SDE_"))
        }
        plugins = HERE / "plugins"
        return {
            **kept,
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(contender.collections or ROOT / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_LIBRARY": str(plugins / "modules"),
            "ANSIBLE_ACTION_PLUGINS": str(plugins / "action"),
            "ANSIBLE_CALLBACK_PLUGINS": str(plugins / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "sde_bench",
            "SDE_HOST": f"{self.base_url}/{scenario.size}/{scenario.latency}",
            "SDE_API_KEY": self.token,
            "SDE_BENCH_OUT": str(self.out),
            "SDE_BENCH_PAGE_SIZE": str(scenario.page_size or ""),
            "SDE_BENCH_PATH": self.list_name,
            "SDE_BENCH_RESULT": str(self.result(scenario.size)),
        }

    def command(self, contender: Contender, scenario: Scenario) -> list[str]:
        """What to run."""
        if contender.tasks is None:
            return [sys.executable, str(HERE / "script.py"), str(contender.threads), str(scenario.tasks), str(self.out)]
        playbook = self.folder / "play.yml"
        # JSON is YAML.
        playbook.write_text(json.dumps([self._play(contender, scenario)]), encoding="utf-8")
        return [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook)]

    def _play(self, contender: Contender, scenario: Scenario) -> dict:
        """The contender's tasks, so many times. They are imported, which costs nothing while the play runs."""
        paging = {"page_size": scenario.page_size} if scenario.page_size else {}
        tasks = [{"ansible.builtin.import_tasks": str(HERE / "tasks" / f"{contender.tasks}.yml")}] * scenario.tasks
        return {
            "name": contender.name,
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {MODULE: {**paging, **contender.options}},
            "vars": {
                "list_url": f"{self.base_url}/{scenario.size}/{scenario.latency}/api/v2/connections/{self.list_name}/",
                "page_size": scenario.page_size,
                "token": self.token,
            },
            "tasks": tasks if contender.tasks else [],
        }
