"""A file of server types as types: servers of one's own that the catalogue lacks, or knows less well."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from argosy.spec.values import Name, Positive, SpecModel, Text

Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class PowerSuppliesSpec(SpecModel):
    """The power supplies of a server, which share its load."""

    count: Count
    watts: Count
    """Rating of one supply, in watts."""
    needed: Count
    """Supplies that carry the server at full load; the rest are spare."""
    needed_to_boot: Count | None = None

    @model_validator(mode="after")
    def _needs_no_more_than_there_are(self) -> Self:
        if max(self.needed, self.needed_to_boot or 0) > self.count:
            raise ValueError("give needed and needed_to_boot of count at the most")
        return self


class ServerTypeSpec(SpecModel):
    """One server type, in the catalogue's words (`argosy catalog show dgx-h200`)."""

    name: Name
    """As inventories and node pools name it; one of the catalogue's own goes before that."""
    vendor: Text
    """Who builds it, e.g. `dell`; a simulated hall plays that vendor's BMCs if the simulator knows them."""
    accelerator: Text
    """One of `argosy catalog accelerators`."""
    accelerators: Count
    """Accelerators in one server."""
    arch: Literal["x86_64", "arm64"]
    fabric: Literal["roce", "infiniband", "none"]
    """What joins the accelerators of several servers; `none`: ordinary networking."""
    fabric_gbps: Count | None = None
    """Bandwidth out of one server, in Gbit/s."""
    nvlink_domain: Count | None = None
    """Accelerators joined by one scale-up network, over all servers it spans."""
    node_power_kw: Positive
    """Most that one server draws, in kW; no hall is planned without it."""
    node_power_min_kw: Positive | None = None
    """Least that one server draws under its lowest power cap, in kW."""
    power_supplies: PowerSuppliesSpec | None = None
    """Left out where a rack's shared shelves supply the server, which then lives on any one live feed."""
    power_caps: tuple[Literal["node", "gpu"], ...] = ()
    """What its BMC caps: the whole server, or each GPU; left out: not known, and asked of the BMC."""
    gpu_cap_min_watts: Count | None = None
    """Lowest cap of one GPU, in watts."""
    raid_volumes: StrictBool | None = None
    """Whether its BMC makes RAID volumes; left out: not known, and asked of the BMC."""
    rack_units: Count | None = None
    notes: tuple[Text, ...] = ()
    source: Text
    """Where all of this comes from."""
    as_of: dt.date
    """Day on which it was true."""
    confidence: Literal["verified", "secondary", "estimate"]
    """`verified`: measured, or the vendor's own words; `secondary`: someone else's; `estimate`: unread."""

    @model_validator(mode="after")
    def _caps_below_the_most(self) -> Self:
        if self.node_power_min_kw is not None and self.node_power_min_kw > self.node_power_kw:
            raise ValueError("give node_power_min_kw of node_power_kw at the most")
        return self


class ServerTypesSpec(SpecModel):
    """All server types of one file. They go before the catalogue's of the same name."""

    version: Literal[1]
    server_types: Annotated[tuple[ServerTypeSpec, ...], Field(min_length=1)]
