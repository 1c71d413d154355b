# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source over a real socket: arguments, sessions, restarts, the state file, and cancelling."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _event_source, _events
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._event_source import StateFile, watch
from tests.demo_server import DemoServer, seed

# A hanging test fails after this time.
PATIENCE = 60
SOURCE = "securitycompass.sdelements.connections"
RECORD = {"kind": "alm", "id": 1, "alias": "One", "system": "JIRA", "params": {"alm_server": "a.example.com"}}
OTHER = {**RECORD, "kind": "analysis", "id": 2, "alias": "Two", "system": "Veracode"}


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch):
    monkeypatch.setattr(_event_source, "pause", lambda _interval, failed_polls: 0.01 * (failed_polls + 1))


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    """Make a server the one to watch, and return the arguments of a source."""

    def make(server: DemoServer, **others) -> dict:
        monkeypatch.setenv("SDE_API_KEY", server.token)
        return {"url": server.url, "state_file": str(tmp_path / "state.json"), "retries": 0, **others}

    return make


class Watch:
    """A source that runs, and the events that it has put into its queue."""

    def __init__(self, source: asyncio.Task, queue: asyncio.Queue) -> None:
        self.source, self.queue = source, queue

    async def next(self, count: int = 1) -> list[dict]:
        """The next events."""
        return [await self.first_of(self.queue.get()) for _number in range(count)]

    async def polls(self, poller_calls: list, count: int = 3) -> None:
        """Wait for so many polls more."""
        wanted = len(poller_calls) + count
        while len(poller_calls) < wanted:
            await self.first_of(asyncio.sleep(0.01))

    async def first_of(self, work: Awaitable):
        """The result of this, or the error of the source."""
        task = asyncio.ensure_future(work)
        await asyncio.wait([task, self.source], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            self.source.result()
        return task.result()


def run(arguments: dict, scenario: Callable[[Watch], Awaitable], queue_size: int = 0) -> None:
    """Run a source, and cancel it when the scenario ends."""

    async def both():
        queue = asyncio.Queue(queue_size)
        source = asyncio.create_task(watch(queue, arguments))
        try:
            await scenario(Watch(source, queue))
        finally:
            source.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await source

    asyncio.run(both())


@pytest.fixture
def polls(monkeypatch):
    """The state after each poll."""
    made = []
    poll = _event_source.Poller.poll

    def counted(self, state):
        made.append(poll(self, state))
        return made[-1]

    monkeypatch.setattr(_event_source.Poller, "poll", counted)
    return made


async def load(*records: dict) -> None:
    """Change what all servers of this process serve."""
    await asyncio.to_thread(seed.load, list(records))


def refused(arguments: dict, message: str) -> SDElementsError:
    """The error with which a source ends at once."""
    with pytest.raises(SDElementsError, match=message) as raised:
        asyncio.run(asyncio.wait_for(watch(asyncio.Queue(), arguments), PATIENCE))
    return raised.value


def summary(events: list[dict]) -> list[tuple]:
    return [(event["type"], event.get("connection", {}).get("id")) for event in events]


def saved_state(arguments: dict) -> _events.State:
    return _events.state_from_json(Path(arguments["state_file"]).read_text())


# ---------------------------------------------------------------------------------------------------------------
# Polls


def test_edits_become_events(start, arguments, polls):
    server = start("newest", dataset=[RECORD, OTHER])
    found = []

    async def scenario(watched):
        await watched.polls(polls)
        await load({**RECORD, "params": {"alm_server": "b.example.com", "alm_pass": "correct horse"}})
        found.extend(await watched.next(2))
        await load({**RECORD, "params": {"alm_server": "b.example.com", "alm_pass": "another horse"}}, OTHER)
        found.extend(await watched.next())
        await watched.polls(polls)
        assert watched.queue.empty()

    run(arguments(server), scenario)
    assert summary(found) == [("connection_removed", 2), ("connection_changed", 1), ("connection_added", 2)]
    assert {field["path"]: (field["old"], field["new"]) for field in found[1]["fields"]} == {
        "params.alm_server": ("a.example.com", "b.example.com"),
        "secrets_set": ([], ["alm_pass"]),
        "server.host": ("a.example.com", "b.example.com"),
        "server.url": ("https://a.example.com:443", "https://b.example.com:443"),
    }
    assert {event["server"] for event in found} == {server.url}
    assert "horse" not in json.dumps(found)


def test_restart_goes_on_where_it_ended(start, arguments, polls):
    server = start(dataset=[RECORD])
    given = arguments(server)
    run(given, lambda watched: watched.polls(polls))
    seed.load([{**RECORD, "alias": "New"}, OTHER])
    found = []

    async def scenario(watched):
        found.extend(await watched.next(2))
        await watched.polls(polls)
        assert watched.queue.empty()

    run(given, scenario)
    assert summary(found) == [("connection_added", 2), ("connection_changed", 1)]
    run(given, lambda watched: watched.polls(polls))
    assert len({state.id for state in polls}) == 1


def test_events_that_were_not_delivered_come_again(start, arguments, polls):
    server = start(dataset=[RECORD])
    given = arguments(server)
    run(given, lambda watched: watched.polls(polls))
    seed.load([{**RECORD, "id": number} for number in range(1, 6)])
    found = []

    async def interrupted(watched):
        found.extend(await watched.next(2))

    # The queue of ansible-rulebook has room for one event.
    run(given, interrupted, queue_size=1)
    assert len(saved_state(given).pending) == 4
    seed.load([RECORD])

    async def scenario(watched):
        found.extend(await watched.next(8))

    run(given, scenario, queue_size=1)
    assert summary(found) == [
        *[("connection_added", number) for number in (2, 3)],
        *[("connection_added", number) for number in (2, 3, 4, 5)],
        *[("connection_removed", number) for number in (2, 3, 4, 5)],
    ]
    assert found[:2] == found[2:4] and len({event["event_id"] for event in found}) == 8


def test_events_are_saved_before_they_are_seen(start, arguments, polls, monkeypatch):
    server = start(dataset=[RECORD])
    given = arguments(server)
    at_put = []

    async def scenario(watched):
        put = watched.queue.put

        async def looking(event):
            at_put.append(([one["event_id"] for one in saved_state(given).pending], event["event_id"]))
            await put(event)

        monkeypatch.setattr(watched.queue, "put", looking)
        await watched.polls(polls)
        await load(RECORD, OTHER)
        await watched.next()
        await watched.polls(polls)

    run(given, scenario)
    assert len(at_put) == 1 and at_put[0][0] == [at_put[0][1]]
    assert saved_state(given).pending == ()


def test_feedback_is_awaited(start, arguments, polls):
    server = start(dataset=[RECORD])
    given = arguments(server)
    run(given, lambda watched: watched.polls(polls))
    seed.load([RECORD, OTHER, {**RECORD, "id": 3}])

    async def scenario(watched):
        first = await watched.next()
        await asyncio.sleep(0.1)
        assert watched.queue.empty() and len(saved_state(given).pending) == 2
        await feedback.put(first)
        await watched.next()
        await feedback.put(first)
        await watched.polls(polls)
        assert saved_state(given).pending == ()

    feedback = asyncio.Queue(1)
    run({**given, "feedback": True, "eda_feedback_queue": feedback}, scenario)


def test_missing_feedback_ends_the_source(start, arguments, polls):
    server = start(dataset=[RECORD])
    given = arguments(server)
    run(given, lambda watched: watched.polls(polls))
    seed.load([RECORD, OTHER])
    given |= {"feedback": True, "feedback_timeout": 1}
    refused({**given, "eda_feedback_queue": asyncio.Queue(1)}, "did not confirm an event within 1 s")
    assert len(saved_state(given).pending) == 1
    refused(given, "feedback is not supported by this ansible-rulebook")


def test_filters_that_change_events_do_not_change_the_state(start, arguments, polls):
    server = start(dataset=[RECORD])
    given = arguments(server)

    async def scenario(watched):
        await watched.polls(polls)
        await load({**RECORD, "alias": "New"})
        event = (await watched.next())[0]
        event["facts"]["server"]["host"] = event["meta"]["x"] = "changed by a filter"
        await watched.polls(polls)
        assert watched.queue.empty()

    run(given, scenario)


def test_one_session_as_long_as_polls_succeed(start, arguments, polls, monkeypatch):
    server = start(dataset=[RECORD])
    opened = []
    session = _event_source.ServerSession
    monkeypatch.setattr(_event_source, "ServerSession", lambda *given: opened.append(session(*given)) or opened[-1])
    threads = threading.active_count()

    async def scenario(watched):
        await watched.polls(polls, 10)
        pools = opened[0].get_adapter(server.url).poolmanager.pools
        assert [pool.num_connections for pool in map(pools.get, pools.keys())] == [1]

    run(arguments(server), scenario)
    assert len(opened) == 1 and threading.active_count() <= threads + 5


def test_server_down_and_back(start, arguments, polls, caplog, monkeypatch):
    server = start(dataset=[RECORD])
    found, failed = [], []
    monkeypatch.setattr(_event_source, "pause", lambda _interval, failed_polls: failed.append(failed_polls) or 0.01)

    async def scenario(watched):
        await watched.polls(polls)
        server.faults = type(server.faults)(["html_503"])
        found.extend(await watched.next())
        await watched.polls(polls)
        server.faults = type(server.faults)([])
        found.extend(await watched.next())
        await watched.polls(polls)
        assert watched.queue.empty()

    with caplog.at_level(logging.WARNING, _event_source.NAME):
        run(arguments(server), scenario)
    assert summary(found) == [("server_unreachable", None), ("server_recovered", None)]
    assert found[0]["failure"]["status"] == 503 and found[0]["msg"] in caplog.text
    assert found[1]["since"] == found[0]["time"]
    # The pause grows with each failed poll.
    last = max(failed)
    assert last >= 3 and failed[failed.index(1) : failed.index(last) + 2] == [*range(1, last + 1), 0]


def test_unexpected_error_shows_nothing_of_the_facts(start, arguments, polls, monkeypatch):
    server = start(dataset=[RECORD])

    def broken(*_arguments):
        raise RuntimeError("correct horse")

    monkeypatch.setattr(_event_source, "gather_facts", broken)

    async def scenario(watched):
        event = (await watched.next())[0]
        assert event["failure"]["kind"] == "internal" and "horse" not in str(event)

    run(arguments(server), scenario)


def test_unexpected_error_of_the_comparison_does_not_end_the_source(start, arguments, polls, monkeypatch):
    server = start(dataset=[RECORD])
    after_poll = _event_source.after_poll
    results = iter([RuntimeError("correct horse")])

    def broken_once(*given):
        for error in results:
            raise error
        return after_poll(*given)

    monkeypatch.setattr(_event_source, "after_poll", broken_once)

    async def scenario(watched):
        failed, recovered = await watched.next(2)
        assert failed["failure"]["kind"] == "internal" and "horse" not in str(failed)
        assert recovered["type"] == "server_recovered"

    run(arguments(server), scenario)


def test_job_of_the_first_year(start, arguments):
    """Some languages send their lowest time for "never"."""
    server = start("newest", dataset=[{**RECORD, "last_job": {"last_run": "0001-01-01T00:00:00Z", "ready": False}}])

    async def scenario(watched):
        event = (await watched.next())[0]
        assert (event["type"], event["since"]) == ("sync_stuck", "0001-01-01T00:00:00Z")

    run(arguments(server), scenario)


def test_new_token_in_the_file_after_a_failure(start, arguments, polls, tmp_path):
    server = start(dataset=[RECORD])
    token = tmp_path / "token"
    token.write_text("not-a-token\n")

    async def scenario(watched):
        assert summary(await watched.next()) == [("server_unreachable", None)]
        token.write_text(f"{server.token}\n")
        assert summary(await watched.next()) == [("server_recovered", None)]
        token.unlink()
        await watched.polls(polls)
        server.faults = type(server.faults)(["status_500:1"])
        assert (await watched.next())[0]["failure"]["status"] == 500
        await watched.polls(polls)
        assert polls[-1].unreachable_since

    run(arguments(server, token_file=str(token)), scenario)


def test_token_is_not_sent_to_another_server_later(start, arguments, polls, tmp_path, monkeypatch):
    for name in ("SDE_HOST", "SDE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    first, second = start(dataset=[RECORD]), start(dataset=[RECORD])
    given = arguments(first, token_file=str(tmp_path / "token"))
    del given["url"]
    token = tmp_path / "token"
    token.write_text(f"{first.token}@{first.url}")

    async def scenario(watched):
        await watched.polls(polls)
        token.write_text(f"{second.token}@{second.url}")
        first.faults = type(first.faults)(["status_500:1"])
        assert (await watched.next())[0]["failure"]["status"] == 500
        await watched.polls(polls)
        assert polls[-1].unreachable_since and not second.requests
        token.write_text(f"{first.token}@{first.url}")
        assert summary(await watched.next()) == [("server_recovered", None)]

    run(given, scenario)


def test_only_the_kinds_of_the_arguments(start, arguments, polls):
    server = start(dataset=[RECORD, OTHER])
    given = arguments(server, kinds=["analysis"])
    run(given, lambda watched: watched.polls(polls))
    assert [one["kind"] for one in saved_state(given).connections] == ["analysis"]
    assert all("/analysis/" in request.path for request in server.requests)


def test_hidden_parameters_are_logged_once(start, arguments, polls, monkeypatch, caplog):
    server = start(dataset=[RECORD, OTHER])
    given = arguments(server)
    monkeypatch.setenv("SDE_API_KEY", server.limited_token)
    with caplog.at_level(logging.WARNING, _event_source.NAME):
        run(given, lambda watched: watched.polls(polls, 5))
    assert caplog.text.count("cannot see all parameters") == 1


def test_event_loop_is_free_while_a_poll_waits(start, arguments, polls):
    server = start(dataset=[RECORD], latency=0.3)
    turns = []

    async def scenario(watched):
        while not polls:
            turns.append(len(server.requests))
            await watched.first_of(asyncio.sleep(0))

    run(arguments(server), scenario)
    assert turns.count(1) > 100 and turns.count(2) > 100


def test_cancel_ends_although_a_poll_hangs(start, arguments, monkeypatch):
    server = start("4.8", "stalled", dataset=[RECORD])
    closed = []
    monkeypatch.setattr(
        _event_source.Poller, "close", lambda self, close=_event_source.Poller.close: closed.append(close(self))
    )

    async def scenario(watched):
        while not server.requests:
            await watched.first_of(asyncio.sleep(0.01))

    given = arguments(server, timeout=PATIENCE * 10)
    run(given, scenario)
    # The answer is still awaited, by threads that do not keep the process from ending.
    assert [thread for thread in threading.enumerate() if thread.daemon and "demo-server" not in thread.name]
    assert closed and saved_state(given).connections == ()
    with StateFile(given["state_file"]):
        pass


@pytest.mark.parametrize("interval", [1, 60, 86400])
def test_pause_grows_with_failures_up_to_a_limit(interval, monkeypatch):
    monkeypatch.undo()
    pauses = [[_event_source.pause(interval, failed) for _try in range(200)] for failed in (0, 1, 2, 5, 20, 10**9)]
    longest = max(interval, _event_source.LONGEST_PAUSE)
    for factor, seen in zip((1, 2, 4, 32, 2**20, 2**20), pauses, strict=True):
        expected = min(interval * factor, longest)
        assert 0.9 * expected <= min(seen) < expected < max(seen) <= 1.1 * expected


def test_memory_does_not_grow_with_polls(start, arguments, polls, monkeypatch):
    server = start(dataset=[RECORD, OTHER])
    counts = []

    async def scenario(watched):
        for number in range(1, 49):
            await watched.polls(polls, 1)
            # Another edit each time, so that states and events are made.
            await load({**RECORD, "alias": f"Alias {number}"}, OTHER)
            await watched.next()
            del polls[:], server.requests[:]
            if number in (12, 48):
                gc.collect()
                counts.append(len(gc.get_objects()))

    run(arguments(server), scenario)
    assert counts[1] < 1.02 * counts[0]


# ---------------------------------------------------------------------------------------------------------------
# Arguments


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"intervall": 5}, "unknown argument intervall; known are .*interval.*kinds"),
        ({"api_token": "x"}, "unknown argument api_token; .* Set SDE_API_KEY in the environment, or token_file"),
        *(
            ({"state_file": value}, f"{SOURCE}: state_file must be a path, not {found}. Correct it in the rulebook")
            for value, found in (
                (None, "null"),
                ("", "a blank string"),
                (["a"], "a list"),
                (True, "true"),
            )
        ),
        ({"url": 5}, f"{SOURCE}: url must be text, not a number"),
        ({"ca_path": {}}, f"{SOURCE}: ca_path must be a path, not a mapping"),
        ({"token_file": ""}, f"{SOURCE}: token_file must be a path, not a blank string"),
        ({"interval": 1.5}, f"{SOURCE}: interval must be a whole number, not a number"),
        ({"interval": True}, f"{SOURCE}: interval must be a whole number, not true"),
        ({"interval": "soon"}, f"{SOURCE}: interval must be a whole number, not a string"),
        ({"validate_certs": 1}, f"{SOURCE}: validate_certs must be true or false, not a number"),
        ({"allow_http": "maybe"}, f"{SOURCE}: allow_http must be true or false, not a string"),
        ({"kinds": {}}, f"{SOURCE}: kinds must be a list, not a mapping"),
        ({"kinds": [None]}, "kinds must be a list of alm or analysis, or both"),
        ({"interval": 0}, "interval must be an integer from 1 to 86400"),
        ({"kinds": ["alm", "ldap"]}, "kinds must be a list"),
        ({"kinds": []}, "kinds must be a list"),
        ({"url": "http://sde.example.com"}, "plain HTTP"),
        ({"timeout": 0}, "timeout must be an integer from"),
        ({"page_size": 0}, "page_size must be an integer from"),
        ({"ca_path": "/nowhere.pem"}, "ca_path"),
        ({"state_file": "a\0b"}, f"{SOURCE}: state_file must be a path, not a string"),
        ({"token_file": "/a\0b"}, f"{SOURCE}: token_file must be a path, not a string"),
        ({"token_file": "/tmp"}, "token_file: /tmp cannot be read: it is not a regular file"),
        ({"token_file": "/nowhere"}, "token_file: /nowhere cannot be read: No such file or directory"),
        (
            {"token_file": "/usr/bin/env"},
            "token_file: /usr/bin/env cannot be read: it is not valid UTF-8. Set it",
        ),
    ],
)
def test_wrong_arguments(wrong, message, tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_API_KEY", "0123456789abcdef")
    given = {"url": "https://sde.example.com", "state_file": str(tmp_path / "state"), **wrong}
    assert "\n" not in str(refused(given, message)) and not list(tmp_path.iterdir())


def test_missing_token(tmp_path, monkeypatch):
    monkeypatch.delenv("SDE_API_KEY", raising=False)
    refused(
        {"url": "https://x.example.com", "state_file": str(tmp_path / "state")},
        "token_file is required, or SDE_API_KEY in the environment",
    )


@pytest.mark.parametrize("name", ["state_file", "token_file"])
def test_pipe_is_refused_at_once(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SDE_API_KEY", "0123456789abcdef")
    given = {"url": "https://x.example.com", "state_file": str(tmp_path / "state"), name: str(tmp_path / "pipe")}
    with pipe(tmp_path / "pipe"):
        refused(given, f"{name}: .*pipe cannot be read: it is not a regular file")


@contextlib.contextmanager
def pipe(path: Path) -> Iterator[None]:
    """A pipe without another end, which comes and goes after a while: otherwise a test that fails would hang."""
    os.mkfifo(path)
    other_end = threading.Timer(PATIENCE / 6, lambda: os.close(os.open(path, os.O_RDWR)))
    other_end.start()
    try:
        yield
    finally:
        other_end.cancel()


@pytest.mark.parametrize("token", ["0123456789abcdef" * 3, "0123456789abcdef@sde.example.com", "a/b-c_d" * 5])
@pytest.mark.parametrize("name", ["token_file", "kinds"])
def test_token_in_the_wrong_place_is_not_shown(tmp_path, monkeypatch, name, token):
    monkeypatch.delenv("SDE_API_KEY", raising=False)
    error = refused({"url": "https://x.example.com", "state_file": str(tmp_path / "state"), name: token}, name)
    assert token not in str(error)


@pytest.mark.parametrize("content", ["", " \n", '""', "0123456789\nabcdef", "Token 0123456789", "\ufeff0123"])
def test_token_file_without_exactly_one_token(tmp_path, content):
    (tmp_path / "token").write_text(content, encoding="utf-8")
    given = {"url": "https://x.example.com", "state_file": str(tmp_path / "state")}
    error = refused(
        {**given, "token_file": str(tmp_path / "token")},
        f"token_file: {tmp_path}/token is empty, or contains more than the API token",
    )
    assert "0123" not in str(error)


def test_missing_url(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_API_KEY", "0123456789abcdef")
    for name in ("SDE_HOST", "SDE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    refused({"state_file": str(tmp_path / "state")}, "^url is required, or SDE_HOST in the environment.$")


# ---------------------------------------------------------------------------------------------------------------
# The state file


def test_state_file_is_readable_by_its_owner_only(tmp_path):
    (tmp_path / "state.new").write_text("left by a process that was killed")
    with StateFile(str(tmp_path / "state")) as file:
        file.load("https://sde.example.com")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"state": 0o600, "state.lock": 0o600}


def test_state_file_belongs_to_one_process(start, arguments):
    given = arguments(start(dataset=[RECORD]))
    with StateFile(given["state_file"]):
        refused(given, "is in use by another process")
    with StateFile(given["state_file"]):
        pass


def test_link_to_a_state_file_in_use(start, arguments, tmp_path):
    given = arguments(start(dataset=[RECORD]))
    (tmp_path / "link").symlink_to(given["state_file"])
    with StateFile(given["state_file"]):
        refused({**given, "state_file": str(tmp_path / "link")}, "state.json is in use by another process")


def test_state_file_belongs_to_one_server(start, arguments, polls):
    first, second = start(dataset=[RECORD]), start(dataset=[RECORD])
    given = arguments(first)
    run(given, lambda watched: watched.polls(polls))
    refused({**given, "url": second.url}, f"contains the state of {first.url}, not of {second.url}")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"format": "another"}'])
def test_other_file_is_not_overwritten(start, arguments, content):
    given = arguments(start(dataset=[RECORD]))
    Path(given["state_file"]).write_bytes(content)
    refused(given, "is not a state file of securitycompass.sdelements.connections")
    assert Path(given["state_file"]).read_bytes() == content


def test_state_file_that_cannot_be_written(start, arguments, tmp_path):
    server = start(dataset=[RECORD])
    given = arguments(server, state_file=str(tmp_path / "no" / "state"))
    refused(given, "cannot be written: No such file or directory")
    (tmp_path / "folder").mkdir()
    given = arguments(server, state_file=str(tmp_path / "folder"))
    refused(given, "cannot be read: it is not a regular file")


def test_link_in_place_of_the_new_file_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "state.new").symlink_to(tmp_path / "precious")
    with StateFile(str(tmp_path / "state")) as file, pytest.raises(OptionError, match="cannot be written"):
        file.load("https://sde.example.com")
    assert (tmp_path / "precious").read_text() == "precious"


def test_pipe_in_place_of_the_new_file_does_not_block(tmp_path):
    unwritable = pytest.raises(OptionError, match="cannot be written: No such device or address")
    with pipe(tmp_path / "state.new"), unwritable, StateFile(str(tmp_path / "state")) as file:
        file.load("https://sde.example.com")


def test_state_file_stays_whole_if_the_disk_is_full(tmp_path, monkeypatch):
    with StateFile(str(tmp_path / "state")) as file:
        before = file.load("https://sde.example.com")

        def full(_file):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OptionError, match="cannot be written: No space left on device"):
            file.save(before._replace(event_count=5))
        assert file.load("https://sde.example.com") == before


def test_nothing_is_written_after_the_lock_is_given_up(tmp_path):
    file = StateFile(str(tmp_path / "state"))
    with file:
        state = file.load("https://sde.example.com")
    file.save(state._replace(event_count=5))
    with file:
        assert file.load("https://sde.example.com") == state
