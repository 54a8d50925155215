"""`argosy metal show ENV SITE/SERIAL`: what one claimed server has, asked of its BMC; nothing is changed."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping
from typing import Any, cast

import typer

from argosy.errors import ArgosyError, FleetError
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet
from argosy_component.site_plan import site_plan_without_pools
from argosy_metal.claims import Claim, RunIdentity
from argosy_metal.commands.halls import halls_of
from argosy_metal.hall_plan import provider_arguments
from argosy_metal.provider.bios_settings import BIOS_SETTINGS
from argosy_metal.provider.firmware_baseline import FIRMWARE_BASELINE
from argosy_metal.provider.power_cap import POWER_CAP
from argosy_metal.provider.power_state import POWER_STATE
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.secure_boot import SECURE_BOOT
from argosy_metal.provider.storage_layout import STORAGE_LAYOUT
from argosy_metal.resources.base import wire_name

_SHOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "power": (POWER_STATE, ("observed",)),
    "bios": (BIOS_SETTINGS, ("attributes", "pending", "registry")),
    "firmware": (FIRMWARE_BASELINE, ("versions",)),
    "storage": (STORAGE_LAYOUT, ("observed",)),
    "secure_boot": (SECURE_BOOT, ("enabled", "currentBoot", "currentMode", "certificates")),
    "power_cap": (POWER_CAP, ("limits",)),
}
"""A heading, the kind of resource that reads it, and which of its properties are shown."""


class NotShownError(ArgosyError):
    """Something could not be read from the server's BMC; what could was printed."""

    exit_code = 1


def show_server(env: str, server_id: str, *, as_json: bool) -> None:
    """Print what the server has, as YAML or JSON, in the words of `settings` where there are such.

    Raises NotShownError if its BMC does not tell all of it, FleetError for a hall that the fleet has not, and
    ArgosyError for a server that nobody has claimed.
    """
    fleet, _ = load_fleet(env)
    shown, missing = asyncio.run(_look(fleet, server_id))
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
    else:
        _print_yaml(shown)
    if missing:
        raise NotShownError("\n  ".join([f"{server_id}: not all could be read", *missing]))


async def _look(fleet: LoadedFleet, server_id: str) -> tuple[dict[str, Any], list[str]]:
    provider = _provider_of(fleet, server_id.partition("/")[0])
    shown: dict[str, Any] = {}
    missing: list[str] = []
    try:
        claim = await _claim_on(provider, server_id)
        shown["server"] = {"id": claim.server_id, "slot": claim.slot, "owner": claim.owner}
        shown["server"]["phase"] = claim.phase.value
        for heading, (token, properties) in _SHOWN.items():
            try:
                found = await provider.kind(token).read(_import_of(token, claim))
            except ArgosyError as error:
                missing.append(f"{heading}: {error}")
                if token == POWER_STATE:
                    # What does not even tell its power is not asked for the rest.
                    break
                continue
            given = {name: found.outputs[name] for name in properties if name in found.outputs}
            shown[heading] = {_attribute(name): _told(value) for name, value in given.items()}
    finally:
        provider.close()
    return shown, missing


def _provider_of(fleet: LoadedFleet, site: str) -> BareMetal:
    halls = halls_of(fleet)
    if site not in halls:
        expected = f"one of its halls: {', '.join(halls)}"
        fix = "write the server as SITE/SERIAL; `argosy metal status ENV` lists all"
        raise FleetError([fleet.fault("sites", given=f"no hall {site!r}", expected=expected, fix=fix)])
    arguments = provider_arguments(site_plan_without_pools(fleet, site))
    provider = BareMetal(RunIdentity("looks only"), lambda: fleet.root)
    provider.configure({wire_name(name): value for name, value in arguments.items() if value is not None})
    return provider


async def _claim_on(provider: BareMetal, server_id: str) -> Claim:
    claim = await provider.hall().claim_of(server_id)
    if claim is None:
        raise ArgosyError(f"server {server_id} is not claimed; `pulumi up` claims what the plan gives a slot")
    return claim


def _import_of(token: str, claim: Claim) -> ResourceRequest:
    """What an import asks, in the name of the stack that holds the server: it writes nothing."""
    project, _, stack = claim.owner.partition("/")
    urn = f"urn:pulumi:{stack}::{project}::{token}::shown"
    # An import of a layout takes volumes of ours alone; with a layout of none, every volume is observed.
    no_volumes: dict[str, Any] = {"serverId": claim.server_id, "volumes": [], "takeOver": False}
    return ResourceRequest(urn, claim.server_id, old_inputs=no_volumes if token == STORAGE_LAYOUT else {})


def _attribute(name: str) -> str:
    """`wattsPerGpu` as a fleet file writes it."""
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _told(value: Any) -> Any:
    """A value as it is shown. Keys of a map are the server's own names; those in a list are the wire's."""
    if not isinstance(value, list):
        return value
    entries = cast("list[dict[str, Any]]", value)
    return [{_attribute(name): part for name, part in entry.items()} for entry in entries]


def _print_yaml(shown: Mapping[str, Any]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # pyright: ignore[reportAttributeAccessIssue]
    yaml.width = 110
    yaml.dump(dict(shown), sys.stdout)  # pyright: ignore[reportUnknownMemberType]
