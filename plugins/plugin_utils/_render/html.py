# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the audit's report as one HTML file that needs nothing else, no network either.

The template writes all that can be read without JavaScript. The script in the file gets the findings once more, as
compact data, and makes of their table one that can be filtered. What a server sent is text wherever it stands: the
template escapes it, the script never parses it as markup, and the file's own policy forbids all other code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import legible

DATA = Path(__file__).resolve().parent / "data"

SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "info": "Info"}
# In the order in which people need them.
VERDICTS = {
    "fail": "Fail",
    "error": "Error",
    "inconclusive": "Inconclusive",
    "waived": "Waived",
    "pass": "Pass",
    "not_applicable": "Not applicable",
}
ATTENTION = ("fail", "error", "inconclusive")
# The verdicts that a fingerprint is shown for.
TRACED = (*ATTENTION, "waived")

# A finding about no connection has no system. The brackets keep it apart from the names of systems.
WHOLE_SET = "(whole set)"
UNKNOWN_SYSTEM = "(unknown)"
BLANK = "(blank)"

# What stands in the file without the script: more would only make it slow to open.
STATIC_ROWS = 500
FIXED_ROWS = 200
SYSTEM_ROWS = 8
PROJECT_HINTS = 200
# The JSON report has texts whole. Names are cut earlier, for they stand in tables and in the filters.
LONGEST_TEXT = 5_000
LONGEST_NAME = 300
LONGEST_OPTION = 60
# A script reads larger numbers inexactly.
LARGEST_NUMBER = 2**53 - 1


def render(document: dict[str, Any]) -> str:
    """The report of an audit's document (see report.schema.json) as the text of an HTML file."""
    style, head, script = (_read(name) for name in ("report.css", "report_head.js", "report.js"))
    survey = _survey(document)
    return _template().render(
        _view(document, survey),
        style=Markup(style),
        head=Markup(head),
        script=Markup(script),
        data=Markup(_as_script_data(_packed(document, survey))),
        csp=_content_security_policy([style], [head, script]),
    )


@lru_cache(maxsize=None)
def _read(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


@lru_cache(maxsize=None)
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_finalized, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(severities=SEVERITIES, verdicts=VERDICTS, attention=ATTENTION)
    environment.filters.update(name=_name, text=_text)
    return environment.from_string(_read("report.html.j2"))


def _content_security_policy(styles: list[str], scripts: list[str]) -> str:
    """Nothing may be loaded, and nothing may run but what this file was made with."""
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


def _finalized(value: Any) -> Any:
    """What the template shows of a value: in a text nothing hides, and markup is what only we make."""
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters in the JSON report)"


def _text(value: Any, longest: int = LONGEST_TEXT) -> str:
    return legible(_cut(str(value), longest))


def _name(value: Any) -> str:
    text = str(value)
    return legible(text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…")


def _option(value: Any) -> str:
    """A name as short as the options of a select want it."""
    text = " ".join(legible(str(value)).split()) or BLANK
    return text if len(text) <= LONGEST_OPTION else f"{text[:LONGEST_OPTION]}…"


def _link(reference: str) -> str | None:
    """Where a reference leads, or None if it is no plain web address."""
    try:
        parts = urlsplit(reference)
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return (
        reference
        if is_web and re.fullmatch(r"[!-~]+", reference) and not set(reference) & set("\"'<>\\^`{|}")
        else None
    )


# ---------------------------------------------------------------------------------------------------------------
# What the findings amount to


class _About(NamedTuple):
    """What the table says of a connection."""

    system: str
    project: str


class _Survey(NamedTuple):
    """All that one look at each finding gives."""

    place: dict[str, int]  # of a connection's key in the document
    abouts: list[_About]
    by_severity: dict[str, Counter]
    by_system: dict[str, Counter]
    by_rule: dict[str, Counter]
    attention: list[dict[str, Any]]


def _survey(document: dict[str, Any]) -> _Survey:
    place = {connection["key"]: index for index, connection in enumerate(document["connections"])}
    abouts = [_about(connection["facts"]) for connection in document["connections"]]
    by_severity, by_system, by_rule = defaultdict(Counter), defaultdict(Counter), defaultdict(Counter)
    attention = []
    for finding in document["findings"]:
        verdict = finding["verdict"]
        by_severity[finding["severity"]][verdict] += 1
        by_rule[finding["rule"]][verdict] += 1
        for system in {abouts[place[key]].system for key in finding["connections"]} or {WHOLE_SET}:
            by_system[system][verdict] += 1
        if verdict in ATTENTION:
            attention.append(finding)
    severities, verdicts = list(SEVERITIES), list(VERDICTS)
    attention.sort(key=lambda finding: (severities.index(finding["severity"]), verdicts.index(finding["verdict"])))
    return _Survey(place, abouts, by_severity, by_system, by_rule, attention)


def _about(facts: dict[str, Any]) -> _About:
    params = facts.get("params")
    number, named = facts.get("project"), params.get("sde_project") if isinstance(params, dict) else None
    project = " · ".join(_option(part) for part in (number, named) if part not in (None, ""))
    return _About(_option(facts.get("system") or facts.get("system_id") or UNKNOWN_SYSTEM), project)


# ---------------------------------------------------------------------------------------------------------------
# What the template shows


def _view(document: dict[str, Any], survey: _Survey) -> dict[str, Any]:
    systems = sorted(survey.by_system, key=lambda system: (-_bad(survey.by_system[system]), system.lower()))
    shown, others = (systems, []) if len(systems) <= SYSTEM_ROWS + 1 else (systems[:SYSTEM_ROWS], systems[SYSTEM_ROWS:])
    by_system = [_bar(system, survey.by_system[system], {"system": system}) for system in shown]
    if others:
        rest = sum((survey.by_system[system] for system in others), Counter())
        by_system.append(_bar(f"{len(others):,} other systems", rest, None))
    titles = {rule["id"]: rule["title"] for rule in document["rules"]}
    return {
        "document": document,
        "summary": document["summary"],
        "message": _without_verdict(document["summary"]["message"]),
        "audited_at": _time(document["audited_at"]),
        "overall": _bar("All", Counter(document["summary"]["verdicts"]), {}),
        "by_severity": [
            _bar(label, survey.by_severity[name], {"severity": name}) for name, label in SEVERITIES.items()
        ],
        "by_system": by_system,
        "changes": _changes(document.get("baseline")),
        "waivers": [_waiver_row(waiver) for waiver in document["waivers"]],
        "rows": [
            {"title": titles[finding["rule"]], **_finding_row(finding, survey)}
            for finding in survey.attention[:STATIC_ROWS]
        ],
        "unshown": max(0, len(survey.attention) - STATIC_ROWS),
        "rules": [_rule_row(rule, survey.by_rule[rule["id"]]) for rule in document["rules"]],
        "systems": sorted(systems, key=str.lower),
        "kinds": sorted({str(connection["facts"].get("kind")) for connection in document["connections"]}),
        "projects": sorted({about.project for about in survey.abouts if about.project}, key=_by_number)[:PROJECT_HINTS],
    }


def _without_verdict(message: str) -> str:
    """The one line without what the heading says already."""
    start, _colon, rest = message.partition(": ")
    return f"{rest[0].upper()}{rest[1:]}" if rest and start.endswith((" audit failed", " audit passed")) else message


def _time(text: str) -> str:
    """A time as people read it; one of another form stays as it is."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:Z|\+00:00)", text)
    return f"{match[1]}, {match[2]} UTC" if match else text


def _by_number(text: str) -> tuple[int, str]:
    number = re.match(r"\d{1,15}", text)
    return (int(number.group()) if number else 0, text)


def _bad(counts: Counter) -> int:
    return sum(counts[verdict] for verdict in ATTENTION)


def _bar(label: str, counts: Counter, filters: dict[str, str] | None) -> dict[str, Any]:
    """A row of a chart: its counts, the segments of its bar in percent, and links to its findings."""
    total = sum(counts[verdict] for verdict in VERDICTS)
    # One failure among thousands must be seen, too.
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
            "link": None if filters is None else _view_link(**filters, verdict=verdict),
        }
        for verdict in VERDICTS
    ]
    return {"label": label, "total": total, "cells": cells, "segments": segments}


def _view_link(**filters: str) -> str:
    """The address of a view of the table, as the script reads it."""
    return f"#{urlencode(filters, quote_via=quote)}"


def _changes(baseline: dict[str, Any] | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    fixed = baseline["fixed"]
    return {
        **baseline,
        "since": _time(baseline["audited_at"]),
        "fixed": fixed[:FIXED_ROWS],
        "fixed_count": len(fixed),
        "unshown": max(0, len(fixed) - FIXED_ROWS),
    }


def _waiver_row(waiver: dict[str, Any]) -> dict[str, Any]:
    """A waiver with its scope in words."""
    scope = [f"{key}: {_listed(value)}" for key, value in (waiver["connections"] or {}).items()]
    if waiver["labels"]:
        scope.append(f"labels: {_listed(waiver['labels'])}")
    return {**waiver, "scope": scope or ["everything"]}


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _finding_row(finding: dict[str, Any], survey: _Survey) -> dict[str, Any]:
    abouts = [survey.abouts[survey.place[key]] for key in finding["connections"]]
    return {
        **finding,
        "systems": _distinct(about.system for about in abouts) or [WHOLE_SET],
        "projects": _distinct(about.project for about in abouts if about.project),
    }


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _rule_row(rule: dict[str, Any], counts: Counter) -> dict[str, Any]:
    return {
        **rule,
        "links": [{"text": reference, "url": _link(reference)} for reference in rule["references"]],
        "cells": _bar("", counts, {"rule": _name(rule["id"])})["cells"],
    }


# ---------------------------------------------------------------------------------------------------------------
# What the script gets: indexes instead of texts, and nothing that follows from the rest


def _packed(document: dict[str, Any], survey: _Survey) -> dict[str, Any]:
    places = {rule["id"]: index for index, rule in enumerate(document["rules"])}
    numbers = {verdict: index for index, verdict in enumerate(VERDICTS)}
    states = {None: "-", "new": "n", "known": "k"}
    messages: dict[str, int] = {}
    subjects: dict[int, str] = {}  # of connections: nearly all findings have theirs
    rules, abouts, said, own_subjects, waivers, fingerprints = [], [], [], {}, {}, {}
    for index, finding in enumerate(document["findings"]):
        about = [survey.place[key] for key in finding["connections"]]
        subject = finding["subject"]
        if len(about) != 1 or subjects.setdefault(about[0], subject) != subject:
            own_subjects[index] = _name(subject)
        rules.append(places[finding["rule"]])
        abouts.append(about[0] if len(about) == 1 else about)
        said.append(messages.setdefault(finding["message"] or "", len(messages)))
        if finding["waiver"] is not None:
            waivers[index] = finding["waiver"]
        if finding["verdict"] in TRACED:
            fingerprints[index] = finding["fingerprint"]
    shapes: dict[tuple[str, ...], int] = {}
    return {
        "verdicts": list(VERDICTS.items()),
        "severities": list(SEVERITIES.items()),
        "wholeSet": WHOLE_SET,
        "rules": [_packed_rule(rule) for rule in document["rules"]],
        "waivers": [
            [_text(waiver[key]) for key in ("reason", "owner", "expires", "state", "file")]
            for waiver in document["waivers"]
        ],
        "connections": [
            [
                _name(connection["key"]),
                _name(subjects.get(index, connection["key"])),
                *survey.abouts[index],
                _facts(connection["facts"], shapes),
            ]
            for index, connection in enumerate(document["connections"])
        ],
        "shapes": list(shapes),
        "messages": [_text(message) for message in messages],
        "findings": {
            "rule": [[rule, len(list(run))] for rule, run in groupby(rules)],
            "verdict": "".join(str(numbers[finding["verdict"]]) for finding in document["findings"]),
            "baseline": "".join(states[finding["baseline"]] for finding in document["findings"])
            if document.get("baseline")
            else "",
            "connection": abouts,
            "message": said,
            "subject": own_subjects,
            "waiver": waivers,
            "fingerprint": fingerprints,
        },
    }


def _packed_rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: [_text(text) for text in rule[key]] for key in ("when", "that", "needs")},
        **{
            key: None if rule[key] is None else _text(rule[key])
            for key in ("title", "description", "loop", "remediation")
        },
        "id": _name(rule["id"]),
        "severity": list(SEVERITIES).index(rule["severity"]),
        "references": [[_text(reference), _link(reference)] for reference in rule["references"]],
    }


def _facts(value: Any, shapes: dict[tuple[str, ...], int]) -> Any:
    """A fact with each set of keys written once: a dict is [the number of its keys' set, values ...], a list [-1, ...]."""
    if isinstance(value, dict):
        shape = tuple(_name(key) for key in value)
        return [shapes.setdefault(shape, len(shapes)), *(_facts(item, shapes) for item in value.values())]
    if isinstance(value, (list, tuple)):
        return [-1, *(_facts(item, shapes) for item in value)]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= LARGEST_NUMBER):
        return value
    return _text(value)


# Inside of a script element these could end it, or begin a comment.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def _as_script_data(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
