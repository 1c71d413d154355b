# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes between two lists of connections, and differences that only look like one."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import MASK
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils import _changes
from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._changes import FieldChange, compare
from tests.demo_server import GENERATIONS
from tests.support import KINDS, connections

PERMITTED = ("params", "server", "validate_certs", "secrets_set")
SERVER = {"state": "known", "scheme": "https", "host": "a", "port": 443, "path": "", "url": "https://a:443"}
CONNECTION: dict[str, Any] = {
    "id": 1,
    "kind": "alm",
    "alias": "Tracker",
    "project": 2,
    "connector": None,
    "system": "Rally",
    "system_id": "rally",
    "system_short_name": None,
    "frequency": "daily",
    "command": "sync_rally",
    "server": SERVER,
    "validate_certs": None,
    "params": {"alm_server": "a", "alm_pass": MASK, "sde_min_priority": 7, "nested": {"one": 1}},
    "params_visible": True,
    "secrets_set": ["alm_pass"],
    "inaccessible": False,
    "in_progress": False,
    "debug_mode": None,
    "last_job": None,
}
HIDDEN = {
    "params": {},
    "params_visible": False,
    "server": {**dict.fromkeys(SERVER), "state": "hidden"},
    "validate_certs": None,
    "secrets_set": [],
}


def with_params(**params: Any) -> dict:
    return {**CONNECTION, "params": {**CONNECTION["params"], **params}}


def changed(old: dict, new: dict, **options: Any) -> list[FieldChange]:
    """The changed fields of one connection."""
    changes = compare([old], [new], KINDS, **options)
    assert not changes.added and not changes.removed
    return [field for one in changes.changed for field in one.fields]


def reported(old: dict, new: dict, **options: Any) -> dict[str, tuple]:
    return {path: (before, now) for path, before, now in changed(old, new, **options)}


def everything(server, token: str | None = None, **options: Any) -> list[dict]:
    """All connections of a server, as a user of this token gathers them."""
    options = {"include_last_job": True, "api_token": token or server.token, **options}
    return [one for kind in KINDS for one in connections(server, kind, **options)]


def altered(value: Any, facts: dict, *path: str) -> dict:
    """A copy with another value at a path."""
    facts = copy.deepcopy(facts)
    place = facts
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return facts


# ---------------------------------------------------------------------------------------------------------------
# Changes


@pytest.mark.parametrize(
    "path, value",
    [
        (("alias",), "Other"),
        (("alias",), None),
        (("frequency",), "manually"),
        (("project",), 3),
        (("inaccessible",), True),
        (("server", "host"), "b"),
        (("server", "path"), "/jira"),
        (("params", "sde_min_priority"), 8),
        (("params", "alm_server"), None),
        (("params", "nested", "one"), None),
        (("params", "nested", "two"), 2),
        (("params", "nested"), [1]),
        (("secrets_set",), []),
        (("secrets_set",), ["alm_api_token", "alm_pass"]),
    ],
)
def test_changed_field(path, value):
    old = CONNECTION
    for name in path:
        old = old.get(name) if isinstance(old, dict) else None
    new = altered(value, CONNECTION, *path)
    assert reported(CONNECTION, new) == {".".join(path): (old, value)}


def test_removed_parameter_and_fact_are_changes():
    new = copy.deepcopy(CONNECTION)
    del new["alias"], new["params"]["sde_min_priority"]
    assert reported(CONNECTION, new) == {"alias": ("Tracker", None), "params.sde_min_priority": (7, None)}


def test_fields_of_a_server_that_had_none():
    none = {**dict.fromkeys(SERVER), "state": "none"}
    found = reported({**CONNECTION, "server": none}, CONNECTION)
    assert found == {f"server.{name}": (none[name], SERVER[name]) for name in SERVER}


def test_added_and_removed_connections_are_in_order():
    many = [{**CONNECTION, "id": number, "kind": kind} for number in (3, 1, 2) for kind in ("analysis", "alm")]
    added, removed = compare([], many, KINDS), compare(many, [], KINDS)
    in_order = sorted(many, key=lambda one: (one["kind"], one["id"]))
    assert added == ([*in_order], [], [], []) and removed == ([], [*in_order], [], [])
    assert compare(many, many[::-1], KINDS) == ([], [], [], [])


def test_one_id_of_two_kinds_is_two_connections():
    other = {**CONNECTION, "kind": "analysis", "alias": "Scanner"}
    changes = compare([CONNECTION, other], [other, {**CONNECTION, "alias": "New"}], KINDS)
    assert [(one.new["kind"], one.fields) for one in changes.changed] == [
        ("alm", [FieldChange("alias", "Tracker", "New")])
    ]


def test_kinds_that_are_not_comparable_are_omitted():
    analysis = {**CONNECTION, "kind": "analysis", "id": 9}
    old, new = [CONNECTION], [{**CONNECTION, "alias": "New"}, analysis]
    assert compare(old, new, ["analysis"]).changed == [] and compare(old, new, ["analysis"]).added == [analysis]
    assert compare(old, new, ["alm"]).added == [] and len(compare(old, new, ["alm"]).changed) == 1
    assert compare(old, new, []) == ([], [], [], [])


# ---------------------------------------------------------------------------------------------------------------
# What only looks like a change


@pytest.mark.parametrize("name", ["last_job", "in_progress", "last_successful_run"])
def test_volatile_fields_count_only_if_asked_for(name):
    old, new = {**CONNECTION, name: {"id": 1}}, {**CONNECTION, name: {"id": 2}}
    assert reported(old, new) == {} and reported(old, new, include_volatile=True) == {f"{name}.id": (1, 2)}


def test_last_successful_run_among_parameters_is_volatile():
    old, new = with_params(last_successful_run="2026-01-01"), with_params(last_successful_run="2026-01-02")
    assert reported(old, new) == {}
    assert list(reported(old, new, include_volatile=True)) == ["params.last_successful_run"]


@pytest.mark.parametrize("name", ["system", "last_job"])
def test_parameter_with_the_name_of_an_ignored_fact_is_compared(name):
    volatile = name == "last_job"
    found = reported(with_params(**{name: "a"}), with_params(**{name: "b"}), include_volatile=volatile)
    assert found == {f"params.{name}": ("a", "b")}


def test_unknown_before_is_not_a_change():
    new = with_params(alm_validate_cert=True)
    new.update(connector=5, validate_certs=True, debug_mode=True, system_categories=["SAST"], brand_new="x")
    assert reported(CONNECTION, new) == {}
    # The opposite direction is one.
    assert set(reported(new, CONNECTION)) == {
        "brand_new", "connector", "debug_mode", "params.alm_validate_cert", "system_categories", "validate_certs",
    }  # in this order # fmt: skip
    assert reported({**CONNECTION, "secrets_set": None}, CONNECTION) == {}


def test_names_of_the_same_tool():
    new = {**CONNECTION, "system": "CA Agile Central", "system_short_name": "Rally"}
    assert reported(CONNECTION, new) == {}
    other = {**new, "system_id": "jira"}
    assert set(reported(CONNECTION, other)) == {"system", "system_id"}
    unknown = {**CONNECTION, "system_id": None}
    assert set(reported(unknown, {**new, "system_id": None})) == {"system"}


@pytest.mark.parametrize(
    "old, new, when",
    [
        (CONNECTION, {**CONNECTION, **HIDDEN}, "now"),
        ({**CONNECTION, **HIDDEN}, CONNECTION, "in the baseline"),
        ({**CONNECTION, **HIDDEN}, {**CONNECTION, **HIDDEN}, "in the baseline and now"),
    ],
)
def test_hidden_parameters_are_not_compared(old, new, when):
    changes = compare([old], [{**new, "alias": "New"}], KINDS)
    assert [one.fields for one in changes.changed] == [[FieldChange("alias", "Tracker", "New")]]
    assert changes.not_compared == [({**new, "alias": "New"}, PERMITTED, f"the parameters are hidden {when}")]


def test_parameters_that_the_task_left_out_are_not_compared():
    new = {**CONNECTION, "params": {}, "server": {**SERVER, "host": "b"}}
    changes = compare([CONNECTION], [new], KINDS)
    assert changes.changed[0].fields == [FieldChange("server.host", "a", "b")]
    assert changes.not_compared == [(new, ("params",), "the parameters are missing now")]


@pytest.mark.parametrize(
    "old, new, is_change",
    [
        (MASK, "x", False),
        ("x", MASK, False),
        (MASK, 5, False),
        ({"a": "b"}, MASK, False),
        ({"a": MASK}, {"a": "b"}, False),
        ([1, MASK], [1, "x"], False),
        ([{"a": MASK}], [{"a": "x"}], False),
        ([{"a": MASK}], [{"b": "x"}], True),
        ([{"a": MASK, "b": 1}], [{"a": "x", "b": 2}], True),
        ([1, MASK], [2, "x"], True),
        ([MASK], [], True),
        (f"https://{MASK}@a/", "https://user:word@a/", False),
        ("https://user:word@a/", f"https://{MASK}@a/", False),
        (f"https://user:{MASK}@a/", f"https://{MASK}@a/", False),
        (f"https://{MASK}@a/", f"https://{MASK}@b/", True),
        (f"https://{MASK}@a/", "https://b/", True),
        (f"x{MASK}y{MASK}z", "x1y2z", False),
        (f"x{MASK}y{MASK}z", "x1z", True),
        (f"x{MASK}y{MASK}y{MASK}z", "xyz", True),
        (f"ab{MASK}bc", "abc", True),
        (f"a{MASK}b{MASK}b", "ab", True),
        ("a", "b", True),
    ],
)
def test_masked_value_is_not_a_change(old, new, is_change):
    found = reported(with_params(value=old), with_params(value=new))
    assert found == ({"params.value": (old, new)} if is_change else {})


def test_names_of_parameters_that_a_task_keeps_as_sent():
    old = with_params(conflict_policy="alm")
    sent = {"issue_tracker_server": "b", "issue_tracker_pass": MASK, "sde_min_priority": 7, "nested": {"one": 1}}
    new = {
        **CONNECTION,
        "params": {**sent, "conflict_policy": "issue_tracker"},
        "secrets_set": ["issue_tracker_pass"],
    }
    assert reported(old, new) == {"params.alm_server": ("a", "b")}


# ---------------------------------------------------------------------------------------------------------------
# Releases and permissions


@pytest.mark.parametrize("later", GENERATIONS[3:])
@pytest.mark.parametrize("canonical_names", [True, False])
def test_upgrade_is_not_a_change(servers, later, canonical_names):
    old, new = everything(servers["4.4"]), everything(servers[later], canonical_names=canonical_names)
    assert old != new
    assert compare(old, new, KINDS) == ([], [], [], [])


def test_edit_and_upgrade_at_once(servers):
    old, new = everything(servers["4.4"]), everything(servers["newest"])
    first = next(one for one in new if one["kind"] == "alm" and one["id"] == 1)
    first["server"]["host"] = "other.example.com"
    first["params"]["alm_server"] = "other.example.com"
    assert {field.path: field.new for one in compare(old, new, KINDS).changed for field in one.fields} == {
        "params.alm_server": "other.example.com",
        "server.host": "other.example.com",
    }


@pytest.mark.parametrize("generation", GENERATIONS)
def test_lost_permission_is_not_a_change(servers, generation):
    server = servers[generation]
    full, limited = everything(server), everything(server, server.limited_token)
    for old, new in ((full, limited), (limited, full), (limited, limited)):
        changes = compare(old, new, KINDS)
        assert changes[:3] == ([], [], [])
        assert len(changes.not_compared) == len(full)
        assert {facts for _connection, facts, _reason in changes.not_compared} == {PERMITTED}


# ---------------------------------------------------------------------------------------------------------------
# Properties

VALUES = st.recursive(
    st.sampled_from([None, True, 0, 7, "", "x", "y", MASK, f"x{MASK}", f"{MASK}y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(["alm_server", "issue_tracker_server", "conflict_policy", "last_successful_run", "x"])
CONNECTIONS = st.builds(
    lambda common, params, is_visible, **own: {**common, **own, **({"params": params} if is_visible else HIDDEN)},
    common=st.fixed_dictionaries(
        {**dict.fromkeys(("alias", "frequency", "in_progress", "last_job", "system", "validate_certs"), VALUES)},
        optional={"brand_new": VALUES},
    ),
    params=st.dictionaries(NAMES, VALUES, max_size=3),
    is_visible=st.booleans(),
    id=st.integers(1, 3),
    kind=st.sampled_from(KINDS),
    system_id=st.sampled_from([None, "rally", "jira"]),
    params_visible=st.just(True),
    secrets_set=st.lists(st.sampled_from(["alm_pass", "x"]), unique=True),
)
LISTS = st.lists(CONNECTIONS, max_size=4, unique_by=lambda one: (one["kind"], one["id"]))


@given(old=LISTS, new=LISTS, volatile=st.booleans())
def test_each_connection_is_reported_once_and_inputs_stay(old, new, volatile):
    kept = copy.deepcopy((old, new))
    added, removed, changes, not_compared = compare(old, new, KINDS, volatile)
    assert (old, new) == kept
    assert all(one in new for one in added) and all(one in old for one in removed)
    assert len(old) - len(removed) == len(new) - len(added)
    both = [(one, other) for one in old for other in new if (one["kind"], one["id"]) == (other["kind"], other["id"])]
    assert all((one.old, one.new) in both for one in changes)
    assert [one for one in not_compared if one.facts == PERMITTED] == [
        one for one in not_compared if "hidden" in one.reason
    ]


@given(old=LISTS, new=LISTS, volatile=st.booleans())
def test_fields_hold_the_values_of_both_sides(old, new, volatile):
    for one in compare(old, new, KINDS, volatile).changed:
        paths = [field.path for field in one.fields]
        assert paths == sorted(set(paths))
        for path, before, now in one.fields:
            assert before != now and MASK not in (before, now)
            assert "." in path or before is not None
            if path.startswith("params."):
                assert one.old["params_visible"] and one.new["params_visible"]
            elif path != "secrets_set" and "." not in path:
                assert (before, now) == (one.old.get(path), one.new.get(path))
            if not volatile:
                assert path.split(".")[0] not in _changes.VOLATILE


@given(connections=LISTS)
def test_nothing_changes_between_equal_lists(connections):
    assert compare(connections, copy.deepcopy(connections), KINDS, include_volatile=True)[:3] == ([], [], [])


@given(connections=LISTS.filter(bool), value=st.sampled_from(["one", "two"]), data=st.data())
def test_an_edit_is_found_among_all_others(connections, value, data):
    connections = [{**one, "alias": "before"} for one in connections]
    edited = data.draw(st.integers(0, len(connections) - 1))
    new = [{**one, "alias": value} if number == edited else one for number, one in enumerate(connections)]
    changes = compare(connections, data.draw(st.permutations(new)), KINDS)
    assert changes.changed == [(connections[edited], new[edited], [FieldChange("alias", "before", value)])]
