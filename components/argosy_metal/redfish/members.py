"""The members of a collection, in one request where the BMC can be trusted with it."""

from __future__ import annotations

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.messages import Json, as_list, as_object, links_at, object_at, text_at

_REQUIRED = ("@odata.id", "@odata.type", "Id", "Name")
"""Of every resource, by DSP0266; a member that lacks one was not expanded, or not whole."""


async def members(client: RedfishClient, collection: str, operation: str) -> tuple[tuple[str, Json], ...]:
    """Every member's path and content, in the collection's order. Raises as `RedfishClient.get` does."""
    if not _can_expand(await client.root()) or not client.quirks.expand_usable:
        return await _one_by_one(client, (await client.get(collection, operation)).body, operation)
    body = (await client.get(f"{collection}?$expand=.($levels=1)", operation)).body
    found = tuple(as_object(member) for member in as_list(body.get("Members")))
    if all(name in member for member in found for name in _REQUIRED):
        return tuple((text_at(member, "@odata.id") or "", member) for member in found)
    return await _one_by_one(client, body, operation)


async def _one_by_one(client: RedfishClient, body: Json, operation: str) -> tuple[tuple[str, Json], ...]:
    return tuple([(path, (await client.get(path, operation)).body) for path in links_at(body, "Members")])


def _can_expand(root: Json) -> bool:
    features = object_at(root, "ProtocolFeaturesSupported", "ExpandQuery")
    return features.get("NoLinks") is True and features.get("Levels") is True
