# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of this collection share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for the server and for reading, filters, and attributes of the modules."""

    DOCUMENTATION = r"""
requirements:
  - requests>=2.25.1 (Python library, on the host that runs the task)
options:
  url:
    description:
      - Address of the SD Elements server, such as V(https://sde.example.com).
      - The default scheme is C(https). The URL may contain a context path, and end with a slash or C(/api/v2).
      - User info, a query or a fragment is an error.
      - If it is not set, the environment variables E(SDE_HOST) and E(SDE_SERVER) are used, in this order, and then the
        host of a connection string in O(api_token).
    type: str
  api_token:
    description:
      - API token of an SD Elements user. Spaces and quotes around it are removed.
      - Or a connection string (C(token@host)), whose host is C(localhost), an IP address or a name with a dot.
      - If it is not set, the environment variables E(SDE_API_KEY) and E(SDE_API_TOKEN) are used, in this order.
      - The token has the permissions of its user.
    type: str
    aliases: [token, api_key]
  validate_certs:
    description:
      - Whether to verify the server's TLS certificate. Set O(ca_path) instead of turning this off.
      - If it is not set, the environment variable E(SDE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates (PEM) that verify the server's certificate, or a directory of such files with the
        hashed names that C(openssl rehash) creates.
      - An empty file counts as not set. A file without a valid certificate is an error.
      - If it is not set, the environment variable E(SDE_CA_PATH) is used, and then E(REQUESTS_CA_BUNDLE), except for a
        loopback address. E(SSL_CERT_FILE) is ignored.
    type: path
  client_cert:
    description:
      - File with the client certificate (PEM) for servers that require one. It may contain the key as well.
      - If it is not set, the environment variable E(SDE_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - File with the unencrypted private key (PEM) of O(client_cert).
      - If it is not set, the environment variable E(SDE_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and for each further part of a response.
      - If it is not set, the environment variable E(SDE_TIMEOUT) is used.
    type: int
    default: 60
  deadline:
    description:
      - Seconds that the whole task may take, including all pages and retries.
      - If it is not set, the environment variable E(SDE_DEADLINE) is used.
    type: int
    default: 600
  retries:
    description:
      - How often a request is repeated, from 0 to 10, after a failed connection or the status 429, 502, 503 or 504. The
        first retry is immediate, the second follows after about one second, and each further delay doubles.
      - If the server sends C(Retry-After), the task waits that long, up to 60 seconds. A longer C(Retry-After) is an
        error.
      - If it is not set, the environment variable E(SDE_RETRIES) is used.
    type: int
    default: 3
  allow_http:
    description:
      - Whether a O(url) with plain C(http) is allowed, which sends the token unencrypted.
      - Loopback addresses are always allowed.
      - If it is not set, the environment variables E(SDE_ALLOW_HTTP) and E(SDE_ALLOW_INSECURE_HTTP) are used.
        Contradicting values are an error.
    type: bool
    default: false
  page_size:
    description:
      - Number of records in one response. If it is not set, the server decides; many servers return all records in one
        response.
      - The module always reads all pages.
    type: int
  concurrency:
    description:
      - Number of pages to read in parallel, from 1 to 16, if the server numbers its pages.
    type: int
    default: 8
notes:
  - E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY) define proxies; a task can set them with C(environment).
    Loopback addresses are never proxied. SOCKS proxies require the Python library PySocks.
  - The module does not follow redirects, so that no other server receives the token.
  - Responses of more than 64 MiB, or 256 MiB for the whole task, are an error.
"""

    CONNECTIONS = r"""
options:
  connection_id:
    description:
      - Return only the connection with this ID. An unknown ID returns an empty list.
      - It cannot be combined with O(alias), O(system), O(frequency) or O(project).
      - Some releases of SD Elements omit RV(connections[].system_short_name) and RV(connections[].in_progress) in this
        case.
    type: int
    aliases: [id]
  alias:
    description:
      - Return the connections with this alias, or with one of these. It is compared exactly, including spaces.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  system:
    description:
      - Return the connections to this system, or to one of these.
      - Each is compared with the system's ID, short name and name, ignoring case.
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
      - Whether to return RV(connections[].last_job), which requires SD Elements 4.4.
    type: bool
    default: false
"""

    PARAMS = r"""
options:
  include_secrets:
    description:
      - Whether to return credentials instead of masking them.
      - Set C(no_log) on the task, and on each task that uses its result. ansible-core 2.22 and newer also mask the
        credentials in output; older releases cannot, and the module warns.
    type: bool
    default: false
  include_params:
    description:
      - Whether to return C(params). Without them, a large result is much smaller, and Ansible is much faster. Facts
        that are derived from them, such as C(server) and C(secrets_set), are returned in any case.
    type: bool
    default: true
  keep_params:
    description:
      - Return only the parameters with these names. A name may contain the wildcards V(*) and V(?), as in V(alm_*).
      - Use the names that the module returns (see O(canonical_names)). The module warns about a name without a matching
        parameter.
    type: list
    elements: str
  canonical_names:
    description:
      - Whether the keys of C(params) have the same names on every release. The newest releases return
        C(issue_tracker_server) instead of C(alm_server), and the C(conflict_policy) C(issue_tracker) instead of C(alm).
      - If V(false), the names are those that the server returns.
    type: bool
    default: true
notes:
  - To return the C(params) of a connection, the token's user requires the permission to edit it.
"""

    CONNECTORS = r"""
options:
  connector_id:
    description:
      - Return only the connector with this ID. An unknown ID returns an empty list.
      - It cannot be combined with O(name) or O(system).
      - Some releases of SD Elements omit RV(connectors[].system_short_name) in this case.
    type: int
    aliases: [id]
  name:
    description:
      - Return the connectors with this name, or with one of these. It is compared exactly, including spaces.
      - One string or a list of strings. A comma is part of the string.
    type: raw
  system:
    description:
      - Return the connectors to this system, or to one of these.
      - Each is compared with the system's ID, short name and name, ignoring case.
      - One string or a list of strings. A comma is part of the string.
    type: raw
notes:
  - Connectors require SD Elements 4.2. On older releases, the list is empty, RV(endpoint) is null, and the module
    warns.
"""

    # ansible-core refuses a fragment without options.
    FILTERS = r"""
options: {}
notes:
  - The module applies the filters itself, because servers ignore unknown filters.
  - A record is returned if it matches all filters. It matches a filter if it matches any of its values. A null filter
    counts as not set.
"""

    ATTRIBUTES = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it.
    support: full
  diff_mode:
    description: Returns details on what has changed, in diff mode.
    support: none
    details: The module does not change anything.
  idempotent:
    description: When run twice in a row outside check mode, the second invocation reports no change.
    support: full
  action_group:
    description: Use C(group/securitycompass.sdelements.sdelements) in C(module_defaults) to set options for all
      modules.
    support: full
    membership: [securitycompass.sdelements.sdelements]
"""
