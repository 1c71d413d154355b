# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the one table of options, and what the connection options mean."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import OptionError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._tls_files import (
    client_certificate_from,
    verify_from,
)

FREQUENCIES = ("hourly", "daily", "weekly", "monthly", "manually")
API_PATH = "/api/v2"


def from_environment(*names: str) -> str:
    """Like Ansible's ``env_fallback``, but a blank variable counts as not set: job runners export those."""
    for name in names:
        if os.environ.get(name, "").strip():
            return os.environ[name]
    raise AnsibleFallbackNotFound


def _environment(*names: str) -> tuple[Any, list[str]]:
    return from_environment, list(names)


# How to reach the server. Argument specification, documentation and roles follow this table.
CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "fallback": _environment("SDE_HOST", "SDE_SERVER")},
    "api_token": {
        "type": "str",
        "no_log": True,
        "aliases": ["token", "api_key"],
        "fallback": _environment("SDE_API_KEY", "SDE_API_TOKEN"),
    },
    "validate_certs": {"type": "bool", "default": True, "fallback": _environment("SDE_VALIDATE_CERTS")},
    "ca_path": {"type": "path", "fallback": _environment("SDE_CA_PATH")},
    "client_cert": {"type": "path", "fallback": _environment("SDE_CLIENT_CERT")},
    "client_key": {"type": "path", "fallback": _environment("SDE_CLIENT_KEY")},
    "timeout": {"type": "int", "default": 60, "fallback": _environment("SDE_TIMEOUT")},
    "deadline": {"type": "int", "default": 600, "fallback": _environment("SDE_DEADLINE")},
    "retries": {"type": "int", "default": 3, "fallback": _environment("SDE_RETRIES")},
    "allow_http": {"type": "bool", "default": False, "fallback": _environment("SDE_ALLOW_INSECURE_HTTP")},
}

# The query. 'raw' takes one value or a list without splitting a value at its commas. Choices and mutually exclusive options
# are checked below: ansible-core counts an option that is null as set.
QUERY_OPTIONS: dict[str, dict[str, Any]] = {
    "connection_id": {"type": "int", "aliases": ["id"]},
    "alias": {"type": "raw"},
    "system": {"type": "raw"},
    "frequency": {"type": "list", "elements": "str"},
    "project": {"type": "list", "elements": "int"},
    "include_last_job": {"type": "bool", "default": False},
    "include_secrets": {"type": "bool", "default": False},
    "include_params": {"type": "bool", "default": True},
    "keep_params": {"type": "list", "elements": "str"},
    "canonical_names": {"type": "bool", "default": True},
    "page_size": {"type": "int"},
    "concurrency": {"type": "int", "default": 8},
}

FILTERS = ("alias", "system", "frequency", "project")

# Lowest and highest value.
_DAY = 24 * 60 * 60
_BOUNDS = {
    "connection_id": (1, 2**63),
    "timeout": (1, _DAY),
    "deadline": (1, _DAY),
    "retries": (0, 10),
    "page_size": (1, 100_000),
    "concurrency": (1, 16),
}


class Server(NamedTuple):
    """Where the SD Elements server is and how to talk to it."""

    url: str  # scheme, host, port and context path; no slash at the end
    token: str
    verify: bool | str  # a path of a CA bundle, or whether to verify at all
    cert: str | tuple[str, str] | None
    timeout: int  # seconds, for connecting and for each read
    deadline: int  # seconds, for the whole task
    retries: int
    concurrency: int  # connections at once
    on_loopback: bool


def server_from(params: dict[str, Any]) -> Server:
    """Turn validated connection options into a server, or raise an OptionError that names the option."""
    for name in _BOUNDS:
        _check_bounds(name, params.get(name))
    token, host = _split_token(params["api_token"])
    url = _given("url", params["url"]) or host
    if not url:
        raise OptionError("url is required.", "Set the option, or SDE_HOST in the environment.")
    parts = _parse_url(url)
    on_loopback = _is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not on_loopback and not params["allow_http"]:
        raise OptionError(
            "url is plain http: the token would go over the network in clear.",
            "Use https, or set allow_http if you accept that.",
        )
    return Server(
        url=f"{parts.scheme}://{parts.netloc}{_context_path(parts.path)}",
        token=token,
        verify=verify_from(params),
        cert=client_certificate_from(params),
        timeout=params["timeout"],
        deadline=params["deadline"],
        retries=params["retries"],
        concurrency=params["concurrency"],
        on_loopback=on_loopback,
    )


def filters_from(params: dict[str, Any]) -> dict[str, list[Any]]:
    """The filters that are set, by name, each as a list of values. Null means 'not set'."""
    filters = {name: _filter_values(name, params[name]) for name in FILTERS if params[name] is not None}
    if filters and params["connection_id"] is not None:
        raise OptionError(
            f"connection_id cannot be combined with {' and '.join(filters)}.",
            "Leave it out, or leave out the others.",
        )
    return filters


def stripped(names: list[Any]) -> list[Any]:
    """Names without the blanks that a text such as ``a, b`` leaves around them."""
    return [name.strip() if isinstance(name, str) else name for name in names]


def _filter_values(name: str, value: Any) -> list[Any]:
    """The values of a filter. An empty one is an error, not 'everything'."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise OptionError(f"{name} is an empty list, which no connection can match.", "Leave it out to get all.")
    for one in values:
        if isinstance(one, bool) or not isinstance(one, (str, int)):
            what = "null" if one is None else type(one).__name__
            raise OptionError(f"{name} takes a string or a list of strings, not {what}.")
        if not str(one).strip():
            raise OptionError(
                f"{name} holds an empty string, which no connection can match.", "Leave it out to get all."
            )
    # An alias may begin with a blank.
    values = values if name == "alias" else stripped(values)
    for one in values:
        if name == "frequency" and one not in FREQUENCIES:
            raise OptionError(f"frequency takes {', '.join(FREQUENCIES)}, not {one!r}.")
    return values


def _check_bounds(name: str, value: int | None) -> None:
    lowest, highest = _BOUNDS[name]
    # For ansible-core, as for Python, true is a number.
    if value is not None and (isinstance(value, bool) or not lowest <= value <= highest):
        raise OptionError(f"{name} is out of bounds: it must be a whole number from {lowest} to {highest}.")


def _unquoted(text: str) -> str:
    """Without the blanks and quotes that copying from a page or a file leaves around a value."""
    return text.strip().strip("\"'").strip()


def _given(name: str, value: str | None) -> str | None:
    """The value, which may be None but not empty: an empty option hides the environment."""
    if value is not None and not _unquoted(value):
        raise OptionError(f"{name} is empty.", "Leave it out to use the environment, or give a value.")
    return value


def _split_token(value: str | None) -> tuple[str, str | None]:
    """The token, and the host if the value is a connection string (``token@host``)."""
    token, at_sign, host = _unquoted(_given("api_token", value) or "").partition("@")
    if not token:
        raise OptionError("api_token is required.", "Set the option, or SDE_API_KEY in the environment.")
    if not re.fullmatch(r"[!-~]+", token):
        raise OptionError(
            "api_token holds a blank or a character that no SD Elements token has.",
            "Copy the token again from your SD Elements profile; do not write 'Token' before it.",
        )
    if not at_sign:
        return token, None
    # The host would be looked up and shown, so it must not be the token.
    if not _HOST_NAME.fullmatch(host) or _HOST_NAME.fullmatch(token):
        raise OptionError(
            "api_token must be TOKEN or TOKEN@HOST.",
            "Give the token alone, and the address of the server in url.",
        )
    return token, host


# A host for certain, with all that an address may have around it. A name without a dot may be a token.
_HOST_NAME = re.compile(
    r"(?:https?://)?(?:localhost|\[[0-9a-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.[\w-]{1,24})\.?(?:[:/][^@]*)?", re.IGNORECASE
)


def _parse_url(value: str) -> SplitResult:
    """Check a server's URL. Messages do not repeat it, since a wrong one may hold a password."""
    text = _unquoted(value)
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise OptionError("url has a host or a port that is not valid.", _URL_ADVICE) from None
    if parts.scheme not in ("http", "https"):
        raise OptionError("url must begin with https:// (or http://).", _URL_ADVICE)
    if "@" in parts.netloc:
        raise OptionError("url holds user info (the part before '@').", "Put the token into api_token.")
    if "?" in text or "#" in text:
        raise OptionError("url holds a query or a fragment.", _URL_ADVICE)
    host_is_valid = re.fullmatch(r"[\w.-]*\w[\w.-]*(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", parts.netloc)
    if not host_is_valid or not port_is_valid or not re.fullmatch(r"[\w.~%/-]*", parts.path):
        raise OptionError("url has a host, a port or a path that is not valid.", _URL_ADVICE)
    return parts


_URL_ADVICE = "Give the server's address only, such as https://sde.example.com."


def _context_path(path: str) -> str:
    """The path below which the API lies: users paste addresses with and without the API's own path."""
    path = path.rstrip("/")
    return path[: -len(API_PATH)].rstrip("/") if path.endswith(API_PATH) else path


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
