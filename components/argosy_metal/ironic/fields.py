"""What is written on Ironic's nodes: as JSON patches and bodies. Pure.

Source: openstack/ironic 39.0.0, doc/source/admin/ramdisk-boot.rst, doc/source/admin/drivers/redfish.rst.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.ironic.decide import DIRECT, RAMDISK
from argosy_metal.ironic.node import MARK, Mark, Node, instance_id_of
from argosy_metal.lifecycle.driver import Wanted, WipePolicy
from argosy_metal.lifecycle.image import Image, ImageKind
from argosy_metal.redfish import Credentials

Patch = list[dict[str, Any]]
_ERASING = {WipePolicy.METADATA: "erase_devices_metadata", WipePolicy.ERASE: "erase_devices"}
"""Clean steps of Ironic's agent (ironic-python-agent, hardware.py)."""


@dataclass(frozen=True)
class BmcAccess:
    """How Ironic itself reaches the BMC of one server."""

    address: str
    account: Credentials = field(repr=False)
    verify_ca: str | bool = True
    """Path of the authority's PEM file on the conductor's computer; True: its system's authorities."""
    system_id: str | None = None
    """Where a BMC lists several systems, the one that is the server."""

    def driver_info(self) -> dict[str, Any]:
        """As a node of the redfish driver has it."""
        info: dict[str, Any] = {
            "redfish_address": self.address,
            "redfish_username": self.account.username,
            "redfish_password": self.account.password,
            "redfish_verify_ca": self.verify_ca,
        }
        return info if self.system_id is None else info | {"redfish_system_id": self.system_id}


def node_name(claim: Claim) -> str:
    """Under which a node is enrolled: a site's name has no dot, so no two servers share a name."""
    return f"{claim.site}.{claim.serial}"


def new_node(claim: Claim, store: str, bmc: BmcAccess) -> dict[str, Any]:
    """The body that enrols a node. It is not cleaned on the way: what is on its drives may be somebody's."""
    return {
        "name": node_name(claim),
        "driver": "redfish",
        "boot_interface": "redfish-virtual-media",
        "inspect_interface": "redfish",
        "automated_clean": False,
        "driver_info": bmc.driver_info(),
        "extra": {MARK: Mark(claim.owner, store, enrolled=True).plain()},
    }


def taking(
    node: Node, claim: Claim, store: str, wanted: Wanted, bmc: BmcAccess, image_key: str | None
) -> Patch:
    """Make the node ours and say what is to be installed: all of it, or nothing.

    Ironic refuses it if someone else's instance is on the node by now.
    """
    install_id = claim.install_id or ""
    before = {"automated_clean": node.automated_clean, "deploy_interface": node.deploy_interface}
    mark = Mark(claim.owner, store, install_id, node.is_by_us, before)
    return [
        {"op": "add", "path": "/instance_uuid", "value": instance_id_of(install_id)},
        {"op": "add", "path": "/instance_info", "value": instance_info(wanted, install_id, image_key)},
        {"op": "add", "path": f"/extra/{MARK}", "value": mark.plain()},
        {"op": "add", "path": "/owner", "value": claim.owner},
        {"op": "add", "path": "/automated_clean", "value": False},
        {"op": "add", "path": "/deploy_interface", "value": deploy_interface(wanted.image)},
        *(describing(bmc) if node.is_by_us else []),
    ]


def describing(bmc: BmcAccess) -> Patch:
    """How Ironic reaches the BMC of a node that we enrolled."""
    return [{"op": "add", "path": "/driver_info", "value": bmc.driver_info()}]


def letting_go(node: Node) -> Patch:
    """Leave the node as we found it; one that we enrolled keeps that word, and is anybody's."""
    mark = node.mark or Mark()
    before = mark.before or {}
    patch: Patch = [{"op": "remove", "path": "/owner"}] if node.owner is not None else []
    if node.instance_id is not None:
        patch += [{"op": "remove", "path": path} for path in ("/instance_uuid", "/instance_info")]
    for name, value in sorted(before.items()):
        changed = {"op": "add", "path": f"/{name}", "value": value}
        patch.append(changed if value is not None else {"op": "remove", "path": f"/{name}"})
    if mark.enrolled:
        bare = replace(mark, owner=None, store=None, install_id=None, before=None)
        return [*patch, {"op": "add", "path": f"/extra/{MARK}", "value": bare.plain()}]
    return [*patch, {"op": "remove", "path": f"/extra/{MARK}"}]


def instance_info(wanted: Wanted, install_id: str, image_key: str | None) -> dict[str, Any]:
    """What Ironic installs, and from where."""
    image = wanted.image
    if image.kind is ImageKind.ISO:
        # The BMC fetches it itself, so that the installer learns its install id from its own address.
        url = image.media_url(install_id, image_key)
        return {"boot_iso": url, "ramdisk_image_download_source": "http"}
    info: dict[str, Any] = {
        "image_source": image.url,
        "image_os_hash_algo": "sha256",
        "image_os_hash_value": image.sha256,
        "image_disk_format": image.kind.value,
    }
    hints = dict(wanted.root_device_hints)
    return info | {"root_device": hints} if hints else info


def deploy_interface(image: Image) -> str:
    """An ISO boots as a ramdisk; a disk image is written by Ironic's agent."""
    return RAMDISK if image.kind is ImageKind.ISO else DIRECT


def deploying(claim: Claim, wanted: Wanted) -> dict[str, Any]:
    """The order to deploy. A disk image gets a config drive; an installer asks the hall's service."""
    order: dict[str, Any] = {"target": "active"}
    if wanted.image.kind is ImageKind.ISO:
        return order
    drive: dict[str, Any] = {
        "meta_data": {"uuid": instance_id_of(claim.install_id or ""), "name": claim.serial}
    }
    if wanted.user_data is not None:
        drive["user_data"] = wanted.user_data.read().decode()
    return order | {"configdrive": drive}


def cleaning(policy: WipePolicy) -> dict[str, Any]:
    """The order to wipe. Named, since what cleaning does by itself is the conductor's configuration."""
    return {"target": "clean", "clean_steps": [{"interface": "deploy", "step": _ERASING[policy]}]}
