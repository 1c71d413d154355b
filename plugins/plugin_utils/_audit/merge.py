# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: merge the reports of several servers into one report.

Only the summary is computed again; each finding keeps its verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from ...module_utils._errors import OptionError
from ...module_utils._redact import scrub_text
from .._render.text import collapse
from .connections import validate_connections
from .model import (
    FORMAT,
    NEVER,
    RULE_STATES,
    SEVERITIES,
    VERSION,
    Baseline,
    ConnectionEntry,
    ConnectionKey,
    Disabled,
    Facts,
    Finding,
    Item,
    Report,
    RuleEntry,
    VerdictGroup,
    VerdictOptions,
    WaiverEntry,
    key_of,
)
from .report import mark_failing, summarize, validate_report

# The strictest first.
_THRESHOLDS = (*reversed(SEVERITIES), NEVER)
# A waiver may expire between two audits. The most important state comes first.
_WAIVER_STATES = ("expired", "active", "unused")
# Enough for servers that are audited at the same hour of different time zones, and less than a day.
_MAX_HOURS = 20


class SourceReport(NamedTuple):
    """A report, and the name of the file that it was read from."""

    name: str
    report: Report


class MergeOptions(NamedTuple):
    """The options of the task that decide the verdict; None if the reports decide."""

    fail_on: str | None
    inconclusive: str | None
    known_findings: str | None


def validate_source(content: Any, name: str) -> SourceReport:
    """Return a report that can be merged, or raise an OptionError that says why it cannot."""
    report = validate_report(content, "documents", name)
    problem = _inconsistency(report)
    if problem:
        raise OptionError(f"documents: {name} is not a valid report: {problem}.", "Create the report again.")
    try:
        return SourceReport(name, {**report, "connections": _validated(report["connections"])})
    except OptionError as exc:
        raise OptionError(f"documents: {name}: {exc}") from None


def _validated(entries: list[ConnectionEntry]) -> list[ConnectionEntry]:
    """Return the same entries with validated facts. A merged report may have the same key on several servers."""
    by_server: dict[str | None, list[Facts]] = {}
    for entry in entries:
        by_server.setdefault(entry["server"], []).append(entry["facts"])
    facts: dict[tuple[str | None, ConnectionKey], Facts] = {
        (server, key_of(connection)): connection
        for server, found in by_server.items()
        for connection in validate_connections(found)
    }
    return [{**entry, "facts": facts[entry["server"], key_of(entry["facts"])]} for entry in entries]


def _inconsistency(report: Report) -> str | None:
    """Return an error that no schema finds: an invalid time, or a reference to a part that is not in the report."""
    for time in _times_of(report):
        try:
            _parse_time(time)
        except ValueError:
            return f"audited_at is not a valid time: {time}"
    rules = {rule["id"] for rule in report["rules"]}
    connections = {entry["key"] for entry in report["connections"]}
    for name, one, keys in _parts_with_references(report):
        if one["rule"] not in rules:
            return f"{name}.rule is not in the report: {one['rule']}"
        if not connections.issuperset(keys):
            return f"{name} has a connection that is not in the report"
    problem = _unknown_waiver(report)
    if problem:
        return problem
    for number, group in enumerate(report["other_verdicts"]):
        if group["count"] != len(group["subjects"]):
            return f"other_verdicts[{number}].count must be {len(group['subjects'])}, not {group['count']}"
    return None


def _unknown_waiver(report: Report) -> str | None:
    for number, finding in enumerate(report["findings"]):
        for field, index in (("waiver", finding["waiver"]), ("expired_waiver", finding["expired_waiver"])):
            if index is not None and index >= len(report["waivers"]):
                return f"findings[{number}].{field} is not in the report: {index}"
    return None


def _parts_with_references(report: Report) -> Iterator[tuple[str, Finding | VerdictGroup, Iterable[str]]]:
    """Yield findings and groups, each with its place in the report and the keys of its connections."""
    for number, finding in enumerate(report["findings"]):
        yield f"findings[{number}]", finding, finding["connections"]
    for number, group in enumerate(report["other_verdicts"]):
        keys = [[one] if isinstance(one, str) else one["connections"] for one in group["subjects"]]
        yield f"other_verdicts[{number}]", group, chain.from_iterable(keys)


def _times_of(report: Report) -> tuple[str, str]:
    """Return when the oldest and the newest part of a report were audited."""
    return report["audited_at"], report.get("audited_until", report["audited_at"])


def _parse_time(time: str) -> datetime:
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z")


def merge_reports(sources: list[SourceReport], servers: list[str], options: MergeOptions) -> Report:
    """Return one report of all. The audit fails if one of the servers has no report, or could not be audited."""
    _validate_distinct(sources)
    audited_at, audited_until = _times_of_one_run(sources)
    failed = [source for source in sources if _has_failed(source)]
    sources = [source for source in sources if not _has_failed(source)]
    if not sources:
        raise OptionError(f"documents: no audit could be made. {' '.join(messages_of_failed(failed))}")
    reports = [source.report for source in sources]
    rules = _merge_rules(sources)
    order = {rule["id"]: number for number, rule in enumerate(rules)}
    waivers, indexes = _merge_waivers(reports)
    audited = _unique(server for report in reports for server in report["servers"])
    findings = [
        _merged_finding(finding, index)
        for report, index in zip(reports, indexes, strict=True)
        for finding in report["findings"]
    ]
    findings.sort(key=lambda finding: order[finding["rule"]])
    others = [_merged_group(group) for report in reports for group in report["other_verdicts"]]
    others.sort(key=lambda group: order[group["rule"]])
    not_audited = [server for name, report in failed for server in report["servers"] or [name]]
    expected = [
        *servers,
        *not_audited,
        *(server for report in reports for server in report.get("missing_servers") or []),
    ]
    missing = [server for server in _unique(expected) if server not in audited]
    connections = [entry for report in reports for entry in report["connections"]]
    verdict_options = _verdict_options(reports, options)
    mark_failing(findings, verdict_options)
    disabled = [
        Disabled(rule=rule, file=file)
        for rule, file in dict.fromkeys((one["rule"], one["file"]) for report in reports for one in report["disabled"])
    ]
    baseline = _merge_baselines(reports)
    left_out = _unique(rule for report in reports for rule in report["left_out"])
    return {
        "format": FORMAT,
        "version": VERSION,
        "audited_at": audited_at,
        "audited_until": audited_until,
        "servers": audited,
        "kinds": None,
        "disabled": disabled,
        "left_out": left_out,
        "server_urls": {name: url for report in reports for name, url in report["server_urls"].items()},
        "missing_servers": missing,
        "policies": _unique(policy for report in reports for policy in report["policies"]),
        "summary": summarize(
            rules,
            connections,
            findings,
            others,
            waivers,
            options=verdict_options,
            servers=audited,
            not_evaluated=_unique([*(one["rule"] for one in disabled), *left_out]),
            baseline=baseline,
            missing_servers=missing,
        ),
        "rules": rules,
        "connections": connections,
        "findings": findings,
        "other_verdicts": others,
        "waivers": waivers,
        "baseline": baseline,
    }


def messages_of_failed(sources: list[SourceReport]) -> list[str]:
    """Return a sentence about each report of an audit that could not be made."""
    return [
        f"{name}: {collapse(scrub_text(report['summary']['message']))}" for name, report in filter(_has_failed, sources)
    ]


def _has_failed(source: SourceReport) -> bool:
    return source.report["summary"]["verdict"] == "error"


def _validate_distinct(sources: list[SourceReport]) -> None:
    """Raise an OptionError if two reports contain the same server or connection."""
    names: dict[str, str] = {}
    for name, report in sources:
        for subject in report["servers"] or _unique(entry["key"] for entry in report["connections"]):
            if subject in names:
                raise OptionError(
                    f"documents: {names[subject]} and {name} both contain {subject}.",
                    "Merge one report per server, and set the option server in each audit.",
                )
            names[subject] = name


def _times_of_one_run(sources: list[SourceReport]) -> tuple[str, str]:
    """Return the first and the last time. An old report must not replace one that this run failed to write."""
    first, first_name = min((_times_of(source.report)[0], source.name) for source in sources)
    last, last_name = max((_times_of(source.report)[1], source.name) for source in sources)
    if _parse_time(last) - _parse_time(first) > timedelta(hours=_MAX_HOURS):
        raise OptionError(
            f"documents: {first_name} ({first}) and {last_name} ({last}) are more than {_MAX_HOURS} hours apart.",
            "Repeat the older audit, or remove its report.",
        )
    return first, last


def _merge_rules(sources: list[SourceReport]) -> list[RuleEntry]:
    found: dict[str, tuple[RuleEntry, str]] = {}
    for source in sources:
        for rule in source.report["rules"]:
            other, name = found.setdefault(rule["id"], ({**rule}, source.name))
            other["state"] = min(rule["state"], other["state"], key=RULE_STATES.index)
            if other != {**rule, "state": other["state"]}:
                advice = "Audit all servers with the same policy, or give the rules different ids."
                raise OptionError(f"documents: rule {rule['id']} differs between {name} and {source.name}.", advice)
    return [rule for rule, _name in found.values()]


def _merge_waivers(reports: list[Report]) -> tuple[list[WaiverEntry], list[list[int]]]:
    """Return each waiver once, and for each report the indexes of its waivers among them."""
    found: dict[str, WaiverEntry] = {}
    positions: dict[str, int] = {}
    indexes = []
    for report in reports:
        index = []
        for waiver in report["waivers"]:
            identity = json.dumps({**waiver, "state": None, "ends_soon": None, "findings": None}, sort_keys=True)
            merged = found.setdefault(identity, {**waiver, "state": "unused", "findings": 0})
            merged["findings"] += waiver["findings"]
            merged["ends_soon"] = merged["ends_soon"] or waiver["ends_soon"]
            merged["state"] = min(merged["state"], waiver["state"], key=_WAIVER_STATES.index)
            index.append(positions.setdefault(identity, len(positions)))
        indexes.append(index)
    return list(found.values()), indexes


def _merged_finding(finding: Finding, waivers: list[int]) -> Finding:
    return {
        **finding,
        "subject": scrub_text(finding["subject"]),
        "message": scrub_text(finding["message"]),
        "observed": [{**one, "value": scrub_text(one["value"])} for one in finding["observed"]],
        "waiver": _index_of(finding["waiver"], waivers),
        "expired_waiver": _index_of(finding["expired_waiver"], waivers),
    }


def _index_of(waiver: int | None, indexes: list[int]) -> int | None:
    # The schema accepts 1.0 as well.
    return None if waiver is None else indexes[int(waiver)]


def _merged_group(group: VerdictGroup) -> VerdictGroup:
    subjects: list[str | Item] = [
        one if isinstance(one, str) else {**one, "label": scrub_text(one["label"])} for one in group["subjects"]
    ]
    return {**group, "message": scrub_text(group["message"]), "subjects": subjects}


def _verdict_options(reports: list[Report], options: MergeOptions) -> VerdictOptions:
    """Return the options of the task. The strictest report decides an option that the task does not set."""
    summaries = [report["summary"] for report in reports]
    return VerdictOptions(
        fail_on=options.fail_on or min((one["fail_on"] for one in summaries), key=_THRESHOLDS.index),
        inconclusive=options.inconclusive or _strictest([one["inconclusive"] for one in summaries], "warn"),
        known_findings=options.known_findings or _strictest([one["known_findings"] for one in summaries], "accept"),
        vacuous=_strictest([one["vacuous"] for one in summaries], "warn"),
        unused_waivers=_strictest([one["unused_waivers"] for one in summaries], "warn"),
    )


def _strictest(values: list[str], lenient: str) -> str:
    return lenient if all(value == lenient for value in values) else "fail"


def _merge_baselines(reports: list[Report]) -> Baseline | None:
    compared = [report["baseline"] for report in reports if report["baseline"]]
    if not compared:
        return None
    return {
        "audited_at": min(one["audited_at"] for one in compared),
        "new": sum(one["new"] for one in compared),
        "known": sum(one["known"] for one in compared),
        "fixed": [{**fixed, "subject": scrub_text(fixed["subject"])} for one in compared for fixed in one["fixed"]],
        "not_fixed": [
            {**other, "subject": scrub_text(other["subject"])} for one in compared for other in one["not_fixed"]
        ],
    }


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
