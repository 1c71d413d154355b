# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: from rules and connections to verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.policy import Rule
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.templating import (
    Engine,
    Problem,
    as_data,
    kind_of,
)
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._native_types import to_builtin_types

_MADE_OF_PARAMS = ("params", "server", "validate_certs")

# A connection within one audit, by kind and id.
Name = tuple[str, int]


class Verdict(NamedTuple):
    """What a rule says about a connection, or about an item of its loop."""

    rule: Rule
    verdict: str
    message: str
    names: list[Name]
    label: str | None


class _Case:
    """A thing that a rule judges, with the verdict once there is one."""

    def __init__(self, value: Any, affected: Sequence[dict[str, Any]], label: str | None = None) -> None:
        self.value = value
        self.affected = affected
        self.label = label
        self.verdict: str | None = None
        self.message = ""

    def close(self, verdict: str, message: str) -> None:
        """Give the verdict."""
        self.verdict, self.message = verdict, message


def name_of(connection: dict[str, Any]) -> Name:
    """The name of a connection."""
    return connection["kind"], connection["id"]


def judge(rule: Rule, connections: list[dict[str, Any]], engine: Engine) -> list[Verdict]:
    """A rule's verdicts on all connections, which the engine has among its data, or on all items of its loop."""
    if rule.loop is None:
        cases = [_Case(value, [connection]) for value, connection in zip(engine.data["connections"], connections)]
    else:
        cases = _cases_of_loop(rule, connections, engine)
    _decide(rule, cases, connections, engine)
    return [
        Verdict(rule, case.verdict, case.message, [name_of(one) for one in case.affected], case.label) for case in cases
    ]


def _decide(rule: Rule, cases: list[_Case], connections: list[dict[str, Any]], engine: Engine) -> None:
    """Give each case its verdict: does the rule apply, can it be decided, and does it hold?"""
    # A rule about the whole set needs the facts of the whole set.
    lack_of_all = _lack(rule.needs, connections) if rule.loop is not None and rule.affected is None else None
    applicable = [case for case in cases if case.verdict is None]
    for expression in rule.when:
        asked = applicable
        applicable = _those_of_which(expression, asked, "not_applicable", rule, engine)
        for case in asked:
            lack = case.verdict == "error" and (lack_of_all or _lack(rule.needs, case.affected))
            if lack:
                case.close("inconclusive", lack)
    for case in applicable:
        lack = lack_of_all or _lack(rule.needs, case.affected)
        if lack:
            case.close("inconclusive", lack)
    sound = [case for case in applicable if case.verdict is None]
    for expression in rule.that:
        sound = _those_of_which(expression, sound, "fail", rule, engine)
    for case in sound:
        case.close("pass", "holds")


def _those_of_which(expression: str, cases: list[_Case], otherwise: str, rule: Rule, engine: Engine) -> list[_Case]:
    """The cases of which an expression is true. The others get their verdict."""
    answers = engine.answers(expression, rule.subject, [case.value for case in cases])
    shown = " ".join(expression.split())
    true = []
    for case, answer in zip(cases, answers):
        if isinstance(answer, Problem):
            case.close("error", f"{shown}: {answer.message}")
        elif answer:
            true.append(case)
        else:
            case.close(otherwise, f"{shown} is false")
    return true


def _lack(needs: list[str], connections: Iterable[dict[str, Any]]) -> str | None:
    """The first needed fact that a connection lacks, in words."""
    for connection in connections:
        for need in needs:
            if need.split(".")[0] in _MADE_OF_PARAMS and not connection["params_visible"]:
                return f"the parameters of {connection['kind']} {connection['id']} are hidden from the token"
            if not _is_known(connection, need):
                return f"{need} of {connection['kind']} {connection['id']} is not known"
    return None


def _is_known(connection: dict[str, Any], need: str) -> bool:
    # A connection without any parameter is one whose parameters were left out.
    if need == "params":
        return bool(connection["params"])
    if need == "server":
        return connection["server"]["state"] != "hidden"
    return _fact(connection, need) is not None


def _fact(connection: dict[str, Any], path: str) -> Any:
    value: Any = connection
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _cases_of_loop(rule: Rule, connections: list[dict[str, Any]], engine: Engine) -> list[_Case]:
    """The items of a rule's loop."""
    items = rule.loop if isinstance(rule.loop, list) else engine.results(rule.loop, "_sde_nothing", [None], _items)[0]
    if isinstance(items, Problem):
        case = _Case(None, [])
        case.close("error", f"loop: {rule.loop}: {items.message}")
        return [case]
    items = as_data(items)
    labels = engine.results(rule.label, "item", items, _label)
    affected = engine.results(rule.affected, "item", items, _names) if rule.affected else [[]] * len(items)
    by_name = {name_of(connection): connection for connection in connections}
    cases = []
    for number, (item, label, names) in enumerate(zip(items, labels, affected), 1):
        problem = None
        if isinstance(label, Problem):
            problem, label = f"label: {rule.label}: {label.message}", str(number)
        if isinstance(names, Problem):
            problem, names = f"affected: {rule.affected}: {names.message}", []
        case = _Case(item, [by_name[name] for name in names if name in by_name], label)
        if problem:
            case.close("error", problem)
        cases.append(case)
    return cases


def _items(value: Any) -> list[Any] | Problem:
    return (
        to_builtin_types(value)
        if isinstance(value, (list, tuple))
        else Problem(f"it must be a list, and is {kind_of(value)}")
    )


def _label(value: Any) -> str | Problem:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    return Problem(f"it must be text or a number, and is {kind_of(value)}; set the rule's label")


def _names(value: Any) -> list[Name] | Problem:
    if not isinstance(value, (list, tuple)):
        return Problem(f"it must be a list of connections, and is {kind_of(value)}")
    try:
        return [(str(one["kind"]), int(one["id"])) for one in value]
    except (KeyError, TypeError, ValueError):
        return Problem("it must be a list of connections, and holds something else")
