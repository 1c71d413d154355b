# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets go, look-alikes stay."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import (
    MASK,
    MAX_DEPTH,
    is_secret_name,
    redact,
    scrub_text,
    TooDeepError,
)

SECRET_NAMES = """
alm_pass alm_api_token issue_tracker_pass issue_tracker_api_token analysis_pass wh_api_token api_key bind_password
token password apiKey APIKey accessToken clientSecret client_secret private_key x-api-key Authorization bindpw
userpwd passphrase jira_pat credentials session_id secret_id access_key alm_basic_auth webhook_secret password2 Cookie
""".split()

LOOK_ALIKES = """
bypass_cert_validation issue_tracker_auth_mode alm_user session_capture_socket alm_server alm_project project_key
sde_verification_filter token_url password_policy max_tokens token_expiry compass passing_score asset_name
conflict_policy alm_phases issue_key sde_min_priority keyboard task_status_mapping auth_type primary_key
""".split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_secret_name(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alike_name(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text, clean",
    [
        ("https://user:hunter2@host.example.com:8443/x", f"https://{MASK}@host.example.com:8443/x"),
        ("https://hunter2@host.example.com/", f"https://{MASK}@host.example.com/"),
        ("https://user:hun@ter2@host.example.com", f"https://{MASK}@host.example.com"),
        ("https://user:hunt/er2@host.example.com/", f"https://{MASK}@host.example.com/"),
        ("https://user:hunt#er2?@host.example.com/", f"https://{MASK}@host.example.com/"),
        ("https://" + "hunter2" * 99 + "@host.example.com", f"https://{MASK}@host.example.com"),
        ("https://user:hunter2@host.example.com/?m=a@b", f"https://{MASK}@host.example.com/?m=a@b"),
        ("user:hunter2@host.example.com:8443", f"{MASK}@host.example.com:8443"),
        ("ldap://host/x?bind_password=hunter2&scope=sub", f"ldap://host/x?bind_password={MASK}&scope=sub"),
        ("Server=db1;Password=hunter2;Database=x", f"Server=db1;Password={MASK};Database=x"),
        ("refused alm_pass=hunter2 for rally_user", f"refused alm_pass={MASK} for rally_user"),
        ("refused: password 'hunter2' is wrong", f"refused: password '{MASK}' is wrong"),
        ('sent {"api_key": "hun\\"ter2", "n": 1}', f'sent {{"api_key": {MASK}, "n": 1}}'),
        ('sent {\\"api_key\\": \\"hunter2\\"}', f'sent {{\\"api_key\\": {MASK}}}'),
        ("sent {'api_key': 'hunter2', 'n': 1}", f"sent {{'api_key': {MASK}, 'n': 1}}"),
        ('cut off: {"password": "hunter2', f'cut off: {{"password": {MASK}'),
        ("Authorization: Basic aHVudGVyMg==", f"Authorization: {MASK}"),
        ("sent Token 0123456789abcdef", f"sent Token {MASK}"),
        ("key ghp_0123456789abcdef0123 refused", f"key {MASK} refused"),
        ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n", f"{MASK}\n"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2", MASK),
    ],
)
def test_text_with_a_secret(text, clean):
    assert scrub_text(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "https://host.example.com:8443/browse/A-1?user=x",
        "https://host.example.com:8443/a@b",
        "https://[fe80::1]:8443/a@b",
        "rally1.rallydev.com",
        "rally1.rallydev.com:8443",
        "none,partial,pass,fail",
        "mailto:someone@example.com",
        "someone@example.com",
        "Basic authentication failed: the token is not valid.",
        "$task_id $title",
        "TODO: 12 tasks, 3 of them new",
        "password=",
        "{}",
        '{ "pass":  "TS1", "fail": "TS2" }',
    ],
)
def test_text_without_a_secret(text):
    assert redact({"title": text}) == ({"title": text}, [])


def test_known_secrets_go_wherever_they_stand():
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
        "tokens": ["c", {"d": "e"}],
    }
    clean, secrets = redact(params)
    assert clean == {
        **params,
        "alm_pass": MASK,
        "pin": MASK,
        "tokens": MASK,
        "custom_fields": json.dumps({"auth": MASK, "headers": [{"name": "X-Api-Key", "value": MASK}]}),
    }
    assert {(secret.path, secret.value) for secret in secrets} == {
        ("alm_pass", "hunter2"),
        ("pin", "1234"),
        ("custom_fields.auth", "a"),
        ("custom_fields.headers.0.value", "b"),
        ("tokens", "c"),
        ("tokens", "e"),
    }


def test_a_key_that_stands_twice_hides_nothing():
    assert "hunter2" not in str(redact('{"password": "hunter2", "password": ""}')[0])


def test_json_in_json_in_json():
    text = json.dumps({"a": json.dumps({"b": json.dumps({"password": "hunter2"})})})
    clean, secrets = redact({"custom": text})
    assert "hunter2" not in str(clean)
    assert secrets[0].path == "custom.a.b.password"


def test_too_deep_is_refused():
    value = "end"
    for _level in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(TooDeepError):
        redact(value)


def test_hostile_texts_cost_linear_time():
    """No figure of seconds: with a pattern of quadratic cost this does not end."""
    for piece in ("://", "://a:", "a=", "password=\"", "password='\\", "eyJa.", "Authorization", "token ", "{[", "-----BEGIN"):
        redact(piece * (200_000 // len(piece)))


# A secret that cannot be mistaken for anything else in a value.
secret_texts = st.text(st.characters(codec="utf-8"), min_size=1).map(lambda text: f"Ca~{text}~ry")
harmless_names = st.sampled_from(LOOK_ALIKES)
names = st.sampled_from(SECRET_NAMES)
harmless = st.none() | st.booleans() | st.integers() | st.sampled_from(["https", "7", "none,partial,pass,fail", "{}", ""])


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
def test_redaction_never_leaks(planted_value):
    value, secret = planted_value
    clean, secrets = redact(value)
    texts = [secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3]]
    assert not any(text in json.dumps(clean, ensure_ascii=False) for text in texts)
    assert [found.value for found in secrets] == [secret]


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(harmless_names, inner, max_size=3)


@given(st.dictionaries(harmless_names, st.recursive(harmless, nested, max_leaves=8), max_size=5))
def test_redaction_never_touches_a_look_alike(value):
    assert redact(value) == (value, [])


@given(st.text())
def test_scrubbing_twice_changes_nothing_more(text):
    once = scrub_text(text)
    assert scrub_text(once) == once
