"""How the BMCs of different vendors present themselves and misbehave: the files in `vendors/`, typed.

Each file is written from what the vendor documents and what its users report, not from what our client works
around, so that the two can disagree. A server type of the catalogue, or a vendor by name, picks one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Slot = Literal["CD1", "USB1"]
GENERIC = "generic"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Model):
    """One thing that is said of a vendor's BMCs, and who says it."""

    says: str
    url: str
    as_of: dt.date
    """When it was read."""


class Profile(_Model):
    """One family of BMCs. The defaults are a BMC that keeps to the standard."""

    vendor: str = GENERIC
    """The file's name."""
    manufacturer: str = "Argosy"
    product: str = "Argosy simulator"
    model: str = "Simulated server"
    redfish_version: str = "1.20.1"
    oem: tuple[str, ...] = ()
    """Keys under `Oem` of the service root and the system."""
    system_id: str = "1"
    manager_id: str = "BMC"
    chassis_id: str = "1"
    more_managers: tuple[str, ...] = ()
    """Managers of parts, e.g. of the GPU baseboard."""
    missing_root_links: tuple[str, ...] = ()
    """Links that the service root lacks until the BMC has been restarted."""
    last_reset_time: Literal["absent", "told", "zeros"] = "told"

    has_sessions: bool = True
    """Old BMCs know Basic authentication only."""
    session_limit: int | None = None
    """None: whatever the configuration of the simulator says."""
    busy_message: str = "SessionLimitExceeded"
    """MessageId, or its last part for the Base registry, when all sessions are in use."""
    client_limit: int | None = None
    """So many requests at once; more are answered with 503."""

    media_on_manager: bool = False
    """Virtual media stands under the manager instead of the system."""
    media_ids: Mapping[Slot, str] = {"CD1": "CD1", "USB1": "USB1"}
    media_types: Mapping[Slot, tuple[str, ...]] = {"CD1": ("CD", "DVD"), "USB1": ("USBStick",)}
    dead_media_ids: tuple[str, ...] = ()
    """Drives that are shown first, claim to be optical, and take no image."""
    media_by_patch: bool = False
    """No InsertMedia and EjectMedia; `Image` and `Inserted` are patched."""
    media_refuses: tuple[str, ...] = ()
    """Parameters of InsertMedia that are answered with an error."""
    media_demands_credentials: bool = False
    """InsertMedia without UserName and Password is an error, even where the image needs none."""
    media_keeps_image: bool = False
    """`Image` still shows the URL after an eject."""

    boot_targets: tuple[str, ...] = ("None", "Pxe", "Hdd", "Cd", "Usb", "UefiHttp", "BiosSetup")
    optical_boot_target: str = "Cd"
    """The only target that leads to virtual optical media."""
    boot_settings: str | None = None
    """The override is written to this resource under the system, which refuses it itself."""
    boot_settings_targets_only_there: bool = False
    """Only the settings resource lists the allowable targets."""
    boot_mode_writable: bool = True
    boot_mode_falls_back: bool = False
    """A write without a mode sets it to Legacy, in which the installer images do not boot."""
    boot_refuses_none: bool = False
    """`None` is no target that may be written, not even to disable the override."""
    frozen_in_post: bool = False
    """Boot override and reset are refused during the power-on self-test."""
    future_state_message: str = "Base.1.18.PropertyNotWritable"
    """What a write to the wrong resource is answered with."""

    answers_with_tasks: bool = False
    """Reset is answered with 202 and a task."""
    answers_with_messages: bool = False
    """Writes are answered with 200 and a Success message instead of 204."""
    jobs: bool = False
    """Writes to a settings resource start a job under the manager."""
    weak_etags: bool = False
    stale_etag_once: bool = False
    """The first conditional write to a resource is answered with 412, whatever its ETag."""
    demands_if_match: bool = False
    """A PATCH without If-Match is answered with 428."""
    expand: Literal["none", "whole", "lossy"] = "none"
    """`$expand` is ignored, right, or drops required properties."""

    firmware_inventory_seconds: float = 0
    """Real seconds until the inventory of firmware is answered, at a time scale of 1."""
    bios_settings: str | None = "Settings"
    """Name under the Bios resource of what is written; None: no BIOS attributes at all."""
    updates_name_related: bool = False
    """An update names the system or manager that it is for, and is refused with an entry of the inventory."""
    ac_cycle_needs_off: bool = False
    """The chassis has NVIDIA's AuxPowerReset, which is refused unless the server is off."""

    gpu_system_id: str | None = None
    """A second system that holds the GPUs."""
    gpus: int = 0
    gpu_model: str = ""


class VendorFile(_Model):
    """One file of `vendors/`."""

    facts: Annotated[tuple[Fact, ...], Field(min_length=1)]
    profile: Profile
    server_types: Mapping[str, Mapping[str, Any]] = {}
    """Types of the catalogue that this vendor builds, with what differs between them."""
    expected_fails: Mapping[str, str] = {}
    """What DMTF's service validator must find wrong: `URI PROPERTY` to the reason why it is so on purpose. A
    vendor without any claims to pass."""


@cache
def vendor_files() -> Mapping[str, VendorFile]:
    """Every vendor, by the name of its file.

    Raises pydantic.ValidationError if a file is not what it should be.
    """
    from ruamel.yaml import YAML

    found: dict[str, VendorFile] = {}
    for path in sorted(files("argosy_metal.simulator.vendors").iterdir(), key=lambda path: path.name):
        name, dot, kind = path.name.rpartition(".")
        if not dot or kind != "yaml":
            continue
        content: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
        content["profile"] = {**(content.get("profile") or {}), "vendor": name}
        found[name] = VendorFile.model_validate(content)
    return found


@cache
def profile_of(server_type: str, vendor: str | None = None) -> Profile:
    """The profile of a server type of the catalogue, or of a vendor; a plain server if there is none.

    Raises KeyError if the vendor is given and unknown.
    """
    known = vendor_files()
    file = known[vendor or _builder_of(server_type) or GENERIC]
    return file.profile.model_copy(update=dict(file.server_types.get(server_type, {})))


def simulated_vendor(server_type: str, vendor: str) -> str | None:
    """The file that plays a type of `vendor`; None: the type's own, or one that keeps to the standard."""
    return vendor if _builder_of(server_type) is None and vendor in vendor_files() else None


def _builder_of(server_type: str) -> str | None:
    """The vendor whose file names the type as its own."""
    known = vendor_files().items()
    return next((name for name, file in known if server_type in file.server_types), None)
