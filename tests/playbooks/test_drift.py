# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook drift: each run compares with the last one that passed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import inventory_of

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
        command = ["ansible-playbook", "securitycompass.sdelements.drift", "-i", "hosts.json", *arguments]
        found = ansible(*command, cwd=tmp_path)
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
    assert "4 connections changed, 2 added, 0 removed since 20" in second.stdout and "first run" not in second.stdout
    assert "-  alias: Tool 2\n" in second.stdout and "+  alias: Jira\n" in second.stdout
    assert "audited_at" not in second.stdout
    # One server passed, so that its changes are not reported again.
    assert frequencies(kept) == {"eu": ["daily", "daily"], "us": ["daily", "weekly", "daily"]}
    report = json.loads((tmp_path / "reports" / "drift" / "audit.json").read_text())
    changed = [(one["server"], one["change"]) for one in report["changes"]["connections"]]
    assert changed == [(server, change) for server in ("eu", "us") for change in ("changed", "changed", "added")]

    third = run(edited, "--check")
    assert third.returncode == 2 and frequencies(kept)["eu"] == ["daily", "daily"]
    accepted = run(edited, "-e", "sde_fail_on=never")
    assert accepted.returncode == 0, accepted.stdout
    assert "2 connections changed, 1 added, 0 removed since 20" in accepted.stdout
    assert "0 connections changed, 0 added, 0 removed since 20" in accepted.stdout
    assert frequencies(kept)["eu"] == ["daily", "weekly", "daily"]
