"""`baremetal:index:PowerState`: whether a claimed host that is managed elsewhere is switched on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.decide import OFF, ON
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.host_power import switch_host
from argosy_metal.provider.bare_host import assert_bare
from argosy_metal.provider.brought import BroughtAbout
from argosy_metal.provider.checks import Failure, flag, text
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import BOOLEAN, Input, Output, Properties
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Found, Outputs
from argosy_metal.provider.setup_inputs import SERVER_ID, readable_claim

POWER_STATE = "baremetal:index:PowerState"
_PROPERTIES = Properties(
    description="Whether a claimed host that is managed elsewhere is switched on.",
    inputs={
        "serverId": SERVER_ID,
        "power": Input("`On` or `Off`.", text(f"{ON}|{OFF}", f"`{ON}` or `{OFF}`")),
        "graceful": Input(
            "Ask the operating system to shut down, and never cut the power.",
            flag,
            BOOLEAN,
            required=False,
            default=True,
        ),
    },
    outputs={"observed": Output("Redfish's PowerState as last seen.")},
)


class PowerStates(BroughtAbout):
    """Switches and observes hosts."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes only."""
        return self.properties.check(news)

    async def read(self, request: ResourceRequest) -> Found:
        """The power as it is."""
        hall = self._hall()
        claim = await readable_claim(hall, request)
        if claim is None:
            return Found()
        async with hall.server(claim, request.timeout_seconds) as access:
            power = await access.explained(lambda: _power(access))
        inputs = dict(request.old_inputs) or {
            "serverId": claim.server_id,
            "power": OFF if power == OFF else ON,
            "graceful": True,
        }
        return Found(claim.server_id, {**inputs, "observed": power}, inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """The host stays as it is."""

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return frozenset({"observed"} if olds.get("observed") != news.get("power") else ())

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        async with hall.server(claim, request.timeout_seconds) as access:
            assert_bare(access.journal.claim, "PowerState")
            try:
                power = await access.explained(
                    lambda: switch_host(
                        access, hall.budgets.power_ons, news["power"], graceful=news["graceful"]
                    )
                )
            except MachineNotReadyError as error:
                raise PartialFailureError(server_id, {**news, "observed": ""}, [str(error)]) from error
        return {**news, "observed": power}


async def _power(access: ServerAccess) -> str:
    return (await (await access.system()).observe()).power
