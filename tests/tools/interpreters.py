# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the Pythons of this machine that really start."""

from __future__ import annotations

import glob
import os
import subprocess
from pathlib import Path


def search_folders() -> list[Path]:
    """Return where Pythons may be: the folders of PATH, and pyenv's versions."""
    found = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep) if folder]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    # Unlike Path.glob, this passes over a folder that may not be read.
    versions = sorted(glob.glob(f"{pyenv}/versions/3.*/bin"))  # noqa: PTH207 (an absolute pattern)
    return list(dict.fromkeys([*found, *map(Path, versions)]))


def can_run(python: Path, code: str = "") -> bool:
    """Tell whether this is an interpreter. A pyenv shim may point to a version that is not there."""
    try:
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def find(version: str) -> Path | None:
    """Return an interpreter of a version like 3.12 that is not a virtual environment's and can make one."""
    usable = f"import sys, ensurepip; assert sys.version.startswith('{version}.') and sys.prefix == sys.base_prefix"
    for folder in search_folders():
        python = folder / f"python{version}"
        if python.exists() and can_run(python, usable):
            return python
    return None
