#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_analysis_connector_info
short_description: Gather facts about the analysis connectors of SD Elements
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Reads the connectors to analysis tools (scanners), such as WhiteHat and Veracode. A connector contains the server
    and the account that the connections of many projects share.
  - The facts have the same keys and types on every release of SD Elements that has connectors, from 4.2 to the newest.
  - The list is complete, or the task fails.
  - Credentials are masked unless O(include_secrets=true).
extends_documentation_fragment:
  - securitycompass.sdelements.sdelements
  - securitycompass.sdelements.sdelements.connectors
  - securitycompass.sdelements.sdelements.params
  - securitycompass.sdelements.sdelements.filters
  - securitycompass.sdelements.sdelements.attributes
notes:
  - The public documentation of SD Elements does not mention parameters of analysis connectors. Without them,
    RV(connectors[].params_visible) is always V(false).
seealso:
  - module: securitycompass.sdelements.sde_alm_connector_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
"""

EXAMPLES = r"""
# SDE_HOST and SDE_API_KEY are set in the environment.
- name: Gather the analysis connectors to Veracode
  securitycompass.sdelements.sde_analysis_connector_info:
    system: veracode
  register: veracode

- name: List the connectors that require a remote integration agent
  ansible.builtin.debug:
    msg: "{{ veracode.connectors | selectattr('inaccessible') | map(attribute='name') }}"
"""

RETURN = r"""
connectors:
  description:
    - The analysis connectors that match, ordered by ID. Fields that newer releases of SD Elements add are included.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the connector. ALM and analysis connectors are numbered separately.
      returned: success
      type: int
      sample: 1
    kind:
      description: Kind of the connector, always V(analysis).
      returned: success
      type: str
      sample: analysis
    name:
      description: Name of the connector. Null if the server does not return it.
      returned: success
      type: str
      sample: WhiteHat server.whitehatsec.com
    system:
      description:
        - Display name of the connected tool, which differs between releases. Compare RV(connectors[].system_id)
          instead. Some releases before 4.8 return its ID.
        - Null if the server does not return it.
      returned: success
      type: str
      sample: WhiteHat
    system_id:
      description:
        - ID of the tool, the same on every release that returns it.
        - Null before release 4.8, which returns one word for the system, either its name or its ID.
      returned: success
      type: str
      sample: whitehat
    system_short_name:
      description: Short name of the tool. Null before release 4.8, and if the server omits it.
      returned: success
      type: str
      sample: WhiteHat
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
            - V(hidden) means that the server does not return the parameters (RV(connectors[].params_visible=false)).
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
          RV(connectors[].params_visible=false).
      returned: success
      type: bool
      sample: true
    params:
      description:
        - Parameters of the connector, as the server returns them. They depend on the system.
        - Credentials are masked with V(********), unless O(include_secrets=true).
        - Empty if RV(connectors[].params_visible=false).
      returned: success
      type: dict
      sample:
        analysis_server: server.whitehatsec.com
        import_behaviour: replace-scanner
        task_status_mapping: '{}'
    params_visible:
      description:
        - Whether the server returns the parameters. If V(false), the token's user cannot see them, or the release does
          not return those of connectors, so do not conclude anything from RV(connectors[].params).
      returned: success
      type: bool
      sample: true
    secrets_set:
      description: Dotted paths of the non-empty credentials in RV(connectors[].params).
      returned: success
      type: list
      elements: str
      sample: []
    inaccessible:
      description:
        - Whether a remote integration agent synchronises, because SD Elements cannot reach the tool.
        - Null if the server does not return it.
      returned: success
      type: bool
      sample: false
count:
  description: Number of RV(connectors).
  returned: success
  type: int
  sample: 1
endpoint:
  description:
    - URL of the list. The newest releases have another one than older releases.
    - Null before release 4.2, which introduced connectors.
  returned: success
  type: str
  sample: https://sde.example.com/api/v2/connectors/analysis/
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
      sample: https://sde.example.com/api/v2/connectors/analysis/
msg:
  description: The request that failed, the response, and the fix.
  returned: failure
  type: str
  sample: >-
    GET https://sde.example.com/api/v2/connectors/analysis/ returned 401: Invalid token. Check api_token (SDE_API_KEY,
    sde_api_token): it must be a token of this server, without 'Token' in front.
"""

from ..module_utils._connectors import ANALYSIS_CONNECTORS
from ..module_utils._module import run


def main() -> None:
    """Entry point of the module."""
    run(ANALYSIS_CONNECTORS)


if __name__ == "__main__":
    main()
