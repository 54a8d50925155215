"""The file of a hall's authority: certificates alone come out of it, or words that show nothing of it."""

import base64
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest

from argosy_aws.halls.certificates import LARGEST_FILE, UnfitCertificatesError, read_certificates

FIXTURES = Path(__file__).parents[1] / "fixtures"


def certificate(path: str) -> str:
    return (FIXTURES / path).read_text(encoding="utf-8")


AUTHORITY = certificate("fleets/oslo-ca.pem")
NEXT_AUTHORITY = certificate("aws/certificates/next-authority.pem")
MACHINE = certificate("aws/certificates/machine.pem")
VERSION_1 = certificate("aws/certificates/version-1.pem")
DER = ssl.PEM_cert_to_DER_cert(AUTHORITY)
FIRST_LINE = "-----BEGIN CERTIFICATE-----\n"
EC_KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"
PGP_KEY = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----\n"
PUTTY_KEY = "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAAIH\n"

Read = Callable[[str | bytes], str]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """What comes out of a file of this content."""

    def make(content: str | bytes) -> str:
        written = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "ca.pem").write_bytes(written)
        return read_certificates(tmp_path, "ca.pem")

    return make


def pem_of(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


@pytest.mark.parametrize(
    "content",
    [
        AUTHORITY,
        AUTHORITY.rstrip("\n"),
        AUTHORITY.replace("\n", "\r\n"),
        AUTHORITY.replace("\n", "\r"),
        AUTHORITY.replace("\n", "  \n"),
        "\ufeff" + AUTHORITY,
        b"\0\xff\n" + AUTHORITY.encode() + b"\0\xff",
        f"# the authority of oslo\nsubject=CN = oslo\n\n{AUTHORITY}\npassword of the safe: hunter2\n",
        FIRST_LINE + base64.b64encode(DER).decode() + "\n-----END CERTIFICATE-----\n",
    ],
)
def test_a_certificate_comes_out_alike_whatever_stands_around_it(read: Read, content: str | bytes) -> None:
    assert AUTHORITY == read(content)


def test_an_authority_and_the_next_come_out_both(read: Read) -> None:
    assert AUTHORITY + NEXT_AUTHORITY == read(f"first\n{AUTHORITY}\nsecond\n{NEXT_AUTHORITY}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "holds no certificate"),
        ("just text", "holds no certificate"),
        (AUTHORITY.encode("utf-16"), "holds no certificate"),
        (AUTHORITY.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "holds no certificate"),
        (DER, "is in DER and not in PEM form"),
        (AUTHORITY + EC_KEY, "holds a private key"),
        (EC_KEY.replace("EC ", "") + AUTHORITY, "holds a private key"),
        (AUTHORITY + PGP_KEY, "holds a private key"),
        (AUTHORITY + PUTTY_KEY, "holds a private key"),
        (AUTHORITY + "key: AKIAABCDEFGHIJKLMNOP\n", "holds what looks like an AWS access key id"),
        (AUTHORITY.partition("-----END")[0], "a certificate that is not whole"),
        (AUTHORITY + FIRST_LINE, "a certificate that is not whole"),
        (AUTHORITY.replace("\n", "\0\n"), "a certificate that is not whole"),
        (FIRST_LINE + "hunter2 of the safe\n-----END CERTIFICATE-----\n", "a certificate that is not whole"),
        (FIRST_LINE + "MIIB\n-----END CERTIFICATE-----\n", "a certificate that cannot be read"),
        (FIRST_LINE + "M\n-----END CERTIFICATE-----\n", "a certificate that cannot be read"),
        (pem_of(DER[:-1]), "a certificate that cannot be read"),
        (pem_of(b"hunter2 of the safe"), "a certificate that cannot be read"),
        (pem_of(DER + b"hunter2 of the safe"), "a certificate that"),
        (pem_of(DER + b"\0\0"), "a certificate that"),
        (pem_of(DER + DER), "a certificate that"),
        (MACHINE, "a certificate that is none of an authority"),
        (VERSION_1, "a certificate that is not of X.509 version 3"),
        (AUTHORITY * 3, "holds 3 certificates; a trust anchor takes 2"),
        (AUTHORITY + "#" * LARGEST_FILE, "has more than 65,536 bytes"),
    ],
)
def test_what_is_no_authority_s_certificate_is_refused_and_not_shown(
    read: Read, content: str | bytes, why: str
) -> None:
    with pytest.raises(UnfitCertificatesError) as refused:
        read(content)

    assert why in str(refused.value)
    assert "ca.pem, which " == str(refused.value)[:14]
    assert not any(secret in str(refused.value) for secret in ("hunter2", "AKIA", "MII", "MHc"))
    # A traceback shows causes too, and a cause may quote.
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def loop(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(AUTHORITY.encode())
        file.truncate(3_000_000_000)


ODD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "does not exist"),
    "dead-link": (lambda path: path.symlink_to("nowhere"), "does not exist"),
    "link-outside": (lambda path: path.symlink_to("/etc/hostname"), "is not below the project's root"),
    "loop": (loop, "cannot be read"),
    "pipe": (os.mkfifo, "is a pipe or a device"),
    "folder": (lambda path: path.mkdir(), "cannot be read"),
    "3-gb": (sparse, "has more than 65,536 bytes"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("make", "why"), ODD_FILES.values(), ids=list(ODD_FILES))
def test_what_is_no_small_file_of_the_project_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    make(tmp_path / "ca.pem")

    with pytest.raises(UnfitCertificatesError, match=f"ca.pem, which {why}"):
        read_certificates(tmp_path, "ca.pem")


@pytest.mark.parametrize("name", ["../ca.pem", "/ca.pem", "below/../../ca.pem"])
def test_files_outside_the_project_are_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "ca.pem").write_text(AUTHORITY, encoding="utf-8")

    with pytest.raises(UnfitCertificatesError, match="not below the project's root"):
        read_certificates(tmp_path / "project", name)


def test_a_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text(AUTHORITY, encoding="utf-8")
    (tmp_path / "ca.pem").symlink_to("authority.pem")

    assert AUTHORITY == read_certificates(tmp_path, "ca.pem")


def test_whatever_fits_into_a_file_fits_into_a_trust_anchor() -> None:
    session = botocore.session.Session()
    model: Any = session.get_service_model("rolesanywhere")  # pyright: ignore[reportUnknownMemberType]
    most = model.shape_for("SourceData").members["x509CertificateData"].metadata["max"]

    # Written anew, each 64 characters get an end of line.
    assert most > LARGEST_FILE * 65 // 64
