# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the architecture into docs/architecture.svg: rooms from docs/site/architecture.toml, arrows from the code.

An arrow is an import, or a plugin, role or playbook that YAML calls by its full name. Arrows go down only.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "architecture.svg"
PREFIX = "ansible_collections.securitycompass.sdelements."
CODE = [f"plugins/{kind}/**/*.py" for kind in ("action", "filter", "modules", "module_utils", "plugin_utils")]
YAML = ["extensions/**/*.yml", "playbooks/*.yml", "playbooks/templates/*", "roles/*/tasks/*.yml", "roles/*/templates/*"]
# Sizes in pixels.
WIDTH, MARGIN, GAP, HEIGHT, DISTANCE = 920, 24, 20, 62, 40
STYLE = """
rect.page { fill: #ffffff; stroke: #d5dbe1; }
rect.room { fill: #eef5f7; stroke: #0b5f73; }
text { font-family: sans-serif; font-size: 12px; fill: #3d4852; text-anchor: middle; }
text.name { font-family: monospace; font-size: 14px; font-weight: bold; fill: #0b3f4d; }
path { fill: none; stroke: #7d8b97; stroke-width: 1.3; marker-end: url(#head); }
marker path { fill: #7d8b97; stroke: none; marker-end: none; }
"""


class Room(NamedTuple):
    """One job, in one or several files."""

    name: str
    job: str
    files: tuple[str, ...]
    layer: int
    column: float


def rooms() -> list[Room]:
    """Return all rooms that have files, from the roof to the ground."""
    layers = tomllib.loads((ROOT / "docs" / "site" / "architecture.toml").read_text(encoding="utf-8"))["layer"]
    everything = [
        Room(one["name"], one["job"], tuple(one["files"]), number, one["column"])
        for number, layer in enumerate(layers)
        for one in layer["room"]
    ]
    used = {room_of(path, everything) for path in files()}
    return [room for room in everything if room in used]


def files() -> list[str]:
    """Return the files that do something."""
    return [str(path.relative_to(ROOT)) for pattern in [*CODE, *YAML] for path in sorted(ROOT.glob(pattern))]


def room_of(path: str, known: list[Room]) -> Room:
    """Return the room of a file."""
    for room in known:
        if any(fnmatch.fnmatch(path, pattern) for pattern in room.files):
            return room
    sys.exit(f"{path} is in no room of docs/site/architecture.toml.")


def used_by(path: str) -> set[str]:
    """Return the files that a file uses."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        return set(imports(ast.parse(text), path))
    places = (
        "plugins/action/{}.py",
        "plugins/modules/{}.py",
        "plugins/filter/{}.py",
        "playbooks/{}.yml",
        "roles/{}/tasks/main.yml",
    )
    names = re.findall(r"securitycompass\.sdelements\.(\w+)", text)
    return {place.format(name) for name in names for place in places if (ROOT / place.format(name)).exists()}


def imports(tree: ast.AST, path: str) -> list[str]:
    """Return the files of this collection that the Python file at a path imports."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith(PREFIX)):
            own_folders = path.split("/")[: -node.level] if node.level else []
            module = "/".join([*own_folders, *(node.module or "").removeprefix(PREFIX).split(".")]).rstrip("/")
            # Either names of a file, or files of a folder.
            found += (
                [f"{module}/{name.name}.py" for name in node.names] if (ROOT / module).is_dir() else [f"{module}.py"]
            )
    return found


def arrows(known: list[Room]) -> dict[tuple[Room, Room], str]:
    """Return which rooms use which, each with a file that does."""
    found = {}
    for path in files():
        for used in sorted(used_by(path)):
            pair = (room_of(path, known), room_of(used, known))
            if pair[0] != pair[1]:
                found.setdefault(pair, f"{path} uses {used}")
    return found


def upward(found: dict[tuple[Room, Room], str]) -> list[str]:
    """Return what breaks the rule that a room uses only rooms of lower layers."""
    return [reason for (user, used), reason in found.items() if used.layer <= user.layer]


def without_shortcuts(pairs: set[tuple[Room, Room]]) -> set[tuple[Room, Room]]:
    """Return the arrows that no longer way says already."""

    def reachable(start: Room, past: Room) -> bool:
        return any(used == past or reachable(used, past) for user, used in pairs if user == start)

    return {
        (user, used) for user, used in pairs if not any(reachable(other, used) for one, other in pairs if one == user)
    }


def draw(known: list[Room], pairs: set[tuple[Room, Room]]) -> str:
    """Return the picture."""
    layers = [[room for room in known if room.layer == layer] for layer in sorted({room.layer for room in known})]
    middle, top = {}, {}
    boxes = []
    widest = (WIDTH - 2 * MARGIN - 3 * GAP) / 4
    for row, layer in enumerate(layers):
        for room in layer:
            left, top[room] = MARGIN + room.column * (widest + GAP), MARGIN + row * (HEIGHT + DISTANCE)
            middle[room] = left + widest / 2
            boxes.append(box(room, left, top[room], widest))
    height = MARGIN * 2 + len(layers) * (HEIGHT + DISTANCE) - DISTANCE
    lines = [
        line(user, used, middle, top, pairs)
        for user, used in sorted(pairs, key=lambda pair: [room.name for room in pair])
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
            "<title>The rooms of the collection, and which of them use which: arrows go down only</title>",
            f"<style>{STYLE}</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
            '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
            f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )


def box(room: Room, left: float, top: float, width: float) -> str:
    """Return a room's box."""
    center = left + width / 2
    job = textwrap.wrap(room.job, 30)
    texts = [
        f'<text x="{center:.0f}" y="{top + 38 + 15 * number:.0f}">{escape(text)}</text>'
        for number, text in enumerate(job)
    ]
    name = f'<text class="name" x="{center:.0f}" y="{top + 20:.0f}">{escape(room.name)}</text>'
    frame = f'<rect class="room" x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{HEIGHT}" rx="6"/>'
    return "\n".join([frame, name, *texts])


def line(user: Room, used: Room, middle: dict, top: dict, pairs: set[tuple[Room, Room]]) -> str:
    """Return an arrow. Those that leave or reach the same box are kept apart."""
    leaving = sorted((middle[other], other.name) for one, other in pairs if one == user)
    reaching = sorted((middle[one], one.name) for one, other in pairs if other == used)
    x1 = middle[user] + apart(leaving, (middle[used], used.name))
    x2 = middle[used] + apart(reaching, (middle[user], user.name))
    y1, y2 = top[user] + HEIGHT, top[used] - 1
    bend = (y2 - y1) / 2
    return f'<path d="M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"/>'


def apart(ends: list, end: tuple) -> float:
    """Return how far from the middle of its box an arrow ends."""
    return (ends.index(end) - (len(ends) - 1) / 2) * 26


def picture() -> str:
    """Return the picture of the code as it is. Ends the program if an arrow goes up."""
    known = rooms()
    found = arrows(known)
    if wrong := upward(found):
        sys.exit("Arrows go down only, see docs/site/architecture.toml:\n" + "\n".join(wrong))
    return draw(known, without_shortcuts(set(found)))


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
