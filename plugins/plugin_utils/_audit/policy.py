# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: validate and merge the files of a policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...module_utils._errors import OptionError, SDElementsError
from .._render.text import escape_line, sentence
from .model import JOINED_FACTS, Disabled, Override, Policy, PolicyTest, Rule, Selection, Waiver
from .policy_checks import CompileError, PolicyFile, as_list, changed_rule, errors_of, strictest_limits, type_errors
from .schema import suggestion

STARTER = "starter"
STARTER_FILE = Path(__file__).with_name("data") / "starter_policy.yml"
# The policies of this collection, by the names that users write instead of a file's.
FILES = {STARTER: STARTER_FILE, "starter_tests": STARTER_FILE.with_name("starter_policy_tests.yml")}


class PolicyError(SDElementsError):
    """The policy is invalid. The message has a line for each error."""

    def __init__(self, errors: list[str]) -> None:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        lines = [f"Invalid policy ({count}):", *(escape_line(error, 2000) for error in errors)]
        super().__init__("policy", "\n".join(lines))


def load_policy(
    names: list[str],
    read: Callable[[str], Any],
    variables: dict[str, Any],
    compile_error: CompileError = lambda expression, name, *, is_message=False: None,
    selection: Selection | None = None,
) -> Policy:
    """Return the policy of these files, with the variables of the task. 'read' returns the content of a file."""
    files = [PolicyFile(name, read(name)) for name in names]
    errors = [error for file in files for error in file.schema_errors()]
    if not errors:
        errors = list(errors_of(files, compile_error))
    if errors:
        raise PolicyError(errors)
    disabled = {id_ for file in files for id_ in file.section("disable")}
    rules = [
        _rule(raw, file.name, files) for file in files for raw in file.section("rules") if raw["id"] not in disabled
    ]
    if not rules:
        raise SDElementsError(
            "policy",
            f"The policy has no rules ({', '.join(names) or 'no files'}).",
            "Add rules, or the policy 'starter'.",
        )
    selected = _select(rules, selection or Selection())
    return Policy(
        names=names,
        variables=_variables(files, variables),
        task_variables=variables,
        rules=selected,
        disabled=[Disabled(rule=id_, file=file.name) for file in files for id_ in file.section("disable")],
        not_selected=[rule.id for rule in rules if rule not in selected],
        waivers=[
            _waiver(raw, file.name, number) for file in files for number, raw in enumerate(file.section("waivers"), 1)
        ],
        limits=strictest_limits(files),
        vacuous="fail" if any(file.value("vacuous") == "fail" for file in files) else "warn",
        tests=[_test(raw, file.name, number) for file in files for number, raw in enumerate(file.section("tests"), 1)],
    )


def _rule(raw: dict[str, Any], name: str, files: list[PolicyFile]) -> Rule:
    fields = changed_rule(raw, files)
    overrides = [
        Override(file=file.name, fields=sorted(file.mapping("override")[raw["id"]]))
        for file in files
        if raw["id"] in file.mapping("override")
    ]
    lists = {"when": as_list(fields.get("when", [])), "that": as_list(fields["that"]), "overridden": overrides}
    empty: dict[str, Any] = {"needs": [], "references": [], "tags": [], "controls": {}, "was": []}
    return Rule(**{**empty, **fields, **lists, "file": name})


def _waiver(raw: dict[str, Any], file: str, number: int) -> Waiver:
    """Return a waiver that has lists where a single value is allowed."""
    selected = raw.get("connections")
    return Waiver(
        rules=raw["rules"],
        servers=raw.get("servers"),
        connections=None if selected is None else {name: as_list(value) for name, value in selected.items()},
        labels=raw.get("labels"),
        reason=raw["reason"],
        owner=raw["owner"],
        expires=raw["expires"],
        file=file,
        number=number,
    )


def _test(raw: dict[str, Any], file: str, number: int) -> PolicyTest:
    connections = raw["connections"] if "connections" in raw else [raw.get("connection", {})]
    others = {name: raw[name] for name in JOINED_FACTS if name in raw}
    expected, variables = as_list(raw["expect"]), raw.get("vars", {})
    earlier = {name: raw.get(name) for name in ("previous", "baseline")}
    return PolicyTest(file, number, raw["rule"], connections, others, variables, expected, **earlier)


def _select(rules: list[Rule], selection: Selection) -> list[Rule]:
    """Return the rules that an audit selects by their ids and tags."""
    known = {"rules": [rule.id for rule in rules], "tags": sorted({tag for rule in rules for tag in rule.tags})}
    for option, names, of in (
        ("rules", selection.rules, "rules"),
        ("skip_rules", selection.skip_rules, "rules"),
        ("rule_tags", selection.tags, "tags"),
    ):
        for name in names:
            if name not in known[of]:
                advice = suggestion(name, known[of]).lstrip("; ") or f"known {of}: {', '.join(known[of]) or 'none'}."
                problem = "no rule of the policy has the tag {}" if of == "tags" else "{} is not a rule of the policy"
                raise OptionError(f"{option}: {problem.format(name)}.", advice[:1].upper() + advice[1:])
    selected = [
        rule
        for rule in rules
        if rule.id not in selection.skip_rules
        and (not selection.rules or rule.id in selection.rules)
        and (not selection.tags or set(rule.tags) & set(selection.tags))
    ]
    if not selected:
        raise OptionError("rules, skip_rules and rule_tags do not select any rule.", "Remove one of them.")
    return selected


def _variables(files: list[PolicyFile], overrides: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for file in files:
        merged.update(file.mapping("vars"))
    for name in overrides:
        if name not in merged:
            advice = suggestion(name, merged).lstrip("; ") or f"Known variables: {', '.join(merged) or 'none'}."
            raise OptionError(f"policy_vars: {name} is not a variable of the policy.", advice[:1].upper() + advice[1:])
    error = next(type_errors(overrides, files), None)
    if error:
        raise OptionError(sentence(f"policy_vars: {error}"))
    return {**merged, **overrides}
