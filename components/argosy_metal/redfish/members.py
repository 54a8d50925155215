"""The members of a collection, and the entries of any list: all of them, over all pages, or an error.

A BMC may give a list in parts, each with a link to the next, and says how many entries there are in all.
What is read in part would be taken for the whole, so nothing is returned unless it is complete. Source:
DSP0266 §"Count (Members@odata.count) property", §"Next link (Members@odata.nextLink) property".
"""

from __future__ import annotations

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcInternalError
from argosy_metal.redfish.messages import Json, as_list, as_object, object_at, text_at

_REQUIRED = ("@odata.id", "@odata.type", "Id", "Name")
"""Of every resource, by DSP0266; a member that lacks one was not expanded, or not whole."""
_MOST_ENTRIES = 4096
_MOST_PAGES = 128
"""AMI's pages hold 50 entries, as Dell's do."""


async def members(client: RedfishClient, collection: str, operation: str) -> tuple[tuple[str, Json], ...]:
    """Every member's path and content, in the collection's order.

    In one request where the BMC can be trusted with it. Raises as `links` does.
    """
    expands = _can_expand(await client.root()) and client.quirks.expand_usable
    path = f"{collection}?$expand=.($levels=1)" if expands else collection
    body = (await client.get(path, operation)).body
    found: list[tuple[str, Json]] = []
    for link, member in await _entries(client, body, operation, ("Members",), None):
        whole = all(name in member for name in _REQUIRED)
        found.append((link, member if whole else (await client.get(link, operation)).body))
    return tuple(found)


async def member_links(
    client: RedfishClient, collection: str, operation: str, *, total_seconds: float | None = None
) -> tuple[str, ...]:
    """Every member's path, in the collection's order. Raises as `links` does."""
    body = (await client.get(collection, operation, total_seconds=total_seconds)).body
    return await links(client, body, operation, "Members", total_seconds=total_seconds)


async def links(
    client: RedfishClient, body: Json, operation: str, *path: str, total_seconds: float | None = None
) -> tuple[str, ...]:
    """The `@odata.id` of every entry of the array at `path` inside `body`, from this page and all others.

    Raises BmcInternalError where they are fewer than the BMC says, where one is no link, and where the
    pages do not end; BmcRefusedError for a page on another host; and what a GET raises.
    """
    return tuple([link for link, _ in await _entries(client, body, operation, path, total_seconds)])


async def _entries(
    client: RedfishClient, body: Json, operation: str, path: tuple[str, ...], total_seconds: float | None
) -> list[tuple[str, Json]]:
    name = path[-1]

    def wrong(found: str) -> BmcInternalError:
        return BmcInternalError(client.host, operation, f"{'/'.join(path)}: {found}")

    page = object_at(body, *path[:-1])
    told, found, seen = _count(page, name), _entries_of(page, name), set[str]()
    while (link := page.get(f"{name}@odata.nextLink")) is not None:
        if not isinstance(link, str) or link in seen or len(seen) == _MOST_PAGES:
            raise wrong("the links from page to page do not end")
        seen.add(link)
        page = object_at((await client.get(link, operation, total_seconds=total_seconds)).body, *path[:-1])
        found += _entries_of(page, name)
        told = told if (now := _count(page, name)) is None else now
        if len(found) > _MOST_ENTRIES:
            break
    if len(found) > _MOST_ENTRIES:
        raise wrong(f"more than {_MOST_ENTRIES} entries")
    # Too low a count hides nothing; an OpenBMC has shown one (Nuvoton-Israel/openbmc, pull request 202).
    if told is not None and told > len(found):
        raise wrong(f"the BMC counts {told} entries and shows {len(found)}")
    linked = [(text_at(entry, "@odata.id") or "", entry) for entry in found]
    if not all(link for link, _ in linked):
        raise wrong("an entry leads nowhere, since it has no @odata.id")
    return linked


def _entries_of(page: Json, name: str) -> list[Json]:
    return [as_object(entry) for entry in as_list(page.get(name))]


def _count(page: Json, name: str) -> int | None:
    """Some BMCs send it as a string (Redfish-Service-Validator issue 491)."""
    told = page.get(f"{name}@odata.count")
    if isinstance(told, str) and told.isascii() and told.isdigit():
        return int(told[:9])
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _can_expand(root: Json) -> bool:
    features = object_at(root, "ProtocolFeaturesSupported", "ExpandQuery")
    return features.get("NoLinks") is True and features.get("Levels") is True
