#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_project_info
short_description: Gather facts about the projects of SD Elements
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Reads the projects that the token's user can see, including archived ones.
  - The facts have the same keys and types on every release of SD Elements, from 3.2 to the newest.
  - The list is complete, or the task fails.
  - Credentials in the texts of projects are masked.
extends_documentation_fragment:
  - securitycompass.sdelements.sdelements
  - securitycompass.sdelements.sdelements.filters
  - securitycompass.sdelements.sdelements.attributes
options:
  project_id:
    description:
      - Return only the project with this ID. An ID that is unknown, or that the token's user cannot see, returns an
        empty list.
      - It cannot be combined with O(name), O(application), O(archived) or O(tags).
    type: int
    aliases: [id]
  name:
    description:
      - Return the projects with this name, or with one of these. It is compared exactly, including spaces.
      - Projects of two applications can have the same name.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  application:
    description:
      - Return the projects of these applications, by ID.
    type: list
    elements: int
  archived:
    description:
      - Return only archived projects if V(true), and only active ones if V(false). If it is not set, return both.
    type: bool
  tags:
    description:
      - Return the projects with this tag, or with any of these. Tags are compared exactly.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  include_users:
    description:
      - Whether to return RV(projects[].users), RV(projects[].groups) and RV(projects[].creator), and C(locked_by) where
        the server has it. They are personal data.
    type: bool
    default: false
notes:
  - SD Elements returns only the projects that the token's user can see, and does not indicate that there are others.
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
"""

EXAMPLES = r"""
# SDE_HOST and SDE_API_KEY are set in the environment.
- name: Gather the active projects
  securitycompass.sdelements.sde_project_info:
    archived: false
  register: active

- name: Gather the ALM connections
  securitycompass.sdelements.sde_alm_connection_info:
  register: alm

- name: List the active projects without an ALM connection
  ansible.builtin.debug:
    msg: "{{ active.projects | rejectattr('id', 'in', alm.connections | map(attribute='project'))
      | map(attribute='name') }}"
"""

RETURN = r"""
projects:
  description:
    - The projects that match, ordered by ID. Fields that newer releases of SD Elements add are included.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the project.
      returned: success
      type: int
      sample: 3
    name:
      description: Name of the project. Null if the server does not return it.
      returned: success
      type: str
      sample: Customer Portal
    slug:
      description: Name of the project in URLs. Null if the server does not return it.
      returned: success
      type: str
      sample: customer-portal
    url:
      description:
        - Page of the project in the web interface, as the server returns it. Behind a proxy, scheme and host may differ
          from yours.
        - Null on older releases.
      returned: success
      type: str
      sample: https://sde.example.com/bunits/retail-banking/online-banking/customer-portal
    application:
      description: ID of the application that the project belongs to. Null if the server does not return it.
      returned: success
      type: int
      sample: 2
    archived:
      description: Whether the project is archived. Null if the server does not return it.
      returned: success
      type: bool
      sample: false
    profile:
      description: Profile of the project. Null without a profile, and on older releases.
      returned: success
      type: dict
      contains:
        id:
          description: ID of the profile. Null if the server does not return it.
          returned: success
          type: str
          sample: P1
        name:
          description: Name of the profile. Null if the server does not return it.
          returned: success
          type: str
          sample: Web Application
    parent:
      description: ID of the project that this one was created from. Null without one, and on older releases.
      returned: success
      type: int
    tags:
      description: Tags of the project.
      returned: success
      type: list
      elements: str
      sample: [pci, internet-facing]
    description:
      description: Description of the project. Null if the server does not return it.
      returned: success
      type: str
      sample: Where customers see their accounts.
    created:
      description: When the project was created (ISO 8601, UTC, whole seconds). Null if the server does not return it.
      returned: success
      type: str
      sample: '2025-06-01T20:14:05Z'
    updated:
      description: When the project was last changed (ISO 8601, UTC, whole seconds). Null if the server does not return
        it.
      returned: success
      type: str
      sample: '2026-11-24T00:57:15Z'
    locked:
      description: Whether the survey of the project is locked. Null on older releases.
      returned: success
      type: bool
      sample: false
    custom_attributes:
      description:
        - Attributes that the organisation defined, by their slugs. Credentials are masked with V(********).
        - Null on older releases.
      returned: success
      type: dict
      sample:
        cost-centre: '4711'
    users:
      description:
        - Members of the project. Null without O(include_users=true), and on releases that do not return them.
      returned: success
      type: list
      elements: dict
    groups:
      description:
        - Groups that are members of the project. Null without O(include_users=true), and on releases that do not
          return them.
      returned: success
      type: list
      elements: dict
    creator:
      description:
        - ID or e-mail address (depending on the release) of the user who created the project.
        - Null without O(include_users=true), and if the server does not return it.
      returned: success
      type: str
count:
  description: Number of RV(projects).
  returned: success
  type: int
  sample: 1
endpoint:
  description: URL of the list.
  returned: success
  type: str
  sample: https://sde.example.com/api/v2/projects/
failure:
  description: The error, for conditions in playbooks. RV(msg) is the message.
  returned: failure
  type: dict
  contains:
    kind:
      description:
        - The kind of failure.
        - V(option) and V(missing_library) mean that the task did not send a request.
        - V(dns), V(refused), V(tls), V(proxy), V(connection) and V(timeout) mean that the response is missing or
          incomplete.
        - V(authentication) (401), V(permission) (403), V(bad_request) (400), V(rate_limited) (429), V(server_error)
          (5xx), V(redirect) (3xx), V(not_an_api) (404) and V(unexpected_status) mean that the server rejected the
          request.
        - V(gateway) (401, 403) means that a gateway or firewall rejected the request, not SD Elements.
        - V(html), V(invalid_json), V(unexpected_shape) and V(too_large) mean that the response is not usable.
        - V(incomplete) means that the list is incomplete, or changed each time it was read.
        - V(internal) is a bug in this collection.
      returned: failure
      type: str
      sample: authentication
    status:
      description: HTTP status of the response. Null without a response.
      returned: failure
      type: int
      sample: 401
    method:
      description: HTTP method of the request. Null without a request.
      returned: failure
      type: str
      sample: GET
    url:
      description: URL of the request, without its query. Null without a request.
      returned: failure
      type: str
      sample: https://sde.example.com/api/v2/projects/
msg:
  description: The request that failed, the response, and the fix.
  returned: failure
  type: str
  sample: >-
    GET https://sde.example.com/api/v2/projects/ returned 401: Invalid token. Check api_token (SDE_API_KEY,
    sde_api_token): it must be a token of this server, without 'Token' in front.
"""

from ..module_utils._module import run
from ..module_utils._projects import PROJECTS


def main() -> None:
    """Entry point of the module."""
    run(PROJECTS)


if __name__ == "__main__":
    main()
