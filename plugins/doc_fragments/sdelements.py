# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of this collection share."""

from __future__ import annotations


class ModuleDocFragment:
    """How to reach the server and read a list, which connections to return, and how the modules behave."""

    DOCUMENTATION = r"""
requirements:
  - requests>=2.25.1 (Python library, on the host that runs the task)
options:
  url:
    description:
      - Address of the SD Elements server, such as V(https://sde.example.com).
      - A missing scheme means C(https). A context path is kept; a slash or C(/api/v2) at the end is dropped.
      - User info, a query and a fragment are refused.
      - If it is not set, the environment variables E(SDE_HOST) and E(SDE_SERVER) are used, in this order, and
        then the host of a connection string in O(api_token).
    type: str
  api_token:
    description:
      - API token of an SD Elements user. Blanks and quotes around it are dropped.
      - A connection string (C(token@host)) is understood. Its host is C(localhost), an address or a name with a dot.
      - If it is not set, the environment variables E(SDE_API_KEY) and E(SDE_API_TOKEN) are used, in this order.
      - The token sees what its user sees.
    type: str
    aliases: [token, api_key]
  validate_certs:
    description:
      - Whether to verify the server's TLS certificate. Prefer O(ca_path) to switching this off.
      - If it is not set, the environment variable E(SDE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates (PEM) that the server's certificate is verified with, or a directory of them
        with the hashed names that C(openssl rehash) makes.
      - An empty file counts as not set. A file without a certificate, or with one that is not whole, is an error before
        any request.
      - If it is not set, the environment variable E(SDE_CA_PATH) is used, and then E(REQUESTS_CA_BUNDLE), except for
        a loopback address. E(SSL_CERT_FILE) is not read.
    type: path
  client_cert:
    description:
      - File with the client certificate (PEM) for servers that ask for one. It may hold the key as well.
      - If it is not set, the environment variable E(SDE_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - File with the unencrypted private key (PEM) of O(client_cert).
      - If it is not set, the environment variable E(SDE_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and for each further part of an answer.
      - If it is not set, the environment variable E(SDE_TIMEOUT) is used.
    type: int
    default: 60
  deadline:
    description:
      - Seconds that the whole task may take, with all pages and retries.
      - If it is not set, the environment variable E(SDE_DEADLINE) is used.
    type: int
    default: 600
  retries:
    description:
      - How often a request is tried again, from 0 to 10, after a failed connection or the status 429, 502, 503 or
        504. The first comes at once, the second after about a second, and so on doubling.
      - The server may name the pause (C(Retry-After)), up to 60 seconds. If it names more, the task fails at once.
      - If it is not set, the environment variable E(SDE_RETRIES) is used.
    type: int
    default: 3
  allow_http:
    description:
      - Whether a O(url) with plain C(http) is allowed. The token then goes over the network in clear.
      - Loopback addresses are always allowed.
      - If it is not set, the environment variables E(SDE_ALLOW_HTTP) and E(SDE_ALLOW_INSECURE_HTTP) are used. If they
        contradict each other, the task fails.
    type: bool
    default: false
  page_size:
    description:
      - How many records to ask for in one answer. Without it, the server chooses; many send all at once.
      - All pages are read in any case.
    type: int
  concurrency:
    description:
      - How many pages to fetch at the same time, from 1 to 16, where the server numbers its pages.
    type: int
    default: 8
notes:
  - Proxies are taken from E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY), which a task can set with
    C(environment). A loopback address is never reached through a proxy. SOCKS proxies need the Python library PySocks.
  - Redirects are not followed, so that the token stays with the configured server.
  - An answer larger than 64 MiB, or 256 MiB for the whole task, is an error.
"""

    CONNECTIONS = r"""
options:
  connection_id:
    description:
      - Return the connection with this ID only. An ID that the server does not know returns an empty list.
      - It cannot be combined with O(alias), O(system), O(frequency) or O(project).
      - Some releases of SD Elements leave out RV(connections[].system_short_name) and
        RV(connections[].in_progress) in this case.
    type: int
    aliases: [id]
  alias:
    description:
      - Return the connections with this alias, or with one of these. It is compared exactly, blanks included.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  system:
    description:
      - Return the connections to this system, or to one of these.
      - It is compared with the system's ID, short name and name; case does not matter.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  frequency:
    description:
      - Return the connections that synchronise this often, V(hourly), V(daily), V(weekly), V(monthly) or V(manually).
    type: list
    elements: str
  project:
    description:
      - Return the connections of these SD Elements projects, by ID.
    type: list
    elements: int
  include_last_job:
    description:
      - Whether to return RV(connections[].last_job). Servers before SD Elements 4.4 do not have it.
    type: bool
    default: false
"""

    PARAMS = r"""
options:
  include_secrets:
    description:
      - Whether to return credentials in clear instead of masked.
      - Set C(no_log) on the task, and on each task that uses what it returns. ansible-core 2.22 and newer also mask
        the credentials in output; older releases cannot, and the module warns.
    type: bool
    default: false
  include_params:
    description:
      - Whether to return C(params). Without them a large result is much smaller, and Ansible much quicker. The other
        facts stay as they are, such as C(server) and C(secrets_set).
    type: bool
    default: true
  keep_params:
    description:
      - Return only the parameters with these names. A name may have the wildcards V(*) and V(?), as in V(alm_*).
      - The names are those that are returned, see O(canonical_names). The module warns of a name that no parameter has.
    type: list
    elements: str
  canonical_names:
    description:
      - Whether the keys of C(params) have the same names on every release. The newest releases name
        C(alm_server) C(issue_tracker_server), and the C(conflict_policy) C(alm) C(issue_tracker).
      - If V(false), they are returned as the server sends them.
    type: bool
    default: true
notes:
  - The C(params) of connections need the permission to edit them.
"""

    CONNECTORS = r"""
options:
  connector_id:
    description:
      - Return the connector with this ID only. An ID that the server does not know returns an empty list.
      - It cannot be combined with O(name) or O(system).
      - Some releases of SD Elements leave out RV(connectors[].system_short_name) in this case.
    type: int
    aliases: [id]
  name:
    description:
      - Return the connectors with this name, or with one of these. It is compared exactly, blanks included.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  system:
    description:
      - Return the connectors to this system, or to one of these.
      - It is compared with the system's ID, short name and name; case does not matter.
      - One string or a list of strings. A comma is part of the string.
    type: raw
notes:
  - Releases before SD Elements 4.2 have no connectors. The list is empty then, RV(endpoint) is null, and the module
    warns.
"""

    # ansible-core refuses a fragment without options.
    FILTERS = r"""
options: {}
notes:
  - Filters are applied by the module, since servers ignore the filters that they do not know.
  - Several filters must all match; of several values of one filter, any. A filter that is null is not set.
"""

    ATTRIBUTES = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it.
    support: full
  diff_mode:
    description: Returns details on what has changed, in diff mode.
    support: none
    details: The module changes nothing.
  idempotent:
    description: When run twice in a row outside check mode, the second invocation reports no change.
    support: full
  action_group:
    description: Use C(group/securitycompass.sdelements.sdelements) in C(module_defaults) to set options for all
      modules.
    support: full
    membership: [securitycompass.sdelements.sdelements]
"""
