#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_analysis_connector_info
short_description: Gather facts about the analysis connectors of SD Elements
version_added: 0.1.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Reads the connectors to analysis tools (scanners), such as WhiteHat and Veracode. A connector holds the
    server and the account that the connections of many projects share.
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
  - The public documentation of SD Elements shows no parameters of analysis connectors. On a server that follows it,
    RV(connectors[].params_visible) is false for all of them.
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

- name: List the connectors that only a remote integration agent reaches
  ansible.builtin.debug:
    msg: "{{ veracode.connectors | selectattr('inaccessible') | map(attribute='name') }}"
"""

RETURN = r"""
connectors:
  description:
    - The analysis connectors that match, ordered by ID. Fields that a newer release of SD Elements adds are passed on.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the connector. Analysis and ALM connectors are numbered apart.
      returned: success
      type: int
      sample: 1
    kind:
      description: Kind of the connector, always V(analysis).
      returned: success
      type: str
      sample: analysis
    name:
      description: Name that people gave to the connector. Null if the server does not say.
      returned: success
      type: str
      sample: WhiteHat server.whitehatsec.com
    system:
      description:
        - Name of the tool that SD Elements talks to, as the server writes it. Some releases before 4.8 write its ID.
        - Null if the server does not say.
      returned: success
      type: str
      sample: WhiteHat
    system_id:
      description:
        - ID of the tool, the same on every release that says it.
        - Null on releases before 4.8, which have one word for the system and do not say whether it is the ID.
      returned: success
      type: str
      sample: whitehat
    system_short_name:
      description: Short name of the tool. Null on releases before 4.8, and wherever the server leaves it out.
      returned: success
      type: str
      sample: WhiteHat
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
            - V(hidden) means that the server did not show the parameters (RV(connectors[].params_visible=false)).
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
          RV(connectors[].params_visible=false).
      returned: success
      type: bool
      sample: true
    params:
      description:
        - Parameters of the connector, as the server sends them; which ones there are depends on the system.
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
        - Whether the server showed the parameters. If V(false), the token's user may not see them, or the release does
          not show those of connectors, and nothing may be concluded from RV(connectors[].params).
      returned: success
      type: bool
      sample: true
    secrets_set:
      description: Dotted paths in RV(connectors[].params) that hold a credential.
      returned: success
      type: list
      elements: str
      sample: []
    inaccessible:
      description:
        - Whether the tool is out of the server's reach, so that a remote integration agent synchronises.
        - Null if the server does not say.
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
    - URL of the list that the server answered on; it tells older from newest releases.
    - Null on releases before 4.2, which have no connectors.
  returned: success
  type: str
  sample: https://sde.example.com/api/v2/connectors/analysis/
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
