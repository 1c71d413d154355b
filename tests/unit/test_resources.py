# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All resources: the same facts on every release, one record, filters, shapes, permissions, faults."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _redact
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError, SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._resource import RecordError
from tests.contract import CHANGING, CONTRACTS
from tests.demo_server import FAULTS, GENERATIONS, seed
from tests.support import RESOURCES, SOME_GENERATIONS, canned_server, facts, failure_of, gather

EACH_KIND = pytest.mark.parametrize("kind", RESOURCES)
TOOLS = [kind for kind in RESOURCES if kind != "project"]
TOOL_KINDS = pytest.mark.parametrize("kind", TOOLS)
EACH_GENERATION = pytest.mark.parametrize("generation", GENERATIONS)

NEW_PARAMS = {
    "alm_validate_cert",
    "analysis_validate_cert",
    "alm_reference_context",
    "alm_auth_mode",
    "last_successful_run",
}
# Of each filter, a value that some records have.
FILTERS = {
    "alm": {"alias": "Rally Integration", "system": "rally", "frequency": "daily", "project": 3},
    "analysis": {"alias": "WhiteHat Integration", "system": "whitehat", "frequency": "daily", "project": 3},
    "alm_connector": {"name": "JIRA jira.example.com", "system": "jira"},
    "analysis_connector": {"name": "WhiteHat server.whitehatsec.com", "system": "whitehat"},
    "project": {"name": "Customer Portal", "application": 2, "archived": True, "tags": "pci"},
}
_FILTER_OPTIONS = [(kind, option) for kind in FILTERS for option in FILTERS[kind]]
EACH_FILTER = pytest.mark.parametrize("kind, option", _FILTER_OPTIONS)
EACH_LIST_FILTER = pytest.mark.parametrize("kind, option", [one for one in _FILTER_OPTIONS if one[1] != "archived"])
EACH_TEXT_FILTER = pytest.mark.parametrize(
    "kind, option", [one for one in _FILTER_OPTIONS if RESOURCES[one[0]].options[one[1]]["type"] == "raw"]
)
ID_OPTIONS = {kind: next(iter(resource.options)) for kind, resource in RESOURCES.items()}


def has_list(kind: str, generation: str) -> bool:
    """Whether a release has a resource at all."""
    return not (kind.endswith("_connector") and generation == "3.2")


# ---------------------------------------------------------------------------------------------------------------
# Generations


@EACH_KIND
@EACH_GENERATION
def test_facts_have_contract_keys_and_types(servers, generation, kind):
    more = {name: True for name in ("include_last_job", "include_users") if name in RESOURCES[kind].options}
    result = gather(servers[generation], kind, **more).facts
    found = result[RESOURCES[kind].name]
    sent = servers[generation].records(kind) if has_list(kind, generation) else []
    assert result["count"] == len(found) == len(sent)
    for record in found:
        assert set(CONTRACTS[kind]) <= set(record)
        for name, types in CONTRACTS[kind].items():
            assert isinstance(record[name], types), (name, record[name])
            assert types is bool or not (types is int and isinstance(record[name], bool))


def comparable(kind: str, record: dict) -> dict:
    """The facts that are the same on every release."""
    kept = {name: value for name, value in record.items() if name in CONTRACTS[kind].keys() - CHANGING[kind]}
    if "params" in kept:
        kept["params"] = {name: value for name, value in kept["params"].items() if name not in NEW_PARAMS}
    return kept


@EACH_KIND
def test_list_is_the_same_in_every_generation(servers, kind):
    lists = [
        [comparable(kind, record) for record in facts(servers[generation], kind)]
        for generation in GENERATIONS
        if has_list(kind, generation)
    ]
    assert len(lists[0]) == len(servers["5.2"].records(kind))
    assert all(one == lists[0] for one in lists)


@given(data=st.data())
def test_one_record_is_the_same_as_in_the_list(running, data):
    kind = data.draw(st.sampled_from(list(RESOURCES)))
    one, other = (data.draw(st.sampled_from([name for name in GENERATIONS if has_list(kind, name)])) for _place in "ab")
    seed.load()
    number = data.draw(st.sampled_from([record["id"] for record in running[one].records(kind)]))
    (alone,) = facts(running[one], kind, id=number)
    assert comparable(kind, alone) == comparable(kind, facts(running[other], kind)[number - 1])


@EACH_KIND
def test_endpoint_is_the_list_that_answered(servers, kind):
    path = {"project": "projects"}.get(kind) or {
        "alm": "connections/alm",
        "analysis": "connections/analysis",
        "alm_connector": "connectors/alm",
        "analysis_connector": "connectors/analysis",
    }[kind]
    for generation, server in servers.items():
        if has_list(kind, generation):
            expected = path.replace("/alm", "/issue-tracker") if generation == "newest" else path
            assert gather(server, kind, id=1).facts["endpoint"] == f"{server.url}/api/v2/{expected}/"


@TOOL_KINDS
def test_new_fields_of_the_system_are_passed_on(kind):
    record = {**GOOD[kind], "system": {"id": "jira", "name": "JIRA", "edition": "cloud"}}
    with canned_server(json.dumps({"results": [record]}).encode()) as server:
        assert facts(server, kind)[0]["system_edition"] == "cloud"


@EACH_KIND
def test_new_fields_are_passed_on(kind):
    record = {**GOOD[kind], "brand_new": {"x": [1]}}
    with canned_server(json.dumps({"results": [record]}).encode()) as server:
        (found,) = facts(server, kind)
    assert found["brand_new"] == {"x": [1]}
    assert list(found)[: len(CONTRACTS[kind])] == list(CONTRACTS[kind])


# ---------------------------------------------------------------------------------------------------------------
# One record


@EACH_KIND
@EACH_GENERATION
def test_unknown_id(servers, generation, kind):
    result = gather(servers[generation], kind, id=9999).facts
    assert (result[RESOURCES[kind].name], result["count"]) == ([], 0)


@EACH_KIND
def test_unknown_id_with_a_wrong_token(servers, kind):
    with pytest.raises(SDElementsError, match="401"):
        gather(servers["4.8"], kind, id=9999, api_token="unknown-token")


@EACH_KIND
def test_response_with_another_id(kind):
    with (
        canned_server(json.dumps({**GOOD[kind], "id": 2}).encode()) as server,
        pytest.raises(SDElementsError, match=f"it contains {RESOURCES[kind].noun} 2"),
    ):
        gather(server, kind, id=1)


# ---------------------------------------------------------------------------------------------------------------
# Filters


@EACH_FILTER
@SOME_GENERATIONS
def test_filter_keeps_some_records(servers, kind, option, generations):
    for generation in generations:
        server = servers[generation]
        if has_list(kind, generation):
            everything = facts(server, kind)
            result = gather(server, kind, **{option: FILTERS[kind][option]}).facts
            found = result[RESOURCES[kind].name]
            assert 0 < len(found) == result["count"] < len(everything)
            assert [record for record in everything if record in found] == found


@EACH_FILTER
def test_server_is_not_asked_to_filter(start, kind, option):
    """It ignores the parameters that it does not know."""
    server = start("5.2")
    gather(server, kind, **{option: FILTERS[kind][option]})
    assert [request.query for request in server.requests] == [""]


@EACH_FILTER
def test_id_excludes_filters(servers, kind, option):
    with pytest.raises(OptionError, match=f"{ID_OPTIONS[kind]} cannot be combined with {option}"):
        gather(servers["4.8"], kind, id=1, **{option: FILTERS[kind][option]})


@EACH_FILTER
def test_null_filter_is_not_set(servers, kind, option):
    server, value = servers["4.8"], FILTERS[kind][option]
    assert facts(server, kind, **{option: None}) == facts(server, kind)
    assert [one["id"] for one in facts(server, kind, id=1, **{option: None})] == [1]
    assert facts(server, kind, id=None, **{option: value}) == facts(server, kind, **{option: value})


@EACH_LIST_FILTER
def test_empty_filter_is_an_error(servers, kind, option):
    with pytest.raises(OptionError, match=f"{option} is an empty list"):
        gather(servers["4.8"], kind, **{option: []})


@pytest.mark.parametrize("value", [["a", ""], {"a": 1}, True, [None]])
@EACH_TEXT_FILTER
def test_invalid_filter(servers, kind, option, value):
    with pytest.raises(OptionError, match=option):
        gather(servers["4.8"], kind, **{option: value})


@EACH_KIND
def test_id_out_of_bounds(servers, kind):
    with pytest.raises(OptionError, match=f"{ID_OPTIONS[kind]} must be an integer from"):
        gather(servers["4.8"], kind, id=0)


# ---------------------------------------------------------------------------------------------------------------
# Secrets and permissions

SECRETS_OF_PROJECTS = ["s.invented-vault-13", "feed:invented-feed-20"]


@EACH_KIND
@EACH_GENERATION
def test_facts_contain_no_secret_of_seed_data(servers, generation, kind):
    server = servers[generation]
    if kind == "project":
        secrets = SECRETS_OF_PROJECTS
        sent = json.dumps(server.records(kind))
        assert all(secret in sent for secret in secrets)
    else:
        asked = gather(server, kind, include_secrets=True)
        assert bool(asked.secrets) == any(one["params_visible"] for one in asked.facts[RESOURCES[kind].name])
        # One password of the seed data is a 7, which is also a priority.
        secrets = [secret for secret in asked.secrets if len(secret) > 1]
    clean = json.dumps(facts(server, kind))
    assert [secret for secret in secrets if secret in clean] == []


@TOOL_KINDS
@EACH_GENERATION
def test_hidden_params(servers, generation, kind):
    server = servers[generation]
    found = facts(server, kind, api_token=server.limited_token)
    assert len(found) == (len(server.records(kind)) if has_list(kind, generation) else 0)
    assert all(one["params"] == {} and not one["params_visible"] and one["secrets_set"] == [] for one in found)
    assert all(one["server"]["state"] == "hidden" and one["validate_certs"] is None for one in found)


@EACH_KIND
def test_user_without_rights(servers, kind):
    for server in servers.values():
        assert failure_of(server, kind=kind, api_token=server.forbidden_token).kind == "permission"


# Names of parameters that most connections and connectors of a kind have.
COMMON_PARAMS = {"alm": ("alm_server", "sde_min_priority"), "analysis": ("analysis_server", "import_behaviour")}


@TOOL_KINDS
@SOME_GENERATIONS
def test_keep_params_and_include_params(servers, kind, generations):
    first, second = COMMON_PARAMS[kind.removesuffix("_connector")]
    for server in map(servers.get, generations):
        everything = facts(server, kind)
        some = facts(server, kind, keep_params=[f"{first[:-3]}*", f"{second[:-1]}?"])
        none = facts(server, kind, include_params=False)
        for one, few, bare in zip(everything, some, none, strict=True):
            kept = {name: value for name, value in one["params"].items() if name in (first, second)}
            assert few == {**one, "params": kept}
            assert bare == {**one, "params": {}}


# Connections and connectors share the code, and so do the kinds of each.
@pytest.mark.parametrize(
    "kind", ["alm", *(pytest.param(kind, marks=pytest.mark.slow) for kind in TOOLS[1:-1]), "analysis_connector"]
)
@pytest.mark.parametrize(
    "options, unmatched",
    [
        ({"keep_params": ["*_validate_*", "*_server"]}, []),
        ({"keep_params": "alm_sever, *_server,"}, ["alm_sever"]),
        ({"keep_params": ["x*", "*_server"]}, ["x*"]),
        ({"keep_params": ["issue_tracker_server"]}, ["issue_tracker_server"]),
        ({"keep_params": []}, []),
        # Where nothing is returned in which it could be found, a name is not wrong.
        ({"keep_params": ["x*"], "include_params": False}, []),
        ({"keep_params": ["x*"], "system": "no such system"}, []),
    ],
)
def test_keep_params_without_match_warns(servers, kind, options, unmatched):
    server, noun = servers["newest"], RESOURCES[kind].noun
    said = [f"keep_params: no {noun} has the parameter {name!r}." for name in unmatched]
    assert gather(server, kind, **options).warnings == said
    assert gather(server, kind, **options, api_token=server.limited_token).warnings == []


@pytest.mark.parametrize("kind", ["alm", "alm_connector"])
def test_canonical_names_on_newest_release(servers, kind):
    (canonical,) = facts(servers["newest"], kind, id=1)
    (as_sent,) = facts(servers["newest"], kind, id=1, canonical_names=False)
    names = [(one["params"].get("alm_server"), one["params"]["conflict_policy"]) for one in (canonical, as_sent)]
    assert names == [("rally1.rallydev.com", "alm"), (None, "issue_tracker")]
    assert as_sent["params"]["issue_tracker_server"] == "rally1.rallydev.com"
    assert canonical["server"] == as_sent["server"] and canonical["server"]["host"] == "rally1.rallydev.com"


# ---------------------------------------------------------------------------------------------------------------
# Shapes: the facts' promises are checked, not hoped for

_TOOL = {"id": 1, "system": {"name": "JIRA"}, "params": {"alm_server": "jira.example.com"}}
_CONNECTION = {**_TOOL, "alias": "a", "frequency": "daily", "last_job": {"last_run": "2026-01-01T00:00:00Z"}}
GOOD = {
    "alm": _CONNECTION,
    "analysis": _CONNECTION,
    "alm_connector": {**_TOOL, "name": "a"},
    "analysis_connector": {**_TOOL, "name": "a"},
    "project": {"id": 1, "name": "a", "slug": "a", "application": 1, "tags": ["x"], "profile": {"id": "P1"}},
}
_ODD_TOOL = [
    ({"system": ["JIRA"]}, "'system' of {} 1 has the unexpected type list"),
    ({"system": {"name": 3}}, "'name' of {} 1 has the unexpected type int"),
    ({"system": {"name": "x", "id": 3}}, "'id' of {} 1 has the unexpected type int"),
    ({"params": "hidden"}, "'params' of {} 1 has the unexpected type str"),
    ({"inaccessible": 1}, "'inaccessible' of {} 1 has the unexpected type int"),
]
ODD = {
    "connection": [
        *_ODD_TOOL,
        ({"alias": 7}, "'alias' of {} 1 has the unexpected type int"),
        ({"frequency": []}, "'frequency' of {} 1 has the unexpected type list"),
        ({"project": True}, "'project' of {} 1 has the unexpected type bool"),
        ({"connector": "4"}, "'connector' of {} 1 has the unexpected type str"),
        ({"last_job": "never"}, "'last_job' of {} 1 has the unexpected type str"),
        ({"last_job": {"succeeded": "yes"}}, "'succeeded' of {} 1 has the unexpected type str"),
        ({"last_job": {"last_run": "yesterday"}}, "'last_run' of {} 1 is not a time with a time zone"),
        ({"last_job": {"last_run": "2026-01-01T00:00:00"}}, "'last_run' of {} 1 is not a time with a time zone"),
        ({"last_job": {"last_run": "2026-13-01T00:00:00Z"}}, "'last_run' of {} 1 is not a time with a time zone"),
        ({"last_job": {"last_run": "0001-01-01T00:00:00+14:00"}}, "'last_run' of {} 1 is not a time with a time zone"),
    ],
    "connector": [*_ODD_TOOL, ({"name": 7}, "'name' of {} 1 has the unexpected type int")],
    "project": [
        ({"name": 7}, "'name' of {} 1 has the unexpected type int"),
        ({"application": "7"}, "'application' of {} 1 has the unexpected type str"),
        ({"archived": "no"}, "'archived' of {} 1 has the unexpected type str"),
        ({"profile": "P1"}, "'profile' of {} 1 has the unexpected type str"),
        ({"profile": {"id": 1}}, "'id' of {} 1 has the unexpected type int"),
        ({"parent": "1"}, "'parent' of {} 1 has the unexpected type str"),
        ({"tags": "x, y"}, "'tags' of {} 1 has the unexpected type str"),
        ({"tags": ["x", {"name": "y"}]}, "'tags' of {} 1 contains an element of the unexpected type dict"),
        ({"users": ["me@example.com"]}, "'users' of {} 1 contains an element of the unexpected type str"),
        ({"groups": [["G1"]]}, "'groups' of {} 1 contains an element of the unexpected type list"),
        ({"creator": {"id": 1}}, "'creator' of {} 1 has the unexpected type dict"),
        ({"created": "yesterday"}, "'created' of {} 1 is not a time with a time zone"),
        ({"updated": "2026-01-01"}, "'updated' of {} 1 is not a time with a time zone"),
        ({"locked": 0}, "'locked' of {} 1 has the unexpected type int"),
        ({"custom_attributes": ["x"]}, "'custom_attributes' of {} 1 has the unexpected type list"),
    ],
}


@pytest.mark.parametrize(
    "kind, change, problem", [(kind, *one) for kind, resource in RESOURCES.items() for one in ODD[resource.noun]]
)
def test_malformed_record(kind, change, problem):
    with pytest.raises(RecordError, match=problem.format(RESOURCES[kind].noun)):
        RESOURCES[kind].check({**GOOD[kind], **change})


@EACH_KIND
def test_well_formed_record(kind):
    RESOURCES[kind].check(GOOD[kind])
    # Each field but the id may be null, or left out.
    for name in GOOD[kind].keys() - {"id"}:
        RESOURCES[kind].check({**GOOD[kind], name: None})
        RESOURCES[kind].check({key: value for key, value in GOOD[kind].items() if key != name})


@pytest.mark.parametrize(
    "kind, other, message",
    [
        ("alm", {"name": "a project", "params": {}}, "neither 'alias' nor 'frequency' nor 'system'"),
        ("alm_connector", {"alias": "a", "params": {}}, "neither 'name' nor 'system'"),
        ("project", _CONNECTION, "neither 'name' nor 'slug' nor 'application'"),
    ],
)
def test_record_of_another_list(kind, other, message):
    with pytest.raises(RecordError, match=f"record 1 has {message}"):
        RESOURCES[kind].check({"id": 1, **other})


@EACH_KIND
def test_deep_nesting_is_an_error(kind):
    nested: object = "end"
    for _level in range(_redact.MAX_DEPTH + 1):
        nested = {"x": nested}
    record = {**GOOD[kind], "new": nested}
    with (
        canned_server(json.dumps({"results": [record]}).encode()) as server,
        pytest.raises(SDElementsError, match=f"a {RESOURCES[kind].noun} is nested too deeply"),
    ):
        gather(server, kind)


# ---------------------------------------------------------------------------------------------------------------
# Faults

# In spite of these the list is whole.
HARMLESS = {"next_foreign", "next_empty"}
# They last until 'timeout', which is a second at least.
SLOW = {"stalled", "slow_drip", "drip_headers", "huge_body", "gzip_bomb"}


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in FAULTS]
)
@pytest.mark.parametrize(
    "kinds", [("project", "alm_connector"), pytest.param(tuple(RESOURCES), marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_fault_is_a_failure_or_harmless(start, fault, kinds):
    options = {"page_size": 3, "timeout": 1, "deadline": 3}
    for kind in kinds:
        server = start("5.2", fault)
        if fault in HARMLESS:
            assert [one["id"] for one in facts(server, kind, **options)] == [one["id"] for one in server.records(kind)]
        else:
            assert failure_of(server, kind=kind, **options).kind != "internal"
