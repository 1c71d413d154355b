# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, spread, and ratios of runs that took turns, as tables in Markdown that a terminal shows well, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import log
from statistics import linear_regression, median

from tests.benchmark import contenders as who
from tests.benchmark.race import Race, Run
from tests.benchmark.scenarios import PAGES, SMALL, SWEEP, WHOLE, Scenario

MIB = 2**20
# With fewer connections, what they take is lost beside what each task takes.
FEWEST = 1000


@dataclass(frozen=True)
class Ratio:
    """A ratio, computed in each round; `goal` is what the project wants to stay below, and fails nothing."""

    title: str
    values: list[float]
    goal: float | None

    @property
    def value(self) -> float:
        """The middle of the rounds."""
        return median(self.values)


class Results:
    """What was measured, by contender and scenario."""

    def __init__(self, race: Race) -> None:
        self.race = race
        self.scenarios = race.plan.scenarios
        self._by_key: dict[tuple[str, Scenario], list[Run]] = {}
        for run in race.runs:
            self._by_key.setdefault((run.contender, run.scenario), []).append(run)

    def of(self, contender: who.Contender, scenario: Scenario) -> list[Run]:
        """All runs of a contender in a scenario."""
        return self._by_key.get((contender.name, scenario), [])

    def kind(self, kind: str) -> list[Scenario]:
        """The scenarios of a kind."""
        return [scenario for scenario in self.scenarios if scenario.kind == kind]

    def seconds(self, contender: who.Contender, scenario: Scenario) -> list[float]:
        """Seconds for each task."""
        return [run.seconds / scenario.tasks for run in self.of(contender, scenario)]

    def beyond_empty_play(self, contender: who.Contender, scenario: Scenario) -> list[float]:
        """Wall time less that of a play without tasks in the same round, for each task; nothing for scripts."""
        if contender.tasks is None:
            return []
        empty = {run.round: run.wall for run in self.of(who.EMPTY, scenario)}
        mine = self.of(contender, scenario)
        return [(run.wall - empty[run.round]) / scenario.tasks for run in mine if run.round in empty]

    def peaks(self, contender: who.Contender, scenario: Scenario) -> list[float]:
        """Peak memory in MiB."""
        return [run.peak_bytes / MIB for run in self.of(contender, scenario)]

    def per_round(self, scenario: Scenario, formula: Callable[..., float], *names: who.Contender) -> list[float]:
        """A formula of some contenders' seconds for each task, for each round in which all of them ran."""
        rounds = [{run.round: run.seconds / scenario.tasks for run in self.of(name, scenario)} for name in names]
        shared = sorted(set.intersection(*map(set, rounds)))
        return [formula(*(one[round_] for one in rounds)) for round_ in shared]


def ratios(results: Results) -> list[Ratio]:
    """What the project wants to know."""
    found = []

    def add(scenario: Scenario, title: str, goal: float | None, formula: Callable, *names: who.Contender) -> None:
        values = results.per_round(scenario, formula, *names)
        if values:
            found.append(Ratio(f"{scenario.title}: {title}", values, goal))

    ours = who.IN_PROCESS
    for scenario in results.kind(SMALL):
        add(scenario, "in-process ÷ uri", 0.10, _quotient, ours, who.URI_WHOLE)
        add(scenario, "in-process ÷ (debug + HTTP alone)", 2.0, _of_sum, ours, who.DEBUG, who.SCRIPT)
        add(scenario, "in-process ÷ as module", None, _quotient, ours, who.AS_MODULE)
    for scenario in results.kind(PAGES):
        add(scenario, "in-process ÷ uri", 0.15, _quotient, ours, who.URI_PAGES)
        add(scenario, "in-process ÷ (8 threads + floor)", 1.5, _of_sum, ours, who.POOL, who.FLOOR_ACTION)
    for scenario in results.kind(WHOLE):
        add(scenario, "in-process ÷ uri", None, _quotient, ours, who.URI_WHOLE)
    for contender in results.race.contenders:
        if contender.collections:
            for scenario in results.scenarios:
                add(scenario, "in-process ÷ before", 1.0, _quotient, ours, contender)
                add(scenario, "as module ÷ before", 1.0, _quotient, who.AS_MODULE, contender)
    return found + list(_growth(results))


def _quotient(one: float, other: float) -> float:
    return one / other


def _of_sum(one: float, *others: float) -> float:
    return one / sum(others)


def _growth(results: Results) -> Iterable[Ratio]:
    """By which power of the number of connections time and memory grow, from FEWEST on; 1 is linear."""
    for latency in (0, 50):
        least, *others = [scenario for scenario in results.kind(SWEEP) if scenario.latency == latency] or [None]
        large = [scenario for scenario in others if scenario.size >= FEWEST]
        if len(large) < 2:
            continue
        for contender in (who.IN_PROCESS, who.AS_MODULE):
            title = f"{contender.name}, {latency} ms, {large[0].size:,} to {large[-1].size:,} connections"
            for what, values in (("time", results.seconds), ("memory", results.peaks)):
                exponent = _exponent(partial(values, contender), large, least)
                if exponent is not None:
                    yield Ratio(f"{title}: {what} grows by the power of", [exponent], 1.1)


def _exponent(values: Callable[[Scenario], list[float]], scenarios: list[Scenario], least: Scenario) -> float | None:
    """The slope of a line through the logarithms of what connections add to what one takes."""
    if not all(map(values, [least, *scenarios])):
        return None
    added = [median(values(one)) - median(values(least)) for one in scenarios]
    if min(added) <= 0:  # lost in the noise
        return None
    return linear_regression([log(one.size) for one in scenarios], [log(one) for one in added]).slope


# ---------------------------------------------------------------------------------------------------------------
# Tables


def markdown(results: Results, notes: list[str], plot: str | None = None) -> str:
    """The whole report, with a picture if it shall have one."""
    ran = {run.contender for run in results.race.runs}
    lines = [f"* **{one.name}**: {one.about}." for one in results.race.contenders if one.name in ran]
    sections = [*notes, "## Who runs", "\n".join(lines), "## Ratios in the same round", _ratio_table(ratios(results))]
    if plot:
        sections.append(plot)
    for scenario in results.scenarios:
        if scenario.kind != SWEEP:
            sections += [f"## {_capitalised(scenario.title)}", _details(results, [scenario])]
    for latency in (0, 50):
        sweep = [scenario for scenario in results.kind(SWEEP) if scenario.latency == latency]
        if sweep:
            sections += [
                f"## Seconds over connections, {latency} ms latency",
                _matrix(results, sweep, results.seconds, seconds_text),
                f"## Peak memory in MiB over connections, {latency} ms latency",
                _matrix(results, sweep, results.peaks, mib_text),
            ]
    if results.race.left_out:
        sections.append("## Left out")
        lines = (f"* {one.contender}, {one.scenario.title}: {one.reason}." for one in results.race.left_out)
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _details(results: Results, scenarios: list[Scenario]) -> str:
    """Everything about one scenario."""
    rows = [["contender", "seconds a task", "by wall time", "peak MiB", "rounds"]]
    for scenario in scenarios:
        for contender in results.race.contenders:
            seconds = results.seconds(contender, scenario)
            if seconds:
                wall = results.beyond_empty_play(contender, scenario)
                peaks = results.peaks(contender, scenario)
                row = [spread(seconds, seconds_text), spread(wall, seconds_text), spread(peaks, mib_text)]
                rows.append([contender.name, *row, str(len(seconds))])
    return table(rows)


def _matrix(results: Results, sweep: list[Scenario], values: Callable, text: Callable[[float], str]) -> str:
    """One row a contender, one column a size."""
    rows = [["contender", *(f"{scenario.size:,}" for scenario in sweep)]]
    for contender in results.race.contenders:
        row = [spread(values(contender, scenario), text) for scenario in sweep]
        if any(row) and contender is not who.EMPTY:
            rows.append([contender.name, *row])
    return table(rows)


def _ratio_table(found: list[Ratio]) -> str:
    rows = [["ratio", "value", "wanted"]]
    for ratio in found:
        wanted = "" if ratio.goal is None else f"at most {ratio.goal:g}: {'yes' if ratio.value <= ratio.goal else 'no'}"
        rows.append([ratio.title, spread(ratio.values, lambda value: f"{value:.2f}"), wanted])
    return table(rows)


def spread(values: list[float], text: Callable[[float], str]) -> str:
    """The median, and the lowest and the highest value if they can be told apart."""
    if not values:
        return ""
    lowest, middle, highest = text(min(values)), text(median(values)), text(max(values))
    return middle if lowest == highest else f"{middle} ({lowest}–{highest})"


def seconds_text(value: float) -> str:
    """Three digits are enough for what a shared machine can measure."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def mib_text(value: float) -> str:
    """Whole MiB."""
    return f"{value:.0f}"


def table(rows: list[list[str]]) -> str:
    """A table in Markdown, with columns that stand below each other. The first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(cells: list[str]) -> str:
        first = cells[0].ljust(widths[0])
        others = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return f"| {' | '.join([first, *others])} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])
