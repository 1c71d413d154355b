# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: validate the files of certificates and keys before any request.

requests loads them when it connects, and OpenSSL's messages mention neither the file nor the fix.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from pathlib import Path
from typing import Any

from ._errors import OptionError


def verify_from(params: dict[str, Any]) -> bool | str:
    """Return whether to verify the server's certificate, or the file or directory of the CAs that verify it."""
    path: str | None = params["ca_path"]
    if not params["validate_certs"]:
        return False
    if path and os.path.isdir(path):  # noqa: PTH112 (Path.is_dir fails where a name is too long)
        _check_ca_folder(path)
        return path
    # AWX writes an empty file for a credential field that was left blank.
    file = _readable_file("ca_path", path)
    if not file or Path(file).stat().st_size == 0:
        return True
    _check_ca_file(file)
    return file


def client_certificate_from(params: dict[str, Any]) -> str | tuple[str, str] | None:
    """Return the file with the client certificate, or this file and the one with its key."""
    cert = _readable_file("client_cert", params["client_cert"])
    key = _readable_file("client_key", params["client_key"])
    if key and not cert:
        raise OptionError("client_key is set without client_cert.", "Set both, or set client_cert to a file with both.")
    if cert:
        _check_client_certificate(cert, key)
    return (cert, key) if cert and key else cert


def _readable_file(name: str, path: str | None) -> str | None:
    if not path:
        return None
    if "\n" in path or "-----BEGIN" in path:
        raise _content_error(name)
    if not os.path.isfile(path) or not os.access(path, os.R_OK):  # noqa: PTH113 (see above)
        if _BASE64.fullmatch(path):
            raise _content_error(name)
        raise OptionError(f"{name}: {path!r} is not a readable file on the host that runs the task.")
    return path


# The smallest keys have about 50 characters. File names of this length usually contain a dot or a slash.
_BASE64 = re.compile(r"[A-Za-z0-9+=\s\\][A-Za-z0-9+/=\s\\]{39,}")


def _content_error(name: str) -> OptionError:
    return OptionError(f"{name} contains the content of a file instead of its path.", "Set it to the path of the file.")


def _check_client_certificate(cert: str, key: str | None) -> None:
    """Load it now, with an empty passphrase: OpenSSL would prompt for one later."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password="")
    except (OSError, ValueError):
        raise OptionError(
            "client_cert and client_key are not a certificate and its private key, or the key is encrypted.",
            "Use PEM files, and a key without a passphrase.",
        ) from None


def _check_ca_folder(path: str) -> None:
    """OpenSSL finds a CA by the name of its file, and ignores all other files."""
    try:
        hashed = [file for file in Path(path).iterdir() if re.fullmatch(r"[0-9a-f]{8}\.\d+", file.name)]
    except OSError:
        raise OptionError(f"ca_path: {path!r} is a directory that cannot be read.") from None
    if not any(file.is_file() for file in hashed):
        raise OptionError(
            f"ca_path: {path!r} is a directory without the hashed names that OpenSSL requires.",
            "Run 'openssl rehash' on it, or use one file with all certificates.",
        )


def _check_ca_file(path: str) -> None:
    content = Path(path).read_bytes()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with contextlib.suppress(OSError):
        context.load_verify_locations(path)
    # OpenSSL loads the certificates that it can read, and ignores an indented one without an error.
    if context.cert_store_stats()["x509"] and not re.search(_INDENTED, content):
        return
    what, advice = next(found for pattern, found in _WRONG_CONTENT.items() if re.search(pattern, content))
    raise OptionError(f"ca_path: {path!r} {what}.", advice)


_FRAME = rb"-----(?:BEGIN|END) (?:X509 |TRUSTED )?CERTIFICATE-----"
_INDENTED = rb"(?m)^[ \t]+" + _FRAME

# Contents that OpenSSL does not load completely. The first matching pattern is reported.
_WRONG_CONTENT = {
    rb"\A(?:\xff\xfe|\xfe\xff|-\0|\0-)": ("is UTF-16 text", "Save it as UTF-8."),
    rb"(?s)\A\x30(?:\x81.|\x82..)\x30": (
        "is a DER file, not a PEM file",
        "Convert it to PEM: openssl x509 -inform der -in FILE -out ca.pem",
    ),
    rb"(?s)\A\x30.{1,5}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02|-----BEGIN PKCS7-----": (
        "is a PKCS #7 file, not a PEM file",
        "Convert it to PEM: openssl pkcs7 -print_certs -in FILE -out ca.pem (with -inform der if it is binary)",
    ),
    _INDENTED: ("contains an indented certificate", "Remove the indentation."),
    _FRAME + rb"[ \t]*[^\s]|[^\s\xbf]" + _FRAME: (
        "has other text on a BEGIN or END line",
        "Put a line break before and after each -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----.",
    ),
    _FRAME: ("contains a truncated or damaged certificate", "Copy the whole file again."),
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----": (
        "contains a private key instead of a certificate",
        "Use the file with the CA's certificate.",
    ),
    rb"-----BEGIN [A-Z ]*CERTIFICATE REQUEST-----": (
        "contains a certificate request instead of a certificate",
        "Use the file with the CA's certificate.",
    ),
    rb"\A\s*MI[A-Za-z0-9+/=\s]+\Z": (
        "contains Base64 without BEGIN and END lines",
        "Add the line -----BEGIN CERTIFICATE----- before it, and the line -----END CERTIFICATE----- after it.",
    ),
    rb"": (
        "does not contain a PEM certificate",
        "Use the file with the CA's certificate, which begins with -----BEGIN CERTIFICATE-----.",
    ),
}
