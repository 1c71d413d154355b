# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, spread, and ratios of interleaved runs, as tables in Markdown that a terminal shows well, too."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import log
from statistics import linear_regression, median

from tests.benchmark import candidates
from tests.benchmark.runner import Measurement, Runner
from tests.benchmark.scenarios import PAGES, SMALL, SWEEP, WHOLE, Scenario

MIB = 2**20
# With fewer connections, their time is negligible compared with that of each task.
MIN_CONNECTIONS = 1000


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
    """The measurements by candidate and scenario."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.scenarios = runner.plan.scenarios
        self._by_key: dict[tuple[str, Scenario], list[Measurement]] = {}
        for run in runner.measurements:
            self._by_key.setdefault((run.candidate, run.scenario), []).append(run)

    def of(self, candidate: candidates.Candidate, scenario: Scenario) -> list[Measurement]:
        """All runs of a candidate in a scenario."""
        return self._by_key.get((candidate.name, scenario), [])

    def kind(self, kind: str) -> list[Scenario]:
        """The scenarios of a kind."""
        return [scenario for scenario in self.scenarios if scenario.kind == kind]

    def seconds(self, candidate: candidates.Candidate, scenario: Scenario) -> list[float]:
        """Seconds for each task."""
        return [run.seconds / scenario.tasks for run in self.of(candidate, scenario)]

    def wall_seconds_without_startup(self, candidate: candidates.Candidate, scenario: Scenario) -> list[float]:
        """Wall time less that of a play without tasks in the same round, for each task; nothing for scripts."""
        if candidate.tasks is None:
            return []
        empty = {run.round: run.wall for run in self.of(candidates.EMPTY_PLAY, scenario)}
        mine = self.of(candidate, scenario)
        return [(run.wall - empty[run.round]) / scenario.tasks for run in mine if run.round in empty]

    def peak_mib(self, candidate: candidates.Candidate, scenario: Scenario) -> list[float]:
        """Peak memory in MiB."""
        return [run.peak_bytes / MIB for run in self.of(candidate, scenario)]

    def per_round(self, scenario: Scenario, formula: Callable[..., float], *names: candidates.Candidate) -> list[float]:
        """A formula of some candidates' seconds for each task, for each round in which all of them ran."""
        rounds = [{run.round: run.seconds / scenario.tasks for run in self.of(name, scenario)} for name in names]
        shared = sorted(set.intersection(*map(set, rounds)))
        return [formula(*(one[round_] for one in rounds)) for round_ in shared]


def ratios(results: Results) -> list[Ratio]:
    """The ratios that matter to the project."""
    found = []

    def add(
        scenario: Scenario, title: str, goal: float | None, formula: Callable, *names: candidates.Candidate
    ) -> None:
        values = results.per_round(scenario, formula, *names)
        if values:
            found.append(Ratio(f"{scenario.title}: {title}", values, goal))

    ours = candidates.IN_PROCESS
    for scenario in results.kind(SMALL):
        add(scenario, "in-process ÷ uri", 0.10, _quotient, ours, candidates.URI_WHOLE)
        add(
            scenario,
            "in-process ÷ (debug + HTTP alone)",
            2.0,
            _quotient_of_sum,
            ours,
            candidates.DEBUG,
            candidates.SCRIPT,
        )
        add(scenario, "in-process ÷ as module", None, _quotient, ours, candidates.AS_MODULE)
    for scenario in results.kind(PAGES):
        add(scenario, "in-process ÷ uri", 0.15, _quotient, ours, candidates.URI_PAGES)
        add(
            scenario,
            "in-process ÷ (8 threads + floor)",
            1.5,
            _quotient_of_sum,
            ours,
            candidates.THREADED_SCRIPT,
            candidates.FLOOR_ACTION,
        )
    for scenario in results.kind(WHOLE):
        add(scenario, "in-process ÷ uri", None, _quotient, ours, candidates.URI_WHOLE)
    for candidate in results.runner.candidates:
        if candidate.collections:
            for scenario in results.scenarios:
                add(scenario, "in-process ÷ before", 1.0, _quotient, ours, candidate)
                add(scenario, "as module ÷ before", 1.0, _quotient, candidates.AS_MODULE, candidate)
    return found + list(_growth(results))


def _quotient(one: float, other: float) -> float:
    return one / other


def _quotient_of_sum(one: float, *others: float) -> float:
    return one / sum(others)


def _growth(results: Results) -> Iterable[Ratio]:
    """By which power of the number of connections time and memory grow, from MIN_CONNECTIONS on; 1 is linear."""
    for latency in (0, 50):
        least, *others = [scenario for scenario in results.kind(SWEEP) if scenario.latency == latency] or [None]
        large = [scenario for scenario in others if scenario.size >= MIN_CONNECTIONS]
        if len(large) < 2:
            continue
        for candidate in (candidates.IN_PROCESS, candidates.AS_MODULE):
            title = f"{candidate.name}, {latency} ms, {large[0].size:,} to {large[-1].size:,} connections"
            for what, values in (("time", results.seconds), ("memory", results.peak_mib)):
                exponent = _exponent(functools.partial(values, candidate), large, least)
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
    """The whole report, with the plot if there is one."""
    ran = {run.candidate for run in results.runner.measurements}
    lines = [f"* **{one.name}**: {one.description}." for one in results.runner.candidates if one.name in ran]
    sections = [*notes, "## Candidates", "\n".join(lines), "## Ratios in the same round", _ratio_table(ratios(results))]
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
                _matrix(results, sweep, results.peak_mib, mib_text),
            ]
    if results.runner.skipped:
        sections.append("## Skipped")
        lines = (f"* {one.candidate}, {one.scenario.title}: {one.reason}." for one in results.runner.skipped)
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _details(results: Results, scenarios: list[Scenario]) -> str:
    """Everything about one scenario."""
    rows = [["candidate", "seconds a task", "by wall time", "peak MiB", "rounds"]]
    for scenario in scenarios:
        for candidate in results.runner.candidates:
            seconds = results.seconds(candidate, scenario)
            if seconds:
                wall = results.wall_seconds_without_startup(candidate, scenario)
                peak_mib = results.peak_mib(candidate, scenario)
                row = [spread(seconds, seconds_text), spread(wall, seconds_text), spread(peak_mib, mib_text)]
                rows.append([candidate.name, *row, str(len(seconds))])
    return table(rows)


def _matrix(results: Results, sweep: list[Scenario], values: Callable, text: Callable[[float], str]) -> str:
    """One row per candidate, one column per size."""
    rows = [["candidate", *(f"{scenario.size:,}" for scenario in sweep)]]
    for candidate in results.runner.candidates:
        row = [spread(values(candidate, scenario), text) for scenario in sweep]
        if any(row) and candidate is not candidates.EMPTY_PLAY:
            rows.append([candidate.name, *row])
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
    """A table in Markdown, with aligned columns. The first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(cells: list[str]) -> str:
        others = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return f"| {' | '.join([cells[0].ljust(widths[0]), *others])} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])
