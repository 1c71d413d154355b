# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: evaluate the tests of a policy, which need no server.

A test has only the facts that matter to it. The others are those of a good connection to Jira, and the time of the
audit is always the same, so the verdict depends on nothing but the policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

from ...module_utils._errors import OptionError, SDElementsError
from ...module_utils._tool_server import server_facts
from .._render.text import escape_line
from .connections import validate_connections
from .model import (
    JOINED_FACTS,
    KINDS,
    VERDICTS,
    AuditedFacts,
    ConnectionKey,
    Evaluation,
    Facts,
    Policy,
    PolicyTest,
    Report,
    Rule,
    count_text,
    key_of,
)
from .policy import PolicyError
from .policy_checks import CONNECTOR_FACTS
from .resources import data_of, joined, validate_given
from .rules import evaluate_rule
from .templating import Engine

AUDITED_AT = "2026-01-15T12:00:00Z"
# The server and validate_certs are derived from the parameters, as those of connections from an old file are.
_GOOD_CONNECTION: Facts = {
    "kind": "alm",
    "alias": "Jira",
    "connector": 1,
    "system": "Jira",
    "system_id": "jira",
    "system_short_name": "Jira",
    "frequency": "daily",
    "command": "sync_jira",
    "params": {
        "alm_method": "https",
        "alm_server": "jira.example.com",
        "alm_validate_cert": True,
        "alm_user": "sdelements",
        "alm_pass": "********",
        "alm_project": "APP",
        "conflict_policy": "alm",
    },
    "params_visible": True,
    "secrets_set": ["alm_pass"],
    "inaccessible": False,
    "in_progress": False,
    "debug_mode": False,
    "last_job": {
        "id": 1,
        "last_run": "2026-01-15T11:00:00Z",
        "succeeded": True,
        "ready": True,
        "automatic": True,
        "result_message": "",
        "user": None,
    },
}
_GOOD_ADDRESS = {"scheme": "https", "host": "jira.example.com", "port": None, "path": ""}

# Makes an engine of its data.
NewEngine = Callable[..., Engine]
# The facts of connections in the baseline, or None without one.
_Previous = dict[ConnectionKey, Facts] | None


class FailedTest(TypedDict):
    """A test whose rule has other verdicts than it expects."""

    file: str
    number: int
    rule: str
    expected: list[str]
    actual: list[str]
    message: str


class CheckedRule(TypedDict):
    """A rule with the number of its tests. With connections, it also has its state and the number of its verdicts."""

    id: str
    title: str
    severity: str
    tests: int
    state: str | None
    verdict_counts: dict[str, int] | None
    line: str


class Outcome(NamedTuple):
    """The outcome of a policy's tests. Tests of disabled rules are skipped."""

    failed: list[FailedTest]
    passed: int
    skipped: int


def run_tests(policy: Policy, new_engine: NewEngine) -> Outcome:
    """Evaluate the tests of a policy."""
    rules = {rule.id: rule for rule in policy.rules}
    tests = [one for one in _with_facts(policy.tests) if one[0].rule in rules]
    failed = []
    for test, facts, previous, baseline in tests:
        data = {**policy.variables, **test.variables, **data_of(facts), "audited_at": AUDITED_AT, "baseline": baseline}
        engine = new_engine(data, previous=previous)
        result = _failure(test, rules[test.rule], facts, engine)
        failed += [result] if result else []
    return Outcome(failed, len(tests) - len(failed), len(policy.tests) - len(tests))


def conclusion(policy: Policy, outcome: Outcome, errors: list[str]) -> dict[str, Any]:
    """Return whether the check failed, and its message, which has a line for each failed test and each error."""
    failed, passed, skipped = outcome
    omitted = f"; {count_text(skipped, 'test')} of disabled rules skipped" if skipped else ""
    if failed or errors:
        head = (
            f"{len(failed)} of {count_text(len(failed) + passed, 'test')} failed{omitted}:"
            if failed
            else "Invalid policy:"
        )
        lines = [head, *(escape_line(one["message"], 2000) for one in failed), *map(escape_line, errors)]
        return {"failed": True, **SDElementsError("policy", "\n".join(lines)).as_failure()}
    rules = count_text(len(policy.rules), "rule")
    return {
        "failed": False,
        "msg": f"Valid policy ({', '.join(policy.names)}): {rules}, {count_text(passed, 'test')} passed{omitted}.",
    }


def checked_rules(policy: Policy, report: Report | None) -> list[CheckedRule]:
    """Return what the check found about each rule."""
    tests = Counter(test.rule for test in policy.tests)
    states = {rule["id"]: rule["state"] for rule in report["rules"]} if report else {}
    counts: Counter[tuple[str, str]] = Counter()
    if report:
        counts.update((one["rule"], one["verdict"]) for one in report["findings"])
        for group in report["other_verdicts"]:
            counts[group["rule"], group["verdict"]] += group["count"]
    found = []
    for rule in policy.rules:
        state = states.get(rule.id)
        verdicts = {verdict: counts[rule.id, verdict] for verdict in VERDICTS} if report else None
        texts = [state] if state and state != "evaluated" else []
        texts += [f"{count} {verdict}" for verdict, count in (verdicts or {}).items() if count]
        line = "; ".join([count_text(tests[rule.id], "test"), *([", ".join(texts)] if texts else [])]).replace("_", " ")
        found.append(
            CheckedRule(
                id=rule.id,
                title=rule.title,
                severity=rule.severity,
                tests=tests[rule.id],
                state=state,
                verdict_counts=verdicts,
                line=f"{rule.id}: {line}",
            )
        )
    return found


def _failure(test: PolicyTest, rule: Rule, facts: AuditedFacts, engine: Engine) -> FailedTest | None:
    evaluations = evaluate_rule(rule, facts.connections, engine, facts.absent)
    actual = [one.verdict for one in evaluations]
    # A single verdict is that of all subjects.
    expected = test.expected * len(actual) if len(test.expected) == 1 and actual else test.expected
    if actual == expected:
        return None
    sentence = f"expected {_verdicts(expected)}, got {_verdicts(actual)}"
    return {
        "file": test.file,
        "number": test.number,
        "rule": test.rule,
        "expected": expected,
        "actual": actual,
        "message": f"{test.file}: test {test.number}: rule {test.rule}: {sentence}{_reason(evaluations, expected)}.",
    }


def _verdicts(verdicts: list[str]) -> str:
    return ", ".join(verdicts) or "no verdict"


def _reason(evaluations: list[Evaluation], expected: list[str]) -> str:
    """Return why the first verdict that differs is not the expected one."""
    verdicts = [*expected, *[None] * len(evaluations)]
    differing = [one for one, verdict in zip(evaluations, verdicts, strict=False) if one.verdict != verdict]
    return f" ({differing[0].message.rstrip('.')})" if differing and differing[0].verdict != "pass" else ""


# ---------------------------------------------------------------------------------------------------------------
# The facts of a test


def _with_facts(tests: list[PolicyTest]) -> list[tuple[PolicyTest, AuditedFacts, _Previous, Facts]]:
    """Return each test with all facts, as rules see them. Raises a PolicyError about all that are invalid."""
    found, errors = [], []
    for test in tests:
        try:
            facts = facts_of(test)
            found.append((test, facts, _previous_of(test, facts), _baseline_of(test)))
        except SDElementsError as exc:
            errors.append(f"{test.file}: test {test.number}: {exc.problem}")
    if errors:
        raise PolicyError(errors)
    return found


def facts_of(test: PolicyTest) -> AuditedFacts:
    """Return the facts of a test as rules see them, with its connections in their order."""
    facts = [
        _completed({name: value for name, value in given.items() if name not in JOINED_FACTS.values()}, number)
        for number, given in enumerate(test.connections, 1)
    ]
    validated = {key_of(one): one for one in validate_connections(facts)}
    connections = [validated[key_of(one)] for one in facts]
    projects, connectors = _projects_of(test, connections), _connectors_of(test, connections)
    absent = {name: f"the {name} are unknown" for name in JOINED_FACTS if test.others.get(name, ()) is None}
    seen = joined(AuditedFacts(connections, projects, connectors, absent))
    # The facts of a connection replace those of its project and its connector.
    for one, given in zip(seen.connections, test.connections, strict=True):
        one.update({name: _overlay(one[name], given[name]) for name in JOINED_FACTS.values() if name in given})
    return seen


def _previous_of(test: PolicyTest, facts: AuditedFacts) -> _Previous:
    """Return the facts that the connection had, the others being those of a good one. None: there is no baseline."""
    if test.previous is None:
        return None if test.baseline is None else {}
    key = key_of(facts.connections[0])
    given = {**test.previous, "kind": key[0], "id": key[1]}
    return {key: _validated([_completed(given, 1)], "previous")[0]}


def _baseline_of(test: PolicyTest) -> Facts:
    """Return the baseline as rules see it. Unless the test says otherwise, nothing is missing or removed."""
    given = {"kinds": list(KINDS), "connections": [], **(test.baseline or {})}
    connections = [{"removed": False, **_completed(one, number)} for number, one in enumerate(given["connections"], 1)]
    return {**given, "connections": _validated(connections, "baseline")}


def _validated(connections: list[Facts], place: str) -> list[Facts]:
    try:
        return validate_connections(connections)
    except OptionError as exc:
        raise OptionError(f"{place}: {exc.problem}") from None


def _projects_of(test: PolicyTest, connections: list[Facts]) -> list[Facts] | None:
    """Return the projects of a test, or else those of its connections. Null means that they are absent."""
    ids = {one.get("project"): {"id": one.get("project")} for one in connections}
    given = test.others.get("projects", [ids[id_] for id_ in ids if id_ is not None])
    if given is None:
        return None
    return validate_given("projects", [_good_project(one, number) for number, one in enumerate(given, 1)])


def _good_project(given: Facts, number: int) -> Facts:
    id_ = given.get("id", number)
    return {"id": id_, "name": f"Project {id_}", "archived": False, "application": 1, "tags": [], **given}


def _connectors_of(test: PolicyTest, connections: list[Facts]) -> list[Facts] | None:
    """Return the connectors of a test, or else those of its connections. Null means that they are absent."""
    keys = dict.fromkeys((one["kind"], one.get("connector")) for one in connections)
    given = test.others.get("connectors", [{"kind": kind, "id": id_} for kind, id_ in keys if id_ is not None])
    if given is None:
        return None
    good = {name: _GOOD_CONNECTION[name] for name in CONNECTOR_FACTS if name in _GOOD_CONNECTION}
    found = [{"id": number, "name": "Jira", **good, **one} for number, one in enumerate(given, 1)]
    return validate_given("connectors", found)


def _completed(given: Facts, number: int) -> Facts:
    """Return the given facts, with those of a good connection."""
    good = {"id": number, "project": number, **_GOOD_CONNECTION}
    if given.get("params_visible") is False:
        good |= {"params": {}, "secrets_set": []}
    facts = {**good, **{name: _overlay(good.get(name), value) for name, value in given.items()}}
    if isinstance(given.get("server"), dict):
        facts["server"] = _server(given["server"])
    return facts


def _overlay(good: Any, given: Any) -> Any:
    """Return a value with the missing keys of its mappings. An empty mapping stays empty."""
    if not (isinstance(good, dict) and isinstance(given, dict) and given):
        return given
    return {**good, **{name: _overlay(good.get(name), value) for name, value in given.items()}}


def _server(given: Facts) -> Facts:
    """Return a server by its URL, by some parts of its address, or without an address."""
    if given.get("state", "known") != "known":
        return {"url": None, **dict.fromkeys(_GOOD_ADDRESS), **given}
    parts = {**_GOOD_ADDRESS, **given}
    port = f":{parts['port']}" if parts["port"] else ""
    address = given.get("url") or f"{parts['scheme']}://{parts['host']}{port}{parts['path']}"
    server: Facts = server_facts("alm", {"alm_server": address})["server"]
    return server
