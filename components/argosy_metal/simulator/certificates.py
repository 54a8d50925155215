"""A certificate authority that lives as long as the simulator, and one certificate for all its host names."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from argosy_metal.simulator.fault_rules import FaultKind

_LIFETIME = timedelta(days=30)
_TEN_YEARS = timedelta(days=3653)
_EARLIER = timedelta(minutes=5)


class Authority:
    """A certificate authority, whose key is forgotten with it and never stays on disk."""

    def __init__(self, ca_file: Path) -> None:
        self._now = datetime.now(UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _ca(self._key, self._now)
        ca_file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, hosts: Iterable[str]) -> ssl.SSLContext:
        """A TLS context whose certificate is good for `hosts` and the loopback address."""
        return self._context(hosts, self._now - _EARLIER, self._now + _LIFETIME)

    def spoilt_context(self, kind: FaultKind, hosts: Iterable[str]) -> ssl.SSLContext:
        """A TLS context of another key, whose certificate is wrong in the way of a `tls-…` fault."""
        now = self._now
        if kind == "tls-expired":
            return self._context(hosts, now - _LIFETIME, now - timedelta(days=1))
        if kind == "tls-not-yet-valid":
            return self._context(hosts, now + _TEN_YEARS, now + _TEN_YEARS + _LIFETIME)
        if kind == "tls-changed":
            return self.context(hosts)
        other = ec.generate_private_key(ec.SECP256R1())
        return _signed_context(_ca(other, now), other, wildcards(hosts), now - _EARLIER, now + _LIFETIME)

    def _context(self, hosts: Iterable[str], begins: datetime, ends: datetime) -> ssl.SSLContext:
        return _signed_context(self._certificate, self._key, wildcards(hosts), begins, ends)


def make_server_context(hosts: Iterable[str], ca_file: Path) -> ssl.SSLContext:
    """A TLS context whose certificate is good for `hosts` and the loopback address.

    Writes the authority's certificate to `ca_file`. Its key is forgotten, the server's never stays on disk.
    """
    return Authority(ca_file).context(hosts)


def wildcards(hosts: Iterable[str]) -> list[str]:
    """As few names as are good for all hosts, sorted: ten thousand would not fit into a certificate.

    A wildcard stands for one label, and only before two others (RFC 6125; OpenSSL insists).
    """
    names = ((host, host.partition(".")[2]) for host in hosts)
    return sorted({f"*.{domain}" if "." in domain else host for host, domain in names})


def _signed_context(
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    names: list[str],
    begins: datetime,
    ends: datetime,
) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, ca, ca_key, names, begins, ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, certificate, key)
    return context


def _ca(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Argosy simulator authority")])
    public = key.public_key()
    return (
        # Older than any certificate it has signed, also one that is long expired.
        _builder(now - 2 * _LIFETIME, now + 2 * _TEN_YEARS)
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    hosts: list[str],
    begins: datetime,
    ends: datetime,
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in hosts]
    names.append(x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))
    return (
        _builder(begins, ends)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Argosy simulator")]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )


def _builder(begins: datetime, ends: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _load(context: ssl.SSLContext, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """OpenSSL's loader reads files only; this one is private and gone at once."""
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(secret + certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
