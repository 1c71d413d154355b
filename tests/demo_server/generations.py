# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the releases of SD Elements differ: one row per generation, each its predecessor plus what changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

ALM = "alm"
ANALYSIS = "analysis"
KINDS = (ALM, ANALYSIS)
# The kind of the connectors that connections of a kind are made from.
CONNECTOR_KINDS = {ALM: "alm_connector", ANALYSIS: "analysis_connector"}
PROJECT = "project"
RECORD_KINDS = (*KINDS, *CONNECTOR_KINDS.values(), PROJECT)

PAGING_STYLES = ("none", "page", "always", "capped", "cursor")
FILTERS = ("honoured", "ignored")


@dataclass(frozen=True)
class Generation:
    """The API of one generation of servers."""

    name: str
    # The last part of the list URL for ALM connections.
    alm_path: str = "alm"
    # The fields of every connection; `params` only for users who may edit.
    fields: tuple[str, ...] = ("id", "project", "system", "alias", "frequency", "command", "params")
    # The fields that only the list of ALM connections has.
    alm_list_fields: tuple[str, ...] = ()
    # The fields of every project. The documentation tells the order in which they came, and rarely the release.
    project_fields: tuple[str, ...] = (
        "id", "slug", "application", "archived", "name", "creator", "description", "tags", "created", "updated",
    )  # a row for each case # fmt: skip
    # `creator` is an e-mail address (or else the id of the user).
    creator_is_email: bool = False
    # The profile of a project has a logo.
    has_profile_logo: bool = False
    # The fields of every connector; none: there are no connectors.
    connector_fields: tuple[str, ...] = ()
    # The kinds whose connectors show `params` to those who may edit connections.
    connector_params: tuple[str, ...] = ()
    # `system` of a connector is the id of the tool (or else in the form that connections have).
    connector_system_is_id: bool = False
    # Query parameters that filter, by kind.
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    # A key of PAGING_STYLES.
    paging: str = "page"
    # `include=last_job` is understood ...
    has_last_job: bool = False
    # ... and a connection that never ran has `"last_job": null` (or else no `last_job` at all).
    null_last_job: bool = False
    # `last_job.user` is an e-mail address (or else the id of the user).
    user_is_email: bool = False
    # `system` is an object (or else a string).
    system_is_object: bool = False
    # ... with a short name in lists of these kinds ...
    short_names: tuple[str, ...] = (ALM,)
    # ... but a string in a list of analysis connections with `include=last_job`.
    system_is_string_with_job: bool = False
    # The system of an analysis connection may carry `verification_categories`.
    has_categories: bool = False
    # "ALM" is called "issue tracker" inside `params`, too.
    issue_tracker_names: bool = False
    # Names in `params`, as the data have them, that only later releases know.
    later_params: frozenset[str] = frozenset()
    # How many of the names in a tool's history (see `systems`) this release knows.
    system_names: int = 1

    def fields_of(self, kind: str, listed: bool) -> tuple[str, ...]:
        """The names of the fields of a connection, in a list or alone."""
        return self.fields + (self.alm_list_fields if kind == ALM and listed else ())


_OLD_FILTERS = ("alias", "frequency", "system")
_FILTERS = {PROJECT: ("application", "name", "slug")}
_SINCE_4_12 = frozenset({"alm_validate_cert", "alm_reference_context", "analysis_validate_cert"})
_SINCE_NEWEST = frozenset({"alm_auth_mode", "last_successful_run"})

_OLDEST_PROJECT = Generation.project_fields
_MEMBERS = ("users", "groups")
_4_2_PROJECT = (*_OLDEST_PROJECT, "url", "profile", "parent", *_MEMBERS)
_4_4_PROJECT = (*_4_2_PROJECT, "custom_attributes")
_4_12_PROJECT = (
    *(name for name in _4_4_PROJECT if name not in _MEMBERS), "locked", "locked_on", "locked_by"
)  # a row for each case # fmt: skip
_4_2_CONNECTOR = ("id", "name", "system", "inaccessible")
_4_4_CONNECTOR = (*_4_2_CONNECTOR, "params")

_3_2 = Generation(
    "3.2",
    filters={ALM: _OLD_FILTERS, ANALYSIS: _OLD_FILTERS, **_FILTERS},
    later_params=_SINCE_4_12 | _SINCE_NEWEST,
    creator_is_email=True,
)
_4_2 = replace(
    _3_2,
    name="4.2",
    fields=(*_3_2.fields, "connector", "inaccessible"),
    filters=_FILTERS,
    project_fields=_4_2_PROJECT,
    creator_is_email=False,
    connector_fields=_4_2_CONNECTOR,
)
_4_4 = replace(
    _4_2,
    name="4.4",
    has_last_job=True,
    project_fields=_4_4_PROJECT,
    connector_fields=_4_4_CONNECTOR,
    connector_params=(ALM,),
    connector_system_is_id=True,
)
_4_8 = replace(
    _4_4,
    name="4.8",
    system_is_object=True,
    system_is_string_with_job=True,
    system_names=2,
    alm_list_fields=("in_progress",),
    null_last_job=True,
    filters={ALM: ("project",), **_FILTERS},
    connector_fields=(*_4_4_CONNECTOR, "fields_editable_on_project"),
    connector_system_is_id=False,
)
_4_12 = replace(
    _4_8,
    name="4.12",
    fields=(*_4_8.fields, "debug_mode"),
    system_is_string_with_job=False,
    later_params=_SINCE_NEWEST,
    project_fields=_4_12_PROJECT,
    has_profile_logo=True,
    connector_fields=_4_4_CONNECTOR,
)
_5_2 = replace(_4_12, name="5.2", short_names=KINDS, has_categories=True, user_is_email=True, connector_params=KINDS)
_NEWEST = replace(
    _5_2,
    name="newest",
    alm_path="issue-tracker",
    issue_tracker_names=True,
    paging="always",
    later_params=frozenset(),
    system_names=3,
)

BY_NAME = {generation.name: generation for generation in (_3_2, _4_2, _4_4, _4_8, _4_12, _5_2, _NEWEST)}
GENERATIONS = tuple(BY_NAME)
