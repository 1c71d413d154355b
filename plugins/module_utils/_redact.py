# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: takes the secrets out of what a server sent.

Secrets are found by their names and by patterns, never by a value alone: a password of ``7``
must not mask ``sde_min_priority: 7``. Where name and pattern leave a doubt, the value is masked. A value
that is known to be harmless stays, since a masked fact is a lost fact.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, Callable, NamedTuple
from urllib.parse import quote, quote_plus, unquote

MASK = "********"

# Deeper than any connection, far from the interpreter's recursion limit.
MAX_DEPTH = 50
# Of one connection; more are an attack on memory and time.
MAX_SECRETS = 1000
# To be searched for in a text one by one.
MAX_KNOWN = 100
# Items of a list or keys of an object between two calls of the check.
ITEMS_PER_CHECK = 1000
# Characters; longer texts are masked completely.
MAX_TEXT = 256 * 1024
_PATH_CHARACTERS = 64  # of each part of a path


class TooComplexError(ValueError):
    """The value is nested deeper than MAX_DEPTH, or contains more secrets than MAX_SECRETS."""


class Secret(NamedTuple):
    """Where a secret was found, as a dotted path, and what it is."""

    path: str
    value: str


# ---------------------------------------------------------------------------------------------------------------
# Names
#
# A name is decided by the values that may be seen below it: all, none, or those that pass a test.

_CHUNK = re.compile(r"[A-Za-z]+")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Cyrillic and Greek letters that look like Latin ones, and a letter that is written as two.
_LATIN = str.maketrans({**dict(zip("аеіјорсухѕԁοανρ", "aeijopcyxsdoavp")), "ß": "ss", "ł": "l", "Ł": "L"})
_PASSWORD_IN_OTHER_SCRIPTS = re.compile(r"парол[ья]|密码|密碼|パスワード|비밀번호", re.IGNORECASE)

# A name with one of these words is a secret's; from 'adgangskode' on they are 'password' in other languages ...
_SECRET_WORDS = frozenset(
    "pwd pw pword pwrd cred creds authorization authorisation cookie cookies pat pin otp totp psk jwt bearer sid csrf "
    "xsrf lwsso sig signature keytab adgangskode contrasena haslo heslo jelszo losenord mdp motdepasse parola passe "
    "passord salasana schlussel senha sifre wachtwoord".split()
)
# ... or a word with one of these in it ...
_SECRET_PARTS = re.compile(
    r"passw(?:or)?[dt]|passphrase|passcode|kennwort|pwd|secret(?!ar)|token(?!i[sz])|credential|sess(?:ion)?id|pw\Z|pswd?\Z"
)
# ... or a 'pass' that is neither part of another word nor a verdict ...
_NO_PASSWORDS = frozenset("bypass compass encompass overpass surpass trespass underpass".split())
_BEFORE_A_VERDICT = frozenset("all by first if must of on result status to verdict".split())
# ... or a 'key' that does not only name a thing ...
_KEYS_OF_THINGS = tuple(
    "board cache component customfield donkey epic field foreign group hoc index issue item joc label lookup map mon "
    "natural parent partition primary project public release row sort space story task tur unique whis".split()
)
_KEYS_OF_LOCKS = ("common", "daemon", "escrow", "imap")  # though they end like a thing
# ... or what follows one of these ...
_SECRET_PAIRS = frozenset(
    [
        (first, second)
        for first in ("auth", "access")
        for second in ("code", "data", "header", "info", "string", "value")
    ]
    + [(first, second) for first in ("backup", "device", "mfa", "recovery") for second in ("code", "codes")]
)
# ... unless its last word says that the value only describes the secret, or its first that it is counted.
_DESCRIBING_WORDS = frozenset(
    "age algorithm audience count criteria domain enabled endpoint expiration expired expires expiry field filter "
    "format host issuer label labels length lifetime limit mapping method methods mode modes name names path "
    "percentage policy port provider rate realm required resolution scheme server state status statuses strength "
    "threshold through timeout transition transitions ttl type types uri url user username version".split()
)
_COUNTING_WORDS = frozenset("has is max min num requires show".split())

# Keys of these things are shown unless they look like a token: some products call a secret so, too.
_KEYS_IN_DOUBT = frozenset(
    "application asset branch bug category defect feature folder integration iteration jira metric milestone module "
    "org organisation organization plan portfolio profile repo repository requirement rule ruleset sprint status tag "
    "team template testcase ticket unit version vulnerability workflow".split()
)
_KEY_END = re.compile(r"keys?\Z")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}|[\da-fA-F]{8}-(?:[\da-fA-F]{4}-){3}[\da-fA-F]{12})"
)

# People call labels, tags and custom fields by these names as well; then a plain word is harmless.
_LABELS = frozenset(
    "auth authorisation authorization cookie cookies credential credentials csrf jwt oauth otp securitykey "
    "securitytoken session signature token tokens totp xsrf".split()
)
_LOGIN_SCHEME = re.compile(
    r"(?i)(?:anonymous|api[ _-]?(?:key|token)|basic|bearer|certificate|digest|kerberos|ldap|negotiate|none|ntlm|"
    r"oauth[12]?|"
    r"oidc|pat|password|saml2?|sso|token)"
)


def _any_value(value: str) -> bool:
    return True


def _no_value(value: str) -> bool:
    return False


def _all_but_tokens(value: str) -> bool:
    return not _TOKEN.search(value)


def _login_schemes(value: str) -> bool:
    return bool(_LOGIN_SCHEME.fullmatch(value))


def is_secret_name(name: str) -> bool:
    """Whether the value of a key is a secret: ``alm_pass`` does, ``bypass_cert_validation`` does not."""
    return _harmless_values(name) in (_no_value, _login_schemes)


@lru_cache(maxsize=4096)
def _harmless_values(name: str) -> Callable[[str], bool]:
    """The test that tells which values below a name are harmless."""
    words, chunks = _parts(name)
    if not words or ("webhook" in words and words[-1] != "enabled"):
        return _no_value if words else _any_value
    if words[-1] in _DESCRIBING_WORDS or words[0] in _COUNTING_WORDS:
        return _any_value
    # Both ways to part a name: 'apiKey' has the words of 'api_key', 'APIkey' only its sound.
    pairs = [*zip(["", *words], words), *zip(["", *chunks], chunks)]
    if _is_secret(words, chunks, pairs):
        return _login_schemes if "".join(words) in _LABELS else _no_value
    if words[-1] in ("login", "logins") or any(_key_of(*pair) in _KEYS_IN_DOUBT for pair in pairs):
        return _all_but_tokens
    return _any_value


@lru_cache(maxsize=4096)
def _parts(name: str) -> tuple[list[str], list[str]]:
    """The words of a name, and the parts between its separators, in lower case."""
    if not name.isascii():
        name = _PASSWORD_IN_OTHER_SCRIPTS.sub("password", name)
        name = unicodedata.normalize("NFKD", name.translate(_LATIN)).encode("ascii", "ignore").decode()
    return [word.lower() for word in _WORD.findall(name)], [chunk.lower() for chunk in _CHUNK.findall(name)]


def _is_secret(words: list[str], chunks: list[str], pairs: list[tuple[str, str]]) -> bool:
    if any(part in _SECRET_WORDS or _SECRET_PARTS.search(part) for part in words + chunks):
        return True
    if any(map(_is_password, ["", *chunks], chunks)) or any(_is_key(*pair) or pair in _SECRET_PAIRS for pair in pairs):
        return True
    return (
        words[-2:] == ["session", "id"] or chunks[-1].endswith(("auth", "session")) or words[-1] in ("auth", "session")
    )


def _is_password(before: str, chunk: str) -> bool:
    return (
        chunk.endswith("pass") and chunk not in _NO_PASSWORDS and not (chunk == "pass" and before in _BEFORE_A_VERDICT)
    )


def _is_key(before: str, chunk: str) -> bool:
    """Whether this is the key of a lock: the 'key' of ``api_key`` and ``apikey``, not that of ``project_key``."""
    owner = _key_of(before, chunk)
    if owner in _KEYS_OF_LOCKS:
        return True
    return bool(owner) and owner not in _KEYS_IN_DOUBT and not owner.endswith(_KEYS_OF_THINGS)


def _key_of(before: str, chunk: str) -> str:
    """The owner of a key, if this is one: 'team' for ``team_key`` and ``teamkey``."""
    stem = _KEY_END.sub("", chunk)
    return (stem or before) if stem != chunk else ""


# ---------------------------------------------------------------------------------------------------------------
# What a key tells about the value below it, and which values are harmless then


class _Content:
    """Kinds of values by the name of their key; texts, since nearly every value is compared with one."""

    ANYTHING = "anything"
    WORDS = "words"  # labels, tags, titles ...: words that people choose, among them 'token' and 'session'
    FIELDS = "fields"  # fields of a tracker, whose names people choose
    STATUSES = "statuses"  # the status of a tracker for each verdict
    SECRET = "secret"  # noqa: S105 (a secret, or an object that has one among its settings)
    SETTING = "setting"  # a setting next to a secret, whose own name is known to be harmless
    WEBHOOK = "webhook"  # its address is the secret
    ADDRESS = "address"  # of a server: a host, a URL or a part of one


_NAMES_WORDS = frozenset(
    "alias application businessunit categories category component components context contexts domain folder format "
    "group keywords label labels name phases project scope statuses tag tags team transition type unit "
    "workspace".split()
)
_NAMES_FIELDS = frozenset("customfields fields".split())
_NAMES_STATUSES = re.compile(r"(?:status(?:es)?|verdicts?|verification)map(?:ping)?s?\Z")
_NAMES_ADDRESS = re.compile(r"(?:server|ur[il]|host(?:name)?|endpoint|contextroot)s?\Z")
# Not 'login', where some servers take a token, and not 'path', which may lead to a secret.
_NAMES_SETTING = frozenset(
    "algorithm application audience domain enabled environment format group host hostname issuer kind method mode name "
    "organisation organization port project protocol provider realm region role scheme server system team tenant "
    "timeout type uri url user username version".split()
)


@lru_cache(maxsize=4096)
def _content(name: str) -> str:
    words = _parts(name)[0]
    if _harmless_values(name) is not _any_value:
        return _Content.WEBHOOK if "webhook" in words else _Content.SECRET
    last = words[-1] if words else ""
    if last in _NAMES_WORDS or words[-2:] == ["tags", "filter"]:
        return _Content.WORDS
    if last in _NAMES_FIELDS:
        return _Content.FIELDS
    joined = "".join(words)
    if _NAMES_ADDRESS.search(joined):
        return _Content.ADDRESS
    return _Content.STATUSES if _NAMES_STATUSES.search(joined) else _Content.ANYTHING


_VERDICT = r"(?:fail|partial|incomplete|none|n/?a|total)"
_VERDICT_IN_PROSE = r"(?:passed|failed|skipped|unknown)"
_IS_VERDICT = re.compile(rf"(?i){_VERDICT}|{_VERDICT_IN_PROSE}|pass|blocked|inconclusive|untested")
# Words next to a password, and not next to a verdict.
_IS_USER = re.compile(r"(?i)user|login|account|host|server|url")
# Words without a digit, and what trackers call their fields and issues.
_PLAIN_WORDS = re.compile(r"[^\W\d_]{1,20}(?:[ _./&-]{1,3}[^\W\d_]{1,20}){0,2}|customfield_\d{1,6}|[A-Z]{2,10}-\d{1,6}")
# A name or an address, without what separates a user from a password.
_PLAIN_SETTING = re.compile(
    r"(?i)[\w.@\\ +-]{1,128}|(?:[\w-]{1,63}\.){1,9}[\w-]{1,63}:\d{1,5}|"
    r"[a-z][a-z0-9+.-]{1,15}://(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?(?:/[\w./~-]{0,128})?"
)
# A key that has a digit may be a secret itself, as in {"tokens": {"hunter2": "read only"}}.
_IS_NAME = re.compile(r"[^\W\d](?:[^\W\d]|[ .@-])*")


def _is_plain_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 64 and bool(_PLAIN_WORDS.fullmatch(value))


def _is_plain_setting(value: str) -> bool:
    return bool(_PLAIN_SETTING.fullmatch(value)) and _all_but_tokens(value)


# ---------------------------------------------------------------------------------------------------------------
# Texts. Every pattern costs linear time, however hostile the text: what is looked at and left is bounded.

# Nearly all values are a plain word, a time, or plain words without a digit. All that can be secret in them is a token
# of a well-known form; each other pattern below needs a character or a digit that they do not have.
_NO_PLAIN_WORD = re.compile(r"[^\w.,;/$()#!*+-]")
_TIME_OR_WORDS = re.compile(r"[\d:TZ.+-]*|[A-Za-z_ .,;/$()#!*+]*")
_SHORTEST_KNOWN_TOKEN = 13
_KNOWN_TOKEN_START = re.compile(r"gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ATATT|eyJ|sq[uap]_")
# For a text in lower case: a search that ignores case costs four times as much.
_TELLING_WORDS = re.compile(
    r"-----begin|bearer|basic|token|passw|passphrase|secret|api.?key|ntlm|negotiate|%40|</|gh[a-z]_|github_pat|glpat-|"
    r"xox|akia|atatt|eyj|sq[uap]_|--|\s-[^\W\d]|[\"'],|[>：＝]|%3[ad]"
)


def _is_plain(text: str) -> bool:
    """Whether a text is certainly harmless. This is fast, because it is called for nearly every value."""
    if len(text) > MAX_TEXT:
        return False
    if _NO_PLAIN_WORD.search(text) and not _TIME_OR_WORDS.fullmatch(text):
        return False
    return len(text) < _SHORTEST_KNOWN_TOKEN or not _KNOWN_TOKEN_START.search(text)


def _is_worth_a_look(text: str) -> bool:
    return ":" in text or "=" in text or "@" in text or bool(_TELLING_WORDS.search(text.lower()))


_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_URL_START = re.compile(r"(:(?:\\?/){2})")
_URL_REST = re.compile(r"[^\s\"<>]*")
_AUTHORITY = re.compile(r"[^/?#]*")
_UP_TO_QUERY = re.compile(r"[^?#]*")
# Before the user in an address, with as many slashes as people write; then a host without a user, up to an '@' in
# its path.
_ADDRESS_START = re.compile(r"\s*(?:[A-Za-z][\w+.-]{0,15}:(?=[\\/]))?[\\/]*")
_ADDRESS_USER_INFO = re.compile(r"(?i).*(?=@|%40)", re.DOTALL)
_HOST_AND_PATH = re.compile(r"(?i)(?:[\w-]{1,63}\.){1,9}[\w-]{1,63}[/?#](?!.*(?::|%3A))", re.DOTALL)
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
# The user of 'docker run -u 1000:1000' has no password.
_CURL_USER = re.compile(
    r"(?<!\S)(?:-[A-Za-z]{0,8}[uU]\s{0,9}|--(?:proxy-)?user(?:\s{1,9}|=))(?!\d+:\d+(?!\S))"
    r"(\"[^\"\s:]{0,64}:[^\"\n]+\"?|'[^'\s:]{0,64}:[^'\n]+'?|[^\s\"':]{0,64}:[^\s\"']+)"
)
_KNOWN_TOKEN = re.compile(
    r"(?<![\w-])(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{8,}|"
    r"AKIA[0-9A-Z]{12,}|ATATT[\w=-]{16,}|sq[uap]_[0-9a-f]{16,}|eyJ[\w-]{8,}\.[\w-]{2,}\.[\w-]*)"
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
    (_CURL_USER, 1, ("curl",)),
    (_KNOWN_TOKEN, 0, ("gh", "github_pat", "glpat-", "xox", "akia", "atatt", "eyj", "sq")),
)

# A name, with the text between it and its value: name=value, "name": "value", --name value, <name>value</name> ...
_ENTITY = r"&(?:quot|apos|#0{0,4}3[49]|#x0{0,4}2[27]);"  # a quotation mark in HTML
_NAME = re.compile(
    r"(?:(?<![^\W_])(?<!\w\.)|(?<=\d)(?<!\w\w)|(?<=%2[26])|(?<=%3[BF]))"
    r"((?:api|access|secret|private|subscription|auth)[ ]keys?|[^\W\d_][\w.-]{0,63})(?!\w)"
    rf"(?:(?:\\{{0,8}}[\"'\]]|{_ENTITY}|%22){{0,3}}\s{{0,9}}(?P<separator>===?|:=|=>|->|[:=：＝]|%3[AD])\s{{0,9}}"
    r"|\\?[\"'](?P<comma>,)\s{0,9}(?=[\"'\\])|(?<=[\w-])(?=(?P<tag>(?:\s[^<>]{0,128})?(?:>|&gt;)))"
    r"|[\"']\s[^<>\n]{0,64}?value=|(?P<flag>[ \t]{1,4}(?=[^\s-])))",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(\\{1,8})\".*?(?:\1\"|\Z)|[bru]{0,2}(?:\"(?:[^\"\\]|\\.?)*(?:\"|\Z))+|[bru]{0,2}(?:'(?:[^'\\]|\\.?)*(?:'|\Z))+"
    rf"|{_ENTITY}.*?(?:{_ENTITY}|\Z)|[\[({{][^\r\n]*|[^\s&;\"'][^\s&;]*",
    re.DOTALL | re.IGNORECASE,
)
_ISSUE_KEY = re.compile(r"[A-Z]{2,10}-\d{1,6}")
_PORT_AFTER_NAME = re.compile(r"\d{1,5}(?=[/?#\s,;&|)\]}<>\"'\\]|[.:]?(?:\s|\Z))")
_IS_MASKED = re.compile(r"\*{8}(?=[,}\])/]|\Z)")
# A block of YAML or an open bracket goes on in the lines that are indented.
_REST_OF_LINE = re.compile(
    r"(?:[|>][+\d-]{0,3}[ \t]{0,9}(?=[\r\n])|-[ \t][^\r\n]*|[\[({](?:[^\r\n]*[\[({,])?(?=[\r\n]))"
    r"(?:\r?\n[ \t-][^\r\n]*)+"
    r"|[^\r\n]*"
)
_UNQUOTED = re.compile(r"[^\s\"'\\&]")
_REST_OF_ELEMENT = re.compile(r"(?:\s{0,9}<\w[^<>]{0,64}>){0,3}[^<]*")

# Values that may be seen after such a name. They are scanned for names again, so each is of bounded length.
_ONE_WORD = re.compile(r"[\"']?([^\s\"',;&]{1,128})(?P<last>[\"']?\s{0,9}(?:[,;&|)\]}\r\n]|\Z))?")
_QUOTED_ITEM = re.compile(r"\\{0,4}[\"']([^\"'\\]{1,64})\\{0,4}[\"']")
_WORDS = re.compile(r"(?:[^\W\d]|[ \t:/.()\[\]{}$-]){1,256}(?=[,;|\r\n]|\Z)")
_PLACEHOLDERS = re.compile(r"(?:[ \t:/.()\[\]-]{0,9}\$\{?[a-z_]{1,32}\}?){1,9}[ \t:/.()\[\]-]{0,9}(?=[,;|\r\n]|\Z)")
# What tells that a 'pass' is a verdict: another one, or the name of a mapping ...
_LABEL_END = r"\\{0,4}[\"']?\s{0,9}(?:[:=]|->)"
_COUNTED = rf"(?:{_VERDICT_IN_PROSE}|blocked|errors?|inconclusive|untested|warnings?)"
_OTHER_VERDICT = re.compile(
    rf"(?i)(?<![\w-])(?:{_VERDICT}{_LABEL_END}|{_COUNTED}{_LABEL_END}\s{{0,9}}\d)"
    rf"|[\"']{_VERDICT_IN_PROSE}{_LABEL_END}|status_?map"
)
# ... and the value of such a verdict: a count, a status or a list of such, up to the end of the line or the next
# verdict.
_STATUS = r"[^\W\d_]{1,32}(?:[_-][^\W\d_]{1,32}){0,4}|[A-Z]{1,5}-?\d{1,6}"
_OUTCOME_WORD = rf"(?:{_STATUS}|\d{{1,7}}(?:[.,/]\d{{1,7}})?(?: ?%)?)(?!\w)"
_OUTCOME_WORDS = rf"{_OUTCOME_WORD}(?:[ \t()]{{1,3}}{_OUTCOME_WORD}){{0,7}}\)?"
# A comma always ends an item: if '1,1' could be one number, too, a list would take exponential time.
_OUTCOME_ITEM = rf"(?:{_STATUS}|\d{{1,7}}(?:[./]\d{{1,7}})?(?: ?%)?)(?!\w)"
_OUTCOME_LIST = rf"\[(?:[ ,\"'\\]{{0,4}}{_OUTCOME_ITEM}){{0,50}}[\"'\\]{{0,2}}\]"
_OUTCOME = re.compile(
    rf"\\{{0,4}}[\"']?(?:{_OUTCOME_WORDS}|{_OUTCOME_LIST})\\{{0,4}}[\"']?[ \t]{{0,9}}"
    r"(?:[|}\]\r\n]|\Z|[,;/.](?:[\s}\])]|\Z)|[,;/-]?[ \t\"'\\]{0,9}"
    rf"(?i:{_VERDICT}|{_COUNTED}|pass){_LABEL_END})"
)


def scrub_text(text: str, known: Iterable[str] = (), check: Callable[[], None] = lambda: None) -> str:
    """Free text without credentials. The ``known`` secrets are taken out wherever they are.

    ``check`` is called before the search for each of them. It may raise.
    """
    known = {secret for secret in known if secret.strip(MASK[0])}
    if len(known) > MAX_KNOWN or len(text) > MAX_TEXT:
        return MASK
    forms = {form for secret in known for part in {secret, *_parts_of_secret(secret)} for form in _written_forms(part)}
    for form in sorted(forms, key=len, reverse=True):
        check()
        text = _without(form, text)
    return _scrub(text)[0]


# A shorter part may be any word.
_SHORTEST_PART = 6
_SCHEME_BEFORE = re.compile(r"(?i)\A(?:basic|bearer|token|apikey|ntlm|negotiate)\s+")
_COOKIE_VALUE = re.compile(r"(?:\A|;)\s*(?!(?i:domain|expires|max-age|path|samesite)=)[\w.-]+=([^;]+)")
_USER_AND_PASSWORD = re.compile(r"\A[^\s:]*:(\S+)\Z")
_PATH_OF_URL = re.compile(r"\A\w+://[^/?#]+/(.+)", re.DOTALL)


def _parts_of_secret(secret: str) -> set[str]:
    """The parts of a secret that are secrets without the rest: the masked text may be more than the secret itself."""
    stripped = secret.strip()
    credential = _SCHEME_BEFORE.sub("", stripped, count=1)
    parts = {stripped, credential, re.split(r"[,;]\s", stripped)[0]}
    parts.update(_COOKIE_VALUE.findall(stripped))
    parts.update(line.strip() for line in stripped.splitlines() if not line.startswith("-----"))
    path = _PATH_OF_URL.match(stripped)
    if path:
        parts.update((path.group(1), path.group(1).rpartition("/")[2]))
    else:
        parts.update(_USER_AND_PASSWORD.findall(unquote(credential)))
    return {part for part in parts if len(part) >= _SHORTEST_PART}


def _written_forms(secret: str) -> set[str]:
    """A secret as it is, and as it is written in URLs, JSON, HTML and quotation marks."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    escaped = html.escape(secret)
    return {
        secret,
        *quoted,
        *(re.sub("%..", lambda code: code.group().lower(), form) for form in quoted),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        escaped,
        escaped.replace("&#x27;", "&#39;"),
        escaped.replace("&#x27;", "&apos;"),
        secret.replace("'", "\\'"),
    }


def _without(secret: str, text: str) -> str:
    """Text without one known secret; a short one counts only as a word of its own."""
    if len(secret) >= 8:
        return text.replace(secret, MASK)
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)


def _scrub(text: str, content: str = _Content.ANYTHING) -> tuple[str, list[str]]:
    """Text without credentials, and the credentials."""
    found: list[str] = []
    if not _is_worth_a_look(text):
        return text, found

    if content is _Content.ADDRESS:
        text = _scrub_address(text, found)
    text = _scrub_user_info(text, found)
    lower = text.lower()
    # A label may begin with 'Authorization:', and a host may be called 'cookie'.
    has_headers = content not in (_Content.WORDS, _Content.ADDRESS)
    for pattern, group, gates in _PATTERNS:
        if any(gate in lower for gate in gates) and (pattern is not _HEADER or has_headers):
            text = pattern.sub(partial(_masked, group, found), text)
    return _scrub_named(text, content, found), found


def _masked(group: int, found: list[str], match: re.Match[str]) -> str:
    """A match with one of its groups masked."""
    whole: str = match.group()
    secret = match.group(group).strip("\\\"'")
    if secret in ("", MASK):
        return whole
    found.append(secret)
    start, end = (place - match.start() for place in match.span(group))
    return whole[:start] + MASK + whole[end:]


def _scrub_address(text: str, found: list[str]) -> str:
    """Mask everything before the last '@' of an address, because it may be a password in any spelling."""
    start = len(_leading(_ADDRESS_START, text))
    user_info = _ADDRESS_USER_INFO.match(text, start)
    if not user_info or _HOST_AND_PATH.match(user_info.group()) or not user_info.group().strip(MASK[0]):
        return text
    found.append(user_info.group())
    return text[:start] + MASK + text[user_info.end() :]


def _scrub_user_info(text: str, found: list[str]) -> str:
    """Mask user and password in URLs."""
    pieces = _URL_START.split(text)
    # Every other piece is the '://' between two of them.
    for index in range(2, len(pieces), 2):
        user_info = _user_info(_leading(_URL_REST, pieces[index]))
        if user_info.strip(MASK[0]):
            found.append(user_info)
            pieces[index] = MASK + pieces[index][len(user_info) :]
    return "".join(pieces)


def _leading(pattern: re.Pattern[str], text: str) -> str:
    """The beginning of a text that matches."""
    match = pattern.match(text)
    return match.group() if match else ""


def _user_info(rest: str) -> str:
    """The part before the host in the rest of a URL. Passwords may contain an unescaped '@', '/', '?' or '#'."""
    authority = _leading(_AUTHORITY, rest)
    if "@" in authority:
        return _leading(_UP_TO_QUERY, rest).rpartition("@")[0]
    if ":" in authority and not _PORT.match(authority):
        return rest.rpartition("@")[0]
    return ""


def _scrub_named(text: str, content: str, found: list[str]) -> str:
    """Mask the values whose name is a secret's."""
    pieces = []
    end = 0
    has_verdicts = None
    for name in _NAME.finditer(text):
        word = name.group(1)
        if name.start() < end or _harmless_values(word) is _any_value:
            continue
        if _is_host(name, text, content) or (name["separator"] == ":" and _ISSUE_KEY.fullmatch(word)):
            continue
        if name["flag"] and text[max(name.start() - 1, 0)] != "-":
            continue
        if _IS_MASKED.match(text, name.end()) or _is_harmless_at(name, text, content):
            continue
        if word.lower() == "pass" and _OUTCOME.match(text, name.end()):
            if has_verdicts is None:  # looked for once, since a list of results may have thousands
                has_verdicts = content is _Content.STATUSES or _OTHER_VERDICT.search(text) is not None
            if has_verdicts:
                continue
        value = _value_of(name, text)
        secret = value.group().strip().strip("\\\"'") if value else ""
        if not value or secret in ("", MASK):
            continue
        found.append(secret)
        pieces += [text[end : value.start()], MASK]
        end = value.end()
    return "".join(pieces) + text[end:]


def _is_host(name: re.Match[str], text: str, content: str) -> bool:
    """Whether a name is that of a host, with its port behind it: the first label of a host may be 'secrets'."""
    if name["separator"] != ":" or name.end() > name.end(1) + 1 or not _PORT_AFTER_NAME.match(text, name.end()):
        return False
    before = text[max(name.start() - 3, 0) : name.start()]
    if before == "://" or (content is _Content.ADDRESS and (not before or before.endswith(("/", "@")))):
        return True
    _labels, dot, last = name.group(1).rpartition(".")
    return bool(dot) and last.isalpha() and not is_secret_name(last)


def _is_harmless_at(name: re.Match[str], text: str, content: str) -> bool:
    """Whether the value after the name of a possible secret is harmless."""
    harmless = _harmless_values(name.group(1))
    if name["comma"]:
        item = _QUOTED_ITEM.match(text, name.end())
        return item is not None and not _is_named_by(name.group(1), item.group(1), content)
    if content in (_Content.WORDS, _Content.FIELDS) and name["separator"] == ":":
        words = _WORDS if harmless is _login_schemes else _PLACEHOLDERS
        if words.match(text, name.end()):
            return True
    word = _ONE_WORD.match(text, name.end("tag") if name["tag"] else name.end())
    if harmless is _all_but_tokens:
        return word is None or harmless(word.group(1))
    # More words would belong to the value.
    return word is not None and word["last"] is not None and harmless(word.group(1))


def _value_of(name: re.Match[str], text: str) -> re.Match[str] | None:
    """The value after a name. After a colon, an unquoted value may contain spaces: it ends with its line."""
    if name["tag"]:
        return _REST_OF_ELEMENT.match(text, name.end("tag"))
    if name["separator"] == ":" and _UNQUOTED.match(text, name.end()):
        return _REST_OF_LINE.match(text, name.end())
    return _VALUE.match(text, name.end())


# ---------------------------------------------------------------------------------------------------------------
# Structures


_NAME_KEYS = frozenset(
    "attribute displayname env field fieldname fieldtype header headername id k key label name option param parameter "
    "parametername property propertyname setting title type variable".split()
)
_VALUE_KEY = re.compile(r"value|text|content|data|default|\Av(?:al)?\Z")
_IDENTIFIER = re.compile(r"[\w.@# ():-]+")


def redact(value: Any, check: Callable[[], None] = lambda: None) -> tuple[Any, list[Secret]]:
    """A copy of ``value`` without secrets, and the secrets. Raises TooComplexError beyond the bounds above.

    ``check`` is called before each value that takes time, and after each ITEMS_PER_CHECK items. It may raise.
    """
    redaction = _Redaction(check)
    return redaction.of(value, _Content.ANYTHING, 0), redaction.found


_HOLDS_NO_SECRET = frozenset({_Content.ANYTHING, _Content.WORDS, _Content.FIELDS, _Content.STATUSES, _Content.ADDRESS})


_EMPTY_OR_SWITCH: tuple[Any, ...] = ("", [], {}, "true", "false", "True", "False")


class _Redaction:
    """Removes the secrets from one value.

    Paths of secrets begin at this value. Most values do not contain secrets, so _put_below() creates a path only for a
    secret, from the innermost key outwards.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self.found: list[Secret] = []
        self._check = check

    def of(self, value: Any, content: str, depth: int) -> Any:
        """A copy without secrets."""
        if value is None or isinstance(value, bool) or value in _EMPTY_OR_SWITCH:
            return value  # to be seen, even below a secret's name
        if content in _HOLDS_NO_SECRET and _is_harmless(value):
            return value
        self._check()
        if isinstance(value, str):
            return self._text(value, content, depth)
        if not isinstance(value, (dict, list)):
            return value if content is _Content.SETTING else self._mask(value)
        if content is _Content.SETTING:
            content = _Content.SECRET  # only what has a name of its own is a setting
        if content not in _HOLDS_NO_SECRET and (
            depth >= MAX_DEPTH or not self._has_names(value) or content is _Content.WEBHOOK
        ):
            return self._mask(value)
        if depth >= MAX_DEPTH or len(self.found) > MAX_SECRETS:
            raise TooComplexError("too deep, or too many secrets")
        return self._dict(value, content, depth) if isinstance(value, dict) else self._list(value, content, depth)

    def _dict(self, value: dict[str, Any], content: str, depth: int) -> dict[str, Any]:
        names = _secret_names_in(self._checked(value.items()))
        is_plain = content in _HOLDS_NO_SECRET and not names
        clean = {}
        for key, item in self._checked(value.items()):
            about = _about(key)
            if is_plain and about.is_harmless and _is_harmless(item):
                clean[about.clean] = item  # nearly all, so in the least time
                continue
            before = len(self.found)
            inner = _content_below(key, item, content, value, names)
            clean[about.clean] = self.of(item, inner, depth + 1)
            self._put_below(about.clean, before)
        return clean

    def _list(self, value: list[Any], content: str, depth: int) -> list[Any]:
        """A list of items, or a name and its value: ``["password", ...]``, ``[..., "--password", ...]``."""
        clean: list[Any] = []
        previous: Any = None
        for index, item in enumerate(self._checked(value)):
            names_it = isinstance(previous, str) and (len(value) == 2 or previous.startswith("-"))
            is_secret = names_it and _is_named_by(previous, item, content)
            before = len(self.found)
            clean.append(self.of(item, _Content.SECRET if is_secret else content, depth + 1))
            self._put_below(str(index), before)
            previous = item
        return clean

    def _checked(self, items: Iterable[Any]) -> Iterator[Any]:
        """Items, with a check now and then."""
        for number, item in enumerate(items, start=1):
            if number % ITEMS_PER_CHECK == 0:
                self._check()
            yield item

    def _text(self, text: str, content: str, depth: int) -> str:
        if len(text) > MAX_TEXT or content is _Content.WEBHOOK:
            return self._mask(text)
        embedded = _embedded_json(text)
        if embedded is not None and (content in _HOLDS_NO_SECRET or self._has_names(embedded)):
            before = len(self.found)
            clean = self.of(embedded, content, depth + 1)
            # Without a secret the text stays as it was written, blanks and all.
            return _as_json(clean) if len(self.found) > before else text
        if content is _Content.SECRET or (content is _Content.SETTING and not _is_plain_setting(text)):
            return self._mask(text)
        clean_text, secrets = _scrub(text, content)
        self.found.extend(Secret("", secret) for secret in secrets)
        return clean_text

    def _has_names(self, value: Any) -> bool:
        """Whether a value below a secret's name is an object, or a list of such, whose keys are not secrets."""
        if isinstance(value, dict):
            return bool(value) and all(_about(key).is_name for key in self._checked(value))
        return isinstance(value, list) and any(isinstance(item, dict) for item in value)

    def _mask(self, value: Any) -> str:
        self.found.extend(Secret("", text) for text in _leaves(value))
        return MASK

    def _put_below(self, key: str, start: int) -> None:
        """Put a key before the paths of what was found below it."""
        if len(self.found) > start:
            key = key[:_PATH_CHARACTERS]
            self.found[start:] = [Secret(f"{key}.{path}" if path else key, value) for path, value in self.found[start:]]


def _is_harmless(item: Any) -> bool:
    return _is_plain(item) if isinstance(item, str) else not isinstance(item, (dict, list))


class _Key(NamedTuple):
    """The properties of a key, independent of its value."""

    clean: str
    content: str
    is_harmless: bool
    may_be_setting: bool
    is_name: bool  # and not a secret itself
    may_be_name: bool  # in a pair such as {"name": "password", "value": ...}
    may_be_value: bool


@lru_cache(maxsize=4096)
def _about(key: str) -> _Key:
    lower = key.lower()
    words = _parts(key)[0]
    may_be_setting = bool(words) and words[-1] in _NAMES_SETTING and _harmless_values(key) is _any_value
    return _Key(
        scrub_text(key),
        _content(key),
        _harmless_values(key) is _any_value,
        may_be_setting,
        len(key) <= 64 and (may_be_setting or is_secret_name(key) or _IS_NAME.fullmatch(key) is not None),
        lower.strip("@#") in _NAME_KEYS,
        bool(_VALUE_KEY.search(lower)),
    )


def _content_below(key: str, item: Any, content: str, siblings: dict[str, Any], names: list[str]) -> str:
    """The content of an item of a dict, given the dict's own content and the names of secrets in it."""
    about = _about(key)
    if content is _Content.SECRET and about.may_be_setting:
        return _Content.SETTING
    if content is _Content.SECRET:
        return _Content.WEBHOOK if about.content is _Content.WEBHOOK else _Content.SECRET
    if not about.is_harmless:
        if key.lower() == "pass":
            return _Content.ANYTHING if _are_verdicts(siblings, content) else about.content
        return _Content.ANYTHING if _may_be_seen(key, item, content) else about.content
    if about.may_be_value and not all(_may_be_seen(name, item, content) for name in names):
        return _Content.SECRET
    return about.content


def _are_verdicts(keys: Collection[str], content: str) -> bool:
    """Whether a 'pass' among these keys is a verdict, as in ``task_status_mapping``, not a password."""
    if content is _Content.STATUSES:
        return not any(_IS_USER.search(key) for key in keys)
    return len(keys) > 1 and all(_IS_VERDICT.fullmatch(key) for key in keys)


def _may_be_seen(name: str, item: Any, content: str) -> bool:
    """Whether an item is not secret although its name suggests it."""
    harmless = _harmless_values(name)
    if isinstance(item, (dict, list)):
        return harmless is _all_but_tokens and all(map(_all_but_tokens, _leaves(item)))
    if harmless(str(item)) or (content is _Content.STATUSES and name.lower() == "pass"):
        return True
    return content is _Content.FIELDS and harmless is _login_schemes and _is_plain_word(item)


def _is_named_by(previous: str, item: Any, content: str) -> bool:
    """Whether an item of a list is the secret that the previous one names."""
    if not _may_name_a_secret(previous):
        return False
    if previous.startswith("-"):
        return is_secret_name(previous) or not _may_be_seen(previous, item, content)
    if _is_plain_word(item) and (
        content is _Content.WORDS or (previous.lower() == "pass" and _IS_VERDICT.fullmatch(item))
    ):
        return False
    return not _may_be_seen(previous, item, content if content is _Content.STATUSES else _Content.FIELDS)


def _secret_names_in(items: Iterable[tuple[str, Any]]) -> list[str]:
    """The names of secrets in a pair such as ``{"name": "password", "value": ...}``."""
    return [
        item for key, item in items if _about(key).may_be_name and isinstance(item, str) and _may_name_a_secret(item)
    ]


def _may_name_a_secret(text: str) -> bool:
    return len(text) <= 64 and _harmless_values(text) is not _any_value and _IDENTIFIER.fullmatch(text) is not None


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


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


_JSON_STARTS = frozenset('{["')


def _embedded_json(text: str) -> Any:
    """The object, list or text in a JSON text, or None."""
    start = text[:1]
    if start not in _JSON_STARTS and not (start.isspace() and text.lstrip()[:1] in _JSON_STARTS):
        return None
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        return None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that is there twice would hide the first value; such a text is treated as free text instead."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)
