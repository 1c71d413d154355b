# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: write a report in several formats.

The report has no secrets, and is the only source of the formats.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from ...module_utils._errors import OptionError, SDElementsError
from .._audit.model import Report
from . import csv, html, json, junit, markdown, sarif

FORMATS: dict[str, Callable[[Report], str]] = {
    "json": json.render,
    "junit": junit.render,
    "sarif": sarif.render,
    "markdown": markdown.render,
    "html": html.render,
    "csv": csv.render,
}


def write_reports(report: Report, paths: Mapping[str, str | None]) -> list[str]:
    """Write a file for each format that has a path, and return the files. Raises an SDElementsError."""
    # Path.resolve fails for a link to itself.
    wanted = {name: os.path.realpath(path) for name, path in paths.items() if path}
    for name, path in wanted.items():
        _check(name, path, wanted)
    # All are rendered before the first is written, so a failure replaces no file.
    texts = {name: FORMATS[name](report) for name in wanted}
    for name, path in wanted.items():
        _write(path, texts[name], f"reports.{name}")
    return list(wanted.values())


def _check(name: str, path: str, wanted: dict[str, str]) -> None:
    """Raise an OptionError before a file is written."""
    if name not in FORMATS:
        raise OptionError(f"reports: {name} is not a known format.", f"Use {', '.join(FORMATS)}.")
    same = [other for other in wanted if wanted[other] == path]
    if len(same) > 1:
        raise OptionError(f"reports: {' and '.join(same)} have the same path {path}.", "Use a different file for each.")
    # The methods of Path fail if a name is too long; _write() reports that.
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 (see _files)
        raise OptionError(
            f"reports.{name}: {path} exists and is not a regular file.", "Use a new file, or one to replace."
        )


def _write(path: str, text: str, option: str) -> None:
    """Replace a file in one step, so that a reader never sees half a report. On failure the old file is not changed."""
    target = Path(path)
    temporary = target.with_name(f".report-{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            # The formats escape characters that UTF-8 cannot encode. If they miss one, the report is still written.
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
            temporary.replace(target)
        except BaseException:
            temporary.unlink()
            raise
    except OSError as exc:
        raise SDElementsError(
            "report",
            f"{option}: {path} cannot be written: {exc.strerror or exc}.",
            "Use a folder that the user who runs Ansible can write to, on a disk with free space.",
        ) from None
