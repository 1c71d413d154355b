# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: audit connections, check policies and merge reports, each from options to result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from typing import Any

from ansible.template import Templar

from ...module_utils._connections import KINDS
from ...module_utils._connectors import ALM_CONNECTORS, ANALYSIS_CONNECTORS
from ...module_utils._errors import OptionError, SDElementsError, TaskError
from ...module_utils._projects import PROJECTS
from ...module_utils._resource import READ_OPTIONS, Resource
from ...module_utils._server import SERVER_OPTIONS
from .._files import TaskFiles, find_files, read_json
from .._progress import progress_shown
from .._render import write
from .._render.text import escape_line, escape_log_line, sentence
from .baseline import ADVICE as BASELINE_ADVICE, earlier_facts, read_baseline
from .changes import Earlier, baseline_of_rules, diff_of
from .connections import connections_in, endpoint_in, resource_in, server_name, server_url, validate_connections
from .merge import MergeOptions, merge_reports, messages_of_failed, validate_source
from .model import (
    JOINED_FACTS,
    NEVER,
    SEVERITIES,
    AuditedFacts,
    Evaluation,
    Facts,
    Policy,
    Report,
    Selection,
    VerdictOptions,
    key_of,
)
from .policy import FILES, STARTER, PolicyError, load_policy
from .policy_checks import unknown_facts
from .policy_tests import checked_rules, conclusion, run_tests
from .policy_yaml import parse_policy
from .report import (
    MAX_RETURNED,
    Scope,
    build_report,
    first_changes,
    most_severe,
    top_findings,
    warnings_by_rule,
    warnings_of,
    warnings_of_expired_waivers,
)
from .report_checks import ADVICE
from .resources import data_of, joined, resources_read_by, validate_given
from .rules import evaluate_rule, rule_state
from .schema import schema_file
from .templating import Engine

# Validated options, argument specs and results of Ansible.
Options = dict[str, Any]
Result = dict[str, Any]
# Runs the modules of these names, or gathers the resources themselves.
Gather = Callable[[dict[str, Resource]], list[Result]]
# The first values of a list, and the length of the whole list.
_BoundedList = tuple[Sequence[Any], int]

_FAIL_ON = {"type": "str", "choices": [*reversed(SEVERITIES), NEVER]}
_INCONCLUSIVE = {"type": "str", "choices": ["warn", "fail"]}
_KNOWN_FINDINGS = {"type": "str", "choices": ["fail", "accept"]}
_VACUOUS = {"type": "str", "choices": ["warn", "fail"]}
_REPORTS = {"type": "dict", "default": {}, "options": {name: {"type": "path"} for name in write.FORMATS}}
# The environment is not looked at here: modules that gather look at theirs.
_GATHER_ARGUMENTS: Options = {
    name: {key: value for key, value in option.items() if key != "fallback"}
    for name, option in {**SERVER_OPTIONS, **READ_OPTIONS}.items()
}
_MODULES: dict[str, Resource] = {
    **{f"securitycompass.sdelements.sde_{kind}_connection_info": resource for kind, resource in KINDS.items()},
    "securitycompass.sdelements.sde_project_info": PROJECTS,
    "securitycompass.sdelements.sde_alm_connector_info": ALM_CONNECTORS,
    "securitycompass.sdelements.sde_analysis_connector_info": ANALYSIS_CONNECTORS,
}
AUDIT_ARGUMENTS: Options = {
    **_GATHER_ARGUMENTS,
    "kinds": {"type": "list", "elements": "str", "choices": list(KINDS)},
    **{f"include_{name}": {"type": "bool"} for name in JOINED_FACTS},
    "connections": {"type": "raw"},
    **{name: {"type": "raw"} for name in JOINED_FACTS},
    "connections_file": {"type": "path"},
    "policy": {"type": "list", "elements": "str", "default": [STARTER]},
    "policy_vars": {"type": "dict", "default": {}},
    "rules": {"type": "list", "elements": "str", "default": []},
    "skip_rules": {"type": "list", "elements": "str", "default": []},
    "rule_tags": {"type": "list", "elements": "str", "default": []},
    "server": {"type": "str"},
    "baseline": {"type": "path"},
    "fail_on": {**_FAIL_ON, "default": "high"},
    "inconclusive": {**_INCONCLUSIVE, "default": "warn"},
    "known_findings": {**_KNOWN_FINDINGS, "default": "fail"},
    "vacuous": _VACUOUS,
    "reports": _REPORTS,
}
NOT_BOTH = [("connections", "connections_file")]
_FACTS_OPTIONS = (*NOT_BOTH[0], *JOINED_FACTS)
CHECK_ARGUMENTS: Options = {name: AUDIT_ARGUMENTS[name] for name in ("policy", "policy_vars", *_FACTS_OPTIONS)}
MERGE_ARGUMENTS: Options = {
    "report_files": {"type": "list", "elements": "str", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "fail_on": _FAIL_ON,
    "inconclusive": _INCONCLUSIVE,
    "known_findings": _KNOWN_FINDINGS,
    "reports": _REPORTS,
}


def gather_arguments(arguments: Options, resource: Resource) -> Options:
    """Return the unchanged arguments for a module that gathers, and the options that an audit needs."""
    names = {name for option, spec in _GATHER_ARGUMENTS.items() for name in (option, *spec.get("aliases", ()))}
    given = {name: value for name, value in arguments.items() if name in names}
    return {**given, "include_last_job": True} if "include_last_job" in resource.options else given


@contextmanager
def _errors_on_one_line() -> Iterator[None]:
    """Escape the message of an error, which may quote a file or a server: in a log it must not begin a line."""
    try:
        yield
    except PolicyError:  # has a line for each error
        raise
    except SDElementsError as exc:
        exc.args = (escape_line(str(exc), 2000),)
        raise


@_errors_on_one_line()
def audit(
    options: Options,
    files: TaskFiles,
    gather: Gather,
    *,
    templar: Templar,
    task_vars: Options,
    check_mode: bool,
    diff_mode: bool,
) -> Result:
    """Audit connections by a policy, and write the reports."""
    if options["known_findings"] == "accept" and not options["baseline"]:
        raise OptionError("known_findings=accept requires baseline.", "Set it to the JSON report of an earlier audit.")
    name = options["baseline"]
    file = read_baseline(files.read("baseline", name, advice=BASELINE_ADVICE), name) if name else None
    baseline = file.report if file else None
    if options["known_findings"] == "accept" and not baseline:
        raise OptionError(
            f"baseline: {name} contains facts without findings, which known_findings=accept requires.", ADVICE
        )
    policy = _policy(options, files, templar, Selection(options["rules"], options["skip_rules"], options["rule_tags"]))
    facts, endpoint, warnings = _facts(options, files, gather, policy)
    _reject_unknown_facts(policy, facts)
    scope = Scope(
        server=server_name(options["server"] or endpoint),
        url=server_url(options["server"]) or server_url(endpoint),
        kinds=_gathered_kinds(options),
    )
    report = _report(
        policy,
        facts,
        VerdictOptions(
            fail_on=options["fail_on"],
            inconclusive=options["inconclusive"],
            known_findings=options["known_findings"],
            vacuous=options["vacuous"] or policy.vacuous,
            unused_waivers=policy.limits.unused,
        ),
        scope,
        partial(Engine, templar, task_vars),
        baseline=baseline,
        earlier=earlier_facts(file, scope, server_url(endpoint), name) if file else None,
    )
    compared, changes = report["baseline"], report["changes"]
    fixed, not_fixed = (compared["fixed"], compared["not_fixed"]) if compared else ([], [])
    lists: dict[str, _BoundedList] = {
        "findings": (top_findings(report), len(report["findings"])),
        "fixed": (most_severe(fixed), len(fixed)),
        "not_fixed": (most_severe(not_fixed), len(not_fixed)),
        "changes": (first_changes(changes), len(changes["connections"]) if changes else 0),
    }
    result = _result(report, options["reports"], check_mode, warnings + warnings_of(report), lists)
    return {**result, "diff": diff_of(changes)} if diff_mode and changes else result


@_errors_on_one_line()
def check_policy(options: Options, files: TaskFiles, *, templar: Templar, task_vars: Options) -> Result:
    """Check a policy: its form, its names, and its tests. Count what its rules find in connections that are given."""
    policy = _policy(options, files, templar)
    given = _given_facts(options, files)
    facts = given[0] if given else AuditedFacts([])
    # A test knows facts of later releases, but not the parameters of all connections.
    tested_facts = [{**one, "params": {}} for test in policy.tests for one in test.connections]
    others: dict[str, Any] = {
        name: [*(getattr(facts, name) or ()), *(one for test in policy.tests for one in test.others.get(name) or ())]
        for name in JOINED_FACTS
    }
    _reject_unknown_facts(policy, AuditedFacts([*facts.connections, *tested_facts], **others))
    new_engine = partial(Engine, templar, task_vars)
    tested = run_tests(policy, new_engine)
    never = VerdictOptions(NEVER, "warn", "fail", policy.vacuous, policy.limits.unused)
    report = _report(policy, facts, never, Scope(None, None, None), new_engine) if given else None
    return {
        "changed": False,
        **conclusion(policy, tested, warnings_by_rule(report, "error") if report else []),
        "tests": tested.failed,
        "tests_passed": tested.passed,
        "tests_skipped": tested.skipped,
        "rules": checked_rules(policy, report),
        "schema": str(schema_file("policy")),
        "warnings": list(map(escape_log_line, warnings_of(report) if report else warnings_of_expired_waivers(policy))),
    }


@_errors_on_one_line()
def merge(options: Options, check_mode: bool) -> Result:
    """Merge the reports of several servers, and write the reports of all."""
    if not options["report_files"]:
        raise OptionError("report_files is empty.", "Set it to the JSON reports, or to a glob such as reports/*.json.")
    advice = "Use JSON reports of sde_connection_audit that this task can read."
    paths = find_files("report_files", options["report_files"], advice)
    sources = [validate_source(read_json("report_files", path, ADVICE), path) for path in paths]
    servers = [name for name in map(server_name, options["servers"]) if name]
    wanted = MergeOptions(options["fail_on"], options["inconclusive"], options["known_findings"])
    report = merge_reports(sources, servers, wanted)
    # The findings of many servers are too many for a log; the reports have them.
    warnings = [*messages_of_failed(sources), *warnings_of(report)]
    return {
        **_result(report, options["reports"], check_mode, warnings, {}),
        "servers": report["servers"],
        "missing_servers": report["missing_servers"],
    }


def _facts(
    options: Options, files: TaskFiles, gather: Gather, policy: Policy
) -> tuple[AuditedFacts, str | None, list[str]]:
    """Return the facts to audit, the URL that the connections were gathered from, and the warnings about them."""
    given = _given_facts(options, files)
    if given:
        for name in ("kinds", *(f"include_{name}" for name in JOINED_FACTS)):
            if options[name] is not None:
                raise OptionError(
                    f"{name} requires that the task gathers connections.",
                    f"Remove {name}, or connections and connections_file.",
                )
        return *given, []
    if options["kinds"] == []:
        raise OptionError("kinds is an empty list.", f"Use {' or '.join(KINDS)}, or remove kinds to gather both.")
    return _gathered_facts(options["kinds"] or list(KINDS), _wanted(options, policy), gather)


def _given_facts(options: Options, files: TaskFiles) -> tuple[AuditedFacts, str | None] | None:
    """Return the facts that the task has, and the URL that they were gathered from; None without connections."""
    name = options["connections_file"]
    if name == "":
        raise OptionError("connections_file is empty.", "Omit it to gather the connections.")
    if not name and options["connections"] is None:
        for other in JOINED_FACTS:
            if options[other] is not None:
                raise OptionError(f"{other} requires connections or connections_file.", f"Add one, or remove {other}.")
        return None
    content = files.read("connections_file", name) if name else None
    connections = connections_in(content, name) if name else options["connections"]
    given = {one: resource_in(content, one) if options[one] is None else options[one] for one in JOINED_FACTS}
    absent = {one: f"{one} were not supplied with the connections" for one, value in given.items() if value is None}
    others = {one: validate_given(one, value) for one, value in given.items() if value is not None}
    facts = AuditedFacts(validate_connections(connections), others.get("projects"), others.get("connectors"), absent)
    return facts, endpoint_in(content)


def _wanted(options: Options, policy: Policy) -> dict[str, bool]:
    """Return whether to gather projects and connectors: as the task says, or else if the policy reads them."""
    read = resources_read_by(policy)
    return {
        name: name in read if options[f"include_{name}"] is None else options[f"include_{name}"]
        for name in JOINED_FACTS
    }


def _gathered_facts(
    kinds: list[str], wanted: dict[str, bool], gather: Gather
) -> tuple[AuditedFacts, str | None, list[str]]:
    """Gather facts. Without the permission to read projects or connectors, the audit is made without them."""
    modules = {
        module: resource
        for module, resource in _MODULES.items()
        if wanted.get(resource.name, True) and not any(f"_{kind}_" in module for kind in set(KINDS) - set(kinds))
    }
    absent = {name: f"include_{name} is false" for name, is_wanted in wanted.items() if not is_wanted}
    found: dict[str, list[Facts]] = {"connections": [], **{name: [] for name in wanted if name not in absent}}
    warnings: list[str] = []
    results = gather(modules)
    for resource, result in zip(modules.values(), results, strict=True):
        reason = _reason_for_absence(resource, result)
        if reason and resource.name not in absent:
            warnings += [f"Rules about {resource.name} are inconclusive: {reason}."]
        if reason:
            absent[resource.name] = reason
        elif resource.name not in result:
            raise TaskError({name: value for name, value in result.items() if name != "invocation"})
        else:
            found[resource.name] += result[resource.name]
            warnings += result.get("warnings", ())
    return (
        AuditedFacts(
            sorted(found["connections"], key=key_of),
            None if "projects" in absent else found["projects"],
            None if "connectors" in absent else sorted(found["connectors"], key=key_of),
            absent,
        ),
        results[0]["endpoint"],
        warnings,
    )


def _reason_for_absence(resource: Resource, result: Result) -> str | None:
    """Return why an audit can be made without a resource that was not gathered; None if it was, or cannot."""
    if resource.name not in JOINED_FACTS:
        return None
    if (result.get("failure") or {}).get("kind") == "permission":
        return f"the token is not allowed to read {resource.name}"
    if resource.since and resource.name in result and result["endpoint"] is None:
        return f"SD Elements {resource.since.release} introduced {resource.name}"
    return None


def _policy(options: Options, files: TaskFiles, templar: Templar, selection: Selection | None = None) -> Policy:
    return load_policy(
        options["policy"],
        partial(_read_policy, files),
        options["policy_vars"],
        # Compiling an expression needs no variables.
        Engine(templar, {}, {}).compile_error,
        selection,
    )


def _reject_unknown_facts(policy: Policy, facts: AuditedFacts) -> None:
    unknown = list(unknown_facts(policy, facts))
    if unknown:
        raise PolicyError(list(map(sentence, unknown)))


def _read_policy(files: TaskFiles, name: str) -> Any:
    path = str(FILES.get(name, name))
    return files.read("policy", path, partial(parse_policy, name), kind="policy")


def _gathered_kinds(options: Options) -> list[str] | None:
    """Return the kinds that the task gathers completely; None if connections are given."""
    if options["connections"] is not None or options["connections_file"]:
        return None
    return list(options["kinds"] or KINDS)


def _report(
    policy: Policy,
    facts: AuditedFacts,
    options: VerdictOptions,
    scope: Scope,
    new_engine: Callable[..., Engine],
    *,
    baseline: Report | None = None,
    earlier: Earlier | None = None,
) -> Report:
    """Evaluate the policy now, and return the report."""
    audited_at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    progress = _Progress(len(policy.rules))
    seen = joined(facts)
    previous = {key_of(one): one for one in earlier.connections} if earlier else None
    data = {**policy.variables, **data_of(seen), "audited_at": audited_at}
    if earlier:
        data["baseline"] = baseline_of_rules(earlier, facts.connections, scope.kinds)
    engine = new_engine(data, progress.tick, previous)
    states: dict[str, str] = {}
    with progress_shown(progress.__str__):
        return build_report(
            policy,
            facts,
            _evaluations(policy, seen, engine, progress, states),
            options,
            states=states,
            scope=scope,
            audited_at=audited_at,
            baseline=baseline,
            earlier=earlier,
        )


def _evaluations(
    policy: Policy, facts: AuditedFacts, engine: Engine, progress: _Progress, states: dict[str, str]
) -> Iterator[Evaluation]:
    """Yield all evaluations, and set the state of each rule."""
    for rule in policy.rules:
        progress.start(rule.id)
        evaluations = evaluate_rule(rule, facts.connections, engine, facts.absent)
        states[rule.id] = rule_state(rule, evaluations, engine)
        yield from evaluations


def _result(
    report: Report,
    paths: dict[str, str | None],
    check_mode: bool,
    warnings: list[str],
    lists: dict[str, _BoundedList],
) -> Result:
    """Write the reports, and return the keys that both results have. Lists have a limited length."""
    written = [] if check_mode else write.write_reports(report, paths)
    waivers = report["waivers"]
    lists = {**lists, "waivers": (waivers[:MAX_RETURNED], len(waivers))}
    omitted = {name: length - len(values) for name, (values, length) in lists.items()}
    summary = report["summary"]
    return {
        "changed": bool(written),
        "failed": summary["verdict"] == "fail",
        "msg": _message(report, written),
        "verdict": summary["verdict"],
        "verdict_counts": summary["verdict_counts"],
        "failed_by_severity": summary["failed_by_severity"],
        **{name: values for name, (values, _length) in lists.items()},
        **{f"{name}_omitted": number for name, number in omitted.items()},
        "report_files": written,
        "warnings": [
            *map(escape_log_line, warnings),
            *([] if paths.get("json") else _warnings_of_omitted(omitted)),
        ],
    }


def _message(report: Report, written: list[str]) -> str:
    """Return the verdict with what it is based on, and where to read more. It is the last line of a log."""
    policies = f"{'Policy' if len(report['policies']) == 1 else 'Policies'}: {', '.join(report['policies'])}."
    reports = f"Reports: {', '.join(written)}." if written else ""
    return escape_line(" ".join(filter(None, [report["summary"]["message"], policies, reports])), 2000)


def _warnings_of_omitted(numbers: dict[str, int]) -> list[str]:
    """Return a warning about values that only the JSON report contains, by the names of their lists."""
    omitted = [f"{name} ({number} more)" for name, number in numbers.items() if number]
    return [f"Only the JSON report contains all {' and '.join(omitted)}: set reports.json."] if omitted else []


class _Progress:
    """How many evaluations of an audit are done. Another thread may show it at any time."""

    def __init__(self, rules: int) -> None:
        self._rules = rules
        self._number = 0
        self._rule = ""
        self._done = 0

    def __str__(self) -> str:
        return f"Auditing: rule {self._number} of {self._rules} ({self._rule}), evaluation {self._done}"

    def start(self, rule: str) -> None:
        """Start the next rule."""
        self._rule = rule
        self._number += 1
        self._done = 0

    def tick(self) -> None:
        """Count an evaluation."""
        self._done += 1
