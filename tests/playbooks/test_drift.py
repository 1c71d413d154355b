# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook drift: each run compares with the last one that passed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import inventory_of

DRIFT = "securitycompass.sdelements.drift"
CANARY = "CANARY-of-a-changed-password"


def record(id_: int, host: str = "jira.example.com", **fields) -> dict:
    params = {"alm_server": host, "alm_method": "https", "alm_pass": CANARY, "alm_project": "APP"}
    common = {"id": id_, "kind": "alm", "alias": f"Tool {id_}", "frequency": "daily", "params": params}
    return {**common, "last_job": None, **fields}


def frequencies(folder: Path) -> dict[str, list[str]]:
    """Those of the connections in the kept facts."""
    files = sorted(folder.glob("*.json"))
    return {
        path.stem: [one["facts"]["frequency"] for one in json.loads(path.read_text())["connections"]] for path in files
    }


def test_changes_are_reported_until_they_are_accepted(start, ansible, tmp_path):
    """Two servers have the same connections. A threshold of its own decides whether the audit of each one fails."""

    def run(dataset: list[dict], *arguments: str):
        names = {"eu": "medium", "us": "critical"}
        servers = {name: start("5.2", dataset=dataset) for name in names}
        hosts = {
            name: {"sde_url": one.url, "sde_api_token": one.token, "sde_fail_on": names[name]}
            for name, one in servers.items()
        }
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        found = ansible("ansible-playbook", DRIFT, "-i", "hosts.json", *arguments, cwd=tmp_path)
        assert CANARY not in found.stdout
        return found

    first = run([record(1), record(2)])
    assert first.returncode == 0, first.stdout
    kept = tmp_path / "drift"
    assert f"us: first run, since {kept}/us.json does not exist." in first.stdout
    assert frequencies(kept) == {"eu": ["daily", "daily"], "us": ["daily", "daily"]}
    assert (kept / "eu.json").stat().st_mode & 0o777 == 0o600

    # Nobody has approved the other host. An alias has no rule.
    edited = [record(1, "evil.example.net"), record(2, alias="Jira", frequency="weekly"), record(3)]
    second = run(edited, "--diff")
    assert second.returncode == 2, second.stdout
    assert "Connects to https://evil.example.net:443, and before to https://jira.example.com:443" in second.stdout
    assert (
        'changed: us, ALM connection 2 \\"Jira\\": alias: Tool 2 -> Jira; frequency: daily -> weekly' in second.stdout
    )
    assert (
        "4 connections changed, 2 added, 0 removed since 20" in second.stdout
        and "first run, since" not in second.stdout
    )
    assert "-alias: Tool 2\n" in second.stdout and "+alias: Jira\n" in second.stdout
    assert '\n+++ after: us, ALM connection 2 "Jira" now\n' in second.stdout
    assert "audited_at" not in second.stdout
    # One server passed, so that its changes are not reported again.
    assert frequencies(kept) == {"eu": ["daily", "daily"], "us": ["daily", "weekly", "daily"]}
    report = json.loads((tmp_path / "reports" / "drift" / "audit.json").read_text())
    changed = [(one["server"], one["change"]) for one in report["changes"]["connections"]]
    assert changed == [(server, change) for server in ("eu", "us") for change in ("changed", "changed", "added")]
    # Only a failed run says what to do about it.
    advice = "accept all changes with -e sde_fail_on=never. Until then, {} stays as it is."
    assert advice.format(kept / "eu.json") in second.stdout and str(kept / "us.json") not in second.stdout

    third = run(edited, "--check")
    assert third.returncode == 2 and frequencies(kept)["eu"] == ["daily", "daily"]
    accepted = run(edited, "-e", "sde_fail_on=never")
    assert accepted.returncode == 0, accepted.stdout
    assert "2 connections changed, 1 added, 0 removed since 20" in accepted.stdout
    assert "0 connections changed, 0 added, 0 removed since 20" in accepted.stdout
    assert frequencies(kept)["eu"] == ["daily", "weekly", "daily"]


def test_added_and_removed_connections_need_a_waiver(start, ansible, tmp_path):
    def run(*ids: int, policy: str = "starter"):
        server = start("5.2", dataset=[record(id_) for id_ in ids])
        hosts = {"eu": {"sde_url": server.url, "sde_api_token": server.token, "sde_policy": policy}}
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        return ansible("ansible-playbook", DRIFT, "-i", "hosts.json", cwd=tmp_path)

    common = {"reason": "approved", "owner": "me", "expires": "2099-12-31"}
    waivers = [
        {"rules": ["no-connection-added"], "connections": {"id": 3}, **common},
        {"rules": ["no-connection-removed"], "labels": ['ALM connection 2 "*'], **common},
    ]
    (tmp_path / "waivers.json").write_text(json.dumps({"waivers": waivers}))
    assert run(1, 2).returncode == 0
    red = run(1, 3)
    assert red.returncode == 2
    for line in (
        'no-connection-added: ALM connection 3 \\"Tool 3\\": New since the baseline, and connects to https://jira',
        'no-connection-removed: ALM connection 2 \\"Tool 2\\": Removed since the baseline; it connected to https://jira',
    ):
        assert f"new, fail, medium: {line}" in red.stdout
    assert "0 connections changed, 1 added, 1 removed since 20" in red.stdout
    green = run(1, 3, policy="starter,waivers.json")
    assert green.returncode == 0 and "2 waived" in green.stdout
    assert "0 connections changed, 0 added, 0 removed since 20" in run(1, 3).stdout


def test_another_server_does_not_replace_the_file(start, ansible, tmp_path):
    def run(*arguments: str):
        server = start("5.2", dataset=[record(1)])
        found = ansible(
            "ansible-playbook", DRIFT, *arguments, cwd=tmp_path, SDE_HOST=server.url, SDE_API_KEY=server.token
        )
        return found, server.url.rpartition("/")[2]

    (tmp_path / "drift").mkdir(mode=0o755)
    (first, then), file = run(), tmp_path / "drift" / "localhost.json"
    assert first.returncode == 0, first.stdout
    assert file.parent.stat().st_mode & 0o777 == 0o755  # that of a folder of others
    kept = file.read_text()
    # Not even if all changes are accepted: there are none.
    second, now = run("-e", "sde_fail_on=never")
    assert second.returncode == 2 and file.read_text() == kept
    assert f"baseline: {file} is an audit of {then}, not of {now}. Use the report of a completed" in second.stdout


def test_what_cannot_be_compared_is_not_replaced(start, ansible, tmp_path):
    """Each host has another reason. A run of one kind has a file of its own, and a link stays one."""
    kept, store = tmp_path / "drift", tmp_path / "store.json"
    (tmp_path / "untagged.json").write_text(
        json.dumps({"rules": [{"id": "x", "title": "x", "severity": "low", "that": "connection.alias"}]})
    )
    reasons = {
        "broken": "baseline: {}/broken.json is not an audit report. Use the report of a completed audit of the",
        "folder": "baseline: {}/folder.json cannot be read: it is a folder. Use the report",
        "link": "baseline: {}/link.json is a link to a file that does not exist. Use the report",
        "moved": "baseline: {}/moved.json is an audit of ok, not of moved. Use the report of a completed audit of the "
        "same server. For the playbook drift, move the file away, or set sde_drift_dir to another folder: its next",
        "untagged": "rule_tags: no rule of the policy has the tag drift. Known tags: none.",
    }
    others = {"alm": {"sde_kinds": ["alm", "alm"]}, "untagged": {"sde_policy": "untagged.json"}}

    def run(names: list[str]):
        servers = {name: start("5.2", dataset=[record(1)]) for name in names}
        hosts = {
            name: {"sde_url": one.url, "sde_api_token": one.token, **others.get(name, {})}
            for name, one in servers.items()
        }
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        return ansible("ansible-playbook", DRIFT, "-i", "hosts.json", cwd=tmp_path)

    assert run(["ok"]).returncode == 0
    (kept / "ok.json").rename(store)
    (kept / "ok.json").symlink_to(store)
    (kept / "moved.json").write_text(store.read_text())
    (kept / "broken.json").write_text("not a report")
    (kept / "folder.json").mkdir()
    (kept / "link.json").symlink_to("nowhere.json")
    before = store.read_text()
    found = run(["ok", "alm", *reasons])
    assert found.returncode == 2
    for name, reason in reasons.items():
        assert reason.format(kept) in found.stdout, name
    assert f"alm: first run, since {kept}/alm+alm.json does not exist" in found.stdout
    assert found.stdout.count("first run, since") == 1 and "accept all changes" not in found.stdout
    assert sorted(path.name for path in kept.iterdir()) == [
        "alm+alm.json", "broken.json", "folder.json", "link.json", "moved.json", "ok.json",
    ]  # fmt: skip
    assert (kept / "moved.json").read_text() == before and (kept / "broken.json").read_text() == "not a report"
    assert (kept / "ok.json").is_symlink() and store.read_text() != before
