# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: which server a connection talks to, and whether its certificate is checked.

Both facts are read from the parameters, by whatever names the release and the kind give them. Pure functions.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ansible.module_utils.parsing.convert_bool import boolean

_ALM, _ANALYSIS = ("alm", "issue_tracker"), ("analysis", "wh")
# The names of parameters by kind, in groups: those of the connection's own kind first.
_NAMES = {
    kind: {
        last: [[f"{first}_{last}" for first in words] for words in groups]
        for last in ("server", "method", "context_root", "validate_cert")
    }
    for kind, groups in (("alm", (_ALM, _ANALYSIS)), ("analysis", (_ANALYSIS, _ALM)))
}
# Where SD Elements itself is; every other context root is the tool's, such as rational_context_root.
_OWN_CONTEXT_ROOT = "sde_context_root"
_PORTS = {"http": 80, "https": 443}
_EMPTY: tuple[Any, ...] = (None, "", [], {})
# Characters. RFC 9110 asks every server to support addresses of this length.
_LONGEST = 8000

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_AUTHORITY_AND_PATH = re.compile(r"([^/?#\\]+)(/[^?#]*)?(?:[?#].*)?")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_PERCENT = re.compile(r"%([0-9a-f]{2})?", re.IGNORECASE)
_UNRESERVED = re.compile(r"[a-z0-9._~-]", re.IGNORECASE)
# In every form that becomes one when it is decoded, however often, or made a host name.
_AT_SIGN = re.compile(r"[@\uff20\ufe6b]|%(?:25)*40")
_BLANKS = " \t\r\n"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# The two standards for international names differ on these, so the host is ambiguous.
_AMBIGUOUS = re.compile(r"[\u00df\u1e9e\u03c2\u200c\u200d]")


def server_facts(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The facts ``server`` and ``validate_certs``, of masked parameters. Empty: they are hidden."""
    return {"server": _server(kind, params), "validate_certs": _validate_certs(kind, params)}


def masked_server_facts(kind: str, sent: Mapping[str, Any], masked: Mapping[str, Any]) -> dict[str, Any]:
    """The same for masked parameters. If masking changed the server, it is unreadable."""
    facts = server_facts(kind, masked)
    if facts["server"]["host"] != server_facts(kind, sent)["server"]["host"]:
        facts["server"] = _fact("unreadable")
    return facts


def is_server(value: Any) -> bool:
    """Whether a value, which may come from an edited file, is a valid ``server``."""
    if not isinstance(value, dict) or not isinstance(value.get("state"), str):
        return False
    if value["state"] == "known":
        return isinstance(value.get("url"), str) and value == _read(value["url"])
    return value["state"] in ("hidden", "none", "unreadable") and value == _fact(value["state"])


def ip_address(text: str) -> str | None:
    """Return an IP address in its canonical form; None if the text is not an IP address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # This IPv6 address stands for an IPv4 address.
    return str(getattr(address, "ipv4_mapped", None) or address)


# ---------------------------------------------------------------------------------------------------------------
# The server


def _server(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    if not params:
        return _fact("hidden")
    names = _NAMES[kind]
    addresses = _given(params, names["server"])
    if not addresses:
        return _fact("none")
    methods = _given(params, names["method"]) or ["https"]
    # A system may have a name of its own for it.
    others = [name for name in params if name.endswith("_context_root") and name != _OWN_CONTEXT_ROOT]
    context_roots = _given(params, [*names["context_root"], others]) or [""]
    servers = itertools.starmap(_read, itertools.product(addresses, methods, context_roots))
    first = next(servers)
    # Parameters that contradict each other do not say which server it is.
    return first if all(one == first for one in servers) else _fact("unreadable")


def _given(params: Mapping[str, Any], groups: Iterable[list[str]]) -> list[Any]:
    """The values that are not empty, without blanks around them, of the first group of names that has any."""
    for names in groups:
        values = [params.get(name) for name in names]
        values = [value.strip(_BLANKS) if isinstance(value, str) else value for value in values]
        given = [value for value in values if value not in _EMPTY]
        if given:
            return given
    return []


def _fact(
    state: str, scheme: str | None = None, host: str | None = None, port: int | None = None, path: str | None = None
) -> dict[str, Any]:
    url = None
    if host:
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}"
    return {"state": state, "scheme": scheme, "host": host, "port": port, "path": path, "url": url}


def _read(address: Any, method: Any = "https", context_root: Any = "") -> dict[str, Any]:
    """Return a server from values that users typed into SD Elements."""
    texts = (address, method, context_root)
    if not all(isinstance(text, str) and len(text) <= _LONGEST and not _CONTROL.search(text) for text in texts):
        return _fact("unreadable")
    before, separator, after = address.partition("://")
    # The text before the first '://' is not a scheme in 'host/path?next=http://other'.
    has_scheme = separator and _SCHEME.fullmatch(before)
    scheme = (before if has_scheme else method).lower()
    parts = _AUTHORITY_AND_PATH.fullmatch(after if has_scheme else address)
    # A password may contain an unescaped '@'.
    authority = parts and _HOST_AND_PORT.fullmatch(parts.group(1).rpartition("@")[2])
    host = authority and _host(authority.group(1))
    if not parts or not authority or not host or not _SCHEME.fullmatch(scheme):
        return _fact("unreadable")
    port = int(authority.group(2) or _PORTS.get(scheme, 0))
    path = _path(parts.group(2) or "", context_root)
    server = _fact("known", scheme, host, port, path)
    # The slash before an '@' may be that of a password, as in 'name:1/word@host'.
    may_be_user_info = any(map(_AT_SIGN.search, (parts.string[parts.end(1) :], context_root, path)))
    if may_be_user_info or not 0 < port < 65536 or len(server["url"]) > _LONGEST:
        return _fact("unreadable")
    return server


def _path(own: str, context_root: str) -> str:
    """The path of a server, without a slash at its end, so that one server has one URL."""
    path, root = (_normal(part) for part in (own, re.split(r"[?#]", context_root, maxsplit=1)[0]))
    path, root = (f"/{part}" if part else "" for part in (path, root))
    return path if path.endswith(root) else path + root


def _normal(path: str) -> str:
    """A path in its normal form (RFC 3986), without blanks, quotes and braces, and without slashes around it."""
    segments: list[str] = []
    for segment in _PERCENT.sub(_unescaped, quote(path, safe="/%:!$&'()*+,;=~", errors="replace")).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    return "/".join(segments).strip("/")


def _unescaped(found: re.Match[str]) -> str:
    """The character of an escape that is not needed; else the escape in capitals. A '%' alone is escaped."""
    if not found.group(1):
        return "%25"
    character = chr(int(found.group(1), 16))
    return character if _UNRESERVED.fullmatch(character) else found.group().upper()


def _host(given: str) -> str | None:
    """Return a host in its canonical form; None if it is invalid."""
    if given.startswith("["):
        return ip_address(given[1:-1]) if ":" in given else None
    name = _in_ascii(given)
    if name is None:
        return None
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return None
    # Resolvers take 127.1 and 0x7f.0.0.1 for addresses, each in its own way.
    return ip_address(name) if _NUMBER.fullmatch(labels[-1]) else name


def _in_ascii(name: str) -> str | None:
    """Return a host name in lower case and ASCII; None if that is impossible."""
    if name.isascii():
        return name.lower()
    # The codec needs quadratic time.
    if len(name) > 253 or _AMBIGUOUS.search(name):
        return None
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


# ---------------------------------------------------------------------------------------------------------------
# Its certificate


def _validate_certs(kind: str, params: Mapping[str, Any]) -> bool | None:
    """Return the common value of all names; None if they differ, or if one of them is not a boolean."""
    values = [params.get(name) for names in _NAMES[kind]["validate_cert"] for name in names]
    said = {_boolean(value) for value in values if value not in (None, "")}
    # An option of old releases (documented for their ALM plugins). Its absence does not prove that certificates are
    # checked.
    bypass = params.get("bypass_cert_validation")
    is_bypassed = bypass not in _EMPTY and _boolean(bypass)
    if is_bypassed:
        said.add(False)
    elif is_bypassed is None and True in said:
        said.add(None)
    return said.pop() if len(said) == 1 else None


def _boolean(value: Any) -> bool | None:
    """A boolean in any form that Ansible knows; None for everything else."""
    try:
        return value if value is None else boolean(value)
    except TypeError:
        return None
