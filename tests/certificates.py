# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real certificates, right ones and wrong ones: trustme makes only right ones."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))
_PEM, _NO_PASSPHRASE = serialization.Encoding.PEM, serialization.NoEncryption()
_CA_KEY_USAGE = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    public: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.public.public_bytes(_PEM)

    @property
    def key(self) -> bytes:
        return self.private.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _NO_PASSPHRASE)

    def server_context(self, folder: Path, *chain: Certificate) -> ssl.SSLContext:
        """The context of a server that shows this certificate, and those between it and its root CA."""
        file = folder / "server.pem"
        file.write_bytes(self.key + self.pem + b"".join(one.pem for one in chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def authority(
    name: str,
    issuer: Certificate | None = None,
    *,
    without: tuple[type, ...] = (),
    is_critical: bool = True,
    days: tuple[int, int] = (-1, 30),
) -> Certificate:
    """The certificate of a CA, of a root CA if nobody issued it.

    ``without`` names extensions that it lacks, ``is_critical`` is about its Basic Constraints, and ``days`` from now
    say when it is valid.
    """
    constraints = (x509.BasicConstraints(True, None), is_critical)
    usage = (x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **_CA_KEY_USAGE), True)
    return _signed(name, issuer, [constraints, usage], without, days)


def certificate(
    issuer: Certificate | None = None,
    *,
    name: x509.GeneralName = LOOPBACK,
    without: tuple[type, ...] = (),
    usage: x509.ObjectIdentifier = x509.ExtendedKeyUsageOID.SERVER_AUTH,
    days: tuple[int, int] = (-1, 30),
) -> Certificate:
    """The certificate of a server, self-signed if nobody issued it."""
    names, purpose = (x509.SubjectAlternativeName([name]), False), (x509.ExtendedKeyUsage([usage]), False)
    return _signed("server", issuer, [names, purpose], without, days)


def _signed(
    name: str, issuer: Certificate | None, extensions: list, without: tuple[type, ...], days: tuple[int, int]
) -> Certificate:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    identifiers = [(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False)]
    if issuer:
        identifiers.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private.public_key()), False))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.public.subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * day)
        .not_valid_after(now + days[1] * day)
    )
    for extension, is_critical in extensions + identifiers:
        if not isinstance(extension, without):
            builder = builder.add_extension(extension, is_critical)
    return Certificate(builder.sign(issuer.private if issuer else private, hashes.SHA256()), private)
