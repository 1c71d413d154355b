# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the policy of an audit, read from its files, checked and merged."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit import schema as _audit_schema
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._audit.schema import closest

STARTER = "starter"
STARTER_FILE = Path(__file__).with_name("data") / "starter_policy.yml"

SEVERITIES = ("info", "low", "medium", "high", "critical")

# What expressions know beside the variables of the policy and of the play.
RESERVED = ("connection", "item", "connections", "audited_at")
_WORDS_OF_JINJA = frozenset("and else false if in is none not or true context loop self".split()) | set(keyword.kwlist)

# The facts that a rule may need; a release of SD Elements to come may add others.
FACTS = (
    "id kind alias project connector system system_id system_short_name frequency command server validate_certs params "
    "inaccessible in_progress debug_mode last_job"
).split()


class PolicyError(SDElementsError):
    """The policy has mistakes, each of which is a line."""

    def __init__(self, mistakes: list[str]) -> None:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__("policy", "\n".join([f"The policy has {count}:", *mistakes]))


class Rule(NamedTuple):
    """What must hold for each connection, or for each item of a loop. Expressions are Ansible's conditionals."""

    id: str
    title: str
    description: str | None
    severity: str
    when: list[str]
    that: list[str]
    needs: list[str]
    loop: str | list[Any] | None
    label: str
    affected: str | None
    remediation: str | None
    references: list[str]

    @property
    def subject(self) -> str:
        """What its expressions call the thing that they judge."""
        return "connection" if self.loop is None else "item"


class Waiver(NamedTuple):
    """An exception that somebody answers for, until a day."""

    rules: list[str]
    connections: dict[str, list[Any]] | None
    labels: list[str] | None
    reason: str
    owner: str
    expires: str
    file: str


class Policy(NamedTuple):
    """All policy files in one."""

    names: list[str]
    variables: dict[str, Any]
    rules: list[Rule]
    waivers: list[Waiver]


def load(
    names: list[str],
    read: Callable[[str], Any],
    variables: dict[str, Any],
    problem_of: Callable[[str, str], str | None] = lambda expression, subject: None,
) -> Policy:
    """The policy of these files, with the variables of the task.

    'read' gives what a file holds, as plain values; 'problem_of' says what keeps an expression from being compiled.
    """
    files = [
        _File(name, content if content is not None else {}) for name, content in ((name, read(name)) for name in names)
    ]
    mistakes = [mistake for file in files for mistake in file.mistakes_of_form()]
    if not mistakes:
        mistakes = [*_mistakes_of_sense(files), *_mistakes_of_expressions(files, problem_of)]
    if mistakes:
        raise PolicyError(mistakes)
    disabled = {id_ for file in files for id_ in file.content.get("disable", [])}
    rules = [rule for file in files for rule in file.rules() if rule.id not in disabled]
    if not rules:
        raise SDElementsError(
            "policy", f"The policy has no rules ({', '.join(names)}).", "Add some, or the policy 'starter'."
        )
    return Policy(names, _variables(files, variables), rules, [waiver for file in files for waiver in file.waivers()])


class _File:
    """A policy file."""

    def __init__(self, name: str, content: Any) -> None:
        self.name = name
        self.content = content

    def mistakes_of_form(self) -> list[str]:
        """What the schema finds."""
        return [self.mistake(*one) for one in _audit_schema.mistakes(self.content, "policy")]

    def mistake(self, path: tuple[str | int, ...], message: str) -> str:
        """A line about a mistake: file, rule or waiver, field, and what is wrong with it."""
        place = [self.name]
        if path[:1] == ("rules",) and len(path) > 1:
            place.append(f"rule {self._id_of(path[1])}")
            path = path[2:]
        elif path[:1] == ("waivers",) and len(path) > 1:
            place.append(f"waiver {path[1] + 1}")
            path = path[2:]
        field = _audit_schema.Mistake(path, message).place
        line = ": ".join([*place, *([field] if field else []), message if message.endswith("?") else f"{message}."])
        return " ".join(line.split())

    def _id_of(self, index: int) -> str:
        rule = self.content["rules"][index]
        id_ = rule.get("id") if isinstance(rule, dict) else None
        return id_ if isinstance(id_, str) and id_ else str(index + 1)

    def raw(self, section: str) -> list[dict[str, Any]]:
        """Rules or waivers as they stand in the file."""
        return self.content.get(section, [])

    def rules(self) -> list[Rule]:
        """Its rules, with what they leave out."""
        return [
            Rule(
                id=raw["id"],
                title=raw["title"],
                description=raw.get("description"),
                severity=raw["severity"],
                when=_listed(raw.get("when", [])),
                that=_listed(raw["that"]),
                needs=raw.get("needs", []),
                loop=raw.get("loop"),
                label=raw.get("label", "item"),
                affected=raw.get("affected"),
                remediation=raw.get("remediation"),
                references=raw.get("references", []),
            )
            for raw in self.raw("rules")
        ]

    def waivers(self) -> list[Waiver]:
        """Its waivers, with lists wherever one value may stand alone."""
        return [
            Waiver(
                rules=raw["rules"],
                connections={key: _listed(value) for key, value in raw["connections"].items()}
                if "connections" in raw
                else None,
                labels=raw.get("labels"),
                reason=raw["reason"],
                owner=raw["owner"],
                expires=raw["expires"],
                file=self.name,
            )
            for raw in self.raw("waivers")
        ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _variables(files: list[_File], overrides: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for file in files:
        merged.update(file.content.get("vars", {}))
    for name in overrides:
        if name not in merged:
            advice = closest(name, merged).lstrip("; ") or f"There are: {', '.join(merged) or 'none'}."
            raise OptionError(f"policy_vars: no policy has a variable {name}.", advice[:1].upper() + advice[1:])
    return {**merged, **overrides}


def _mistakes_of_sense(files: list[_File]) -> Iterator[str]:
    """What no schema finds: names that stand for nothing or for two things, and days that do not exist."""
    places: dict[str, str] = {}
    for file in files:
        for name in file.content.get("vars", {}):
            if name in RESERVED or name in _WORDS_OF_JINJA:
                yield file.mistake(("vars", name), "this name has a meaning of its own in rules; choose another")
        for index, raw in enumerate(file.raw("rules")):
            other = places.setdefault(raw["id"], file.name)
            if other != file.name or any(raw["id"] == before["id"] for before in file.raw("rules")[:index]):
                yield file.mistake(("rules", index, "id"), f"{other} has a rule of this id, too; choose another")
            for position, need in enumerate(raw.get("needs", [])):
                first = need.split(".")[0]
                if first not in FACTS and closest(first, FACTS):
                    yield file.mistake(
                        ("rules", index, "needs", position), f"there is no fact {first}{closest(first, FACTS)}"
                    )
    for file in files:
        for index, id_ in enumerate(file.content.get("disable", [])):
            if id_ not in places:
                yield file.mistake(("disable", index), f"there is no rule {id_}{closest(id_, places)}")
        for index, raw in enumerate(file.raw("waivers")):
            for position, id_ in enumerate(raw["rules"]):
                if id_ not in places:
                    yield file.mistake(
                        ("waivers", index, "rules", position), f"there is no rule {id_}{closest(id_, places)}"
                    )
            if not _is_date(raw["expires"]):
                yield file.mistake(
                    ("waivers", index, "expires"), f"there is no day {raw['expires']}; write one as 2027-01-31"
                )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _mistakes_of_expressions(files: list[_File], problem_of: Callable[[str, str], str | None]) -> Iterator[str]:
    for file in files:
        for index, raw in enumerate(file.raw("rules")):
            subject = "item" if "loop" in raw else "connection"
            for field in ("when", "loop", "label", "affected", "that"):
                value = raw.get(field)
                if value is None or (field == "loop" and isinstance(value, list)):
                    continue
                for position, expression in enumerate(_listed(value)):
                    problem = _problem_with(expression, None if field == "loop" else subject) or problem_of(
                        expression, subject
                    )
                    if problem:
                        place = (field, position) if isinstance(value, list) else (field,)
                        yield file.mistake(("rules", index, *place), f"{expression!r} {problem}")


def _problem_with(expression: str, subject: str | None) -> str | None:
    """What is wrong with an expression that anyone can see without evaluating it."""
    try:
        tree = _parsed(expression)
    except TemplateSyntaxError as exc:
        if "{{" in expression or "{%" in expression:
            cure = "; write it bare, without braces"
        else:
            cure = "; did you mean ==?" if str(exc.message).endswith(_STRAY_ASSIGNMENT) else ""
        return f"is no expression ({str(exc.message).rstrip('.')}){cure}"
    names = {one.name for one in nodes.Output([tree]).find_all(nodes.Name)}
    for name in ("connection", "item"):
        if name in names and name != subject:
            return f"speaks of {name}, which is known only in {_WHERE_KNOWN[name]}"
    return None


# How the parser's complaint ends where a single = stands.
_STRAY_ASSIGNMENT = "got '='"
_WHERE_KNOWN = {
    "connection": "a rule without loop; use item or connections here",
    "item": "a rule with loop, and not in the loop itself",
}


def _parsed(expression: str) -> nodes.Expr:
    parser = Parser(Environment(), expression, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        rest = ", got '='" if parser.stream.current.type == "assign" else ""
        raise TemplateSyntaxError(f"it goes on after its end{rest}", parser.stream.current.lineno)
    return tree
