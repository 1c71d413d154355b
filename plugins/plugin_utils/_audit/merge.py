# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: merge the reports of several servers into one report.

Only the summary is computed again; each finding keeps its verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from ...module_utils._errors import OptionError
from ...module_utils._redact import redact, scrub_text
from .._render.text import collapse
from .connections import validate_connections
from .model import (
    FORMAT,
    NEVER,
    RULE_STATES,
    SEVERITIES,
    VERSION,
    Baseline,
    ChangedFact,
    Changes,
    ConnectionEntry,
    ConnectionKey,
    Disabled,
    Facts,
    Finding,
    Item,
    PartlyEvaluated,
    ProjectEntry,
    Report,
    RuleEntry,
    VerdictGroup,
    VerdictOptions,
    WaiverEntry,
    headline,
    key_of,
)
from .report import mark_failing, summarize
from .report_checks import parse_time, times_of, validate_report

# The strictest first.
_THRESHOLDS = (*reversed(SEVERITIES), NEVER)
# A waiver may expire between two audits. The most important state comes first.
_WAIVER_STATES = ("expired", "active", "unused")
# Enough for servers that are audited at the same hour of different time zones, and less than a day.
_MAX_HOURS = 20
# The length of the reason why a server could not be audited.
_MAX_REASON = 200


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
    report = validate_report(content, "report_files", name)
    try:
        return SourceReport(name, {**report, "connections": _validated(report["connections"])})
    except OptionError as exc:
        raise OptionError(f"report_files: {name}: {exc}") from None


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


def merge_reports(sources: list[SourceReport], servers: list[str], options: MergeOptions) -> Report:
    """Return one report of all. The audit fails if one of the servers has no report, or could not be audited."""
    _validate_distinct(sources)
    audited_at, audited_until = _times_of_one_run(sources)
    failed = [source for source in sources if _has_failed(source)]
    sources = [source for source in sources if not _has_failed(source)]
    if not sources:
        raise OptionError(f"report_files: no audit could be made. {' '.join(messages_of_failed(failed))}")
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
    reasons = _reasons(sources, failed)
    expected = [*servers, *reasons, *(server for report in reports for server in report.get("missing_servers", ()))]
    missing = [server for server in _unique(expected) if server not in audited]
    reasons = {server: reasons[server] for server in missing if server in reasons}
    partly_evaluated = _partly_evaluated(sources, rules)
    connections = [entry for report in reports for entry in report["connections"]]
    projects: list[ProjectEntry] = [
        {**entry, "name": entry["name"] and scrub_text(entry["name"])}
        for report in reports
        for entry in report["projects"]
    ]
    seen = [report["summary"]["projects"] for report in reports if report["summary"]["projects"] is not None]
    verdict_options = _verdict_options(reports, options)
    mark_failing(findings, verdict_options)
    disabled = [
        Disabled(rule=rule, file=file)
        for rule, file in dict.fromkeys((one["rule"], one["file"]) for report in reports for one in report["disabled"])
    ]
    baseline = _merge_baselines(reports)
    changes = _merge_changes(reports)
    not_selected = _unique(rule for report in reports for rule in report["not_selected"])
    return {
        "format": FORMAT,
        "version": VERSION,
        "audited_at": audited_at,
        "audited_until": audited_until,
        "servers": audited,
        "kinds": _merge_kinds(reports),
        "policy_vars": {name: value for report in reports for name, value in report["policy_vars"].items()},
        "disabled": disabled,
        "not_selected": not_selected,
        "server_urls": {name: url for report in reports for name, url in report["server_urls"].items()},
        "missing_servers": missing,
        "missing_reasons": reasons,
        "partly_evaluated": partly_evaluated,
        "policies": _unique(policy for report in reports for policy in report["policies"]),
        "summary": summarize(
            rules,
            connections,
            findings,
            others,
            waivers,
            options=verdict_options,
            projects=sum(seen) if seen else None,
            unseen_projects=sum(report["summary"]["unseen_projects"] for report in reports),
            servers=audited,
            not_evaluated=_unique([*(one["rule"] for one in disabled), *not_selected]),
            baseline=baseline,
            changes=changes,
            missing_servers=[f"{one} ({reasons[one]})" if one in reasons else one for one in missing],
            partly_evaluated=partly_evaluated,
        ),
        "rules": rules,
        "connections": connections,
        "projects": projects,
        "findings": findings,
        "other_verdicts": others,
        "waivers": waivers,
        "baseline": baseline,
        "changes": changes,
    }


def messages_of_failed(sources: list[SourceReport]) -> list[str]:
    """Return a sentence about each report of an audit that could not be completed."""
    return [
        f"{name}: {collapse(scrub_text(report['summary']['message']))}" for name, report in filter(_has_failed, sources)
    ]


def _reasons(sources: list[SourceReport], failed: list[SourceReport]) -> dict[str, str]:
    """Return why servers could not be audited, by name."""
    reasons: dict[str, str] = {}
    for _name, report in sources:
        reasons.update(report.get("missing_reasons", {}))
    for name, report in failed:
        message = report["summary"]["message"].removeprefix(f"{headline('error', report['servers'])}: ")
        for server in report["servers"] or [name]:
            reasons[server] = message
    # The summary is one line, and the reason a part of a sentence.
    return {server: collapse(scrub_text(reason), _MAX_REASON).rstrip(".") for server, reason in reasons.items()}


def _has_failed(source: SourceReport) -> bool:
    return source.report["summary"]["verdict"] == "error"


def _validate_distinct(sources: list[SourceReport]) -> None:
    """Raise an OptionError if two reports contain the same server or connection."""
    names: dict[str, str] = {}
    for name, report in sources:
        for subject in report["servers"] or _unique(entry["key"] for entry in report["connections"]):
            other = names.setdefault(subject.lower(), name)
            if other != name:
                raise OptionError(
                    f"report_files: {other} and {name} both contain {subject}.",
                    "Merge one report per server, and set the option server in each audit.",
                )


def _times_of_one_run(sources: list[SourceReport]) -> tuple[str, str]:
    """Return the first and the last time. An old report must not replace one that this run failed to write."""
    first, first_name = min((times_of(source.report)[0], source.name) for source in sources)
    last, last_name = max((times_of(source.report)[1], source.name) for source in sources)
    if parse_time(last) - parse_time(first) > timedelta(hours=_MAX_HOURS):
        raise OptionError(
            f"report_files: {first_name} ({first}) and {last_name} ({last}) are more than {_MAX_HOURS} hours apart.",
            "Run the older audit again, or remove its report.",
        )
    return first, last


def _merge_rules(sources: list[SourceReport]) -> list[RuleEntry]:
    found: dict[str, tuple[RuleEntry, str]] = {}
    for source in sources:
        for rule in source.report["rules"]:
            other, name = found.setdefault(rule["id"], ({**rule}, source.name))
            other["state"] = min(rule["state"], other["state"], key=RULE_STATES.index)
            if other != {**rule, "state": other["state"]}:
                advice = "Audit all servers with the same policy, or use different ids for the rules."
                raise OptionError(f"report_files: rule {rule['id']} differs between {name} and {source.name}.", advice)
    return [rule for rule, _name in found.values()]


def _partly_evaluated(sources: list[SourceReport], rules: list[RuleEntry]) -> list[PartlyEvaluated]:
    """Return the rules that were evaluated on some servers only: others lack them, or a variable turns them off."""
    not_on: dict[str, list[str]] = {rule["id"]: [] for rule in rules}
    for name, report in sources:
        states = {rule["id"]: rule["state"] for rule in report["rules"]}
        partly = {one["rule"]: one["not_on"] for one in report.get("partly_evaluated", ())}
        for id_ in not_on:
            is_off = states.get(id_, "off") == "off"
            not_on[id_] += (report["servers"] or [name]) if is_off else partly.get(id_, [])
    return [
        {"rule": rule["id"], "not_on": not_on[rule["id"]]}
        for rule in rules
        if rule["state"] != "off" and not_on[rule["id"]]
    ]


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


def _merge_kinds(reports: list[Report]) -> list[str] | None:
    """Return the kinds that were gathered completely on all servers. None: on one of them, connections were given."""
    kinds = [report["kinds"] for report in reports]
    given = [one for one in kinds if one is not None]
    return [kind for kind in given[0] if all(kind in one for one in given)] if len(given) == len(kinds) else None


def _merge_changes(reports: list[Report]) -> Changes | None:
    found = [report["changes"] for report in reports if report["changes"]]
    if not found:
        return None
    return {
        "compared": [one for changes in found for one in changes["compared"]],
        "connections": [
            {**one, "subject": scrub_text(one["subject"]), "facts": list(map(_masked_change, one["facts"]))}
            for changes in found
            for one in changes["connections"]
        ],
        "not_compared": [
            {**one, "reason": scrub_text(one["reason"])} for changes in found for one in changes["not_compared"]
        ],
    }


def _masked_change(changed: ChangedFact) -> ChangedFact:
    """Return a fact whose values are masked again, by its name."""
    masked = [redact({changed["name"].rpartition(".")[2]: value})[0] for value in (changed["old"], changed["new"])]
    old, new = (next(iter(one.values())) for one in masked)
    return {"name": scrub_text(changed["name"]), "old": old, "new": new}


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
