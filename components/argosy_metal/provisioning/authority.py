"""The authorities of a hall's own cluster, made once and kept in the service's folder.

The service holds them, so that a server of the control plane can be lost and installed anew, and so that it
can itself ask the cluster for a bootstrap token. Who reads this folder owns the cluster.
Source of the files and their names: kubernetes.io/docs/setup/best-practices/certificates/, read 2026-11.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import ssl
import string
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITIES: Mapping[str, str] = {
    "ca": "kubernetes",
    "etcd/ca": "etcd-ca",
    "front-proxy-ca": "front-proxy-ca",
}
_TEN_YEARS = dt.timedelta(days=3650)
_DAY = dt.timedelta(days=1)
_LETTERS = string.ascii_lowercase + string.digits
_PEM, _PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()


class ClusterAuthority:
    """The authorities of one cluster, below a folder; made at the first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def certificates(self) -> Mapping[str, str]:
        """Path below /etc/kubernetes/pki to PEM, keys included."""
        self._ensure()
        names = [f"{name}.{kind}" for name in _AUTHORITIES for kind in ("crt", "key")]
        return {
            name: (self._folder / name).read_text(encoding="ascii") for name in (*names, "sa.key", "sa.pub")
        }

    def ca_hash(self) -> str:
        """Of the public key, as kubeadm pins it (`caCertHashes`)."""
        public = self._ca().public_key()
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        return f"sha256:{hashlib.sha256(public.public_bytes(serialization.Encoding.DER, info)).hexdigest()}"

    def admin_context(self, now: dt.datetime) -> ssl.SSLContext:
        """For the service's own requests to the cluster: as an administrator, for one day."""
        pem = self._admin(now)
        context = ssl.create_default_context(cadata=self._ca().public_bytes(_PEM).decode())
        # The ssl module takes certificates from files alone; this one is private and gone right after.
        place = self._folder / f"admin-{secrets.token_hex(8)}.pem"
        try:
            _write(place, pem)
            context.load_cert_chain(place)
        finally:
            place.unlink(missing_ok=True)
        return context

    def _ca(self) -> x509.Certificate:
        self._ensure()
        return x509.load_pem_x509_certificate((self._folder / "ca.crt").read_bytes())

    def _admin(self, now: dt.datetime) -> bytes:
        authority = self._ca()
        signer = serialization.load_pem_private_key((self._folder / "ca.key").read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey), "we have made it"  # noqa: S101
        key = ec.generate_private_key(ec.SECP256R1())
        subject = [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
            x509.NameAttribute(NameOID.COMMON_NAME, "argosy-provisioning"),
        ]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(signer, hashes.SHA256())
        )
        return certificate.public_bytes(_PEM) + key.private_bytes(_PEM, _PKCS8, _PLAIN)

    def _ensure(self) -> None:
        """Make what is missing; `complete` is written last, so a killed service begins anew."""
        done = self._folder / "complete"
        if done.exists():
            return
        (self._folder / "etcd").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for name, common_name in _AUTHORITIES.items():
            certificate, key = _authority(common_name)
            _write(self._folder / f"{name}.crt", certificate)
            _write(self._folder / f"{name}.key", key)
        account = rsa.generate_private_key(65537, 2048)
        _write(self._folder / "sa.key", account.private_bytes(_PEM, _PKCS8, _PLAIN))
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        _write(self._folder / "sa.pub", account.public_key().public_bytes(_PEM, info))
        _write(done, b"")


def new_bootstrap_token() -> str:
    """A token in kubeadm's form: `[a-z0-9]{6}.[a-z0-9]{16}`."""
    return f"{_random(6)}.{_random(16)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _authority(common_name: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=True, key_encipherment=True, key_cert_sign=True,
        content_commitment=False, data_encipherment=False, key_agreement=False,
        crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _TEN_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(_PEM), key.private_bytes(_PEM, _PKCS8, _PLAIN)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
