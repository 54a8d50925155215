"""Whether a token may be sent to an address. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit


def address_fault(url: str, *, is_plain_allowed: bool) -> str | None:
    """What speaks against an address of NetBox; None if nothing does.

    Over plain HTTP a token is for all to read on the way, so that it must lead to this computer alone, or be
    allowed. What may hold a password is not repeated.
    """
    parts = _parsed(url)
    if parts is None or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
        return (
            "given what is no address (not shown); expected https://HOST, with a port or a path if it has one"
        )
    if parts.username is not None or parts.password is not None:
        return "given an address with a user name in it (not shown); expected https://HOST, and --token"
    if parts.scheme == "https" or is_plain_allowed or _is_loopback(parts.hostname or ""):
        return None
    return (
        f"given plain HTTP to {parts.hostname}, over which anybody on the way reads the token; expected"
        " https://, or --plain-http if you know the whole way"
    )


def _parsed(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return None
    # A parser drops line breaks and tabs that it finds.
    return parts if host and re.fullmatch("[!-~]+", url) else None


def _is_loopback(host: str) -> bool:
    """Source of the name: RFC 6761, 6.3."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
