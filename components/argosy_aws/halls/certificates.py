"""The certificates of a hall's authority, out of a file. Nothing else in it reaches AWS, a state or a screen.

People keep keys and notes beside certificates. So a file that holds a secret is refused, and of any other
only the certificates are handed on, written anew from what they say.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from argosy.spec.files import read_start
from argosy.spec.secrets import holds_known_secret
from argosy_aws.halls.facts import load_hybrid_facts

LARGEST_FILE = 65_536
"""Bytes. What is left of so much is far below the 204,800 characters that IAM Roles Anywhere takes."""

_BEGIN = "-----BEGIN CERTIFICATE-----"
_BLOCK = re.compile(rf"^{_BEGIN}\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----$", re.MULTILINE)
_PRIVATE_KEY = re.compile(
    r"BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY|PuTTY-User-Key-File|^Private-Lines:", re.MULTILINE
)
_DER = b"\x30\x82"
_VERSION = "3"


class UnfitCertificatesError(ValueError):
    """A file is no authority's certificate. The text names the file and what is wrong, never its content."""


def read_certificates(root: Path, name: str) -> str:
    """The certificates of the file `name` below `root`, in PEM form; the same whatever stands around them.

    Raises UnfitCertificatesError unless they are certificates of an authority, at most as many as a trust
    anchor takes, in a file of at most 64 KiB that holds no secret. No clock is asked: one that has expired
    is AWS's to refuse.
    Source: IAM Roles Anywhere user guide, signature verification: a trust anchor is an X.509 v3 certificate
    whose basic constraints say CA.
    """
    content = _read(root, name)
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    if _PRIVATE_KEY.search(text):
        raise _unfit(name, "holds a private key")
    if secret := holds_known_secret(_BLOCK.sub("", text)):
        raise _unfit(name, f"holds what looks like {secret}")
    blocks = _BLOCK.findall(text)
    if not blocks and content.startswith(_DER):
        raise _unfit(name, "is in DER and not in PEM form: `openssl x509 -inform der` turns it")
    if not blocks and _BEGIN not in text:
        raise _unfit(name, "holds no certificate")
    if len(blocks) != text.count(_BEGIN):
        raise _unfit(name, "holds a certificate that is not whole")
    most = load_hybrid_facts().most_certificates
    if len(blocks) > most:
        raise _unfit(name, f"holds {len(blocks)} certificates; a trust anchor takes {most}")
    return "".join(_normalised(name, block) for block in blocks)


def _read(root: Path, name: str) -> bytes:
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()):
            raise _unfit(name, "is not below the project's root")
        content = read_start(path, LARGEST_FILE + 1)
    except FileNotFoundError:
        raise _unfit(name, "does not exist") from None
    except (OSError, RuntimeError):  # the latter for links that lead back to themselves
        raise _unfit(name, "cannot be read") from None
    if content is None:
        raise _unfit(name, "is a pipe or a device")
    if len(content) > LARGEST_FILE:
        raise _unfit(name, f"has more than {LARGEST_FILE:,} bytes")
    return content


def _normalised(name: str, block: str) -> str:
    # Loaded here, since most fleets name no file.
    import ssl

    try:
        der = base64.b64decode(block.replace("\n", ""), validate=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=der)
        of_authorities, read = context.get_ca_certs(binary_form=True), context.get_ca_certs()
    except (binascii.Error, ssl.SSLError, ValueError):
        raise _unfit(name, "holds a certificate that cannot be read") from None
    # Nothing before, in between or behind: what OpenSSL has read is all that stands there.
    if of_authorities != [der]:
        raise _unfit(name, "holds a certificate that is none of an authority")
    if str(read[0]["version"]) != _VERSION:
        raise _unfit(name, f"holds a certificate that is not of X.509 version {_VERSION}")
    return ssl.DER_cert_to_PEM_cert(der)


def _unfit(name: str, why: str) -> UnfitCertificatesError:
    return UnfitCertificatesError(f"{name}, which {why}")
