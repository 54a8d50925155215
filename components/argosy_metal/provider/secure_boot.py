"""`baremetal:index:SecureBoot`: UEFI secure boot of a claimed server, from its next boot on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.secure_boot_driver import SecureBootDriver
from argosy_metal.lifecycle.secure_boot_plan import (
    Fingerprints,
    WantedSecureBoot,
    is_applied,
    plan_secure_boot,
)
from argosy_metal.provider.brought import BroughtAbout, incomplete
from argosy_metal.provider.certificate_inputs import (
    CERTIFICATE_TYPE,
    TYPES,
    check_certificates,
    is_databases,
    resolve_certificates,
)
from argosy_metal.provider.checks import Failure, flag, text
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import (
    BOOLEAN,
    STRINGS,
    Input,
    Output,
    Properties,
    mapping_of,
    reference,
)
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Found, Outputs
from argosy_metal.provider.setup_inputs import SERVER_ID, readable_claim
from argosy_metal.redfish.secure_boot import SecureBootState

SECURE_BOOT = "baremetal:index:SecureBoot"
_MODES = "SetupMode|UserMode|AuditMode|DeployedMode"
_PROPERTIES = Properties(
    description="UEFI secure boot of a claimed server. Whatever is written takes effect at its next boot.",
    inputs={
        "serverId": SERVER_ID,
        "enabled": Input("Whether only signed code boots.", flag, BOOLEAN),
        "mode": Input(
            "SecureBootMode from the next boot on, where the BMC offers a choice.",
            text(_MODES, _MODES.replace("|", ", ")),
            required=False,
        ),
        "databases": Input(
            "Certificates by database (PK, KEK, db, dbx), beside those that are there. One that is listed no"
            " more is taken out again; what this resource did not put there stays.",
            is_databases,
            mapping_of({"type": "array", "items": reference(CERTIFICATE_TYPE)}),
            required=False,
        ),
    },
    outputs={
        "complete": Output("Whether everything is written.", BOOLEAN),
        "applied": Output("Whether the last boot took it over; false: it waits for the next one.", BOOLEAN),
        "currentBoot": Output("`Enabled` or `Disabled`: what the last boot made of it."),
        "currentMode": Output("Redfish's SecureBootMode as last seen."),
        "certificates": Output(
            "sha256 of every certificate's DER form that is there, by database.", mapping_of(STRINGS)
        ),
    },
    types=TYPES,
)


class SecureBoots(BroughtAbout):
    """Sets and observes secure boot."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes, and whether each text is a certificate."""
        inputs, failures = self.properties.check(news)
        return inputs, [*failures, *check_certificates(inputs.get("databases"))]

    async def read(self, request: ResourceRequest) -> Found:
        """Secure boot as it is. An import takes the switch, and no certificate."""
        hall = self._hall()
        claim = await readable_claim(hall, request)
        if claim is None:
            return Found()
        inputs = dict(request.old_inputs)
        async with hall.server(claim, request.timeout_seconds) as access:
            driver = SecureBootDriver(access)
            seen = await access.explained(driver.look)
            added = driver.added
        inputs = inputs or {"serverId": claim.server_id, "enabled": seen.enabled}
        wanted = WantedSecureBoot(
            inputs["enabled"],
            inputs.get("mode"),
            resolve_certificates(inputs.get("databases", {}), hall.config.root),
        )
        return Found(claim.server_id, _outputs(inputs, seen, wanted, added), inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """Forget: switch and certificates stay as they are."""
        async with hall.server(claim, request.timeout_seconds) as access:
            await SecureBootDriver(access).forget()

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return incomplete(olds)

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        certificates = resolve_certificates(news.get("databases", {}), hall.config.root)
        wanted = WantedSecureBoot(news["enabled"], news.get("mode"), certificates)
        async with hall.server(claim, request.timeout_seconds) as access:
            driver = SecureBootDriver(access)
            try:
                seen = await access.explained(lambda: driver.apply(wanted))
            except MachineNotReadyError as error:
                raise PartialFailureError(server_id, _nothing_seen(news), [str(error)]) from error
            return _outputs(news, seen, wanted, driver.added)


def _outputs(
    inputs: Outputs, seen: SecureBootState, wanted: WantedSecureBoot, added: Fingerprints
) -> dict[str, Any]:
    return {
        **inputs,
        "complete": plan_secure_boot(seen, wanted, added).is_done,
        "applied": is_applied(seen, enabled=wanted.enabled),
        "currentBoot": seen.current_boot,
        "currentMode": seen.mode,
        "certificates": {
            name: sorted(database.certificates) for name, database in sorted(seen.databases.items())
        },
    }


def _nothing_seen(inputs: Outputs) -> dict[str, Any]:
    certificates: dict[str, list[str]] = {}
    return {
        **inputs,
        "complete": False,
        "applied": False,
        "currentBoot": "",
        "currentMode": "",
        "certificates": certificates,
    }
