# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook drift: each run compares with the last one that passed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support import inventory_of

DRIFT = "securitycompass.sdelements.drift"
CANARY = "CANARY-of-a-changed-password"


def record(id_: int, host: str = "jira.example.com", **fields) -> dict:
    params = {"alm_server": host, "alm_method": "https", "alm_pass": CANARY, "alm_project": "APP"}
    common = {"id": id_, "kind": "alm", "alias": f"Tool {id_}", "frequency": "daily", "params": params}
    return {**common, "last_job": None, **fields}


def frequencies(folder: Path, *names: str) -> list[list[str]]:
    """Those of the connections in the kept facts of these servers."""
    documents = [json.loads((folder / f"{name}.json").read_text()) for name in names]
    return [[one["facts"]["frequency"] for one in document["connections"]] for document in documents]


# Hosts whose file, or policy, leaves nothing to compare with.
REASONS = {
    "broken": "baseline: {}/broken.json is not an audit report. Use the report of a completed audit of the",
    "folder": "baseline: {}/folder.json cannot be read: it is a folder. Use the report",
    "link": "baseline: {}/link.json is a link to a file that does not exist. Use the report",
    "moved": "baseline: {}/moved.json is an audit of eu, not of moved. Use the report of a completed audit of the "
    "same server. For the playbook drift, move the file away, or set sde_drift_dir to another folder: its next",
    "untagged": "rule_tags: no rule of the policy has the tag drift. Known tags: none.",
}


COMMON = {"reason": "approved", "owner": "me", "expires": "2099-12-31"}
WAIVERS = [
    {"rules": ["server-unchanged"], "connections": {"id": 1}, **COMMON},
    {"rules": ["schedule-unchanged"], "connections": {"id": 2}, **COMMON},
    {"rules": ["no-connection-added"], "connections": {"id": 3}, **COMMON},
    {"rules": ["no-connection-removed"], "labels": ['ALM connection 4 "*'], **COMMON},
]
UNTAGGED = {"id": "x", "title": "x", "severity": "low", "that": "connection.alias"}


def test_changes_are_reported_until_they_are_accepted(start, ansible, tmp_path):
    """Several servers have the same connections. The audit of each has another end, which decides about its file."""
    kept, store = tmp_path / "drift", tmp_path / "store.json"
    (tmp_path / "waivers.json").write_text(json.dumps({"waivers": WAIVERS}))
    (tmp_path / "untagged.json").write_text(json.dumps({"rules": [UNTAGGED]}))
    variables = {
        "waived": {"sde_policy": "starter,waivers.json"},
        "alm": {"sde_kinds": ["alm", "alm"]},
        "untagged": {"sde_policy": "untagged.json"},
    }

    def run(dataset: list[dict], names: list[str], *arguments: str):
        servers = {name: start("5.2", dataset=dataset) for name in names}
        hosts = {
            name: {"sde_url": one.url, "sde_api_token": one.token, **variables.get(name, {})}
            for name, one in servers.items()
        }
        (tmp_path / "hosts.json").write_text(inventory_of(hosts))
        command = ["ansible-playbook", DRIFT, "-i", "hosts.json", "-e", "sde_report_formats=json", *arguments]
        found = ansible(*command, cwd=tmp_path)
        assert CANARY not in found.stdout
        return found

    first = run([record(1), record(2), record(4)], ["eu", "waived"])
    assert first.returncode == 0, first.stdout
    assert f"waived: first run, since {kept}/waived.json does not exist." in first.stdout
    assert frequencies(kept, "eu", "waived") == [["daily"] * 3] * 2
    assert (kept / "eu.json").stat().st_mode & 0o777 == 0o600

    # A run of one kind has a file of its own, a link stays one, and what cannot be compared is not replaced.
    make_files(kept, store)
    before = (kept / "eu.json").read_text()
    # Nobody has approved the other host. An alias has no rule.
    edited = [record(1, "evil.example.net"), record(2, alias="Jira", frequency="weekly"), record(3)]
    second = run(edited, ["eu", "waived", "alm", *REASONS], "--diff")
    assert second.returncode == 2, second.stdout
    for name, reason in REASONS.items():
        assert reason.format(kept) in second.stdout, name
    assert f"alm: first run, since {kept}/alm+alm.json does not exist" in second.stdout
    assert second.stdout.count("first run, since") == 1
    assert sorted(path.name for path in kept.iterdir()) == [
        "alm+alm.json", "broken.json", "eu.json", "folder.json", "link.json", "moved.json", "waived.json",
    ]  # fmt: skip
    assert (kept / "moved.json").read_text() == before and (kept / "broken.json").read_text() == "not a report"
    assert_changes_are_shown(second.stdout)
    report = json.loads((tmp_path / "reports" / "drift" / "audit.json").read_text())
    changed = [(one["server"], one["change"]) for one in report["changes"]["connections"]]
    assert changed == [
        (server, change) for server in ("eu", "waived") for change in ("changed", "changed", "added", "removed")
    ]
    # One server passed, so that its changes are not reported again.
    assert (kept / "eu.json").read_text() == before
    assert (kept / "waived.json").is_symlink()
    assert frequencies(kept, "waived") == [["daily", "weekly", "daily"]]
    # Only an audit that failed by its findings says what to do about them.
    advice = r"accept all changes with -e sde_fail_on=never. Until then, (\S+) stays as it is."
    assert set(re.findall(advice, second.stdout)) == {str(kept / "eu.json")}

    accepting = ["-e", "sde_fail_on=never"]
    third = run(edited, ["eu"], *accepting, "--check")
    assert third.returncode == 0 and (kept / "eu.json").read_text() == before, third.stdout
    accepted = run(edited, ["eu", "waived"], *accepting)
    assert accepted.returncode == 0, accepted.stdout
    assert "2 connections changed, 1 added, 1 removed since 20" in accepted.stdout
    assert "0 connections changed, 0 added, 0 removed since 20" in accepted.stdout
    assert frequencies(kept, "eu") == [["daily", "weekly", "daily"]]


def make_files(kept: Path, store: Path) -> None:
    """Make a link of a file, and for each of REASONS a file that no audit can compare with."""
    (kept / "waived.json").rename(store)
    (kept / "waived.json").symlink_to(store)
    (kept / "moved.json").write_text((kept / "eu.json").read_text())
    (kept / "broken.json").write_text("not a report")
    (kept / "folder.json").mkdir()
    (kept / "link.json").symlink_to("nowhere.json")


def assert_changes_are_shown(printed: str) -> None:
    """With ``--diff``, without the time of the audits."""
    assert "Connects to https://evil.example.net:443, and before to https://jira.example.com:443" in printed
    for line in (
        'no-connection-added: ALM connection 3 \\"Tool 3\\": New since the baseline, and connects to https://jira',
        'no-connection-removed: ALM connection 4 \\"Tool 4\\": Removed since the baseline; it connected to https://jira',
    ):
        assert f"new, fail, medium: {line}" in printed
    assert 'changed: eu, ALM connection 2 \\"Jira\\": alias: Tool 2 -> Jira; frequency: daily -> weekly' in printed
    assert "4 connections changed, 2 added, 2 removed since 20" in printed and "4 waived" in printed
    assert "4 findings of medium or higher (1 high, 3 medium)" in printed
    assert "-alias: Tool 2\n" in printed and "+alias: Jira\n" in printed
    assert '\n+++ after: eu, ALM connection 2 "Jira" now\n' in printed
    assert "audited_at" not in printed


def test_another_server_does_not_replace_the_file(start, ansible, tmp_path):
    def run(*arguments: str):
        server = start("5.2", dataset=[record(1)])
        # The next run needs a format that is not named here.
        command = ["ansible-playbook", DRIFT, "-e", "sde_report_formats=csv", *arguments]
        found = ansible(*command, cwd=tmp_path, SDE_HOST=server.url, SDE_API_KEY=server.token)
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
