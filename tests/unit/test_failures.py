# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways, certificates, CA files and proxies: each failure names its true cause, over real sockets."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._http import Client
from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import parse_server
from tests import conftest
from tests.certificates import Certificate, authority, certificate
from tests.support import TOKEN, canned_server, connections, failure_of, nowhere, validated

EMPTY_LIST = b'{"results": []}'
PAGE = b"<!DOCTYPE html><html><title>Request Rejected</title><p>Support ID: 4711</p></html>"

# ---------------------------------------------------------------------------------------------------------------
# Gateways


@pytest.mark.parametrize(
    "status, body, challenge, kind, said",
    [
        (403, PAGE, None, "gateway", "403: an HTML page instead of JSON"),
        (401, PAGE, None, "gateway", "401: an HTML page instead of JSON"),
        (401, PAGE, "Token", "gateway", "401: an HTML page instead of JSON"),
        (403, b"<Error><Code>AccessDenied</Code></Error>", None, "gateway", "403: XML instead of JSON"),
        (403, b"error code: 1020", None, "gateway", "403: plain text instead of JSON"),
        (401, b"", "Negotiate, NTLM", "gateway", "401: it requires Negotiate authentication instead of a token"),
        (401, b'{"error": "login"}', 'Bearer realm="token", error="x"', "gateway", "it requires Bearer authentication"),
        (401, b"", 'Basic realm="corporate proxy"', "gateway", "it requires Basic authentication"),
        (401, b"", TOKEN, "gateway", "it requires ******** authentication instead of a token"),
        (401, b'{"detail": "Invalid token."}', "Token", "authentication", "401: Invalid token"),
        (401, b'{"detail": "Invalid token."}', 'Basic realm="x", Token', "authentication", "401: Invalid token"),
        (401, b'{"detail": "Invalid token."}', 'Basic realm="api"', "authentication", "401: Invalid token"),
        (401, b'{"detail": "Invalid token."}', None, "authentication", "401: Invalid token"),
        (401, b"", None, "authentication", "returned 401. Check api_token"),
        (403, b'{"detail": "You do not have permission."}', None, "permission", "403: You do not have permission"),
        (403, b'{"message": "Forbidden"}', None, "permission", "403: message: Forbidden"),
    ],
)
def test_refusal_names_server_or_gateway(status, body, challenge, kind, said):
    with canned_server(body, status, **({"WWW-Authenticate": challenge} if challenge else {})) as server:
        failure = failure_of(server)
    assert (failure.kind, failure.status) == (kind, status)
    assert said in str(failure) and "4711" not in str(failure)
    assert ("the token is not the cause" in str(failure)) == (kind == "gateway")


# ---------------------------------------------------------------------------------------------------------------
# Certificates

STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
OLDER, NEWER = "up to Python 3.12", "from Python 3.13 on"
ROOT = authority("root")
INTERMEDIATE = authority("intermediate", ROOT)
OTHER = authority("other")


@pytest.fixture
def verify_as(monkeypatch):
    """Verify certificates as older or newer Pythons do: they differ in these flags. The default is the running one."""
    create = urllib3.connection.create_urllib3_context

    def choose(python: str) -> None:
        def created(*args, **options) -> ssl.SSLContext:
            context = create(*args, **options)
            context.verify_flags = context.verify_flags | STRICT if python == NEWER else context.verify_flags & ~STRICT
            return context

        monkeypatch.setattr(urllib3.connection, "create_urllib3_context", created)

    return choose


@contextlib.contextmanager
def tls_server(folder, shown: Certificate, *chain: Certificate):
    with canned_server(EMPTY_LIST, tls=shown.server_context(folder, *chain)) as server:
        yield server


def pem_file(folder, *parts: Certificate | bytes) -> str:
    file = folder / "ca.pem"
    file.write_bytes(b"".join(part.pem if isinstance(part, Certificate) else part for part in parts))
    return str(file)


def without(extension: type) -> dict:
    return {"without": (extension,)}


# The certificates of the server and in ca_path, the Pythons that refuse them, the problem, the advice.
CERTIFICATES = {
    "another CA": (
        [certificate(ROOT)],
        (OTHER,),
        (OLDER, NEWER),
        "the CA that issued the server's certificate is not in ca_path (unable to get local issuer certificate)",
        (
            "Add the missing certificate (PEM) to ca_path. If it already contains the root CA, ask the server's "
            "administrator to send the intermediate certificate."
        ),
    ),
    "intermediate that is not sent": (
        [certificate(INTERMEDIATE)],
        (ROOT,),
        (OLDER, NEWER),
        "the CA that issued the server's certificate is not in ca_path (unable to get local issuer certificate)",
        "ask the server's administrator to send the intermediate certificate",
    ),
    "another root": (
        [certificate(INTERMEDIATE), INTERMEDIATE, ROOT],
        (OTHER,),
        (OLDER, NEWER),
        "the root CA of the server's certificate is not in ca_path (self-signed certificate in certificate chain)",
        "Add the missing certificate (PEM) to ca_path.",
    ),
    "self-signed": (
        [certificate()],
        (OTHER,),
        (OLDER, NEWER),
        "the server's certificate is self-signed and not in ca_path (self-signed certificate)",
        "Add the missing certificate (PEM) to ca_path.",
    ),
    "intermediate without root": (
        [certificate(INTERMEDIATE), INTERMEDIATE],
        (INTERMEDIATE,),
        (OLDER,),
        ("ca_path contains the certificate of an intermediate CA, but not of its root CA (unable to get issuer"),
        "Add the missing certificate (PEM) to ca_path.",
    ),
    "another host name": (
        [certificate(ROOT, name=x509.DNSName("sde.example.com"))],
        (ROOT,),
        (OLDER, NEWER),
        (
            "the server's certificate does not match the host name in url (IP address mismatch, "
            "certificate is not valid"
            " for '127.0.0.1')"
        ),
        "Use a host name of the certificate in url, or ask the server's administrator for a certificate",
    ),
    "no alternative name": (
        [certificate(ROOT, **without(x509.SubjectAlternativeName))],
        (ROOT,),
        (OLDER, NEWER),
        "the server's certificate does not match the host name in url",
        "(as a Subject Alternative Name)",
    ),
    "expired": (
        [certificate(ROOT, days=(-10, -1))],
        (ROOT,),
        (OLDER, NEWER),
        "the server's certificate, or an intermediate one, has expired (certificate has expired)",
        "Ask the server's administrator to renew it.",
    ),
    "expired CA": (
        [certificate(old := authority("old", days=(-10, -1)))],
        (old,),
        (OLDER, NEWER),
        "the CA's certificate in ca_path has expired (certificate has expired)",
        "Ask the administrator of that CA to renew it, and replace it in ca_path.",
    ),
    "expired, next to an expired CA": (
        [certificate(ROOT, days=(-10, -1))],
        (old, ROOT),
        (OLDER, NEWER),
        "a certificate in the server's chain has expired (certificate has expired)",
        "Ask the administrator of the server, or of that CA, to renew it.",
    ),
    "not valid yet": (
        [certificate(ROOT, days=(5, 10))],
        (ROOT,),
        (OLDER, NEWER),
        "a certificate in the server's chain is not valid yet (certificate is not yet valid)",
        "Check the clock of the host that runs the task.",
    ),
    "for clients only": (
        [certificate(ROOT, usage=x509.ExtendedKeyUsageOID.CLIENT_AUTH)],
        (ROOT,),
        (OLDER, NEWER),
        "the server's certificate is not a server certificate (",
        "Ask the server's administrator to renew it with the Extended Key Usage serverAuth.",
    ),
    "issued by no CA": (
        [certificate(no_ca := certificate(ROOT)), no_ca],
        (ROOT,),
        (OLDER, NEWER),
        "a certificate in the server's chain is not a CA certificate (invalid CA certificate)",
        "Ask the administrator of that CA to renew it with the Basic Constraints CA:TRUE.",
    ),
    "no authority key identifier": (
        [certificate(ROOT, **without(x509.AuthorityKeyIdentifier))],
        (ROOT,),
        (NEWER,),
        (
            "the server's certificate, or an intermediate one, violates a rule that Python enforces from "
            "3.13 on (Missing Authority"
            " Key Identifier)"
        ),
        "Ask the server's administrator to renew it; ca_path is not the cause. Python 3.12 does not enforce the rule.",
    ),
    "intermediate without authority key identifier": (
        [certificate(bare := authority("bare", ROOT, **without(x509.AuthorityKeyIdentifier))), bare],
        (ROOT,),
        (NEWER,),
        (
            "the server's certificate, or an intermediate one, violates a rule that Python enforces from "
            "3.13 on (Missing Authority"
            " Key Identifier)"
        ),
        "Ask the server's administrator to renew it; ca_path is not the cause.",
    ),
    "basic constraints of the root are not critical": (
        [certificate(lax := authority("lax", is_critical=False))],
        (lax,),
        (NEWER,),
        (
            "a CA certificate in the server's chain violates a rule that Python enforces from 3.13 on "
            "(Basic Constraints of CA"
            " cert not marked critical)"
        ),
        (
            "Ask the administrator of that CA to renew it, and replace it in ca_path. "
            "Python 3.12 does not enforce the rule."
        ),
    ),
    "CA without subject key identifier": (
        [certificate(no_id := authority("no id", **without(x509.SubjectKeyIdentifier)))],
        (no_id,),
        (NEWER,),
        "a CA certificate in the server's chain violates a rule that Python enforces from 3.13 on (Missing Subject Key",
        "Ask the administrator of that CA to renew it",
    ),
    "CA without key usage": (
        [certificate(no_usage := authority("no usage", **without(x509.KeyUsage)))],
        (no_usage,),
        (NEWER,),
        "violates a rule that Python enforces from 3.13 on (CA cert does not include key usage extension)",
        "Ask the administrator of that CA to renew it",
    ),
}


@pytest.mark.parametrize("python", [OLDER, NEWER])
@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificate_failure_names_cause(tmp_path, verify_as, case, python):
    shown, trusted, refused_by, problem, advice = CERTIFICATES[case]
    verify_as(python)
    with tls_server(tmp_path, *shown) as server:
        options = {"ca_path": pem_file(tmp_path, *trusted)}
        if python not in refused_by:
            assert connections(server, **options) == []
            return
        failure = failure_of(server, **options)
    assert failure.kind == "tls"
    assert problem in str(failure)
    assert advice in str(failure) and "Set ca_path" not in str(failure)


@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificate_failure_on_running_python(tmp_path, case):
    shown, trusted, refused_by, problem, _advice = CERTIFICATES[case]
    with tls_server(tmp_path, *shown) as server:
        options = {"ca_path": pem_file(tmp_path, *trusted)}
        if (NEWER if sys.version_info >= (3, 13) else OLDER) in refused_by:
            assert problem in str(failure_of(server, **options))
        else:
            assert connections(server, **options) == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_hint_at_ignored_environment_variable(monkeypatch, tmp_path, name):
    with tls_server(tmp_path, certificate(ROOT)) as server:
        assert "Set ca_path to a file with the missing certificate (PEM)." in str(failure_of(server))
        monkeypatch.setenv(name, pem_file(tmp_path, ROOT))
        hint = f"{name} is set, but the Python library requests ignores it: set ca_path to the same path."
        assert hint in str(failure_of(server))
        assert hint not in str(failure_of(server, ca_path=pem_file(tmp_path, OTHER)))


def failure_beyond_loopback(server) -> str:
    """The failure where requests obeys the environment, as it does not for a loopback address."""
    options = parse_server(validated(url=server.url, api_token=server.token, retries=0))
    with pytest.raises(SDElementsError) as raised:
        Client(options._replace(on_loopback=False)).get("connections/alm/")
    assert raised.value.kind == "tls"
    return str(raised.value)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_invalid_ca_bundle_in_environment(monkeypatch, tmp_path, name):
    with tls_server(tmp_path, certificate(ROOT)) as server:
        assert "is not in the CA bundle of the Python library requests (" in failure_beyond_loopback(server)
        monkeypatch.setenv(name, pem_file(tmp_path, OTHER))
        assert f"the CA that issued the server's certificate is not in {name} (" in failure_beyond_loopback(server)
        assert f"is not in {name}" not in str(failure_of(server))
        for content in (b"no certificate", OTHER.pem[:-60]):
            pem_file(tmp_path, content)
            assert "does not contain a certificate. Correct or unset the variable." in failure_beyond_loopback(server)
        monkeypatch.setenv(name, "/no/such/file.pem")
        assert "does not exist. Correct or unset the variable." in failure_beyond_loopback(server)


# ---------------------------------------------------------------------------------------------------------------
# Files of CA certificates

PEM, DER = ROOT.pem, ROOT.public.public_bytes(serialization.Encoding.DER)
FRAME = [f"-----{edge} CERTIFICATE-----".encode() for edge in ("BEGIN", "END")]
LINES = PEM.splitlines(keepends=True)
BODY = b"".join(LINES[1:-1])
REQUEST = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(ROOT.public.subject)
    .sign(ROOT.private, hashes.SHA256())
    .public_bytes(serialization.Encoding.PEM)
)

GOOD_FILES = {
    "one": PEM,
    "several": OTHER.pem + PEM,
    "the same twice": PEM + PEM,
    "text of openssl x509 -text": b"Certificate:\n    Data:\n        Version: 3 (0x2)\n" + PEM + b"\n# our root\n",
    "comments between": b"# other -----\n" + OTHER.pem + b"\n\n# root\n" + PEM,
    "CRLF": PEM.replace(b"\n", b"\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + PEM,
    "no line break at the end": PEM.rstrip(),
    "blanks at the ends of lines": PEM.replace(b"\n", b" \n"),
    "trusted certificate": PEM.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
    "with its key": ROOT.key + PEM,
    "body in one line": b"\n".join([FRAME[0], BODY.replace(b"\n", b""), FRAME[1], b""]),
}

WRONG_FILES = {
    "DER": (DER, "is a DER file, not a PEM file", "openssl x509 -inform der"),
    "PKCS #7": (
        pkcs7.serialize_certificates([ROOT.public], serialization.Encoding.PEM),
        "is a PKCS #7 file, not a PEM file",
        "openssl pkcs7 -print_certs",
    ),
    "PKCS #7, binary": (
        pkcs7.serialize_certificates([ROOT.public], serialization.Encoding.DER),
        "is a PKCS #7 file, not a PEM file",
        "with -inform der",
    ),
    "UTF-16": (PEM.decode().encode("utf-16"), "is UTF-16 text", "Save it as UTF-8."),
    "UTF-16 without mark": (PEM.decode().encode("utf-16-le"), "is UTF-16 text", "Save it as UTF-8."),
    "key": (ROOT.key, "contains a private key instead of a certificate", "Use the file with the CA's certificate."),
    "request": (
        REQUEST,
        "contains a certificate request instead of a certificate",
        "Use the file with the CA's certificate.",
    ),
    "cut off": (PEM[:-200], "contains a truncated or damaged certificate", "Copy the whole file again."),
    "second cut off": (
        PEM + OTHER.pem[:-10],
        "contains a truncated or damaged certificate",
        "Copy the whole file again.",
    ),
    "damaged": (PEM[:100] + b"!!!!" + PEM[104:], "contains a truncated or damaged certificate", "Copy the whole file"),
    "indented": (
        b"".join(b"    " + line for line in LINES),
        "contains an indented certificate",
        "Remove the indentation",
    ),
    "second indented": (
        PEM + b"".join(b"\t" + line for line in LINES),
        "contains an indented certificate",
        "Remove the indentation",
    ),
    "base64": (
        BODY,
        "contains Base64 without BEGIN and END lines",
        "Add the line -----BEGIN CERTIFICATE----- before it",
    ),
    "base64 in one line": (base64.b64encode(DER), "contains Base64 without BEGIN and END lines", "Add the line"),
    "backslash n": (PEM.replace(b"\n", b"\\n"), "has other text on a BEGIN or END line", "a line break"),
    "one line": (PEM.replace(b"\n", b" "), "has other text on a BEGIN or END line", "a line break"),
    "joined": (PEM.rstrip() + OTHER.pem, "has other text on a BEGIN or END line", "a line break"),
    "quoted": (b'"' + PEM + b'"', "has other text on a BEGIN or END line", "a line break"),
    "HTML": (PAGE, "does not contain a PEM certificate", "Use the file with the CA's certificate"),
    "binary": (b"\xfe\xed\xfe\xed\0\0\0\2", "does not contain a PEM certificate", "Use the file"),
    "blank": (b" \n", "does not contain a PEM certificate", "Use the file"),
    "revoked ones only": (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ROOT.public.subject)
        .last_update(ROOT.public.not_valid_before_utc)
        .next_update(ROOT.public.not_valid_after_utc)
        .sign(ROOT.private, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM),
        "does not contain a PEM certificate",
        "Use the file",
    ),
}


@pytest.mark.parametrize("case", GOOD_FILES)
def test_ca_file(tmp_path, case):
    with tls_server(tmp_path, certificate(ROOT)) as server:
        assert connections(server, ca_path=pem_file(tmp_path, GOOD_FILES[case])) == []


@pytest.mark.parametrize("case", WRONG_FILES)
def test_invalid_ca_file(tmp_path, case):
    content, problem, advice = WRONG_FILES[case]
    file = pem_file(tmp_path, content)
    with canned_server(EMPTY_LIST) as server:
        failure = failure_of(server, ca_path=file)
    assert failure.kind == "option" and not server.asked
    assert str(failure).startswith(f"ca_path: {file!r} {problem}. ")
    assert advice in str(failure)


def test_ca_file_is_not_read_without_verification(tmp_path):
    with tls_server(tmp_path, certificate(ROOT)) as server:
        assert connections(server, ca_path=pem_file(tmp_path, b"nothing"), validate_certs=False) == []


def test_ca_folder(tmp_path):
    folder = tmp_path / "authorities"
    folder.mkdir()
    (folder / "root.pem").write_bytes(PEM)
    with tls_server(tmp_path, certificate(ROOT)) as server:
        failure = failure_of(server, ca_path=str(folder))
        assert failure.kind == "option" and not server.asked
        assert "is a directory without the hashed names that OpenSSL requires. Run 'openssl rehash'" in str(failure)
        subprocess.run(["openssl", "rehash", folder], check=True)
        assert connections(server, ca_path=str(folder)) == []
        # A link without its file does not help.
        (folder / "root.pem").unlink()
        assert failure_of(server, ca_path=str(folder)).kind == "option"


# ---------------------------------------------------------------------------------------------------------------
# Proxies

SERVER = nowhere("https://sde.example.com")


@contextlib.contextmanager
def proxy_that_says(answer: bytes, tls: ssl.SSLContext | None = None):
    """The port of a proxy that has the same answer to everything."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = listener.accept()
                with client, contextlib.suppress(OSError):
                    stream = tls.wrap_socket(client, server_side=True) if tls else client
                    stream.recv(4096)
                    stream.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def proxy_failure(monkeypatch, proxy: str, variable: str = "HTTPS_PROXY", server=SERVER, **options) -> SDElementsError:
    monkeypatch.setenv(variable, proxy)
    failure = failure_of(server, **options)
    assert failure.kind == "proxy"
    assert "hunter2" not in json.dumps(failure.as_failure()) and "ALL_PROXY" in str(failure)
    return failure


@pytest.mark.parametrize(
    "proxy, problem, advice",
    [
        ("http://me:hunter2@127.0.0.1:9", "the proxy refused the connection", "Check HTTPS_PROXY"),
        ("127.0.0.1:9", "the proxy refused the connection", "Check HTTPS_PROXY"),
        ("http://me:hunter2@proxy.invalid:3128", "the proxy's name cannot be resolved", "Check HTTPS_PROXY"),
        (
            "http://me:hunter2@127.0.0.1:x",
            "the proxy's address has an invalid host or port",
            "Write it as http://",
        ),
        ("http://127.0.0.1:99999", "the proxy's address has an invalid host or port", "Write it as http://"),
        (
            "http://me:hun/ter2@127.0.0.1:9",
            "the proxy's address has an invalid host or port",
            "percent-encoded",
        ),
        ("proxy:3128", "the proxy's address lacks http:// or a host name", "Write it as http://host:port"),
        ("me:hunter2@proxy:3128", "the proxy's address lacks http:// or a host name", "Write it as http://host:port"),
        ("http://", "the proxy's address lacks http:// or a host name", "Write it as http://host:port"),
        ("ftp://proxy:3128", "the proxy's address lacks http:// or a host name", "Write it as http://host:port"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_unreachable_proxy(monkeypatch, variable, proxy, problem, advice):
    failure = proxy_failure(monkeypatch, proxy, variable)
    assert f"failed: {problem}. " in str(failure) and advice in str(failure)


@pytest.mark.parametrize(
    "status, problem, advice",
    [
        (407, "the proxy requires a user name and a password (407)", "http://user:password@host:port"),
        (403, "the proxy refused to connect to the server (403)", "Ask the proxy's administrator"),
        (502, "the proxy refused to connect to the server (502)", "Ask the proxy's administrator"),
    ],
)
def test_proxy_refusal(monkeypatch, status, problem, advice):
    with proxy_that_says(f"HTTP/1.1 {status} hunter2\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        failure = proxy_failure(monkeypatch, f"http://me:hunter2@127.0.0.1:{port}")
    assert f"failed: {problem}. " in str(failure) and advice in str(failure)


def test_plain_http_proxy_needs_password(monkeypatch):
    """Without a tunnel, what the proxy answers looks like an answer of the server."""
    with proxy_that_says(b"HTTP/1.1 407 Login\r\nContent-Length: 7\r\n\r\n<html/>") as port:
        server = nowhere("http://sde.example.com")
        failure = proxy_failure(monkeypatch, f"http://127.0.0.1:{port}", "HTTP_PROXY", server, allow_http=True)
    assert "returned 407: the proxy requires a user name and a password. Add them to" in str(failure)
    assert failure.status == 407


def test_proxy_without_tls(monkeypatch):
    with proxy_that_says(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        failure = proxy_failure(monkeypatch, f"https://me:hunter2@127.0.0.1:{port}")
    assert "the proxy does not use TLS. Begin the proxy's address with http:// instead of https://." in str(failure)


def test_proxy_with_an_untrusted_certificate(monkeypatch, tmp_path):
    with proxy_that_says(b"", certificate().server_context(tmp_path)) as port:
        failure = proxy_failure(monkeypatch, f"https://me:hunter2@127.0.0.1:{port}")
    assert "the proxy's certificate is not trusted (self-signed certificate). Begin the proxy's address" in str(failure)


SOCKS = """
import sys
sys.modules["socks"] = None  # whether PySocks is installed or not, it cannot be imported
from ansible_collections.securitycompass.sdelements.plugins.module_utils._http import Client
from ansible_collections.securitycompass.sdelements.plugins.module_utils._errors import SDElementsError
from ansible_collections.securitycompass.sdelements.plugins.module_utils._server import parse_server
options = dict.fromkeys(("ca_path", "client_cert", "client_key"))
numbers = {"timeout": 1, "deadline": 9, "retries": 0}
try:
    Client(parse_server({
        "url": "https://sde.example.com", "api_token": "t0ken", "validate_certs": True, **options, **numbers
    })).get("connections/alm/")
except SDElementsError as exc:
    print(exc.kind, exc)
"""


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_socks_proxy_without_library(monkeypatch, variable, scheme):
    monkeypatch.setenv(variable, f"{scheme}://me:hunter2@127.0.0.1:9")
    monkeypatch.setenv("PYTHONPATH", str(conftest.ROOT / "collections"))
    said = subprocess.run([sys.executable, "-c", SOCKS], capture_output=True, text=True, check=True).stdout
    assert said.startswith("proxy GET https://sde.example.com/api/v2/connections/alm/ failed: a SOCKS proxy requires")
    assert f"requires the Python library PySocks. Run: {sys.executable} -m pip install PySocks." in said
    assert "ALL_PROXY" in said and "hunter2" not in said
