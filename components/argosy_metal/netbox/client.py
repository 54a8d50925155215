"""NetBox's REST API, to read lists from it.

Source: netboxlabs.com/docs/netbox, "REST API" (pagination, filtering, authentication; v2 tokens begin with
`nbt_` and are bearer tokens since NetBox 4.5), read 2026-11.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from pydantic import ValidationError

from argosy.errors import ArgosyError
from argosy_metal.commands.printable import printable
from argosy_metal.netbox.items import Numbered, Page
from argosy_metal.rest import REACH, Rest

_Item = TypeVar("_Item", bound=Numbered)

_PAGE = 200
_MOST_ITEMS = 500_000
"""Of one list of one site: several times the power outlets of the largest halls."""
_SECONDS = 1800.0
"""For everything that is read."""
_MOST_TOLD, _MOST_CHARACTERS = 10, 1000


class NetBoxError(ArgosyError):
    """NetBox cannot be read; the message says what would help."""


class NetBox:
    """One NetBox. Sends GET alone.

    Everything is read within half an hour by `clock`, in seconds of any beginning.
    """

    def __init__(
        self,
        url: str,
        token: str,
        ca_certificate: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._token = token
        self._clock = clock
        self._end = clock() + _SECONDS
        try:
            context = ssl.create_default_context(cafile=ca_certificate)
        except OSError as error:
            found = f"{ca_certificate} holds no certificate ({error.strerror or error.args[-1]})"
            raise self._error(found, "give the authority's as PEM") from None
        base = f"{url.rstrip('/')}/api"
        self._rest = Rest(base, self._error, self._headers, context, clock=clock, reach=REACH)

    def every(self, path: str, kind: type[_Item], **filters: str) -> list[_Item]:
        """All items of a list, page by page, by their id.

        Raises NetBoxError, also for a list that does not end, or that is longer than it says.
        """
        found: dict[int, _Item] = {}
        count: int | None = None
        while True:
            query = urlencode({**filters, "limit": _PAGE, "offset": len(found), "ordering": "id"})
            page, before = self._page(path, query), len(found)
            count = page.count if count is None else count
            if count > _MOST_ITEMS:
                told = f"{path}: {count:,} items, of which this command reads at most {_MOST_ITEMS:,}"
                raise self._error(told, "check --site")
            found |= {item.id: item for item in self._items(path, kind, page.results)}
            if page.count != count or len(found) > count:
                raise self._error(f"{path}: it has changed while it was read", "run again")
            if page.next is None:
                break
            if len(found) == before:
                raise self._error(f"{path}: a page with nothing new before the last", "run again")
        if len(found) != count:
            raise self._error(f"{path}: it has changed while it was read", "run again")
        return [found[number] for number in sorted(found)]

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _page(self, path: str, query: str) -> Page:
        if self._clock() >= self._end:
            raise self._error(
                f"{path}: not read after {_SECONDS / 60:g} minutes", "check NetBox's load, run again"
            )
        reply = self._rest.ask("GET", f"{path}?{query}", repeatable=True)
        if reply.status in (401, 403):
            raise self._error(reply.told, "check the token; it needs to view devices and their power")
        try:
            if reply.status == 200:
                return Page.model_validate(reply.body)
        except ValidationError:
            pass
        raise self._error(reply.told, "check the address: it is NetBox's own, without /api")

    def _items(self, path: str, kind: type[_Item], written: Sequence[Any]) -> list[_Item]:
        found: list[_Item] = []
        faults: list[str] = []
        for one in written:
            try:
                found.append(kind.model_validate(one))
            except ValidationError as error:
                faults += _told(one, error)
        if faults:
            more = [f"and {len(faults) - _MOST_TOLD} more"] if len(faults) > _MOST_TOLD else []
            told = ", ".join([*faults[:_MOST_TOLD], *more])
            raise self._error(f"{path}: {told}", "this command reads what NetBox 3.6 and later send")
        return found

    def _error(self, found: str, next_step: str) -> NetBoxError:
        return NetBoxError(f"{printable(self._url)}: {printable(found, _MOST_CHARACTERS)}; {next_step}")

    def _headers(self) -> dict[str, str]:
        scheme = "Bearer" if self._token.startswith("nbt_") else "Token"
        return {"Authorization": f"{scheme} {self._token}"}


def _told(item: Any, error: ValidationError) -> Iterator[str]:
    """What is wrong with an item, by its number where it has one."""
    number: Any = cast("dict[str, Any]", item).get("id") if isinstance(item, dict) else None
    shown = f"item {number}" if isinstance(number, int) else "an item"
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, fault["loc"]))
        wrong = "no object" if fault["type"] == "model_type" else fault["msg"]
        yield f"{' '.join([shown, place]).strip()}: {wrong[0].lower()}{wrong[1:]}"
