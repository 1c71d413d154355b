# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: its API responds like the embedded one, and all candidates get the same connections."""

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

from tests.benchmark import audit_play, candidates, dataset, process, report, runner, server
from tests.benchmark.scenarios import CONNECTIONS, PAGES, PROJECTS, QUICK, SMALL, SWEEP, Plan, Scenario
from tests.demo_server import DemoServer
from tests.support import facts

SIZE = 35

# It measures the collection on one ansible-core: its callback plugin knows no older one than 2.19.
pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """The benchmark's server, and a folder to run in."""
    folder = tmp_path_factory.mktemp("bench")
    dataset.write_records(SIZE, "5.2", folder / "records.jsonl")
    dataset.write_records(SIZE, "5.2", folder / "projects.jsonl", PROJECTS)
    with server.running(folder / "records.jsonl", "5.2", folder / "projects.jsonl") as api:
        yield candidates.Workspace(folder, api.base, api.token, "5.2")


@pytest.mark.parametrize(
    "query", ["", "?page_size=10", "?page=2&page_size=10", "?page_size=10&page=4", "?page_size=50"]
)
@pytest.mark.parametrize("resource", [CONNECTIONS, PROJECTS])
def test_api_bodies_equal_embedded_api(workspace, resource, query):
    path = f"/api/v2/{dataset.path_of(resource, '5.2')}{query}"
    with DemoServer("5.2", dataset=list(dataset.records(SIZE, resource)), now=dataset.NOW) as demo:
        real = dataset.fetch(demo.url + path, demo.token).replace(demo.url.encode(), b"BASE")
    url = server.Server(workspace.base_url).url(SIZE)
    assert dataset.fetch(url + path, workspace.token).replace(url.encode(), b"BASE") == real


def test_api_pages_by_default_on_newest_release(tmp_path):
    dataset.write_records(SIZE, "newest", tmp_path / "records.jsonl")
    with server.running(tmp_path / "records.jsonl", "newest") as api:
        body = json.loads(dataset.fetch(f"{api.url(SIZE)}/api/v2/connections/issue-tracker/", api.token))
        assert (body["count"], len(body["results"])) == (SIZE, 10)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            dataset.fetch(f"{api.url(SIZE)}/api/v2/connections/alm/", api.token)


def test_api_delays_each_response(workspace):
    url = server.Server(workspace.base_url).url(1, 200)
    started = time.monotonic()
    dataset.fetch(f"{url}/api/v2/connections/alm/", workspace.token)
    assert time.monotonic() - started >= 0.2


def test_records_have_realistic_number_of_params():
    assert {len(record["params"]) for record in dataset.records(SIZE)} == {dataset.PARAM_COUNT}


@pytest.mark.parametrize("kind, resource", [("alm", CONNECTIONS), ("project", PROJECTS)])
def test_facts_equal_task_result(workspace, kind, resource):
    server_access = SimpleNamespace(url=server.Server(workspace.base_url).url(SIZE), token=workspace.token)
    assert list(runner.facts(workspace, SIZE, resource)) == facts(server_access, kind)


@pytest.mark.parametrize("resource", [CONNECTIONS, PROJECTS])
def test_run_all_measures_each_candidate(workspace, resource):
    """A run that gets anything else is an error."""
    plan = Plan("tiny", (Scenario(PAGES, 5, 1, rounds=1, page_size=2, resource=resource),))
    benchmark = runner.Runner(plan, list(candidates.DEFAULT_CANDIDATES), workspace)
    benchmark.run_all()
    assert {run.candidate for run in benchmark.measurements} == {
        candidate.name for candidate in benchmark.candidates if candidate.is_eligible(plan.scenarios[0])
    }
    assert all(run.peak_bytes > 0 and run.seconds <= run.wall for run in benchmark.measurements)
    text = report.markdown(report.Results(benchmark), [])
    assert "in-process ÷ uri" in text and "| uri, page by page" in text


@pytest.mark.parametrize(
    "candidate", [candidates.URI_WHOLE, candidates.PING, candidates.DEBUG], ids=lambda one: one.name
)
def test_measure_small_task(workspace, candidate):
    scenario = Scenario(SMALL, 1, 0, rounds=1)
    assert candidate.is_eligible(scenario)
    assert runner.measure(candidate, scenario, workspace).seconds > 0


def test_measure_rejects_wrong_connections(workspace):
    wrong = SIZE + 1  # the server has fewer
    with pytest.raises(process.RunError, match="got 35 connections"):
        runner.measure(candidates.SCRIPT, Scenario(SWEEP, wrong, 0, rounds=1), workspace)


def test_measure_reports_reason_of_failed_task(workspace):
    other = candidates.Workspace(workspace.folder, workspace.base_url, "another-token", "5.2")
    with pytest.raises(process.RunError, match=r"task, as module .*401"):
        runner.measure(candidates.AS_MODULE, Scenario(SWEEP, 1, 0, rounds=1), other)


def test_slow_candidate_is_skipped(workspace, capsys):
    small, large = (Scenario(SWEEP, size, 0, rounds=1) for size in (100, 50_000))
    benchmark = runner.Runner(
        Plan("sample", (small, large)), [candidates.URI_PAGES, candidates.THREADED_SCRIPT], workspace
    )
    benchmark.measurements = [
        runner.Measurement(candidate.name, small, 0, seconds=0.8, wall=1.8, peak_bytes=1)
        for candidate in benchmark.candidates
    ]
    assert benchmark._skip_if_too_slow(candidates.URI_PAGES, large) and not benchmark._skip_if_too_slow(
        candidates.THREADED_SCRIPT, large
    )
    assert "500 requests would take about 400 s" in capsys.readouterr().err


def test_process_run_kills_process_tree_at_timeout(tmp_path, monkeypatch):
    """Not even one that has left the process group, as Ansible's workers do."""
    monkeypatch.setattr(process, "MAX_SECONDS", 0.5)
    sleep = f"import os, time; os.fork() or os.setsid(); time.sleep(60)  # {tmp_path}"
    with pytest.raises(process.RunError, match=r"ended after 0\.5 s"):
        process.run([sys.executable, "-c", sleep], dict(os.environ), tmp_path)
    assert not [one for one in psutil.process_iter(["cmdline"]) if sleep in (one.info["cmdline"] or [])]


def test_server_ends_if_benchmark_is_killed(workspace, tmp_path):
    """Even if the benchmark is killed."""
    code = (
        "import sys, time; from pathlib import Path; from tests.benchmark import server\n"
        f"with server.running(Path({str(workspace.folder / 'records.jsonl')!r}), '5.2') as api:\n"
        "    print(api.base, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=candidates.ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline().startswith("http://127.0.0.1:")
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_quick_plan_has_all_kinds_except_whole():
    assert {scenario.kind for scenario in QUICK.scenarios} == {SMALL, PAGES, SWEEP}


def sample_runner(rounds: int = 1) -> runner.Runner:
    """A runner in which a task took half a second, and one more for each 1,000 connections."""
    sizes = (1, 1000, 10_000, 50_000)
    plan = Plan("sample", tuple(Scenario(SWEEP, size, 0, rounds=rounds) for size in sizes))
    benchmark = runner.Runner(plan, [candidates.IN_PROCESS], SimpleNamespace(folder=None))
    for scenario in plan.scenarios:
        seconds = 0.5 + scenario.size / 1000
        benchmark.measurements.append(
            runner.Measurement("task, in-process", scenario, 0, seconds, seconds + 1, 2**26 + scenario.size**2)
        )
    return benchmark


def test_ratios_report_growth_as_power():
    time_grows, memory_grows = report.ratios(report.Results(sample_runner()))
    assert time_grows.title == "task, in-process, 0 ms, 1,000 to 50,000 connections: time grows by the power of"
    assert round(time_grows.value, 2) == 1 and round(memory_grows.value, 2) == 2


def test_candidate_over_budget_runs_fewer_rounds():
    benchmark = sample_runner(rounds=2)
    exceeds_budget = {
        scenario.size: benchmark._exceeds_budget(candidates.IN_PROCESS, scenario)
        for scenario in benchmark.plan.scenarios
    }
    assert exceeds_budget == {1: False, 1000: False, 10_000: False, 50_000: True}


def test_audit_play_compares_both_plays(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BENCH", "quick")
    monkeypatch.setattr(audit_play, "BUILD", tmp_path)
    monkeypatch.setattr(audit_play, "SIZES", {"quick": (7,)})
    assert audit_play.main() == 0
    (measured,) = json.loads((tmp_path / "audit_play.json").read_text(encoding="utf-8"))
    assert measured["size"] == 7 and measured["ratio"] > 0 and measured["report_bytes"] > 1000
    assert "| 7 |" in capsys.readouterr().out


def test_audit_play_fails_if_a_play_misses_connections(tmp_path):
    audit_play.write_many(3, tmp_path / "records")
    with server.running(tmp_path / "records", audit_play.GENERATION) as api:
        for name in audit_play.PLAYS:
            with pytest.raises(process.RunError, match="exit status 2"):
                audit_play.run_play(name, api.url(3), 4, tmp_path)
