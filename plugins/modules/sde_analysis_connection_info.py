#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_analysis_connection_info
short_description: Gather facts about the analysis connections of SD Elements
version_added: 0.1.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Reads the connections that import the results of analysis tools (scanners), such as WhiteHat and Veracode, into
    SD Elements projects.
  - The facts have the same keys and types on every release of SD Elements, from 3.2 to the newest.
  - The list is complete, or the task fails.
  - Credentials are masked unless O(include_secrets=true).
extends_documentation_fragment:
  - securitycompass.sdelements.sdelements
  - securitycompass.sdelements.sdelements.connections
  - securitycompass.sdelements.sdelements.params
  - securitycompass.sdelements.sdelements.filters
  - securitycompass.sdelements.sdelements.attributes
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connector_info
  - module: securitycompass.sdelements.sde_project_info
"""

EXAMPLES = r"""
# SDE_HOST and SDE_API_KEY are set in the environment.
- name: Gather all analysis connections
  securitycompass.sdelements.sde_analysis_connection_info:
  register: analysis

- name: Gather one analysis connection by its ID
  securitycompass.sdelements.sde_analysis_connection_info:
    connection_id: 1
  register: whitehat

- name: List the analysis connections that nobody scheduled
  securitycompass.sdelements.sde_analysis_connection_info:
    frequency: manually
  register: unscheduled
"""

RETURN = r"""
connections:
  description:
    - The analysis connections that match, ordered by ID. Fields that a newer release of SD Elements adds are passed on.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the connection. Analysis and ALM connections are numbered apart.
      returned: success
      type: int
      sample: 1
    kind:
      description: Kind of the connection, always V(analysis).
      returned: success
      type: str
      sample: analysis
    alias:
      description: Name that people gave to the connection. Null if they gave none.
      returned: success
      type: str
      sample: WhiteHat Integration
    project:
      description:
        - ID of the SD Elements project. See M(securitycompass.sdelements.sde_project_info).
        - Null if the server does not say.
      returned: success
      type: int
      sample: 1
    connector:
      description:
        - ID of the connector that the connection was made from. See
          M(securitycompass.sdelements.sde_analysis_connector_info).
        - Null on releases before 4.2.
      returned: success
      type: int
      sample: 1
    system:
      description: Name of the tool that SD Elements talks to, as the server writes it. Null if it does not say.
      returned: success
      type: str
      sample: WhiteHat
    system_id:
      description:
        - ID of the tool, the same on every release. Releases before 4.8 say it only in RV(connections[].command).
        - Null if the server says it nowhere.
      returned: success
      type: str
      sample: whitehat
    system_short_name:
      description: Short name of the tool. Null on releases before 4.8, and wherever the server leaves it out.
      returned: success
      type: str
      sample: WhiteHat
    frequency:
      description: How often the connection synchronises. Null if the server does not say.
      returned: success
      type: str
      sample: manually
    command:
      description: Name of the job that synchronises. Null if the server does not say.
      returned: success
      type: str
      sample: sync_whitehat
    server:
      description:
        - The server of the tool, read from all parameters, also those that are not returned. All keys are always there.
        - Without a method it is C(https). Without a port it is that of C(http) or C(https).
      returned: success
      type: dict
      contains:
        state:
          description:
            - V(known) means that the other keys hold the server. Otherwise all of them are null.
            - V(hidden) means that the token's user may not see the parameters (RV(connections[].params_visible=false)).
            - V(none) means that the parameters name no server, as for an upload of files.
            - V(unreadable) means that there is a server, but it cannot be read as host and port.
          returned: success
          type: str
          choices: [known, hidden, none, unreadable]
          sample: known
        scheme:
          description: Scheme, in lower case.
          returned: success
          type: str
          sample: https
        host:
          description:
            - Host name in lower case, or IP address; IPv6 without brackets.
            - International names are in their ASCII form (C(xn--)). The dot at the end of a name is dropped.
          returned: success
          type: str
          sample: server.whitehatsec.com
        port:
          description: Port.
          returned: success
          type: int
          sample: 443
        path:
          description:
            - Path, with the context root of the tool. It begins with a slash and does not end with one.
            - Empty if there is none.
          returned: success
          type: str
          sample: ''
        url:
          description: All of it as one URL, always with the port. User info, query and fragment are dropped.
          returned: success
          type: str
          sample: https://server.whitehatsec.com:443
    validate_certs:
      description:
        - Whether SD Elements checks the certificate of the server, as C(analysis_validate_cert) says.
        - Null if the server does not say, as on releases before 4.12, if its parameters contradict each other, and if
          RV(connections[].params_visible=false).
      returned: success
      type: bool
      sample: true
    params:
      description:
        - Parameters of the connection, as the server sends them; which ones there are depends on the system.
        - Credentials are masked with V(********), unless O(include_secrets=true).
        - Empty if RV(connections[].params_visible=false).
      returned: success
      type: dict
      sample:
        analysis_server: server.whitehatsec.com
        asset_name: WebGoat Java
        import_behaviour: replace-scanner
        task_status_mapping: '{}'
    params_visible:
      description:
        - Whether the server showed the parameters. If V(false), the token's user may not edit the connection, and
          nothing may be concluded from RV(connections[].params).
      returned: success
      type: bool
      sample: true
    secrets_set:
      description: Dotted paths in RV(connections[].params) that hold a credential.
      returned: success
      type: list
      elements: str
      sample: []
    inaccessible:
      description:
        - Whether the tool is out of the server's reach, so that a remote integration agent synchronises.
        - Null on releases before 4.2.
      returned: success
      type: bool
      sample: false
    in_progress:
      description: Whether a synchronisation is running. Null if the server does not say.
      returned: success
      type: bool
    debug_mode:
      description: Whether the connection writes debug logs. Null on releases before 4.12.
      returned: success
      type: bool
      sample: false
    last_job:
      description:
        - The last synchronisation. Null without O(include_last_job=true), if there was none, and on releases before
          4.4.
      returned: success
      type: dict
      contains:
        id:
          description: ID of the job.
          returned: success
          type: int
          sample: 201
        last_run:
          description: When the job ran (ISO 8601, UTC, whole seconds).
          returned: success
          type: str
          sample: '2026-11-19T09:30:00Z'
        succeeded:
          description: Whether the job succeeded. Null if the server does not say.
          returned: success
          type: bool
          sample: true
        ready:
          description: Whether the job has ended. Null if the server does not say.
          returned: success
          type: bool
          sample: true
        automatic:
          description: Whether the schedule started the job, not a person. Null if the server does not say.
          returned: success
          type: bool
          sample: false
        result_message:
          description: Message of the job at its end, without credentials. Null if the job has none.
          returned: success
          type: str
          sample: 14 findings imported.
        user:
          description: User who started the job, as the server writes it (ID or e-mail address). Null if nobody did.
          returned: success
          type: str
          sample: m.keller@example.com
count:
  description: Number of RV(connections).
  returned: success
  type: int
  sample: 1
endpoint:
  description: URL of the list that the server answered on; it tells older from newest releases.
  returned: success
  type: str
  sample: https://sde.example.com/api/v2/connections/analysis/
failure:
  description: The error, for playbooks. RV(msg) has the readable message.
  returned: failure
  type: dict
  contains:
    kind:
      description:
        - A word for the kind of failure.
        - V(option) and V(missing_library) mean that no request was made.
        - V(dns), V(refused), V(tls), V(proxy), V(connection) and V(timeout) mean that no whole answer came.
        - V(authentication) (401), V(permission) (403), V(bad_request) (400), V(rate_limited) (429),
          V(server_error) (5xx),
          V(redirect) (3xx), V(not_an_api) (404) and V(unexpected_status) mean that the server refused.
        - V(gateway) (401, 403) means that a gateway or firewall refused, and not SD Elements.
        - V(html), V(invalid_json), V(unexpected_shape) and V(too_large) mean that the answer is of no use.
        - V(incomplete) means that the list kept changing, or was not whole.
        - V(internal) is a bug in this collection.
      returned: failure
      type: str
      sample: authentication
    status:
      description: HTTP status of the answer. Null if there was none.
      returned: failure
      type: int
      sample: 401
    method:
      description: HTTP method of the request. Null if none was made.
      returned: failure
      type: str
      sample: GET
    url:
      description: URL of the request, without its query. Null if none was made.
      returned: failure
      type: str
      sample: https://sde.example.com/api/v2/connections/analysis/
msg:
  description: The request that failed, the response, and the fix.
  returned: failure
  type: str
  sample: >-
    GET https://sde.example.com/api/v2/connections/analysis/ returned 401: Invalid token. Check api_token (SDE_API_KEY,
    sde_api_token): it must be a token of this server, without 'Token' in front.
"""

from ..module_utils._connections import ANALYSIS
from ..module_utils._module import run


def main() -> None:
    """Entry point of the module."""
    run(ANALYSIS)


if __name__ == "__main__":
    main()
