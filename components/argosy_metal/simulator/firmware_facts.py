"""What simulated BIOSes and firmware consist of: the two YAML files beside this, typed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from argosy_metal.simulator.bios_state import AttributeValue
from argosy_metal.simulator.firmware_state import Activation

_IMAGE = re.compile(r"/firmware/([A-Za-z0-9._-]+)/([A-Za-z0-9._-]+)/([A-Za-z0-9._-]+)\.bin")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(_Model):
    """One BIOS attribute, as the attribute registry describes it."""

    name: str
    type: Literal["Enumeration", "String", "Integer", "Boolean", "Password"]
    shown: str
    default: AttributeValue
    values: tuple[str, ...] = ()
    lower: int | None = None
    upper: int | None = None
    max_length: int | None = None
    read_only: bool = False

    def accepts(self, value: object) -> bool:
        """Whether the BMC takes the value."""
        match self.type:
            case "Enumeration":
                return value in self.values
            case "Boolean":
                return isinstance(value, bool)
            case "Integer":
                return type(value) is int and (self.lower or 0) <= value <= (self.upper or value)
            case "String" | "Password":
                return isinstance(value, str) and len(value) <= (self.max_length or len(value))


class _Attributes(_Model):
    source: str
    as_of: dt.date
    attributes: tuple[Attribute, ...]


class Component(_Model):
    """One updatable part."""

    id: str
    version: str
    """From the factory."""
    seconds: float
    """How long its flash takes."""
    activation: Activation
    related: Literal["manager", "system", "chassis"]
    updateable: bool = True


class _Components(_Model):
    source: str
    as_of: dt.date
    vendors: dict[str, tuple[Component, ...]]


@cache
def bios_attributes() -> dict[str, Attribute]:
    """Every BIOS attribute by name."""
    read = _Attributes.model_validate(_read("bios_attributes.yaml"))
    return {attribute.name: attribute for attribute in read.attributes}


@cache
def components_of(vendor: str) -> dict[str, Component]:
    """The components of a vendor's servers, by id."""
    vendors = _Components.model_validate(_read("firmware_components.yaml")).vendors
    return {component.id: component for component in vendors.get(vendor, vendors["default"])}


def firmware_path(server_type: str, component: str, version: str) -> str:
    """Where a hall's service offers a firmware image."""
    return f"/firmware/{server_type}/{component}/{version}.bin"


def firmware_bytes(path: str) -> bytes | None:
    """The content of the image at a path; None if it is no path of a firmware image."""
    parts = parse_firmware_path(path)
    return f"argosy simulated firmware: {' '.join(parts)}\n".encode() if parts else None


def firmware_sha256(server_type: str, component: str, version: str) -> str:
    """The digest of an image, as a fleet file names it."""
    return hashlib.sha256(firmware_bytes(firmware_path(server_type, component, version)) or b"").hexdigest()


def parse_firmware_path(path: str) -> tuple[str, str, str] | None:
    """Server type, component and version of the image at a path; None if it is no such path."""
    found = _IMAGE.fullmatch(path)
    return (found[1], found[2], found[3]) if found else None


def _read(name: str) -> Any:
    from ruamel.yaml import YAML

    text = files("argosy_metal.simulator").joinpath(name).read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]
