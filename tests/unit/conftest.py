# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that the tests of several resources share."""

from __future__ import annotations

import pytest

from tests.demo_server import GENERATIONS, DemoServer, seed


@pytest.fixture(scope="module")
def running():
    """One server of each generation."""
    running = {generation: DemoServer(generation=generation).start() for generation in GENERATIONS}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture
def servers(running):
    """The same, with the seed data, whatever the test before loaded."""
    seed.load()
    return running
