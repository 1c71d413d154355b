# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: build the report of evaluations, with waivers, a baseline and a threshold."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple, TypeVar, cast

from ...module_utils._redact import redact
from .._render.findings import change_line, explanation, page_path, waiver_name
from .._render.text import escape_log_line, sentence
from .changes import Earlier, changes_since, sentence_of, warnings_of_changes
from .expressions import reads_baseline
from .model import (
    FORMAT,
    NEEDS_ATTENTION,
    NEVER,
    NOTABLE,
    SEVERITIES,
    SEVERITY_RANK,
    VERDICTS,
    VERSION,
    AuditedFacts,
    Baseline,
    Changes,
    ConnectionChange,
    ConnectionEntry,
    ConnectionKey,
    Evaluation,
    Facts,
    Finding,
    FixedFinding,
    Item,
    PartlyEvaluated,
    Policy,
    ProjectEntry,
    Report,
    Rule,
    RuleEntry,
    Summary,
    UndecidedFinding,
    VerdictGroup,
    VerdictOptions,
    WaiverEntry,
    connection_subject,
    count_text,
    count_verdicts,
    fingerprint,
    headline,
    importance,
    is_size,
    key_of,
    project_ids,
    report_key,
    rules_that_match_nothing,
)
from .waivers import covers, is_for_server

# The length of each list in a task's result, which logs show and AWX stores. Reports contain everything.
MAX_RETURNED = 100
# These facts change with each synchronisation.
_VOLATILE_FACTS = ("last_job", "in_progress", "last_successful_run")


def build_report(
    policy: Policy,
    facts: AuditedFacts,
    evaluations: Iterable[Evaluation],
    options: VerdictOptions,
    *,
    states: Mapping[str, str],
    scope: Scope,
    audited_at: str,
    baseline: Report | None,
    earlier: Earlier | None = None,
) -> Report:
    """Return the report of one SD Elements server. 'states' has those of the rules once they are evaluated.

    Findings are compared with the baseline, and facts with the earlier ones.
    """
    server, connections = scope.server, facts.connections
    waivers = _Waivers(policy, server, today=audited_at[:10])
    compared = _Comparison(policy, baseline, scope, set(map(key_of, connections)))
    # All verdicts share the texts of these keys.
    keys = {key_of(one): report_key(server, key_of(one)) for one in connections}
    entries: list[ConnectionEntry] = [{"key": keys[key_of(one)], "server": server, "facts": one} for one in connections]
    projects = [_project_entry(one, scope) for one in facts.projects or ()]
    findings: list[Finding] = []
    other_subjects: dict[tuple[str, str, str], list[str | Item]] = defaultdict(list)
    for evaluation in evaluations:
        about = [keys[key_of(one)] for one in evaluation.connections]
        compared.add(evaluation)
        if evaluation.verdict in NOTABLE:
            findings.append(_finding(evaluation, about, server))
            waivers.apply(evaluation, findings[-1])
        else:
            group = evaluation.rule.id, evaluation.verdict, evaluation.message
            other_subjects[group].append(_subject_of(evaluation, about))
    others = _verdict_groups(other_subjects, policy.rules, server)
    comparison = compared.result(findings)
    mark_failing(findings, options)
    rules = [_rule_entry(rule, states[rule.id]) for rule in policy.rules]
    waiver_entries = waivers.entries()
    changes = changes_since(earlier, connections, server, scope.kinds) if earlier else None
    return {
        "format": FORMAT,
        "version": VERSION,
        "audited_at": audited_at,
        "servers": [server] if server else [],
        "server_urls": {server: scope.url} if server and scope.url else {},
        "kinds": scope.kinds,
        "policies": policy.names,
        "policy_vars": redact(policy.task_variables)[0],
        "disabled": policy.disabled,
        "not_selected": policy.not_selected,
        "summary": summarize(
            rules,
            entries,
            findings,
            others,
            waiver_entries,
            options=options,
            projects=None if facts.projects is None else len(projects),
            unseen_projects=_unseen_projects(facts),
            servers=[server] if server else [],
            not_evaluated=[*(one["rule"] for one in policy.disabled), *policy.not_selected],
            baseline=comparison,
            changes=changes,
        ),
        "rules": rules,
        "connections": entries,
        "projects": projects,
        "findings": findings,
        "other_verdicts": others,
        "waivers": waiver_entries,
        "baseline": comparison,
        "changes": changes,
    }


def _subject_of(evaluation: Evaluation, about: list[str]) -> str | Item:
    if evaluation.label is None:
        return about[0]
    return {
        "label": evaluation.label,
        "identity": evaluation.identity or evaluation.label,
        "connections": about,
        "projects": evaluation.projects,
    }


def _unseen_projects(facts: AuditedFacts) -> int:
    """Return how many projects have connections, although the token does not see the projects themselves."""
    if facts.projects is None:
        return 0
    seen = {None, *(one["id"] for one in facts.projects)}
    return len({one.get("project") for one in facts.connections} - seen)


def _project_entry(project: Facts, scope: Scope) -> ProjectEntry:
    return {
        "server": scope.server,
        "id": project["id"],
        "name": project["name"],
        "archived": project["archived"],
        "path": page_path(project, scope.url),
    }


def _identity_of(evaluation: Evaluation) -> ConnectionKey | str | None:
    """Return what identifies the connection or the item in every run."""
    if evaluation.rule.subject == "item":
        return evaluation.identity or evaluation.label
    return key_of(evaluation.connections[0])


def _finding(evaluation: Evaluation, about: list[str], server: str | None) -> Finding:
    rule, label = evaluation.rule, evaluation.label
    has_items = rule.subject == "item"
    return {
        "server": server,
        "rule": rule.id,
        "severity": rule.severity,
        "verdict": evaluation.verdict,
        "connections": about,
        "projects": project_ids(evaluation.projects, evaluation.connections),
        "subject": (label or rule.title) if has_items else connection_subject(evaluation.connections[0]),
        "label": label,
        "message": evaluation.message,
        "condition": evaluation.condition if evaluation.verdict == "fail" else None,
        "observed": list(evaluation.observed),
        "fingerprint": fingerprint(rule.id, server, _identity_of(evaluation)),
        "waiver": None,
        "expired_waiver": None,
        "baseline": None,
        "fails_audit": False,
    }


def _verdict_groups(
    subjects: dict[tuple[str, str, str], list[str | Item]], rules: list[Rule], server: str | None
) -> list[VerdictGroup]:
    """Return the groups of subjects, which are those of a rule, a verdict and a message."""
    severities = {rule.id: rule.severity for rule in rules}
    return [
        {
            "server": server,
            "rule": rule,
            "severity": severities[rule],
            "verdict": verdict,
            "message": message,
            "count": len(found),
            "subjects": found,
        }
        for (rule, verdict, message), found in subjects.items()
    ]


def _rule_entry(rule: Rule, state: str) -> RuleEntry:
    entry = {name: getattr(rule, name) for name in RuleEntry.__annotations__ if name != "state"}
    entry["state"] = state
    entry["group_by"] = rule.grouping
    return cast(RuleEntry, entry)


# ---------------------------------------------------------------------------------------------------------------
# Waivers


class _Waivers:
    """The policy's waivers, and how often each was needed."""

    def __init__(self, policy: Policy, server: str | None, today: str) -> None:
        self._waivers = waivers = policy.waivers
        self._last_day_of_notice = (date.fromisoformat(today) + timedelta(days=policy.limits.notice_days)).isoformat()
        self._is_expired = [waiver["expires"] < today for waiver in waivers]
        self._is_used = [False] * len(waivers)
        self._findings = [0] * len(waivers)
        self._by_rule: dict[str, list[int]] = {}
        for index, waiver in enumerate(waivers):
            for rule in waiver["rules"] if is_for_server(waiver, server) else ():
                self._by_rule.setdefault(rule, []).append(index)

    def apply(self, evaluation: Evaluation, finding: Finding) -> None:
        """Waive a failure that a waiver covers.

        Expired waivers are counted as well, to report the findings that they no longer waive. An inconclusive
        evaluation is not waived. It may fail once its facts are known, so a waiver that covers it is not unused.
        """
        if evaluation.verdict not in ("fail", "inconclusive"):
            return
        active = expired = None
        for index in self._by_rule.get(evaluation.rule.id, []):
            is_expired = self._is_expired[index]
            if (active is None or is_expired) and covers(
                self._waivers[index], evaluation.label, evaluation.connections
            ):
                self._is_used[index] = True
                self._findings[index] += evaluation.verdict == "fail"
                active, expired = (active, index) if is_expired else (index, expired)
        if evaluation.verdict == "fail" and active is not None:
            finding["verdict"], finding["waiver"] = "waived", active
        elif evaluation.verdict == "fail":
            finding["expired_waiver"] = expired

    def entries(self) -> list[WaiverEntry]:
        """Return the waivers with their state."""
        return [
            {
                **waiver,
                "state": self._state(index),
                "ends_soon": not self._is_expired[index] and waiver["expires"] <= self._last_day_of_notice,
                "findings": self._findings[index],
            }
            for index, waiver in enumerate(self._waivers)
        ]

    def _state(self, index: int) -> str:
        if self._is_expired[index]:
            return "expired"
        return "active" if self._is_used[index] else "unused"


# ---------------------------------------------------------------------------------------------------------------
# The baseline


class Scope(NamedTuple):
    """The audited server with its web address, and the kinds that were gathered; None if they were given."""

    server: str | None
    url: str | None
    kinds: list[str] | None


class _Comparison:
    """The comparison with a baseline. Only what is evaluated again and passes is fixed."""

    def __init__(self, policy: Policy, baseline: Report | None, scope: Scope, connections: set[ConnectionKey]) -> None:
        self._policy = policy
        self._baseline = baseline
        self._scope = scope
        self._connections = connections
        # A rule that compares with this baseline never evaluates again what it found by an earlier one.
        comparing = {id_ for rule in policy.rules if reads_baseline(rule.expressions) for id_ in (rule.id, *rule.was)}
        findings = [one for one in baseline["findings"] if one["rule"] not in comparing] if baseline else []
        self._before = {one["fingerprint"]: one for one in findings}
        self._rules_before = {one["rule"] for one in findings}
        # The present verdicts on the findings of the baseline.
        self._verdicts: dict[str, str] = {}
        self._earlier: dict[str, Finding] = {}

    def add(self, evaluation: Evaluation) -> None:
        """Recognise the finding of the baseline about the same subject."""
        for id_ in (evaluation.rule.id, *evaluation.rule.was):
            if id_ not in self._rules_before:
                continue
            before = fingerprint(id_, self._scope.server, _identity_of(evaluation))
            if before in self._before:
                self._verdicts[before] = evaluation.verdict
                now = fingerprint(evaluation.rule.id, self._scope.server, _identity_of(evaluation))
                self._earlier.setdefault(now, self._before[before])

    def result(self, findings: list[Finding]) -> Baseline | None:
        """Mark findings as new or known, and return the comparison."""
        if self._baseline is None:
            return None
        counts: Counter[str] = Counter()
        waived = set()
        for finding in findings:
            earlier = self._earlier.get(finding["fingerprint"])
            if finding["verdict"] in NEEDS_ATTENTION:
                state = "known" if earlier and _is_no_worse(finding, earlier) else "new"
                finding["baseline"] = state
                counts[state] += 1
            elif earlier:
                waived.add(earlier["fingerprint"])
        gone = [
            (one, "waived" if one["fingerprint"] in waived else self._verdicts.get(one["fingerprint"]))
            for one in self._before.values()
            if one["verdict"] == "fail"
        ]
        return {
            "audited_at": self._baseline["audited_at"],
            "new": counts["new"],
            "known": counts["known"],
            "fixed": [_shortened(one) for one, verdict in gone if verdict == "pass"],
            "not_fixed": [
                {**_shortened(one), "reason": self._reason(one, verdict)}
                for one, verdict in gone
                if verdict in (None, "waived", "not_applicable")
            ],
        }

    def _reason(self, finding: Finding, verdict: str | None) -> str:
        """Return why a finding is neither known nor fixed."""
        if verdict is not None:
            return verdict
        policy = self._policy
        if finding["rule"] in policy.not_selected or finding["server"] != self._scope.server:
            return "not_looked_at"
        if finding["rule"] not in {id_ for rule in policy.rules for id_ in (rule.id, *rule.was)}:
            return "rule_gone"
        if finding["label"] is not None:
            return "item_removed" if self._scope.kinds is not None else "not_looked_at"
        kind, id_ = finding["connections"][0].rsplit("/", 2)[-2:]
        # Connections that were given may be a selection.
        if self._scope.kinds is None or kind not in self._scope.kinds or (kind, int(id_)) in self._connections:
            return "not_looked_at"
        return "connection_removed"


def _fails_otherwise(finding: Finding, earlier: Finding) -> bool:
    """Return whether another condition failed before, or read another value, such as another host."""
    before = {one["name"]: one["value"] for one in earlier["observed"]}
    return earlier["condition"] != finding["condition"] or any(
        before.get(one["name"], one["value"]) != one["value"]
        for one in finding["observed"]
        if one["name"].split(".")[0] not in _VOLATILE_FACTS and not is_size(one["value"])
    )


def _shortened(finding: Finding) -> FixedFinding:
    return {
        "server": finding["server"],
        "rule": finding["rule"],
        "severity": finding["severity"],
        "subject": finding["subject"],
        "fingerprint": finding["fingerprint"],
    }


def _is_no_worse(finding: Finding, earlier: Finding) -> bool:
    """Return whether a finding is not new.

    A higher severity is new, and so are a failure that was inconclusive, the failure of another condition, and a
    failure because of another value.
    """
    if earlier["verdict"] == finding["verdict"] == "fail" and _fails_otherwise(finding, earlier):
        return False
    is_more_severe = SEVERITY_RANK[finding["severity"]] < SEVERITY_RANK[earlier["severity"]]
    return earlier["verdict"] in ("fail", finding["verdict"]) and not is_more_severe


def failed_report(problem: str, scope: Scope, policies: list[str], options: VerdictOptions) -> Report:
    """Return the report of an audit that could not be completed."""
    servers = [scope.server] if scope.server else []
    summary = summarize([], [], [], [], [], options=options)
    summary["verdict"] = "error"
    lines = (" ".join(line.split()) for line in problem.strip().splitlines())
    summary["message"] = f"{headline('error', servers)}: " + "\n".join(filter(None, lines))
    return {
        "format": FORMAT,
        "version": VERSION,
        "audited_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "servers": servers,
        "server_urls": {scope.server: scope.url} if scope.server and scope.url else {},
        "kinds": scope.kinds,
        "policies": policies,
        "policy_vars": {},
        "disabled": [],
        "not_selected": [],
        "summary": summary,
        "rules": [],
        "connections": [],
        "projects": [],
        "findings": [],
        "other_verdicts": [],
        "waivers": [],
        "baseline": None,
        "changes": None,
    }


# ---------------------------------------------------------------------------------------------------------------
# The summary


def summarize(
    rules: list[RuleEntry],
    connections: list[ConnectionEntry],
    findings: list[Finding],
    others: list[VerdictGroup],
    waivers: list[WaiverEntry],
    *,
    options: VerdictOptions,
    projects: int | None = None,
    unseen_projects: int = 0,
    servers: Sequence[str] = (),
    not_evaluated: Sequence[str] = (),
    baseline: Baseline | None = None,
    changes: Changes | None = None,
    missing_servers: Sequence[str] = (),
    partly_evaluated: Sequence[PartlyEvaluated] = (),
) -> Summary:
    """Return the verdict, and the numbers that decide it.

    'projects' is how many the token sees, or None; it does not see the projects of some connections. Each of several
    servers must have connections. Missing servers have no report; their names may have a reason.
    """
    counts = count_verdicts(findings, others)
    verdicts = {name: sum(counts[severity, name] for severity in SEVERITIES) for name in VERDICTS}
    counted = [one for one in findings if one["fails_audit"] and one["verdict"] != "error"]
    unaudited = _unaudited(connections, servers)
    # Without connections the audit is inconclusive. A missing report counts as an error.
    is_incomplete = bool(verdicts["error"] or missing_servers or (unaudited and options.inconclusive == "fail"))
    vacuous = rules_that_match_nothing(rules)
    unused = sum(one["state"] == "unused" for one in waivers)
    has_gaps = bool(vacuous or partly_evaluated) and options.vacuous == "fail"
    breaks_policy = has_gaps or bool(unused and options.unused_waivers == "fail")
    summary: Summary = {
        "verdict": "fail" if options.fail_on != NEVER and (counted or is_incomplete or breaks_policy) else "pass",
        "message": "",
        "fail_on": options.fail_on,
        "inconclusive": options.inconclusive,
        "known_findings": options.known_findings,
        "vacuous": options.vacuous,
        "unused_waivers": options.unused_waivers,
        "connections": len(connections),
        "projects": projects,
        "unseen_projects": unseen_projects,
        "rules": len(rules),
        "verdict_counts": verdicts,
        "failed_by_severity": {severity: counts[severity, "fail"] for severity in SEVERITIES},
    }
    sentences = [
        _message(summary, counted, findings, servers),
        f"{unaudited}." if unaudited else "",
        _missing(missing_servers),
        _names("rule matches nothing", "rules match nothing", vacuous),
        _names("rule is disabled or not selected", "rules are disabled or not selected", not_evaluated),
        _names(
            "rule was not evaluated on all servers",
            "rules were not evaluated on all servers",
            [f"{one['rule']} (not on {_few(one['not_on'])})" for one in partly_evaluated],
        ),
        _comparison(baseline),
        sentence_of(changes),
        f"{count_text(unused, 'waiver')} unused." if unused and options.unused_waivers == "fail" else "",
    ]
    summary["message"] = " ".join(filter(None, sentences))
    return summary


def mark_failing(findings: list[Finding], options: VerdictOptions) -> None:
    """Mark the findings that make the audit fail."""
    for finding in findings:
        finding["fails_audit"] = _fails_audit(finding, options)


def _fails_audit(finding: Finding, options: VerdictOptions) -> bool:
    if finding["verdict"] == "error":
        return options.fail_on != NEVER
    verdicts = ("fail", "inconclusive") if options.inconclusive == "fail" else ("fail",)
    if finding["verdict"] not in verdicts or options.fail_on == NEVER:
        return False
    if options.known_findings == "accept" and finding["baseline"] == "known":
        return False
    return SEVERITY_RANK[finding["severity"]] <= SEVERITY_RANK[options.fail_on]


def _message(summary: Summary, counted: list[Finding], findings: list[Finding], servers: Sequence[str]) -> str:
    """Return the audit as one line, for logs and notifications."""
    verdicts, fail_on = summary["verdict_counts"], summary["fail_on"]
    severities = Counter(one["severity"] for one in counted)
    parts = [f"{severities[name]} {name}" for name in SEVERITIES if severities[name]]
    inconclusive = sum(one["verdict"] == "inconclusive" for one in counted)
    parts += [f"{inconclusive} of them inconclusive"] if inconclusive else []
    others = [one for one in findings if one["verdict"] == "fail" and not one["fails_audit"]]
    known = sum(one["baseline"] == "known" for one in others) if summary["known_findings"] == "accept" else 0
    new = "new " if summary["known_findings"] == "accept" else ""
    if fail_on == NEVER:
        found = count_text(len(others), "finding")
    else:
        threshold = fail_on if fail_on == "critical" else f"{fail_on} or higher"
        found = f"{count_text(len(counted), f'{new}finding')} of {threshold}"
        found += (f" ({', '.join(parts)})" if parts else "") + (f"; {known} known" if known else "")
        found += f"; {len(others) - known} lower"
    errors = count_text(verdicts["error"], "error")
    return (
        # Errors are the most important, if there are any.
        f"{headline(summary['verdict'], servers)}: {errors + '; ' if verdicts['error'] else ''}{found}, "
        f"{verdicts['waived']} waived, {verdicts['inconclusive'] - inconclusive}{' more' if inconclusive else ''} "
        f"inconclusive{'' if verdicts['error'] else ', ' + errors}. "
        f"{count_text(summary['connections'], 'connection')}, {count_text(summary['rules'], 'rule')}{_seen(summary)}."
    )


def _seen(summary: Summary) -> str:
    """Return how many projects the token sees: it may not see all."""
    if summary["projects"] is None:
        return ""
    unseen = f" ({summary['unseen_projects']} with connections not seen)" if summary["unseen_projects"] else ""
    return f", {count_text(summary['projects'], 'project')} seen{unseen}"


def _comparison(baseline: Baseline | None) -> str:
    """Return a sentence about the findings since the baseline."""
    if baseline is None:
        return ""
    others = len(baseline["not_fixed"])
    more = f", {others} gone but not fixed" if others else ""
    counts = f"{baseline['new']} new, {baseline['known']} known, {len(baseline['fixed'])} fixed{more}"
    return f"Since {baseline['audited_at']}: {counts}."


def _unaudited(connections: list[ConnectionEntry], servers: Sequence[str]) -> str:
    """Return a sentence about servers without connections."""
    if not connections:
        return "There are no connections, so nothing was audited"
    known = {one["server"] for one in connections}
    without = [server for server in servers if server not in known]
    return f"There are no connections of {', '.join(without)}, so nothing was audited there" if without else ""


def _missing(servers: Sequence[str]) -> str:
    """Return a sentence about servers without a report."""
    return _names("server has no report", "servers have no report", servers)


def _names(one: str, many: str, names: Sequence[str]) -> str:
    """Return a sentence about names, of which it shows the first; empty if there are none."""
    if not names:
        return ""
    return f"{len(names)} {one if len(names) == 1 else many}: {_few(names)}."


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# ---------------------------------------------------------------------------------------------------------------
# The result of a task


def warnings_of(report: Report) -> list[str]:
    """Return the warnings for the log."""
    unaudited = _unaudited(report["connections"], report["servers"])
    warnings = (
        [f"{unaudited}. Check the permissions of the token, and which connections were selected."] if unaudited else []
    )
    if report["baseline"] and report["changes"] is None:
        servers = ", ".join(report["servers"]) or "an unnamed server"
        warnings.append(f"All findings are new, because the baseline has no audit of {servers}.")
    warnings += warnings_of_changes(report["changes"])
    unseen = report["summary"]["unseen_projects"]
    if unseen:
        warnings.append(
            f"The token cannot see {count_text(unseen, 'project')} with connections, and may not see others. Rules "
            "about all projects evaluate only visible ones."
        )
    warnings += [
        f"Rule {id_} matches nothing: its conditions exclude all connections. Correct when, or set "
        f"may_apply_to_nothing."
        for id_ in rules_that_match_nothing(report["rules"])
    ]
    warnings += [
        f"Rule {one['rule']} was not evaluated on {_few(one['not_on'])}, unlike on other servers."
        for one in report.get("partly_evaluated", ())
    ]
    warnings += _warnings_of_waivers(report["waivers"])
    return [*warnings, *warnings_by_rule(report, "error"), *warnings_by_rule(report, "inconclusive")]


def warnings_by_rule(report: Report, verdict: str) -> list[str]:
    """Return a warning about each rule that has findings with this verdict: error or inconclusive."""
    phrase = {"error": "cannot be evaluated", "inconclusive": "is inconclusive"}[verdict]
    by_rule: dict[str, list[Finding]] = {}
    for finding in report["findings"]:
        if finding["verdict"] == verdict:
            by_rule.setdefault(finding["rule"], []).append(finding)
    warnings = []
    for rule, findings in by_rule.items():
        first = findings[0]
        many = f"{len(findings)} subjects, such as " if len(findings) > 1 else ""
        # Without a label and connections, the finding is about the rule itself.
        is_about_rule = first["label"] is None and not first["connections"]
        about = "" if is_about_rule else f" for {many}{first['subject']}"
        warnings.append(f"Rule {rule} {phrase}{about}: {sentence(first['message'])}")
    return warnings


def warnings_of_expired_waivers(policy: Policy) -> list[str]:
    """Return a warning about each waiver of a policy that is expired now."""
    waivers = _Waivers(policy, None, today=datetime.now(timezone.utc).date().isoformat()).entries()
    return _warnings_of_waivers([one for one in waivers if one["state"] == "expired"])


def _warnings_of_waivers(waivers: list[WaiverEntry]) -> list[str]:
    """Return a warning about each waiver that is expired, unused or ends soon."""
    found = []
    for waiver in waivers:
        name = f"{waiver_name(waiver)} ({', '.join(waiver['rules'])}; owner: {waiver['owner']})"
        if waiver["state"] == "expired":
            again = f" It no longer waives {count_text(waiver['findings'], 'finding')}." if waiver["findings"] else ""
            found.append(f"{name} expired after {waiver['expires']}.{again}")
        elif waiver["state"] == "unused":
            found.append(f"{name} is unused: no failing finding matches it.")
        elif waiver["ends_soon"]:
            found.append(f"{name} ends after {waiver['expires']}.")
    omitted = len(found) - MAX_RETURNED
    if omitted > 0:
        rest = f"Not shown: {count_text(omitted, 'waiver')} expired, unused or about to end; see the reports."
        return [*found[:MAX_RETURNED], rest]
    return found


class ReturnedFinding(Finding):
    """A finding in a task's result. It may be about thousands of connections, of which it has the first."""

    connections_omitted: int
    line: str


def top_findings(report: Report) -> list[ReturnedFinding]:
    """Return the most important findings."""
    return [
        {
            **one,
            "connections": one["connections"][:MAX_RETURNED],
            "projects": one["projects"][:MAX_RETURNED],
            "connections_omitted": max(0, len(one["connections"]) - MAX_RETURNED),
            "line": _line(one, report["waivers"]),
        }
        for one in heapq.nsmallest(MAX_RETURNED, report["findings"], key=importance)
    ]


def _line(finding: Finding, waivers: list[WaiverEntry]) -> str:
    """Return a finding as a line of the log."""
    state = f"{finding['baseline']}, " if finding["baseline"] else ""
    index = finding["expired_waiver"]
    expired = f"; its waiver expired after {waivers[index]['expires']}" if index is not None else ""
    line = f"{finding['rule']}: {finding['subject']}: {explanation(finding)}{expired}"
    return escape_log_line(f"{state}{finding['verdict']}, {finding['severity']}: {line}")


class ReturnedChange(ConnectionChange):
    """A change in a task's result, with the first of its facts."""

    facts_omitted: int
    line: str


def first_changes(changes: Changes | None) -> list[ReturnedChange]:
    """Return the first changes. Changed connections precede those that were added or removed."""
    return [
        {
            **one,
            "facts": one["facts"][:MAX_RETURNED],
            "facts_omitted": max(0, len(one["facts"]) - MAX_RETURNED),
            "line": escape_log_line(change_line(one)),
        }
        for one in (changes["connections"] if changes else [])[:MAX_RETURNED]
    ]


_Earlier = TypeVar("_Earlier", FixedFinding, UndecidedFinding)


def most_severe(earlier: list[_Earlier]) -> list[_Earlier]:
    """Return the most severe ones of the baseline's findings."""
    return heapq.nsmallest(MAX_RETURNED, earlier, key=lambda one: SEVERITY_RANK[one["severity"]])
