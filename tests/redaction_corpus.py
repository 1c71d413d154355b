# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, texts and values with and without secrets, against which the redaction is tested.

Run as a program it counts the secrets that are shown and the harmless values that are masked, by this code or by
another version of ``_redact.py``: ``python -m tests.redaction_corpus [file]``.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "fixtures" / "redaction"
MASK = "********"
# In every text and value of this file that holds a secret, unless it says otherwise ...
SECRET = "hunter2"
# ... and one that looks like any word.
PLAIN_SECRET = "swordfish"

SECRET_NAMES = """
alm_pass alm_api_token issue_tracker_pass issue_tracker_api_token analysis_pass wh_api_token api_key bind_password
token password apiKey APIKey accessToken clientSecret client_secret private_key x-api-key Authorization bindpw
userpwd passphrase jira_pat APIkey SSHkey ALMpass PASSword cxpass qcpass dbpass storepass passkey pwdhash basicauth
auth_header auth_code access_code psk totp_seed ZSESSIONID QCSession lwsso sid csrf pem_key decryption_key enc_key
sshkey keytab whitehat_key slack_webhook webhook_url alm_pass_confirm credentials session_id secret_id access_key
alm_basic_auth webhook_secret password2 Cookie
alm_passwd passwd userpasswd PASSWD
heslo jelszo şifre Schlüssel hasło пароль 密码 imap_key escrow_key daemon_key common_key
""".split()

LOOK_ALIKES = """
bypass_cert_validation issue_tracker_auth_mode alm_user session_capture_socket alm_server alm_project project_key
sde_verification_filter token_url password_policy max_tokens token_expiry compass passing_score asset_name
status_on_pass pass_percentage cookie_domain cookie_name secret_name token_name password_age jwt_issuer
signature_version tokenizer secretary custom_field_key public_key monkey has_password issueKey projectkey bypass
conflict_policy alm_phases issue_key sde_min_priority keyboard task_status_mapping auth_type primary_key
""".split()

# A text, and what is to be seen of it.
SECRET_TEXTS = [
    ("servers[0].password=hunter2", f"servers[0].password={MASK}"),
    ('getConfig().password = "hunter2"', f"getConfig().password = {MASK}"),
    ("$.auth.password=hunter2", f"$.auth.password={MASK}"),
    ("1Password: hunter2", f"1Password: {MASK}"),
    ("a=1%26password%3Dhunter2", f"a=1%26password%3D{MASK}"),
    ("x%3Ftoken%3Dhunter2", f"x%3Ftoken%3D{MASK}"),
    ("alm_pass -> hunter2", f"alm_pass -> {MASK}"),
    ("pwd%3Dhunter2", f"pwd%3D{MASK}"),
    ("tool -pwd hunter2", f"tool -pwd {MASK}"),
    ("pwd：hunter2", f"pwd：{MASK}"),
    ("psk＝hunter2", f"psk＝{MASK}"),
    ("<psk>hunter2", f"<psk>{MASK}"),
    ('{"auth": {\n "any": "hunter2"\n}, "n":1, "n":2}', f'{{"auth": {MASK}\n}}, "n":1, "n":2}}'),
    ('{"auth": ["a",\n "hunter2"\n], "n":1,}', f'{{"auth": {MASK}\n], "n":1,}}'),
    ("password: |\n  hunter2\nnext", f"password: {MASK}\nnext"),
    ("tokens:\n  - a\n  - hunter2\nnext", f"tokens:\n  {MASK}\nnext"),
    ('password="a""hunter2" x', f"password={MASK} x"),
    ("password='''hunter2''' x", f"password={MASK} x"),
    ("<password><value>hunter2</value></password>", f"<password>{MASK}</value></password>"),
    ("500 passwd=hunter2", f"500 passwd={MASK}"),
    ("tool --passwd hunter2 -v", f"tool --passwd {MASK} -v"),
    ("https://user:hunter2@host.example.com:8443/x", f"https://{MASK}@host.example.com:8443/x"),
    ("--password=hunter2 --user x", f"--password={MASK} --user x"),
    ("-Dalm.password=hunter2 -v", f"-Dalm.password={MASK} -v"),
    ("tool --password hunter2 --verbose", f"tool --password {MASK} --verbose"),
    ("Set-Cookie: LWSSO=abc; QCSession=hunter2", f"Set-Cookie: {MASK}"),
    ("<password>hunter2</password>", f"<password>{MASK}</password>"),
    ('<property name="password" value="hunter2"/>', f'<property name="password" value={MASK}/>'),
    ("{&quot;password&quot;:&quot;hunter2&quot;}", f"{{&quot;password&quot;:{MASK}}}"),
    ("{&#34;password&#34;:&#x22;hunter2&#x22;}", f"{{&#34;password&#34;:{MASK}}}"),
    ("&lt;password&gt;hunter2", f"&lt;password&gt;{MASK}"),
    ("%22password%22%3A%22hunter2%22&x=1", f"%22password%22%3A{MASK}&x=1"),
    ("Invalid API key: hunter2", f"Invalid API key: {MASK}"),
    ("password: my hunter2, with blanks\nnext", f"password: {MASK}\nnext"),
    ("password == hunter2", f"password == {MASK}"),
    ("password＝hunter2", f"password＝{MASK}"),
    ("password=b'my hunter2'", f"password={MASK}"),
    ("auth=('svc', 'hunter2')", f"auth={MASK}"),
    ("auth: basic hunter2", f"auth: {MASK}"),
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
    ("squ_0123456789abcdef0123456789abcdef01234567", MASK),
    ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n", f"{MASK}\n"),
    ("-----BEGIN PRIVATE KEY-----\nhunter2", MASK),
    ("curl -sk -u me:hunter2 https://h/", f"curl -sk -u {MASK} https://h/"),
    ("curl -sSu me:hunter2 -u 'svc:my hunter2' h", f"curl -sSu {MASK} -u {MASK} h"),
    ("curl -ume:hunter2", f"curl -u{MASK}"),
    ('/usr/bin/curl --user "me:my hunter2" h', f"/usr/bin/curl --user {MASK} h"),
    ('curl -u "me:my hunter2', f"curl -u {MASK}"),
    ("curl h --proxy-user=:hunter2", f"curl h --proxy-user={MASK}"),
    ("curl -x p -U me:" + "hunter2" * 99 + " h", f"curl -x p -U {MASK} h"),
    # Connection strings, whose names are not a secret's.
    ("dsn=postgres://u:hunter2@h/db", f"dsn=postgres://{MASK}@h/db"),
    ("dsn: host=h user=u password=hunter2", f"dsn: host=h user=u password={MASK}"),
    ("AccountName=a;AccountKey=hunter2==;EndpointSuffix=x", f"AccountName=a;AccountKey={MASK};EndpointSuffix=x"),
    ("sas: sv=2020&sig=hunter2&se=1", f"sas: sv=2020&sig={MASK}&se=1"),
    # A 'pass' that is a password, whatever verdicts there are.
    ("login failed: pass=hunter2", f"login failed: pass={MASK}"),
    ("fail: 3, pass: [T1, hunter2]", f"fail: 3, pass: {MASK}"),
    ("partial: 3, user=svc, pass=hunter2", f"partial: 3, user=svc, pass={MASK}"),
    ("error: no such user; pass: hunter2", f"error: no such user; pass: {MASK}"),
    ('sent {"user": "svc", "pass": "hunter2"}', f'sent {{"user": "svc", "pass": {MASK}}}'),
]

HARMLESS_TEXTS = [
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
    # Results of verifications, as jobs report them.
    "pass: 12, partial: 3",
    "Pass: 12\nPartial: 3\nNone: 0",
    "Verified: pass: 12 (60 %), fail: 3 (15 %)",
    "pass=12 skipped=3",
    "12 tasks; pass: 12 / fail: 0 / n/a: 3",
    "pass: [T1, T2], fail: []",
    "pass: [1,2,3], fail: []",
    "pass: 1,5 %, fail: 3",
    'results {"pass": ["T1"], "fail": ["T2"]}',
    "pass: 12 - fail: 3",
    "T1 pass: verified by scan\nT2 fail: not verified\nT3 pass: ok",
    'no such status: task_status_mapping={"pass": "DONE"}',
    'sent {"task_status_mapping": "{\\"pass\\": \\"DONE\\"}", "n"',
    # Users without a password.
    "curl -u me: https://h:8443/ && docker run -u 1000:1000 image",
    "curl --user-agent=a:b --url https://h:8443/ -H Accept:text/plain",
    "chown -u svc:users file",
    # Names in texts.
    "organization_key=acme branch_key=main integration_key: 1",
    "login: svc-sde was refused",
    "PAT-12: fixed",
    "AUTH-12: created by svc",
    # Hosts whose first label sounds like a secret.
    "no answer from secrets.example.com:8200",
    "no answer from vault-keys.corp:8200: timeout",
    "https://token.example.com:443/x",
    "GET https://sso-auth:8443/x failed",
    "auth: basic, user: svc",
]

# The name that people see in a document of the vendor, or in the field, with a value as it may be there.
HARMLESS_VALUES: list[Any] = [
    *({"task_status_mapping": form(mapping)} for form in (dict, json.dumps) for mapping in (
        {"pass": "DONE"}, {"Pass": "DONE"}, {"PASS": "In Progress"}, {"pass": "DONE", "Blocked": "TODO"},
        {"pass": "A", "none": "B"}, {"pass": "TS1", "incomplete": "TS2"}, {"pass": "DONE", "Our own verdict": "TODO"},
    )),
    {"task_status_mapping": '{"pass": "DONE",}'},
    {"task_status_mapping": "{'pass': 'DONE', 'fail': 'TODO'}"},
    {"task_status_mapping": "pass:DONE"},
    {"task_status_mapping": "pass=In Progress, fail=TODO"},
    {"task_status_mapping": [{"pass": "DONE"}]},
    {"task_status_mapping": [{"name": "pass", "value": "DONE"}]},
    {"task_status_mapping": [["pass", "DONE"], ["fail", "TODO"]]},
    {"taskStatusMapping": {"pass": "DONE"}},
    {"alm_status_map": {"pass": "DONE"}},
    {"results": {"pass": 12, "partial": 3, "total": 15}},
    {"any": {"pass": "DONE", "Blocked": "TODO"}},
    {"any": ["Pass", "Blocked"]},
    {"task_status_mapping": "pass -> DONE, fail -> TODO"},
    {"task_status_pass": "DONE"},
    {"jira_pass_transition": "Close Issue"},
    {"results": "allowed are ['pass', 'fail']"},
    {"sde_verification_filter": ["pass", "fail"]},
    {"sde_tags_filter": "session:web"},
    {"sde_tags_filter": "session:web,auth:api;token:refresh"},
    {"sde_tags_filter": "session:web auth:api"},
    {"sde_tags_filter": ["session:web", "pci"]},
    {"sde_tags_filter": "authorization:web,cookie:web,csrf:web"},
    {"labels": ["auth", "pci"]},
    {"labels": ["password", "policy"]},
    {"labels": "session: web\ntoken: api"},
    {"any": ["auth", "pci"]},
    {"any": '["session", "web"]'},
    {"any": ["token", "Basic Auth"]},
    {"any": "one of ['auth', 'pci']"},
    {"alm_title_format": "Auth: $task_id $title"},
    {"alm_title_format": "[Security Key] ${task_id}: Password: ${title}"},
    {"alm_context": "auth: web, session: mobile"},
    {"alm_context": "Session: Web"},
    {"alm_context": "Authorization: Web"},
    {"alm_group_label": "Auth: pci"},
    {"alias": "Auth: Rally sync"},
    {"integration_key": 1},
    {"alm_custom_fields": {"Auth": "OAuth", "Security Key": "SEC-1", "session": "web", "token": "JWT"}},
    {"custom_fields": [{"name": "Auth", "value": "OAuth"}]},
    {"alm_custom_fields": "Auth: OAuth, Security Key: web"},
    {"auth": {"user": "svc", "team": "blue", "type": "basic", "mode": "ldap", "host": "a.example.com:8443",
              "port": 8443}},
    {"auth": {"url": "https://login.example.com/oauth/token", "user": "DOMAIN\\svc", "enabled": True}},
    {"auth": '{"user": "svc", "team": "blue"}'},
    {"credentials": [{"username": "svc@example.com"}]},
    *({"alm_server": f"{before}{host}{after}"}
      for before in ("", "https://")
      for host in ("secrets.example.com", "token.example.com", "pat.example.com", "password.example.com",
                   "vault-keys.corp", "cookie.example.com", "webhook.example.com", "pass.example.com",
                   "sso-auth", "cookie", "token")
      for after in ("", ":8200", ":443/x")),
    {"webhook_enabled": "true"},
    {"use_token": "true"},
    {"server": {"url": "https://secrets.example.com:443/a", "host": "secrets.example.com"}},
    {"alm_server": "https://jira.example.com/?m=a@b"},
    {"auth": {"host": "token.example.com:8443"}},
]  # a row for each case # fmt: skip

SECRET_VALUES: list[Any] = [
    # Before the host of a server.
    *(
        {name: value}
        for name in ("alm_server", "issue_tracker_server", "base_url", "host", "alm_context_root")
        for value in (
            "m.keller@example.com:hunter2@jira.example.com",
            "//svc:hunter2@j",
            "https:/svc:hunter2@j",
            "https:////svc:hunter2@j",
            "svc:hun/hunter2@j",
            "svc:a,hunter2@j",
            "svc:a;hunter2@j",
            ":hunter2@j",
            "owner:hunter2@j",
            "contact:hunter2@j",
            "by:hunter2@j",
            "to:hunter2@j",
            "from:hunter2@j",
            "svc%3Ahunter2%40j",
            "https://svc:a hunter2@j",
            'https://svc:a"hunter2@j',
            "https://svc:a<hunter2@j",
            "https://svc:12/hunter2@j",
            "//svc:hunter2@x/y",
            "h/svc:hunter2@x",
            "https://h:443/svc:hunter2%40x/y",
            "https:\\/\\/svc:hunter2@j",
            "https://svc:a?hunter2@j",
            "https://svc:a#hunter2@j",
            "h.example.com/svc:hunter2@x",
            "hunter2@j",
        )
    ),
    # Names, not hosts.
    {"any": "token:82hunter2"},
    {"any": "alm.password:82/hunter2"},
    {"any": "password:82/hunter2"},
    # Next to their name.
    {"type": "password", "value": "hunter2"},
    {"name": "passwd", "value": "hunter2"},
    {"fieldName": "password", "fieldValue": "hunter2"},
    {"variable": "password", "value": "hunter2"},
    {"parameterName": "password", "value": "hunter2"},
    {"propertyName": "password", "value": "hunter2"},
    {"name": "Password (API)", "value": "hunter2"},
    {"name": "password:", "value": "hunter2"},
    {"@name": "password", "#text": "hunter2"},
    {"headerName": "X-Api-Key", "headerValue": "hunter2"},
    {"name": "password", "values": ["hunter2"]},
    {"k": "token", "v": "hunter2"},
    ["password", "hunter2"],
    ["auth", "hunter2"],
    ["tool", "--password", "hunter2", "-v"],
    ["tool", "--session", "hunter2"],
    {"https://x-access-token:hunter2@git.example.com/": 5},
    {"https://u:hunter2@h/": {"password": "x"}},
    {"token=hunter2": 1},
    # Where statuses are documented.
    {"task_status_mapping": {"pass": "DONE", "password": "hunter2"}},
    {"task_status_mapping": {"pass": "hunter2", "user": "svc"}},
    {"task_status_mapping": '{"pass": "hunter2", "login": "svc"}'},
    {"task_status_mapping": {"pass": {"password": "hunter2"}}},
    {"task_status_mapping": {"pass": "https://u:hunter2@h/"}},
    {"task_status_mapping": {"server": {"pass": "hunter2"}}},
    {"task_status_mapping": "user=svc pass=hunter2"},
    {"task_status_mapping": '{"user": "svc", "pass": "hunter2",}'},
    {"any": {"pass": "hunter2"}},
    {"any": {"pass": "hunter2", "user": "fail"}},
    # Where words are documented.
    {"sde_tags_filter": "token=hunter2"},
    {"sde_tags_filter": "password:hunter2"},
    {"sde_tags_filter": "session:web hunter2"},
    {"sde_tags_filter": ["password=hunter2"]},
    {"alm_title_format": "https://u:hunter2@h/ $title"},
    {"alm_context": "password: my hunter2"},
    {"alm_context": "Cookie: LWSSO=abc; QCSession=hunter2"},
    {"alm_context": "Authorization: Basic hunter2"},
    {"any": "one of ['dbpass', 'hunter2']"},
    {"alm_context": {"password": "hunter2"}},
    {"labels": ["password", "hunter2"]},
    {"alias": "password: hunter2"},
    {"custom_fields": {"token": "hunter2"}},
    {"custom_fields": {"auth": {"any": "hunter2"}}},
    {"custom_fields": [{"name": "password", "value": "hunter2"}]},
    # In what a secret's name holds.
    {"auth": {"user": "svc", "password": "hunter2"}},
    {"auth": {"any": "hunter2"}},
    {"auth": {"value": "hunter2"}},
    {"auth": {"description": "hunter2"}},
    {"auth": {"login": "hunter2"}},
    {"auth": {"user": "svc:hunter2"}},
    {"auth": {"user": "svc/hunter2"}},
    {"auth": {"user": ["svc", "hunter2"]}},
    {"auth": {"user": {"any": "hunter2"}}},
    {"auth": {"user": '{"password": "hunter2"}'}},
    {"auth": {"user": "-----BEGIN PRIVATE KEY-----\nhunter2"}},
    {"auth": {"url": "https://svc:hunter2@h/"}},
    {"auth": {"url": "https://h/?any=hunter2"}},
    {"auth": {"url": "https://hooks.example.com/services/hunter2aaaaaaaaaaa1"}},
    {"auth": {"scheme": "basic hunter2=="}},
    {"auth": {"webhook": {"url": "https://hooks.example.com/hunter2"}}},
    {"slack_webhook": {"url": "https://hooks.example.com/hunter2"}},
    {"auth": {"headers": [{"name": "X", "value": "hunter2"}]}},
    {"auth": [{"key": "user", "value": "hunter2"}]},
    {"auth": [["password", "hunter2"]]},
    {"auth": ["user", "hunter2"]},
    {"tokens": {"hunter2": True}},
    {"tokens": {"any": {"hunter2": 1}}},
    {"auth": '{"any": "{\\"password\\": \\"hunter2\\"}"}'},
    {"auth": '["hunter2"]'},
    {"password": '{"hunter2": 1}'},
    {"password": '"hunter2"'},
    {"AUTH": {"Any": "hunter2"}},
    {"integration_key": ["0123456789abcdef0123hunter2"]},
    # Where a plain word is a secret, too.
    ["password", "swordfish"],
    ["--token", "swordfish"],
    {"alm_context": "password: swordfish"},
    {"alias": "api_key: swordfish"},
    {"any": "session: swordfish"},
    {"any": "session=swordfish"},
    {"any": {"session": "swordfish"}},
    {"any": [{"name": "session", "value": "swordfish"}]},
    {"custom_fields": {"password": "swordfish"}},
    {"custom_fields": {"any": {"token": "swordfish"}}},
    {"any": "error: no such user; pass: swordfish"},
    {"any": "login failed: pass: swordfish"},
    {"any": {"pass": "swordfish", "error": "none"}},
    {"sde_application": {"token": "swordfish"}},
    {"any": {"pass": "swordfish"}},
]


# A known secret, and a message of a job that repeats a part of it, or writes it in another way.
REPEATED = [
    ("svc:hunter2", "svc / hunter2 refused"),
    ("m.keller@example.com:hunter2", "hunter2 is wrong"),
    ("svc%3Ahunter2", "hunter2 is wrong"),
    ("Basic hunter2==", "hunter2== is wrong"),
    ("hunter2, retries 3", "hunter2 is wrong"),
    ("JSESSIONID=hunter2; Path=/", "hunter2 is wrong"),
    ("LWSSO=abc; QCSession=hunter2", "hunter2 is wrong"),
    ("https://hooks.example.com/services/T1/hunter2", "POST /services/T1/hunter2 failed"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEhunter2aaaaaaa\n-----END PRIVATE KEY-----", "line MIIEhunter2aaaaaaa"),
    ("hunter2 ", "hunter2 is wrong"),
    ("hunter2\n", "hunter2 is wrong"),
    ("my hunter2", "my+hunter2 is wrong"),
    ("a/hunter2!", "a/hunter2%21 is wrong"),
    ("a/hunter2", "a%2fhunter2 is wrong"),
    ("a'hunter2", "a&#39;hunter2 is wrong"),
    ("a'hunter2", "a&apos;hunter2 is wrong"),
    ("a'hunter2", "a\\'hunter2 is wrong"),
]

# A known secret, and a message that has only harmless words of it.
NOT_REPEATED = [
    ("svc-sde:hunter2", "svc-sde was refused"),
    ("correct horse battery", "the battery is correct"),
    ("Basic hunter2==", "Basic authentication failed"),
    ("hunter2, retries 3", "retries 3"),
    ("JSESSIONID=hunter2; Path=/reports", "JSESSIONID is missing in /reports"),
    ("https://hooks.example.com/services/T1/hunter2", "hooks.example.com has no services"),
    ("user:done", "not done"),
]


class Decision(NamedTuple):
    """Whether a name with this value holds a secret, and why."""

    name: str
    value: str
    is_secret: bool
    reason: str | None  # none for the parameters, whose source says so


def decisions() -> list[Decision]:
    """The parameters that public sources name, and names from the field that were decided one by one."""
    rows = []
    for path in (FOLDER / "parameters.csv", FOLDER / "decided_names.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [
                Decision(row["name"], row["value"], row["secret"] == "yes", row.get("reason"))
                for row in csv.DictReader(file)
            ]
    return rows


def secrets() -> list[tuple[Any, str]]:
    """All values that hold a secret, each with it."""
    texts = [({"text": text}, _secret_of(text, clean)) for text, clean in SECRET_TEXTS]
    names = [({name: SECRET}, SECRET) for name in SECRET_NAMES]
    decided = [({one.name: one.value}, one.value) for one in decisions() if one.is_secret]
    return [*texts, *names, *decided, *((value, secret_in(value)) for value in SECRET_VALUES)]


def harmless() -> list[Any]:
    """All values that hold none."""
    decided = [{one.name: one.value} for one in decisions() if not one.is_secret]
    return [
        *({"text": text} for text in HARMLESS_TEXTS),
        *({name: "web"} for name in LOOK_ALIKES),
        *decided,
        *HARMLESS_VALUES,
    ]


def secret_in(value: Any) -> str:
    return SECRET if SECRET in str(value) else PLAIN_SECRET


def _secret_of(text: str, clean: str) -> str:
    """The part of the text that is masked."""
    before, after = clean.split(MASK, 1)
    return text[len(before) : len(text) - len(after)]


def misjudged(redact: Callable[[Any], tuple[Any, list]]) -> tuple[list[Any], list[Any]]:
    """Values whose secret is shown, and harmless values that are masked."""
    shown = [value for value, secret in secrets() if secret in json.dumps(redact(value)[0], ensure_ascii=False)]
    return shown, [value for value in harmless() if redact(value)[0] != value]


def main(path: str = str(ROOT / "plugins" / "module_utils" / "_redact.py")) -> None:
    spec = importlib.util.spec_from_file_location("redact_under_test", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shown, masked = misjudged(module.redact)
    print(
        f"secrets shown: {len(shown)} of {len(secrets())}; harmless values masked: {len(masked)} of {len(harmless())}"
    )
    for value in [*shown, *masked]:
        print(" ", json.dumps(value, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
