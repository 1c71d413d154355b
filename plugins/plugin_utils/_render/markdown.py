# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the audit as Markdown, for a comment on a merge request or the summary of a step.

Where the text is shown, names and numbers with a mark before them (C(@team), C(#1), C(!2)) notify people and link to
things, and a backslash does not keep them from it; within code they are only text. So all that a server sent is
shown as code, and of a policy's sentences each word that is more than a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render.text import cell, name_of, prose

# A comment on GitHub has up to 65,536 characters, on GitLab a million; a step's summary on GitHub has a mebibyte.
MAX_CHARACTERS = 60_000
_CELL = 200

_SEVERITIES = ("critical", "high", "medium", "low", "info")
_VERDICTS = {
    "fail": "Failed",
    "error": "Errors",
    "inconclusive": "Inconclusive",
    "waived": "Waived",
    "pass": "Passed",
    "not_applicable": "Not applicable",
}


class _Section(NamedTuple):
    """A heading with a table below it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def render(document: dict[str, Any]) -> str:
    """The document as GitHub-flavoured Markdown, bounded so that it can be posted."""
    summary = document["summary"]
    text = "\n\n".join(
        [
            f"## SD Elements connection audit: {'passed' if summary['verdict'] == 'pass' else 'failed'}",
            words(summary["message"]),
            "\n".join(_table(_counts(document))),
            _about(document),
        ]
    )
    for section in _sections(document):
        if section.rows:
            # Half of what is left, so that a long list leaves room for those that follow.
            text += "\n\n" + _bounded(section, (MAX_CHARACTERS - len(text)) // 2)
    return text + "\n"


# ---------------------------------------------------------------------------------------------------------------
# Texts. Pipes are escaped where a table is made.

_FENCE = re.compile("`+")
# A word, perhaps within quotes or before punctuation, that no reader of Markdown makes anything else of.
_WORD = re.compile(
    r"(?!www\.|GH-\d|\d+[.)]\Z|[0-9a-f]{7,})[\"'(]*[^\W_]+(?:[-.,/'\u2019][^\W_]+)*[\"'.,;:?!)\u2026]*|[\u2013\u2014]",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/?#=&%+,;:@!-]*)?")


def code(text: str, limit: int = _CELL) -> str:
    """A stranger's text, as code, in which nothing has a meaning."""
    shown = cell(text, limit)
    if shown != shown.strip() or not shown:
        shown = f'"{shown}"'
    fence = "`" * (max(map(len, _FENCE.findall(shown)), default=0) + 1)
    blank = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def words(text: str | None, limit: int = 2000) -> str:
    """Sentences of a policy: words as they are, and all else as code."""
    pieces: list[str] = []
    odd: list[str] = []
    for word in prose(text, limit).split():
        if not _WORD.fullmatch(word):
            odd.append(word)
            continue
        pieces += [*_as_code(odd), word]
        odd = []
    return " ".join([*pieces, *_as_code(odd)])


def _as_code(odd: list[str]) -> list[str]:
    return [code(" ".join(odd), 2000)] if odd else []


def link(text: str, url: str) -> str:
    """A link, if the address has nothing in it but what addresses have; else only the text."""
    return f"[{text}](<{url}>)" if is_web_page(url) else text


def is_web_page(url: str) -> bool:
    """Whether this is a plain address of a web page."""
    return len(url) <= 2000 and _URL.fullmatch(url) is not None


# ---------------------------------------------------------------------------------------------------------------
# Tables


def _bounded(section: _Section, budget: int) -> str:
    """The section with as many rows as there is room for."""
    lines = [f"### {section.title} ({len(section.rows)})", "", *_table([section.columns])]
    shown = 0
    for row in section.rows:
        line = _row(row)
        budget -= len(line) + 1
        if budget < 0:
            break
        lines.append(line)
        shown += 1
    left_out = len(section.rows) - shown
    if left_out:
        lines += ["", f"{left_out} more are left out here; the JSON report has them all."]
    return "\n".join(lines)


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    head, *others = rows
    return [_row(head), "|" + " --- |" * len(head), *map(_row, others)]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_without_pipes, cells)) + " |"


def _without_pipes(text: str) -> str:
    """Within a table a pipe is escaped, also in code; parsers do not agree on one after a backslash."""
    return re.sub(r"(\\?)\|", lambda match: r"\\u007c" if match.group(1) else r"\|", text)


# ---------------------------------------------------------------------------------------------------------------
# Contents


def _counts(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    counts = Counter((finding["severity"], finding["verdict"]) for finding in document["findings"])
    yield ("Severity", *_VERDICTS.values())
    for severity in _SEVERITIES:
        yield (severity, *(str(counts[severity, verdict]) for verdict in _VERDICTS))
    yield ("**all**", *(f"**{document['summary']['verdicts'][verdict]}**" for verdict in _VERDICTS))


def _about(document: dict[str, Any]) -> str:
    summary = document["summary"]
    servers = f" of {_several(document['servers'])}" if document["servers"] else ""
    return (
        f"Audited {summary['connections']} connections{servers} by {summary['rules']} rules of {_several(document['policies'])}, "
        f"at {words(document['audited_at'])}. {_threshold(document)}."
    )


def _threshold(document: dict[str, Any]) -> str:
    summary = document["summary"]
    if summary["fail_on"] == "never":
        return "Never fails"
    counting = "; inconclusive findings count" if summary["inconclusive"] == "fail" else ""
    accepted = "; known findings are accepted" if document["baseline"] and summary["known_findings"] == "accept" else ""
    return f"Fails on findings of severity {summary['fail_on']} or more{counting}{accepted}"


def _several(texts: list[str]) -> str:
    more = f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    return ", ".join(code(text, 100) for text in texts[:5]) + more


def _sections(document: dict[str, Any]) -> Iterator[_Section]:
    rules = {rule["id"]: rule for rule in document["rules"]}
    of_verdict: dict[str, list[dict[str, Any]]] = {verdict: [] for verdict in _VERDICTS}
    for finding in document["findings"]:
        of_verdict[finding["verdict"]].append(finding)
    for findings in of_verdict.values():
        findings.sort(key=lambda finding: _SEVERITIES.index(finding["severity"]))
    about = _Subjects(document)
    state = ("Baseline",) if document["baseline"] else ()

    def told(finding: dict[str, Any]) -> tuple[str, ...]:
        """What every table says of a finding."""
        return (
            finding["severity"],
            *([finding["baseline"] or ""] if state else []),
            _rule(rules[finding["rule"]]),
            about(finding),
        )

    columns = ("Severity", *state, "Rule", "Connection")
    yield _Section("Errors", (*columns, "Error"), [(*told(one), _message(one)) for one in of_verdict["error"]])
    yield _Section(
        "Failed",
        (*columns, "Finding", "Remediation"),
        [(*told(one), _message(one), words(rules[one["rule"]]["remediation"], _CELL)) for one in of_verdict["fail"]],
    )
    doubt = "Inconclusive, which counts as failed" if document["summary"]["inconclusive"] == "fail" else "Inconclusive"
    yield _Section(doubt, (*columns, "Reason"), [(*told(one), _message(one)) for one in of_verdict["inconclusive"]])
    if document["baseline"]:
        yield _fixed(document["baseline"])
    waivers = document["waivers"]
    waived = [(_rule(rules[one["rule"]]), about(one), *_waiver(waivers[one["waiver"]])) for one in of_verdict["waived"]]
    yield _Section("Waived", ("Rule", "Connection", "Reason", "Owner", "Until"), waived)
    stale = [(one["state"], _several(one["rules"]), *_waiver(one)) for one in waivers if one["state"] != "active"]
    yield _Section("Waivers to look at", ("State", "Rules", "Reason", "Owner", "Until"), stale)


def _fixed(baseline: dict[str, Any]) -> _Section:
    rows = [(words(one["severity"]), code(one["rule"]), code(one["subject"])) for one in baseline["fixed"]]
    return _Section(f"Fixed since {code(baseline['audited_at'])}", ("Severity", "Rule", "Connection"), rows)


def _rule(rule: dict[str, Any]) -> str:
    page = next(filter(is_web_page, rule["references"]), "")
    return f"{link(code(rule['id']), page)} {words(rule['title'], _CELL)}"


def _message(finding: dict[str, Any]) -> str:
    return code(finding["message"]) if finding["message"] else ""


def _waiver(waiver: dict[str, Any]) -> tuple[str, ...]:
    return words(waiver["reason"], _CELL), words(waiver["owner"], _CELL), words(waiver["expires"])


class _Subjects:
    """What findings are about; the server is said only where there is more than one."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._has_servers = len(document["servers"]) > 1

    def __call__(self, finding: dict[str, Any]) -> str:
        subject = code(finding["subject"])
        if self._has_servers and finding["label"] is None:
            return f"{subject} {code(name_of(finding))}"
        return subject
