# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the projects and connectors of an audit, which a policy may read."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ...module_utils._errors import OptionError
from ...module_utils._projects import PROJECTS
from ...module_utils._redact import TooComplexError
from ...module_utils._resource import RecordError
from .connections import validate_connectors
from .expressions import resources_in
from .model import AuditedFacts, Facts, Policy
from .rules import resources_to_decide

# The options of sde_project_info, none of which is set: no audit shows the people of a project.
_EVERY_PROJECT = PROJECTS.parse_query(
    {**dict.fromkeys(PROJECTS.options), "include_users": False, "page_size": None, "concurrency": 1}
)


# ---------------------------------------------------------------------------------------------------------------
# What a policy reads


def resources_read_by(policy: Policy) -> set[str]:
    """Return which of 'projects' and 'connectors' the rules of a policy read."""
    found = {name for rule in policy.rules for name in resources_to_decide(rule)}
    messages = (rule.message for rule in policy.rules if rule.message)
    return found.union(*(resources_in(message, is_message=True) for message in messages))


# ---------------------------------------------------------------------------------------------------------------
# Facts


def validate_given(name: str, given: Any) -> list[Facts]:
    """Return projects or connectors that a task was given, complete, sorted by id, and redacted again."""
    if not isinstance(given, list):
        raise OptionError(f"{name} must be a list, not {given.__class__.__name__}.", _ADVICE[name])
    return {"projects": _validate_projects, "connectors": validate_connectors}[name](given)


_ADVICE = {
    "projects": "Use the projects that sde_project_info returns.",
    "connectors": "Use the connectors that sde_alm_connector_info and sde_analysis_connector_info return.",
}


def _validate_projects(projects: list[Any]) -> list[Facts]:
    """Facts of a project have the form of a record of the API, so they are read as one."""
    found: dict[int, Facts] = {}
    for index, project in enumerate(projects):
        id_ = project.get("id") if isinstance(project, dict) else None
        if not isinstance(id_, int) or isinstance(id_, bool):
            raise OptionError(f"projects[{index}] must be a mapping with an integer as id.", _ADVICE["projects"])
        if id_ in found:
            raise OptionError(
                f"projects[{index}]: duplicate project {id_}.", "Audit each SD Elements server separately."
            )
        try:
            PROJECTS.check(project)
            found[id_] = _EVERY_PROJECT.facts_of(project, lambda: None)[0]
        except (RecordError, TooComplexError) as exc:
            raise OptionError(f"projects[{index}] is not a project: {exc}.", _ADVICE["projects"]) from exc
    return [found[id_] for id_ in sorted(found)]


def joined(facts: AuditedFacts) -> AuditedFacts:
    """Return facts as rules see them: connections with their project and connector, and the other way round."""
    projects = {one["id"]: one for one in facts.projects or ()}
    connectors = {(one["kind"], one["id"]): one for one in facts.connectors or ()}
    by_project: dict[Any, list[Facts]] = defaultdict(list)
    by_connector: dict[Any, list[Facts]] = defaultdict(list)
    for connection in facts.connections:
        by_project[connection.get("project")].append(connection)
        by_connector[connection["kind"], connection.get("connector")].append(connection)
    return facts._replace(
        connections=[
            {
                **one,
                "project_facts": projects.get(one.get("project")),
                "connector_facts": connectors.get((one["kind"], one.get("connector"))),
            }
            for one in facts.connections
        ],
        projects=None if facts.projects is None else _with_connections(projects, by_project),
        connectors=None if facts.connectors is None else _with_connections(connectors, by_connector),
    )


def _with_connections(by_key: dict[Any, Facts], connections: dict[Any, list[Facts]]) -> list[Facts]:
    return [{**one, "connections": connections.get(key, [])} for key, one in by_key.items()]


def data_of(facts: AuditedFacts) -> dict[str, Any]:
    """Return joined facts by the names that expressions have for them."""
    return {"connections": facts.connections, "projects": facts.projects, "connectors": facts.connectors}
