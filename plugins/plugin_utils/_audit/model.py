# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: severities, verdicts, and the types of policies, evaluations and reports.

This file imports nothing of the collection: the audit and the renderers share it, and do not know each other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

# Labels by severity, the most severe first.
SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "info": "Info"}
SEVERITY_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
# A threshold that no finding reaches.
NEVER = "never"

# Labels by verdict, the most important first.
VERDICTS = {
    "fail": "Fail",
    "error": "Error",
    "inconclusive": "Inconclusive",
    "waived": "Waived",
    "pass": "Pass",
    "not_applicable": "Not applicable",
}
# The same for columns that count findings.
VERDICT_HEADINGS = {**VERDICTS, "fail": "Failed", "error": "Errors", "pass": "Passed"}
# The words for the verdict of an audit.
OUTCOMES = {"pass": "passed", "fail": "failed", "error": "could not be completed"}
# The states of a rule in an audit, the most important first: whether it was evaluated, matches no connection although
# there are some, has nothing to evaluate, or is turned off by a variable.
RULE_STATES = ("matches_nothing", "evaluated", "no_subjects", "off")
# The reasons why a finding of a baseline is neither known nor fixed.
NOT_FIXED = {
    "waived": "Waived",
    "rule_gone": "Rule gone",
    "not_applicable": "Not applicable",
    "connection_removed": "Connection removed",
    "item_removed": "Item removed",
    "not_looked_at": "Not looked at",
}
# The changes of a connection since a baseline.
CHANGES = ("changed", "added", "removed")
# Findings with these verdicts need attention.
NEEDS_ATTENTION = ("fail", "error", "inconclusive")
# The same, and accepted findings.
NOTABLE = (*NEEDS_ATTENTION, "waived")
# An audit with errors is incomplete, so they come first.
NOTABLE_RANK = {"error": 0, "fail": 1, "inconclusive": 2, "waived": 3}

FORMAT = "securitycompass.sdelements/connection-audit"
VERSION = "4.0"
KINDS = {"alm": "ALM", "analysis": "Analysis"}
# The fact of a connection that has the facts of its project, or of its connector.
JOINED_FACTS = {"projects": "project_facts", "connectors": "connector_facts"}
_MAX_ALIAS = 200

# The facts of a connection as the info modules return them. Later releases of SD Elements add keys.
Facts = dict[str, Any]
# Kind and id, which name a connection on one SD Elements server.
ConnectionKey = tuple[str, int]


def key_of(connection: Facts) -> ConnectionKey:
    """Return the key of a connection."""
    return connection["kind"], connection["id"]


class AuditedFacts(NamedTuple):
    """The facts that an audit is about. 'absent' says why it lacks all projects, or all connectors."""

    connections: list[Facts]
    projects: list[Facts] | None = None
    connectors: list[Facts] | None = None
    absent: Mapping[str, str] = {}


# ---------------------------------------------------------------------------------------------------------------
# Policies and evaluations


class Override(TypedDict):
    """The fields of a rule that a later policy file changes."""

    file: str
    fields: list[str]


class Disabled(TypedDict):
    """A rule that a policy file disables."""

    rule: str
    file: str


class Rule(NamedTuple):
    """A condition for each connection, group or item of a loop. Expressions are Ansible's conditionals."""

    id: str
    title: str
    severity: str
    when: list[str]
    that: list[str]
    needs: list[str]
    references: list[str]
    tags: list[str]
    controls: dict[str, list[str]]
    was: list[str]
    overridden: list[Override]
    file: str
    description: str | None = None
    loop: str | list[Any] | None = None
    group_by: str | list[str] | None = None
    label: str | None = None
    affected: str | None = None
    identity: str | None = None
    message: str | None = None
    remediation: str | None = None
    waivable: bool = True
    may_apply_to_nothing: bool = False

    @property
    def subject(self) -> str:
        """The name that expressions have for the evaluated value."""
        return "connection" if self.loop is None and self.group_by is None else "item"

    @property
    def expressions(self) -> list[str]:
        """The conditions, and the loop unless it is a list."""
        return [*self.when, *self.that, *([self.loop] if isinstance(self.loop, str) else [])]

    @property
    def grouping(self) -> list[str]:
        """The facts by which the rule groups connections."""
        return [self.group_by] if isinstance(self.group_by, str) else self.group_by or []


class Waiver(TypedDict):
    """An exception with an owner and a last day."""

    rules: list[str]
    servers: list[str] | None
    connections: dict[str, list[Any]] | None
    labels: list[str] | None
    reason: str
    owner: str
    expires: str
    file: str
    number: int


class WaiverLimits(NamedTuple):
    """The limits of a policy on its waivers."""

    longest_days: int | None = None
    notice_days: int = 14
    unused: str = "warn"


class PolicyTest(NamedTuple):
    """A test of a rule: connections, and the expected verdict on each of them, or on each group or item.

    Without projects or connectors, the connections have good ones; null means that they are absent. 'previous' has
    facts of the only connection at the time of the baseline, and 'baseline' those of all connections then.
    """

    file: str
    number: int
    rule: str
    connections: list[Facts]
    others: dict[str, list[Facts] | None]  # projects and connectors
    variables: dict[str, Any]
    expected: list[str]
    previous: Facts | None = None
    baseline: dict[str, Any] | None = None


class Selection(NamedTuple):
    """The rules that an audit evaluates. Empty lists select all."""

    rules: Collection[str] = ()
    skip_rules: Collection[str] = ()
    tags: Collection[str] = ()


class Policy(NamedTuple):
    """The merged policy files."""

    names: list[str]
    variables: dict[str, Any]
    task_variables: dict[str, Any]
    rules: list[Rule]
    disabled: list[Disabled]
    not_selected: list[str]
    waivers: list[Waiver]
    limits: WaiverLimits
    vacuous: str
    tests: list[PolicyTest]


class Observation(TypedDict):
    """A value that a condition read, as text."""

    name: str
    value: str


@dataclass
class Evaluation:
    """A rule for one connection, or for one of its items. The verdict is empty until conclude() sets it.

    A failure has the condition that is false, and the values that this condition read.
    """

    rule: Rule
    value: Any  # known to the rule's expressions
    connections: list[Facts]
    label: str | None = None
    identity: str | None = None  # of an item, in every run
    verdict: str = ""
    message: str = ""
    condition: str | None = None
    observed: Sequence[Observation] = ()
    projects: list[int] = field(default_factory=list)  # that 'affected' names

    def conclude(self, verdict: str, message: str) -> None:
        """Set the verdict."""
        self.verdict, self.message = verdict, message


class VerdictOptions(NamedTuple):
    """The options of the task that decide the verdict."""

    fail_on: str
    inconclusive: str
    known_findings: str
    vacuous: str = "warn"
    unused_waivers: str = "warn"


# ---------------------------------------------------------------------------------------------------------------
# Reports. data/report.schema.json describes the fields.


class RuleEntry(TypedDict):
    """A rule in a report."""

    id: str
    title: str
    description: str | None
    severity: str
    when: list[str]
    that: list[str]
    needs: list[str]
    loop: str | list[Any] | None
    group_by: list[str]
    label: str | None
    affected: str | None
    identity: str | None
    message: str | None
    remediation: str | None
    references: list[str]
    tags: list[str]
    controls: dict[str, list[str]]
    waivable: bool
    may_apply_to_nothing: bool
    was: list[str]
    overridden: list[Override]
    state: str


class ConnectionEntry(TypedDict):
    """A connection in a report. Its key is unique among several servers."""

    key: str
    server: str | None
    facts: Facts


class ProjectEntry(TypedDict):
    """A project in a report. Its page is at this path below the address of its server."""

    server: str | None
    id: int
    name: str | None
    archived: bool | None
    path: str | None


class Finding(TypedDict):
    """The verdict of a rule on a connection, or on an item of the rule's loop. A report contains the notable ones."""

    server: str | None
    rule: str
    severity: str
    verdict: str
    connections: list[str]
    projects: list[int]
    subject: str
    label: str | None
    message: str
    condition: str | None
    observed: list[Observation]
    fingerprint: str
    waiver: int | None
    expired_waiver: int | None
    baseline: str | None
    fails_audit: bool


class Item(TypedDict):
    """An item of a rule's loop, with the keys of its connections, and the ids of the projects that it names."""

    label: str
    identity: str
    connections: list[str]
    projects: list[int]


class VerdictGroup(TypedDict):
    """All subjects with the same verdict that is not notable, and the same message: keys of connections, or items."""

    server: str | None
    rule: str
    severity: str
    verdict: str
    message: str
    count: int
    subjects: list[str | Item]


class WaiverEntry(Waiver):
    """A waiver in a report."""

    state: str
    ends_soon: bool
    findings: int


class FixedFinding(TypedDict):
    """A finding of the baseline that no longer fails."""

    server: str | None
    rule: str
    severity: str
    subject: str
    fingerprint: str


class UndecidedFinding(FixedFinding):
    """A finding of the baseline that no longer fails, but was not evaluated again either."""

    reason: str


class Baseline(TypedDict):
    """The comparison with an earlier report."""

    audited_at: str
    new: int
    known: int
    fixed: list[FixedFinding]
    not_fixed: list[UndecidedFinding]


class ChangedFact(TypedDict):
    """A changed fact, at a dotted path. Null: without a value."""

    name: str
    old: Any
    new: Any


class ConnectionChange(TypedDict):
    """A connection that was added, removed or changed."""

    server: str | None
    key: str
    subject: str
    project: int | None
    change: str
    facts: list[ChangedFact]


class ComparedServer(TypedDict):
    """A server whose facts were compared with those of an earlier time, if that is known.

    Of other kinds than these, added and removed connections are unknown.
    """

    server: str | None
    since: str | None
    kinds: list[str]


class NotComparedFacts(TypedDict):
    """Facts of connections that could not be compared, and why."""

    server: str | None
    connections: list[str]
    facts: list[str]
    reason: str


class Changes(TypedDict):
    """The changes since a baseline."""

    compared: list[ComparedServer]
    connections: list[ConnectionChange]
    not_compared: list[NotComparedFacts]


class Summary(TypedDict):
    """The verdict of an audit, and its numbers."""

    verdict: str
    message: str
    fail_on: str
    inconclusive: str
    known_findings: str
    vacuous: str
    unused_waivers: str
    connections: int
    projects: int | None
    unseen_projects: int
    rules: int
    verdict_counts: dict[str, int]
    failed_by_severity: dict[str, int]


class PartlyEvaluated(TypedDict):
    """A rule of a merged report that was not evaluated on some of the servers, although it was on others."""

    rule: str
    not_on: list[str]


class _OfMergedReports(TypedDict, total=False):
    audited_until: str
    missing_servers: list[str]
    missing_reasons: dict[str, str]
    partly_evaluated: list[PartlyEvaluated]


class Report(_OfMergedReports):
    """An audit, or several that were merged. All formats are rendered from it."""

    format: str
    version: str
    audited_at: str
    servers: list[str]
    server_urls: dict[str, str]
    kinds: list[str] | None
    policies: list[str]
    policy_vars: dict[str, Any]
    disabled: list[Disabled]
    not_selected: list[str]
    summary: Summary
    rules: list[RuleEntry]
    connections: list[ConnectionEntry]
    projects: list[ProjectEntry]
    findings: list[Finding]
    other_verdicts: list[VerdictGroup]
    waivers: list[WaiverEntry]
    baseline: Baseline | None
    changes: Changes | None


def report_key(server: str | None, key: ConnectionKey) -> str:
    """Return a key that is unique among the connections of several servers."""
    return "/".join([*([server] if server else []), key[0], str(key[1])])


def headline(verdict: str, servers: Sequence[str]) -> str:
    """Return the start of the one-line message of an audit with this verdict."""
    subject = {0: "", 1: f" of {''.join(servers)}"}.get(len(servers), f" of {len(servers)} servers")
    return f"SD Elements audit{subject} {OUTCOMES[verdict]}"


def importance(finding: Finding) -> tuple[bool, bool, bool, int, int]:
    """Return a sort key: findings that fail the audit come first, new ones before known ones, and waived ones last."""
    verdict, fails_audit = finding["verdict"], finding["fails_audit"]
    # An inconclusive finding that fails the audit is as important as a failure.
    rank = NOTABLE_RANK["fail" if fails_audit and verdict == "inconclusive" else verdict]
    is_known = finding["baseline"] == "known"
    return not fails_audit, verdict == "waived", is_known, rank, SEVERITY_RANK[finding["severity"]]


def plain_or_json(value: Any) -> str:
    """Return a string as it is if no other value looks like it, and anything else as JSON."""
    if isinstance(value, str) and value.strip() == value != "" and not _is_json(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def change_counts(changes: Changes) -> Counter[str]:
    """Return the number of connections by what happened to them."""
    return Counter(one["change"] for one in changes["connections"])


def observed_text(finding: Finding) -> str:
    """Return what the failed condition read, such as 'server.scheme = http'."""
    return ", ".join(f"{one['name']} = {one['value']}" for one in finding["observed"])


def count_text(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular or the plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size_text(value: Collection[Any]) -> str:
    """Return the number of the members of a list or a mapping, as an observed value. Connections count by kind."""
    if isinstance(value, dict):
        return count_text(len(value), "key")
    if not value or not all(isinstance(one, dict) and one.keys() >= {"kind", "id", "alias"} for one in value):
        return count_text(len(value), "item")
    kinds = Counter("ALM" if one["kind"] == "alm" else one["kind"] for one in value)
    return ", ".join(count_text(number, f"{kind} connection") for kind, number in sorted(kinds.items()))


_SIZE = r"\d+ (?:key|item|(?:ALM|analysis) connection)s?"


def is_size(text: str) -> bool:
    """Return whether an observed value is the size of a list or a mapping."""
    return re.fullmatch(f"{_SIZE}(?:, {_SIZE})?", text) is not None


def full_subject(finding: Finding | FixedFinding | ConnectionChange) -> str:
    """Return the subject with the name of its server."""
    return f"{finding['server']}, {finding['subject']}" if finding["server"] else finding["subject"]


def stable_name(finding: Finding) -> str:
    """Return a name that is the same in every run: of the item, of the only connection, or else of the rule."""
    if finding["label"] is not None:
        return finding["label"]
    return finding["connections"][0] if len(finding["connections"]) == 1 else finding["rule"]


def fingerprint(rule: str, server: str | None, subject: ConnectionKey | str | None) -> str:
    """Return an identifier that does not depend on the order of connections, nor on their aliases."""
    # JSON separates the elements, with any characters in a label.
    text = json.dumps([rule, server or "", subject])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def project_ids(named: list[int], connections: Iterable[Facts]) -> list[int]:
    """Return the ids of projects that are named, and of those of connections."""
    found = (one.get("project") for one in connections)
    return list(dict.fromkeys([*named, *(id_ for id_ in found if id_ is not None)]))


def connection_name(connection: Facts) -> str:
    """Return the kind and the id of a connection, as text."""
    return f"{KINDS.get(connection['kind'], connection['kind'])} connection {connection['id']}"


def connection_subject(connection: Facts) -> str:
    """Return the name of a connection for readers."""
    name, alias = connection_name(connection), connection["alias"]
    if alias is None:
        return name
    # Each finding repeats it, and a server may send an alias of any length.
    shown = alias if len(alias) <= _MAX_ALIAS else f"{alias[:_MAX_ALIAS]}…"
    return f"{name} {json.dumps(shown, ensure_ascii=False)}"


def count_verdicts(findings: Iterable[Finding], others: Iterable[VerdictGroup]) -> Counter[tuple[str, str]]:
    """Return the number of subjects by severity and verdict."""
    counts = Counter((finding["severity"], finding["verdict"]) for finding in findings)
    for group in others:
        counts[group["severity"], group["verdict"]] += group["count"]
    return counts


class ControlVerdicts(NamedTuple):
    """A control of a framework, with the rules that implement it and the number of their findings by verdict."""

    framework: str
    control: str
    rules: list[str]
    verdicts: Counter[str]


def verdicts_by_control(report: Report) -> list[ControlVerdicts]:
    """Return the controls that rules of the report implement, in the order of their names."""
    by_rule: dict[str, Counter[str]] = {rule["id"]: Counter() for rule in report["rules"]}
    for finding in report["findings"]:
        by_rule[finding["rule"]][finding["verdict"]] += 1
    for group in report["other_verdicts"]:
        by_rule[group["rule"]][group["verdict"]] += group["count"]
    rules_of: dict[tuple[str, str], list[str]] = {}
    for rule in report["rules"]:
        for framework, controls in rule["controls"].items():
            for control in controls:
                rules_of.setdefault((framework, control), []).append(rule["id"])
    return [
        ControlVerdicts(framework, control, rules, sum((by_rule[rule] for rule in rules), Counter()))
        for (framework, control), rules in sorted(rules_of.items())
    ]


def rules_that_match_nothing(rules: list[RuleEntry]) -> list[str]:
    """Return the ids of rules whose conditions exclude all connections, although that is not normal."""
    return [one["id"] for one in rules if one["state"] == "matches_nothing" and not one["may_apply_to_nothing"]]


def findings_by_rule(report: Report) -> Iterator[tuple[RuleEntry, list[Finding]]]:
    """Yield each rule with its findings, and those of groups among them: a finding for each of their subjects.

    They are sorted by connection; items without connections are last. One rule follows the other, because the findings
    of all rules together need much memory.
    """
    facts = {entry["key"]: entry["facts"] for entry in report["connections"]}
    positions = {key: position for position, key in enumerate(facts)}
    names = {key: connection_subject(connection) for key, connection in facts.items()}
    findings: dict[str, list[Finding]] = {rule["id"]: [] for rule in report["rules"]}
    groups: dict[str, list[VerdictGroup]] = {rule["id"]: [] for rule in report["rules"]}
    for finding in report["findings"]:
        findings[finding["rule"]].append(finding)
    for group in report["other_verdicts"]:
        groups[group["rule"]].append(group)

    def position(finding: Finding) -> int:
        return positions[finding["connections"][0]] if finding["connections"] else len(positions)

    for rule in report["rules"]:
        grouped = (one for group in groups[rule["id"]] for one in _findings_of(group, facts, names))
        yield rule, sorted([*findings[rule["id"]], *grouped], key=position)


def _findings_of(group: VerdictGroup, facts: dict[str, Facts], names: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding for each subject of a group."""
    identity: ConnectionKey | str
    for subject in group["subjects"]:
        if isinstance(subject, str):
            connections, label, name, identity = [subject], None, names[subject], key_of(facts[subject])
            named: list[int] = []
        else:
            connections, label, named = subject["connections"], subject["label"], subject["projects"]
            name, identity = label, subject["identity"]
        yield {
            "server": group["server"],
            "rule": group["rule"],
            "severity": group["severity"],
            "verdict": group["verdict"],
            "connections": connections,
            "projects": project_ids(named, [facts[key] for key in connections]),
            "subject": name,
            "label": label,
            "message": group["message"],
            "condition": None,
            "observed": [],
            "fingerprint": fingerprint(group["rule"], group["server"], identity),
            "waiver": None,
            "expired_waiver": None,
            "baseline": None,
            "fails_audit": False,
        }
