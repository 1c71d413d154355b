# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter 'server': from the facts of a connection to the server that it talks to."""

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

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Callable
from urllib.parse import quote

from ansible.errors import AnsibleFilterError

# The kinds' words in the names of parameters: a connection's own first.
_WORDS = ("alm", "issue_tracker", "analysis")
_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_PLACE_AND_PATH = re.compile(r"([^/?#\\]+)(/[^?#]*)?(?:[?#].*)?")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# The two standards for international names differ on these, so nobody can tell which host is meant.
_AMBIGUOUS = re.compile(r"[\u00df\u1e9e\u03c2\u200c\u200d]")


def server(connection: Any) -> dict[str, Any]:
    """The server of a connection, as documented above."""
    params = _params_of(connection)
    if not params:
        return _result("hidden")
    given = _first(params, "server", connection)
    if isinstance(given, str):
        given = given.strip(" \t\r\n")
    if not given:
        return _result("none")
    return _read(given, _first(params, "method", connection) or "https")


def _params_of(connection: Any) -> Mapping[str, Any] | None:
    """The parameters of a connection; None if they are hidden."""
    if not isinstance(connection, Mapping):
        raise AnsibleFilterError(f"server: takes the facts of one connection, a dict, not {type(connection).__name__}. {_ADVICE}")
    for name, wanted in (("params", Mapping), ("params_visible", bool)):
        if not isinstance(connection.get(name), wanted):
            raise AnsibleFilterError(f"server: takes the facts of one connection, and this dict has no usable '{name}'. {_ADVICE}")
    return connection["params"] if connection["params_visible"] else None


_ADVICE = "Apply it to one of the connections that sde_alm_connection_info or sde_analysis_connection_info returned."


def _first(params: Mapping[str, Any], name: str, connection: Mapping[str, Any]) -> Any:
    """The first value of ``alm_<name>`` and the like that is not empty."""
    words = sorted(_WORDS, key=lambda word: word != connection.get("kind"))
    return next((params[key] for key in (f"{word}_{name}" for word in words) if params.get(key)), None)


def _result(state: str, scheme: str | None = None, host: str | None = None, port: int | None = None, url: str | None = None):
    return {"state": state, "scheme": scheme, "host": host, "port": port, "url": url}


def _read(given: Any, method: Any) -> dict[str, Any]:
    """A server, as people write it into SD Elements."""
    if not isinstance(given, str) or not isinstance(method, str) or _CONTROL.search(given):
        return _result("unreadable")
    before, separator, after = given.partition("://")
    # What stands before the first '://' is no scheme in 'host/path?next=http://other'.
    has_scheme = separator and _SCHEME.fullmatch(before)
    scheme = (before if has_scheme else method.strip()).lower()
    rest = _PLACE_AND_PATH.fullmatch(after if has_scheme else given)
    # A password may hold an '@' that should have been encoded.
    place = rest and _HOST_AND_PORT.fullmatch(rest.group(1).rpartition("@")[2])
    host = place and _host(place.group(1))
    if not host or not _SCHEME.fullmatch(scheme):
        return _result("unreadable")
    port = int(place.group(2) or _PORTS.get(scheme, 0))
    if not 0 < port < 65536:
        return _result("unreadable")
    shown = f"[{host}]" if ":" in host else host
    return _result("known", scheme, host, port, f"{scheme}://{shown}:{port}{_encoded(rest.group(2) or '')}")


def _host(given: str) -> str | None:
    """A host in the one form that can be compared; None if there is no such host."""
    if given.startswith("["):
        return _ip_address(given[1:-1]) if ":" in given else None
    name = _in_ascii(given)
    if name is None:
        return None
    name = name[:-1] if name.endswith(".") else name
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return None
    # Resolvers take 127.1 and 0x7f.0.0.1 for addresses, each in its own way.
    return _ip_address(name) if _NUMBER.fullmatch(labels[-1]) else name


def _ip_address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # Such an IPv6 address is IPv4 on the wire.
    return str(getattr(address, "ipv4_mapped", None) or address)


def _in_ascii(name: str) -> str | None:
    """A host name in lower case and ASCII; None if it has no such form."""
    if name.isascii():
        return name.lower()
    # The codec needs quadratic time.
    if len(name) > 253 or _AMBIGUOUS.search(name):
        return None
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _encoded(path: str) -> str:
    """A path without blanks, quotes, braces and the like, whatever it held."""
    return quote(path, safe="/%:@!$&'()*+,;=~", errors="replace")


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable]:
        return {"server": server}
