# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as one HTML file that needs no other file and no network.

The template writes everything that is readable without JavaScript. The script in the file receives the findings again,
as data, and lets the reader filter their table. Untrusted text is never markup: the template escapes it, the script
makes text nodes of it, and the content security policy of the file forbids all other code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from .._audit.model import (
    CHANGES,
    NEEDS_ATTENTION,
    NEVER,
    NOT_FIXED,
    NOTABLE,
    OUTCOMES,
    SEVERITIES,
    SEVERITY_RANK,
    VERDICTS,
    Baseline,
    Changes,
    ConnectionChange,
    ConnectionEntry,
    Facts,
    Finding,
    Report,
    RuleEntry,
    WaiverEntry,
    change_counts,
    connection_subject,
    findings_by_rule,
    headline,
    importance,
    plain_or_json,
    verdicts_by_control,
)
from .findings import (
    MAX_CHANGED_FACTS,
    RULE_STATES,
    ProjectLabel,
    ProjectLabels,
    overrides,
    task_variables,
    waiver_name,
    waiver_yaml,
)
from .text import escape_block

DATA = Path(__file__).resolve().parent / "data"

# A finding without connections has no system. The brackets distinguish this from the names of systems.
NO_SYSTEM = "(no system)"
UNKNOWN_SYSTEM = "(unknown)"
BLANK = "(blank)"

# Limits without the script: more rows would make the file slow to open.
STATIC_ROWS = 500
STATIC_WAIVERS = 100
FIXED_ROWS = 200
CHANGE_ROWS = 200
SYSTEM_ROWS = 8
PROJECT_HINTS = 200
# The JSON report has the full texts. Names are shorter, because tables and filters show them.
MAX_TEXT = 5_000
MAX_NAME = 300
MAX_OPTION = 60
# Columns of the table, by the names that sort it.
COLUMNS = {
    "severity": "Severity",
    "verdict": "Verdict",
    "rule": "Rule",
    "subject": "Subject",
    "server": "Server",
    "system": "System",
    "project": "Project",
    "baseline": "Baseline",
}
# The next step after a verdict that says nothing about the connection. A failing finding has the rule's remediation.
NEXT_STEPS = {
    "error": "Correct the rule in the policy, or the data that it reads, and audit again.",
    "inconclusive": (
        "If the parameters are hidden, audit with a token whose user may see them. A fact that SD Elements does not "
        "report can only be checked there."
    ),
}
WAIVER_ADVICE = "To accept this until a certain day, fill in and add to the waivers of your policy:"
_Value = TypeVar("_Value")
# JavaScript rounds larger numbers.
MAX_INTEGER = 2**53 - 1


def render(report: Report) -> str:
    """Return the text of an HTML file."""
    style, head, script = (_read(name) for name in ("report.css", "report_head.js", "report.js"))
    statistics = _statistics(report)
    return _template().render(
        _template_variables(report, statistics),
        style=style,
        head=head,
        script=script,
        data=_as_script_data(_script_data(report, statistics)),
        csp=_content_security_policy([style], [head, script]),
    )


@cache
def _read(name: str) -> Markup:
    return Markup((DATA / name).read_text(encoding="utf-8"))  # noqa: S704 (our own file)


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_finalize, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        severities=SEVERITIES,
        verdicts=VERDICTS,
        attention=NEEDS_ATTENTION,
        not_fixed=NOT_FIXED,
        rule_states=RULE_STATES,
        waiver_advice=WAIVER_ADVICE,
    )
    environment.filters.update(name=_name, text=_text)
    return environment.from_string(str(_read("report.html.j2")))


def _content_security_policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return a policy that loads nothing, and runs only the scripts of the file."""
    directives = {
        "default-src": "'none'",
        "style-src": " ".join(map(_hash, styles)),
        "script-src": " ".join(map(_hash, scripts)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# ---------------------------------------------------------------------------------------------------------------
# Texts


def _finalize(value: Any) -> Any:
    """Escape the hidden characters of each text in the template, except the markup of this file."""
    return escape_block(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _text(value: Any, longest: int = MAX_TEXT) -> str:
    text = str(value)
    more = len(text) - longest
    return escape_block(f"{text[:longest]}… ({more:,} more characters in the JSON report)" if more > 0 else text)


def _name(value: Any) -> str:
    text = str(value)
    return escape_block(text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}…")


def _option(value: Any) -> str:
    """Return a name that is short enough for an option of a select element."""
    text = " ".join(escape_block(str(value)).split()) or BLANK
    return text if len(text) <= MAX_OPTION else f"{text[:MAX_OPTION]}…"


def _safe_url(reference: str) -> str | None:
    """Return the reference if it is the URL of a web page, else None."""
    try:
        parts = urlsplit(reference)
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    is_plain = re.fullmatch(r"[!-~]+", reference) and not set(reference) & set("\"'<>\\^`{|}")
    return reference if is_web and is_plain else None


# ---------------------------------------------------------------------------------------------------------------
# Statistics


class _Link(NamedTuple):
    """A text, with the URL of its page if there is one."""

    text: str
    url: str | None


class _ConnectionLabel(NamedTuple):
    """The system and the project of a connection, as the table shows them."""

    system: str
    project: _Link | None


class _Servers:
    """The servers of a report. If there are several, the table has a column for them."""

    def __init__(self, report: Report) -> None:
        self.names = report["servers"]
        self.missing = report.get("missing_servers") or []
        self.are_several = len(self.names) + len(self.missing) > 1
        self.urls = {name: _safe_url(url) for name, url in report["server_urls"].items()}
        self.index_of: dict[str | None, int] = {name: index for index, name in enumerate(self.names)}


class _Statistics(NamedTuple):
    """Numbers and labels of the whole report."""

    servers: _Servers
    facts: dict[str, Facts]  # of a connection, by its key
    index_of: dict[str, int]  # the same
    labels: list[_ConnectionLabel]
    projects: ProjectLabels
    by_severity: dict[str, Counter[str]]
    by_server: dict[str | None, Counter[str]]
    by_system: dict[str, Counter[str]]
    by_rule: dict[str, Counter[str]]
    attention: list[Finding]
    script_rows: _ScriptRows


def _statistics(report: Report) -> _Statistics:
    servers = _Servers(report)
    facts = {connection["key"]: connection["facts"] for connection in report["connections"]}
    index = {connection["key"]: number for number, connection in enumerate(report["connections"])}
    projects = ProjectLabels(report)
    labels = [_label(connection, projects) for connection in report["connections"]]
    by_severity, by_system, by_rule = (defaultdict[str, "Counter[str]"](Counter) for _number in range(3))
    by_server: dict[str | None, Counter[str]] = defaultdict(Counter)
    rows = _ScriptRows(report, servers, index, labels, projects)
    for rule, findings in findings_by_rule(report):
        for finding in findings:
            verdict = finding["verdict"]
            by_severity[finding["severity"]][verdict] += 1
            by_server[finding["server"]][verdict] += 1
            by_rule[rule["id"]][verdict] += 1
            for system in {labels[index[key]].system for key in finding["connections"]} or {NO_SYSTEM}:
                by_system[system][verdict] += 1
            rows.add(finding)
    attention = sorted(
        (finding for finding in report["findings"] if finding["verdict"] in NEEDS_ATTENTION), key=importance
    )
    return _Statistics(
        servers, facts, index, labels, projects, by_severity, by_server, by_system, by_rule, attention, rows
    )


def _label(connection: ConnectionEntry, projects: ProjectLabels) -> _ConnectionLabel:
    facts = connection["facts"]
    params, id_ = facts.get("params"), facts.get("project")
    named = params.get("sde_project") if isinstance(params, dict) else None
    project: _Link | None
    if id_ is not None:
        project = _project_link(projects.label(connection["server"], id_), named)
    else:
        project = _Link(_option(named), None) if named not in (None, "") else None
    return _ConnectionLabel(_option(facts.get("system") or facts.get("system_id") or UNKNOWN_SYSTEM), project)


def _project_link(label: ProjectLabel, named: Any = None) -> _Link:
    """Return the id and the name of a project: its own, or else the one that a parameter of the tool has."""
    parts = [one for one in (label.id, label.name or named) if one not in (None, "")]
    return _Link(" · ".join(map(_option, parts)), label.page and _safe_url(label.page))


# ---------------------------------------------------------------------------------------------------------------
# Variables of the template

_Variables = dict[str, Any]


def _template_variables(report: Report, statistics: _Statistics) -> _Variables:
    summary, servers = report["summary"], statistics.servers
    start = headline(summary["verdict"], servers.names)
    heading = start.removeprefix("SD Elements ")
    message, *errors = summary["message"].removeprefix(f"{start}: ").splitlines()
    rules = {rule["id"]: rule for rule in report["rules"]}
    absent = {"server": len(servers.names) < 2, "baseline": not report["baseline"]}
    columns = {name: label for name, label in COLUMNS.items() if not absent.get(name)}
    projects = sorted({text for text, _url in statistics.script_rows.projects}, key=_project_number)
    return {
        "report": report,
        "summary": summary,
        "outcome": OUTCOMES[summary["verdict"]],
        "heading": f"{heading[:1].upper()}{heading[1:]}",
        "fails_on": _fail_conditions(report),
        "message": message,
        "errors": errors,
        "audited_at": _time(report["audited_at"]),
        "audited_until": _time(report.get("audited_until", report["audited_at"])),
        "servers": servers,
        "columns": columns,
        "orders": {
            "importance": "Most important first",
            "-severity": "Most severe first",
            **{name: f"By {label.lower()}" for name, label in columns.items() if name not in ("severity", "baseline")},
            **({"baseline": "New first"} if report["baseline"] else {}),
        },
        "overall": _bar("All", Counter(summary["verdict_counts"]), {}),
        "by_server": _server_bars(statistics),
        "by_severity": [
            _bar(label, statistics.by_severity[name], {"severity": name}) for name, label in SEVERITIES.items()
        ],
        "by_system": _system_bars(statistics.by_system),
        "changes": _changes(report["baseline"]),
        "changed_facts": _changed_facts(report["changes"], statistics),
        "waivers": [_waiver_row(waiver) for waiver in sorted(report["waivers"], key=_waiver_rank)],
        "rows": [
            _finding_row(finding, rules[finding["rule"]], statistics, has_waiver=number < STATIC_WAIVERS)
            for number, finding in enumerate(statistics.attention[:STATIC_ROWS])
        ],
        "unshown": max(0, len(statistics.attention) - STATIC_ROWS),
        "controls": [
            {**one._asdict(), "cells": _bar("", one.verdicts, None)["cells"]} for one in verdicts_by_control(report)
        ],
        "task_variables": task_variables(report),
        "idle_rules": {
            rule["id"]: RULE_STATES[rule["state"]] for rule in report["rules"] if rule["state"] in RULE_STATES
        },
        "rules": [_rule_row(rule, statistics.by_rule[rule["id"]]) for rule in report["rules"]],
        "systems": sorted(statistics.by_system, key=str.lower),
        "kinds": sorted({str(connection["facts"].get("kind")) for connection in report["connections"]}),
        "projects": projects[:PROJECT_HINTS],
    }


def _fail_conditions(report: Report) -> list[str]:
    summary = report["summary"]
    if summary["fail_on"] == NEVER:
        return ["never"]
    severity = SEVERITIES[summary["fail_on"]].lower()
    found = [severity if severity == "critical" else f"{severity} or higher"]
    if report["baseline"]:
        found.append("new findings only" if summary["known_findings"] == "accept" else "known findings too")
    found += ["rules that match nothing"] if summary["vacuous"] == "fail" else []
    return found + (["unused waivers"] if summary["unused_waivers"] == "fail" else [])


def _server_bars(statistics: _Statistics) -> list[_Variables]:
    """Return a row for each of several servers, first the one with the most findings that need attention."""
    servers, counts = statistics.servers, statistics.by_server
    names = sorted(servers.names, key=lambda name: (-_needing_attention(counts[name]), name))
    return [_bar(name, counts[name], {"server": name}, servers.urls.get(name)) for name in names]


def _system_bars(counts: dict[str, Counter[str]]) -> list[_Variables]:
    systems = sorted(counts, key=lambda system: (-_needing_attention(counts[system]), system.lower()))
    shown, others = (systems, []) if len(systems) <= SYSTEM_ROWS + 1 else (systems[:SYSTEM_ROWS], systems[SYSTEM_ROWS:])
    bars = [_bar(system, counts[system], {"system": system}) for system in shown]
    if others:
        rest = sum((counts[system] for system in others), Counter[str]())
        bars.append(_bar(f"{len(others):,} other systems", rest, None))
    return bars


def _time(text: str) -> str:
    """Return a readable time. An unexpected form is not changed."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:Z|\+00:00)", text)
    return f"{match[1]}, {match[2]} UTC" if match else text


def _project_number(label: str) -> tuple[int, str]:
    number = re.match(r"\d{1,15}", label)
    return (int(number[0]) if number else 0, label)


def _needing_attention(counts: Counter[str]) -> int:
    return sum(counts[verdict] for verdict in NEEDS_ATTENTION)


def _bar(label: str, counts: Counter[str], filters: dict[str, str] | None, url: str | None = None) -> _Variables:
    """Return a row of a chart: counts, the segments of the bar in percent, and links to the findings."""
    total = sum(counts[verdict] for verdict in VERDICTS)
    # One failure among thousands must be visible.
    widths = {verdict: max(100 * counts[verdict] / total, 1) for verdict in VERDICTS if counts[verdict]}
    scale = 100 / sum(widths.values()) if widths else 0
    segments, start = [], 0.0
    for verdict, width in widths.items():
        segments.append({"verdict": verdict, "x": round(start, 2), "width": round(width * scale, 2)})
        start += width * scale
    cells = [
        {
            "verdict": verdict,
            "count": counts[verdict],
            "view": None if filters is None else _view(**filters, verdict=verdict),
        }
        for verdict in VERDICTS
    ]
    return {"label": label, "url": url, "total": total, "cells": cells, "segments": segments}


def _view(**filters: str) -> str:
    """Return a view of the table. The script makes a link of it, which otherwise leads to all findings."""
    # The table has names with escaped surrogates as well.
    return urlencode(filters, quote_via=quote, errors="backslashreplace")


def _changes(baseline: Baseline | None) -> _Variables | None:
    if baseline is None:
        return None
    lists = {name: baseline[name] for name in ("fixed", "not_fixed")}
    return {
        **baseline,
        "since": _time(baseline["audited_at"]),
        **{name: findings[:FIXED_ROWS] for name, findings in lists.items()},
        "counts": {name: len(findings) for name, findings in lists.items()},
    }


def _changed_facts(changes: Changes | None, statistics: _Statistics) -> _Variables | None:
    if changes is None:
        return None
    since = min((one["since"] for one in changes["compared"] if one["since"]), default=None)
    counts = change_counts(changes)
    return {
        "at": since,
        "since": since and _time(since),
        "counts": {name: counts[name] for name in CHANGES},
        "are_complete": all(one["kinds"] for one in changes["compared"]),
        "rows": [_change_row(one, statistics) for one in changes["connections"][:CHANGE_ROWS]],
        "unshown": max(0, len(changes["connections"]) - CHANGE_ROWS),
        "not_compared": [
            {"count": len(one["connections"]), "facts": one["facts"], "reason": one["reason"]}
            for one in changes["not_compared"]
        ],
    }


def _change_row(change: ConnectionChange, statistics: _Statistics) -> _Variables:
    facts = [
        {"name": one["name"], "old": plain_or_json(one["old"]), "new": plain_or_json(one["new"])}
        for one in change["facts"][:MAX_CHANGED_FACTS]
    ]
    id_ = change["project"]
    project = None if id_ is None else _project_link(statistics.projects.label(change["server"], id_))
    return {**change, "project": project, "facts": facts, "omitted": len(change["facts"]) - len(facts)}


def _waiver_rank(waiver: WaiverEntry) -> tuple[bool, bool, bool]:
    """Return a sort key: waivers that need attention come first."""
    return waiver["state"] != "expired", not waiver["ends_soon"], waiver["state"] != "unused"


def _waiver_row(waiver: WaiverEntry) -> _Variables:
    """Return a waiver with its name and a description of its scope."""
    scope = [f"{key}: {_join(value)}" for key, value in (waiver["connections"] or {}).items()]
    scope += [f"{key}: {_join(waiver[key])}" for key in ("servers", "labels") if waiver[key]]
    return {**waiver, "name": waiver_name(waiver), "scope": scope or ["everything"]}


def _join(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _finding_row(finding: Finding, rule: RuleEntry, statistics: _Statistics, *, has_waiver: bool) -> _Variables:
    labels = [statistics.labels[statistics.index_of[key]] for key in finding["connections"]]
    return {
        **finding,
        "title": rule["title"],
        # The default message has the title and the observed values, which the row shows anyway.
        "message": "" if finding["observed"] and not rule["message"] else finding["message"],
        "next_step": NEXT_STEPS.get(finding["verdict"], rule["remediation"]),
        "waiver_text": waiver_yaml(finding, statistics.facts) if has_waiver and rule["waivable"] else None,
        "systems": _unique(label.system for label in labels) or [NO_SYSTEM],
        "projects": _unique(label.project for label in labels if label.project)
        or [_project_link(one) for one in statistics.projects.of(finding)],
    }


def _unique(values: Iterable[_Value]) -> list[_Value]:
    return list(dict.fromkeys(values))


def _rule_row(rule: RuleEntry, counts: Counter[str]) -> _Variables:
    return {
        **rule,
        "links": [{"text": reference, "url": _safe_url(reference)} for reference in rule["references"]],
        "cells": _bar("", counts, None)["cells"],
        "view": _view(rule=_name(rule["id"]), verdict="all"),
        "controls": _controls(rule),
        "overridden": overrides(rule),
    }


def _controls(rule: RuleEntry) -> list[str]:
    return [f"{framework}: {', '.join(controls)}" for framework, controls in rule["controls"].items()]


# ---------------------------------------------------------------------------------------------------------------
# Data of the script


class _ScriptRows:
    """The rows of the table.

    A row has no keys and refers to its rule, connections and texts by index: objects would double the size of the file.
    """

    def __init__(
        self,
        report: Report,
        servers: _Servers,
        index_of: dict[str, int],
        labels: Sequence[_ConnectionLabel],
        projects: ProjectLabels,
    ) -> None:
        self.projects: dict[_Link, int] = {}
        self.project_of = [self._index_of_project(label.project) for label in labels]
        self._labels = projects
        self.rows: list[list[Any]] = []
        self.texts: dict[str, int] = {}
        self.readings: dict[tuple[int, ...], int] = {}
        self.subjects = [connection_subject(connection["facts"]) for connection in report["connections"]]
        self._rules = {rule["id"]: index for index, rule in enumerate(report["rules"])}
        self._ranks = {key: rank for rank, key in enumerate(sorted({importance(one) for one in report["findings"]}))}
        # Findings that fail the audit have the first ranks.
        self.failing_ranks = len({importance(one) for one in report["findings"] if one["fails_audit"]})
        self._verdicts = {verdict: index for index, verdict in enumerate(VERDICTS)}
        self._servers = servers
        self._index_of = index_of

    def add(self, finding: Finding) -> None:
        """Add the row of a finding."""
        connections = [self._index_of[key] for key in finding["connections"]]
        subject = finding["subject"]
        has_own = len(connections) != 1 or self.subjects[connections[0]] != subject
        row = [
            self._rules[finding["rule"]],
            self._verdicts[finding["verdict"]],
            connections,
            self._index_of_text(finding["message"]),
            finding["fingerprint"] if finding["verdict"] in NOTABLE else None,
            self._index_of_reading(finding),
            self._ranks[importance(finding)] if finding["verdict"] in NOTABLE else None,
            finding["baseline"],
            finding["waiver"],
            finding["expired_waiver"],
            _name(subject) if has_own else None,
            None if connections else self._servers.index_of.get(finding["server"]),
            self._index_of_waiver(finding),
            # Those of connections are known.
            None if connections else self._indexes_of_projects(finding),
        ]
        while row[-1] is None:
            row.pop()
        self.rows.append(row)

    def _index_of_project(self, project: _Link | None) -> int | None:
        return None if project is None else self.projects.setdefault(project, len(self.projects))

    def _indexes_of_projects(self, finding: Finding) -> list[int | None] | None:
        return [self._index_of_project(_project_link(one)) for one in self._labels.of(finding)] or None

    def _index_of_text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def _index_of_waiver(self, finding: Finding) -> int | None:
        """Return the index of the waiver of an item. The script writes that of a connection from a template."""
        waiver = waiver_yaml(finding, {}) if finding["label"] is not None else None
        return None if waiver is None else self._index_of_text(waiver)

    def _index_of_reading(self, finding: Finding) -> int | None:
        """Return the index of the failed condition with the names and values that it read."""
        if finding["condition"] is None:
            return None
        observed = [text for one in finding["observed"] for text in (one["name"], one["value"])]
        reading = tuple(self._index_of_text(text) for text in (finding["condition"], *observed))
        return self.readings.setdefault(reading, len(self.readings))


def _script_data(report: Report, statistics: _Statistics) -> _Variables:
    table, servers = statistics.script_rows, statistics.servers
    packer = _Packer()
    return {
        "verdicts": list(VERDICTS.items()),
        "severities": list(SEVERITIES.items()),
        "failingRanks": table.failing_ranks,
        "nextSteps": NEXT_STEPS,
        "waiverTemplates": [_waiver_template(name) for name in servers.index_of or (None,)],
        "waiverAdvice": WAIVER_ADVICE,
        "noSystem": NO_SYSTEM,
        "baselineAt": _time(report["baseline"]["audited_at"]) if report["baseline"] else None,
        "servers": [[_name(name), servers.urls.get(name)] for name in servers.names],
        "rules": [_script_rule(rule) for rule in report["rules"]],
        "waivers": [
            [_text(text) for text in (one["reason"], one["owner"], one["expires"], one["state"], waiver_name(one))]
            for one in report["waivers"]
        ],
        "connections": [
            {
                "subject": _name(table.subjects[index]),
                "server": servers.index_of.get(connection["server"]),
                "system": statistics.labels[index].system,
                "project": table.project_of[index],
                "facts": packer.pack(connection["facts"]),
            }
            for index, connection in enumerate(report["connections"])
        ],
        "projects": list(table.projects),
        "keys": list(packer.keys),
        "texts": [_text(text) for text in table.texts],
        "readings": list(table.readings),
        "findings": table.rows,
    }


def _waiver_template(server: str | None) -> str | None:
    """Return the waiver of a finding about one connection. The script replaces RULE, KIND and the id."""
    finding = {"server": server, "rule": "RULE", "verdict": "fail", "label": None, "connections": [""]}
    return waiver_yaml(cast(Finding, finding), {"": {"kind": "KIND", "id": 0}})


def _script_rule(rule: RuleEntry) -> _Variables:
    optional = {name: rule[name] for name in ("title", "description", "loop", "remediation")}
    lists = {
        **{name: rule[name] for name in ("group_by", "when", "that", "needs", "tags")},
        "controls": _controls(rule),
    }
    return {
        **{name: None if value is None else _text(value) for name, value in optional.items()},
        **{name: [_text(text) for text in texts] for name, texts in lists.items()},
        "id": _name(rule["id"]),
        "hasMessage": bool(rule["message"]),
        "waivable": rule["waivable"],
        "severity": SEVERITY_RANK[rule["severity"]],
        "references": [[_text(reference), _safe_url(reference)] for reference in rule["references"]],
    }


class _Packer:
    """Facts for the script. Nearly all connections have the same keys, so the file has them once.

    A mapping becomes a list of the index of its keys and of its values, and a list begins with null.
    """

    def __init__(self) -> None:
        self.keys: dict[tuple[str, ...], int] = {}

    def pack(self, value: Any) -> Any:
        """Return a fact with strings and numbers that the script can read and show."""
        if isinstance(value, dict):
            keys = tuple(map(_name, value))
            return [self.keys.setdefault(keys, len(self.keys)), *map(self.pack, value.values())]
        if isinstance(value, (list, tuple)):
            return [None, *map(self.pack, value)]
        if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= MAX_INTEGER):
            return value
        return _text(value)


# These could end a script element, or begin a comment in it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def _as_script_data(value: Any) -> Markup:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return Markup(text)  # noqa: S704 (escaped)
