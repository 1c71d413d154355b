# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: find errors in a policy that a schema cannot find."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple, Protocol

from .._render.text import sentence
from . import schema
from .expressions import (
    PRIVATE,
    compared_kinds,
    expression_error,
    facts_in,
    message_error,
    names_in,
    resource_of_items,
    strings_in,
)
from .model import JOINED_FACTS, KINDS, AuditedFacts, Facts, Policy, Rule, WaiverLimits
from .schema import SchemaError, close_matches, suggestion

# Expressions can use these in addition to the variables of the policy and of the play.
_RESERVED = ("connection", "previous", "item", "connections", "projects", "connectors", "audited_at", "baseline")
_WORDS_OF_JINJA = frozenset("and else false if in is none not or true context loop self".split()) | set(keyword.kwlist)

# The facts that a rule may need. Later releases of SD Elements may add others.
FACTS = (
    "id kind alias project connector system system_id system_short_name frequency command server validate_certs params "
    "params_visible secrets_set inaccessible in_progress debug_mode last_job project_facts connector_facts"
).split()
# A report does not contain the facts of projects and connectors.
PREVIOUS_FACTS = [name for name in FACTS if name not in JOINED_FACTS.values()]
BASELINE_FACTS = [*PREVIOUS_FACTS, "removed"]
SERVER_FACTS = "state scheme host port path url".split()
JOB_FACTS = "id last_run succeeded ready automatic result_message user".split()
PROJECT_FACTS = (
    "id name slug url application archived profile parent tags description created updated locked custom_attributes "
    "users groups creator"
).split()
CONNECTOR_FACTS = (
    "id kind name system system_id system_short_name server validate_certs params params_visible secrets_set "
    "inaccessible"
).split()
_FACTS_OF = {"projects": PROJECT_FACTS, "connectors": CONNECTOR_FACTS}

# Characters of an invalid expression.
_MAX_SHOWN = 500
_EXPRESSIONS = ("when", "loop", "label", "affected", "identity", "that")


class CompileError(Protocol):
    """Returns why an expression or a message about a value with this name cannot be compiled, or None."""

    def __call__(self, expression: str, name: str, *, is_message: bool = False) -> str | None:
        """Return the error in words that follow the expression."""


class PolicyFile:
    """The content of a policy file. Its parts can be read once the schema accepts it."""

    def __init__(self, name: str, content: Any) -> None:
        self.name = name
        self._content = content if content is not None else {}

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a mapping of the file, such as 'vars'."""
        return dict(self._content.get(name, {}))

    def section(self, name: str) -> list[Any]:
        """Return a list of the file: 'rules', 'waivers', 'disable' or 'tests'."""
        return list(self._content.get(name, []))

    def value(self, name: str) -> Any:
        """Return a value of the file, or None."""
        return self._content.get(name)

    def schema_errors(self) -> list[str]:
        """Return the errors that the schema finds."""
        return [self.error(error.location, error.message) for error in schema.errors_in(self._content, "policy")]

    def error(self, location: schema.Location, message: str) -> str:
        """Return a line about an error: file, rule or waiver, field, and what is wrong with the last of them."""
        parts = [self.name]
        section, index = (*location, None, None)[:2]
        if section in ("rules", "waivers", "tests") and isinstance(index, int):
            parts.append(f"rule {self._id_of(index)}" if section == "rules" else f"{str(section)[:-1]} {index + 1}")
            location = location[2:]
        field = SchemaError(location, message).place
        parts += [field] if field else []
        return sentence(" ".join(f"{': '.join(parts)} {message}".split()))

    def _id_of(self, index: int) -> str:
        rule = self._content["rules"][index]
        id_ = rule.get("id") if isinstance(rule, dict) else None
        return id_ if isinstance(id_, str) and id_ else str(index + 1)


class _Fields(NamedTuple):
    """The fields of a rule, or those that another file changes, and where they are."""

    file: PolicyFile
    location: schema.Location
    subject: str
    fields: dict[str, Any]

    def error(self, place: schema.Location, message: str) -> str:
        return self.file.error((*self.location, *place), message)

    def expressions(self) -> Iterator[tuple[schema.Location, str, str | None]]:
        """Yield each expression with its place, and the name of the value that it is about."""
        for field in _EXPRESSIONS:
            value = self.fields.get(field)
            if value is None or (field == "loop" and isinstance(value, list)):
                continue
            for position, expression in enumerate(as_list(value)):
                # The loop itself has neither a connection nor an item.
                subject = None if field == "loop" else self.subject
                yield (field, position) if isinstance(value, list) else (field,), expression, subject


def as_list(value: Any) -> list[Any]:
    """Return a list of a value that may be one."""
    return value if isinstance(value, list) else [value]


def changed_rule(rule: dict[str, Any], files: list[PolicyFile]) -> dict[str, Any]:
    """Return a rule as later files override it."""
    changed = dict(rule)
    for file in files:
        changes = file.mapping("override").get(rule["id"], {})
        if "when" in changes:
            # It applied to the former conditions.
            changed.pop("may_apply_to_nothing", None)
        changed.update(changes)
    return changed


def errors_of(files: list[PolicyFile], compile_error: CompileError) -> Iterator[str]:
    """Find all errors: names, types of variables, expressions, waivers and tests."""
    rules: dict[str, dict[str, Any]] = {}
    file_of_rule: dict[str, str] = {}
    for file in files:
        yield from _variable_errors(file, files)
        yield from _rule_errors(file, file_of_rule)
        rules.update({raw["id"]: raw for raw in file.section("rules")})
    earlier: set[str] = set()
    former: dict[str, str] = {}
    for file in files:
        yield from _unknown_rules(file, rules, earlier)
        yield from _former_ids(file, rules, former)
        earlier |= {raw["id"] for raw in file.section("rules")}
        yield from _waiver_errors(file, rules, files)
        yield from _test_errors(file, rules, files)
    fields = list(_all_fields(files, rules))
    variables = {name for file in files for name in file.mapping("vars")}
    errors = [error for one in fields for error in _expression_errors(one, compile_error, variables)]
    # The variables of an invalid expression are unknown.
    yield from errors or _unread_variables(files, fields)


def _all_fields(files: list[PolicyFile], rules: dict[str, dict[str, Any]]) -> Iterator[_Fields]:
    for file in files:
        for index, raw in enumerate(file.section("rules")):
            yield _Fields(file, ("rules", index), _subject_of(raw), raw)
        for id_, changes in file.mapping("override").items():
            if id_ in rules:
                yield _Fields(file, ("override", id_), _subject_of(rules[id_]), changes)


def _subject_of(rule: dict[str, Any]) -> str:
    return "item" if "loop" in rule or "group_by" in rule else "connection"


# ---------------------------------------------------------------------------------------------------------------
# Variables


def _variable_errors(file: PolicyFile, files: list[PolicyFile]) -> Iterator[str]:
    known = {name for one in files for name in one.mapping("vars")}
    for name in file.mapping("vars"):
        if _is_reserved(name):
            yield file.error(("vars", name), "is a reserved name; choose another")
    for name in file.mapping("vars_schema"):
        if name not in known:
            yield file.error(("vars_schema", name), _unknown("variable", name, known))
    for error in type_errors(file.mapping("vars"), files):
        yield file.error(("vars", *error.location), error.message)


def _is_reserved(name: str) -> bool:
    return name in _RESERVED or name in _WORDS_OF_JINJA or name.startswith(PRIVATE)


def type_errors(variables: dict[str, Any], files: list[PolicyFile]) -> Iterator[SchemaError]:
    """Find values that have another form than the files say."""
    forms = {name: form for file in files for name, form in file.mapping("vars_schema").items()}
    for name, value in variables.items():
        # The purpose of a variable is longer than a message.
        form = {key: of for key, of in forms.get(name, {}).items() if key != "description"}
        yield from schema.errors_by(value, form, (name,))


def _unread_variables(files: list[PolicyFile], fields: list[_Fields]) -> Iterator[str]:
    """Find variables that no rule reads, because their names are misspelt."""
    read: set[str] = set()
    strings: set[str] = set()
    for one in fields:
        for _place, expression, _subject in one.expressions():
            read |= names_in(expression)
            strings |= strings_in(expression)
        read |= names_in(one.fields.get("message", ""), is_message=True)
    for file in files:
        for name in file.mapping("vars"):
            if name not in read | strings and not _is_reserved(name):
                advice = suggestion(name, read - set(_RESERVED)) or "; remove it"
                yield file.error(("vars", name), f"is not used by any rule{advice}")


# ---------------------------------------------------------------------------------------------------------------
# Names


def _rule_errors(file: PolicyFile, file_of_rule: dict[str, str]) -> Iterator[str]:
    """Find repeated ids, and facts that are unknown or given twice. Adds the ids of the file's rules."""
    ids = set()
    for index, raw in enumerate(file.section("rules")):
        other = file_of_rule.setdefault(raw["id"], file.name)
        if other != file.name or raw["id"] in ids:
            yield file.error(("rules", index, "id"), f"is already the id of a rule in {other}; choose another")
        ids.add(raw["id"])
        for field in ("needs", "group_by"):
            for position, path in enumerate(as_list(raw.get(field, []))):
                place = (field, position) if isinstance(raw[field], list) else (field,)
                fact = path.split(".")[0]
                # Other facts may come from a later release.
                if fact not in FACTS and suggestion(fact, FACTS):
                    yield file.error(("rules", index, *place), _unknown("fact", fact, FACTS))
                whole = [other for other in as_list(raw[field]) if path.startswith(f"{other}.")]
                if field == "group_by" and whole:
                    yield file.error(("rules", index, *place), f"is part of {whole[0]}: {path}; remove one of them")


def _unknown_rules(file: PolicyFile, rules: Collection[str], earlier: Collection[str]) -> Iterator[str]:
    """Find ids that are not those of rules, or of earlier rules."""
    for index, id_ in enumerate(file.section("disable")):
        if id_ not in rules:
            yield file.error(("disable", index), _unknown("rule", id_, rules))
    for id_ in file.mapping("override"):
        if id_ not in rules:
            yield file.error(("override", id_), _unknown("rule", id_, rules))
        elif id_ not in earlier:
            yield file.error(("override", id_), "is not a rule of an earlier file; change the rule itself")


def _former_ids(file: PolicyFile, rules: Collection[str], rule_of: dict[str, str]) -> Iterator[str]:
    """Find former ids that are those of rules, or of several rules. Adds the former ids of the file's rules."""
    for index, raw in enumerate(file.section("rules")):
        for position, id_ in enumerate(raw.get("was", [])):
            if id_ in rules:
                yield file.error(("rules", index, "was", position), f"is the id of a rule: {id_}; remove it")
            elif rule_of.setdefault(id_, raw["id"]) != raw["id"]:
                message = f"is also a former id of {rule_of[id_]}: {id_}; remove one of them"
                yield file.error(("rules", index, "was", position), message)


def _unknown(noun: str, name: str, known: Iterable[str]) -> str:
    return f"is not a known {noun}: {name}{suggestion(name, known)}"


# ---------------------------------------------------------------------------------------------------------------
# Waivers


def _waiver_errors(file: PolicyFile, rules: dict[str, dict[str, Any]], files: list[PolicyFile]) -> Iterator[str]:
    waivable = {id_: changed_rule(raw, files).get("waivable", True) for id_, raw in rules.items()}
    for index, raw in enumerate(file.section("waivers")):
        for position, id_ in enumerate(raw["rules"]):
            place = ("waivers", index, "rules", position)
            if id_ not in rules:
                yield file.error(place, _unknown("rule", id_, rules))
            elif not waivable[id_]:
                yield file.error(place, f"is not waivable: {id_}; correct the findings instead")
            else:
                reason = _reason_to_never_match(raw, rules[id_])
                if reason:
                    yield file.error(("waivers", index), f"can never match a finding of {id_}: {reason}")
        error = _date_error(raw["expires"], strictest_limits(files).longest_days)
        if error:
            yield file.error(("waivers", index, "expires"), error)


def _reason_to_never_match(waiver: dict[str, Any], rule: dict[str, Any]) -> str | None:
    has_items = _subject_of(rule) == "item"
    if "labels" in waiver and not has_items:
        return "the rule has no labels; use connections"
    if "connections" in waiver and "loop" in rule and "affected" not in rule:
        return "its items have no connections; use labels"
    return None


def strictest_limits(files: list[PolicyFile]) -> WaiverLimits:
    """Return the limits of all files: a later file cannot relax those of an earlier one."""
    limits = [WaiverLimits(**file.mapping("waiver_limits")) for file in files]
    return WaiverLimits(
        longest_days=min((one.longest_days for one in limits if one.longest_days is not None), default=None),
        notice_days=max((one.notice_days for one in limits), default=WaiverLimits().notice_days),
        unused="fail" if any(one.unused == "fail" for one in limits) else "warn",
    )


def _date_error(text: str, longest_days: int | None) -> str | None:
    try:
        last_day = date.fromisoformat(text)
    except ValueError:
        return f"is not a valid date: {text}; use YYYY-MM-DD"
    today = datetime.now(timezone.utc).date()
    if longest_days is not None and last_day > today + timedelta(days=longest_days):
        return f"is more than {longest_days} days from today: {text}; the limit is waiver_limits.longest_days"
    return None


# ---------------------------------------------------------------------------------------------------------------
# Tests


def _test_errors(file: PolicyFile, rules: Collection[str], files: list[PolicyFile]) -> Iterator[str]:
    """Find rules, variables and facts that are unknown, and values of another form."""
    variables = {name for one in files for name in one.mapping("vars")}
    for index, test in enumerate(file.section("tests")):
        if test["rule"] not in rules:
            yield file.error(("tests", index, "rule"), _unknown("rule", test["rule"], rules))
        for name in test.get("vars", {}):
            if name not in variables:
                yield file.error(("tests", index, "vars", name), _unknown("variable", name, variables))
        for wrong_type in type_errors(test.get("vars", {}), files):
            yield file.error(("tests", index, "vars", *wrong_type.location), wrong_type.message)
        for error in _misspelt_facts(test):
            yield file.error(("tests", index), error)


def _misspelt_facts(test: dict[str, Any]) -> Iterator[str]:
    """Find names that resemble those of facts. Other names may come from a later release, except in a server."""
    of_baseline = test.get("baseline", {}).get("connections", ())
    earlier = [("previous.", test.get("previous") or {}, PREVIOUS_FACTS)]
    earlier += [("baseline.connections.", one, BASELINE_FACTS) for one in of_baseline]
    for prefix, facts, known in (
        *(table for one in test.get("connections", [test.get("connection", {})]) for table in _tables_of(one, FACTS)),
        *((f"{place}{prefix}", *table) for place, one, names in earlier for prefix, *table in _tables_of(one, names)),
        *((f"{name}.", one, known) for name, known in _FACTS_OF.items() for one in test.get(name) or ()),
    ):
        for name in facts if isinstance(facts, dict) else ():
            if name not in known and (suggestion(name, known) or known is SERVER_FACTS):
                yield f"has an unknown fact: {prefix}{name}{suggestion(name, known)}"


def _tables_of(connection: Facts, known: list[str]) -> Iterator[tuple[str, Any, list[str]]]:
    """Yield the facts of a connection and those below it, with the known names."""
    yield "", connection, known
    yield "server.", connection.get("server"), SERVER_FACTS
    yield "last_job.", connection.get("last_job"), JOB_FACTS
    for name, fact in JOINED_FACTS.items():
        yield f"{fact}.", connection.get(fact), _FACTS_OF[name]


# ---------------------------------------------------------------------------------------------------------------
# Expressions


def _expression_errors(one: _Fields, compile_error: CompileError, variables: set[str]) -> Iterator[str]:
    message = one.fields.get("message")
    if message is not None:
        of_subject = {"connection", "previous"} if one.subject == "connection" else {one.subject}
        error = message_error(message, {*of_subject, "audited_at", *variables})
        error = error or compile_error(message, one.subject, is_message=True)
        if error:
            yield one.error(("message",), error)
    for place, expression, subject in one.expressions():
        error = expression_error(expression, subject)
        error = error or compile_error(expression, one.subject) or _kind_error(expression)
        error = error or _name_error(expression, {*_RESERVED, *variables}) or _baseline_error(expression)
        if error:
            yield one.error(place, f"({expression[:_MAX_SHOWN]!r}) {error}")


def _name_error(expression: str, known: set[str]) -> str | None:
    """Return an error if a name resembles a known one. Other names may be variables of the play."""
    for name in sorted(names_in(expression) - known):
        if close_matches(name, known):
            return f"uses {name}, which the policy does not set{suggestion(name, known)}"
    return None


def _baseline_error(expression: str) -> str | None:
    """Return an error if the baseline has no such fact. A default would hide it."""
    known = ("kinds", "connections")
    unknown = sorted({one.names[0] for one in facts_in(expression, variable="baseline")}.difference(known))
    if not unknown:
        return None
    return f"uses baseline.{unknown[0]}, which does not exist{suggestion(unknown[0], known)}"


def _kind_error(expression: str) -> str | None:
    unknown = sorted(compared_kinds(expression) - set(KINDS))
    return f"compares a kind with {unknown[0]!r}; use {' or '.join(map(repr, KINDS))}" if unknown else None


# ---------------------------------------------------------------------------------------------------------------
# Facts of the audited connections


def unknown_facts(policy: Policy, facts: AuditedFacts) -> Iterator[str]:
    """Find names of facts that neither this collection nor the audited facts know. Guarded names may be absent."""
    connections = facts.connections
    known = dict.fromkeys((*FACTS, *(name for one in connections for name in one)))
    params = dict.fromkeys(name for one in connections for name in one["params"])
    jobs = [one["last_job"] for one in connections if isinstance(one.get("last_job"), dict)]
    others = {
        name: dict.fromkeys((*_FACTS_OF[name], *(fact for one in getattr(facts, name) or () for fact in one)))
        for name in _FACTS_OF
    }
    below = {
        "server": SERVER_FACTS,
        "last_job": dict.fromkeys((*JOB_FACTS, *(name for job in jobs for name in job))),
        **{JOINED_FACTS[name]: known for name, known in others.items()},
    }
    for rule in policy.rules:
        place = f"{rule.file}: rule {rule.id}"
        for name in sorted(_names_of_facts(rule) - set(known)):
            yield f"{place}: connection.{name} is not a known fact{suggestion(name, known)}"
        for parent, name in sorted(_nested_names_of_facts(rule, below)):
            yield f"{place}: connection.{parent}.{name} is not a known fact{suggestion(name, below[parent])}"
        for path, of_previous in _unknown_facts_of_previous(rule, known, below):
            yield f"{place}: previous.{path} is not a known fact{suggestion(path.split('.')[-1], of_previous)}"
        resource = resource_of_items(rule.loop) if isinstance(rule.loop, str) else None
        if resource:
            of_items = [*others[resource], "connections"]
            for name in sorted({names[0] for names in _facts_of(rule, "item")} - set(of_items)):
                yield f"{place}: item.{name} is not a known fact of {resource}{suggestion(name, of_items)}"
        for need in rule.needs:
            name = need.removeprefix("params.").split(".")[0]
            if need.startswith("params.") and name not in params and suggestion(name, params):
                yield f"{place}: needs: no connection has {need}{suggestion(name, params)}"


def _unknown_facts_of_previous(
    rule: Rule, known: Collection[str], below: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the unknown facts of 'previous' that a rule reads, with the known ones. Others are not saved."""
    saved = [name for name in known if name not in JOINED_FACTS.values()]
    for names in sorted(_facts_of(rule, "previous")):
        if names[0] not in saved:
            yield names[0], saved
        elif len(names) > 1 and names[1] not in below.get(names[0], names[1:]):
            yield ".".join(names[:2]), below[names[0]]


def _facts_of(rule: Rule, variable: str = "connection") -> set[tuple[str, ...]]:
    """Return the facts of a variable that a rule reads and does not guard."""
    expressions = [*rule.when, *rule.that, *filter(None, (rule.label, rule.affected, rule.identity))]
    found = [one for expression in expressions for one in facts_in(expression, variable=variable)]
    found += facts_in(rule.message, is_message=True, variable=variable) if rule.message else []
    guarded = {one.names[:2] for one in found if one.is_guarded}
    return {one.names for one in found if guarded.isdisjoint([one.names[:1], one.names[:2]])}


def _names_of_facts(rule: Rule) -> set[str]:
    return {names[0] for names in _facts_of(rule)} | {need.split(".")[0] for need in rule.needs}


def _nested_names_of_facts(rule: Rule, known: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
    paths = _facts_of(rule) | {tuple(path.split(".")) for path in (*rule.needs, *rule.grouping)}
    return {
        (names[0], names[1])
        for names in paths
        if len(names) > 1 and names[0] in known and names[1] not in known[names[0]]
    }
