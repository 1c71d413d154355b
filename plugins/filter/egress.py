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
  - Sorts connections by the servers that they talk to, for a firewall's allow-list.
  - Every connection is in one of the lists that it returns, except those whose parameters name no server.
  - Servers are taken from the fact C(server). Facts that an older release of this collection saved without it are read
    as the modules do.
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
      - Addresses of host names, for firewalls that know addresses only. The keys are host names, and each value is a
        list of IP addresses, or one of them. A text that is not an IP address is left out; what is not a text is an
        error.
    type: dict
    default: {}
notes:
  - No name is resolved, and nothing is connected to.
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
"""

EXAMPLES = r"""
- name: Gather all ALM connections
  securitycompass.sdelements.sde_alm_connection_info:
  register: alm

- name: Show what SD Elements must reach
  ansible.builtin.debug:
    msg: "{{ item.host }} port {{ item.port }}, for {{ item.connections | map(attribute='text') | join(', ') }}"
  loop: "{{ (alm.connections | securitycompass.sdelements.egress).servers }}"
  loop_control:
    label: "{{ item.host }}"

- name: Require that nothing is unknown
  ansible.builtin.assert:
    that: (alm.connections | securitycompass.sdelements.egress).unknown | length == 0
    quiet: true
"""

RETURN = r"""
_value:
  description: The servers, and the connections for which there is none to reach. All keys are always there.
  type: dict
  contains:
    servers:
      description: Each port of each host once, ordered by host and port.
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
          description: Schemes that are spoken there.
          type: list
          elements: str
          sample: [https]
        addresses:
          description: IP addresses of the host, its own or those in O(resolved).
          type: list
          elements: str
          sample: [192.0.2.1]
        connections:
          description: The connections that talk to it.
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
              description: Name that people gave to the connection. It may hold any character. Null if they gave none.
              type: str
              sample: Jira Europe
            text:
              description: All three as one line of printable ASCII, for comments in files.
              type: str
              sample: alm 3 "Jira Europe"
    agent:
      description:
        - Connections whose server is not reached from SD Elements, but from the remote integration agent
          (C(inaccessible=true)).
      type: list
      elements: dict
      contains:
        <<: *reference
        url:
          description: The server. Null if it is not known.
          type: str
          sample: https://trac.example.com:443
    unknown:
      description: Connections whose server is not known.
      type: list
      elements: dict
      contains:
        <<: *reference
        reason:
          description: Why it is not known.
          type: str
          sample: its parameters are hidden from the token
"""

from collections.abc import Callable
from typing import Any

from ..plugin_utils._egress import egress


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names of the filters."""
        return {"egress": egress}
