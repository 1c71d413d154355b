# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter 'egress': the hosts and ports that SD Elements must reach."""

from __future__ import annotations

DOCUMENTATION = r"""
name: egress
short_description: The hosts and ports that SD Elements must reach for its connections
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Groups connections by their servers, for the allow-list of a firewall.
  - Returns each connection in one of the lists, except those without a server, such as file uploads.
  - Reads the fact C(server). If saved facts do not contain it, it is derived from C(params).
positional: _input
options:
  _input:
    description:
      - The facts of connections, as M(securitycompass.sdelements.sde_alm_connection_info) and
        M(securitycompass.sdelements.sde_analysis_connection_info) return them. Anything else is an error.
    type: list
    elements: dict
    required: true
  resolved:
    description:
      - IP addresses by host name, for firewalls that require addresses. Each value is a list of IP addresses, or one
        address. Strings that are not IP addresses are ignored.
    type: dict
    default: {}
notes:
  - The filter does not resolve names or open connections.
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
"""

EXAMPLES = r"""
- name: Gather all ALM connections
  securitycompass.sdelements.sde_alm_connection_info:
  register: alm

- name: Show the servers that SD Elements must reach
  ansible.builtin.debug:
    msg: "{{ item.host }} port {{ item.port }}, for {{ item.connections | map(attribute='text') | join(', ') }}"
  loop: "{{ (alm.connections | securitycompass.sdelements.egress).servers }}"
  loop_control:
    label: "{{ item.host }}"

- name: Assert that all servers are known
  ansible.builtin.assert:
    that: (alm.connections | securitycompass.sdelements.egress).unknown | length == 0
    quiet: true
"""

RETURN = r"""
_value:
  description: The servers, and the connections without a server to reach. All keys are always present.
  type: dict
  contains:
    servers:
      description: Each combination of host and port once, ordered by host and port.
      type: list
      elements: dict
      contains:
        host:
          description: Host name, or IP address.
          type: str
          sample: jira.example.com
        port:
          description: Port.
          type: int
          sample: 443
        protocol:
          description: Transport protocol, always V(tcp).
          type: str
          sample: tcp
        schemes:
          description: URL schemes of the connections.
          type: list
          elements: str
          sample: [https]
        addresses:
          description: IP addresses of the host, its own or those in O(resolved).
          type: list
          elements: str
          sample: [192.0.2.1]
        connections:
          description: The connections that use it.
          type: list
          elements: dict
          contains: &reference
            kind:
              description: Kind of the connection, V(alm) or V(analysis).
              type: str
              sample: alm
            id:
              description: ID of the connection.
              type: int
              sample: 3
            alias:
              description: Name that users gave to the connection. It may contain any character. Null if it does not
                have one.
              type: str
              sample: Jira Europe
            text:
              description: Kind, ID and alias on one line of printable ASCII, for comments in files.
              type: str
              sample: alm 3 "Jira Europe"
    agent:
      description:
        - Connections whose server the remote integration agent reaches, not SD Elements (C(inaccessible=true)).
      type: list
      elements: dict
      contains:
        <<: *reference
        url:
          description: URL of the server. Null if it is unknown.
          type: str
          sample: https://trac.example.com:443
    unknown:
      description: Connections whose server is unknown.
      type: list
      elements: dict
      contains:
        <<: *reference
        reason:
          description: The reason.
          type: str
          sample: its parameters are hidden from the token
"""

from collections.abc import Callable
from typing import Any

from ..plugin_utils._egress import egress


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names of the filters."""
        return {"egress": egress}
