"""How a BMC proves who it is: by an authority's certificate in a file, or by the pinned one of its own."""

from __future__ import annotations

import ssl
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import aiohttp

_LARGEST_BYTES = 4 << 20
"""The whole of Mozilla's authorities is a quarter of a megabyte."""
_PRIVATE = (b"PRIVATE KEY-----",)


@dataclass(frozen=True)
class Trust:
    """How the BMC proves who it is. Exactly one of the four is given.

    Raises ValueError otherwise.
    """

    ca_file: Path | None = None
    """PEM file of the authority that signed the certificate."""
    fingerprint_sha256: str | None = None
    """Of the certificate itself (DER), in hex, colons allowed: for self-signed BMCs."""
    public: bool = False
    """By the authorities that this computer trusts anyway."""
    insecure: bool = False
    """No proof at all. Only ever by a person's explicit word."""

    def __post_init__(self) -> None:
        given = (self.ca_file is not None, self.fingerprint_sha256 is not None, self.public, self.insecure)
        if sum(given) != 1:
            raise ValueError("give exactly one of ca_file, fingerprint_sha256, public=True, insecure=True")


class AuthorityFileError(ValueError):
    """The authority's file will not do; the message says why, and never what is in it."""


def read_authority(path: Path) -> str:
    """The certificates of a PEM file.

    Raises AuthorityFileError if it is missing, no plain file, too large, holds no certificate, or holds a
    private key, which belongs on no client.
    """
    try:
        # Looked at before it is opened: opening a FIFO would wait for a writer.
        found = path.stat()
    except OSError as error:
        raise AuthorityFileError(
            f"{path}: {str(error.strerror).lower()}; put the authority's PEM there"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise AuthorityFileError(f"{path}: is no plain file; put the authority's PEM there")
    if found.st_size > _LARGEST_BYTES:
        raise AuthorityFileError(
            f"{path}: holds {found.st_size} bytes, more than {_LARGEST_BYTES}; give the authority's PEM alone"
        )
    raw = path.read_bytes()
    if any(mark in raw for mark in _PRIVATE):
        raise AuthorityFileError(
            f"{path}: holds a private key; give the certificates alone, and keep the key away"
        )
    text = raw.decode("ascii", errors="replace")
    if _context_of(text) is None:
        raise AuthorityFileError(f"{path}: holds no certificate in PEM form")
    return text


@lru_cache(maxsize=16)
def _context_of(text: str) -> ssl.SSLContext | None:
    """What trusts these certificates; None if there is none among them.

    Made once for all BMCs that one authority vouches for: it takes longer than a request.
    """
    try:
        context = ssl.create_default_context(cadata=text) if text else None
    except (ssl.SSLError, ValueError):
        return None
    # A self-signed BMC's own certificate will do too, though it is no authority's.
    return context if context is not None and context.cert_store_stats()["x509"] > 0 else None


def ssl_of(trust: Trust) -> ssl.SSLContext | aiohttp.Fingerprint | bool:
    """What aiohttp takes for it.

    Raises AuthorityFileError if the authority's file will not do.
    """
    if trust.ca_file is not None:
        context = _context_of(read_authority(trust.ca_file))
        assert context is not None  # noqa: S101 - `read_authority` has raised else
        return context
    if trust.fingerprint_sha256 is not None:
        return aiohttp.Fingerprint(bytes.fromhex(trust.fingerprint_sha256.replace(":", "")))
    # For aiohttp, True is the computer's own authorities, and False no proof at all.
    return trust.public
