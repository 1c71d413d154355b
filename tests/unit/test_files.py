# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that options name: which are found, and why one cannot be read."""

from __future__ import annotations

from functools import partial

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._files import (
    TaskFiles,
    _reason,
    find_files,
    read_json,
)

find = partial(find_files, "report_files", advice="Name another.")


@pytest.fixture
def folder(tmp_path):
    for name in ("b.json", "a.json", "report[1].json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "folder.json").mkdir()
    return tmp_path


def test_find_files_of_pattern_is_sorted_and_without_folders(folder):
    assert find([f"{folder}/?.json"]) == [f"{folder}/a.json", f"{folder}/b.json"]
    with pytest.raises(OptionError, match=r"report_files: no file matches .*/folder\* \(searched from .*\)\. Name an"):
        find([f"{folder}/folder*"])


def test_find_files_returns_each_file_once(folder):
    (folder / "link.json").symlink_to(folder / "a.json")
    assert find([f"{folder}/a.json", f"{folder}/../{folder.name}/a.json", f"{folder}/[al]*.json"]) == [
        f"{folder}/a.json"
    ]


def test_find_files_prefers_name_to_pattern(folder):
    assert find([f" {folder}/report[1].json"]) == [f"{folder}/report[1].json"]


def test_read_json_does_not_quote_the_file(folder):
    (folder / "a.json").write_text('{"password": "hunter2"', encoding="utf-8")
    with pytest.raises(OptionError) as raised:
        read_json("report_files", f"{folder}/a.json", "Name another.")
    assert str(raised.value) == f"report_files: {folder}/a.json is not valid JSON. Name another."


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"a: b\n c: d: password=hunter2\n", r"line 2 .+"),
        ("title: a".encode("utf-16"), "it is not valid UTF-8"),
        (b"x: &x [*x]\n", "it refers to itself, or is nested too deeply"),
    ],
)
@pytest.mark.usefixtures("no_garbage_collection")
def test_unreadable_file_has_its_reason(folder, content, reason):
    (folder / "a.yml").write_bytes(content)
    files = TaskFiles(lambda _folder, name: f"{folder}/{name}", DataLoader())
    with pytest.raises(SDElementsError, match=f"^policy: a.yml cannot be read: {reason}\\.$") as raised:
        files.read("policy", "a.yml", kind="policy")
    assert raised.value.kind == "policy" and "hunter2" not in str(raised.value)


def test_reason_of_another_error_is_one_line_without_secrets():
    assert _reason(AnsibleError("It failed, password: hunter2.\nsecond line")) == "It failed, password: ********"
