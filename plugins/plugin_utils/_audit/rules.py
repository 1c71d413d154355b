# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: evaluate rules for connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._native_types import to_builtin_types
from .model import ConnectionKey, Evaluation, Facts, Rule, key_of
from .templating import Engine, EvaluationError, as_data, describe_type

_DERIVED_FROM_PARAMS = ("params", "server", "validate_certs")


def evaluate_rule(rule: Rule, connections: list[Facts], engine: Engine) -> list[Evaluation]:
    """Return a rule's verdict on each connection, which are among the engine's data, or on each item of its loop."""
    if rule.loop is None:
        evaluations = [
            Evaluation(rule, value, [connection])
            for value, connection in zip(engine.data["connections"], connections, strict=True)
        ]
    else:
        evaluations = _items_of_loop(rule, rule.loop, connections, engine)
    _conclude(rule, evaluations, connections, engine)
    return evaluations


def _conclude(rule: Rule, evaluations: list[Evaluation], connections: list[Facts], engine: Engine) -> None:
    """Conclude each evaluation: whether the rule applies, whether all facts are known, and whether it holds."""
    # A rule about all connections together needs the facts of all of them.
    lack_of_all = _missing_fact(rule.needs, connections) if rule.loop is not None and rule.affected is None else None

    def conclude_if_a_fact_is_missing(evaluation: Evaluation) -> None:
        lack = lack_of_all or _missing_fact(rule.needs, evaluation.connections)
        if lack:
            evaluation.conclude("inconclusive", lack)

    applicable = [one for one in evaluations if not one.verdict]
    for expression in rule.when:
        remaining = _those_for_which(expression, applicable, "not_applicable", engine)
        for evaluation in applicable:
            if evaluation.verdict == "error":
                conclude_if_a_fact_is_missing(evaluation)
        applicable = remaining
    for evaluation in applicable:
        conclude_if_a_fact_is_missing(evaluation)
    holding = [one for one in applicable if not one.verdict]
    for expression in rule.that:
        holding = _those_for_which(expression, holding, "fail", engine)
    for evaluation in holding:
        evaluation.conclude("pass", "holds")


def _those_for_which(
    expression: str, evaluations: list[Evaluation], otherwise: str, engine: Engine
) -> list[Evaluation]:
    """Return the evaluations for which an expression is true. The others are concluded."""
    if not evaluations:
        return []
    results = engine.evaluate_conditional(expression, evaluations[0].rule.subject, [one.value for one in evaluations])
    shown = " ".join(expression.split())
    true = []
    for evaluation, result in zip(evaluations, results, strict=True):
        if isinstance(result, EvaluationError):
            evaluation.conclude("error", f"{shown}: {result.message}")
        elif result:
            true.append(evaluation)
        else:
            evaluation.conclude(otherwise, f"{shown} is false")
    return true


def _missing_fact(needs: list[str], connections: Iterable[Facts]) -> str | None:
    """Return a sentence about the first needed fact that a connection lacks."""
    for connection in connections:
        for need in needs:
            if need.split(".")[0] in _DERIVED_FROM_PARAMS and not connection["params_visible"]:
                return f"the parameters of {connection['kind']} {connection['id']} are hidden from the token"
            if not _is_known(connection, need):
                return f"{need} of {connection['kind']} {connection['id']} is unknown"
    return None


def _is_known(connection: Facts, need: str) -> bool:
    # Empty parameters mean that the gathering task omitted them.
    if need == "params":
        return bool(connection["params"])
    if need == "server":
        return bool(connection["server"]["state"] != "hidden")
    value: Any = connection
    for key in need.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value is not None


def _items_of_loop(rule: Rule, loop: str | list[Any], connections: list[Facts], engine: Engine) -> list[Evaluation]:
    """Return an evaluation for each item of a rule's loop, or one error if the loop is not a list."""
    items = loop if isinstance(loop, list) else engine.evaluate(loop, "_sde_nothing", [None], _to_list)[0]
    if isinstance(items, EvaluationError):
        return [Evaluation(rule, None, [], verdict="error", message=f"loop: {loop}: {items.message}")]
    items = as_data(items)
    labels = engine.evaluate(rule.label, "item", items, _to_label)
    affected = engine.evaluate(rule.affected, "item", items, _to_keys) if rule.affected else [[] for _item in items]
    by_key = {key_of(connection): connection for connection in connections}
    evaluations = []
    for number, (item, label, keys) in enumerate(zip(items, labels, affected, strict=True), 1):
        evaluation = Evaluation(rule, item, [], str(number))
        if isinstance(label, EvaluationError):
            evaluation.conclude("error", f"label: {rule.label}: {label.message}")
        else:
            evaluation.label = label
        if isinstance(keys, EvaluationError):
            evaluation.conclude("error", f"affected: {rule.affected}: {keys.message}")
        else:
            evaluation.connections = [by_key[key] for key in keys if key in by_key]
        evaluations.append(evaluation)
    return evaluations


def _to_list(value: Any) -> list[Any] | EvaluationError:
    if isinstance(value, (list, tuple)):
        return list(to_builtin_types(value))
    return EvaluationError(f"the result must be a list, not {describe_type(value)}")


def _to_label(value: Any) -> str | EvaluationError:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    return EvaluationError(f"the result must be a string or a number, not {describe_type(value)}; set the rule's label")


def _to_keys(value: Any) -> list[ConnectionKey] | EvaluationError:
    if not isinstance(value, (list, tuple)):
        return EvaluationError(f"the result must be a list of connections, not {describe_type(value)}")
    try:
        return [(str(one["kind"]), int(one["id"])) for one in value]
    except (KeyError, TypeError, ValueError):
        return EvaluationError("the result must be a list of connections; an item is not a connection")
