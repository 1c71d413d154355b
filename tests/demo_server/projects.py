# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The invented projects of the seed data, and the people who work on them."""

from __future__ import annotations

import re
from typing import NamedTuple

from .generations import PROJECT
from .times import HoursAgo

USERS = {3: "m.keller@example.com", 8: "j.okafor@example.com", 12: "l.tremblay@example.com", 21: "sde-sync@example.com"}
PROFILES = {
    "P1": "Web Application",
    "P9": "Android App",
    "P10": "iOS App",
    "P14": "Web Service",
    "P20": "Embedded Device",
}


class Project(NamedTuple):
    """The fields that differ between projects."""

    business_unit: str
    application: str
    name: str
    profile: str | None = "P1"
    tags: tuple[str, ...] = ()
    description: str = ""
    creator: int = 3
    archived: bool = False
    parent: int | None = None
    locked_by: int | None = None
    # Only users who may see all projects see it.
    restricted: bool = False
    custom_attributes: dict[str, str] = {}  # noqa: RUF012 (nobody changes it)


# The last four have no connection.
PROJECTS = {
    1: Project("General", "Demo Application", "WhiteHat", tags=("foo", "bar"), description="API Project"),
    2: Project("General", "Demo Application", "Demo Project", profile=None),
    3: Project(
        "Retail Banking", "Online Banking", "Customer Portal", tags=("pci", "internet-facing"), creator=8,
        description="Where customers see their accounts.", custom_attributes={"cost-centre": "4711"},
    ),
    4: Project("Retail Banking", "Online Banking", "Payments API", "P14", ("pci",), creator=8, locked_by=12),
    5: Project("Retail Banking", "Mobile Banking", "Android App", "P9", ("internet-facing",)),
    6: Project("Retail Banking", "Mobile Banking", "iOS App", "P10", ("internet-facing",)),
    7: Project("Insurance", "Claims", "Claims Intake", creator=12),
    8: Project("Insurance", "Claims", "Fraud Scoring", "P14", ("session", "pii2"), creator=12),
    9: Project("Insurance", "Policy Admin", "Quote Engine", "P14", creator=12),
    10: Project("Logistics", "Fleet", "Telematics Gateway", "P20"),
    11: Project("Logistics", "Fleet", "Driver App", "P9"),
    12: Project("Logistics", "Warehouse", "Stock Control"),
    13: Project(
        "Healthcare", "Patient Records", "FHIR Gateway", "P14", ("hipaa", "token"), creator=8,
        custom_attributes={"owner": "records-team", "vault-token": "s.invented-vault-13"},
    ),
    14: Project("Healthcare", "Patient Records", "Consent Service", "P14", ("hipaa",), creator=8, restricted=True),
    15: Project("Healthcare", "Devices", "Infusion Pump Firmware", "P20", ("fda",), creator=8, restricted=True),
    16: Project("Public Sector", "Permits", "Citizen Portal", tags=("internet-facing",)),
    17: Project("Public Sector", "Permits", "Case Management"),
    18: Project("Energy", "Smart Metering", "Head-End System", "P20", ("nis2",), locked_by=3),
    19: Project("Energy", "Smart Metering", "Customer Portal", tags=("internet-facing", "nis2")),
    20: Project(
        "Energy", "Trading", "Market Data Feed", "P14",
        description="Test system: https://feed:invented-feed-20@test.example.net/ until the end of the year.",
    ),
    21: Project("Retail Banking", "Online Banking", "Customer Portal 2019", tags=("pci",), creator=8, archived=True),
    22: Project("Insurance", "Claims", "Claims Chatbot", tags=("internet-facing",), creator=12, parent=7),
    23: Project("Logistics", "Warehouse", "Pallet Tracker", "P20", archived=True, restricted=True),
    24: Project("General", "Demo Application", "Training", profile=None, tags=("sandbox",)),
}  # a row for each case # fmt: skip
_APPLICATIONS = list(dict.fromkeys((project.business_unit, project.application) for project in PROJECTS.values()))


def seed_projects() -> list[dict]:
    """A record of each project."""
    return [_record(id_, project) for id_, project in PROJECTS.items()]


def with_defaults(record: dict) -> dict:
    """A record of a project with every key. Only `kind` and `id` are a must."""
    name = record.get("name", f"Project {record['id']}")
    return {**_record(record["id"], Project("General", "Demo Application", name)), **record}


def _record(id_: int, project: Project) -> dict:
    place = "/".join(map(_slug, project[:3]))
    return {
        "kind": PROJECT,
        "id": id_,
        "name": project.name,
        "slug": _slug(project.name),
        # As the server believes its own address to be.
        "url": f"https://sde.example.com/bunits/{place}",
        "application": _APPLICATIONS.index((project.business_unit, project.application)) + 1,
        "archived": project.archived,
        "profile": _profile(project.profile),
        "parent": project.parent,
        "tags": list(project.tags),
        "description": project.description,
        "created": HoursAgo(13_000 - 7 * id_, ":14:05.132712Z"),
        "updated": HoursAgo(5 * id_, ":57:15.042353Z"),
        "custom_attributes": project.custom_attributes,
        "locked": project.locked_by is not None,
        "locked_on": None if project.locked_by is None else HoursAgo(700, ":39:45.083334Z"),
        "locked_by": project.locked_by,
        "creator": project.creator,
        "users": [_member(project.creator), _member(21)],
        "groups": [{"id": "G1", "name": f"{project.business_unit} developers", "role": "PR4"}],
        "restricted": project.restricted,
    }


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def _profile(id_: str | None) -> dict | None:
    if id_ is None:
        return None
    return {"id": id_, "name": PROFILES[id_], "logo_url": f"/static/images/{_slug(PROFILES[id_])}.png"}


def _member(user: int) -> dict:
    """A user as the projects of some releases list them: with the id as text."""
    first, _dot, last = USERS[user].partition("@")[0].rpartition(".")
    return {
        "id": str(user),
        "email": USERS[user],
        "role": "PR4",
        "first_name": first.title(),
        "last_name": last.title(),
    }
