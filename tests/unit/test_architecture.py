# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of the layers, the picture of them, and the table."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.tools import architecture
from tests.tools.architecture import Component

UTILS = "plugins/module_utils"
PACKAGE = "ansible_collections.securitycompass.sdelements.plugins"

pytestmark = pytest.mark.once


@pytest.fixture
def write(tmp_path, monkeypatch):
    """An empty collection, and a function that writes a file into it."""
    monkeypatch.setattr(architecture, "ROOT", tmp_path)

    def write_file(path: str, text: str = "") -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return write_file


def component(name: str, layer: int, *files: str, column: int = 0) -> Component:
    return Component(name, "", tuple(f"{UTILS}/{file}.py" for file in files or (name,)), layer, column)


def test_layers_hold_in_the_collection():
    assert architecture.errors(architecture.read_components(), architecture.read_uses()) == []


@pytest.mark.no_cover
def test_picture_shows_the_current_code():
    components, uses = architecture.read_components(), architecture.read_uses()
    pairs = architecture.without_shortcuts(architecture.arrows(components, uses))
    drawn = architecture.Drawing(components, pairs).svg()
    assert architecture.PICTURE.read_text(encoding="utf-8") == drawn, "run 'make docs'"


def test_picture_arrows_cross_no_box():
    picture = architecture.PICTURE.read_text(encoding="utf-8")
    boxes = [
        tuple(map(float, found))
        for found in re.findall(r'class="component" x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', picture)
    ]
    paths = re.findall(r'<path d="(M[^z"]+)"/>', picture)
    assert len(boxes) == len(architecture.read_components()) and len(paths) > len(boxes)
    for path in paths:
        points = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            for left, top, width, height in boxes:
                is_outside = max(x1, x2) <= left or min(x1, x2) >= left + width
                assert is_outside or max(y1, y2) <= top or min(y1, y2) >= top + height, path


@pytest.mark.parametrize(
    "statement, used",
    [
        ("from ._low import thing", [f"{UTILS}/_low.py"]),
        ("from . import _low", [f"{UTILS}/_low.py"]),
        ("from ..plugin_utils._render import write", ["plugins/plugin_utils/_render/write.py"]),
        ("from ..plugin_utils._render.write import to_file", ["plugins/plugin_utils/_render/write.py"]),
        (f"from {PACKAGE}.module_utils import _low", [f"{UTILS}/_low.py"]),
        (f"from {PACKAGE}.module_utils._low import thing", [f"{UTILS}/_low.py"]),
        (f"import {PACKAGE}.module_utils._low as low", [f"{UTILS}/_low.py"]),
        ("def function():\n    from ._low import thing", [f"{UTILS}/_low.py"]),
        ("import json\nfrom ansible.module_utils import basic", []),
    ],
)
def test_read_uses_finds_each_form_of_import(write, statement, used):
    write(f"{UTILS}/_high.py", statement)
    write(f"{UTILS}/_low.py")
    write("plugins/plugin_utils/_render/write.py")
    assert architecture.read_uses()[f"{UTILS}/_high.py"] == used


def test_read_uses_finds_calls_in_yaml(write):
    write("plugins/modules/sde_info.py")
    write("plugins/filter/egress.py")
    write("roles/audit/meta/argument_specs.yml", "securitycompass.sdelements.egress")
    write("roles/audit/vars/main.yml", "text: '{{ facts | securitycompass.sdelements.egress }}'")
    write(
        "roles/audit/tasks/main.yml",
        "- group/securitycompass.sdelements.audit:\n- securitycompass.sdelements.sde_info:",
    )
    uses = architecture.read_uses()
    assert uses["roles/audit/vars/main.yml"] == ["plugins/filter/egress.py"]
    assert uses["roles/audit/tasks/main.yml"] == ["plugins/modules/sde_info.py"]
    assert "roles/audit/meta/argument_specs.yml" not in uses


@pytest.mark.parametrize(
    "components, expected",
    [
        ([component("_high", 0), component("_low", 1)], []),
        (
            [component("_low", 0), component("_high", 1)],
            ["(layer 2) must not use plugins/module_utils/_low.py (layer 1)"],
        ),
        (
            [component("_low", 0), component("_high", 0)],
            ["(layer 1) must not use plugins/module_utils/_low.py (layer 1)"],
        ),
        ([component("both", 0, "_low", "_high")], ["(layer 1) must not use plugins/module_utils/_low.py (layer 1)"]),
    ],
    ids=["down", "up", "same layer", "same component"],
)
def test_errors_allow_arrows_down_only(write, components, expected):
    write(f"{UTILS}/_high.py", "from ._low import thing")
    write(f"{UTILS}/_low.py")
    found = architecture.errors(components, architecture.read_uses())
    assert found == [f"{UTILS}/_high.py {text}" for text in expected]


def test_errors_name_a_cycle_within_a_component(write):
    write(f"{UTILS}/_one.py", "from ._other import thing")
    write(f"{UTILS}/_other.py", "from ._one import thing")
    found = architecture.errors([component("both", 0, "_one", "_other")], architecture.read_uses())
    assert [text.split(" ")[0] for text in found] == [f"{UTILS}/_one.py", f"{UTILS}/_other.py"]


@pytest.mark.parametrize("names, number", [(("_other",), 0), (("_one", "_one"), 2)])
def test_errors_name_a_file_that_is_not_in_one_component(write, names, number):
    write(f"{UTILS}/_one.py")
    write(f"{UTILS}/_other.py")
    components = [component(name, 0) for name in {*names, "_other"} - {"_one"}]
    components += [component("_one", 1)] * names.count("_one")
    assert architecture.errors(components, architecture.read_uses()) == [
        f"{UTILS}/_one.py must be in one component, not {number}: add it to docs/site/architecture.toml"
    ]


def test_errors_name_a_missing_file(write):
    assert architecture.errors([component("_gone", 0)], {}) == [f"_gone: {UTILS}/_gone.py does not exist"]


def test_component_contains_files_and_whole_folders():
    some = Component("some", "", ("roles/", "plugins/filter/egress.py"), 0, 0)
    paths = ["roles/audit/tasks/main.yml", "plugins/filter/egress.py", "roles.yml", "plugins/filter/egress.py.j2"]
    assert list(map(some.contains, paths)) == [True, True, False, False]


def test_main_writes_no_picture_if_a_file_is_in_no_component(write, tmp_path, monkeypatch):
    write("plugins/module_utils/_new.py")
    monkeypatch.setattr(architecture, "read_components", list)
    monkeypatch.setattr(architecture, "PICTURE", tmp_path / "picture.svg")
    with pytest.raises(SystemExit, match=r"_new\.py must be in one component"):
        architecture.main()
    assert not (tmp_path / "picture.svg").exists()


def test_without_shortcuts_keeps_longest_paths():
    top, middle, bottom = (component(name, layer) for layer, name in enumerate(("top", "middle", "bottom")))
    pairs = {(top, middle), (middle, bottom), (top, bottom)}
    assert architecture.without_shortcuts(pairs) == {(top, middle), (middle, bottom)}


def test_main_prints_a_table_of_layers(capsys):
    architecture.main(["--table"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["| layer | file | uses |", "|---|---|---|"]
    assert len(printed) == 2 + len(architecture.read_uses())
    assert any(re.fullmatch(r"\| \d+ \| module_utils/_errors \| - \|", line) for line in printed)
