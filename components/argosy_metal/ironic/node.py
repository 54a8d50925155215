"""One of Ironic's nodes as the driver sees it: its state, and whose it is. Pure.

Source of states and fields: openstack/ironic, ironic/common/states.py and api-ref, release 39.0.0.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from argosy_metal.claims import Claim

MARK = "argosy"
"""Our key in a node's `extra`."""
SETTLING = "argosy: from the installer to the installed system"
"""The `maintenance_reason` while we change what Ironic changes in maintenance only."""
TRANSITIONAL = frozenset(
    {
        *("verifying", "inspecting", "inspect wait", "cleaning", "clean wait", "deploying"),
        *("deleting", "adopting"),
    }
)
"""States that Ironic leaves by itself, and in which it takes no new order."""
INSTALLED = frozenset({"active", "deploy failed", "error", "wait call-back"})
"""States that `undeploy` leads out of."""
_NAMESPACE = uuid.UUID("b0f7b3a2-4b7b-5c5f-9c9e-7b6c3a2d8f10")
_EMPTY = frozenset({"enroll", "verifying", "manageable", "inspecting", "inspect wait", "inspect failed"}) | {
    *("available", "cleaning", "clean wait", "clean failed"),
}
_POWER: Mapping[str | None, str] = {"power on": "On", "rebooting": "PoweringOn", "power off": "Off"}
_CHANGING: Mapping[str | None, str] = {
    **dict.fromkeys(("power on", "rebooting", "soft rebooting"), "PoweringOn"),
    **dict.fromkeys(("power off", "soft power off"), "PoweringOff"),
}


class Whose(StrEnum):
    """Whose a node is, by what stands on it."""

    FREE = "free"
    OURS = "ours"
    """It carries the installation in hand."""
    EARLIER = "ours, from an earlier attempt"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Mark:
    """What we write on a node: who works on it, and how it was before."""

    owner: str | None = None
    """`project/stack`; None: nobody any more."""
    store: str | None = None
    """Identity of the claims store that holds the server."""
    install_id: str | None = None
    enrolled: bool = False
    """Whether we have enrolled the node, and so keep its `driver_info` right."""
    before: Mapping[str, Any] | None = None
    """Fields that were changed, as they were."""

    def plain(self) -> dict[str, Any]:
        """As it stands on the node."""
        return {
            "owner": self.owner,
            "store": self.store,
            "installId": self.install_id,
            "enrolled": self.enrolled,
            "before": None if self.before is None else dict(self.before),
        }


@dataclass(frozen=True)
class Node:
    """What Ironic says of a node."""

    id: str
    state: str
    """Ironic's `provision_state`."""
    power: str
    """As Redfish's `PowerState`; `Unknown` where Ironic has none."""
    instance_id: str | None
    owner: str | None
    deploy_interface: str
    mark: Mark | None
    allocated: bool
    """Whether an allocation holds it."""
    trouble: str | None
    """Why no order may be given: maintenance, retired, protected."""
    last_error: str | None
    automated_clean: bool | None
    carries_iso: bool
    """Whether what is deployed is an ISO, rather than a disk image."""
    settling: bool
    """Whether it is in maintenance by us, for a moment."""

    @property
    def is_by_us(self) -> bool:
        """Whether we have enrolled it."""
        return self.mark is not None and self.mark.enrolled


def node_from(answer: Mapping[str, Any]) -> Node:
    """What an answer of `GET /v1/nodes/{id}` says. Raises ValueError if it is none."""
    try:
        return Node(
            id=str(answer["uuid"]),
            state=str(answer["provision_state"]),
            power=_CHANGING.get(answer["target_power_state"]) or _POWER.get(answer["power_state"], "Unknown"),
            instance_id=answer["instance_uuid"],
            owner=answer["owner"],
            deploy_interface=str(answer["deploy_interface"]),
            mark=_mark(answer["extra"]),
            allocated=answer["allocation_uuid"] is not None,
            trouble=_trouble(answer),
            last_error=answer["last_error"],
            automated_clean=answer["automated_clean"],
            carries_iso="boot_iso" in answer["instance_info"],
            settling=_is_settling(answer),
        )
    except KeyError as missing:
        raise ValueError(f"it has no {missing.args[0]}") from None


def instance_id_of(install_id: str) -> str:
    """An installation's name in Ironic, where it has to be a UUID."""
    return str(uuid.uuid5(_NAMESPACE, install_id))


def whose(node: Node, claim: Claim, store: str, *, knows_mark: bool) -> Whose:
    """Whose `node` is. `knows_mark`: the claims store has noted the installation that the mark names."""
    mark = node.mark
    if node.allocated:
        return Whose.FOREIGN
    if mark is None or mark.owner is None:
        is_bare = node.instance_id is None and node.owner is None and node.state in _EMPTY
        return Whose.FREE if is_bare else Whose.FOREIGN
    if (mark.owner, mark.store) != (claim.owner, store):
        return Whose.FOREIGN
    if node.instance_id is None:
        # Ironic takes the instance off before it has done with undeploying.
        return Whose.FOREIGN if node.state == "active" else Whose.FREE
    if claim.install_id is not None and node.instance_id == instance_id_of(claim.install_id):
        return Whose.OURS
    is_earlier = mark.install_id is not None and node.instance_id == instance_id_of(mark.install_id)
    return Whose.EARLIER if is_earlier and knows_mark else Whose.FOREIGN


def _mark(extra: Any) -> Mark | None:
    found: Any = extra.get(MARK) if isinstance(extra, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(found, dict):
        return None
    values = cast("dict[str, Any]", found)
    return Mark(
        owner=values.get("owner"),
        store=values.get("store"),
        install_id=values.get("installId"),
        enrolled=values.get("enrolled") is True,
        before=values.get("before"),
    )


def _trouble(answer: Mapping[str, Any]) -> str | None:
    if answer["maintenance"] and not _is_settling(answer):
        reasons = [answer.get("fault"), answer.get("maintenance_reason"), answer.get("last_error")]
        return ": ".join(["it is in maintenance", *(str(reason) for reason in reasons if reason)])
    if answer["retired"]:
        return f"it is retired: {answer.get('retired_reason') or 'no reason given'}"
    if answer["protected"]:
        return f"it is protected: {answer.get('protected_reason') or 'no reason given'}"
    return None


def _is_settling(answer: Mapping[str, Any]) -> bool:
    return bool(answer["maintenance"]) and answer.get("maintenance_reason") == SETTLING
