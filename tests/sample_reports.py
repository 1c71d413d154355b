# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of connection audits (see report.schema.json) for tests: small, hostile, and big."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.model import (
    VerdictOptions,
    connection_subject,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.report import Scope, failed_report

SERVER = "sde.example.com"
OTHER_SERVER = "sde.example.net"
SERVER_URLS = {SERVER: "https://sde.example.com/sde"}
AUDITED_AT = "2026-11-24T18:00:00Z"
STRICTEST = ("info", "fail", "fail", "fail", "fail")
NOTABLE = ("fail", "error", "inconclusive", "waived")
VERDICTS = (*NOTABLE, "pass", "not_applicable")
SEVERITIES = ("critical", "high", "medium", "low", "info")

# A server can send these where people expect a name. Each must stay harmless in every format, and visible.
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "end_of_script": "</script></style></textarea><!-- ]]> -->",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "entity": "&lt;b&gt; &amp; &#60; &unknown;",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}<%= 7 %>",
    "markdown_link": "[click](https://evil.example/) ![i](https://evil.example/i.png) <https://evil.example/>",
    "markdown_table": "a | b || c \\| d\n| --- | --- |\n| forged | row |",
    "markdown_block": "\n\n# Heading\n\n* list\n\n    code\n\n---\n```\nfence\n```\n[x]: https://evil.example/",
    "markdown_inline": "**bold** _it_ ~~gone~~ `code` ``two`` \\` \\",
    "bare_link": "https://evil.example/a www.evil.example someone@evil.example javascript:alert(1)",
    "mention": "@everyone @octocat/team #1 !2 $3 ~bug %v1 GH-1 /close :tada:",
    "quick_action": "\n/merge\n/approve",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(1+1)",
    "control": "a\x00b\x01c\x08d\x0be\x0cf\x1bg\x7fh\x85i\u2028j\u2029k\ufffel\uffffm",
    "escape_sequence": "\x1b]0;title\x07\x1b[31mred\x1b[2J",
    "new_lines": "one\ntwo\r\nthree\rfour\tfive",
    "bidi": "user\u202egnp.exe\u202c \u2066x\u2069 \u200fy \u061cz",
    "invisible": "pay\u200bpal \u200d\u2060\ufeff\u00ad\U000e0041",
    "lone_surrogate": "half \ud800 and \udfff",
    "beyond": "\U0001f600 e\u0301 \u6f22\u5b57 \u0639\u0631\u0628",
    "workflow_command": "::error file=x::y\n##vso[task.complete]\n::set-output name=a::b",
    "blank": " \t ",
    "very_long": "long " + "x" * 20_000 + " end",
    "very_long_words": "word " * 5_000,
}


def small() -> dict[str, Any]:
    """Every verdict, waivers in all states, a rule with a loop, and a baseline."""
    connections = [
        connection(
            "alm", 1, alias="Jira Europe", project=3, params={"alm_server": "jira.example.com", "alm_method": "http"}
        ),
        connection(
            "alm", 2, alias="Rally", system="Rally", params={"alm_server": "rally.example.com", "alm_method": "https"}
        ),
        connection("alm", 3, alias="Jira Sandbox", params={"alm_server": "sandbox.example.net", "alm_method": "http"}),
        connection("analysis", 1, alias="Nightly scan", system="Veracode", params={}, last_job=None),
    ]
    rules = [
        rule(
            "alm-tls",
            "ALM traffic is encrypted",
            "high",
            description="Passwords and tasks cross the network.",
            when=["connection.kind == 'alm'"],
            that=["connection.server.scheme == 'https'"],
            needs=["server"],
            message="Connects to {{ connection.server.host }} without TLS",
            remediation="Set the connection's method to https.",
            references=["https://docs.example.com/tls?a=1&b=2"],
        ),
        rule("allowed-server", "Servers are on the allow-list", "critical", needs=["params"]),
        rule(
            "last-sync", "The last sync succeeded", "medium", needs=["last_job"], remediation="Read the job's message."
        ),
        rule("no-debug-mode", "Debug mode is off", "low"),
        rule("named-well", "The alias says where it leads", "info"),
        rule(
            "project-connected",
            "Every project in the list has an ALM connection",
            "medium",
            loop="required_projects",
            message="No ALM connection of the project {{ item }}",
        ),
    ]
    waivers = [
        waiver(
            ["alm-tls"], {"alias": ["Jira S*"]}, "Migration is under way.", "sec@example.com", "2026-12-05", "active", 1
        ),
        waiver(
            ["no-debug-mode"],
            {"id": [1], "kind": ["alm"]},
            "Looking for a fault.",
            "ops@example.com",
            "2026-10-31",
            "expired",
            1,
            number=2,
        ),
        waiver(
            ["project-connected"],
            None,
            "Retired.",
            "pmo@example.com",
            "2027-06-30",
            "unused",
            0,
            labels=["Old *"],
            number=3,
        ),
    ]
    clear = {"server.scheme": "http"}
    sentence = "Connects to {} without TLS"
    findings = [
        finding(
            rules[0],
            connections[0],
            "fail",
            "Connects to jira.example.com without TLS",
            baseline="known",
            observed=clear,
        ),
        finding(rules[0], connections[1], "pass"),
        finding(rules[0], connections[2], "waived", sentence.format("sandbox.example.net"), waiver=0, observed=clear),
        finding(rules[0], connections[3], "not_applicable", "connection.kind == 'alm' is false"),
        finding(rules[1], connections[0], "pass"),
        finding(rules[1], connections[1], "pass"),
        finding(rules[1], connections[2], "fail", baseline="new"),
        finding(rules[1], connections[3], "inconclusive", "params are hidden from this token", baseline="known"),
        finding(rules[2], connections[0], "fail", baseline="known"),
        finding(rules[2], connections[1], "pass"),
        finding(rules[2], connections[2], "pass"),
        finding(rules[2], connections[3], "inconclusive", "last_job is lacking", baseline="new"),
        finding(rules[3], connections[0], "fail", baseline="new", expired_waiver=1),
        finding(rules[3], connections[1], "pass"),
        finding(rules[3], connections[2], "pass"),
        finding(rules[3], connections[3], "error", "connection.passes is undefined", baseline="new"),
        finding(rules[4], connections[0], "pass"),
        finding(rules[4], connections[1], "fail", baseline="new"),
        finding(rules[4], connections[2], "pass"),
        finding(rules[4], connections[3], "pass"),
        item_finding(rules[5], "Customer Portal", [connections[0]], "pass"),
        item_finding(
            rules[5],
            "Payments API",
            [],
            "fail",
            "No ALM connection of the project Payments API",
            projects=[9],
            baseline="new",
            observed={"connections": "4 items", "item": "Payments API"},
        ),
    ]
    fixed = [
        {
            "server": SERVER,
            "rule": "last-sync",
            "severity": "medium",
            "subject": 'ALM connection 2 "Rally"',
            "fingerprint": fingerprint("last-sync", "alm", "2"),
        },
        {
            "server": SERVER,
            "rule": "alm-tls",
            "severity": "high",
            "subject": 'ALM connection 9 "Old Jira"',
            "fingerprint": fingerprint("alm-tls", "alm", "9"),
        },
    ]
    baseline = {"audited_at": "2026-11-17T18:00:00Z", "new": 6, "known": 3, "fixed": fixed, "not_fixed": []}
    projects = [
        project(3, "Customer Portal", "/bunits/retail/banking/customer-portal"),
        project(9, "Payments API", "/bunits/retail/banking/payments-api"),
        project(21, "Customer Portal 2019", None, archived=True),
    ]
    host = {"name": "server.host", "old": "jira.example.com", "new": "jira.example.net"}
    schedule = {"name": "frequency", "old": "daily", "new": None}
    changes = changed_since(
        "2026-11-17T18:00:00Z",
        change(connections[0], host, schedule),
        {**change(connections[1]), "change": "added"},
        {**change(connection("alm", 9, alias="Old Jira", project=9)), "change": "removed"},
        hidden=connections[3],
    )
    return report(rules, connections, findings, waivers, baseline, projects, changes)


def passed() -> dict[str, Any]:
    """Nothing to complain about, no server named, no baseline."""
    connections = [connection("alm", number, server=None) for number in (1, 2)]
    rules = [rule("no-debug-mode", "Debug mode is off", "low")]
    return report(rules, connections, [finding(rules[0], one, "pass") for one in connections])


def empty() -> dict[str, Any]:
    """No connection at all: rules without findings."""
    return report([rule("no-debug-mode", "Debug mode is off", "low")], [], [])


def broken_loop() -> dict[str, Any]:
    """A rule whose loop is not a list: an error about no item and no connection."""
    rules = [rule("project-connected", "Every project has a connection", "medium", loop="required_projects")]
    finding = item_finding(rules[0], "Every project has a connection", [], "error", "'required_projects' is undefined")
    return report(rules, [connection("alm", 1)], [{**finding, "label": None}])


def hostile() -> dict[str, Any]:
    """Each hostile text in every place that can hold one, with every verdict that shows it."""
    texts = list(HOSTILE.values())
    connections = [
        connection(
            "alm",
            number,
            alias=text,
            project=number,
            system=text,
            params={"alm_server": text, "sde_project": text, text: text, "nested": [{text: text}]},
            last_job={"id": 1, "last_run": AUDITED_AT, "succeeded": False, "result_message": text},
        )
        for number, text in enumerate(texts, 1)
    ]
    rules = [
        rule(
            "hostile-connection",
            " ".join(texts)[:3000],
            "critical",
            description="\n".join(texts),
            that=texts,
            remediation="\n".join(texts),
            references=["javascript:alert(1)", 'https://docs.example.com/a b"><script>', "https://[broken", *texts[:3]],
        ),
        rule("hostile-item", texts[0], "high", loop=texts[0], remediation=texts[6]),
        rule("hostile-doubt", texts[1], "medium", needs=texts),
        rule("hostile-error", texts[2], "low"),
        rule("hostile-waived", texts[3], "info"),
    ]
    waivers = [waiver(["hostile-waived"], {"alias": [text]}, text, text, "2027-01-31", "active", 1) for text in texts]
    findings = [
        *[
            finding(rules[0], one, "fail", text, baseline="new", observed={text: text})
            for one, text in zip(connections, texts, strict=False)
        ],
        *[
            item_finding(rules[1], text, [], "fail", text, projects=[number], baseline="known", observed={text: text})
            for number, text in enumerate(texts, 1)
        ],
        *[
            finding(rules[2], one, "inconclusive", text, baseline="new")
            for one, text in zip(connections, texts, strict=False)
        ],
        *[finding(rules[3], one, "error", text, baseline="new") for one, text in zip(connections, texts, strict=False)],
        *[
            finding(rules[4], one, "waived", text, waiver=place)
            for place, (one, text) in enumerate(zip(connections, texts, strict=False))
        ],
    ]
    fixed = [
        {
            "server": SERVER,
            "rule": "hostile-item",
            "severity": "high",
            "subject": text,
            "fingerprint": fingerprint("hostile-item", f"gone {text}"),
        }
        for text in texts
    ]
    gone = [{**one, "reason": "not_looked_at"} for one in fixed]
    baseline = {"audited_at": AUDITED_AT, "new": 3 * len(texts), "known": len(texts), "fixed": fixed, "not_fixed": gone}
    projects = [project(number, text, "/bunits/x" if number % 2 else None) for number, text in enumerate(texts, 1)]
    changed = [
        change(one, {"name": f"params.{text}", "old": text, "new": [text]})
        for one, text in zip(connections, texts, strict=True)
    ]
    changes = changed_since(AUDITED_AT, *changed, hidden=connections[0])
    return report(rules, connections, findings, waivers, baseline, projects, changes)


def merged() -> dict[str, Any]:
    """The reports of two servers, one of which has an unknown address, and a third server without a report."""
    connections = [
        connection("alm", 1, server=server, alias="Jira Europe", params={"alm_server": "jira.example.com"})
        for server in (SERVER, OTHER_SERVER)
    ]
    rules = [
        rule("alm-tls", "ALM traffic is encrypted", "high", message="Connects without TLS"),
        rule("project-connected", "Every project has an ALM connection", "medium", loop="required_projects"),
    ]
    findings = [
        finding(rules[0], connections[1], "fail", "Connects without TLS", observed={"server.scheme": "http"}),
        *[item_finding(rules[1], "Payments API", [], "fail") for _server in (SERVER, OTHER_SERVER)],
    ]
    for one, server in zip(findings, (OTHER_SERVER, SERVER, OTHER_SERVER), strict=True):
        one.update(server=server, fingerprint=fingerprint(one["fingerprint"], server))
    result = report(rules, connections, [*findings, finding(rules[0], connections[0], "pass")])
    summary = result["summary"]
    message = f"{summary['message'].replace(SERVER, '2 servers')} 1 server has no report: sde.example.org."
    return {
        **result,
        "audited_until": AUDITED_AT,
        "servers": [SERVER, OTHER_SERVER],
        "missing_servers": ["sde.example.org"],
        "summary": {**summary, "message": message},
    }


def failed() -> dict[str, Any]:
    """An audit that could not be completed, for a reason with hostile texts."""
    problem = f"Invalid policy (1 error):\nour_policy.yml: rule {''.join(HOSTILE.values())} is not valid."
    scope = Scope(SERVER, SERVER_URLS[SERVER], None)
    report = failed_report(problem, scope, ["starter", "our_policy.yml"], VerdictOptions(*STRICTEST))
    return {**report, "audited_at": AUDITED_AT}


def big(connections: int = 5_000, rules: int = 12) -> dict[str, Any]:
    """As large an installation as the collection promises to be quick for."""
    systems = ("Jira", "Rally", "Azure DevOps", "ServiceNow", "Veracode", "Checkmarx", "Fortify", "GitHub Issues")
    all_connections = [
        connection(
            "alm" if number % 3 else "analysis",
            number,
            alias=f"{systems[number % len(systems)]} {number}",
            system=systems[number % len(systems)],
            project=number % 700 + 1,
            params={
                "alm_server": f"host{number % 90}.example.com",
                "alm_method": "https",
                "alm_project": f"PRJ{number}",
            },
        )
        for number in range(1, connections + 1)
    ]
    all_rules = [
        rule(
            f"rule-{number:02}",
            f"Rule number {number} holds",
            SEVERITIES[number % len(SEVERITIES)],
            remediation="Fix it.",
        )
        for number in range(1, rules + 1)
    ]
    waivers = [waiver([one["id"] for one in all_rules], None, "Known.", "sec@example.com", "2027-01-31", "active", 0)]
    verdicts = ("pass",) * 14 + ("not_applicable", "fail", "inconclusive", "pass", "waived")
    findings = [
        finding(
            one_rule,
            one,
            verdict := verdicts[(place * 7 + row * 5) % len(verdicts)],
            waiver=0 if verdict == "waived" else None,
        )
        for row, one_rule in enumerate(all_rules)
        for place, one in enumerate(all_connections)
    ]
    waivers[0]["findings"] = sum(one["verdict"] == "waived" for one in findings)
    return report(all_rules, all_connections, findings, waivers)


# ---------------------------------------------------------------------------------------------------------------
# The parts


def connection(kind: str, number: int, server: str | None = SERVER, **facts: Any) -> dict[str, Any]:
    system = facts.pop("system", "Jira")
    params = facts.pop("params", {"alm_server": "jira.example.com"})
    facts = {
        "id": number,
        "kind": kind,
        "alias": f"{system} {number}",
        "project": 1,
        "connector": 1,
        "system": system,
        "system_id": system.lower(),
        "system_short_name": system[:20],
        "frequency": "daily",
        "command": f"sync_{system.lower()[:20]}",
        "server": _server_of(params),
        "validate_certs": True if params else None,
        "params": params,
        "params_visible": bool(params),
        "secrets_set": ["alm_pass"] if params else [],
        "inaccessible": False,
        "in_progress": False,
        "debug_mode": False,
        "last_job": {"id": number, "last_run": "2026-11-24T06:00:00Z", "succeeded": True, "result_message": "Done."},
        **facts,
    }
    return {"key": "/".join([*([server] if server else []), kind, str(number)]), "server": server, "facts": facts}


def changed_since(since: str, *changes: dict, hidden: dict) -> dict[str, Any]:
    """The changes since a baseline, and a connection that could not be compared."""
    reason = {"facts": ["params"], "reason": "the parameters are hidden now"}
    return {
        "compared": [{"server": SERVER, "since": since, "kinds": ["alm", "analysis"]}],
        "connections": list(changes),
        "not_compared": [{"server": SERVER, "connections": [hidden["key"]], **reason}],
    }


def change(of: dict, *facts: dict) -> dict[str, Any]:
    about = {name: of[name] for name in ("server", "key")}
    subject = connection_subject(of["facts"])
    return {**about, "subject": subject, "project": of["facts"]["project"], "change": "changed", "facts": list(facts)}


def project(id_: int, name: str | None, path: str | None, *, archived: bool = False) -> dict[str, Any]:
    return {"server": SERVER, "id": id_, "name": name, "archived": archived, "path": path}


def _server_of(params: dict[str, Any]) -> dict[str, Any]:
    """The fact 'server' of a connection."""
    host, scheme = params.get("alm_server"), params.get("alm_method", "https")
    if host is None:
        return {"state": "hidden", **dict.fromkeys(("scheme", "host", "port", "path", "url"))}
    port = 443 if scheme == "https" else 80
    return {
        "state": "known",
        "scheme": scheme,
        "host": host,
        "port": port,
        "path": "",
        "url": f"{scheme}://{host}:{port}",
    }


def rule(name: str, title: str, severity: str, **given: Any) -> dict[str, Any]:
    return {
        "id": name,
        "title": title,
        "description": None,
        "severity": severity,
        "when": [],
        "that": ["connection.passes"],
        "needs": [],
        "loop": None,
        "group_by": [],
        "label": None,
        "affected": None,
        "identity": None,
        "message": None,
        "remediation": None,
        "references": [],
        "tags": [],
        "controls": {},
        "waivable": True,
        "may_apply_to_nothing": False,
        "was": [],
        "overridden": [],
        "state": "evaluated",
        **given,
    }


def waiver(
    rules: list[str],
    connections: dict | None,
    reason: str,
    owner: str,
    expires: str,
    state: str,
    findings: int,
    labels: list | None = None,
    number: int = 1,
) -> dict[str, Any]:
    return {
        "rules": rules,
        "servers": None,
        "connections": connections,
        "labels": labels,
        "reason": reason,
        "owner": owner,
        "expires": expires,
        "file": "our_policy.yml",
        "number": number,
        "state": state,
        "ends_soon": state != "expired" and expires <= "2026-12-08",
        "findings": findings,
    }


def grouped(findings: list[dict], server: str | None) -> list[dict[str, Any]]:
    """Return the groups of a report: verdicts that need no attention."""
    groups: dict[tuple, dict[str, Any]] = {}
    for one in findings:
        common = {"server": server, **{name: one[name] for name in ("rule", "severity", "verdict", "message")}}
        group = groups.setdefault(tuple(common.values()), {**common, "count": 0, "subjects": []})
        group["count"] += 1
        label, keys = one["label"], one["connections"]
        item = {"label": label, "identity": label, "connections": keys, "projects": one["projects"]}
        group["subjects"].append(keys[0] if label is None else item)
    return list(groups.values())


def finding(of: dict, about: dict, verdict: str, message: str | None = None, **given: Any) -> dict[str, Any]:
    """A finding about a connection, with given observed, waiver and baseline."""
    facts = about["facts"]
    place = {
        "server": about["server"],
        "connections": [about["key"]],
        "projects": [] if facts["project"] is None else [facts["project"]],
        "subject": connection_subject(facts),
        "label": None,
        "fingerprint": fingerprint(of["id"], about["server"] or "", facts["kind"], str(facts["id"])),
    }
    return {**_outcome(of, verdict, message, **given), **place}


def item_finding(
    of: dict,
    label: str,
    about: list[dict],
    verdict: str,
    message: str | None = None,
    projects: list[int] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """A finding about an item of a loop, or about a group of connections."""
    place = {
        "server": SERVER,
        "connections": [one["key"] for one in about],
        "projects": projects or list(dict.fromkeys(one["facts"]["project"] for one in about)),
        "subject": label,
        "label": label,
        "fingerprint": fingerprint(of["id"], SERVER, label),
    }
    return {**_outcome(of, verdict, message, **given), **place}


def _outcome(
    of: dict,
    verdict: str,
    message: str | None,
    observed: dict[str, str] | None = None,
    waiver: int | None = None,
    expired_waiver: int | None = None,
    baseline: str | None = None,
) -> dict[str, Any]:
    is_false = verdict in ("fail", "waived")
    if is_false and message is None:
        message = f'"{of["title"]}" is not met: passes is false'
        observed = {"passes": "false"}
    return {
        "rule": of["id"],
        "severity": of["severity"],
        "verdict": verdict,
        "message": message or "",
        "condition": of["that"][0] if is_false else None,
        "observed": [{"name": name, "value": value} for name, value in (observed or {}).items()],
        "waiver": waiver,
        "expired_waiver": expired_waiver,
        "baseline": baseline,
        "fails_audit": verdict == "error" or (verdict == "fail" and of["severity"] in ("critical", "high")),
    }


def fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def report(
    rules: list[dict],
    connections: list[dict],
    findings: list[dict],
    waivers: list[dict] | None = None,
    baseline: dict | None = None,
    projects: list[dict] | None = None,
    changes: dict | None = None,
) -> dict[str, Any]:
    """All parts together, with the counts that follow from them."""
    verdicts = Counter(one["verdict"] for one in findings)
    failed = Counter(one["severity"] for one in findings if one["verdict"] == "fail")
    server = connections[0]["server"] if connections else SERVER
    severe = failed["critical"] + failed["high"]
    is_failed = bool(severe or verdicts["error"])
    of = f" of {server}" if server else ""
    return {
        "format": "securitycompass.sdelements/connection-audit",
        "version": "4.0",
        "audited_at": AUDITED_AT,
        "servers": [server] if server else [],
        "server_urls": {name: url for name, url in SERVER_URLS.items() if name == server},
        "kinds": ["alm", "analysis"],
        "policies": ["starter", "our_policy.yml"],
        "policy_vars": {},
        "disabled": [],
        "not_selected": [],
        "summary": {
            "verdict": "fail" if is_failed else "pass",
            "message": f"SD Elements audit{of} {'failed' if is_failed else 'passed'}: {severe} findings of high "
            f"or higher; {verdicts['waived']} waived, {verdicts['inconclusive']} inconclusive, "
            f"{verdicts['error']} errors. {len(connections)} connections, {len(rules)} rules.",
            "fail_on": "high",
            "inconclusive": "warn",
            "known_findings": "fail",
            "vacuous": "warn",
            "unused_waivers": "warn",
            "connections": len(connections),
            "projects": None if projects is None else len(projects),
            "unseen_projects": 0,
            "rules": len(rules),
            "verdict_counts": {verdict: verdicts[verdict] for verdict in VERDICTS},
            "failed_by_severity": {severity: failed[severity] for severity in SEVERITIES},
        },
        "rules": rules,
        "connections": connections,
        "projects": projects or [],
        "findings": [one for one in findings if one["verdict"] in NOTABLE],
        "other_verdicts": grouped([one for one in findings if one["verdict"] not in NOTABLE], server),
        "waivers": waivers or [],
        "baseline": baseline,
        "changes": changes,
    }
