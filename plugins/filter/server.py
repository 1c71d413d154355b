# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter 'server': the server that a connection talks to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: server
short_description: The server that a connection of SD Elements talks to
version_added: 1.0.0
author:
  - The securitycompass.sdelements authors (@securitycompass)
description:
  - Reads the parameters of a connection, and returns the server's scheme, host and port.
  - The server stands in C(alm_server) or C(analysis_server), sometimes with scheme, user info, port or path. Without a
    scheme it is that of C(alm_method) or C(analysis_method), and C(https) if there is none. Without a port it is that of
    the scheme, for C(http) and C(https).
  - The names of newer servers (C(issue_tracker_server) and C(issue_tracker_method)) are understood, too.
positional: _input
options:
  _input:
    description:
      - The facts of one connection, as M(securitycompass.sdelements.sde_alm_connection_info) and
        M(securitycompass.sdelements.sde_analysis_connection_info) return them.
      - Anything else is an error.
    type: dict
    required: true
notes:
  - No name is resolved, and nothing is connected to.
  - Facts that were gathered with few parameters (O(securitycompass.sdelements.sde_alm_connection_info#module:keep_params)) may
    lack the server or its scheme, and nothing in them tells.
seealso:
  - module: securitycompass.sdelements.sde_alm_connection_info
  - module: securitycompass.sdelements.sde_analysis_connection_info
"""

EXAMPLES = r"""
- name: Gather all ALM connections
  securitycompass.sdelements.sde_alm_connection_info:
  register: alm

- name: Show the servers that are known
  ansible.builtin.debug:
    msg: "{{ servers | selectattr('state', 'eq', 'known') | map(attribute='url') | unique | sort }}"
  vars:
    servers: "{{ alm.connections | map('securitycompass.sdelements.server') }}"

- name: Require that every server that is known belongs to us
  ansible.builtin.assert:
    that: server.state != 'known' or server.host is match('(.*\.)?(example\.(com|org|net)|rallydev\.com)$')
    fail_msg: "{{ item.alias }} talks to {{ server.host }}."
    quiet: true
  vars:
    server: "{{ item | securitycompass.sdelements.server }}"
  loop: "{{ alm.connections }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
_value:
  description: The server. All keys are always there.
  type: dict
  contains:
    state:
      description:
        - V(known) means that the other keys tell the server. Otherwise all of them are null.
        - V(hidden) means that the facts have no parameters. The token's user may not see them (C(params_visible=false)),
          or the task left all of them out.
        - V(none) means that the parameters name no server, as for an upload of files.
        - V(unreadable) means that there is a server, but it cannot be read as host and port.
      type: str
      choices: [known, hidden, none, unreadable]
      sample: known
    scheme:
      description: Scheme, in lower case.
      type: str
      sample: https
    host:
      description:
        - Host name in lower case, or IP address; IPv6 without brackets.
        - International names are in their ASCII form (C(xn--)). The dot at the end of a name is dropped.
      type: str
      sample: jira.example.com
    port:
      description: Port.
      type: int
      sample: 443
    url:
      description: The server as URL, with its port and path. User info, query and fragment are dropped.
      type: str
      sample: https://jira.example.com:443/jira
"""

from typing import Callable

from ansible_collections.securitycompass.sdelements.plugins.plugin_utils._servers import server


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable]:
        return {"server": server}
