# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects: their facts by release, filters, personal data, masking, and projects that a token does not see."""

from __future__ import annotations

import json

import pytest

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _redact
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from tests.demo_server import GENERATIONS
from tests.support import canned_server, facts, gather


def projects(server, **options) -> list[dict]:
    return facts(server, "project", **options)


def ids(found: list[dict]) -> list[int]:
    return [one["id"] for one in found]


def canned_projects(*records: dict):
    return canned_server(json.dumps({"results": [{"id": 1, "name": "a", **record} for record in records]}).encode())


# The generation in which the embedded API first sends a fact.
SINCE = {"url": "4.2", "profile": "4.2", "custom_attributes": "4.4", "locked": "4.12"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_facts_are_null_where_a_release_does_not_say(servers, generation):
    found = next(one for one in projects(servers[generation]) if one["id"] == 3)
    known = GENERATIONS[: GENERATIONS.index(generation) + 1]
    assert {name: found[name] is not None for name in SINCE} == {name: since in known for name, since in SINCE.items()}
    assert found["profile"] is None or (found["profile"]["id"], found["profile"]["name"]) == ("P1", "Web Application")


def test_times_are_in_utc():
    with canned_projects({"created": "2015-04-15T15:30:04.132712-04:00", "updated": ""}) as server:
        (found,) = projects(server)
    assert (found["created"], found["updated"]) == ("2015-04-15T19:30:04Z", None)


@pytest.mark.parametrize(
    "sent, expected",
    [
        ({"profile": None}, None),
        ({"profile": []}, None),
        ({"profile": {"id": "P9"}}, {"id": "P9", "name": None}),
        ({"profile": {"name": "x", "logo_url": "/x.png"}}, {"id": None, "name": "x", "logo_url": "/x.png"}),
    ],
)
def test_profile_has_the_same_keys(sent, expected):
    with canned_projects(sent) as server:
        assert projects(server)[0]["profile"] == expected


@pytest.mark.parametrize("sent, expected", [(None, None), ([], {}), ("", {}), ({"a": 1}, {"a": 1})])
def test_custom_attributes_without_keys(sent, expected):
    with canned_projects({"custom_attributes": sent}) as server:
        assert projects(server)[0]["custom_attributes"] == expected


# ---------------------------------------------------------------------------------------------------------------
# Filters

FILTERED = [
    ({"name": "Customer Portal"}, lambda one: one["name"] == "Customer Portal"),
    ({"name": "customer portal"}, lambda one: False),
    ({"name": ["Android App", "iOS App"]}, lambda one: one["id"] in (5, 6)),
    ({"application": 2}, lambda one: one["application"] == 2),
    ({"application": [2, "3"]}, lambda one: one["application"] in (2, 3)),
    ({"archived": True}, lambda one: one["archived"]),
    ({"archived": "no"}, lambda one: not one["archived"]),
    ({"tags": "pci"}, lambda one: "pci" in one["tags"]),
    ({"tags": ["pci", "nis2"]}, lambda one: {"pci", "nis2"} & set(one["tags"])),
    ({"tags": "PCI"}, lambda one: False),
    ({"tags": "pci", "archived": False}, lambda one: "pci" in one["tags"] and not one["archived"]),
]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_filters_by_generation(servers, generation):
    everything = projects(servers[generation])
    for options, is_wanted in FILTERED:
        assert projects(servers[generation], **options) == [one for one in everything if is_wanted(one)], options


def test_filters_never_match_what_a_server_does_not_say():
    unknown = {"archived": None, "application": None, "tags": None, "name": None, "slug": "a"}
    known = {"id": 2, "name": "None", "archived": False, "application": 1, "tags": ["None"]}
    with canned_projects(unknown, known) as server:
        for options in ({"archived": False}, {"application": 1}, {"tags": "None"}, {"name": "None"}):
            assert ids(projects(server, **options)) == [2]
        assert ids(projects(server, archived=True)) == []


def test_number_and_comma_in_filters():
    with canned_projects({"tags": ["2026", "a, b"]}, {"id": 2, "name": "7", "tags": ["a", "b"]}) as server:
        assert ids(projects(server, tags=2026)) == ids(projects(server, tags="a, b")) == [1]
        assert ids(projects(server, name=7)) == [2]


def test_application_that_is_not_a_number(servers):
    with pytest.raises(AssertionError, match="application"):
        gather(servers["5.2"], "project", application="Online Banking")
    with pytest.raises(OptionError, match="application is an empty list"):
        gather(servers["5.2"], "project", application=[])


# ---------------------------------------------------------------------------------------------------------------
# Personal data


@pytest.mark.parametrize("generation", GENERATIONS)
def test_users_only_if_asked_for(servers, generation):
    server = servers[generation]
    shown = json.dumps(projects(server))
    assert "@" not in shown.replace("********@test.example.net", "") and "locked_by" not in shown
    for one in projects(server):
        assert one["users"] is one["groups"] is one["creator"] is None
    asked = projects(server, include_users=True)
    has_members = generation in ("4.2", "4.4", "4.8")
    assert all(isinstance(one["users"], list) == isinstance(one["groups"], list) == has_members for one in asked)
    assert {one["creator"] for one in asked} == (
        {"m.keller@example.com", "j.okafor@example.com", "l.tremblay@example.com"}
        if generation == "3.2"
        else {"3", "8", "12"}
    )
    locks = generation in ("4.12", "5.2", "newest")
    assert {one.get("locked_by") for one in asked} == ({None, 3, 12} if locks else {None})


def test_members_of_a_project(servers):
    found = projects(servers["4.8"], id=3, include_users=True)[0]
    assert [(one["id"], one["email"]) for one in found["users"]] == [
        ("8", "j.okafor@example.com"),
        ("21", "sde-sync@example.com"),
    ]
    assert found["groups"] == [{"id": "G1", "name": "Retail Banking developers", "role": "PR4"}]


# ---------------------------------------------------------------------------------------------------------------
# Masking


def test_secrets_in_a_project(servers):
    found = {one["id"]: one for one in projects(servers["5.2"])}
    assert found[13]["custom_attributes"] == {"owner": "records-team", "vault-token": _redact.MASK}
    assert found[20]["description"].startswith(f"Test system: https://{_redact.MASK}@test.example.net/")


def test_secret_in_a_tag():
    with canned_projects({"tags": ["plain", "token=hunter2", "https://me:hunter2@host/"]}) as server:
        (found,) = projects(server)
    assert found["tags"] == ["plain", f"token={_redact.MASK}", f"https://{_redact.MASK}@host/"]


@pytest.mark.parametrize(
    "harmless",
    [
        {"name": "Token Service", "slug": "token-service", "description": "Issues tokens. Session handling: see wiki."},
        {"name": "Password", "description": "pass: 12, partial: 3"},
        {"name": "Auth", "tags": ["auth", "pci4"]},
        {"tags": ["session", "web2"]},
        {"tags": ["token", "v2.1", "oauth"]},
        {"tags": ["key", "vault-2"]},
        {"name": "secret", "custom_attributes": {"value": "12", "data": "internal"}, "default": "a new field"},
        {"custom_attributes": {"data-classification": "Confidential 3", "token": None}},
    ],
)
def test_harmless_values_stay(harmless):
    with canned_projects(harmless) as server:
        (found,) = projects(server)
    assert {name: found[name] for name in harmless} == harmless


def test_long_description_is_masked_with_a_warning():
    long = "a: b, " * (_redact.MAX_TEXT // 6 + 1)
    with canned_projects({"description": long}) as server:
        result = gather(server, "project")
    assert result.facts["projects"][0]["description"] == _redact.MASK
    assert result.warnings == [("Texts of more than 256 KiB are masked completely: description of project 1.")]


# ---------------------------------------------------------------------------------------------------------------
# Permissions


def test_token_that_sees_fewer_projects(servers):
    for server in servers.values():
        every, some = ids(projects(server)), ids(projects(server, api_token=server.limited_token))
        assert sorted(set(every) - set(some)) == [14, 15, 23] and len(some) == 21
        assert projects(server, api_token=server.limited_token, id=14) == []
        assert ids(projects(server, id=14)) == [14]
