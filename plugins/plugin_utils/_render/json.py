# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: render the report as JSON, as C(plugin_utils/_audit/data/report.schema.json) describes.

Each rule, connection, finding and subject of a group has its own line. This is fast, and a diff of two reports is
readable.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .._audit.model import Report
from .text import HIDDEN

# Valid in JSON, but invisible or impossible in UTF-8. JSON itself escapes the control characters of ASCII.
_HIDDEN = re.compile(f"[{HIDDEN}]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def render(report: Report) -> str:
    """Return JSON that UTF-8 can encode."""
    members = [f" {_dump(name)}: {_dump_lines(value)}" for name, value in report.items()]
    return _HIDDEN.sub(_escape, "{\n" + ",\n".join(members) + "\n}\n")


def _dump_lines(value: Any) -> str:
    """Return a value on one line, or a list of objects with a line for each."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"  {_dump_object(item)}" for item in value) + "\n ]"
    return _dump(value)


def _dump_object(value: dict[str, Any]) -> str:
    """Return an object on one line, or a group of subjects with a line for each."""
    if "subjects" not in value:
        return _dump(value)
    head = _dump({name: item for name, item in value.items() if name != "subjects"})
    subjects = ",\n".join(f"   {_dump(subject)}" for subject in value["subjects"])
    return f'{head[:-1]}, "subjects": [\n{subjects}\n  ]}}'


def _dump(value: Any) -> str:
    try:
        return _ENCODER.encode(value)
    except ValueError:  # JSON has neither infinity nor NaN
        return _ENCODER.encode(_without_nan(value))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value


def _escape(match: re.Match[str]) -> str:
    """Return JSON's escape of a character: two escapes for one beyond U+FFFF."""
    return json.dumps(match[0])[1:-1]
