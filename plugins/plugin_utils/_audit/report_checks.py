# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: validate the report of an earlier audit, which may have been edited.

The schema checks the form of each part; the checks here compare the parts with each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple, cast

from ...module_utils._errors import OptionError
from .._render.text import sentence
from . import schema
from .model import (
    FORMAT,
    SEVERITIES,
    VERDICTS,
    VERSION,
    ConnectionChange,
    Facts,
    Finding,
    Report,
    RuleEntry,
    VerdictGroup,
    WaiverEntry,
    count_verdicts,
    key_of,
    report_key,
)
from .waivers import covers, is_for_server

_ABSENT = object()
ADVICE = "Use a JSON report of sde_connection_audit."


def validate_report(content: Any, option: str, name: str) -> Report:
    """Return the report of an earlier audit, or raise an OptionError."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise OptionError(f"{option}: {name} is not an audit report.", ADVICE)
    major = VERSION.partition(".")[0]
    if str(content.get("version")).partition(".")[0] != major:
        problem = f"has version {schema.shorten(content.get('version'))}; only {major}.x is supported"
        raise OptionError(f"{option}: {name} {problem}.", "Run that audit again with this release.")
    report = cast(Report, content)
    # A check relies on those before it.
    errors = map(str, schema.errors_in(content, "report"))
    error = next(chain(errors, chain.from_iterable(check(report) for check in _CHECKS)), None)
    if error:
        raise OptionError(sentence(f"{option}: {name} is not a valid report: {error}"), "Create the report again.")
    return report


def validate_baseline(content: Any, name: str) -> Report:
    """Return the report of an earlier audit that was made, or raise an OptionError."""
    report = validate_report(content, "baseline", name)
    if report["summary"]["verdict"] == "error":
        raise OptionError(f"baseline: {name} is the report of an audit that could not be completed.")
    return report


def times_of(report: Report) -> tuple[str, str]:
    """Return when the oldest and the newest part of a report were audited."""
    return report["audited_at"], report.get("audited_until", report["audited_at"])


def parse_time(time: str) -> datetime:
    """Return a time of a report, or raise a ValueError."""
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z")


class _Verdict(NamedTuple):
    """A verdict on a subject, which is the label of an item or the key of a connection."""

    place: str
    part: Finding | VerdictGroup
    label: str | None
    connections: list[str]


def _verdicts(report: Report) -> Iterator[_Verdict]:
    for number, finding in enumerate(report["findings"]):
        yield _Verdict(f"findings[{number}]", finding, finding["label"], finding["connections"])
    for number, group in enumerate(report["other_verdicts"]):
        place = f"other_verdicts[{number}]"
        for one in group["subjects"]:
            if isinstance(one, str):
                yield _Verdict(place, group, None, [one])
            else:
                yield _Verdict(place, group, one["label"], one["connections"])


def _is_about_connections(rule: RuleEntry) -> bool:
    return rule["loop"] is None and not rule["group_by"]


# ---------------------------------------------------------------------------------------------------------------
# The checks, in their order. Each yields problems, of which the first is reported.


def _check_times(report: Report) -> Iterator[str]:
    first, last = times_of(report)
    for name, time in (("audited_at", first), ("audited_until", last)):
        try:
            parse_time(time)
        except ValueError:
            yield f"{name} is not a valid time: {time}"
    if last < first:
        yield f"audited_until is before audited_at: {last}"


def _check_servers(report: Report) -> Iterator[str]:
    servers = report["servers"]
    names: dict[str, str] = {}
    for server in servers:
        other = names.setdefault(server.lower(), server)
        if other != server:
            yield f"servers has one server twice: {other} and {server}"
    for server in report["server_urls"]:
        if server not in servers:
            yield f"server_urls has a server that is not in servers: {server}"
    for server in report.get("missing_servers", ()):
        if server in servers:
            yield f"missing_servers has a server that was audited: {server}"


def _check_rules(report: Report) -> Iterator[str]:
    if not report["rules"] and report["summary"]["verdict"] != "error":
        yield "rules is empty"
    for id_, count in Counter(rule["id"] for rule in report["rules"]).items():
        if count > 1:
            yield f"rules has the rule {id_} twice"


def _check_connections(report: Report) -> Iterator[str]:
    servers = _servers_of_parts(report)
    keys = set()
    for number, entry in enumerate(report["connections"]):
        place, key = f"connections[{number}]", report_key(entry["server"], key_of(entry["facts"]))
        if entry["server"] not in servers:
            yield f"{place}.server is not in servers: {entry['server']}"
        if entry["key"] != key:
            yield f"{place}.key must be {key}, not {entry['key']}"
        if key in keys:
            yield f"{place} repeats the connection {key}"
        keys.add(key)


def _servers_of_parts(report: Report) -> set[str | None]:
    """Return the servers that parts of a report may name. A part of an unnamed server has null."""
    return {*report["servers"], *([] if report["servers"] and "audited_until" not in report else [None])}


def _check_projects(report: Report) -> Iterator[str]:
    servers = _servers_of_parts(report)
    keys = set()
    for number, entry in enumerate(report["projects"]):
        key = entry["server"], entry["id"]
        if entry["server"] not in servers:
            yield f"projects[{number}].server is not in servers: {entry['server']}"
        if key in keys:
            yield f"projects[{number}] repeats the project {entry['id']}"
        keys.add(key)
    if report["summary"]["projects"] is None and report["projects"]:
        yield "summary.projects is null, although the report has projects"


def _check_groups(report: Report) -> Iterator[str]:
    for number, group in enumerate(report["other_verdicts"]):
        if group["count"] != len(group["subjects"]):
            yield f"other_verdicts[{number}].count must be {len(group['subjects'])}, not {group['count']}"
        if not group["subjects"]:
            yield f"other_verdicts[{number}].subjects is empty"


def _check_verdicts(report: Report) -> Iterator[str]:
    servers = _servers_of_parts(report)
    server_of = {entry["key"]: entry["server"] for entry in report["connections"]}
    rules = {rule["id"]: rule for rule in report["rules"]}
    for place, part, label, connections in _verdicts(report):
        rule, server = rules.get(part["rule"]), part["server"]
        if rule is None:
            yield f"{place}.rule is not in the report: {part['rule']}"
        elif part["severity"] != rule["severity"]:
            yield f"{place}.severity must be {rule['severity']}, as in the rule {rule['id']}, not {part['severity']}"
        elif _is_about_connections(rule) and (label is not None or len(connections) != 1):
            yield f"{place} must be about one connection, as the rule {rule['id']} is"
        # Without a label, the finding is about the whole loop.
        elif not _is_about_connections(rule) and label is None and part["verdict"] not in ("error", "inconclusive"):
            yield f"{place} must be about an item, as the rule {rule['id']} is"
        if not server_of.keys() >= set(connections):
            yield f"{place} has a connection that is not in the report"
        if server not in servers:
            yield f"{place}.server is not in servers: {server}"
        if any(server_of[key] != server for key in connections):
            yield f"{place} has a connection of another server"


def _check_duplicates(report: Report) -> Iterator[str]:
    subjects, fingerprints = set(), set()
    for place, part, label, connections in _verdicts(report):
        # Errors may be about items that cannot be told apart.
        if part["verdict"] == "error":
            continue
        subject = "".join(connections) if label is None else label
        if (part["rule"], part["server"], subject) in subjects:
            yield f"{place} repeats the subject {schema.shorten(subject)} of the rule {part['rule']}"
        subjects.add((part["rule"], part["server"], subject))
        fingerprint = part.get("fingerprint")
        if fingerprint in fingerprints:
            yield f"{place}.fingerprint is that of another finding: {fingerprint}"
        if fingerprint:
            fingerprints.add(fingerprint)


def _check_completeness(report: Report) -> Iterator[str]:
    """A rule about each connection has a verdict on all connections of a server."""
    expected = Counter(entry["server"] for entry in report["connections"])
    found = Counter((one.part["rule"], one.part["server"]) for one in _verdicts(report))
    partial = {one["rule"] for one in report.get("partly_evaluated", ())}
    for id_ in (rule["id"] for rule in report["rules"] if _is_about_connections(rule)):
        for server, count in expected.items():
            number = found[id_, server]
            if number != count and (number or id_ not in partial):
                of = f" of {server}" if server else ""
                yield f"the rule {id_} must have a verdict on each of the {count} connections{of}, not on {number}"


def _check_waivers(report: Report) -> Iterator[str]:
    first, last = (time[:10] for time in times_of(report))
    for number, waiver in enumerate(report["waivers"]):
        is_expired = waiver["state"] == "expired"
        # In a merged report, a waiver may have expired between two audits.
        if (waiver["expires"] < first and not is_expired) or (waiver["expires"] >= last and is_expired):
            yield f"waivers[{number}].state must not be {waiver['state']}, because it expires after {waiver['expires']}"


def _check_waived_findings(report: Report) -> Iterator[str]:
    waivable = {rule["id"] for rule in report["rules"] if rule["waivable"]}
    facts = {entry["key"]: entry["facts"] for entry in report["connections"]}
    for number, finding in enumerate(report["findings"]):
        verdict = finding["verdict"]
        if verdict == "waived" and finding["waiver"] is None:
            yield f"findings[{number}].waiver is null, although the finding is waived"
        indexes = {"waiver": finding["waiver"], "expired_waiver": finding["expired_waiver"]}
        for field, index in indexes.items():
            if index is None:
                continue
            place = f"findings[{number}].{field}"
            if index >= len(report["waivers"]):
                yield f"{place} is not in the report: {index}"
            # The schema accepts 1.0 as well.
            waiver = report["waivers"][int(index)]
            if verdict != {"waiver": "waived", "expired_waiver": "fail"}[field]:
                yield f"{place} must be null, because the verdict is {verdict}"
            # In a merged report, a waiver may have expired between two audits.
            was_active = waiver["state"] != "unused" and waiver["expires"] >= report["audited_at"][:10]
            if not (was_active if field == "waiver" else waiver["state"] == "expired"):
                yield f"{place} is a waiver that is {waiver['state']} and expires after {waiver['expires']}"
            about = [facts[key] for key in finding["connections"]]
            if finding["rule"] not in waivable or not _is_for(waiver, finding, about):
                yield f"{place} is a waiver of other findings"


def _is_for(waiver: WaiverEntry, finding: Finding, about: list[Facts]) -> bool:
    is_for_rule = finding["rule"] in waiver["rules"] and is_for_server(waiver, finding["server"])
    return is_for_rule and covers(waiver, finding["label"], about)


def _check_summary(report: Report) -> Iterator[str]:
    counts = count_verdicts(report["findings"], report["other_verdicts"])
    summary, verdicts, failed = (
        report["summary"],
        report["summary"]["verdict_counts"],
        report["summary"]["failed_by_severity"],
    )
    for name, stated, counted in (
        ("connections", summary["connections"], len(report["connections"])),
        ("projects", summary["projects"] or 0, len(report["projects"])),
        ("rules", summary["rules"], len(report["rules"])),
        *(
            (f"verdict_counts.{one}", verdicts[one], sum(counts[severity, one] for severity in SEVERITIES))
            for one in VERDICTS
        ),
        *((f"failed_by_severity.{one}", failed[one], counts[one, "fail"]) for one in SEVERITIES),
    ):
        if stated != counted:
            yield f"summary.{name} must be {counted}, not {stated}"


def _check_comparison(report: Report) -> Iterator[str]:
    baseline = report["baseline"]
    counts = Counter(finding["baseline"] for finding in report["findings"])
    stated = {"new": baseline["new"], "known": baseline["known"]} if baseline else {"new": 0, "known": 0}
    for state, number in stated.items():
        if baseline is None and counts[state]:
            yield f"baseline is null, although findings are {state}"
        if number != counts[state]:
            yield f"baseline.{state} must be {counts[state]}, not {number}"


def _check_changes(report: Report) -> Iterator[str]:
    changes = report["changes"]
    if changes is None:
        return
    kinds: dict[str | None, list[str]] = {}
    for number, compared in enumerate(changes["compared"]):
        server = compared["server"]
        place = f"changes.compared[{number}].server"
        if server not in _servers_of_parts(report):
            yield f"{place} is not in servers: {server}"
        if server in kinds and server is not None:
            yield f"{place} repeats the server {server}"
        kinds[server] = [*kinds.get(server, []), *compared["kinds"]]
    present = {entry["key"]: entry["server"] for entry in report["connections"]}
    keys = set()
    for number, change in enumerate(changes["connections"]):
        place, key, server = f"changes.connections[{number}]", change["key"], change["server"]
        if server not in kinds:
            yield f"{place}.server is not in changes.compared: {server}"
        if key in keys:
            yield f"{place} repeats the connection {key}"
        keys.add(key)
        yield from _change_errors(place, change, present, kinds[server])
    for number, group in enumerate(changes["not_compared"]):
        if any(present.get(key, _ABSENT) != group["server"] for key in group["connections"]):
            yield f"changes.not_compared[{number}] has a connection that is not in the report"


def _change_errors(
    place: str, change: ConnectionChange, present: dict[str, str | None], kinds: list[str]
) -> Iterator[str]:
    name, key, server = change["change"], change["key"], change["server"]
    if name == "removed" and key in present:
        yield f"{place} is removed, but still in the report: {key}"
    if name != "removed" and present.get(key, _ABSENT) != server:
        yield f"{place} is {name}, but not in the report: {key}"
    if name != "changed" and key.rsplit("/", 2)[-2:-1] not in [[kind] for kind in kinds]:
        yield f"{place} is {name}, although connections of its kind were not gathered completely: {key}"
    if bool(change["facts"]) != (name == "changed"):
        yield f"{place} is {name}, so its facts must {'not ' if name == 'changed' else ''}be empty"


_CHECKS: tuple[Callable[[Report], Iterator[str]], ...] = (
    _check_times,
    _check_servers,
    _check_rules,
    _check_connections,
    _check_projects,
    _check_groups,
    _check_verdicts,
    _check_duplicates,
    _check_completeness,
    _check_waivers,
    _check_waived_findings,
    _check_summary,
    _check_comparison,
    _check_changes,
)
