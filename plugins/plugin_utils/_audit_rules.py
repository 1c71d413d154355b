# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: from rules and connections to verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit_policy import Rule
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit_templating import Engine, Problem
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._plain import plain

# A connection within one audit, by kind and id.
Name = tuple[str, int]


class Verdict(NamedTuple):
    """What a rule says about a connection, or about an item of its loop."""

    rule: Rule
    verdict: str
    message: str | None
    names: list[Name]
    label: str | None


class _Case:
    """A thing that a rule judges, with the verdict once there is one."""

    def __init__(self, value: Any, affected: Sequence[dict[str, Any]], label: str | None = None) -> None:
        self.value = value
        self.affected = affected
        self.label = label
        self.verdict: str | None = None
        self.message: str | None = None

    def close(self, verdict: str, message: str | None = None) -> None:
        """Give the verdict."""
        self.verdict, self.message = verdict, message


def name_of(connection: dict[str, Any]) -> Name:
    """The name of a connection."""
    return connection["kind"], connection["id"]


def judge(rule: Rule, connections: list[dict[str, Any]], engine: Engine) -> list[Verdict]:
    """A rule's verdicts on all connections, or on all items of its loop."""
    if rule.loop is None:
        cases = [_Case(connection, [connection]) for connection in connections]
    else:
        cases = _cases_of_loop(rule, connections, engine)
    everything = rule.loop is not None and rule.affected is None
    _decide(rule, cases, connections if everything else None, engine)
    return [
        Verdict(rule, case.verdict, case.message, [name_of(one) for one in case.affected], case.label)
        for case in cases
    ]


def _decide(rule: Rule, cases: list[_Case], everything: list[dict[str, Any]] | None, engine: Engine) -> None:
    """Give each case its verdict: does the rule apply, can it be decided, and does it hold?"""
    lack_of_all = _lack(rule.needs, everything) if everything is not None else None
    pending = [case for case in cases if case.verdict is None]
    for expression in rule.when:
        answers = _ask(engine, rule, expression, pending)
        for case, answer in zip(pending, answers):
            if answer is False:
                case.close("not_applicable", f"{expression} is false")
            elif isinstance(answer, Problem):
                lack = lack_of_all or _lack(rule.needs, case.affected)
                case.close(*(("inconclusive", lack) if lack else ("error", f"when: {answer.message}")))
        pending = [case for case in pending if case.verdict is None]
    for case in pending:
        lack = lack_of_all or _lack(rule.needs, case.affected)
        if lack:
            case.close("inconclusive", lack)
    pending = [case for case in pending if case.verdict is None]
    for expression in rule.that:
        answers = _ask(engine, rule, expression, pending)
        for case, answer in zip(pending, answers):
            if answer is False:
                case.close("fail", f"{expression} is false")
            elif isinstance(answer, Problem):
                case.close("error", answer.message)
        pending = [case for case in pending if case.verdict is None]
    for case in pending:
        case.close("pass")


def _ask(engine: Engine, rule: Rule, expression: str, cases: list[_Case]) -> list[bool | Problem]:
    """The expression's answers, which are true or false and nothing else."""
    answers = engine.evaluate(expression, rule.subject, [case.value for case in cases], _boolean)
    return [Problem(f"{expression}: {one.message}") if isinstance(one, Problem) else one for one in answers]


def _boolean(value: Any) -> bool | Problem:
    return value if isinstance(value, bool) else Problem(f"it must be true or false, and is {_kind_of(value)}")


def _lack(needs: list[str], connections: Iterable[dict[str, Any]]) -> str | None:
    """The first needed fact that a connection does not have, in words."""
    for connection in connections:
        for need in needs:
            if need.split(".")[0] == "params" and connection.get("params_visible") is False:
                return "its parameters are hidden from the token" 
            if need != "params" and _fact(connection, need) is None:
                return f"{need} is not known"
    return None


def _fact(connection: dict[str, Any], path: str) -> Any:
    value: Any = connection
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _cases_of_loop(rule: Rule, connections: list[dict[str, Any]], engine: Engine) -> list[_Case]:
    """The items of a rule's loop."""
    if isinstance(rule.loop, list):
        items: Any = rule.loop
    else:
        (items,) = engine.evaluate(rule.loop, "_sde_nothing", [None], _items)
    if isinstance(items, Problem):
        case = _Case(None, [])
        case.close("error", f"loop: {rule.loop}: {items.message}")
        return [case]
    labels = engine.evaluate(rule.label, "item", items, _label)
    affected = engine.evaluate(rule.affected, "item", items, _names) if rule.affected else [[] for _item in items]
    by_name = {name_of(connection): connection for connection in connections}
    cases = []
    for number, (item, label, names) in enumerate(zip(items, labels, affected), 1):
        problem = None
        if isinstance(label, Problem):
            problem, label = f"label: {label.message}", str(number)
        if isinstance(names, Problem):
            problem, names = f"affected: {rule.affected}: {names.message}", []
        elif not all(name in by_name for name in names):
            problem, names = f"affected: {rule.affected}: it gives something that is none of the connections", []
        case = _Case(item, [by_name[name] for name in names], label)
        if problem:
            case.close("error", problem)
        cases.append(case)
    return cases


def _items(value: Any) -> list[Any] | Problem:
    if isinstance(value, (list, tuple)):
        return plain(value)
    return Problem(f"it must be a list, and is {_kind_of(value)}")


def _label(value: Any) -> str | Problem:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    return Problem(f"it must be text or a number, and is {_kind_of(value)}")


def _names(value: Any) -> list[Name] | Problem:
    if not isinstance(value, (list, tuple)):
        return Problem(f"it must be a list of connections, and is {_kind_of(value)}")
    try:
        return [(str(one["kind"]), int(one["id"])) for one in value]
    except (KeyError, TypeError, ValueError):
        return Problem("it must be a list of connections, and holds something else")


def _kind_of(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return "text" if value else "empty text"
    if isinstance(value, (bool, int, float)):
        return f"the number {value}" if not isinstance(value, bool) else str(value).lower()
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"
