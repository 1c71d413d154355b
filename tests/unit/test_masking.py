# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts after masking: job messages, warnings and the deadline, over a real socket."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _http, _redact
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from tests.support import connections, gather

JOB = {"id": 1, "last_run": "2026-01-01T00:00:00Z", "succeeded": True, "ready": True, "automatic": True, "user": None}


def test_job_message_keeps_harmless_params(start):
    params = {
        "task_status_mapping": '{"pass": "DONE"}',
        "sde_tags_filter": "session:web",
        "integration_key": 1,
        "auth": {"user": "svc", "team": "blue", "password": "correct horse"},
    }
    message = "pass: 1, partial: 3. Set to DONE for svc of team blue, tag web"
    record = {"kind": "alm", "id": 1, "alias": "a", "system": "JIRA", "params": params}
    server = start(dataset=[{**record, "last_job": {**JOB, "result_message": f"{message}, by correct horse"}}])
    found = connections(server, include_last_job=True)[0]
    assert found["last_job"]["result_message"] == f"{message}, by {_redact.MASK}"
    assert found["params"] == {**params, "auth": {**params["auth"], "password": _redact.MASK}}
    assert found["secrets_set"] == ["auth.password"]


@pytest.mark.no_cover
def test_long_texts_are_masked_with_a_warning(start):
    long = "a: b, " * (_redact.MAX_TEXT // 6 + 1)
    record = {"kind": "alm", "alias": "a", "system": "JIRA", "params": {"custom": {"note": long}}}
    server = start(dataset=[{**record, "id": number, "last_job": {**JOB, "result_message": long}} for number in (1, 2)])
    result = gather(server, include_last_job=True)
    for found in result.facts["connections"]:
        assert found["params"] == {"custom": {"note": _redact.MASK}}
        assert found["last_job"]["result_message"] == _redact.MASK
        assert found["secrets_set"] == ["custom.note"]
    assert result.warnings == [
        ("Texts of more than 256 KiB are masked completely: params.custom.note of connection 1 and 3 more.")
    ]
    assert gather(server, keep_params=["cust*"]).warnings != []
    assert not any("masked whole" in warning for warning in gather(server, keep_params=["other"]).warnings)
    assert gather(server, include_params=False).warnings == []
    asked = gather(server, include_last_job=True, include_secrets=True)
    assert asked.warnings == []
    assert asked.facts["connections"][0]["params"] == {"custom": {"note": long}}


def test_deadline_covers_masking(start, monkeypatch):
    """The time is over while the first text of the first connection is looked at."""
    ahead = [0]
    looked_at = []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead[0], sleep=time.sleep)

    def take_an_hour(text):
        ahead[0] = 3600
        looked_at.append(text)

    monkeypatch.setattr(_http, "time", clock)
    monkeypatch.setattr(_redact, "_embedded_json", take_an_hour)
    params = {f"text{number}": f"hostile: {number}" for number in range(9)}
    server = start(
        dataset=[{"kind": "alm", "id": number, "alias": "a", "system": "JIRA", "params": params} for number in range(9)]
    )
    with pytest.raises(SDElementsError, match="exceeded the deadline of 60 s") as raised:
        connections(server, deadline=60)
    assert raised.value.kind == "timeout"
    assert looked_at == ["hostile: 0"]
