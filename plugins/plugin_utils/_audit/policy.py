# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: validate and merge the files of a policy."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, TemplateSyntaxError, meta, nodes
from jinja2.parser import Parser

from ...module_utils._errors import OptionError, SDElementsError
from . import schema
from .model import Policy, Rule, Waiver
from .schema import SchemaError, suggestion

STARTER = "starter"
STARTER_FILE = Path(__file__).with_name("data") / "starter_policy.yml"

# Expressions can use these in addition to the variables of the policy and of the play.
_RESERVED = ("connection", "item", "connections", "audited_at")
_WORDS_OF_JINJA = frozenset("and else false if in is none not or true context loop self".split()) | set(keyword.kwlist)

# The facts that a rule may need. Later releases of SD Elements may add others.
_FACTS = (
    "id kind alias project connector system system_id system_short_name frequency command server validate_certs params "
    "inaccessible in_progress debug_mode last_job"
).split()


class _CompileError(Protocol):
    """Returns why an expression or a message about a value with this name cannot be compiled, or None."""

    def __call__(self, expression: str, name: str, *, is_message: bool = False) -> str | None: ...


class PolicyError(SDElementsError):
    """The policy is invalid. The message has a line for each error."""

    def __init__(self, errors: list[str]) -> None:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__("policy", "\n".join([f"Invalid policy ({count}):", *errors]))


def load_policy(
    names: list[str],
    read: Callable[[str], Any],
    variables: dict[str, Any],
    compile_error: _CompileError = lambda expression, name, *, is_message=False: None,
) -> Policy:
    """Return the policy of these files, with the variables of the task. 'read' returns the content of a file."""
    files = [_PolicyFile(name, read(name)) for name in names]
    errors = [error for file in files for error in file.schema_errors()]
    if not errors:
        errors = [*_reference_errors(files), *_expression_errors(files, compile_error)]
    if errors:
        raise PolicyError(errors)
    disabled = {id_ for file in files for id_ in file.section("disable")}
    rules = [_rule(raw) for file in files for raw in file.section("rules") if raw["id"] not in disabled]
    if not rules:
        raise SDElementsError(
            "policy",
            f"The policy has no rules ({', '.join(names) or 'no files'}).",
            "Add rules, or the policy 'starter'.",
        )
    waivers = [
        _waiver(raw, file.name, number) for file in files for number, raw in enumerate(file.section("waivers"), 1)
    ]
    return Policy(names, _variables(files, variables), rules, waivers)


class _PolicyFile:
    """The content of a policy file. Its parts can be read once the schema accepts it."""

    def __init__(self, name: str, content: Any) -> None:
        self.name = name
        self._content = content if content is not None else {}

    @property
    def variables(self) -> dict[str, Any]:
        """The variables that the file sets."""
        return dict(self._content.get("vars", {}))

    def section(self, name: str) -> list[Any]:
        """Return a list of the file: 'rules', 'waivers' or 'disable'."""
        return list(self._content.get(name, []))

    def schema_errors(self) -> list[str]:
        """Return the errors that the schema finds."""
        return [self.error(error.location, error.message) for error in schema.errors_in(self._content, "policy")]

    def error(self, location: schema.Location, message: str) -> str:
        """Return a line about an error: file, rule or waiver, field, and what is wrong with the last of them."""
        parts = [self.name]
        section, index = (*location, None, None)[:2]
        if section in ("rules", "waivers") and isinstance(index, int):
            parts.append(f"rule {self._id_of(index)}" if section == "rules" else f"waiver {index + 1}")
            location = location[2:]
        field = SchemaError(location, message).place
        parts += [field] if field else []
        end = "" if message.endswith("?") else "."
        return " ".join(f"{': '.join(parts)} {message}{end}".split())

    def _id_of(self, index: int) -> str:
        rule = self._content["rules"][index]
        id_ = rule.get("id") if isinstance(rule, dict) else None
        return id_ if isinstance(id_, str) and id_ else str(index + 1)


def _rule(raw: dict[str, Any]) -> Rule:
    lists = {"when": _as_list(raw.get("when", [])), "that": _as_list(raw["that"])}
    return Rule(**{"needs": [], "references": [], **raw, **lists})


def _waiver(raw: dict[str, Any], file: str, number: int) -> Waiver:
    """Return a waiver that has lists where a single value is allowed."""
    selected = raw.get("connections")
    return Waiver(
        rules=raw["rules"],
        servers=raw.get("servers"),
        connections=None if selected is None else {name: _as_list(value) for name, value in selected.items()},
        labels=raw.get("labels"),
        reason=raw["reason"],
        owner=raw["owner"],
        expires=raw["expires"],
        file=file,
        number=number,
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _variables(files: list[_PolicyFile], overrides: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for file in files:
        merged.update(file.variables)
    for name in overrides:
        if name not in merged:
            advice = suggestion(name, merged).lstrip("; ") or f"Known variables: {', '.join(merged) or 'none'}."
            raise OptionError(f"policy_vars: {name} is not a variable of the policy.", advice[:1].upper() + advice[1:])
    return {**merged, **overrides}


# ---------------------------------------------------------------------------------------------------------------
# Errors that a schema cannot find


def _reference_errors(files: list[_PolicyFile]) -> Iterator[str]:
    """Find names that are reserved, used twice or unknown, and invalid dates."""
    file_of_rule: dict[str, str] = {}
    for file in files:
        for name in file.variables:
            if name in _RESERVED or name in _WORDS_OF_JINJA:
                yield file.error(("vars", name), "is a reserved name; choose another")
        yield from _rule_errors(file, file_of_rule)
    for file in files:
        for index, id_ in enumerate(file.section("disable")):
            if id_ not in file_of_rule:
                yield file.error(("disable", index), _unknown("rule", id_, file_of_rule))
        yield from _waiver_errors(file, file_of_rule)


def _rule_errors(file: _PolicyFile, file_of_rule: dict[str, str]) -> Iterator[str]:
    """Find repeated ids, and facts that are unknown or given twice. Adds the ids of the file's rules."""
    ids = set()
    for index, raw in enumerate(file.section("rules")):
        other = file_of_rule.setdefault(raw["id"], file.name)
        if other != file.name or raw["id"] in ids:
            yield file.error(("rules", index, "id"), f"is already the id of a rule in {other}; choose another")
        ids.add(raw["id"])
        for field in ("needs", "group_by"):
            for position, path in enumerate(_as_list(raw.get(field, []))):
                place = (field, position) if isinstance(raw[field], list) else (field,)
                fact = path.split(".")[0]
                # Other facts may come from a later release.
                if fact not in _FACTS and suggestion(fact, _FACTS):
                    yield file.error(("rules", index, *place), _unknown("fact", fact, _FACTS))
                whole = [other for other in _as_list(raw[field]) if path.startswith(f"{other}.")]
                if field == "group_by" and whole:
                    yield file.error(("rules", index, *place), f"is part of {whole[0]}: {path}; remove one of them")


def _waiver_errors(file: _PolicyFile, rules: Collection[str]) -> Iterator[str]:
    for index, raw in enumerate(file.section("waivers")):
        for position, id_ in enumerate(raw["rules"]):
            if id_ not in rules:
                yield file.error(("waivers", index, "rules", position), _unknown("rule", id_, rules))
        if not _is_date(raw["expires"]):
            message = f"is not a valid date: {raw['expires']}; use YYYY-MM-DD"
            yield file.error(("waivers", index, "expires"), message)


def _unknown(noun: str, name: str, known: Iterable[str]) -> str:
    return f"is not a known {noun}: {name}{suggestion(name, known)}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _expression_errors(files: list[_PolicyFile], compile_error: _CompileError) -> Iterator[str]:
    variables = {name for file in files for name in file.variables}
    for file in files:
        for index, raw in enumerate(file.section("rules")):
            subject = "item" if "loop" in raw or "group_by" in raw else "connection"
            message = raw.get("message")
            if message is not None:
                error = _message_error(message, {subject, "audited_at", *variables})
                error = error or compile_error(message, subject, is_message=True)
                if error:
                    yield file.error(("rules", index, "message"), error)
            for field in ("when", "loop", "label", "affected", "that"):
                value = raw.get(field)
                if value is None or (field == "loop" and isinstance(value, list)):
                    continue
                for position, expression in enumerate(_as_list(value)):
                    # The loop itself has neither a connection nor an item.
                    error = _syntax_error(expression, None if field == "loop" else subject)
                    error = error or compile_error(expression, subject)
                    if error:
                        place = (field, position) if isinstance(value, list) else (field,)
                        yield file.error(("rules", index, *place), f"({expression!r}) {error}")


# Functions of Ansible and Jinja that a message may use.
_FUNCTIONS = frozenset("cycler dict joiner lookup namespace now q query range".split())


def _message_error(message: str, known: set[str]) -> str | None:
    """Return an error in the template of a message that can be found without values."""
    try:
        tree = Environment().parse(message)  # noqa: S701 (nothing is rendered)
    except TemplateSyntaxError as exc:
        return f"is not a valid template ({str(exc.message).rstrip('.')})"
    unknown = sorted(meta.find_undeclared_variables(tree) - known - _FUNCTIONS)
    if unknown:
        return f"uses {unknown[0]}, which a message does not know{suggestion(unknown[0], known)}"
    return _changing_call(tree)


# Methods of lists, mappings and sets. Strings have none of these names.
_CHANGING_METHODS = frozenset(
    "add append clear difference_update discard extend insert intersection_update pop popitem remove reverse "
    "setdefault sort symmetric_difference_update update".split()
)
# The end of the parser's message about a single '='.
_ASSIGNMENT = "got '='"
_WHERE_DEFINED = {
    "connection": "in a rule without loop and group_by; use item or connections here",
    "item": "in a rule with loop or group_by, outside the loop itself",
    "loop": "in templates with a loop of their own",
}


def _syntax_error(expression: str, subject: str | None) -> str | None:
    """Return an error that can be found without variables, filters and tests."""
    try:
        tree = _parse(expression)
    except TemplateSyntaxError as exc:
        if "{{" in expression or "{%" in expression:
            advice = "; remove the braces"
        else:
            advice = "; did you mean ==?" if str(exc.message).endswith(_ASSIGNMENT) else ""
        return f"is not a valid expression ({str(exc.message).rstrip('.')}){advice}"
    names = {one.name for one in nodes.Output([tree]).find_all(nodes.Name)}
    for name, where in _WHERE_DEFINED.items():
        if name in names and name != subject:
            return f"uses {name}, which is defined only {where}"
    return _changing_call(nodes.Output([tree]))


def _changing_call(tree: nodes.Node) -> str | None:
    for call in tree.find_all(nodes.Call):
        method = _method_of(call)
        if method in _CHANGING_METHODS:
            return f"calls {method}(), which changes the facts for the rules that follow; use a filter"
    return None


def _method_of(call: nodes.Call) -> str | None:
    """Return the name of the method that is called, as in x.name() or x['name']()."""
    if isinstance(call.node, nodes.Getattr):
        return call.node.attr
    if isinstance(call.node, nodes.Getitem) and isinstance(call.node.arg, nodes.Const):
        return str(call.node.arg.value)
    return None


def _parse(expression: str) -> nodes.Expr:
    parser = Parser(Environment(), expression, state="variable")  # noqa: S701 (nothing is rendered)
    tree = parser.parse_expression()
    if not parser.stream.eos:
        rest = f", {_ASSIGNMENT}" if parser.stream.current.type == "assign" else ""
        raise TemplateSyntaxError(f"unexpected text after its end{rest}", parser.stream.current.lineno)
    return tree
