# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections and projects that are served, as the embedded API renders them."""

from __future__ import annotations

import copy
import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from tests.benchmark.scenarios import CONNECTIONS, PROJECTS
from tests.demo_server import DemoServer
from tests.demo_server.dataset import ALM_RECORDS
from tests.demo_server.generations import BY_NAME
from tests.demo_server.projects import seed_projects

# The same records in every run, byte by byte.
NOW = datetime(2026, 11, 24, 18, tzinfo=timezone.utc)
PARAM_COUNT = 22
_BATCH = 1000
# Parameters of real connections that the seed data lack, so that each has PARAM_COUNT.
_MORE_PARAMS = {
    "sde_tags_filter": "",
    "alm_optional_verification": "pass",
    "alm_parent_issue": "",
    "sde_task_filter": "all",
    "alm_priority_map": "1-3:Low,4-6:Medium,7-10:High",
}


def path_of(resource: str, generation: str) -> str:
    """The path of a list, below the address of the API."""
    return "projects/" if resource == PROJECTS else f"connections/{BY_NAME[generation].alm_path}/"


def seed_of(resource: str) -> list[dict]:
    """The embedded API's own records."""
    return seed_projects() if resource == PROJECTS else ALM_RECORDS


def records(count: int, resource: str = CONNECTIONS) -> Iterator[dict]:
    """The seed's records again and again, with ids and names of their own."""
    seed = seed_of(resource)
    for index in range(count):
        record = copy.deepcopy(seed[index % len(seed)])
        if resource == CONNECTIONS:
            _add_params(record)
        yield {**record, **unique_fields(record, index + 1)}


def _add_params(record: dict) -> None:
    """Let a connection have PARAM_COUNT parameters."""
    missing = {name: value for name, value in _MORE_PARAMS.items() if name not in record["params"]}
    wanted = max(0, PARAM_COUNT - len(record["params"]))
    record["params"].update(list(missing.items())[:wanted])


def unique_fields(record: dict, id_: int) -> dict:
    """The fields that differ between records."""
    name = "alias" if "alias" in record else "name"
    return {"id": id_, name: f"{record[name]} {id_}"}


def write_records(count: int, generation: str, target: Path, resource: str = CONNECTIONS) -> None:
    """Render records by the embedded API, and write one per line."""
    with (
        DemoServer(generation, dataset=list(records(count, resource)), paging="page", now=NOW) as server,
        target.open("wb") as file,
    ):
        path = f"/api/v2/{path_of(resource, generation)}"
        for page in range(1, -(-count // _BATCH) + 1):
            body = fetch(f"{server.url}{path}?page_size={_BATCH}&page={page}", server.token)
            for record in json.loads(body)["results"]:
                file.write(compact(record) + b"\n")


def fetch(url: str, token: str) -> bytes:
    """The body of an answer."""
    request = urllib.request.Request(url, headers={"Authorization": f"Token {token}"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return answer.read()


def compact(value: object) -> bytes:
    """JSON as the framework writes it, byte by byte; a test compares the two."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
