# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: read expressions and messages of a policy without evaluating them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile
from typing import Any, NamedTuple, cast

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from .model import JOINED_FACTS
from .schema import suggestion

# Functions of Ansible and Jinja that a message may use.
_FUNCTIONS = frozenset("cycler dict joiner lookup namespace now q query range".split())
# Methods of lists, mappings and sets. Strings have none of these names.
_CHANGING_METHODS = frozenset(
    "add append clear difference_update discard extend insert intersection_update pop popitem remove reverse "
    "setdefault sort symmetric_difference_update update".split()
)
# Filters that return items of their list unchanged.
_FILTERS_OF_ITEMS = frozenset("list reject rejectattr reverse select selectattr sort unique".split())
# Each level takes several calls of the parser and the compiler, and Python limits both calls and brackets.
_MAX_BRACKETS = 30
_MAX_DEPTH = 100
_TOO_DEEP = "is nested too deeply; simplify it"
# The end of the parser's message about a single '='.
_ASSIGNMENT = "got '='"
# Names that begin with this are those of the templates around an expression.
PRIVATE = "_sde_"
_WHERE_DEFINED = {
    "connection": "in a rule without loop and group_by; use item or connections here",
    "previous": "in a rule without loop and group_by",
    "item": "in a rule with loop or group_by, outside the loop itself",
    "loop": "in templates with a loop of their own",
}


def expression_error(expression: str, subject: str | None) -> str | None:
    """Return an error that can be found without variables, filters and tests."""
    try:
        tree = _parse(expression)
    except RecursionError:
        return _TOO_DEEP
    except TemplateSyntaxError as exc:
        if "{{" in expression or "{%" in expression:
            advice = "; remove the braces"
        else:
            advice = "; did you mean ==?" if str(exc.message).endswith(_ASSIGNMENT) else ""
        return f"is not a valid expression ({str(exc.message).rstrip('.')}){advice}"
    if _is_too_deep(expression, tree):
        return _TOO_DEEP
    names = {one.name for one in tree.find_all(nodes.Name)}
    private = sorted(name for name in names if name.startswith(PRIVATE))
    if private:
        return f"uses {private[0]}, a reserved name"
    for name, where in _WHERE_DEFINED.items():
        if name in names and name != subject and (name, subject) != ("previous", "connection"):
            return f"uses {name}, which is defined only {where}"
    return _changing_call(tree)


def message_error(message: str, known: set[str]) -> str | None:
    """Return an error in the template of a message that can be found without values."""
    try:
        tree = _parse_template(message)
    except RecursionError:
        return _TOO_DEEP
    except TemplateSyntaxError as exc:
        return f"is not a valid template ({str(exc.message).rstrip('.')})"
    if _is_too_deep(message, tree):
        return _TOO_DEEP
    unknown = sorted(_variables_in(tree) - known - _FUNCTIONS)
    if unknown:
        return f"uses {unknown[0]}, which is not available in messages{suggestion(unknown[0], known)}"
    return _changing_call(tree)


def _is_too_deep(text: str, tree: nodes.Template) -> bool:
    """Return whether a later step could exceed Python's limits, which depend on the release and on the caller."""
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    level: list[nodes.Node] = [tree]
    for _number in range(_MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
    return bool(level) or deepest > _MAX_BRACKETS


def names_in(expression: str, *, is_message: bool = False) -> set[str]:
    """Return the variables that an expression or message reads."""
    return _variables_in(_parse_template(expression) if is_message else _parse(expression)) - _FUNCTIONS


def reads_baseline(expressions: Iterable[str]) -> bool:
    """Return whether any expression compares with the baseline."""
    return any(not {"previous", "baseline"}.isdisjoint(names_in(one)) for one in expressions)


def strings_in(expression: str) -> set[str]:
    """Return the strings of an expression. A lookup may read a variable by one."""
    return {one.value for one in _parse(expression).find_all(nodes.Const) if isinstance(one.value, str)}


@cache
def resources_in(expression: str, *, is_message: bool = False) -> frozenset[str]:
    """Return which of 'projects' and 'connectors' are read, by their names or as facts of a connection.

    Filters name facts in strings, as in map(attribute='project_facts.name').
    """
    tree = _parse_template(expression) if is_message else _parse(expression)
    variables = {one.name for one in tree.find_all(nodes.Name)}
    facts = {one.attr for one in tree.find_all(nodes.Getattr)}
    facts |= {part for one in tree.find_all(nodes.Const) if isinstance(one.value, str) for part in one.value.split(".")}
    return frozenset(name for name, fact in JOINED_FACTS.items() if name in variables or fact in facts)


def resource_of_items(loop: str) -> str | None:
    """Return 'projects' or 'connectors' if the items of a loop are some or all of these, else None."""
    node = next(iter(_parse(loop).find_all(nodes.Output))).nodes[0]
    while isinstance(node, nodes.Filter) and node.name in _FILTERS_OF_ITEMS and node.node:
        node = node.node
    return node.name if isinstance(node, nodes.Name) and node.name in JOINED_FACTS else None


def _variables_in(tree: nodes.Template) -> set[str]:
    """Return the names that a template reads and does not set itself, as by a loop."""
    # Jinja has a function for this, which fails for the filters of Ansible.
    names = list(tree.find_all(nodes.Name))
    own = {one.name for one in names if one.ctx != "load"} | ({"loop"} if tree.find(nodes.For) else set())
    return {one.name for one in names if one.ctx == "load"} - own


class FactPath(NamedTuple):
    """The names of a fact that an expression reads, as in connection.server.host. A guarded one may be undefined."""

    names: tuple[str, ...]
    is_guarded: bool


def facts_in(expression: str, *, is_message: bool = False, variable: str = "connection") -> set[FactPath]:
    """Return the facts of 'connection', or of another variable, that an expression or message reads."""
    tree = _parse_template(expression) if is_message else _parse(expression)
    return set(_facts_in(tree, variable, is_guarded=False))


def _facts_in(node: nodes.Node, variable: str, is_guarded: bool) -> Iterator[FactPath]:
    is_guarded = is_guarded or (
        (isinstance(node, nodes.Test) and node.name in ("defined", "undefined"))
        or (isinstance(node, nodes.Filter) and node.name in ("default", "d"))
        or (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "get")
    )
    names = _fact_of(without_method(node) if isinstance(node, nodes.Call) else node, variable)
    if names:
        yield FactPath(names, is_guarded)
        return
    for child in node.iter_child_nodes():
        yield from _facts_in(child, variable, is_guarded)


def _fact_of(node: nodes.Node, variable: str) -> tuple[str, ...]:
    """Return the names below a variable, if that is what a chain of attributes begins with."""
    names: list[Any] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        key = node.attr if isinstance(node, nodes.Getattr) else node.arg
        names.append(key.value if isinstance(key, nodes.Const) else key)
        node = node.node
    if not (isinstance(node, nodes.Name) and node.name == variable):
        return ()
    return tuple(takewhile(lambda name: isinstance(name, str), reversed(names)))


def compared_kinds(expression: str) -> set[str]:
    """Return the strings that an expression compares with a kind, as in x.kind == 'alm' or selectattr('kind', ...)."""
    tree = _parse(expression)
    found = []
    for one in tree.find_all(nodes.Compare):
        sides = [one.expr, *(operand.expr for operand in one.ops)]
        if any(isinstance(side, nodes.Getattr) and side.attr == "kind" for side in sides):
            found += [const for side in sides for const in (side, *side.find_all(nodes.Const))]
    for call in tree.find_all(nodes.Filter):
        is_selection = call.name in ("selectattr", "rejectattr") and len(call.args) == 3
        if is_selection and isinstance(call.args[0], nodes.Const) and call.args[0].value == "kind":
            found.append(call.args[2])
    return {one.value for one in found if isinstance(one, nodes.Const) and isinstance(one.value, str)}


@cache
def chains_in(condition: str) -> list[nodes.Expr]:
    """Return the variables in a condition with their attributes and subscripts, the longest chains only."""
    return list(_chains_in(_parse(condition)))


def _chains_in(node: nodes.Node) -> Iterator[nodes.Expr]:
    if isinstance(node, nodes.Call):
        node = without_method(node)
    if _is_chain(node):
        yield cast(nodes.Expr, node)
        parts = [node, *node.find_all(nodes.Getitem)]
        for argument in [one.arg for one in parts if isinstance(one, nodes.Getitem)]:
            yield from _chains_in(argument)
    else:
        for child in node.iter_child_nodes():
            yield from _chains_in(child)


def without_method(call: nodes.Call) -> nodes.Node:
    """Return what a method such as lower() reads, with its arguments. get() reads the value of a key."""
    if not isinstance(call.node, nodes.Getattr):
        return call
    if call.node.attr == "get" and call.args and isinstance(call.args[0], nodes.Const):
        value: nodes.Expr = nodes.Getitem(call.node.node, call.args[0], "load")
        arguments = call.args[1:]
    else:
        value, arguments = call.node.node, call.args
    others = [*arguments, *(keyword.value for keyword in call.kwargs)]
    return nodes.List([value, *others]) if others else value


def _is_chain(node: nodes.Node) -> bool:
    """Return whether a path leads to this value."""
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getitem) and not (isinstance(node.arg, nodes.Const) or _is_chain(node.arg)):
            return False
        node = node.node
    return isinstance(node, nodes.Name)


def _changing_call(tree: nodes.Node) -> str | None:
    for call in tree.find_all(nodes.Call):
        method = _method_of(call)
        if method in _CHANGING_METHODS:
            return f"calls {method}(), which changes the facts for later rules; use a filter"
    return None


def _method_of(call: nodes.Call) -> str | None:
    """Return the name of the method that is called, as in x.name() or x['name']()."""
    if isinstance(call.node, nodes.Getattr):
        return call.node.attr
    if isinstance(call.node, nodes.Getitem) and isinstance(call.node.arg, nodes.Const):
        return str(call.node.arg.value)
    return None


def _parse(expression: str) -> nodes.Template:
    """Return an expression as a template that prints it."""
    parser = Parser(Environment(), expression, state="variable")  # noqa: S701 (nothing is rendered)
    tree = parser.parse_expression()
    if not parser.stream.eos:
        rest = f", {_ASSIGNMENT}" if parser.stream.current.type == "assign" else ""
        raise TemplateSyntaxError(f"unexpected text after its end{rest}", parser.stream.current.lineno)
    template = nodes.Template([nodes.Output([tree])], lineno=1)
    template.set_environment(parser.environment)
    return template


def _parse_template(text: str) -> nodes.Template:
    return Environment().parse(text)  # noqa: S701 (nothing is rendered)
