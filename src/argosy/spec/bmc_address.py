"""A BMC's URL in one spelling, so that one BMC is seen to be one."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_HTTPS_PORT = 443


def bmc_address(url: str) -> str:
    """A BMC's URL in one spelling, since these name no other BMC: upper case in scheme and host, the dot at
    the end of a host's name, the long form of an IPv6 address, the default port, a slash at the end, and
    whatever follows `?` or `#`.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text
    named = f"{parts.scheme}://{_host(host)}" + ("" if port in (None, _HTTPS_PORT) else f":{port}")
    return named + parts.path.rstrip("/")


def _host(host: str) -> str:
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        return host.rstrip(".").casefold()
