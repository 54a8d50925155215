"""URLs of a BMC, taken apart so that no link can lead to another host."""

from __future__ import annotations

from urllib.parse import urlsplit


def origin_of(base_url: str) -> str:
    """`https://host[:port]` of a BMC's base URL.

    Raises ValueError unless it is an https URL of a host and nothing more.
    """
    parts = urlsplit(base_url)
    if (
        parts.scheme != "https"
        or not parts.hostname
        or parts.username
        or parts.path.rstrip("/")
        or parts.query
    ):
        raise ValueError("a BMC's URL is https://HOST or https://HOST:PORT")
    return f"https://{parts.netloc}"


def local_path(link: str) -> str | None:
    """Path and query of a Location header, which may name any host; None for what is no URL with a path."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if path.startswith("/") and path.isprintable() else None
