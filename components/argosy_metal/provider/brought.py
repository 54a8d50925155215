"""What all resources have in common that bring something about on a claimed server beside its machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import Properties
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Outputs
from argosy_metal.provider.values import UNKNOWN


class BroughtAbout(ABC):
    """Created and updated alike: by looking, and doing what is missing. Its id is the server's."""

    properties: Properties

    def __init__(self, hall: Callable[[], Hall]) -> None:
        self._hall = hall

    def diff(self, request: ResourceRequest) -> Difference:
        """What the program gives otherwise, and what was observed and is not as it should be."""
        observed = self._unfinished(request.news, request.olds)
        changes = self.properties.changes(request) | dict.fromkeys(observed, Change.UPDATE)
        return Difference(changes, observed)

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Bring it about, or go on where an interrupted run of this stack stopped."""
        if request.preview:
            return "", self._previewed(request)
        server_id = str(request.news["serverId"])
        return server_id, await self._bring(server_id, request)

    async def update(self, request: ResourceRequest) -> Outputs:
        """Do what has become missing, here or there."""
        if request.preview:
            return self._previewed(request)
        return await self._bring(request.resource_id, request)

    def _previewed(self, request: ResourceRequest) -> Outputs:
        return {**request.news, **dict.fromkeys(self.properties.outputs, UNKNOWN)}

    @abstractmethod
    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        """Outputs that were observed and are not as they should be."""

    @abstractmethod
    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        """Do what is missing, and give what is there then."""


def incomplete(olds: Outputs) -> frozenset[str]:
    """`complete`, unless it is true by now."""
    return frozenset({"complete"} if olds.get("complete") is not True else ())
