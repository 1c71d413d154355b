# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plot: seconds over connections, both axes logarithmic, a panel for each latency."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from PIL import Image

from tests.benchmark import candidates
from tests.benchmark.report import Results
from tests.benchmark.scenarios import SWEEP

# Ours in blue, what people use in red, scripts in green, floors in grey.
_STYLES = {
    candidates.IN_PROCESS.name: {"color": "#1f5fbf", "marker": "o", "linewidth": 2.6},
    candidates.WITHOUT_PARAMS.name: {"color": "#63a0ee", "marker": "o", "linewidth": 1.6},
    candidates.AS_MODULE.name: {"color": "#1f5fbf", "marker": "s", "linewidth": 1.6, "linestyle": "--"},
    "task, before": {"color": "#9467bd", "marker": "s", "linewidth": 1.6, "linestyle": ":"},
    candidates.URI_PAGES.name: {"color": "#c8321e", "marker": "^", "linewidth": 2.2},
    candidates.SCRIPT.name: {"color": "#2e8540", "marker": "v", "linewidth": 1.6, "linestyle": "--"},
    candidates.THREADED_SCRIPT.name: {"color": "#2e8540", "marker": "v", "linewidth": 2.0},
    candidates.FLOOR_ACTION.name: {"color": "#555555", "marker": ".", "linewidth": 1.4},
    candidates.FLOOR_MODULE.name: {"color": "#555555", "marker": ".", "linewidth": 1.4, "linestyle": "--"},
    candidates.PING.name: {"color": "#999999", "linewidth": 1.0, "linestyle": "--"},
    candidates.DEBUG.name: {"color": "#999999", "linewidth": 1.0, "linestyle": ":"},
}


def draw(results: Results, target: Path) -> None:
    """Write the plot. An error bar goes from the fastest round to the slowest."""
    with matplotlib.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(13, 6.2), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for panel, latency in zip(panels, (0, 50)):
            _draw_panel(panel, results, latency)
        panels[0].set_ylabel("seconds")
        handles = {}
        for panel in panels:
            handles.update({label: handle for handle, label in zip(*panel.get_legend_handles_labels())})
        # In the order of the tables, not in that of matplotlib's kinds of line.
        names = [name for name in _STYLES if name in handles]
        figure.legend([handles[name] for name in names], names, loc="outside right upper", frameon=False)
        figure.savefig(target, dpi=110, metadata={"Software": None})
    with Image.open(target) as image:
        palette = image.convert("RGB").quantize(64)
    # Lines need few colours, and the plot goes into the artifact.
    palette.save(target, optimize=True)


def _draw_panel(panel, results: Results, latency: int) -> None:
    """All candidates at one latency."""
    sweep = [scenario for scenario in results.kind(SWEEP) if scenario.latency == latency]
    for candidate in results.runner.candidates:
        if candidate.name not in _STYLES:
            continue
        if candidate.is_constant:
            _draw_constant(panel, results, candidate)
        else:
            _draw_line(panel, results, candidate, sweep)
    panel.set(xscale="log", yscale="log", xlabel="connections")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _place: f"{seconds:g}"))
    panel.set_title(f"{latency} ms latency, 100 connections a page")
    ticks = [scenario.size for scenario in sweep]
    panel.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    panel.minorticks_off()
    panel.grid(color="#dddddd", linewidth=0.6)


def _draw_line(panel, results: Results, candidate: candidates.Candidate, sweep: list) -> None:
    points = [(one.size, results.seconds(candidate, one)) for one in sweep if results.seconds(candidate, one)]
    if not points:
        return
    sizes = [size for size, _seconds in points]
    middles = [median(seconds) for _size, seconds in points]
    below = [median(seconds) - min(seconds) for _size, seconds in points]
    above = [max(seconds) - median(seconds) for _size, seconds in points]
    style = _STYLES[candidate.name]
    panel.errorbar(sizes, middles, yerr=[below, above], label=candidate.name, capsize=2, markersize=5, **style)


def _draw_constant(panel, results: Results, candidate: candidates.Candidate) -> None:
    """A floor that depends on nothing."""
    found = [results.seconds(candidate, one) for one in results.kind(SWEEP) if results.seconds(candidate, one)]
    if found:
        panel.axhline(median(found[0]), label=candidate.name, **_STYLES[candidate.name])
