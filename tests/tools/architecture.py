# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the layers of docs/site/architecture.toml, and draw them into docs/architecture.svg.

A file uses what it imports, or calls by its full name in YAML. It may use files of lower layers only, so that neither
a cycle nor an arrow up is possible. '--table' prints the files and their imports instead.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import tomllib

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "architecture.svg"
CONFIGURATION = ROOT / "docs" / "site" / "architecture.toml"
COLLECTION = "ansible_collections.securitycompass.sdelements"
# All that runs: documentation fragments and the roles' metadata do not.
SOURCES = (
    *(f"plugins/{kind}/**/*.py" for kind in ("action", "filter", "modules", "module_utils", "plugin_utils")),
    "extensions/**/*.py",
    *(f"{folder}/**/*{suffix}" for folder in ("extensions", "playbooks", "roles") for suffix in (".yml", ".j2")),
)
# Where ansible-core finds what is called by its full name.
CALLED = ("plugins/action/{}.py", "plugins/modules/{}.py", "plugins/filter/{}.py", "playbooks/{}.yml")
CALLED_ROLE = "roles/{}/tasks/main.yml"

# Sizes in pixels. Arrows run in gaps between rows and in gutters between columns, on tracks of their own.
COLUMNS, BOX_WIDTH, GUTTER, BOX_HEIGHT = 4, 180, 40, 54
GAP, TRACK, LINE_HEIGHT, RADIUS = 22, 6, 15, 5
WIDTH = COLUMNS * (BOX_WIDTH + GUTTER) + GUTTER
STYLE = """
rect.page { fill: #ffffff; stroke: #d5dbe1; }
rect.component { fill: #eef5f7; stroke: #0b5f73; }
text { font-family: sans-serif; font-size: 12px; fill: #3d4852; text-anchor: middle; }
text.name { font-family: monospace; font-size: 14px; font-weight: bold; fill: #0b3f4d; }
path { fill: none; stroke: #7d8b97; stroke-width: 1.3; marker-end: url(#head); }
marker path { fill: #7d8b97; stroke: none; marker-end: none; }
"""


class Component(NamedTuple):
    """Files with one responsibility that do not use each other."""

    name: str
    responsibility: str
    paths: tuple[str, ...]
    layer: int
    column: int

    def contains(self, path: str) -> bool:
        """Tell whether a file is one of its paths, or in one that ends with a slash."""
        return any(path == own or (own.endswith("/") and path.startswith(own)) for own in self.paths)


Arrow = tuple[Component, Component]
Uses = dict[str, list[str]]


def read_components() -> list[Component]:
    """Return all components, from the top layer to the bottom."""
    layers = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["layer"]
    return [
        Component(one["name"], one["responsibility"], tuple(one["paths"]), number, one["column"])
        for number, layer in enumerate(layers)
        for one in layer["component"]
    ]


def read_uses() -> Uses:
    """Return the files of the collection that run, each with those that it uses."""
    paths = [path for pattern in SOURCES for path in sorted(ROOT.glob(pattern)) if "meta" not in path.parts]
    return {str(path.relative_to(ROOT)): sorted(used_by(path)) for path in paths}


def used_by(path: Path) -> set[str]:
    """Return the files that a file uses."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        folder = ".".join([COLLECTION, *path.parent.relative_to(ROOT).parts])
        return set(imported(ast.parse(text), folder))
    # The other names with a slash are groups of module_defaults.
    names = re.findall(r"(?<!group/)securitycompass\.sdelements\.(\w+)", text)
    places = {place.format(name) for name in names for place in (*CALLED, CALLED_ROLE)}
    return {place for place in places if (ROOT / place).exists()}


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the files of this collection that a file of this package imports."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            # A name is a file of the folder, or something in the file.
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    for name in names:
        path = name.removeprefix(f"{COLLECTION}.").replace(".", "/") + ".py"
        if name.startswith(f"{COLLECTION}.") and (ROOT / path).is_file():
            yield path


def errors(components: list[Component], uses: Uses) -> list[str]:
    """Return what breaks the rules of the layers."""
    homes = {path: [one for one in components if one.contains(path)] for path in uses}
    found = [
        f"{path} must be in one component, not {len(home)}: add it to docs/site/architecture.toml"
        for path, home in homes.items()
        if len(home) != 1
    ]
    for component in components:
        missing = [own for own in component.paths if not (ROOT / own).exists()]
        found += [f"{component.name}: {own} does not exist" for own in missing]
    if found:
        return found
    return [
        f"{path} (layer {homes[path][0].layer + 1}) must not use {used} (layer {homes[used][0].layer + 1})"
        for path, all_used in uses.items()
        for used in all_used
        if homes[used][0].layer <= homes[path][0].layer
    ]


def arrows(components: list[Component], uses: Uses) -> set[Arrow]:
    """Return which components use which."""
    home = {path: one for path in uses for one in components if one.contains(path)}
    return {(home[path], home[used]) for path, all_used in uses.items() for used in all_used}


def without_shortcuts(pairs: set[Arrow]) -> set[Arrow]:
    """Return the arrows without those that a longer path implies."""

    def reaches(start: Component, end: Component) -> bool:
        return any(used == end or reaches(used, end) for user, used in pairs if user == start)

    return {
        (user, used) for user, used in pairs if not any(reaches(other, used) for one, other in pairs if one == user)
    }


class Drawing:
    """The boxes of the components, and arrows that cross none."""

    def __init__(self, components: list[Component], pairs: set[Arrow]) -> None:
        self.components = components
        self.pairs = sorted(pairs, key=lambda pair: (pair[1].layer, pair[1].column, pair[0].layer, pair[0].column))
        self.rows = max(one.layer for one in components) + 1
        self.occupied = {(one.layer, one.column) for one in components}
        self.channels = {pair: self.channel(*pair) for pair in self.pairs}
        # Arrows to the same component share their tracks and lanes.
        self.lanes: dict[float, list[Component]] = {}
        self.tracks: dict[int, list[Component]] = {}
        for (user, used), channel in self.channels.items():
            for key, tracks in ((channel, self.lanes), (user.layer, self.tracks), (used.layer - 1, self.tracks)):
                if key is not None and used not in tracks.setdefault(key, []):
                    tracks[key].append(used)
        self.tops = [GUTTER / 2]
        for row in range(self.rows - 1):
            self.tops.append(self.tops[-1] + BOX_HEIGHT + GAP + TRACK * len(self.tracks.get(row, ())))

    def channel(self, user: Component, used: Component) -> float | None:
        """Return where an arrow passes the rows between: a free column, or the gutter that is half a column off."""
        between = range(user.layer + 1, used.layer)
        free = [number for number in range(COLUMNS) if not any((row, number) in self.occupied for row in between)]
        gutters = [number - 0.5 for number in range(COLUMNS + 1)]
        if not between:
            return None
        return min(
            [*free, *gutters],
            key=lambda place: abs(place - user.column) + abs(place - used.column),
        )

    def path(self, user: Component, used: Component) -> str:
        """Return an arrow from a box down to a track, to its lane, down to a track, and to the other box."""
        start, end, lane = self.exit(user, used), center(used.column), self.lane(user, used)
        first, last = self.track(user.layer, used), self.track(used.layer - 1, used)
        points = [(start, self.tops[user.layer] + BOX_HEIGHT), (start, first)]
        if lane is not None:
            points += [(lane, first), (lane, last)]
        points += [(end, last), (end, self.tops[used.layer] - 1)]
        return f'<path d="{rounded(points)}"/>'

    def exit(self, user: Component, used: Component) -> float:
        """Return where an arrow leaves its box: in the middle if it goes straight down, else on the side it goes to."""
        heads = {other: self.heading(user, other) for one, other in self.pairs if one == user}
        if not heads[used]:
            return center(user.column)
        same_side = [other for other, heading in heads.items() if heading * heads[used] > 0]
        same_side.sort(key=lambda other: (-abs(heads[other]), self.track(user.layer, other)))
        step = 16 * (len(same_side) - same_side.index(used))
        return center(user.column) + (step if heads[used] > 0 else -step)

    def heading(self, user: Component, used: Component) -> float:
        """Return how far to the right an arrow goes below its box."""
        lane = self.lane(user, used)
        return (center(used.column) if lane is None else lane) - center(user.column)

    def lane(self, user: Component, used: Component) -> float | None:
        """Return the horizontal position at which an arrow passes rows."""
        channel = self.channels[user, used]
        if channel is None or channel == used.column:
            return None if channel is None else center(channel)
        return center(channel) + offset(self.lanes[channel], used)

    def track(self, row: int, used: Component) -> float:
        """Return the vertical position of the arrows to a component, below a row."""
        return (self.tops[row] + BOX_HEIGHT + self.tops[row + 1]) / 2 + offset(self.tracks[row], used) - 2

    def box(self, one: Component) -> str:
        """Return a component's box."""
        left, top, middle = center(one.column) - BOX_WIDTH / 2, self.tops[one.layer], center(one.column)
        lines = textwrap.wrap(one.responsibility, 26)
        return "\n".join(
            [
                f'<rect class="component" x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>',
                f'<text class="name" x="{middle:g}" y="{top + 18:g}">{escape(one.name)}</text>',
                *(
                    f'<text x="{middle:g}" y="{top + 33 + LINE_HEIGHT * number:g}">{escape(line)}</text>'
                    for number, line in enumerate(lines)
                ),
            ]
        )

    def svg(self) -> str:
        """Return the picture."""
        height = f"{self.tops[-1] + BOX_HEIGHT + GUTTER / 2:g}"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" role="img"',
                f'viewBox="0 0 {WIDTH} {height}">',
                "<title>The components of the collection, and which of them use which: arrows go down only</title>",
                f"<style>{STYLE}</style>",
                '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"',
                'orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
                '<rect class="page" width="100%" height="100%" rx="8"/>',
                *(self.path(*pair) for pair in self.pairs),
                *map(self.box, self.components),
                "</svg>\n",
            ]
        )


def center(column: float) -> float:
    """Return the middle of a column, or of the gutter half a column off."""
    return GUTTER + BOX_WIDTH / 2 + column * (BOX_WIDTH + GUTTER)


def offset(tracks: list[Component], used: Component) -> float:
    """Return how far one of several tracks is from their middle."""
    return TRACK * (tracks.index(used) - (len(tracks) - 1) / 2)


def rounded(points: list[tuple[float, float]]) -> str:
    """Return a path of straight lines whose corners are round."""
    corners = [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]
    commands = [f"M{corners[0][0]:g} {corners[0][1]:g}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        start, end = toward(corner, before), toward(corner, after)
        commands.append(f"L{start[0]:g} {start[1]:g}Q{corner[0]:g} {corner[1]:g} {end[0]:g} {end[1]:g}")
    return "".join([*commands, f"L{corners[-1][0]:g} {corners[-1][1]:g}"])


def toward(corner: tuple[float, float], point: tuple[float, float]) -> tuple[float, float]:
    """Return the point on a horizontal or vertical line at which the curve around its corner begins."""
    return tuple(from_ + max(-RADIUS, min(RADIUS, (to - from_) / 2)) for from_, to in zip(corner, point, strict=False))


def table(components: list[Component], uses: Uses) -> str:
    """Return the files by layer, each with what it uses, as a Markdown table."""
    rows = ["| layer | file | uses |", "|---|---|---|"]
    rows += [
        f"| {component.layer + 1} | {short(path)} | {', '.join(map(short, uses[path])) or '-'} |"
        for component in components
        for path in filter(component.contains, uses)
    ]
    return "\n".join(rows)


def short(path: str) -> str:
    """Return a path without what all files have in common."""
    return path.removeprefix("plugins/").removesuffix(".py")


def main(arguments: Iterable[str] = ()) -> None:
    """Draw the picture or print the table. End with an error if the layers do not hold."""
    components, uses = read_components(), read_uses()
    if found := errors(components, uses):
        sys.exit("\n".join(found))
    if "--table" in arguments:
        print(table(components, uses))
    else:
        PICTURE.write_text(Drawing(components, without_shortcuts(arrows(components, uses))).svg(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
