#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_analysis_connection_info
short_description: Gather facts about the analysis connections of SD Elements
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Reads the connections that import the results of analysis tools (scanners), such as WhiteHat and Veracode, into SD
    Elements projects.
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

- name: Gather the analysis connections without a schedule
  securitycompass.sdelements.sde_analysis_connection_info:
    frequency: manually
  register: unscheduled
"""

RETURN = r"""
connections:
  description:
    - The analysis connections that match, ordered by ID. Fields that newer releases of SD Elements add are included.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the connection. ALM and analysis connections are numbered separately.
      returned: success
      type: int
      sample: 1
    kind:
      description: Kind of the connection, always V(analysis).
      returned: success
      type: str
      sample: analysis
    alias:
      description: Name that users gave to the connection. Null if it does not have one.
      returned: success
      type: str
      sample: WhiteHat Integration
    project:
      description:
        - ID of the SD Elements project. See M(securitycompass.sdelements.sde_project_info).
        - Null if the server does not return it.
      returned: success
      type: int
      sample: 1
    connector:
      description:
        - ID of the connector that the connection uses. See M(securitycompass.sdelements.sde_analysis_connector_info).
        - Null before release 4.2.
      returned: success
      type: int
      sample: 1
    system:
      description: Display name of the connected tool, which differs between releases. Compare
        RV(connections[].system_id) instead. Null if the server does not return it.
      returned: success
      type: str
      sample: WhiteHat
    system_id:
      description:
        - ID of the tool, the same on every release. Before release 4.8, it is derived from RV(connections[].command).
        - Null if the server does not return it.
      returned: success
      type: str
      sample: whitehat
    system_short_name:
      description: Short name of the tool. Null before release 4.8, and if the server omits it.
      returned: success
      type: str
      sample: WhiteHat
    frequency:
      description: How often the connection synchronises. Null if the server does not return it.
      returned: success
      type: str
      sample: manually
    command:
      description: Name of the job that synchronises. Null if the server does not return it.
      returned: success
      type: str
      sample: sync_whitehat
    server:
      description:
        - The server of the tool, derived from all parameters, including those that are not returned. All keys are
          always present.
        - The default scheme is C(https). The default port is that of the scheme.
      returned: success
      type: dict
      contains:
        state:
          description:
            - V(known) means that the other keys contain the server. Otherwise, all of them are null.
            - V(hidden) means that the token's user cannot see the parameters (RV(connections[].params_visible=false)).
            - V(none) means that the parameters do not contain a server, as for file uploads.
            - V(unreadable) means that the server cannot be parsed as host and port.
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
            - International names are in ASCII (C(xn--)). A dot at the end of the name is removed.
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
            - Path, including the context root of the tool. It begins with a slash and does not end with one.
            - Empty without a path.
          returned: success
          type: str
          sample: ''
        url:
          description: URL of the server, always with the port, and without user info, query and fragment.
          returned: success
          type: str
          sample: https://server.whitehatsec.com:443
    validate_certs:
      description:
        - Whether SD Elements validates the certificate of the server (C(analysis_validate_cert)).
        - Null if the server does not return it, as before release 4.12, if the parameters contradict each other, and if
          RV(connections[].params_visible=false).
      returned: success
      type: bool
      sample: true
    params:
      description:
        - Parameters of the connection, as the server returns them. They depend on the system.
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
        - Whether the token's user can see the parameters, which requires the permission to edit the connection. If
          V(false), do not conclude anything from RV(connections[].params).
      returned: success
      type: bool
      sample: true
    secrets_set:
      description: Dotted paths of the non-empty credentials in RV(connections[].params).
      returned: success
      type: list
      elements: str
      sample: []
    inaccessible:
      description:
        - Whether a remote integration agent synchronises, because SD Elements cannot reach the tool.
        - Null before release 4.2.
      returned: success
      type: bool
      sample: false
    in_progress:
      description: Whether a synchronisation is running. Null if the server does not return it.
      returned: success
      type: bool
    debug_mode:
      description: Whether the connection writes debug logs. Null before release 4.12.
      returned: success
      type: bool
      sample: false
    last_job:
      description:
        - The last synchronisation. Null without O(include_last_job=true), if the connection has never run, and before
          release 4.4.
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
          description: Whether the job succeeded. Null if the server does not return it.
          returned: success
          type: bool
          sample: true
        ready:
          description: Whether the job has ended. Null if the server does not return it.
          returned: success
          type: bool
          sample: true
        automatic:
          description: Whether the schedule started the job, not a user. Null if the server does not return it.
          returned: success
          type: bool
          sample: false
        result_message:
          description: Final message of the job, without credentials. Null if the job does not have one.
          returned: success
          type: str
          sample: 14 findings imported.
        user:
          description: ID or e-mail address (depending on the release) of the user who started the job. Null for
            scheduled jobs.
          returned: success
          type: str
          sample: m.keller@example.com
count:
  description: Number of RV(connections).
  returned: success
  type: int
  sample: 1
endpoint:
  description: URL of the list. The newest releases have another one than older releases.
  returned: success
  type: str
  sample: https://sde.example.com/api/v2/connections/analysis/
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
