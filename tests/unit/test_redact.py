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
    MAX_SECRETS,
    is_secret_name,
    redact,
    scrub_text,
    TooComplexError,
)

SECRET_NAMES = """
alm_pass alm_api_token issue_tracker_pass issue_tracker_api_token analysis_pass wh_api_token api_key bind_password
token password apiKey APIKey accessToken clientSecret client_secret private_key x-api-key Authorization bindpw
userpwd passphrase jira_pat APIkey SSHkey ALMpass PASSword cxpass qcpass dbpass storepass passkey pwdhash basicauth
auth_header auth_code access_code psk totp_seed ZSESSIONID QCSession lwsso sid csrf pem_key decryption_key enc_key
sshkey keytab whitehat_key slack_webhook webhook_url alm_pass_confirm credentials session_id secret_id access_key alm_basic_auth webhook_secret password2 Cookie
""".split()

LOOK_ALIKES = """
bypass_cert_validation issue_tracker_auth_mode alm_user session_capture_socket alm_server alm_project project_key
sde_verification_filter token_url password_policy max_tokens token_expiry compass passing_score asset_name
status_on_pass pass_percentage cookie_domain cookie_name secret_name token_name password_age jwt_issuer
signature_version tokenizer secretary custom_field_key public_key monkey has_password issueKey projectkey bypass
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
        ("--password=hunter2 --user x", f"--password={MASK} --user x"),
        ("-Dalm.password=hunter2 -v", f"-Dalm.password={MASK} -v"),
        ("tool --password hunter2 --verbose", f"tool --password {MASK} --verbose"),
        ("Set-Cookie: LWSSO=abc; QCSession=hunter2", f"Set-Cookie: {MASK}"),
        ("<password>hunter2</password>", f"<password>{MASK}</password>"),
        ('<property name="password" value="hunter2"/>', f'<property name="password" value={MASK}/>'),
        ("{&quot;password&quot;:&quot;hunter2&quot;}", f"{{&quot;password&quot;:{MASK}}}"),
        ("Invalid API key: hunter2", f"Invalid API key: {MASK}"),
        ("password: my hunter2, with blanks\nnext", f"password: {MASK}\nnext"),
        ("password == hunter2", f"password == {MASK}"),
        ("password=b'my hunter2'", f"password={MASK}"),
        ("auth=('svc', 'hunter2')", f"auth={MASK}"),
        ('{"tokens": ["a", "hunter2"], "x": 1', f'{{"tokens": {MASK}'),
        ("user[password]=hunter2", f"user[password]={MASK}"),
        ("('password', 'hunter2')", f"('password', {MASK})"),
        ("failed at svc:hunter2@host.example.com:8443", f"failed at {MASK}@host.example.com:8443"),
        ("https:\\/\\/svc:hunter2@host.example.com", f"https:\\/\\/{MASK}@host.example.com"),
        ("u=https%3A%2F%2Fsvc%3Ahunter2%40host", f"u=https%3A%2F%2F{MASK}%40host"),
        ("jdbc:oracle:thin:scott/hunter2@//db/x", f"jdbc:oracle:thin:{MASK}@//db/x"),
        ("https://sentinel.example.com/api?key=hunter2&x=1", f"https://sentinel.example.com/api?key={MASK}&x=1"),
        ("NTLM TlRMTVNTUAABAAAA=", f"NTLM {MASK}"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nhunter2", MASK),
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
        ("github_pat_0123456789abcdef0123", MASK),
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
        "Results: pass=40 fail=2",
        "pass: 40, fail: 2",
        "pass:Done,fail:Open",
        "npm:lodash@4.17.21",
        '{"pass": "Done", "failed": "Open"}',
        "keep -- two dashes - and one",
        "projectKey=ABC, issue_key: ABC-1",
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


@pytest.mark.parametrize(
    "pair",
    [
        {"type": "password", "value": "hunter2"},
        {"@name": "password", "#text": "hunter2"},
        {"headerName": "X-Api-Key", "headerValue": "hunter2"},
        {"name": "password", "values": ["hunter2"]},
        {"k": "token", "v": "hunter2"},
        ["password", "hunter2"],
        ["tool", "--password", "hunter2", "-v"],
        {"https://x-access-token:hunter2@git.example.com/": 5},
        {"https://u:hunter2@h/": {"password": "x"}},
        {"token=hunter2": 1},
    ],
)
def test_secret_beside_its_name(pair):
    clean, secrets = redact({"x": pair})
    assert "hunter2" not in str(clean)
    assert not any("hunter2" in secret.path for secret in secrets)


@pytest.mark.parametrize("pair", [{"name": "Password rotation policy", "value": 5}, {"type": "text", "value": "x"}, ["a", "b"]])
def test_value_beside_another_name(pair):
    assert redact({"x": pair}) == ({"x": pair}, [])


def test_known_secrets_in_other_forms():
    text = "a%2Fb%26c12 a/b&amp;c12"
    assert scrub_text(text, known={"a/b&c12"}) == f"{MASK} {MASK}"


def test_switches_are_no_secrets():
    clean, secrets = redact({"auth": {"enabled": True, "password": "hunter2"}})
    assert clean == {"auth": MASK}
    assert [secret.value for secret in secrets] == ["hunter2"]


def test_too_many_secrets_are_refused():
    with pytest.raises(TooComplexError):
        redact([{"password": "x"}] * (MAX_SECRETS + 10))


def test_too_many_known_secrets_mask_all():
    assert scrub_text("some text", known=map(str, range(200))) == MASK


def test_long_keys_cost_little():
    secrets = redact({"k" * 100_000: {"password": "x"}})[1]
    assert len(secrets[0].path) < 200


def test_json_in_json_in_json():
    text = json.dumps({"a": json.dumps({"b": json.dumps({"password": "hunter2"})})})
    clean, secrets = redact({"custom": text})
    assert "hunter2" not in str(clean)
    assert secrets[0].path == "custom.a.b.password"


def test_too_deep_is_refused():
    value = "end"
    for _level in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(TooComplexError):
        redact(value)


def test_hostile_texts_cost_linear_time():
    """No figure of seconds: with a pattern of quadratic cost this does not end."""
    pieces = (
        "://", "://a:", "a=", "password=\"", "password='\\", "eyJa.", "Authorization", "\\", '\\"', "<a ", "-a ", "a[", "%3A%2F%2F", "a:b@", "password\\\\\"",
        "token ", "{[", "-----BEGIN",
    )  # fmt: skip
    for piece in pieces:
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
