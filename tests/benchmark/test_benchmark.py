# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark works: its API answers as the embedded one does, and all contenders get the same connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
from types import SimpleNamespace

import psutil
import pytest

from tests.benchmark import contenders, dataset, race, report, runs, server
from tests.benchmark.scenarios import PAGES, QUICK, SMALL, SWEEP, Plan, Scenario
from tests.demo_server import DemoServer
from tests.support import gather

SIZE = 35

# It measures the collection on one ansible-core: its callback plugin knows no older one than 2.19.
pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The benchmark's server, and a folder to run in."""
    folder = tmp_path_factory.mktemp("bench")
    dataset.write_records(SIZE, "5.2", folder / "records.jsonl")
    with server.running(folder / "records.jsonl", "5.2") as api:
        yield contenders.Place(folder, api.base, api.token, "alm")


@pytest.mark.parametrize(
    "query", ["", "?page_size=10", "?page=2&page_size=10", "?page_size=10&page=4", "?page_size=50"]
)
def test_bodies_are_those_of_the_embedded_api(place, query):
    path = f"/api/v2/connections/alm/{query}"
    with DemoServer("5.2", dataset=list(dataset.records(SIZE)), now=dataset.NOW) as demo:
        real = dataset.fetch(demo.url + path, demo.token).replace(demo.url.encode(), b"BASE")
    url = server.Server(place.base_url).url(SIZE)
    assert dataset.fetch(url + path, place.token).replace(url.encode(), b"BASE") == real


def test_pages_unasked(tmp_path):
    dataset.write_records(SIZE, "newest", tmp_path / "records.jsonl")
    with server.running(tmp_path / "records.jsonl", "newest") as api:
        body = json.loads(dataset.fetch(f"{api.url(SIZE)}/api/v2/connections/issue-tracker/", api.token))
        assert (body["count"], len(body["results"])) == (SIZE, 10)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            dataset.fetch(f"{api.url(SIZE)}/api/v2/connections/alm/", api.token)


def test_latency_is_for_each_answer(place):
    url = server.Server(place.base_url).url(1, 200)
    started = time.monotonic()
    dataset.fetch(f"{url}/api/v2/connections/alm/", place.token)
    assert time.monotonic() - started >= 0.2


def test_each_connection_has_the_params_of_the_field():
    assert {len(record["params"]) for record in dataset.records(SIZE)} == {dataset.PARAMS}


def test_floor_returns_what_the_task_returns(place):
    there = SimpleNamespace(url=server.Server(place.base_url).url(SIZE), token=place.token)
    assert list(race.facts(place, SIZE)) == gather(there).facts["connections"]


def test_all_contenders_get_the_same(place):
    """A run that gets anything else is an error."""
    plan = Plan("tiny", (Scenario(PAGES, 5, 1, rounds=1, page_size=2),))
    one = race.Race(plan, list(contenders.ALWAYS), place)
    one.run_all()
    assert {run.contender for run in one.runs} == {
        who.name for who in one.contenders if who.takes_part(plan.scenarios[0])
    }
    assert all(run.peak_bytes > 0 and run.seconds <= run.wall for run in one.runs)
    text = report.markdown(report.Results(one), [])
    assert "in-process ÷ uri" in text and "| uri, page by page" in text


@pytest.mark.parametrize(
    "contender", [contenders.URI_WHOLE, contenders.PING, contenders.DEBUG], ids=lambda one: one.name
)
def test_contenders_of_small_tasks(place, contender):
    scenario = Scenario(SMALL, 1, 0, rounds=1)
    assert contender.takes_part(scenario)
    assert race.measure(contender, scenario, place).seconds > 0


def test_wrong_connections_are_an_error(place):
    wrong = SIZE + 1  # the server has fewer
    with pytest.raises(runs.RunError, match="got 35 connections"):
        race.measure(contenders.SCRIPT, Scenario(SWEEP, wrong, 0, rounds=1), place)


def test_a_failed_task_says_why(place):
    other = contenders.Place(place.folder, place.base_url, "another-token", "alm")
    with pytest.raises(runs.RunError, match=r"task, as module .*401"):
        race.measure(contenders.AS_MODULE, Scenario(SWEEP, 1, 0, rounds=1), other)


def test_too_slow_contenders_are_left_out(place, capsys):
    small, large = (Scenario(SWEEP, size, 0, rounds=1) for size in (100, 50_000))
    one = race.Race(Plan("made up", (small, large)), [contenders.URI_PAGES, contenders.POOL], place)
    one.runs = [race.Run(who.name, small, 0, seconds=0.8, wall=1.8, peak_bytes=1) for who in one.contenders]
    assert one._is_too_slow(contenders.URI_PAGES, large) and not one._is_too_slow(contenders.POOL, large)
    assert "500 requests would take about 400 s" in capsys.readouterr().err


def test_an_end_leaves_no_process_behind(tmp_path, monkeypatch):
    """Not even one that has left the process group, as Ansible's workers do."""
    monkeypatch.setattr(runs, "MAX_SECONDS", 0.5)
    sleep = f"import os, time; os.fork() or os.setsid(); time.sleep(60)  # {tmp_path}"
    with pytest.raises(runs.RunError, match=r"ended after 0\.5 s"):
        runs.run([sys.executable, "-c", sleep], dict(os.environ), tmp_path)
    assert not [one for one in psutil.process_iter(["cmdline"]) if sleep in (one.info["cmdline"] or [])]


def test_server_ends_with_the_benchmark(place, tmp_path):
    """Even if the benchmark is killed."""
    code = (
        "import sys, time; from pathlib import Path; from tests.benchmark import server\n"
        f"with server.running(Path({str(place.folder / 'records.jsonl')!r}), '5.2') as api:\n"
        "    print(api.base, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=contenders.ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline().startswith("http://127.0.0.1:")
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_quick_plan_has_every_kind_but_the_long_one():
    assert {scenario.kind for scenario in QUICK.scenarios} == {SMALL, PAGES, SWEEP}


def made_up_race(rounds: int = 1) -> race.Race:
    """A race in which a task takes half a second and one for each 1,000 connections."""
    sizes = (1, 1000, 10_000, 50_000)
    plan = Plan("made up", tuple(Scenario(SWEEP, size, 0, rounds=rounds) for size in sizes))
    one = race.Race(plan, [contenders.IN_PROCESS], SimpleNamespace(folder=None))
    for scenario in plan.scenarios:
        seconds = 0.5 + scenario.size / 1000
        one.runs.append(race.Run("task, in-process", scenario, 0, seconds, seconds + 1, 2**26 + scenario.size**2))
    return one


def test_growth_is_told_as_a_power():
    time_grows, memory_grows = report.ratios(report.Results(made_up_race()))
    assert time_grows.title == "task, in-process, 0 ms, 1,000 to 50,000 connections: time grows by the power of"
    assert round(time_grows.value, 2) == 1 and round(memory_grows.value, 2) == 2


def test_who_takes_long_runs_fewer_rounds():
    one = made_up_race(rounds=2)
    has_had_its_time = {
        scenario.size: one._has_had_its_time(contenders.IN_PROCESS, scenario) for scenario in one.plan.scenarios
    }
    assert has_had_its_time == {1: False, 1000: False, 10_000: False, 50_000: True}
