# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: the options that say how to reach the SD Elements server, and the Server they make."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE

from ._errors import OptionError
from ._tls_files import (
    client_certificate_from,
    verify_from,
)

API_PATH = "/api/v2"


def from_environment(*names: str) -> str:
    """Like Ansible's ``env_fallback``, but a blank variable counts as not set, because job runners export these."""
    for name in names:
        if os.environ.get(name, "").strip():
            return os.environ[name]
    raise AnsibleFallbackNotFound


def flag_from_environment(*names: str) -> str:
    """Like ``from_environment`` for a boolean. Contradicting values become a text that Ansible rejects and shows."""
    given = {name: os.environ[name] for name in names if os.environ.get(name, "").strip()}
    values = {value.strip().lower() for value in given.values()}
    if len(values) > 1 and not (values <= BOOLEANS_TRUE or values <= BOOLEANS_FALSE):
        return " and ".join(f"{name}={value}" for name, value in given.items())
    return from_environment(*names)


def _environment(*names: str) -> tuple[Any, list[str]]:
    return from_environment, list(names)


# The options for the server. A test compares the documentation and the roles with this table.
SERVER_OPTIONS: dict[str, dict[str, Any]] = {
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
    "allow_http": {
        "type": "bool",
        "default": False,
        "fallback": (flag_from_environment, ["SDE_ALLOW_HTTP", "SDE_ALLOW_INSECURE_HTTP"]),
    },
}

_DAY = 24 * 60 * 60
_BOUNDS = {"timeout": (1, _DAY), "deadline": (1, _DAY), "retries": (0, 10)}


class Server(NamedTuple):
    """Where the SD Elements server is and how to talk to it."""

    url: str  # scheme, host, port and context path; no slash at the end
    token: str
    verify: bool | str  # a path of a CA bundle, or whether to verify at all
    cert: str | tuple[str, str] | None
    timeout: int  # seconds, for connecting and for each read
    deadline: int  # seconds, for the whole task
    retries: int
    on_loopback: bool


def parse_server(options: dict[str, Any]) -> Server:
    """Turn validated options into a server, or raise an OptionError that names the option."""
    check_bounds(options, _BOUNDS)
    token, host = _split_token(options["api_token"])
    url = _not_empty("url", options["url"]) or host
    if not url:
        raise OptionError("url is required.", _how_to_set("url", "SDE_HOST"))
    parts = _parse_url(url)
    on_loopback = _is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not on_loopback and not options["allow_http"]:
        raise OptionError(
            "url uses plain HTTP, which would send the token unencrypted.",
            "Use HTTPS, or set allow_http in a trusted network.",
        )
    return Server(
        url=f"{parts.scheme}://{parts.netloc}{_context_path(parts.path)}",
        token=token,
        verify=verify_from(options),
        cert=client_certificate_from(options),
        timeout=options["timeout"],
        deadline=options["deadline"],
        retries=options["retries"],
        on_loopback=on_loopback,
    )


def check_bounds(options: dict[str, Any], bounds: dict[str, tuple[int, int]]) -> None:
    """Raise an OptionError if a number is below the lowest or above the highest value of its option."""
    for name, (lowest, highest) in bounds.items():
        value = options[name]
        # In ansible-core and Python, true is a number.
        if value is not None and (isinstance(value, bool) or not lowest <= value <= highest):
            raise OptionError(f"{name} must be an integer from {lowest} to {highest}.")


def _how_to_set(name: str, variable: str) -> str:
    return f"Set it in the task, as {variable} in the environment, or as sde_{name} for a role or playbook."


def _unquoted(text: str) -> str:
    """Return a value without the spaces and quotes around it, which a user may have copied."""
    return text.strip().strip("\"'").strip()


def _not_empty(name: str, value: str | None) -> str | None:
    """Return the value, which may be None, but not empty: an empty option would hide the environment."""
    if value is not None and not _unquoted(value):
        raise OptionError(f"{name} is empty.", "Set it, or omit it to use the environment.")
    return value


def _split_token(value: str | None) -> tuple[str, str | None]:
    """The token, and the host if the value is a connection string (``token@host``)."""
    token, at_sign, host = _unquoted(_not_empty("api_token", value) or "").partition("@")
    if not token:
        raise OptionError("api_token is required.", _how_to_set("api_token", "SDE_API_KEY"))
    if not re.fullmatch(r"[!-~]+", token):
        raise OptionError(
            "api_token contains a space or another invalid character.",
            "Copy the token again from your SD Elements profile, without 'Token' in front.",
        )
    if not at_sign:
        return token, None
    # The token must not be the host, which is resolved and shown.
    if not _HOST_NAME.fullmatch(host) or _HOST_NAME.fullmatch(token):
        raise OptionError(
            "api_token must be TOKEN or TOKEN@HOST.",
            "Use the token alone, and set url to the server's address.",
        )
    return token, host


# An unambiguous host, in any form of an address. A name without a dot may be a token.
_HOST_NAME = re.compile(
    r"(?:https?://)?(?:localhost|\[[0-9a-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.[\w-]{1,24})\.?(?:[:/][^@]*)?", re.IGNORECASE
)


def _parse_url(value: str) -> SplitResult:
    """Validate a server's URL. Messages do not repeat it, because it may contain a password."""
    text = _unquoted(value)
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise OptionError("url has an invalid host or port.", _URL_ADVICE) from None
    if parts.scheme not in ("http", "https"):
        raise OptionError("url must begin with https:// or http://.", _URL_ADVICE)
    if "@" in parts.netloc:
        raise OptionError("url contains user info (the part before '@').", "Remove it. The token belongs in api_token.")
    if "?" in text or "#" in text:
        raise OptionError("url contains a query or a fragment.", _URL_ADVICE)
    host_is_valid = re.fullmatch(r"[\w.-]*\w[\w.-]*(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", parts.netloc)
    if not host_is_valid or not port_is_valid or not re.fullmatch(r"[\w.~%/-]*", parts.path):
        raise OptionError("url has an invalid host, port or path.", _URL_ADVICE)
    return parts


_URL_ADVICE = "Use only the server's address, such as https://sde.example.com."


def _context_path(path: str) -> str:
    """Return the path that contains the API. Users paste addresses with and without the path of the API itself."""
    path = path.rstrip("/")
    return path[: -len(API_PATH)].rstrip("/") if path.endswith(API_PATH) else path


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
