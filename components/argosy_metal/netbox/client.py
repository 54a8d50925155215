"""NetBox's REST API, to read lists from it.

Source: netboxlabs.com/docs/netbox, "REST API" (pagination, filtering, authentication; v2 tokens begin with
`nbt_` and are bearer tokens since NetBox 4.5), read 2026-11.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from argosy.errors import ArgosyError
from argosy_metal.rest import Rest

Item = Mapping[str, Any]
_PAGE = 200


class NetBoxError(ArgosyError):
    """NetBox cannot be read; the message says what would help."""


class NetBox:
    """One NetBox. Sends GET alone."""

    def __init__(self, url: str, token: str, ca_certificate: Path | None = None) -> None:
        self._url = url
        self._token = token
        context = ssl.create_default_context(cafile=ca_certificate)
        self._rest = Rest(f"{url.rstrip('/')}/api", self._error, self._headers, context)

    def every(self, path: str, **filters: str) -> list[Item]:
        """All items of a list, page by page, by their id. Raises NetBoxError."""
        found: dict[int, Item] = {}
        while True:
            query = urlencode({**filters, "limit": _PAGE, "offset": len(found), "ordering": "id"})
            page = self._page(f"{path}?{query}")
            items = page["results"]
            found |= {item["id"]: item for item in items}
            if page.get("next") is None:
                break
            if not items:
                raise self._error(f"{path}: an empty page before the last", "run again")
        if len(found) != page["count"]:
            raise self._error(f"{path}: it has changed while it was read", "run again")
        return [found[number] for number in sorted(found)]

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _page(self, path: str) -> Mapping[str, Any]:
        reply = self._rest.ask("GET", path, repeatable=True)
        body: Any = reply.body
        if reply.status == 200 and isinstance(body, dict) and "results" in body and "count" in body:
            return cast("Mapping[str, Any]", body)
        if reply.status in (401, 403):
            raise self._error(reply.told, "check the token; it needs to view devices and their power")
        raise self._error(reply.told, "check the address: it is NetBox's own, without /api")

    def _error(self, found: str, next_step: str) -> NetBoxError:
        return NetBoxError(f"{self._url}: {found}; {next_step}")

    def _headers(self) -> dict[str, str]:
        scheme = "Bearer" if self._token.startswith("nbt_") else "Token"
        return {"Authorization": f"{scheme} {self._token}"}
