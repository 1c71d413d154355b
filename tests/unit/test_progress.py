# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the lines that say how far a long task is."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _pages
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _action, _progress
from tests.support import RESOURCES, listening


@pytest.fixture
def at_once(monkeypatch):
    """Lines are due all the time."""
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0.001)


def test_lines_are_shown_on_stderr_while_block_waits(at_once, capsys):
    asked = []
    is_shown = threading.Event()

    def text() -> str:
        asked.append(f"line {len(asked) + 1}")
        if len(asked) == 3:
            is_shown.set()
        return asked[-1]

    with _progress.progress_shown(text):
        assert is_shown.wait(60)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == asked


def test_no_line_is_shown_before_it_is_due(capsys):
    threads = threading.active_count()
    with _progress.progress_shown(lambda: "too early"):
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
    assert capsys.readouterr() == ("", "")


def test_lines_end_with_an_error(capsys):
    threads = threading.active_count()
    with pytest.raises(ValueError, match="failed"), _progress.progress_shown(lambda: "too early"):
        raise ValueError("failed")
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    "attributes, text",
    [
        ({}, "Gathering: 0 ALM connections so far, sde.example.com"),
        ({"records": 12300}, "Gathering: 12,300 ALM connections so far, sde.example.com"),
        ({"records": 12300, "total": 50000}, "Gathering: 12,300 of 50,000 ALM connections, sde.example.com"),
        (
            {"records": 7, "total": 9, "reading": 2},
            "Gathering: 7 of 9 ALM connections (reading 2), sde.example.com",
        ),
    ],
)
def test_text_of_progress(attributes, text):
    progress = _pages.Progress()
    vars(progress).update(title="ALM connections", host="sde.example.com", **attributes)
    assert str(progress) == text


TITLES = {
    "alm": "ALM connections",
    "analysis": "analysis connections",
    "project": "projects",
    "alm_connector": "ALM connectors",
    "analysis_connector": "analysis connectors",
}


def gather_in_process(kind: str, url: str) -> dict:
    """The result of a task on the controller."""
    action = SimpleNamespace(_task=SimpleNamespace(action="some_info", no_log=False))
    return _action.gather_in_process(action, RESOURCES[kind], {"url": url, "api_token": "abc", "retries": 0})


@pytest.mark.parametrize("kind", RESOURCES)
def test_in_process_gathering_shows_progress_while_server_is_silent(kind, at_once, capsys, monkeypatch):
    """The server answers when a line was shown after its request."""
    is_asked, is_shown = threading.Event(), threading.Event()
    describe = _pages.Progress.__str__

    def text(progress: _pages.Progress) -> str:
        if is_asked.is_set():
            is_shown.set()
        return describe(progress)

    def answer(path, headers):
        is_asked.set()
        return (200 if is_shown.wait(60) else 500), b'{"results": []}'

    monkeypatch.setattr(_pages.Progress, "__str__", text)
    with listening(answer) as server:
        assert "failed" not in gather_in_process(kind, server.url)
        host = urlsplit(server.url).netloc
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"Gathering: 0 {TITLES[kind]} so far, {host}" in shown.err.splitlines()


def test_progress_with_invalid_options_is_never_shown(capsys):
    assert gather_in_process("alm", "ftp://abc")["failed"]
    assert capsys.readouterr() == ("", "")
