# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: show how far a long task is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ansible.utils.display import Display

SECONDS_BETWEEN_LINES = 5


@contextmanager
def progress_shown(text: Callable[[], str]) -> Iterator[None]:
    """Show the text every few seconds while a block of code runs, also while it waits for a server.

    The lines go to stderr: callback plugins such as C(oneline) and C(json) write results to stdout that programs read.
    """
    is_over = threading.Event()

    def show() -> None:
        while not is_over.wait(SECONDS_BETWEEN_LINES):
            Display().display(text(), stderr=True)

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
