# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded SD Elements API, compared with the vendor's documentation and with its own."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from datetime import datetime

import pytest
import requests

from tests.demo_server import FAULTS, GENERATIONS, PAGING_STYLES, DemoServer
from tests.demo_server.dataset import CONNECTIONS
from tests.demo_server.systems import SYSTEMS

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENDOR_DOCUMENT = json.loads((ROOT / "tests" / "fixtures" / "seed-connections.json").read_text(encoding="utf-8"))
ALM = "/api/v2/connections/alm/"
ISSUE_TRACKER = "/api/v2/connections/issue-tracker/"
ANALYSIS = "/api/v2/connections/analysis/"
PROJECTS = "/api/v2/projects/"
CONNECTORS = "/api/v2/connectors/"

# A tool of the tests, which has nothing of Ansible in it.
pytestmark = pytest.mark.once

BASE = {"id", "project", "system", "alias", "frequency", "command", "params"}
WITH_CONNECTOR = BASE | {"connector", "inaccessible"}
ALM_FIELDS = {
    "3.2": BASE,
    "4.2": WITH_CONNECTOR,
    "4.4": WITH_CONNECTOR,
    "4.8": WITH_CONNECTOR | {"in_progress"},
    "4.12": WITH_CONNECTOR | {"in_progress", "debug_mode"},
    "5.2": WITH_CONNECTOR | {"in_progress", "debug_mode"},
    "newest": WITH_CONNECTOR | {"in_progress", "debug_mode"},
}


def get(server, path=ALM, token=None, **options):
    """One request, without redirects and with a bound in time."""
    headers = {"Accept": "application/json", "Authorization": f"Token {token or server.token}"}
    headers.update(options.pop("headers", {}))
    options = {"timeout": 5, "allow_redirects": False, **options}
    return requests.get(server.url + path, headers=headers, **options)


def ids_of_all_pages(server, path):
    """The ids of a list, page after page."""
    ids = []
    while path:
        page = get(server, path).json()
        ids += [record["id"] for record in page["results"]]
        following = page.get("next")
        path = following and following.removeprefix(server.url)
    return ids


def ids_of_page(server, path):
    """The ids of one answer."""
    return [record["id"] for record in get(server, path).json()["results"]]


def client_threads():
    """The threads of demo servers."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("demo-server")]


def wait_for_requests(server, count):
    """Wait until the server has received as many requests."""
    while len(server.requests) < count:
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def check_threads_end():
    """Whatever a test does to a server, no thread outlives it."""
    yield
    assert not client_threads()


# The document


@pytest.mark.parametrize("path", VENDOR_DOCUMENT)
def test_responses_equal_vendor_documentation(path):
    with DemoServer(generation="3.2", dataset=[record for record in CONNECTIONS if record["id"] == 1]) as server:
        answer = get(server, path)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == VENDOR_DOCUMENT[path]


# The generations


@pytest.mark.parametrize("generation", GENERATIONS)
def test_fields_by_generation(generation):
    with DemoServer(generation=generation) as server:
        alm_path = ISSUE_TRACKER if generation == "newest" else ALM
        alm = get(server, alm_path + "?page_size=50").json()["results"]
        one = get(server, alm_path + "2/").json()
        analysis = get(server, ANALYSIS + "?page_size=50").json()["results"]
        with_job = get(server, alm_path + "?include=last_job&page_size=50").json()["results"]
    assert len(alm) == 30 and len(analysis) == 20
    assert {frozenset(record) for record in alm} == {frozenset(ALM_FIELDS[generation])}
    assert {frozenset(record) for record in analysis} == {frozenset(ALM_FIELDS[generation] - {"in_progress"})}
    assert set(one) == ALM_FIELDS[generation] - {"in_progress"}
    assert any("last_job" in record for record in with_job) == (generation not in ("3.2", "4.2"))


OLDEST_PROJECT = {
    "id", "slug", "application", "archived", "name", "creator", "description", "tags", "created", "updated",
}  # a row for each case # fmt: skip
PROJECT_WITH_MEMBERS = OLDEST_PROJECT | {"url", "profile", "parent", "users", "groups", "custom_attributes"}
NEWER_PROJECT = PROJECT_WITH_MEMBERS - {"users", "groups"} | {"locked", "locked_on", "locked_by"}
PROJECT_FIELDS = {
    "3.2": OLDEST_PROJECT,
    "4.2": PROJECT_WITH_MEMBERS - {"custom_attributes"},
    "4.4": PROJECT_WITH_MEMBERS,
    "4.8": PROJECT_WITH_MEMBERS,
    "4.12": NEWER_PROJECT,
    "5.2": NEWER_PROJECT,
    "newest": NEWER_PROJECT,
}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_project_fields_by_generation(generation):
    with DemoServer(generation=generation) as server:
        listed = get(server, PROJECTS + "?page_size=50").json()["results"]
        one = get(server, PROJECTS + "3/").json()
    assert len(listed) == 24 and one == listed[2]
    assert {frozenset(record) for record in listed} == {frozenset(PROJECT_FIELDS[generation])}
    assert isinstance(one["creator"], str if generation == "3.2" else int)
    has_logo = "logo_url" in (one.get("profile") or {})
    assert has_logo == (generation in ("4.12", "5.2", "newest"))


TOOL = {"id": "rally", "name": "CA Agile Central (formerly Rally)"}


@pytest.mark.parametrize(
    "generation, system, alm_fields, analysis_fields",
    [
        ("4.2", "Rally", set(), set()),
        ("4.4", "rally", {"params"}, set()),
        ("4.8", TOOL, {"params", "fields_editable_on_project"}, {"fields_editable_on_project"}),
        ("4.12", TOOL, {"params"}, set()),
        ("5.2", TOOL, {"params"}, {"params"}),
        ("newest", TOOL, {"params"}, {"params"}),
    ],
)
def test_connectors_by_generation(generation, system, alm_fields, analysis_fields):
    with DemoServer(generation=generation) as server:
        path = CONNECTORS + ("issue-tracker/" if generation == "newest" else "alm/")
        alm, analysis = (get(server, one).json()["results"] for one in (path, CONNECTORS + "analysis/"))
        one = get(server, path + "1/").json()
        hidden = get(server, path, token=server.limited_token).json()["results"]
    base = {"id", "name", "system", "inaccessible"}
    assert {frozenset(record) for record in alm} == {frozenset(base | alm_fields)}
    assert {frozenset(record) for record in analysis} == {frozenset(base | analysis_fields)}
    assert {frozenset(record) for record in hidden} == {frozenset(base | alm_fields - {"params"})}
    assert one["system"] == system
    listed = {**system, "short_name": "CA Agile Central"} if isinstance(system, dict) else system
    assert alm[0]["system"] == listed


def test_oldest_release_has_no_connectors():
    with DemoServer(generation="3.2") as server:
        for path in ("alm/", "analysis/", "alm/1/"):
            answer = get(server, CONNECTORS + path)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize(
    "query, ids",
    [
        ("name=Customer Portal", [3, 19]),
        ("slug=ios-app", [6]),
        ("application=1", [1, 2, 24]),
        ("tags=pci", range(1, 25)),
    ],
)
def test_project_filters(query, ids):
    with DemoServer() as server, DemoServer(filters="ignored") as other:
        assert ids_of_page(server, f"{PROJECTS}?{query}") == list(ids)
        assert len(ids_of_page(other, f"{PROJECTS}?{query}")) == 24
        assert list(get(server, PROJECTS + "?application=one").json()) == ["application"]


def test_projects_depend_on_permissions():
    with DemoServer() as server:
        seen = get(server, PROJECTS, token=server.limited_token).json()["results"]
        assert [number for number in range(1, 25) if number not in {one["id"] for one in seen}] == [14, 15, 23]
        assert get(server, PROJECTS + "14/", token=server.limited_token).status_code == 404
        assert get(server, PROJECTS + "14/").status_code == 200
        assert get(server, PROJECTS, token=server.forbidden_token).status_code == 403


LONG_NAME = "CA Agile Central (formerly Rally)"


@pytest.mark.parametrize(
    "generation, listed, alone",
    [
        ("4.4", "Rally", "Rally"),
        (
            "4.8",
            {"id": "rally", "short_name": "CA Agile Central", "name": LONG_NAME},
            {"id": "rally", "name": LONG_NAME},
        ),
    ],
)
def test_system_form_by_generation(generation, listed, alone):
    with DemoServer(generation=generation) as server:
        assert get(server).json()["results"][0]["system"] == listed
        assert get(server, ALM + "1/").json()["system"] == alone


@pytest.mark.parametrize(
    "generation, query, system",
    [
        ("4.4", "", "Veracode"),
        ("4.8", "", {"id": "veracode", "name": "Veracode"}),
        ("4.8", "?include=last_job", "Veracode"),
        ("4.12", "?include=last_job", {"id": "veracode", "name": "Veracode"}),
        (
            "5.2",
            "",
            {
                "id": "veracode",
                "short_name": "Veracode",
                "name": "Veracode",
                "verification_categories": ["SAST", "DAST"],
            },
        ),
    ],
)
def test_analysis_system_form_by_query(generation, query, system):
    with DemoServer(generation=generation) as server:
        assert get(server, ANALYSIS + query).json()["results"][2]["system"] == system


@pytest.mark.parametrize(
    "generation, jira, fortify",
    [
        ("3.2", "JIRA", "Fortify"),
        ("5.2", "JIRA", "Fortify"),
        ("newest", "Atlassian JIRA", "Fortify Software Security Center"),
    ],
)
def test_system_names_change_and_commands_stay(generation, jira, fortify):
    with DemoServer(generation=generation, old_path=True) as server:
        alm, analysis = get(server, ALM + "2/").json(), get(server, ANALYSIS + "7/").json()
    names = [one["system"] if isinstance(one["system"], str) else one["system"]["name"] for one in (alm, analysis)]
    assert names == [jira, fortify]
    assert (alm["command"], analysis["command"]) == ("sync_jira", "import_fortify")


def test_last_job_by_generation():
    jobs = {}
    for generation in ("4.4", "4.12", "5.2"):
        with DemoServer(generation=generation) as server:
            jobs[generation] = get(server, ALM + "?include=last_job").json()["results"]
            assert get(server, ALM + "1/?include=last_job").json()["last_job"] == jobs[generation][0]["last_job"]
    assert jobs["4.4"][0]["last_job"]["user"] == jobs["4.12"][0]["last_job"]["user"] == 3
    assert jobs["5.2"][0]["last_job"]["user"] == "m.keller@example.com"
    assert "last_job" not in jobs["4.4"][4] and jobs["4.12"][4]["last_job"] is None


def test_newest_release_renames_alm_parameters():
    with DemoServer(generation="newest") as server, DemoServer(generation="newest", old_path=True) as both:
        assert get(server).status_code == 404
        assert get(both, ALM + "1/").json() == get(server, ISSUE_TRACKER + "1/").json()
        params = [one["params"] for one in get(server, ISSUE_TRACKER + "?page_size=50").json()["results"]]
        truth = [record["params"] for record in server.records("alm")]
    for sent, record in zip(params, truth, strict=True):
        renamed = {
            key.replace("alm_", "issue_tracker_", 1) if key.startswith("alm_") else key: record[key] for key in record
        }
        assert sent == {**renamed, "conflict_policy": sent["conflict_policy"]}
    assert {one["conflict_policy"] for one in params} == {"issue_tracker", "sde", "timestamp"}
    assert {one["issue_tracker_auth_mode"] for one in params} == {"basic", "api_token", "personal_access_token"}


# The release that a parameter came with.
SINCE = {
    ALM: {
        "alm_validate_cert": "4.12",
        "alm_reference_context": "4.12",
        "alm_auth_mode": "newest",
        "last_successful_run": "newest",
        "alm_context_root": "3.2",
        "alm_server": "3.2",
    },
    ANALYSIS: {"analysis_validate_cert": "4.12", "analysis_server": "3.2", "last_successful_run": None},
}


@pytest.mark.parametrize("path", [ALM, ANALYSIS])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_params_by_generation(generation, path):
    with DemoServer(generation=generation, old_path=True) as server:
        params = [one["params"] for one in get(server, path + "?page_size=50").json()["results"]]
    names = {name.replace("issue_tracker_", "alm_") for one in params for name in one}
    known = GENERATIONS[: GENERATIONS.index(generation) + 1]
    assert {name: name in names for name in SINCE[path]} == {
        name: since in known for name, since in SINCE[path].items()
    }
    assert all(isinstance(one[name], bool) for one in params for name in one if name.endswith("_validate_cert"))


def test_last_successful_run_follows_jobs():
    """There once a synchronisation has succeeded, kept after a later failure, never later than the last run."""
    with DemoServer(generation="newest") as server:
        results = get(server, ISSUE_TRACKER + "?include=last_job&page_size=50").json()["results"]
    states = set()
    for one in results:
        job, success = one["last_job"], one["params"].get("last_successful_run")
        if success:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", success)
            hours = (datetime.fromisoformat(job["last_run"]) - datetime.fromisoformat(success)).total_seconds() / 3600
            assert abs(hours) < 1 / 3600 if job["succeeded"] else hours > 0.5
        states.add((job and job["succeeded"], bool(success)))
    assert states == {(None, False), (True, True), (False, True), (False, False)}


# The data


def test_seed_covers_each_system_and_state():
    for kind, systems in SYSTEMS.items():
        records = [record for record in CONNECTIONS if record["kind"] == kind]
        assert {record["system_id"] for record in records} == {system.id for system in systems}
        jobs = [record.get("last_job") for record in records]
        assert None in jobs and {job["succeeded"] for job in jobs if job} == {True, False}
        for flag in ("inaccessible", "debug_mode"):
            assert any(record.get(flag) for record in records)
    assert len({record["project"] for record in CONNECTIONS}) == 20
    assert any(record["params"].get("alm_method") == "http" for record in CONNECTIONS)
    assert any(record["alias"] is None for record in CONNECTIONS)


@pytest.mark.parametrize("kind, name", [("alm", "alm_validate_cert"), ("analysis", "analysis_validate_cert")])
def test_seed_covers_each_certificate_state(kind, name):
    params = [one["params"] for one in CONNECTIONS if one["kind"] == kind]
    with_tls = [one for one in params if one.get("alm_method") != "http"]
    assert {one.get(name) for one in with_tls if f"{kind}_server" in one} == {True, False, None}
    assert not [one for one in params if "bypass_cert_validation" in one]


def test_seed_has_two_context_roots_on_one_host():
    roots = {}
    for params in (record["params"] for record in CONNECTIONS if record["kind"] == "alm"):
        roots.setdefault((params["alm_server"], params["sde_project"]), set()).add(params.get("alm_context_root"))
    assert {"/jira", "/jira-eu"} in roots.values()
    forms = {root for group in roots.values() for root in group if root}
    assert any(root.endswith("/") for root in forms) and any(not root.startswith("/") for root in forms)


LATER = ("alm_auth_mode", "last_successful_run")


def test_records_returns_full_copies():
    with DemoServer(generation="4.12") as server:
        records = server.records("alm")
        served = get(server).json()["results"]
        known = [{name: record["params"][name] for name in record["params"] if name not in LATER} for record in records]
        assert known == [record["params"] for record in served]
        assert [record["id"] for record in records] == sorted(record["id"] for record in records)
        records[0]["params"].clear()
        assert server.records("alm")[0]["params"]


def test_custom_dataset_replaces_seed():
    mine = [{"kind": "alm", "id": 77, "system": "Example Tracker", "params": {"alm_pass": "x"}}]
    with DemoServer(dataset=mine) as server:
        assert get(server).json()["results"][0]["system"]["id"] == "example_tracker"
        assert get(server, ANALYSIS).json() == {"results": []}
        exported = server.records("alm")
    with DemoServer(dataset=exported) as server:
        assert server.records("alm") == exported
    with DemoServer() as server:
        assert len(get(server).json()["results"]) == 30


# Who sees what


def test_params_need_edit_permission():
    with DemoServer() as server:
        for path in (ALM, ANALYSIS):
            hidden = get(server, path, token=server.limited_token).json()["results"]
            shown = get(server, path).json()["results"]
            assert [record["id"] for record in hidden] == [record["id"] for record in shown]
            assert not any("params" in record for record in hidden)
            assert "params" not in get(server, path + "1/", token=server.limited_token).json()


def test_error_bodies_are_those_of_the_framework():
    with DemoServer() as server:
        assert (get(server, token="nobody").status_code, get(server, token="nobody").json()) == (
            401,
            {"detail": "Invalid token."},
        )
        assert get(server, headers={"Authorization": f'Token "{server.token}"'}).status_code == 401
        forbidden = get(server, token=server.forbidden_token)
        assert (forbidden.status_code, list(forbidden.json())) == (403, ["detail"])
        missing = get(server, ALM + "999/")
        assert (missing.status_code, missing.json()) == (404, {"detail": "Not found."})
        assert get(server, ALM + "one/").json() == {"detail": "Not found."}
        assert list(get(server, ALM + "?project=one").json()) == ["project"]
        assert get(server, ALM + "?page_size=5&page=9").json() == {"detail": "Invalid page."}
        assert get(server, headers={"Accept": "text/csv"}).status_code == 406
        assert (
            requests.post(server.url + ALM, headers={"Authorization": f"Token {server.token}"}, timeout=60).status_code
            == 405
        )
        assert "<html" in get(server, "/no/such/page/").text
        assert get(server, ALM.rstrip("/")).headers["Location"] == ALM


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/",
        "/api/v2/nothing/",
        "/api/v2/connections/",
        ISSUE_TRACKER,
        ISSUE_TRACKER + "1/",
        "/api/v2/users/you/",
        ALM,
        ALM + "999/",
        "/api/v2/users/me/",
    ],
)
def test_api_errors_are_json(path):
    with DemoServer() as server:
        known = path in (ALM, "/api/v2/users/me/")
        answer = get(server, path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200 if known else 404, "application/json")
        assert known or answer.json() == {"detail": "Not found."}
        wrong = get(server, path, token="nobody")
        assert (wrong.status_code, wrong.json()) == (401, {"detail": "Invalid token."})
        missing = requests.get(server.url + path, timeout=5)
        assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, "Token")
        assert missing.json() == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_current_user(generation):
    with DemoServer(generation=generation) as server:
        tokens = (server.token, server.limited_token, server.forbidden_token)
        users = [get(server, "/api/v2/users/me/", token=token).json() for token in tokens]
    assert [user["role"] for user in users] == ["Project Lead", "User", "No Role"]
    assert len({user["id"] for user in users}) == 3
    for user in users:
        assert set(user) == {
            "id",
            "email",
            "first_name",
            "last_name",
            "last_login",
            "date_joined",
            "is_active",
            "is_superuser",
            "role",
            "groups",
        }
        assert user["email"].endswith("@example.com") and user["is_active"] is True and user["groups"] == []


def test_given_token_is_used():
    with DemoServer(token="0123456789abcdef") as server:
        assert server.token == "0123456789abcdef"
        assert get(server).json()["results"][0]["params"]


def test_two_servers_in_one_process():
    with DemoServer(generation="3.2", faults=["html_503:1"]) as old, DemoServer(generation="newest") as new:
        assert [get(old).status_code, get(new, ISSUE_TRACKER).status_code, get(old).status_code] == [503, 200, 200]
        assert get(old, ISSUE_TRACKER).status_code == 404
        assert isinstance(get(old).json()["results"][0]["system"], str)
        assert isinstance(get(new, ISSUE_TRACKER).json()["results"][0]["system"], dict)


# Filters


def test_filters_by_generation():
    alias = "?alias=Rally%20Integration"
    with DemoServer(generation="3.2") as server:
        assert ids_of_page(server, ALM + alias) == [1]
        assert ids_of_page(server, ALM + "?system=Rally") == [1, 22, 23]
        assert ids_of_page(server, ALM + "?system=rally") == []
        assert len(ids_of_page(server, ALM + "?project=2")) == 30
    with DemoServer(generation="4.8") as server:
        assert len(ids_of_page(server, ALM + alias)) == 30
        assert ids_of_page(server, ALM + "?project=2") == [1]
        assert len(ids_of_page(server, ANALYSIS + "?project=2")) == 20


@pytest.mark.parametrize("filters, expected", [("honoured", [1]), ("ignored", list(range(1, 31)))])
def test_filters_option_overrides_generation(filters, expected):
    with DemoServer(generation="4.8", filters=filters) as server:
        assert ids_of_page(server, ALM + "?project=2&frequency=manually") == expected


# Pages


@pytest.mark.parametrize("paging", [None, *PAGING_STYLES])
@pytest.mark.parametrize("query", ["", "?page_size=4"])
def test_pages_return_each_record_once(paging, query):
    with DemoServer(paging=paging) as server:
        assert ids_of_all_pages(server, ALM + query) == list(range(1, 31))


def test_page_sizes_by_paging_style():
    def shape(path=ALM, **options):
        with DemoServer(**options) as server:
            page = get(server, path).json()
            return sorted(page), len(page["results"])

    full = ["count", "next", "previous", "results"]
    assert shape() == (["results"], 30)
    assert shape(ALM + "?page_size=20") == (full, 20)
    assert shape(ISSUE_TRACKER, generation="newest") == (full, 10)
    assert shape(ISSUE_TRACKER + "?page_size=1000", generation="newest") == (full, 30)
    assert shape(ALM + "?page_size=20", paging="none") == (["results"], 30)
    assert shape(ALM + "?page_size=20", paging="capped") == (full, 7)
    assert shape(paging="always") == (full, 10)
    assert shape(paging="cursor") == (["next", "previous", "results"], 10)


# Faults


def test_fault_ends_after_its_count():
    with pytest.raises(ValueError, match="html_5003"):
        DemoServer(faults=["html_5003"])
    with pytest.raises(ValueError, match="html_503:x"):
        DemoServer(faults=["html_503:x"])
    with DemoServer(faults=["html_503:2", "throttled_429_seconds:1"]) as server:
        assert get(server, "/elsewhere/").status_code == 404
        assert [get(server).status_code for _number in range(4)] == [503, 503, 429, 200]
        assert [request.status for request in server.requests] == [404, 503, 503, 429, 200]


@pytest.mark.parametrize(
    "name, status, content_type",
    [
        ("html_503", 503, "text/html"),
        ("html_200", 200, "text/html"),
        ("redirect_login", 302, "text/html"),
        ("redirect_https", 301, "text/html"),
        ("status_500", 500, "text/html"),
        ("status_502", 502, "text/html"),
        ("status_504", 504, "text/html"),
        ("firewall_403", 403, "text/html"),
        ("login_401", 401, "text/html"),
        ("throttled_429", 429, "application/json"),
        ("throttled_429_seconds", 429, "application/json"),
        ("throttled_429_date", 429, "application/json"),
        ("throttled_429_long", 429, "application/json"),
        ("bad_request", 400, "application/json"),
        ("bad_request_string", 400, "application/json"),
        ("echo_token", 400, "application/json"),
        ("json_string", 200, "application/json"),
        ("broken_json", 200, "application/json"),
        ("not_utf8", 200, "application/json"),
        ("nan_json", 200, "application/json"),
        ("empty_body", 200, "application/json"),
        ("deep_json", 200, "application/json"),
        ("xml_body", 200, "application/xml"),
        ("double_gzip", 200, "application/json"),
        ("double_gzip_hidden", 200, "application/json"),
    ],
)
def test_response_faults(name, status, content_type):
    with DemoServer(faults=[name]) as server:
        answer = get(server, ALM + "?page=1", stream=True)
        assert answer.status_code == status == server.requests[0].status
        assert answer.headers["Content-Type"].startswith(content_type)
        body = answer.raw.read(decode_content=False)
        # `requests` has already read the body of a redirect.
        assert (len(body) == 0) == (name in ("empty_body", "login_401") or name.startswith("redirect_"))
        retry_after = answer.headers.get("Retry-After")
        assert (retry_after is not None) == (
            name in ("throttled_429_seconds", "throttled_429_date", "throttled_429_long")
        )
        assert answer.headers.get("WWW-Authenticate") == ("Negotiate" if name == "login_401" else None)
        if name == "echo_token":
            assert server.token.encode() in body
        if name == "redirect_https":
            assert answer.headers["Location"] == server.url.replace("http", "https") + ALM + "?page=1"


def test_throttled_fault_counts_per_user():
    with DemoServer(faults=["throttled:2"]) as server, DemoServer() as other:
        answers = [get(server) for _number in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 2
        assert answers[-1].json()["detail"].startswith("Request was throttled.")
        assert get(other).status_code == 200


@pytest.mark.parametrize("name", ["huge_body", "gzip_bomb"])
def test_huge_body_ends_when_client_disconnects(name):
    with DemoServer(faults=[name]) as server, get(server, stream=True) as answer:
        assert next(answer.iter_content(1 << 20)).startswith(b'{"results": [')
    # The fault itself would go on for longer than stopping waits for its thread.
    assert not client_threads()


@pytest.mark.parametrize(
    "name, check",
    [
        ("results_missing", lambda page: page == {"detail_list": []}),
        ("results_not_list", lambda page: isinstance(page["results"], dict)),
        ("record_not_object", lambda page: isinstance(page["results"][0], str)),
        ("id_not_int", lambda page: page["results"][0]["id"] == "one"),
        ("duplicate_record", lambda page: page["results"][0] == page["results"][-1] and len(page["results"]) == 6),
        ("count_too_high", lambda page: page["count"] == 31),
        ("next_foreign", lambda page: page["next"] == f"http://evil.example.com{ALM}?page=2&page_size=5"),
        ("next_foreign_path", lambda page: urllib.parse.urlsplit(page["next"]).path == "/api/v2/users/"),
        ("next_loop", lambda page: page["next"].endswith(ALM + "?page_size=5")),
    ],
)
def test_alteration_faults(name, check):
    with DemoServer(faults=[f"{name}:1"]) as server:
        assert check(get(server, ALM + "?page_size=5").json())
        assert not check(get(server, ALM + "?page_size=5").json())


def test_next_empty_fault():
    with DemoServer(faults=["next_empty:1"]) as server:
        pages = [get(server, f"{ALM}?page_size=15&page={page}").json()["next"] for page in (1, 2, 2)]
    assert pages[1:] == ["", None] and pages[0]


def test_page_vanishes_fault():
    with DemoServer(faults=["page_vanishes:1"]) as server:
        statuses = [get(server, f"{ALM}?page_size=5&page={page}").status_code for page in (1, 2, 2)]
    assert statuses == [200, 404, 200]


@pytest.mark.parametrize(
    "name, first, second, truth",
    [
        ("list_shrinks", [*range(1, 11), *range(12, 31)], [*range(2, 12), *range(13, 31)], range(3, 31)),
        ("list_grows", range(1, 30), range(1, 31), range(1, 31)),
        ("list_shifts", [*range(1, 11), *range(12, 30)], [*range(2, 12), *range(13, 31)], range(3, 31)),
    ],
)
def test_list_change_faults(name, first, second, truth):
    with DemoServer(faults=[f"{name}:2"]) as server:
        readings = [ids_of_all_pages(server, ALM + "?page_size=10") for _number in range(4)]
    assert readings == [list(first), list(second), list(truth), list(truth)]


def test_list_change_faults_and_count():
    for name, counts in (("list_shrinks:1", [30, 29]), ("list_grows:1", [29, 30]), ("list_shifts:1", [29, 29])):
        with DemoServer(faults=[name]) as server:
            assert [get(server, f"{ALM}?page_size=10&page={page}").json()["count"] for page in (1, 2)] == counts


@pytest.mark.parametrize(
    "name, error",
    [
        ("truncated", requests.exceptions.ChunkedEncodingError),
        ("reset", requests.exceptions.ConnectionError),
        ("close_at_once", requests.exceptions.ConnectionError),
        ("stalled", requests.exceptions.ReadTimeout),
    ],
)
@pytest.mark.parametrize("tls", [False, True])
def test_socket_faults(name, error, tls):
    with DemoServer(faults=[f"{name}:1"], tls=tls) as server:
        with pytest.raises(error):
            get(server, timeout=0.3, verify=server.ca_path)
        assert get(server, verify=server.ca_path).status_code == 200


def test_early_hints_fault():
    with DemoServer(faults=["early_hints:1"]) as server:
        assert get(server).status_code == 103
        assert get(server).status_code == 200


@pytest.mark.parametrize("name, expected", [("slow_drip", b"\r\n\r\n "), ("drip_headers", b"X-Drip: drop\r\n")])
def test_drip_faults(name, expected):
    with (
        DemoServer(faults=[name]) as server,
        socket.create_connection((server.host, server.port), timeout=60) as client,
    ):
        client.sendall(f"GET {ALM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        seen = b""
        while expected not in seen:
            seen += client.recv(4096)
        assert seen.startswith(b"HTTP/1.1 200 OK\r\n")


def test_each_fault_has_a_test():
    source = pathlib.Path(__file__).read_text(encoding="utf-8")
    assert not [name for name in FAULTS if f'"{name}' not in source]


# The server itself


def test_requests_are_recorded():
    with DemoServer() as server:
        get(server, ALM + "?page_size=3")
        get(server, "/api/v2/nothing/")
        first, second = server.requests
    assert (first.method, first.path, first.query, first.status) == ("GET", ALM, "page_size=3", 200)
    assert first.headers["Authorization"] == f"Token {server.token}"
    assert second.status == 404


def test_keep_alive():
    with DemoServer() as server, requests.Session() as session:
        headers = {"Authorization": f"Token {server.token}"}
        for _number in range(3):
            assert session.get(server.url + ALM, headers=headers, timeout=60).status_code == 200
        assert len([thread for thread in client_threads() if thread.name.endswith("client")]) == 1


def test_requests_are_handled_in_parallel():
    with (
        DemoServer(faults=["stalled:1"]) as server,
        socket.create_connection((server.host, server.port)) as stalled,
    ):
        stalled.sendall(f"GET {ALM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_for_requests(server, 1)
        assert get(server).status_code == 200


@pytest.mark.parametrize("faults", [(), ("stalled",), ("slow_drip",), ("drip_headers",), ("huge_body",)])
def test_stop_interrupts_faults_and_cleans_up(faults):
    with contextlib.ExitStack() as stack:
        server = DemoServer(faults=faults, tls=True).start()
        context = ssl.create_default_context(cafile=server.ca_path)
        ca_path = pathlib.Path(server.ca_path)
        for _number in range(3):
            plain = stack.enter_context(socket.create_connection((server.host, server.port)))
            client = stack.enter_context(context.wrap_socket(plain, server_hostname=server.host))
            client.sendall(f"GET {ALM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        stack.enter_context(socket.create_connection((server.host, server.port)))
        wait_for_requests(server, 3)
        server.stop()
        # Each of these faults goes on for longer than stopping waits for its thread.
        assert not client_threads()
        assert not ca_path.parent.exists()
        server.stop()


def test_tls_certificate_needs_the_ca():
    with DemoServer(tls=True) as server:
        with pytest.raises(requests.exceptions.SSLError):
            get(server)
        assert get(server, ALM + "?page_size=1", verify=server.ca_path).json()["next"].startswith(server.url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_line_until_signal(tmp_path, number):
    ready = tmp_path / "ready.json"
    command = [
        sys.executable,
        "-m",
        "tests.demo_server",
        "--fault",
        "html_503:1",
        "--ready-file",
        str(ready),
        "--token",
        "cli-token",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline().rstrip() for _number in range(5)]
        assert "until you press Ctrl-C" in lines[0] and "second terminal" in lines[0]
        shown = 'printf "%s %s %s" "$SDE_HOST" "$SDE_API_KEY" "${SDE_CA_PATH-unset}"'
        pasted = subprocess.run(["sh", "-c", "\n".join([*lines, shown])], capture_output=True, text=True, check=True)
        host, *others = pasted.stdout.split()
        assert others == ["cli-token", "unset"]
        assert lines[3].startswith("# ") and lines[4].startswith("# export SDE_API_KEY=")
        headers = {"Authorization": "Token cli-token"}
        assert [requests.get(host + ALM, headers=headers, timeout=60).status_code for _number in "ab"] == [503, 200]
        assert json.loads(ready.read_text(encoding="utf-8"))["url"] == host
        process.send_signal(number)
        output = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, ("", ""))
