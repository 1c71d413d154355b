# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which records and how many, how slow a server, how many tasks, how often."""

from __future__ import annotations

from typing import NamedTuple

# The kinds of scenario, by which tables and ratios find them.
SMALL, SWEEP, PAGES, WHOLE = "small", "sweep", "pages", "whole"
CONNECTIONS, PROJECTS = "connections", "projects"


class Scenario(NamedTuple):
    """One situation, in which all candidates run in turn."""

    kind: str
    size: int
    latency: int  # milliseconds before each answer
    rounds: int
    page_size: int | None = 100  # None: one answer holds them all
    tasks: int = 1
    resource: str = CONNECTIONS

    @property
    def title(self) -> str:
        """The situation in words."""
        many = f"1 {self.resource[:-1]}" if self.size == 1 else f"{self.size:,} {self.resource}"
        paged = f"{self.page_size} a page" if self.page_size else "in one answer"
        tasks = f"{self.tasks} tasks, each " if self.tasks > 1 else ""
        return f"{tasks}{many}, {self.latency} ms, {paged}"

    @property
    def requests(self) -> int:
        """How many requests it takes to read the list once."""
        return max(1, -(-self.size // (self.page_size or self.size)))


class Plan(NamedTuple):
    """The scenarios of one call of the benchmark."""

    name: str
    scenarios: tuple[Scenario, ...]

    def max_size(self, resource: str) -> int:
        """How many records of a resource the server must have."""
        return max((scenario.size for scenario in self.scenarios if scenario.resource == resource), default=0)


def _sweep(rounds: dict[int, int]) -> tuple[Scenario, ...]:
    """All sizes, the small ones first: their time predicts that of a larger one."""
    return tuple(Scenario(SWEEP, size, latency, count) for size, count in rounds.items() for latency in (0, 50))


# About twenty minutes where nothing else runs; more than half of them go to the two largest sizes.
FULL = Plan(
    "full",
    (
        Scenario(SMALL, 1, 0, rounds=3, tasks=20),
        Scenario(PAGES, 5000, 50, rounds=3),
        Scenario(PAGES, 20000, 50, rounds=2, resource=PROJECTS),
        Scenario(WHOLE, 5000, 50, rounds=2, page_size=None),
        *_sweep({1: 3, 100: 3, 1000: 2, 10000: 2, 50000: 1}),
    ),
)

QUICK = Plan(
    "quick",
    (
        Scenario(SMALL, 1, 0, rounds=1, tasks=3),
        Scenario(PAGES, 60, 50, rounds=1, page_size=20),
        Scenario(PAGES, 60, 50, rounds=1, page_size=20, resource=PROJECTS),
        *_sweep({1: 1, 100: 1}),
    ),
)

LARGE = Plan("projects", tuple(scenario for scenario in FULL.scenarios if scenario.resource == PROJECTS))

PLANS = {plan.name: plan for plan in (FULL, QUICK, LARGE)}
