# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the formats of an audit's report, and how files of them are written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _render_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {"json": _render_json}


def write(document: dict[str, Any], paths: dict[str, str]) -> list[str]:
    """Write the document in each format to its path. Returns the paths."""
    for name, path in paths.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(FORMATS[name](document), encoding="utf-8")
    return list(paths.values())
