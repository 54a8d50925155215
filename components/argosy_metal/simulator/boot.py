"""Power and boot override of one server, as its vendor's BMC lets them be changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.boot_sources import BootOverride
from argosy_metal.simulator.machine import RESET_TYPES, PowerStateError
from argosy_metal.simulator.paths import boot_path, system_path
from argosy_metal.simulator.replies import Json, Reply, error, only_known
from argosy_metal.simulator.resources_tasks import accepted

_HTTP_URL = re.compile(r"https?://[^/?#\s]+(?:[/?#]\S*)?\Z")
_SELF_TEST = "PrimaryProcessorInitializationStarted"
_URI = "HttpBootUri"
_ENABLED = ("Disabled", "Once", "Continuous")


def reset(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """ComputerSystem.Reset; None if `path` is not that action."""
    if path != f"{system_path(bmc)}/Actions/ComputerSystem.Reset":
        return None
    only_known("ComputerSystem.Reset", body, ("ResetType",))
    reset_type = body.get("ResetType", "On")
    if reset_type not in RESET_TYPES:
        raise error(
            400, "ActionParameterValueNotInList", str(reset_type), "ResetType", "ComputerSystem.Reset"
        )
    frozen = bmc.profile.frozen_in_post
    if frozen and is_in_post(bmc) and reset_type not in ("On", "ForceOff"):
        raise error(400, "iLO.2.37.InvalidOperationForSystemState", "System is in POST")
    try:
        bmc.machine.reset(reset_type, bmc.clock.now())
    except PowerStateError:
        if frozen:
            raise error(400, "iLO.2.37.InvalidOperationForSystemState", "Power is off") from None
        raise error(409, "ResourceInStandby") from None
    return accepted(bmc, f"Reset {reset_type}") if bmc.profile.answers_with_tasks else Reply(204)


def patch_system(bmc: Bmc, path: str, body: Json) -> bool:
    """Write the boot override or the indicator; True if the override was written."""
    if "LocationIndicatorActive" in body and path == system_path(bmc):
        bmc.service.indicator_lit = bool(body["LocationIndicatorActive"])
    if "Boot" not in body:
        return False
    if path != boot_path(bmc):
        raise error(400, bmc.profile.future_state_message, "Boot")
    _set_boot(bmc, body["Boot"])
    return True


def _set_boot(bmc: Bmc, boot: object) -> None:
    if not isinstance(boot, dict):
        raise error(400, "PropertyValueTypeError", str(boot), "Boot")
    wanted, profile = cast(Json, boot), bmc.profile
    if profile.frozen_in_post and is_in_post(bmc):
        raise error(400, "iLO.2.37.UnableToModifyDuringSystemPOST")
    for name, value in wanted.items():
        _check(bmc, name, value)
    old = bmc.machine.state.override
    unsent = "Legacy" if profile.boot_mode_falls_back else old.mode
    bmc.machine.set_override(
        BootOverride(
            target=wanted.get("BootSourceOverrideTarget", old.target),
            enabled=wanted.get("BootSourceOverrideEnabled", old.enabled),
            mode=wanted.get("BootSourceOverrideMode", unsent),
            http_boot_uri=wanted.get(_URI, old.http_boot_uri) or "",
        )
    )


def _check(bmc: Bmc, name: str, value: object) -> None:
    profile = bmc.profile
    if name == _URI and "UefiHttp" in profile.boot_targets:
        _check_uri(value)
        return
    allowed: Mapping[str, tuple[str, ...]] = {
        "BootSourceOverrideTarget": profile.boot_targets,
        "BootSourceOverrideEnabled": _ENABLED,
        "BootSourceOverrideMode": ("UEFI", "Legacy") if profile.boot_mode_falls_back else ("UEFI",),
    }
    if name not in allowed:
        raise error(400, "PropertyUnknown", f"Boot/{name}")
    if name == "BootSourceOverrideMode" and not profile.boot_mode_writable:
        raise error(400, "PropertyNotWritable", f"Boot/{name}")
    refused = name == "BootSourceOverrideTarget" and value == "None" and profile.boot_refuses_none
    if value not in allowed[name] or refused:
        raise error(400, "PropertyValueNotInList", str(value), f"Boot/{name}")


def _check_uri(value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise error(400, "PropertyValueTypeError", str(value), f"Boot/{_URI}")
    if not _HTTP_URL.match(value):
        # Without the query, which may be a pre-signed URL's secret part.
        raise error(400, "PropertyValueFormatError", value.partition("?")[0], f"Boot/{_URI}")


def is_in_post(bmc: Bmc) -> bool:
    """Whether the server is on and in its self-test."""
    state = bmc.machine.state
    return state.power == "On" and state.boot_progress == _SELF_TEST
