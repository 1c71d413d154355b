# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: takes the secrets out of what a server sent.

Secrets are found by the name that holds them and by patterns, never by a value alone: a password of ``7``
must not mask ``sde_min_priority: 7``. Where name and pattern leave a doubt, the value is masked.
"""

from __future__ import annotations

import html
import json
import re
from functools import lru_cache
from typing import Any, Iterable, NamedTuple
from urllib.parse import quote

MASK = "********"

# Deeper than any connection, far from the interpreter's recursion limit.
MAX_DEPTH = 50
# Of one connection; more is no connection but an attack on memory and time.
MAX_SECRETS = 1000
# To be searched for in a text one by one.
MAX_KNOWN = 100
_PATH_CHARACTERS = 64  # of each part of a path


class TooComplexError(ValueError):
    """The value is nested deeper than MAX_DEPTH, or holds more secrets than MAX_SECRETS."""


class Secret(NamedTuple):
    """Where a secret was found, as a dotted path, and what it is."""

    path: str
    value: str


# ---------------------------------------------------------------------------------------------------------------
# Names

_CHUNK = re.compile(r"[A-Za-z]+")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# A name that has one of these words holds a secret ...
_SECRET_WORDS = frozenset(
    "pwd pw cred creds authorization authorisation cookie cookies pat pin otp totp psk jwt bearer sid csrf xsrf lwsso "
    "sig signature keytab webhook".split()
)
# ... or a word with one of these in it ...
_SECRET_PARTS = re.compile(
    r"passw(?:or)?d|passphrase|passcode|pwd|secret(?!ar)|token(?!i[sz])|credential|sess(?:ion)?id|pw\Z"
)
# ... or a 'pass' that is no other word, and no verdict ...
_NO_PASSWORDS = frozenset("bypass compass encompass overpass surpass trespass underpass".split())
_BEFORE_A_VERDICT = frozenset("all by first if must of on to".split())
# ... or a 'key' that does not only name a thing ...
_KEYS_OF_THINGS = tuple(
    "board cache component customfield donkey epic field foreign group hoc index issue item joc label lookup map mon "
    "natural parent partition primary project public release row sort space story task tur unique whis".split()
)
# ... or what follows 'auth' or 'access' ...
_AFTER_AUTH = frozenset("code data header info string value".split())
# ... unless its last word says that the value only describes the secret, or its first that it is counted.
_DESCRIBING_WORDS = frozenset(
    "age audience count criteria domain enabled endpoint expiration expired expires expiry field filter format issuer "
    "label length lifetime limit mapping method mode name path percentage policy rate required state status strength "
    "threshold through ttl type uri url version".split()
)
_COUNTING_WORDS = frozenset("has is max min num requires show".split())


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret: ``alm_pass`` does, ``bypass_cert_validation`` does not."""
    words = [word.lower() for word in _WORD.findall(name)]
    # Both ways to part a name: 'apiKey' has the words of 'api_key', 'APIkey' only its sound.
    chunks = [chunk.lower() for chunk in _CHUNK.findall(name)]
    if not words or "webhook" in words:
        return bool(words)
    if words[-1] in _DESCRIBING_WORDS or words[0] in _COUNTING_WORDS:
        return False
    if any(part in _SECRET_WORDS or _SECRET_PARTS.search(part) for part in words + chunks):
        return True
    pairs_of_words, pairs_of_chunks = list(zip(["", *words], words)), list(zip(["", *chunks], chunks))
    if any(_is_password(*pair) for pair in pairs_of_chunks) or any(_is_key(*pair) for pair in pairs_of_words + pairs_of_chunks):
        return True
    if any(first in ("auth", "access") and second in _AFTER_AUTH for first, second in pairs_of_words):
        return True
    return words[-2:] == ["session", "id"] or chunks[-1].endswith(("auth", "session")) or words[-1] in ("auth", "session")


def _is_password(before: str, chunk: str) -> bool:
    return chunk.endswith("pass") and chunk not in _NO_PASSWORDS and not (chunk == "pass" and before in _BEFORE_A_VERDICT)


def _is_key(before: str, chunk: str) -> bool:
    """Whether this is the key of a lock: the 'key' of ``api_key`` and ``apikey``, not that of ``project_key``."""
    stem = re.sub(r"keys?\Z", "", chunk)
    if stem == chunk:
        return False
    qualifier = stem or before
    return bool(qualifier) and not qualifier.endswith(_KEYS_OF_THINGS)


_VERDICTS = frozenset("pass passed fail failed partial none na n/a unknown skipped".split())


def _is_verdict(name: str, siblings: dict[str, Any]) -> bool:
    """``pass`` among other verdicts is one, as in ``task_status_mapping``, not a password."""
    return name.lower() == "pass" and len(siblings) > 1 and all(key.lower() in _VERDICTS for key in siblings)


# ---------------------------------------------------------------------------------------------------------------
# Texts. Every pattern costs linear time, however hostile the text.

# What nearly all values are: a plain word, a time, or plain words without a digit. All that can be secret in them is a
# token of a well-known form; each other pattern below needs a character or a digit that they do not have.
_NO_PLAIN_WORD = re.compile(r"[^\w.,;/$()#!*+-]")
_TIME_OR_WORDS = re.compile(r"[\d:TZ.+-]*|[A-Za-z_ .,;/$()#!*+]*")
_SHORTEST_KNOWN_TOKEN = 13
_KNOWN_TOKEN_START = re.compile(r"gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ATATT|eyJ")
# For a text in lower case: a search that ignores case costs four times as much.
_TELLING_WORDS = re.compile(
    r"-----begin|bearer|basic|token|passw|passphrase|secret|api.?key|ntlm|negotiate|%40|</|gh[a-z]_|github_pat|glpat-|"
    r"xox|akia|atatt|eyj|--"
)


def _is_plain(text: str) -> bool:
    """Whether a text surely holds no secret, in the least time: it is asked for nearly every value."""
    if _NO_PLAIN_WORD.search(text) and not _TIME_OR_WORDS.fullmatch(text):
        return False
    return len(text) < _SHORTEST_KNOWN_TOKEN or not _KNOWN_TOKEN_START.search(text)


def _is_worth_a_look(text: str) -> bool:
    return ":" in text or "=" in text or "@" in text or bool(_TELLING_WORDS.search(text.lower()))


_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL
)
_URL_START = re.compile(r"(:(?:\\?/){2})")
_URL_REST = re.compile(r"[^\s\"<>]*")
_PORT = re.compile(r"[^:]*:\d{1,5}\Z|\[[^\]]*\](?::\d{1,5})?\Z")
_BARE_USER_INFO = re.compile(
    r"(?<![\w/@.:%+-])(?!(?:mailto|sips?|xmpp|npm|e-?mail|cc|to|from|by|owner|contact|assignee):)"
    r"[\w.%+-]{1,64}:[^\s/@\"',;]{1,256}(?=@[\w-][\w.-]{0,254})",
    re.IGNORECASE,
)
_ENCODED_USER_INFO = re.compile(r"(?i)%3A%2F%2F([^\s&?#]{1,512}?)%40")
_ORACLE_USER_INFO = re.compile(r"(?i)jdbc:oracle:\w{1,16}:([^\s/@]{1,256}/[^\s@]{1,256})@")
_QUERY_KEY = re.compile(r"(?i)[?&]key=([^\s&#\"']+)")
_HEADER = re.compile(r"(?i)(?<![\w-])(?:(?:proxy-)?authorization|(?:set-)?cookie)[\"']?\s{0,9}[:=]\s{0,9}([^\r\n]+)")
_SCHEME = re.compile(
    r"(?i)(?<![\w-])(?:bearer|basic|token|apikey|ntlm|negotiate)\s{1,9}[\"']?((?=[^\s\"']{0,512}[\d=])[\w.~+/=-]{8,})"
)
_QUOTED = re.compile(
    r"(?i)(?:password|passwd|passphrase|secret|token|api[ _-]?key)\s{1,9}(?:is\s{1,9}|was\s{1,9})?([\"'])([^\"']+)\1"
)
_KNOWN_TOKEN = re.compile(
    r"(?<![\w-])(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}|"
    r"AKIA[0-9A-Z]{12,}|ATATT[\w=-]{16,}|eyJ[\w-]{8,}\.[\w-]{2,}\.[\w-]*)"
)
# Patterns, which of their groups is the secret, and what a text in lower case must have one of to match.
_PATTERNS = (
    (_PRIVATE_KEY, 0, ("-----begin",)),
    (_BARE_USER_INFO, 0, ("@",)),
    (_ENCODED_USER_INFO, 1, ("%40",)),
    (_ORACLE_USER_INFO, 1, ("oracle",)),
    (_QUERY_KEY, 1, ("key=",)),
    (_HEADER, 1, ("authorization", "cookie")),
    (_SCHEME, 1, ("bearer", "basic", "token", "apikey", "ntlm", "negotiate")),
    (_QUOTED, 2, ("'", '"')),
    (_KNOWN_TOKEN, 0, ("gh", "github_pat", "glpat-", "xox", "akia", "atatt", "eyj")),
)

# A name, with the text between it and its value: name=value, "name": "value", --name value, <name>value</name> ...
_NAME = re.compile(
    r"(?<![A-Za-z0-9.])((?:api|access|secret|private|subscription|auth)[ ]keys?|[A-Za-z][\w.-]{0,63})"
    r"(?:(?:\\*[\"'\]]|&quot;){0,3}\s{0,9}(?P<separator>===?|:=|=>|->|[:=])\s{0,9}"
    r"|\\?[\"'],\s{0,9}(?=[\"'\\])|(?<=[\w-])(?=(?P<tag>(?:\s[^<>]{0,128})?>))"
    r"|[\"']\s[^<>\n]{0,64}?value=|(?P<flag>[ \t]{1,4}(?=[^\s-])))",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(\\{1,8})\".*?(?:\1\"|\Z)|[bru]{0,2}\"(?:[^\"\\]|\\.)*(?:\"|\Z)|[bru]{0,2}'(?:[^'\\]|\\.)*(?:'|\Z)"
    r"|&quot;.*?(?:&quot;|\Z)|[\[({][^\r\n]*|[^\s&;\"'][^\s&;]*",
    re.DOTALL | re.IGNORECASE,
)
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_REST_OF_ELEMENT = re.compile(r"[^<]*")
_VERDICT_BESIDE = re.compile(r"(?i)\bfail(?:ed)?[\"']?\s{0,9}[:=]")


def scrub_text(text: str, known: Iterable[str] = ()) -> str:
    """Free text without credentials. The ``known`` secrets are taken out wherever they stand."""
    known = set(known)
    if len(known) > MAX_KNOWN:
        return MASK
    forms = {form for secret in known for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret))}
    for secret in sorted(forms, key=len, reverse=True):
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

    text = _scrub_user_info(text, found)
    lower = text.lower()
    for pattern, group, gates in _PATTERNS:
        if any(gate in lower for gate in gates):
            text = pattern.sub(lambda match, group=group: _masked(match, group, found), text)
    return _scrub_named(text, found), found


def _masked(match: re.Match, group: int, found: list[str]) -> str:
    """A match with one of its groups masked."""
    secret = match.group(group).strip("\\\"'")
    if secret in ("", MASK):
        return match.group()
    found.append(secret)
    start, end = (place - match.start() for place in match.span(group))
    return match.group()[:start] + MASK + match.group()[end:]


def _scrub_user_info(text: str, found: list[str]) -> str:
    """Mask user and password in URLs."""
    pieces = _URL_START.split(text)
    # Every other piece is the '://' between two of them.
    for index in range(2, len(pieces), 2):
        user_info = _user_info(_URL_REST.match(pieces[index]).group())
        if user_info.strip(MASK[0]):
            found.append(user_info)
            pieces[index] = MASK + pieces[index][len(user_info):]
    return "".join(pieces)


def _user_info(rest: str) -> str:
    """What stands before the host in the rest of a URL. Passwords may hold an unescaped '@', '/', '?' or '#'."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return re.split(r"[?#]", rest, maxsplit=1)[0].rpartition("@")[0]
    if ":" in authority and not _PORT.match(authority):
        return rest.rpartition("@")[0]
    return ""


def _scrub_named(text: str, found: list[str]) -> str:
    """Mask the values whose name is a secret's."""
    pieces = []
    end = 0
    for name in _NAME.finditer(text):
        if name.start() < end or not is_secret_name(name.group(1)):
            continue
        if name["flag"] and text[max(name.start() - 1, 0)] != "-":
            continue
        if name.group(1).lower() == "pass" and _VERDICT_BESIDE.search(text):
            continue
        value = _value_of(name, text)
        secret = value.group().strip().strip("\\\"'") if value else ""
        if secret in ("", MASK):
            continue
        found.append(secret)
        pieces += [text[end:value.start()], MASK]
        end = value.end()
    return "".join(pieces) + text[end:]


def _value_of(name: re.Match, text: str) -> re.Match | None:
    """What follows a name. After a colon an unquoted value may hold blanks: it goes to the end of its line."""
    if name["tag"]:
        return _REST_OF_ELEMENT.match(text, name.end("tag"))
    if name["separator"] == ":" and re.match(r"[^\s\"'\\&]", text[name.end():name.end() + 1]):
        return _REST_OF_LINE.match(text, name.end())
    return _VALUE.match(text, name.end())


# ---------------------------------------------------------------------------------------------------------------
# Structures


_NAME_KEYS = frozenset(
    "attribute displayname env field fieldtype header headername id k key label name option param parameter property "
    "setting title type".split()
)
_VALUE_KEY = re.compile(r"value|text|content|data|default|\Av(?:al)?\Z")


def redact(value: Any) -> tuple[Any, list[Secret]]:
    """A copy of ``value`` without secrets, and the secrets. Raises TooComplexError beyond the bounds above."""
    found: list[Secret] = []
    return _redact(value, 0, found), found


# Everything below adds what it finds to 'found', with paths that begin at the value it was given. Most values hold
# no secret, so a path is made only once there is one: by _below(), on the way up.


def _redact(value: Any, depth: int, found: list[Secret]) -> Any:
    if _is_harmless(value):
        return value
    if isinstance(value, str):
        return _redact_text(value, depth, found)
    if depth >= MAX_DEPTH or len(found) > MAX_SECRETS:
        raise TooComplexError("too deep, or too many secrets")
    return _redact_dict(value, depth, found) if isinstance(value, dict) else _redact_list(value, depth, found)


def _is_harmless(item: Any) -> bool:
    return _is_plain(item) if isinstance(item, str) else not isinstance(item, (dict, list))


def _redact_dict(value: dict[str, Any], depth: int, found: list[Secret]) -> dict[str, Any]:
    is_pair = _names_a_secret(value)
    clean = {}
    for key, item in value.items():
        about = _about(key)
        is_masked = (about.is_secret and not _is_verdict(key, value)) or (is_pair and about.may_be_value)
        if not is_masked and _is_harmless(item):
            clean[about.clean] = item
            continue
        before = len(found)
        clean[about.clean] = _mask(item, found) if is_masked else _redact(item, depth + 1, found)
        if len(found) > before:
            _below(about.clean, found, before)
    return clean


def _redact_list(value: list[Any], depth: int, found: list[Secret]) -> list[Any]:
    """A list of items, or a name and its value: ``["password", ...]``, ``[..., "--password", ...]``."""
    clean: list[Any] = []
    previous = None
    for index, item in enumerate(value):
        before = len(found)
        names_it = isinstance(previous, str) and (len(value) == 2 or previous.startswith("-"))
        is_value = names_it and _is_bare_secret_name(previous)
        clean.append(_mask(item, found) if is_value else _redact(item, depth + 1, found))
        if len(found) > before:
            _below(str(index), found, before)
        previous = item
    return clean


def _below(key: str, found: list[Secret], start: int) -> None:
    """Put a key before the paths of what was found below it."""
    key = key[:_PATH_CHARACTERS]
    found[start:] = [Secret(f"{key}.{path}" if path else key, value) for path, value in found[start:]]


class _Key(NamedTuple):
    """What there is to know about a key, whatever it holds."""

    clean: str
    is_secret: bool
    may_be_name: bool  # in a pair such as {"name": "password", "value": ...}
    may_be_value: bool


@lru_cache(maxsize=4096)
def _about(key: str) -> _Key:
    lower = key.lower()
    return _Key(scrub_text(key), is_secret_name(key), lower.strip("@#") in _NAME_KEYS, bool(_VALUE_KEY.search(lower)))


def _names_a_secret(value: dict[str, Any]) -> bool:
    """Whether this is a pair such as ``{"name": "password", "value": ...}``."""
    for key, item in value.items():
        if _about(key).may_be_name and isinstance(item, str) and _is_bare_secret_name(item):
            return True
    return False


def _is_bare_secret_name(text: str) -> bool:
    return len(text) <= 64 and is_secret_name(text) and re.fullmatch(r"[\w.@# -]+", text) is not None


def _mask(value: Any, found: list[Secret]) -> Any:
    """Mask what a secret's name holds, whole; what is empty or only a switch stays, so that it can be seen."""
    if value is None or isinstance(value, bool) or value in ("", [], {}):
        return value
    found.extend(Secret("", text) for text in _leaves(value))
    return MASK


def _leaves(value: Any) -> list[str]:
    """The texts and numbers in a value, at least one."""
    pending, texts = [value], []
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif item is not None and item != "" and not isinstance(item, bool):
            texts.append(str(item))
    return texts or [""]


def _redact_text(text: str, depth: int, found: list[Secret]) -> str:
    embedded = _embedded_json(text)
    if embedded is not None:
        before = len(found)
        clean = _redact(embedded, depth + 1, found)
        # Without a secret the text stays as it was written, blanks and all.
        return _as_json(clean) if len(found) > before else text
    clean_text, secrets = _scrub(text)
    found.extend(Secret("", secret) for secret in secrets)
    return clean_text


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


_JSON_STARTS = frozenset('{["')


def _embedded_json(text: str) -> Any:
    """The object, list or text that a JSON text holds, or None."""
    start = text[:1]
    if start not in _JSON_STARTS and not (start.isspace() and text.lstrip()[:1] in _JSON_STARTS):
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
