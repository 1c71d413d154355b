# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the reports of a connection audit, and how they become files.

A report is made of the audit's document only, which holds no secret.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import html as _report_html
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import json as _report_json
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import junit as _report_junit
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import markdown as _report_markdown
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._render import sarif as _report_sarif

FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "json": _report_json.render,
    "junit": _report_junit.render,
    "sarif": _report_sarif.render,
    "markdown": _report_markdown.render,
    "html": _report_html.render,
}
# Of a task that writes them.
ARGUMENT: dict[str, Any] = {"type": "dict", "default": {}, "options": {name: {"type": "path"} for name in FORMATS}}


def write(document: dict[str, Any], paths: Mapping[str, str | None]) -> list[str]:
    """Write a report for each format that has a path, and say which files these are. Raises an SDElementsError."""
    wanted = {name: os.path.realpath(os.path.expanduser(path)) for name, path in paths.items() if path}
    for name, path in wanted.items():
        _check(name, path, wanted)
    # All are made before the first is written, so that none is new beside an old one that could not be made.
    texts = {name: FORMATS[name](document) for name in wanted}
    for name, path in wanted.items():
        _write(path, texts[name], f"reports.{name}")
    return list(wanted.values())


def _check(name: str, path: str, wanted: dict[str, str]) -> None:
    """What is known to go wrong is said before anything is written."""
    if name not in FORMATS:
        raise OptionError(f"There is no report named {name}.", f"Use {', '.join(FORMATS)}.")
    same = [other for other in wanted if wanted[other] == path]
    if len(same) > 1:
        raise OptionError(
            f"The reports {' and '.join(same)} would be the same file {path}.", "Give each a file of its own."
        )
    if os.path.exists(path) and not os.path.isfile(path):
        raise OptionError(
            f"reports.{name} is {path}, which exists and is no file.", "Name a file, new or to be replaced."
        )


def _write(path: str, text: str, option: str) -> None:
    """Replace a file at once, so that nobody reads half a report; if that fails, the old one stays."""
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".report-{secrets.token_hex(8)}")
    try:
        os.makedirs(folder, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            # The formats escape what UTF-8 cannot hold; should one forget to, there is a report all the same.
            with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as exc:
        raise SDElementsError(
            "report",
            f"The report {path} ({option}) cannot be written: {exc.strerror or exc}.",
            "Name a file in a folder where the user who runs Ansible may write, on a disk that is not full.",
        ) from None
