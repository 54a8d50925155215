"""What is read of NetBox's items, as types: what it documents and does not send is an error, not a guess.

Source: netboxlabs.com/docs/netbox, "REST API", and the models of devices, power ports and power outlets, read
2026-11.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Item(BaseModel):
    """One object; keys that are not read are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Page(Item):
    """A part of a list."""

    count: int = Field(ge=0)
    """Items of the whole list."""
    next: str | None = None
    results: list[Any]


class Numbered(Item):
    """An object with NetBox's number for it."""

    id: int


class Named(Item):
    """A rack."""

    name: str


class DeviceType(Item):
    """What kind of device it is."""

    slug: str


class Status(Item):
    """A choice, as `active`."""

    value: str


class Address(Item):
    """An IP address with its prefix, `10.9.0.11/24`."""

    address: str


class Device(Numbered):
    """Whatever stands in a rack."""

    name: str | None = None
    serial: str | None = None
    device_type: DeviceType
    status: Status
    rack: Named | None = None
    oob_ip: Address | None = None


class Endpoint(Numbered):
    """What a cable ends at: a power feed, or an outlet, of which alone the rest is told."""

    name: str | None = None
    device: Numbered | None = None
    power_port: Numbered | None = None


class PowerPort(Numbered):
    """Where a device takes its power."""

    device: Numbered
    connected_endpoints: list[Endpoint] | None = None
    connected_endpoints_type: str | None = None


class PowerOutlet(Numbered):
    """Where a PDU gives power."""

    device: Numbered
    power_port: Numbered | None = None
