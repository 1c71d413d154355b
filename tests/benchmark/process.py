# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of one program: wall time and peak memory of its whole process tree, that always ends."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil

SAMPLE_EVERY = 0.02
MAX_SECONDS = 600


class RunError(Exception):
    """A run without a measurement; the text is the reason."""


class Usage(NamedTuple):
    """The time and memory of a process tree."""

    wall: float
    peak_bytes: int


def run(command: list[str], environment: dict[str, str], folder: Path) -> Usage:
    """Run a program to its end. Whatever happens, it leaves no process behind."""
    # Files, since a pipe that nobody reads would stop a program that complains at length.
    log = folder / "stderr"
    with log.open("wb") as errors:
        started = time.monotonic()
        process = psutil.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        monitor = _ProcessMonitor(process)
        try:
            status = process.wait()
            wall = time.monotonic() - started
        finally:
            monitor.stop()
    if monitor.is_overdue:
        raise RunError(f"ended after {MAX_SECONDS} s")
    if status:
        raise RunError(f"exit status {status}: {log.read_text(errors='replace')[-2000:].strip()}")
    return Usage(wall, monitor.peak_bytes)


class _ProcessMonitor:
    """Samples the memory of a process tree, in a thread so that the end of the process is seen at once."""

    def __init__(self, root: psutil.Process) -> None:
        self.peak_bytes = 0
        self.is_overdue = False
        self._root = root
        self._tree = {root}
        self._stopped = threading.Event()
        self._ends = time.monotonic() + MAX_SECONDS
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the sampling, and every process of the tree that still runs."""
        self._stopped.set()
        self._thread.join()
        self._sample()
        self._kill()

    def _sample_until_stopped(self) -> None:
        while not self._stopped.wait(SAMPLE_EVERY):
            self._sample()
            if time.monotonic() > self._ends:
                self.is_overdue = True
                self._kill()

    def _sample(self) -> None:
        """Ansible's workers leave the process group, so the tree is what tells whose processes they are."""
        with contextlib.suppress(psutil.Error):
            alive = [self._root, *self._root.children(recursive=True)]
            self._tree.update(alive)
            self.peak_bytes = max(self.peak_bytes, sum(map(_resident_bytes, alive)))

    def _kill(self) -> None:
        """A psutil process knows when it started, so that no other process of the same number is hit."""
        for process in self._tree:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(self._tree, timeout=5)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
