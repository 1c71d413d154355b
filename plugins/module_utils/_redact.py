# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: takes the secrets out of what a server sent.

Secrets are found by the name that holds them and by patterns, never by a value alone: a password of ``7``
must not mask ``sde_min_priority: 7``. Where name and pattern leave a doubt, the value is masked.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Iterable, NamedTuple

MASK = "********"

# Deeper than any connection, far from the interpreter's recursion limit.
MAX_DEPTH = 50


class TooDeepError(ValueError):
    """The value is nested deeper than MAX_DEPTH."""


class Secret(NamedTuple):
    """Where a secret was found, as a dotted path, and what it is."""

    path: str
    value: str


# ---------------------------------------------------------------------------------------------------------------
# Names

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# A name that has one of these words holds a secret...
_SECRET_WORDS = frozenset(
    "pass password passwords passwd pwd pw passphrase passcode secret secrets token tokens credential credentials "
    "cred creds apikey authorization cookie cookies sessionid jsessionid pat pin otp jwt bearer sig signature".split()
)
# ... or a longer word made of one of these ...
_SECRET_PARTS = re.compile(r"passw(?:or)?d|passphrase|secret|token|credential|(?:api|access|private|auth)key|pwd?\Z")
# ... or one of these before the word 'key' ...
_KEY_WORDS = frozenset(
    "api access private secret auth client encryption signing ssh shared account subscription consumer session "
    "service security master storage deploy user app application integration rsa pgp gpg ssl tls hmac aes license "
    "sas webhook".split()
)
# ... unless its last word says that the value only describes the secret.
_DESCRIBING_WORDS = frozenset(
    "url uri endpoint type mode expiry expires expiration expired lifetime ttl enabled required policy field header "
    "format method length count limit status filter mapping threshold rate criteria".split()
)
_COUNTING_WORDS = frozenset("max min num".split())


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret: ``alm_pass`` does, ``bypass_cert_validation`` does not."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _DESCRIBING_WORDS or words[0] in _COUNTING_WORDS:
        return False
    if any(word in _SECRET_WORDS or _SECRET_PARTS.search(word) for word in words):
        return True
    if words[-1] == "auth" or words[-2:] == ["session", "id"]:
        return True
    return any(first in _KEY_WORDS and second in ("key", "keys") for first, second in zip(words, words[1:]))


def _is_verdict(name: str, siblings: dict[str, Any]) -> bool:
    """``pass`` beside ``fail`` is a verification status, as in ``task_status_mapping``, not a password."""
    return name.lower() == "pass" and any(key.lower() == "fail" for key in siblings)


# ---------------------------------------------------------------------------------------------------------------
# Texts. Every pattern costs linear time, however hostile the text.

# No pattern below matches a text without one of these characters or words; most values have none, and are done.
_TELLING_WORDS = re.compile(
    r"-----BEGIN|bearer|basic|token|passw|passphrase|secret|api.?key|gh[a-z]_|github_pat|glpat-|xox|AKIA|ATATT|eyJ", re.IGNORECASE
)


def _is_worth_a_look(text: str) -> bool:
    return ":" in text or "=" in text or "@" in text or bool(_TELLING_WORDS.search(text))


_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.S)
_URL_REST = re.compile(r"[^\s\"<>]*")
_PORT = re.compile(r"[^:]*:\d{1,5}\Z|\[[^\]]*\](?::\d{1,5})?\Z")
_BARE_USER_INFO = re.compile(r"\A(?!mailto:)[^\s/@:]{1,256}:[^\s/]{1,512}(?=@[\w.-]{1,255}(?::\d{1,5})?(?:/|\Z))")
_AUTHORIZATION = re.compile(r"(?i)(?<![\w-])(?:proxy-)?authorization[\"']?\s{0,9}[:=]\s{0,9}([^\r\n]+)")
_SCHEME = re.compile(r"(?i)(?<![\w-])(?:bearer|basic|token)\s{1,9}[\"']?((?=[^\s\"']{0,512}[\d=])[\w.~+/=-]{8,})")
_QUOTED = re.compile(
    r"(?i)(?:password|passwd|passphrase|secret|token|api[ _-]?key)\s{1,9}(?:is\s{1,9}|was\s{1,9})?([\"'])([^\"']+)\1"
)
_KNOWN_TOKEN = re.compile(
    r"(?<![\w-])(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}|"
    r"AKIA[0-9A-Z]{12,}|ATATT[\w=-]{16,}|eyJ[\w-]{8,}\.[\w-]{2,}\.[\w-]*)"
)
# name=value, name: value, "name": "value", \"name\": \"value\"
_NAME = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,255})(?:\\*[\"'])?\s{0,9}(?:=>|[:=])\s{0,9}")
_VALUE = re.compile(
    r"(\\+)\".*?(?:\1\"|\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|[^\s&;\"'][^\s&;]*", re.DOTALL
)


def scrub_text(text: str, known: Iterable[str] = ()) -> str:
    """Free text without credentials. The ``known`` secrets are taken out wherever they stand."""
    for secret in sorted(known, key=len, reverse=True):
        text = _without(secret, text)
    return _scrub(text)[0]


def _without(secret: str, text: str) -> str:
    """Text without one known secret; a short one counts only as a word of its own."""
    if len(secret) >= 8:
        return text.replace(secret, MASK)
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)


def _scrub(text: str) -> tuple[str, list[str]]:
    """Text without credentials, and the credentials."""
    found: list[str] = []
    if not _is_worth_a_look(text):
        return text, found

    def mask(match: re.Match, group: int = 0) -> str:
        secret = match.group(group).strip("\\\"'")
        if secret in ("", MASK):
            return match.group()
        found.append(secret)
        start, end = (place - match.start() for place in match.span(group))
        return match.group()[:start] + MASK + match.group()[end:]

    def mask_first(match: re.Match) -> str:
        return mask(match, 1)

    text = _PRIVATE_KEY.sub(mask, text)
    text = _scrub_user_info(text, found)
    text = _BARE_USER_INFO.sub(mask, text)
    text = _AUTHORIZATION.sub(mask_first, text)
    text = _SCHEME.sub(mask_first, text)
    text = _QUOTED.sub(lambda match: mask(match, 2), text)
    text = _KNOWN_TOKEN.sub(mask, text)
    return _scrub_named(text, found), found


def _scrub_user_info(text: str, found: list[str]) -> str:
    """Mask user and password in URLs."""
    pieces = text.split("://")
    for index, piece in enumerate(pieces[1:], 1):
        user_info = _user_info(_URL_REST.match(piece).group())
        if user_info.strip(MASK[0]):
            found.append(user_info)
            pieces[index] = MASK + piece[len(user_info):]
    return "://".join(pieces)


def _user_info(rest: str) -> str:
    """What stands before the host in the rest of a URL. Passwords may hold an unescaped '@', '/', '?' or '#'."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return re.split(r"[?#]", rest, maxsplit=1)[0].rpartition("@")[0]
    if ":" in authority and not _PORT.match(authority):
        return rest.rpartition("@")[0]
    return ""


def _scrub_named(text: str, found: list[str]) -> str:
    """Mask the values of ``name=value`` pairs whose name is a secret's."""
    pieces = []
    end = 0
    for name in _NAME.finditer(text):
        if name.start() < end or not is_secret_name(name.group(1)):
            continue
        value = _VALUE.match(text, name.end())
        secret = value.group().strip("\\\"'") if value else ""
        if secret in ("", MASK):
            continue
        found.append(secret)
        pieces += [text[end:name.end()], MASK]
        end = value.end()
    return "".join(pieces) + text[end:]


# ---------------------------------------------------------------------------------------------------------------
# Structures


_NAME_KEYS = ("name", "key", "field", "header", "property", "parameter", "label", "id")
_VALUE_KEYS = ("value", "val", "content", "data", "text", "default")


def redact(value: Any) -> tuple[Any, list[Secret]]:
    """A copy of ``value`` without secrets, and the secrets. Raises TooDeepError beyond MAX_DEPTH."""
    found: list[Secret] = []
    return _redact(value, "", 0, found), found


def _redact(value: Any, path: str, depth: int, found: list[Secret]) -> Any:
    if depth > MAX_DEPTH:
        raise TooDeepError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        return _redact_text(value, path, depth, found)
    if isinstance(value, dict):
        return _redact_dict(value, path, depth, found)
    if isinstance(value, list):
        return [_redact(item, _join(path, index), depth + 1, found) for index, item in enumerate(value)]
    return value


def _redact_dict(value: dict[str, Any], path: str, depth: int, found: list[Secret]) -> dict[str, Any]:
    named_values = _VALUE_KEYS if _names_a_secret(value) else ()
    clean = {}
    for key, item in value.items():
        here = _join(path, key)
        if (is_secret_name(key) and not _is_verdict(key, value)) or key.lower() in named_values:
            clean[key] = _mask(item, here, found)
        else:
            clean[_clean_key(key)] = _redact(item, here, depth + 1, found)
    return clean


@lru_cache(maxsize=4096)
def _clean_key(key: str) -> str:
    return scrub_text(key)


def _names_a_secret(value: dict[str, Any]) -> bool:
    """Whether this is a pair such as ``{"name": "password", "value": ...}``."""
    return any(key.lower() in _NAME_KEYS and isinstance(item, str) and is_secret_name(item) for key, item in value.items())


def _mask(value: Any, path: str, found: list[Secret]) -> Any:
    """Mask what a secret's name holds, whole; what is empty or only a switch stays, so that it can be seen."""
    if value is None or isinstance(value, bool) or value in ("", [], {}):
        return value
    found.extend(Secret(path, text) for text in _leaves(value))
    return MASK


def _leaves(value: Any) -> list[str]:
    """The texts in a value, at least one."""
    pending, texts = [value], []
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif item not in (None, ""):
            texts.append(str(item))
    return texts or [""]


def _redact_text(text: str, path: str, depth: int, found: list[Secret]) -> str:
    embedded = _embedded_json(text)
    if embedded is not None:
        inside: list[Secret] = []
        clean = _redact(embedded, path, depth + 1, inside)
        found.extend(inside)
        # Without a secret the text stays as it was written, blanks and all.
        return json.dumps(clean, ensure_ascii=False) if inside else text
    clean_text, secrets = _scrub(text)
    found.extend(Secret(path, secret) for secret in secrets)
    return clean_text


def _embedded_json(text: str) -> Any:
    """The object, list or text that a JSON text holds, or None."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        return None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice would hide the first value; such a text is treated as free text instead."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)
