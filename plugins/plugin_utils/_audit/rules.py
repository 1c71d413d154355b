# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: evaluate rules for connections."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from jinja2 import nodes

from .._native_types import describe_type, to_builtin_types
from .expressions import chains_in, reads_baseline, resources_in
from .model import KINDS, Evaluation, Facts, Rule, connection_name, key_of, plain_or_json
from .observed import observe
from .templating import Engine, EvaluationError, as_data

T = TypeVar("T")
_DERIVED_FROM_PARAMS = ("params", "server", "validate_certs")


def evaluate_rule(
    rule: Rule, connections: list[Facts], engine: Engine, absent: Mapping[str, str] | None = None
) -> list[Evaluation]:
    """Return a rule's verdict on each connection, which are among the engine's data, or on each of its items.

    'absent' says why projects or connectors are absent. A rule that reads them is inconclusive.
    """
    absent = absent or {}
    lacking = {name: absent[name] for name in sorted(resources_to_decide(rule)) if name in absent}
    absence = ", ".join(lacking.values())
    decidable = rule._replace(when=[one for one in rule.when if lacking.keys().isdisjoint(resources_in(one))])
    if absence and rule.subject == "item":
        # The items themselves may depend on them.
        evaluation = Evaluation(rule, None, [], verdict="inconclusive", message=absence)
        return [] if _is_off(decidable, engine) else [evaluation]
    pairs = list(zip(engine.data["connections"], connections, strict=True))
    if rule.loop is not None:
        evaluations = _items_of_loop(rule, rule.loop, engine)
    elif rule.group_by is not None:
        evaluations = _groups(rule, rule.group_by, pairs)
    else:
        evaluations = [Evaluation(rule, value, [connection]) for value, connection in pairs]
    items = [one for one in evaluations if not one.verdict]
    if rule.identity:
        _set_identities(rule.identity, items, engine)
    label = rule.label or ("item" if rule.loop is not None else None)
    if label:
        _set_labels(label, items, engine)
    _reject_equal_names(items)
    if rule.affected:
        _set_affected(rule.affected, items, connections, engine)
    _conclude(decidable, evaluations, connections, engine, absence)
    if not evaluations and rule.loop is not None and not _is_off(rule, engine):
        evaluations = _doubt_an_empty_loop(rule, connections)
    if rule.group_by is not None:
        _doubt_groups_that_hidden_connections_may_join(rule.group_by, evaluations, connections)
    return evaluations


def resources_to_decide(rule: Rule) -> set[str]:
    """Return which of 'projects' and 'connectors' a rule cannot be decided without. Its message may lack a fact."""
    expressions = [*rule.expressions, *filter(None, (rule.label, rule.affected, rule.identity))]
    # A path of a fact is an expression about a connection.
    expressions += [f"connection.{path.split('.')[0]}" for path in (*rule.needs, *rule.grouping)]
    return {name for one in expressions for name in resources_in(one)}


def rule_state(rule: Rule, evaluations: list[Evaluation], engine: Engine) -> str:
    """Return whether a rule was evaluated, and if not, why: see RULE_STATES."""
    if any(one.verdict != "not_applicable" for one in evaluations):
        return "evaluated"
    if _is_off(rule, engine):
        return "off"
    conditions = [condition for condition in rule.when if _reads_only_the_kind(condition)]

    def of_the_kind(values: list[Any]) -> list[Any]:
        for condition in conditions:
            results = engine.evaluate_conditional(condition, rule.subject, values)
            values = [value for value, result in zip(values, results, strict=True) if result is True]
        return values

    # A condition that no kind meets is an error of the policy.
    any_kind = of_the_kind([as_data({"kind": kind, "key": {"kind": kind}}) for kind in KINDS])
    return "no_subjects" if any_kind and not of_the_kind([one.value for one in evaluations]) else "matches_nothing"


def _is_off(rule: Rule, engine: Engine) -> bool:
    """Return whether a condition that reads no connection and no item turns the rule off."""
    return any(engine.is_constant_false(condition, rule.subject) for condition in rule.when)


def _reads_only_the_kind(condition: str) -> bool:
    return all(isinstance(chain, nodes.Getattr) and chain.attr == "kind" for chain in chains_in(condition))


def _doubt_an_empty_loop(rule: Rule, connections: list[Facts]) -> list[Evaluation]:
    """Return an inconclusive evaluation if the loop may be empty only because a needed fact is missing."""
    evaluation = Evaluation(rule, None, [])
    lack = _missing_fact(rule.needs, connections, any(one.get("last_job") for one in connections))
    if lack is None:
        return []
    evaluation.conclude("inconclusive", _sentence(lack, evaluation))
    return [evaluation]


def _conclude(
    rule: Rule, evaluations: list[Evaluation], connections: list[Facts], engine: Engine, absence: str
) -> None:
    """Conclude each evaluation: whether the rule applies, whether all facts are known, and whether it is met."""
    has_jobs = "last_job" in rule.needs and any(one.get("last_job") for one in connections)
    # A rule about all connections together needs the facts of all of them.
    is_about_all = rule.loop is not None and rule.affected is None
    lack_of_all = _missing_fact(rule.needs, connections, has_jobs) if is_about_all else None

    needs_params = any(need.split(".")[0] in _DERIVED_FROM_PARAMS for need in rule.needs)
    compares = needs_params and rule.subject == "connection" and reads_baseline(rule.expressions)

    def conclude_if_a_fact_is_missing(evaluation: Evaluation) -> None:
        lack = lack_of_all or _missing_fact(rule.needs, evaluation.connections, has_jobs)
        reason = (
            absence or (lack and _sentence(lack, evaluation)) or (compares and _hidden_in_baseline(evaluation, engine))
        )
        if reason:
            evaluation.conclude("inconclusive", reason)

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
    _explain([one for one in applicable if one.verdict == "fail"], engine)


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
            evaluation.condition = shown
    return true


def _explain(failures: list[Evaluation], engine: Engine) -> None:
    """Set what the failed conditions read, and the messages of these failures."""
    if not failures:
        return
    rule = failures[0].rule
    for evaluation in failures:
        value = evaluation.connections[0] if rule.subject == "connection" else evaluation.value
        previous = {"previous": engine.previous_of(value)} if rule.subject == "connection" else {}
        variables = {**engine.shown_data, **previous, rule.subject: value}
        evaluation.observed = observe(evaluation.condition or "", variables)
        evaluation.message = _default_message(evaluation)
    if rule.message is None:
        return
    values = [one.value for one in failures]
    for evaluation, message in zip(failures, engine.render_messages(rule.message, rule.subject, values), strict=True):
        if isinstance(message, EvaluationError):
            # An error in the message does not change the verdict.
            evaluation.message += f" (message: {message.message})"
        else:
            evaluation.message = message


def _default_message(evaluation: Evaluation) -> str:
    observed = ", ".join(f"{one['name']} is {one['value']}" for one in evaluation.observed)
    return f'"{evaluation.rule.title}" is not met' + (f": {observed}" if observed else "")


class _MissingFact(NamedTuple):
    """A needed fact that a connection lacks; None if all of its parameters are hidden."""

    connection: Facts
    need: str | None


def _missing_fact(needs: list[str], connections: Iterable[Facts], has_jobs: bool) -> _MissingFact | None:
    """Return the first needed fact that a connection lacks."""
    for connection in connections:
        for need in needs:
            if need.split(".")[0] in _DERIVED_FROM_PARAMS and not connection["params_visible"]:
                return _MissingFact(connection, None)
            if not _is_known(connection, need, has_jobs):
                return _MissingFact(connection, need)
    return None


def _hidden_in_baseline(evaluation: Evaluation, engine: Engine) -> str:
    """Return a reason if the parameters of a connection were hidden in the baseline."""
    previous = engine.previous_of(evaluation.connections[0])
    return "the parameters were hidden in the baseline" if previous and not previous["params_visible"] else ""


def _sentence(lack: _MissingFact, evaluation: Evaluation) -> str:
    """Return a sentence about a missing fact. It names the connection only if the rule is about several."""
    of = f" of {connection_name(lack.connection)}" if evaluation.rule.subject == "item" else ""
    if lack.need is None:
        return f"the parameters{of} are hidden from the token"
    return f"{lack.need}{of} is unknown"


def _is_known(connection: Facts, need: str, has_jobs: bool) -> bool:
    # Empty parameters mean that the gathering task omitted them.
    if need == "params":
        return bool(connection["params"])
    if need == "server":
        return bool(connection["server"]["state"] != "hidden")
    # On a server that has jobs, a connection without one has never run. Old releases do not report jobs.
    if need == "last_job" and has_jobs:
        return True
    return _fact(connection, need) is not None


def _fact(connection: Facts, path: str) -> Any:
    """Return a fact by its dotted path; None if it is absent."""
    value: Any = connection
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _groups(rule: Rule, group_by: str | list[str], pairs: list[tuple[Any, Facts]]) -> list[Evaluation]:
    """Return an evaluation for each group of connections that have the same facts, in the order of the connections."""
    paths = [group_by] if isinstance(group_by, str) else group_by
    groups: dict[str, Evaluation] = {}
    for value, connection in pairs:
        identity = _identity(connection, paths)
        if identity not in groups:
            facts = {path: _fact(connection, path) for path in paths}
            key = _nested(facts) if isinstance(group_by, list) else facts[group_by]
            label = ", ".join(f"{path} {_in_label(fact)}" for path, fact in facts.items())
            groups[identity] = Evaluation(rule, {"key": as_data(key), "connections": []}, [], label, identity)
        groups[identity].value["connections"].append(value)
        groups[identity].connections.append(connection)
    return list(groups.values())


def _doubt_groups_that_hidden_connections_may_join(
    group_by: str | list[str], evaluations: list[Evaluation], connections: list[Facts]
) -> None:
    """Make passing groups inconclusive if a connection with hidden parameters may belong to them."""
    paths = [group_by] if isinstance(group_by, str) else group_by
    visible = [path for path in paths if path.split(".")[0] not in _DERIVED_FROM_PARAMS]
    if visible == paths:
        return
    hidden: dict[str, Facts] = {}
    for connection in connections:
        if not connection["params_visible"]:
            hidden.setdefault(_identity(connection, visible), connection)
    for evaluation in evaluations:
        joining = hidden.get(_identity(evaluation.connections[0], visible)) if evaluation.connections else None
        if evaluation.verdict == "pass" and joining:
            evaluation.conclude("inconclusive", _sentence(_MissingFact(joining, None), evaluation))


def _identity(connection: Facts, paths: list[str]) -> str:
    # Facts may be lists or mappings, which cannot be keys. As JSON, 1 and true stay different.
    return json.dumps([_fact(connection, path) for path in paths], sort_keys=True)


def _nested(facts: Facts) -> Facts:
    """Return facts by dotted paths, none of which begins with another one, as nested as those of a connection."""
    nested: Facts = {}
    for path, fact in facts.items():
        *parents, name = path.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = fact
    return nested


def _in_label(fact: Any) -> str:
    """Return a fact as it is if it is a string that nothing else looks like, or as JSON."""
    is_list = isinstance(fact, str) and ", " in fact
    return json.dumps(fact, ensure_ascii=False) if is_list else plain_or_json(fact)


def _items_of_loop(rule: Rule, loop: str | list[Any], engine: Engine) -> list[Evaluation]:
    """Return an evaluation for each item of a rule's loop, or one error if the loop is not a list."""
    items = loop if isinstance(loop, list) else engine.evaluate_once(loop, _to_list)
    if isinstance(items, EvaluationError):
        return [Evaluation(rule, None, [], verdict="error", message=f"loop: {loop}: {items.message}")]
    return [Evaluation(rule, item, [], str(number)) for number, item in enumerate(as_data(items), 1)]


def _set_identities(expression: str, items: list[Evaluation], engine: Engine) -> None:
    for evaluation, identity in _evaluate_for_items("identity", expression, items, engine, _to_label):
        evaluation.identity = identity


def _set_labels(expression: str, items: list[Evaluation], engine: Engine) -> None:
    for evaluation, label in _evaluate_for_items("label", expression, items, engine, _to_label):
        evaluation.label = label
        if evaluation.identity is None:
            # Another label must not make all findings new, so the item itself identifies it if it can.
            evaluation.identity = str(evaluation.value) if _is_name(evaluation.value) else label


def _reject_equal_names(items: list[Evaluation]) -> None:
    """Conclude items with the name of another: baselines, waivers and reports could not tell them apart."""
    for field in ("label", "identity"):
        counts = Counter(getattr(one, field) for one in items if not one.verdict)
        for evaluation in items:
            name = getattr(evaluation, field)
            if name is not None and counts[name] > 1 and not evaluation.verdict:
                message = f"the {field} {name!r} is not unique; set the rule's {field} so that it names one item"
                evaluation.conclude("error", message)


def _set_affected(expression: str, items: list[Evaluation], connections: list[Facts], engine: Engine) -> None:
    by_key = {key_of(connection): connection for connection in connections}
    for evaluation, keys in _evaluate_for_items("affected", expression, items, engine, _to_keys):
        evaluation.connections = [by_key[key] for key in keys if key in by_key]
        # A project has an id, but no kind.
        evaluation.projects = [id_ for kind, id_ in keys if kind is None]


def _evaluate_for_items(
    field: str, expression: str, items: list[Evaluation], engine: Engine, convert: Callable[[Any], T | EvaluationError]
) -> Iterator[tuple[Evaluation, T]]:
    """Yield each item with the result of a field's expression for it. Those with an error are concluded."""
    results = engine.evaluate(expression, "item", [one.value for one in items], convert)
    for evaluation, result in zip(items, results, strict=True):
        if isinstance(result, EvaluationError):
            evaluation.conclude("error", f"{field}: {expression}: {result.message}")
        else:
            yield evaluation, result


def _to_list(value: Any) -> list[Any] | EvaluationError:
    if isinstance(value, (list, tuple)):
        return list(to_builtin_types(value))
    return EvaluationError(f"the result must be a list, not {describe_type(value)}")


def _to_label(value: Any) -> str | EvaluationError:
    if _is_name(value):
        return str(value)
    return EvaluationError(f"the result must be a string or a number, not {describe_type(value)}; set the rule's label")


def _is_name(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and bool(str(value).strip())


def _to_keys(value: Any) -> list[tuple[str | None, int]] | EvaluationError:
    if not isinstance(value, (list, tuple)):
        return EvaluationError(f"the result must be a list of connections or projects, not {describe_type(value)}")
    try:
        return [(str(one["kind"]) if "kind" in one else None, int(one["id"])) for one in value]
    except (KeyError, TypeError, ValueError):
        return EvaluationError("the result must be a list of connections or projects, but an item is neither")
