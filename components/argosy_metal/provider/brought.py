"""What all resources have in common that bring something about on a claimed server beside its machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from argosy_metal.claims import Claim
from argosy_metal.lifecycle import MachineNotReadyError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import Properties
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Outputs
from argosy_metal.provider.setup_inputs import deletable_claim
from argosy_metal.provider.taking_down import is_given_up, tell_given_up
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

    async def delete(self, request: ResourceRequest) -> None:
        """Leave the server as the kind does it; one that a person gave up, and that is silent, as it is.

        Raises NotPossibleError if the claims store does not know what the state describes.
        """
        hall = self._hall()
        claim = await deletable_claim(hall, request)
        if claim is None:
            return
        try:
            await self._leave(hall, claim, request)
        except MachineNotReadyError as error:
            if not is_given_up(claim, error):
                raise
            tell_given_up(hall, claim, request, "nothing was set back on it")

    def _previewed(self, request: ResourceRequest) -> Outputs:
        return {**request.news, **dict.fromkeys(self.properties.outputs, UNKNOWN)}

    @abstractmethod
    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        """Outputs that were observed and are not as they should be."""

    @abstractmethod
    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """What a deletion does on a server that is still ours."""

    @abstractmethod
    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        """Do what is missing, and give what is there then."""


def incomplete(olds: Outputs) -> frozenset[str]:
    """`complete`, unless it is true by now."""
    return frozenset({"complete"} if olds.get("complete") is not True else ())
