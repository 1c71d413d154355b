# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors: the forms of their system, connections made from them, and releases that have none."""

from __future__ import annotations

import json

import pytest

from tests.support import TOKEN, connections, facts, failure_of, gather, listening

CONNECTOR_KINDS = pytest.mark.parametrize("kind", ["alm", "analysis"])


@pytest.mark.parametrize(
    "generation, system, system_id, short_name",
    [
        ("4.2", "Rally", None, None),
        ("4.4", "rally", None, None),
        ("4.8", "CA Agile Central (formerly Rally)", "rally", "CA Agile Central"),
        ("newest", "CA Agile Central (formerly Rally)", "rally", "CA Agile Central"),
    ],
)
def test_system_by_generation(servers, generation, system, system_id, short_name):
    found = facts(servers[generation], "alm_connector")[0]
    assert [found[name] for name in ("system", "system_id", "system_short_name")] == [system, system_id, short_name]
    assert found["name"] == "Rally rally1.rallydev.com"


@pytest.mark.parametrize("generation", ["4.2", "4.4", "4.8", "4.12", "5.2", "newest"])
@CONNECTOR_KINDS
def test_connections_name_their_connector(servers, generation, kind):
    connectors = {one["id"]: one for one in facts(servers[generation], f"{kind}_connector")}
    for connection in connections(servers[generation], kind):
        connector = connectors[connection["connector"]]
        assert connector["inaccessible"] == connection["inaccessible"]
        assert connector["system_id"] in (None, connection["system_id"])
        if connector["params_visible"]:
            assert connector["server"]["host"] == connection["server"]["host"]


@pytest.mark.parametrize(
    "kind, visible",
    [("alm_connector", ["4.4", "4.8", "4.12", "5.2", "newest"]), ("analysis_connector", ["5.2", "newest"])],
)
def test_params_by_generation(servers, kind, visible):
    shown = {name: {one["params_visible"] for one in facts(server, kind)} for name, server in servers.items()}
    assert {name for name, states in shown.items() if True in states} == set(visible)


def test_new_fields_of_one_release(servers):
    found = [one for kind in ("alm", "analysis") for one in facts(servers["4.8"], f"{kind}_connector")]
    assert {str(one["fields_editable_on_project"]) for one in found} == {"['alm_project']", "None"}
    assert "fields_editable_on_project" not in facts(servers["4.12"], "alm_connector")[0]


def test_secrets_of_connector(servers):
    (masked,) = facts(servers["5.2"], "alm_connector", id=1)
    assert (masked["params"]["alm_pass"], masked["secrets_set"]) == ("********", ["alm_pass"])
    asked = gather(servers["5.2"], "alm_connector", id=1, include_secrets=True)
    assert asked.facts["connectors"][0]["params"]["alm_pass"] == "rally_password"
    assert asked.secrets == ["rally_password"]


# ---------------------------------------------------------------------------------------------------------------
# Releases without connectors

NO_LIST = "The server does not have connectors, which SD Elements 4.2 introduced."


@CONNECTOR_KINDS
@pytest.mark.parametrize("options", [{}, {"id": 1}, {"system": "jira"}, {"keep_params": ["alm_server"]}])
def test_release_before_4_2(servers, kind, options):
    result = gather(servers["3.2"], f"{kind}_connector", **options)
    assert result.facts == {"connectors": [], "count": 0, "endpoint": None}
    assert result.warnings == [NO_LIST]


def without_connectors(status: int, connections_body: object):
    """A server whose only list is that of connections."""

    def answer(path: str, _headers: dict) -> tuple[int, bytes]:
        if path.startswith("/api/v2/connections/analysis/"):
            return status, json.dumps(connections_body).encode()
        return 404, b'{"detail": "Not found."}'

    return listening(answer)


def test_release_before_4_2_without_connections():
    with without_connectors(200, {"results": []}) as server:
        assert gather(server, "analysis_connector").warnings == [NO_LIST]
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    "status, body, kind",
    [
        # A release that has connectors at another path: an empty list would be wrong.
        (200, {"results": [{"id": 1, "connector": 2}]}, "not_an_api"),
        (200, {"results": [{"id": 1, "connector": None}]}, "not_an_api"),
        (404, {"detail": "Not found."}, "not_an_api"),
        (200, {"results": {}}, "not_an_api"),
        (200, ["a list"], "not_an_api"),
        (200, {"results": ["a text"]}, "not_an_api"),
        (403, {"detail": "You do not have permission."}, "permission"),
        (503, {"detail": "Maintenance."}, "server_error"),
    ],
)
def test_missing_connectors_of_other_servers(status, body, kind):
    with without_connectors(status, body) as server:
        failure = failure_of(server, kind="analysis_connector")
    assert failure.kind == kind
    if kind == "not_an_api":
        assert "/connectors/analysis/ returned 404" in str(failure)
    assert TOKEN not in str(failure)
