# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets go, look-alikes stay."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils import _redact
from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import (
    MASK,
    MAX_DEPTH,
    MAX_SECRETS,
    MAX_TEXT,
    TooComplexError,
    is_secret_name,
    redact,
    scrub_text,
)
from tests import redaction_corpus as corpus
from tests.support import LINEAR, growth


def test_corpus_is_judged_correctly():
    """All of the corpus at once; the tests below say where it fails."""
    shown, masked = corpus.misjudged(redact)
    assert (shown, masked) == ([], [])


@pytest.mark.parametrize("name", corpus.SECRET_NAMES)
def test_secret_name_is_masked(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", corpus.LOOK_ALIKES)
def test_look_alike_name_is_kept(name):
    assert not is_secret_name(name)


def label(decision: corpus.Decision) -> str:
    return f"{decision.name}={decision.value[:20]}"


@pytest.mark.parametrize("decision", corpus.decisions(), ids=label)
def test_decided_name(decision):
    name, value, is_secret, reason = decision
    assert reason != ""
    for form in ({name: value}, [{"any": {name: value}}], {"any": json.dumps({name: value})}):
        clean, secrets = redact(form)
        assert [secret.value for secret in secrets] == ([value] if is_secret else [])
        assert (value in json.dumps(clean, ensure_ascii=False)) is not is_secret or clean == form


@pytest.mark.parametrize("decision", [one for one in corpus.decisions() if one.reason], ids=label)
def test_decided_name_in_text(decision):
    name, value, is_secret, _reason = decision
    for text in (f"refused: {name}={value}", f"{name}: {value}", f'sent {{"{name}": "{value}"}} there'):
        assert (scrub_text(text) == text) is not is_secret
        assert (value in scrub_text(text)) is not is_secret


@pytest.mark.parametrize("text, clean", corpus.SECRET_TEXTS)
def test_text_with_a_secret(text, clean):
    assert scrub_text(text) == clean


@pytest.mark.parametrize("text", corpus.HARMLESS_TEXTS)
def test_text_without_a_secret(text):
    assert redact({"title": text}) == ({"title": text}, [])
    assert scrub_text(text) == text


@pytest.mark.parametrize("value", corpus.SECRET_VALUES, ids=str)
def test_value_with_a_secret(value):
    clean, secrets = redact({"params": value})
    assert corpus.secret_in(value) not in str(clean)
    assert not any(corpus.secret_in(value) in secret.path for secret in secrets)


@pytest.mark.parametrize("value", corpus.HARMLESS_VALUES, ids=str)
def test_value_without_a_secret(value):
    assert redact({"params": value}) == ({"params": value}, [])


def test_redact_is_idempotent():
    once = [redact(value)[0] for value, _secret in corpus.secrets()]
    assert [redact(value)[0] for value in once] == once


SETTINGS = {
    "user": "svc",
    "password": "hunter2",
    "team": "blue",
    "realm_id": "4711",
    "proxy": {"host": "h", "port": 1, "pin": 7},
}
CLEAN_SETTINGS = {**SETTINGS, "password": MASK, "realm_id": MASK, "proxy": {"host": "h", "port": 1, "pin": MASK}}
PATHS = {"auth.password", "auth.realm_id", "auth.proxy.pin"}


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_settings_next_to_secret_are_kept(form):
    clean, secrets = redact({"auth": form(SETTINGS)})
    assert clean == {"auth": form(CLEAN_SETTINGS)}
    assert {secret.path for secret in secrets} == PATHS
    assert {secret.value for secret in secrets} == {"hunter2", "4711", "7"}


def test_nested_settings_are_kept():
    clean, secrets = redact({"credentials": [SETTINGS, "hunter2", {"inner": json.dumps(SETTINGS)}]})
    assert clean == {"credentials": [CLEAN_SETTINGS, MASK, {"inner": json.dumps(CLEAN_SETTINGS)}]}
    assert {"credentials.0.password", "credentials.1", "credentials.2.inner.password"} < {
        secret.path for secret in secrets
    }


def test_deeply_nested_settings_are_masked():
    value = "hunter2"
    for _level in range(2 * MAX_DEPTH):
        value = {"any": value}
    clean, secrets = redact({"auth": value})
    assert "hunter2" not in str(clean)
    assert [secret.value for secret in secrets] == ["hunter2"]


def test_known_secrets_are_masked_everywhere():
    assert scrub_text("rally_password is refused for 7 of 17", known={"rally_password", "7"}) == (
        f"{MASK} is refused for {MASK} of 17"
    )


def test_paths_and_kept_values():
    params = {
        "alm_pass": "hunter2",
        "alm_api_token": "",
        "wh_api_token": None,
        "use_token": True,
        "pin": 1234,
        "sde_min_priority": 7,
        "custom_fields": json.dumps({"auth": {"password": "a"}, "headers": [{"name": "X-Api-Key", "value": "b"}]}),
        "tokens": ["c", "e"],
    }
    clean, secrets = redact(params)
    assert clean == {
        **params,
        "alm_pass": MASK,
        "pin": MASK,
        "tokens": MASK,
        "custom_fields": json.dumps({"auth": {"password": MASK}, "headers": [{"name": "X-Api-Key", "value": MASK}]}),
    }
    assert {(secret.path, secret.value) for secret in secrets} == {
        ("alm_pass", "hunter2"),
        ("pin", "1234"),
        ("custom_fields.auth.password", "a"),
        ("custom_fields.headers.0.value", "b"),
        ("tokens", "c"),
        ("tokens", "e"),
    }


def test_duplicate_key_hides_nothing():
    assert "hunter2" not in str(redact('{"password": "hunter2", "password": ""}')[0])


@pytest.mark.parametrize(
    "pair", [{"name": "Password rotation policy", "value": 5}, {"type": "text", "value": "x"}, ["a", "b"]]
)
def test_value_next_to_name_field(pair):
    assert redact({"x": pair}) == ({"x": pair}, [])


def test_known_secrets_in_other_forms():
    text = "a%2Fb%26c12 a/b&amp;c12"
    assert scrub_text(text, known={"a/b&c12"}) == f"{MASK} {MASK}"


def test_booleans_are_kept():
    clean, secrets = redact({"auth": {"enabled": True, "password": "hunter2"}})
    assert clean == {"auth": {"enabled": True, "password": MASK}}
    assert [secret.value for secret in secrets] == ["hunter2"]


def test_too_many_secrets_are_an_error():
    with pytest.raises(TooComplexError):
        redact([{"password": "x"}] * (MAX_SECRETS + 10))


def test_too_many_known_secrets_mask_all():
    known = [f"secret-{number}" for number in range(_redact.MAX_KNOWN + 1)]
    assert scrub_text("some text", known=known) == MASK
    assert scrub_text("some text", known=known[1:]) == "some text"


def test_long_keys_cost_little():
    secrets = redact({"k" * 100_000: {"password": "x"}})[1]
    assert len(secrets[0].path) < 200


def test_json_in_json_in_json():
    text = json.dumps({"a": json.dumps({"b": json.dumps({"password": "hunter2"})})})
    clean, secrets = redact({"custom": text})
    assert "hunter2" not in str(clean)
    assert secrets[0].path == "custom.a.b.password"


def test_too_deep_value_is_an_error():
    value = "end"
    for _level in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(TooComplexError):
        redact(value)


def test_long_text_is_masked_whole():
    text = "a" * MAX_TEXT
    assert redact({"any": text}) == ({"any": text}, [])
    clean, secrets = redact({"any": [text + "a"]})
    assert clean == {"any": [MASK]}
    assert [(secret.path, len(secret.value)) for secret in secrets] == [("any.0", MAX_TEXT + 1)]
    assert scrub_text(text + "a") == MASK


def test_mask_is_not_masked_again():
    """A mask is made of characters that a secret may be made of."""
    assert scrub_text("ab ab", known={"ab", "*", "**"}) == f"{MASK} {MASK}"


def test_check_stops_redaction():
    """It is called before each text that takes time, so nothing behind it is looked at."""
    looked_at = []

    def check():
        looked_at.append(1)
        if len(looked_at) > 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        redact({f"text{number}": "a: b" for number in range(100)}, check)
    assert len(looked_at) == 4


@pytest.mark.parametrize(
    "value",
    [
        {f"k{number}_of_things": 1 for number in range(20_000)},
        [1] * 20_000,
        {"auth": {f"k{chr(0x4E00 + number)}": "" for number in range(20_000)}},
    ],
    ids=["dict", "list", "auth"],
)
def test_check_stops_redaction_of_many_harmless_items(value, monkeypatch):
    about = _redact._about
    keys = []
    monkeypatch.setattr(_redact, "_about", lambda key: keys.append(key) or about(key))
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 5:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        redact({"any": value}, check)
    assert len(keys) < 10_000


def test_check_stops_search_for_known_secrets():
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        scrub_text("some text", [f"secret{number}" for number in range(90)], check)
    assert len(calls) == 4


@pytest.mark.parametrize("secret, message", corpus.REPEATED)
def test_known_secret_in_another_form(secret, message):
    assert corpus.SECRET in message
    assert corpus.SECRET not in scrub_text(message, [secret])


@pytest.mark.parametrize(
    "secret, text, clean",
    [
        # A part of a secret is one of its own from 6 characters on, and within a word from 8 on.
        ("svc:hunte", "hunte", "hunte"),
        ("svc:hunter", "hunter", MASK),
        ("hunter2", "hunter2 hunter2x", f"{MASK} hunter2x"),
        ("hunter22", "hunter22 hunter22x", f"{MASK} {MASK}x"),
    ],
)
def test_known_secret_of_boundary_length(secret, text, clean):
    assert scrub_text(text, known=[secret]) == clean


def test_longest_of_known_secrets_is_masked_first():
    assert scrub_text("open-sesame-42", known=["open-sesame", "open-sesame-42"]) == MASK


@pytest.mark.parametrize("secret, message", corpus.NOT_REPEATED)
def test_harmless_part_of_a_known_secret(secret, message):
    assert scrub_text(message, [secret]) == message


# ---------------------------------------------------------------------------------------------------------------
# Cost. Hostile texts are made of what the patterns look for, so that each of them begins to match everywhere.

# With a '·' for each blank.
FRAGMENTS = r"""
:// ://a: a= password=" password=' password='\ eyJa. eyJ Authorization authorization:· \ \" " ' <a· -a· a[ %3A%2F%2F
%40 a:b@ @ ·a: !a: password\\" token· token·is·" {[ -----BEGIN -----BEGIN·PRIVATE·KEY----- {"pass":" pass:· pass:·a·
fail:· pass partial:·3,· -- --a a_ _a a· login:· login= session: auth:·basic· auth= team_key team_key:· &quot;
password&quot;: > · password&#34; password> a Aa 1 oracle:a: jdbc:oracle:thin: ?key= basic· bearer· secret·" secret·'
ghp_ squ_ - --password· . a. value= password"· "·value= : = => , ", ' [" ( ) % %22 %3D status_map none: n/a= total:·1
password:·******** password=; é ： key apikey keys webhook $title ${ & ; auth:·$title password=& password="\ A-1· b"
pass' pass",·" pass="a"; token·to pass:·[a curl·-u·a: curl·-u·"a: ·-uuuuuuuu·1:1 --user·':a
""".split()
FRAGMENTS = [fragment.replace("·", " ") for fragment in FRAGMENTS] + [
    *("\n", "\t", "pass: a\n", "\n a", "password: |\n", "password: [\n ", "\n - a", "\r\n", "password: [[", "[,", "{("),
    *("<password>", "<password><a>", "<a> ", "].a", "1a", "%26a", "%3D", '""', "''", 'password=""', "svc%3A", "h.h/"),
]
mixtures = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4).map("".join)
CONTENTS = (
    _redact._Content.ANYTHING,
    _redact._Content.WORDS,
    _redact._Content.STATUSES,
    _redact._Content.ADDRESS,
)


def scrub(mixture: str, size: int) -> None:
    text = (mixture * size)[:size]
    for content in CONTENTS:
        _redact._scrub(text, content)


class CountingPattern:
    """A compiled pattern that counts the characters that it may look at."""

    def __init__(self, pattern: re.Pattern, looked_at: list[int]) -> None:
        self._pattern = pattern
        self._looked_at = looked_at
        self._width = re._parser.parse(pattern.pattern, pattern.flags).getwidth()[1]

    def match(self, text: str, start: int = 0) -> re.Match | None:
        found = self._pattern.match(text, start)
        if found:
            self._looked_at.append(found.end() - start)
        elif self._pattern.match(text[start : start + 16]) is None:
            self._looked_at.append(16)  # the first characters decide
        else:
            self._looked_at.append(min(len(text) - start, self._width))
        return found

    def sub(self, replacement, text: str) -> str:
        self._looked_at.append(len(text))
        return self._pattern.sub(replacement, text)

    def __getattr__(self, method: str):
        def call(text: str):
            self._looked_at.append(len(text))
            return getattr(self._pattern, method)(text)

        return call


@contextlib.contextmanager
def counted():
    """The number of characters that the patterns of the module are given to look at, in the list that it yields."""
    looked_at: list[int] = []
    patterns = {
        id(value): CountingPattern(value, looked_at)
        for value in vars(_redact).values()
        if isinstance(value, re.Pattern)
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in list(vars(_redact).items()):
            if isinstance(value, re.Pattern):
                patch.setattr(_redact, name, patterns[id(value)])
        patch.setattr(_redact, "_PATTERNS", [(patterns[id(pattern)], *rest) for pattern, *rest in _redact._PATTERNS])
        yield looked_at


def characters_looked_at(mixture: str, size: int) -> int:
    with counted() as looked_at:
        scrub(mixture, size)
    return sum(looked_at)


def check_cost(mixture: str) -> None:
    """Four times the text takes four times the work, by two measures.

    Characters are counted: what is found lies behind the search, and what is left is of bounded length. Attempts in
    vain within the bounds of a pattern cannot be counted from outside, so CPU times are compared, too.
    """
    assert characters_looked_at(mixture, 6_000) < 5 * characters_looked_at(mixture, 1_500)
    assert growth(lambda size: scrub(mixture, size), 2_000) < LINEAR


@pytest.mark.no_cover
@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_hostile_texts_take_linear_time(fragment):
    check_cost(fragment)


@pytest.mark.no_cover
@given(mixtures)
def test_mixtures_of_hostile_texts_take_linear_time(mixture):
    check_cost(mixture)


# The beginning of a list or of other values, and the items that are repeated in it.
OPENINGS = [
    "",
    "pass: ",
    "pass: [",
    "pass=",
    "password: ",
    'password="',
    "auth: [",
    "token ",
    "https://",
    "$",
    "<password ",
]
ITEMS = [
    "1,",
    "1.",
    "1/",
    "1 ",
    "1 %",
    "A-1,",
    "A1 ",
    "a,",
    "a_",
    "a-",
    "a ",
    "a.",
    '"a", ',
    "'a',",
    "\\",
    "$a ",
    "()",
    "a:",
    "a@",
]


# The bound of growth() for cubic time, which is the most within the bounds of a pattern.
POLYNOMIAL = 64


def check_many_items(opening: str, item: str) -> None:
    """Where a repeated item can be read in two ways, time grows exponentially: long before a text is long."""

    def work(count: int) -> None:
        for _run in range(30):
            _redact._scrub(opening + item * count + "!")

    assert growth(work, 6) < POLYNOMIAL


@pytest.mark.parametrize("opening", OPENINGS)
def test_many_items_take_linear_time(opening):
    for item in ITEMS:
        check_many_items(opening, item)


@given(st.sampled_from(OPENINGS), mixtures)
def test_many_mixtures_take_linear_time(opening, mixture):
    check_many_items(opening, mixture)


# A secret that cannot be mistaken for anything else in a value.
secret_texts = st.text(st.characters(codec="utf-8"), min_size=1).map(lambda text: f"Ca~{text}~ry")
harmless_names = st.sampled_from(corpus.LOOK_ALIKES)
names = st.sampled_from(corpus.SECRET_NAMES)
harmless = (
    st.none() | st.booleans() | st.integers() | st.sampled_from(["https", "7", "none,partial,pass,fail", "{}", ""])
)


@st.composite
def planted(draw):
    """A structure with one secret under a secret's name, at any depth, also within JSON text."""
    secret = draw(secret_texts)
    value = {draw(names): draw(st.sampled_from([secret, [secret], {"x": secret}]))}
    for _level in range(draw(st.integers(0, 5))):
        wrap = draw(st.sampled_from(["dict", "list", "json"]))
        if wrap == "dict":
            value = {draw(harmless_names): value, draw(harmless_names) + "_": draw(harmless)}
        elif wrap == "list":
            value = [draw(harmless), value]
        else:
            value = {draw(harmless_names): json.dumps(value)}
    return value, secret


@given(planted())
def test_redaction_masks_planted_secret(planted_value):
    value, secret = planted_value
    clean, secrets = redact(value)
    texts = [secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3]]
    assert not any(text in json.dumps(clean, ensure_ascii=False) for text in texts)
    assert [found.value for found in secrets] == [secret]


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(harmless_names, inner, max_size=3)


@given(st.dictionaries(harmless_names, st.recursive(harmless, nested, max_leaves=8), max_size=5))
def test_redaction_keeps_harmless_values(value):
    assert redact(value) == (value, [])


@given(st.text())
def test_scrub_text_is_idempotent(text):
    once = scrub_text(text)
    assert scrub_text(once) == once
