# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts: right on every release, filtered here, typed, without secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.securitycompass.sdelements.plugins.module_utils import (
    _redact,
    _resource,
    _tool_params,
)
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from tests.demo_server import GENERATIONS
from tests.support import KINDS, canned_server, connections, gather

VENDOR_DOCUMENT = json.loads((Path(__file__).parent.parent / "fixtures" / "seed-connections.json").read_text())

# ---------------------------------------------------------------------------------------------------------------
# The user's document


@pytest.mark.parametrize("kind", KINDS)
def test_facts_of_documented_list(servers, kind):
    sent = VENDOR_DOCUMENT[f"/api/v2/connections/{kind}/"]["results"][0]
    found = next(one for one in connections(servers["3.2"], kind, include_secrets=True) if one["id"] == 1)
    assert {name: found[name] for name in sent} == sent


@pytest.mark.parametrize("kind", KINDS)
def test_facts_of_documented_connection(servers, kind):
    sent = next(answer for path, answer in VENDOR_DOCUMENT.items() if f"/{kind}/" in path and "results" not in answer)
    result = gather(servers["3.2"], kind, connection_id=1, include_secrets=True)
    assert result.facts["count"] == 1
    assert result.facts["endpoint"].endswith(f"/api/v2/connections/{kind}/")
    assert {name: result.facts["connections"][0][name] for name in sent} == sent


# ---------------------------------------------------------------------------------------------------------------
# Generations


@pytest.mark.parametrize("generation", ["4.4", "4.8", "4.12", "5.2", "newest"])
def test_last_job(servers, generation):
    server = servers[generation]
    found = connections(server, include_last_job=True)
    records = server.records("alm")
    assert [bool(one["last_job"]) for one in found] == [bool(record["last_job"]) for record in records]
    jobs = [one["last_job"] for one in found if one["last_job"]]
    assert {tuple(sorted(job)) for job in jobs} == {
        ("automatic", "id", "last_run", "ready", "result_message", "succeeded", "user")
    }
    expected = connections(servers["4.4"], include_last_job=True)
    assert [job["last_run"] for job in jobs] == [one["last_job"]["last_run"] for one in expected if one["last_job"]]
    assert all(job["last_run"].endswith("Z") and len(job["last_run"]) == 20 for job in jobs)
    assert all(isinstance(job["user"], (str, type(None))) for job in jobs)


def test_last_job_missing_on_old_release(servers):
    result = gather(servers["4.2"], include_last_job=True)
    assert all(connection["last_job"] is None for connection in result.facts["connections"])
    assert "older than SD Elements 4.4" in result.warnings[0]
    assert not gather(servers["4.2"]).warnings


def test_canonical_names_on_newest_release(servers):
    canonical = connections(servers["newest"], connection_id=1)[0]["params"]
    as_sent = connections(servers["newest"], connection_id=1, canonical_names=False)[0]["params"]
    assert (canonical["alm_server"], canonical["conflict_policy"]) == ("rally1.rallydev.com", "alm")
    assert (as_sent["issue_tracker_server"], as_sent["conflict_policy"]) == ("rally1.rallydev.com", "issue_tracker")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_validate_certs_by_generation(servers, generation, kind):
    found = {one["validate_certs"] for one in connections(servers[generation], kind)}
    assert found == ({True, False, None} if generation in ("4.12", "5.2", "newest") else {None})


def test_old_and_new_parameter_name_together():
    sent = {"alm_server": "old", "issue_tracker_server": "new", "issue_tracker_user": "u"}
    renamed = _tool_params.renamed_params(_tool_params.ALM_KIND, sent)
    assert renamed == {"alm_server": "old", "issue_tracker_server": "new", "alm_user": "u"}


def test_newest_release_with_old_path(start):
    server = start("newest", old_path=True)
    result = gather(server)
    assert result.facts["endpoint"].endswith("/connections/alm/")
    assert result.facts["connections"][0]["params"]["alm_server"] == "rally1.rallydev.com"


def test_unknown_fields_are_passed_on(servers):
    found = connections(servers["5.2"], "analysis")
    assert any(connection.get("system_verification_categories") for connection in found)


def test_context_path_and_api_path(servers):
    server = servers["4.8"]
    assert gather(server, url=f"{server.url}/api/v2/").facts["endpoint"] == f"{server.url}/api/v2/connections/alm/"


# ---------------------------------------------------------------------------------------------------------------
# Filters


@pytest.mark.parametrize("filters", ["honoured", "ignored"])
@pytest.mark.parametrize("generation", ["3.2", "4.8", "newest"])
def test_system_filter_with_and_without_server_support(start, generation, filters):
    server = start(generation, filters=filters)
    found = connections(server, system="rally")
    assert [one["id"] for one in found] == [
        record["id"] for record in server.records("alm") if record["system_id"] == "rally"
    ]
    assert {one["system_id"] for one in found} == {"rally"}


@pytest.mark.parametrize("value", ["rally", "RALLY", "Rally", ["Rally"], ["no such system", "rally"]])
def test_system_by_id_or_name_in_any_case(servers, value):
    for server in servers.values():
        assert {one["system_id"] for one in connections(server, system=value)} == {"rally"}


def test_system_by_short_name(servers):
    assert {one["system_id"] for one in connections(servers["4.8"], system="ca agile central")} == {"rally"}


FILTERED = [
    ({"alias": "Rally Integration"}, lambda one: one["alias"] == "Rally Integration"),
    ({"alias": "rally integration"}, lambda one: False),
    ({"alias": ["Rally Integration", "Customer Portal to JIRA"]}, lambda one: one["id"] in (1, 2)),
    ({"frequency": "daily"}, lambda one: one["frequency"] == "daily"),
    ({"frequency": ["daily", "weekly"]}, lambda one: one["frequency"] in ("daily", "weekly")),
    ({"project": 3}, lambda one: one["project"] == 3),
    ({"project": [3, "4"]}, lambda one: one["project"] in (3, 4)),
    ({"project": 12345}, lambda one: False),
    (
        {"system": "jira", "frequency": "hourly"},
        lambda one: one["system_id"] == "jira" and one["frequency"] == "hourly",
    ),
    ({"system": "jira", "project": 2}, lambda one: one["system_id"] == "jira" and one["project"] == 2),
]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_filters_by_generation(servers, generation):
    everything = connections(servers[generation])
    for options, is_wanted in FILTERED:
        found = connections(servers[generation], **options)
        assert found == [one for one in everything if is_wanted(one)], options


def test_alias_with_a_comma(start):
    record = {"kind": "alm", "id": 1, "alias": "Jira, Europe", "system": "JIRA"}
    server = start(dataset=[record, {**record, "id": 2, "alias": "Jira"}])
    assert [one["id"] for one in connections(server, alias="Jira, Europe")] == [1]


@pytest.mark.parametrize(
    "loose, tight",
    [
        ({"frequency": "daily, weekly"}, {"frequency": ["daily", "weekly"]}),
        ({"frequency": [" daily\n"]}, {"frequency": "daily"}),
        ({"system": " rally "}, {"system": "rally"}),
        ({"system": ["jira ", "\trally"]}, {"system": ["jira", "rally"]}),
        ({"keep_params": "alm_server, alm_method"}, {"keep_params": ["alm_server", "alm_method"]}),
        ({"keep_params": [" alm_s* "]}, {"keep_params": ["alm_s*"]}),
    ],
)
def test_spaces_around_filter_values(servers, loose, tight):
    server = servers["4.8"]
    assert connections(server, **loose) == connections(server, **tight) != []


def test_alias_with_leading_space(start):
    record = {"kind": "alm", "id": 1, "alias": " Jira", "system": "JIRA"}
    server = start(dataset=[record, {**record, "id": 2, "alias": "Jira"}])
    assert [[one["id"] for one in connections(server, alias=alias)] for alias in ("Jira", " Jira", "Jira ")] == [
        [2],
        [1],
        [],
    ]


@pytest.mark.parametrize("value", ["yearly", "Daily", ["daily", "yearly"], 7, True])
def test_unknown_frequency(servers, value):
    with pytest.raises(
        OptionError,
        match=r"frequency must be one of hourly, daily, weekly, monthly, manually, not '(yearly|Daily|7|True)'",
    ):
        gather(servers["4.8"], frequency=value)


# ---------------------------------------------------------------------------------------------------------------
# Secrets and permissions


def test_secrets_set(servers):
    for server in servers.values():
        found = connections(server, connection_id=1)[0]
        assert found["secrets_set"] == ["alm_pass"]
        assert found["params"]["alm_pass"] == _redact.MASK
        assert found["params"]["sde_min_priority"] == 7


def test_secrets_in_a_job_message(start):
    job = {
        "id": 1,
        "last_run": "2026-01-01T00:00:00Z",
        "succeeded": False,
        "ready": True,
        "automatic": True,
        "user": None,
    }
    message = "401 for rally_user: correct horse battery is wrong. Sent https://rally_user:other@host/"
    record = {
        "kind": "alm", "id": 1, "alias": "a", "system": "Rally",
        "params": {"alm_pass": "correct horse battery"},
        "last_job": {**job, "result_message": message},
    }  # a row for each case # fmt: skip
    server = start(dataset=[record])
    found = connections(server, include_last_job=True)[0]
    assert (
        found["last_job"]["result_message"]
        == f"401 for rally_user: {_redact.MASK} is wrong. Sent https://{_redact.MASK}@host/"
    )
    asked = gather(server, include_last_job=True, include_secrets=True)
    assert asked.facts["connections"][0]["last_job"]["result_message"] == message
    assert asked.secrets == ["correct horse battery", "rally_user:other"]


def test_keep_params_by_newest_names(servers):
    assert gather(servers["newest"], keep_params=["issue_tracker_server"], canonical_names=False).warnings == []
    assert len(gather(servers["newest"], keep_params=["alm_server"], canonical_names=False).warnings) == 1


def test_job_message_masks_secrets_of_omitted_params(start):
    job = {
        "id": 1,
        "last_run": "2026-01-01T00:00:00Z",
        "succeeded": False,
        "ready": True,
        "automatic": True,
        "user": None,
    }
    record = {"kind": "alm", "id": 1, "alias": "a", "system": "Rally", "params": {"alm_pass": "correct horse"}}
    server = start(dataset=[{**record, "last_job": {**job, "result_message": "correct horse is wrong"}}])
    found = connections(server, include_last_job=True, include_params=False)[0]
    assert found["last_job"]["result_message"] == f"{_redact.MASK} is wrong"


# ---------------------------------------------------------------------------------------------------------------
# Shapes: what the facts promise is checked, not hoped for


@pytest.mark.parametrize(
    "odd",
    [{"alias": None}, {"frequency": None}, {"system": None}, {"system": {"id": None, "name": None}}, {"system": {}}],
)
def test_null_fields_keep_the_list(odd):
    good = {"id": 1, "alias": "a", "frequency": "daily", "system": {"id": "jira", "name": "JIRA"}}
    (name,) = odd
    left_out = {key: value for key, value in good.items() if key != name}
    body = json.dumps({"results": [good, {**good, **odd, "id": 2}, {**left_out, "id": 3}]}).encode()
    with canned_server(body) as server:
        found = connections(server)
        assert [one[name] for one in found] == [found[0][name], None, None]
        # A filter never matches what is null, by whatever word.
        assert [one["id"] for one in connections(server, **{name: found[0][name]})] == [1]
        assert connections(server, alias="None") == connections(server, system="None") == []


@pytest.mark.parametrize(
    "sent, fact",
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T02:30:00+02:30", "2026-01-01T00:00:00Z"),
        ("2025-12-31T19:00:00.5-0500", "2026-01-01T00:00:00Z"),
        (None, None),
    ],
)
def test_times_are_normalized(sent, fact):
    assert _resource.in_utc(sent) == fact


def test_deeply_nested_params(start):
    nested = "end"
    for _level in range(_redact.MAX_DEPTH + 1):
        nested = {"x": nested}
    server = start(dataset=[{"kind": "alm", "id": 1, "alias": "a", "system": "JIRA", "params": nested}])
    with pytest.raises(SDElementsError, match="a connection is nested too deeply"):
        connections(server)


def test_lone_surrogate():
    """Valid JSON, and no valid text: it must not break what Ansible prints."""
    record = b'{"id": 1, "alias": "a\\ud800b \\ud83d\\ude00", "frequency": "daily", "system": "JIRA"}'
    with canned_server(b'{"results": [' + record + b"]}") as server:
        assert connections(server)[0]["alias"] == "a?b \U0001f600"


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 5000])
def test_too_large_number(number):
    with (
        canned_server(b'{"results": [{"id": 1, "x": ' + number + b"}]}") as server,
        pytest.raises(SDElementsError, match="contains a number that is too large"),
    ):
        connections(server)


@pytest.mark.parametrize("number", [2**63 + 1, -(10**4000)])
def test_too_large_id(number):
    with (
        canned_server(f'{{"results": [{{"id": {number}, "alias": "a"}}]}}'.encode()) as server,
        pytest.raises(SDElementsError, match="id of a record must be a 64-bit integer") as error,
    ):
        connections(server)
    assert str(number) not in str(error.value)


@pytest.mark.parametrize("empty", [[], ""])
def test_empty_values_of_another_type(empty):
    record = {"id": 1, "alias": "a", "params": empty, "last_job": empty}
    with canned_server(json.dumps({"results": [record]}).encode()) as server:
        (found,) = connections(server)
    assert (found["params"], found["params_visible"], found["last_job"]) == ({}, False, None)


def test_empty_time_is_null():
    record = {"id": 1, "alias": "a", "last_job": {"last_run": ""}}
    with canned_server(json.dumps({"results": [record]}).encode()) as server:
        assert connections(server)[0]["last_job"]["last_run"] is None


@pytest.mark.parametrize("address", ["evil.example.com/a:b@allowed.example.com", "svc:hun/hunter2@allowed.example.com"])
def test_masked_server_is_unreadable(start, address):
    """All before the '@' is masked, and what is left would be the address of an allowed server."""
    record = {"kind": "alm", "id": 1, "alias": "a", "system": "JIRA", "params": {"alm_server": address}}
    [found] = connections(start("5.2", dataset=[record]))
    assert (found["server"]["state"], found["server"]["host"]) == ("unreadable", None)
    assert "hunter2" not in json.dumps(found)
