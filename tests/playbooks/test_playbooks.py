# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, by the real ansible-playbook: normally, in check mode, and without a warning."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import demo
from tests.conftest import ROOT
from tests.support import (
    SOME_GENERATIONS,
    access,
    canned_server,
    forward_proxy,
    inventory_of,
    messages_of,
    printed_results,
    printing,
)

# An audit warns of what it cannot decide, such as the success of a job that never ran.
UNDECIDED = re.compile(
    r"\[WARNING\]: Rule\s[\w-]+\sis\sinconclusive.*?\s(?:is\sunknown|with\sthe\sconnections)\.\n",
    re.DOTALL,
)
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
PATTERN = "extensions/patterns/sde_connection_audit/playbooks/audit.yml"
STEPS = demo.steps(demo.BUILD)
MODES = pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check"])


def assert_clean(run: subprocess.CompletedProcess, status: int = 0) -> None:
    assert run.returncode == status, run.stdout
    assert "WARNING" not in run.stdout and "DEPRECAT" not in run.stdout, run.stdout


@pytest.fixture
def play(ansible):
    """Run a playbook of the collection against a server."""

    def run(name: str, server, *arguments, **environment):
        name = name if "/" in name else f"securitycompass.sdelements.{name}"
        return ansible("ansible-playbook", name, *arguments, **{**access(server), **environment})

    return run


def lines_of(printed: str) -> list[str]:
    """The lines that a debug task showed as a list."""
    return [json.loads(line.strip().rstrip(",")) for line in printed.splitlines() if line.startswith(" " * 8 + '"')]


def rows_of(table: list[str]) -> list[list[str]]:
    """Kind and id of the rows of a table."""
    return [line.split()[:2] for line in table[1:]]


@pytest.mark.parametrize("mode", [pytest.param([], marks=pytest.mark.slow), ["--check"]], ids=["run", "check"])
def test_all_on_the_same_server(start, ansible, tmp_path, mode):
    """In one run, in a home that is read-only. Check mode shows the same, and writes nothing."""
    server = start("5.2")
    target = tmp_path / "allow.txt"
    home = tmp_path / "read-only"
    home.mkdir(mode=0o500)
    names = ("list_connections", "configuration")
    variables = {"connection_config_allow_list": str(target)}
    playbooks = [f"securitycompass.sdelements.{name}" for name in names]
    environment = {**access(server), "HOME": str(home), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    run = ansible("ansible-playbook", *playbooks, *mode, "-e", json.dumps(variables), **environment)
    assert_clean(run)
    assert mode == [] or list(home.iterdir()) == []
    assert_listed(run.stdout, server)
    assert "changed=1" in run.stdout and target.exists() == (not mode)
    if not mode:
        assert_allow_list(target.read_text().splitlines())


def assert_listed(printed: str, server) -> None:
    records = server.records("alm") + server.records("analysis")
    lines = lines_of(printed)
    assert rows_of(lines) == [[record["kind"], str(record["id"])] for record in records]
    table = "\n".join(lines)
    assert re.search(r"alm +2 +Customer Portal +Customer Portal to JIRA +jira +hourly +ok +\d{4}-", table)
    assert "https://tools.fleet.example.org:443/jira-eu" in table
    assert "https://gitlab.energy.example.net" in table and "********" not in table
    assert "never" in table and "unknown" not in table
    assert len(re.findall(r"\brunning\b", table)) == sum(
        (one["last_job"] or {}).get("ready") is False for one in records
    )


def test_tables_of_connections(start, ansible, tmp_path):
    """Of several servers, in one run: chosen ones where the server ignores filters, none, and ids for unseen names.

    A record of null needs no alias, schedule or system.
    """
    record = {"id": 1, "alias": None, "frequency": None, "system": None, "command": None, "last_job": None}
    record["params"] = {"alm_server": "jira.example.com", "alm_validate_cert": False}
    filtered, empty = (start("newest", filters="ignored") for _number in range(2))
    limited = start("5.2")
    with canned_server(json.dumps({"results": [record]}).encode()) as canned:
        servers = {"filtered": filtered, "empty": empty, "limited": limited, "canned": canned}
        hosts = {name: {"sde_url": one.url, "sde_api_token": one.token} for name, one in servers.items()}
        hosts["filtered"] |= {"sde_system": "jira,rally", "sde_kinds": "alm", "sde_project": "2,4"}
        hosts["empty"]["sde_alias"] = "nobody"
        hosts["limited"]["sde_api_token"] = limited.limited_token
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        run = ansible("ansible-playbook", "securitycompass.sdelements.list_connections", "-i", tmp_path / "hosts.json")
    assert_clean(run)
    tables = messages_of(run.stdout, "ok")
    chosen = [
        one for one in filtered.records("alm") if one["system_id"] in ("jira", "rally") and one["project"] in (2, 4)
    ]
    assert rows_of(tables["filtered"]) == [["alm", str(record["id"])] for record in chosen] != []
    assert tables["empty"] == "No connection matches."
    assert re.search(r"^alm +\d+ +\d+ ", "\n".join(tables["limited"]), re.MULTILINE)
    shown = ["1", "-", "-", "-", "-", "unknown", "-", "https://jira.example.com:443"]
    assert [line.split() for line in tables["canned"][1:]] == [["alm", *shown], ["analysis", *shown]]


def assert_allow_list(lines: list[str]) -> None:
    expected = {
        "rally1.rallydev.com 443 tcp",
        "jira.example.com 80 tcp",
        "wi.fleet.example.org 8083 tcp",
        "appscan.city.example.org 80 tcp",
    }
    assert expected <= set(lines)
    assert '# through the remote integration agent: alm 8 "Quote Engine tickets"' in lines


@pytest.mark.parametrize("tags", ["--tags=other", pytest.param("--skip-tags=untagged", marks=pytest.mark.slow)])
# 'drift' has the verdict of 'audit'.
@pytest.mark.parametrize(
    "name", [*(pytest.param(name, marks=pytest.mark.slow) if name == "drift" else name for name in PLAYBOOKS), PATTERN]
)
def test_tag_that_skips_the_result_fails_the_run(start, play, name, tags):
    run = play(name, start(), "-i", "localhost,", tags)
    assert_clean(run, status=2)
    assert messages_of(run.stdout)["localhost"].startswith("A tag skipped the "), run.stdout


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_limit_without_localhost_fails_the_run(ansible, name):
    """There is no inventory."""
    run = ansible("ansible-playbook", f"securitycompass.sdelements.{name}", "--limit", "sde-eu")
    assert run.returncode == 4, run.stdout
    assert "--limit sde-eu excludes localhost, where this playbook runs. Remove it." in " ".join(run.stdout.split())


@pytest.mark.parametrize("limit, status", [("sde-eu", 4), ("sde-eu,localhost", 0)])
def test_limit_of_a_playbook_on_localhost(ansible, tmp_path, limit, status):
    (tmp_path / "policy.yml").write_text("rules: [{id: x, title: X, severity: low, that: connection.alias}]")
    arguments = ["-i", "sde-eu,", "--limit", limit, "-e", "sde_policy=policy.yml"]
    run = ansible("ansible-playbook", "securitycompass.sdelements.check_policy", *arguments, cwd=tmp_path)
    assert run.returncode == status, run.stdout


@pytest.mark.parametrize(
    "variables, message",
    [
        (
            {"sde_report_formats": ["pdf"], "sde_report_dir": ["a"]},
            'json, junit, sarif, markdown, html, csv. sde_report_dir is ["a"]. Use the path of a folder.',
        ),
        ({"sde_report_files": 5}, "split_names requires a list or a string, not a number."),
        ({"sde_report_files": "a.json", "sde_hosts": ["sde-eu", "no"]}, "report_files: no file matches a.json"),
    ],
)
def test_variables_of_a_merge(ansible, tmp_path, variables, message):
    name = "securitycompass.sdelements.merge_reports"
    run = ansible("ansible-playbook", name, "-i", "sde-eu,", "-e", json.dumps(variables), cwd=tmp_path)
    assert run.returncode == 2 and message in run.stdout.replace('\\"', '"'), run.stdout


def test_reports_that_cannot_be_merged(ansible, tmp_path):
    (tmp_path / "broken.json").write_text("{}")
    names = json.dumps({"sde_report_files": ["broken.json"]})
    run = ansible("ansible-playbook", "securitycompass.sdelements.merge_reports", "-e", names, cwd=tmp_path)
    assert_clean(run, status=2)
    assert "broken.json is not an audit report" in messages_of(run.stdout)["localhost"]


@pytest.mark.once
def test_no_condition_hides_the_message_of_a_task():
    """From ansible-core 2.21 on, a true failed_when replaces it by one that says nothing."""
    files = [path for folder in ("extensions", "playbooks", "roles") for path in (ROOT / folder).rglob("*.yml")]
    conditions = [found for path in files for found in re.findall(r"failed_when: .*", path.read_text(encoding="utf-8"))]
    assert set(conditions) == {"failed_when: false"}


@SOME_GENERATIONS
def test_five_facts_on_every_generation(start, ansible, tmp_path, generations):
    """A copy for each server, in one run."""
    text = (ROOT / "tests" / "playbooks" / "five_facts.yml").read_text(encoding="utf-8")
    files = []
    for generation in generations:
        (play,) = yaml.safe_load(text)
        server = start(generation)
        options = {"url": server.url, "api_token": server.token}
        play["module_defaults"] = {"group/securitycompass.sdelements.sdelements": options}
        files.append(tmp_path / f"{generation}.yml")
        files[-1].write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    run = ansible("ansible-playbook", *files)
    assert_clean(run)
    assert run.stdout.count("All assertions passed") == 2 * len(generations)


@pytest.mark.parametrize("kind", ["alm", "analysis"])
def test_five_facts_notice_a_certificate_that_is_not_checked(start, play, kind):
    records = [one for one in start("newest").records("alm") + start("newest").records("analysis") if one["id"] == 1]
    next(one for one in records if one["kind"] == kind)["params"][f"{kind}_validate_cert"] = "False"
    run = play("tests/playbooks/five_facts.yml", start("newest", dataset=records))
    assert_clean(run, status=2)
    assert ".validate_certs is not false" in run.stdout


def run_demo(folder: Path) -> subprocess.CompletedProcess:
    """The command of 'make demo', in a folder that no other test writes into."""
    command = [sys.executable, "-m", "tests.demo", folder / "demo"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


def test_demo_with_broken_settings_of_a_user(start, tmp_path, monkeypatch):
    """A home below a file cannot be written, by root either."""
    broken = tmp_path / "broken.cfg"
    broken.write_text("[defaults\nstrategy = free\n", encoding="utf-8")
    (tmp_path / "file").touch()
    settings = {"ANSIBLE_CONFIG": broken, "ANSIBLE_STRATEGY": "unknown", "HOME": tmp_path / "file", "LC_ALL": "C"}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    run = run_demo(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("=== This failed as it should") == 3
    listed, _filtered, _check, rendered, *_others = re.split(r"^=== \d\. ", run.stdout, flags=re.MULTILINE)[1:]
    assert_listed(listed, start("5.2"))
    allow_list = tmp_path / "demo" / "egress_allow_list.txt"
    assert "changed=1" in rendered and f"The rendered allow-list is in {allow_list}." in rendered
    assert_allow_list(allow_list.read_text().splitlines())
    report = re.search(r"^=== The report for people is (/.*\.html)\. Open it in a browser\.$", run.stdout, re.MULTILINE)
    assert "Rally Integration" in Path(report.group(1)).read_text(encoding="utf-8")
    assert "WARNING" not in UNDECIDED.sub("", run.stdout + run.stderr)


# The playbooks 'audit' and 'drift' take longer to fail than the example, in the same way.
@pytest.mark.parametrize(
    "title",
    [
        pytest.param(step.title, marks=[] if step.playbook == demo.CHECK else pytest.mark.slow)
        for step in STEPS
        if step.verdict
    ],
)
@pytest.mark.parametrize("is_live", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_demo_stops_at_a_failure_that_is_not_the_verdict(title, is_live, tmp_path, capsys):
    """No server listens there."""
    [step] = [step for step in demo.steps(tmp_path) if step.title == title]
    step = step._replace(variables={**step.variables, "sde_report_formats": ["json"]})
    demo.write_example(tmp_path)
    access = {"SDE_HOST": "http://127.0.0.1:9", "SDE_API_KEY": "abc", "SDE_RETRIES": "0"}
    with pytest.raises(demo.DemoError, match=r"stopped, because \w+ could not do its work \(status 2\)"):
        demo.run_step(step, access, is_live, tmp_path)
    assert "This failed as it should" not in capsys.readouterr().out


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title.partition(":")[0])
@pytest.mark.parametrize("is_live", [False, True])
@pytest.mark.parametrize("status, printed", [(0, ""), (2, ""), (2, "verdict"), (1, "verdict"), (250, "")])
def test_demo_goes_on_after_success_or_a_verdict(monkeypatch, capsys, tmp_path, step, is_live, status, printed):
    output = str(step.verdict) if printed else ""
    monkeypatch.setattr(demo, "run_playbook", lambda *_arguments: (status, output))
    goes_on = (status, bool(printed)) == (2, True) if step.verdict else status == 0
    if goes_on or (is_live and status == 0):
        demo.run_step(step, {}, is_live, tmp_path)
    else:
        with pytest.raises(demo.DemoError, match=f"{Path(step.playbook).stem} "):
            demo.run_step(step, {}, is_live, tmp_path)
    assert ("This failed as it should" in capsys.readouterr().out) == (goes_on and bool(step.verdict) and not is_live)


def test_demo_without_a_port(tmp_path, monkeypatch, capsys):
    def listen(**_options):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(demo, "DemoServer", listen)
    monkeypatch.delenv("LIVE", raising=False)
    assert demo.main(tmp_path) == 1
    assert "make demo: the embedded SD Elements API cannot be reached on a loopback address" in capsys.readouterr().err


def test_demo_without_utf8_locale(monkeypatch):
    monkeypatch.setattr(demo, "LOCALES", ("C", "xx_XX.UTF-8"))
    with pytest.raises(demo.DemoError, match="requires a UTF-8 locale, and this system has none: install xx_XX"):
        demo.utf8_locale()


def test_demo_on_a_live_server_needs_one(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVE", "1")
    run = run_demo(tmp_path)
    assert (run.returncode, "set SDE_HOST and SDE_API_KEY" in run.stderr) == (2, True)


@pytest.mark.slow
def test_demo_on_a_live_server(start, tmp_path, monkeypatch):
    server = start("3.2")
    monkeypatch.setenv("LIVE", "1")
    for name, value in access(server).items():
        monkeypatch.setenv(name, value)
    run = run_demo(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert {request.method for request in server.requests} == {"GET"}


def test_results_of_tasks(start, play, tmp_path):
    """A proxy in the environment of a task, secrets that are asked for, and a failure."""
    server = start()
    info = "securitycompass.sdelements.sde_alm_connection_info"
    with forward_proxy(server) as proxy:
        environment = {"http_proxy": proxy.url, "SDE_ALLOW_HTTP": "yes"}
        tasks = [
            {info: {"url": "http://sde.example.com"}, "environment": environment},
            {info: {"id": 1, "include_secrets": True}, "no_log": True},
            {info: {"api_token": "not-the-token"}, "ignore_errors": True},
        ]
        names = ["through_proxy", "with_secrets", "refused"]
        steps = [{**task, "register": name} for task, name in zip(tasks, names, strict=True)]
        content = [{"hosts": "localhost", "gather_facts": False, "tasks": [*steps, printing(names)]}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(content, sort_keys=False))
        printed = play(str(tmp_path / "play.yml"), server).stdout
        assert proxy.asked == ["http://sde.example.com/api/v2/connections/alm/"], printed
    through_proxy, with_secrets, refused = printed_results(printed)
    assert through_proxy["count"] == 30
    params = with_secrets["connections"][0]["params"]
    assert params["alm_pass"] == "rally_password"
    # The last task is this test's, and prints it.
    assert "rally_password" not in printed.rpartition("\nTASK [")[0]
    # The value 7 is a priority here and a password elsewhere: nothing is masked by value.
    assert params["sde_min_priority"] == 7
    assert refused["failure"]["kind"] == "authentication"
    assert "returned 401: Invalid token. Check api_token" in printed
