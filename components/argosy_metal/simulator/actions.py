"""What can be done to one BMC: its actions, what is made and deleted, and which properties may be written.

Each part of a BMC offers its own functions; they are asked one after another here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from argosy_metal.simulator.accounts import Account
from argosy_metal.simulator.actions_bios import act_on_bios, patch_bios
from argosy_metal.simulator.actions_parts import act_on_parts, delete_part, patch_parts
from argosy_metal.simulator.actions_update import act_on_firmware
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.boot import patch_system, reset
from argosy_metal.simulator.paths import boot_path, system_path
from argosy_metal.simulator.power_restore import DELAY, POLICY, patch_restore
from argosy_metal.simulator.replies import Json, Reply, error
from argosy_metal.simulator.resources_accounts import (
    ACCOUNTS,
    add_account,
    patch_account,
    remove_account,
)
from argosy_metal.simulator.resources_events import SUBSCRIPTIONS, end_subscription
from argosy_metal.simulator.resources_manager import manager_action, network_path, patch_network
from argosy_metal.simulator.resources_media import is_patched_drive, media_action, patch_drive
from argosy_metal.simulator.resources_tasks import SESSIONS, job_path

_ACTIONS: tuple[Callable[[Bmc, str, Json], Reply | None], ...] = (
    reset,
    media_action,
    manager_action,
    act_on_bios,
    act_on_firmware,
    act_on_parts,
)
"""Each carries out the action at a path, or gives None if it is not its own."""


_PATCHES: tuple[Callable[[Bmc, str, Json], Reply | None], ...] = (patch_bios, patch_parts)
"""Each writes a resource that is wholly its own, or gives None if it is another's."""


@dataclass(frozen=True)
class Notes:
    """What the answer to a write says beside the resource itself."""

    annotations: Json = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def act(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Carry out the action at `path`; None if there is none."""
    for action in _ACTIONS:
        reply = action(bmc, path, body)
        if reply is not None:
            return reply
    return None


def create(bmc: Bmc, path: str, body: Json) -> Reply:
    """Make a member of the collection at `path`."""
    if path == ACCOUNTS:
        return add_account(bmc, body)
    raise error(404, "ResourceMissingAtURI", path)


def delete(bmc: Bmc, path: str) -> Reply:
    """Delete the resource at `path`, which exists."""
    if path.startswith(f"{ACCOUNTS}/"):
        return remove_account(bmc, path)
    if path.startswith(f"{SUBSCRIPTIONS}/"):
        return end_subscription(bmc, path)
    if (reply := delete_part(bmc, path)) is not None:
        return reply
    bmc.sessions.close(path.removeprefix(f"{SESSIONS}/"))
    return Reply(204)


def patch_whole(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Let the part of the BMC that owns the resource write it, and answer; None if none does."""
    for write in _PATCHES:
        reply = write(bmc, path, body)
        if reply is not None:
            return reply
    return None


def patch(bmc: Bmc, path: str, body: Json, current: Json, account: Account) -> Notes:
    """Write properties of the resource at `path`.

    Of properties that are unknown the answer tells; if there are no others, nothing is written and it is an
    error (DSP0266 "PATCH (update)").
    """
    wanted = {name: value for name, value in body.items() if not name.startswith("@odata.")}
    if not wanted:
        raise error(400, "NoOperation")
    unknown = [name for name in wanted if name not in current and not name.startswith("@Redfish.")]
    if len(unknown) == len(wanted):
        raise error(400, "PropertyUnknown", unknown[0])
    known = {name: value for name, value in wanted.items() if name in current}
    headers = _patch_known(bmc, path, known, account)
    told = [_unknown(name) for name in unknown]
    return Notes({"@Message.ExtendedInfo": told} if told else {}, headers)


def _patch_known(bmc: Bmc, path: str, body: Json, account: Account) -> Mapping[str, str]:
    if path.startswith(f"{ACCOUNTS}/"):
        if set(body) - {"Password"} and "ConfigureUsers" not in account.privileges:
            raise error(403, "InsufficientPrivilege")
        patch_account(bmc, path, body)
    elif path in (system_path(bmc), boot_path(bmc)):
        _assert_writable(body, ("Boot", "LocationIndicatorActive", POLICY, DELAY))
        patch_restore(bmc, body)
        if patch_system(bmc, path, body) and bmc.profile.jobs:
            return {"Location": job_path(bmc, bmc.tasks.start("Boot override"))}
    elif path == network_path(bmc):
        _assert_writable(body, ("HostName", "NTP"))
        patch_network(bmc, body)
    elif is_patched_drive(bmc, path):
        patch_drive(bmc, path, body)
    return {}


def _assert_writable(body: Json, names: tuple[str, ...]) -> None:
    for name in body:
        if name not in names:
            raise error(400, "PropertyNotWritable", name)


def _unknown(name: str) -> object:
    body = error(400, "PropertyUnknown", name).reply.body or {}
    return body["error"]["@Message.ExtendedInfo"][0]
