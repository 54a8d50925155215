"""What exists to build a fleet of: accelerators, cloud instance types, bare-metal server types.

Every entry is plain values plus one `Provenance` per value, so that a reader of a plan can ask where each
number comes from. A value that no source gives is left out (`None`), never guessed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Arch = Literal["x86_64", "arm64"]
CapacityType = Literal["owned", "reserved", "block", "on-demand", "spot", "flex"]
Capped = Literal["node", "gpu"]
Confidence = Literal["verified", "secondary", "estimate"]
Fabric = Literal["efa", "gpudirect-tcpx", "gpudirect-tcpxo", "roce", "infiniband", "none"]
InterfaceType = Literal["interface", "efa", "efa-only"]
NetworkKind = Literal["gvnic", "roce", "idpf", "roce-metal"]

Count = Annotated[int, Field(strict=True, ge=1)]
Index = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[Decimal, Field(gt=0)]
Text = Annotated[str, StringConstraints(min_length=1)]

METAL = "metal"
"""The provider name of servers that no cloud runs."""

_IDENTITY = frozenset({"name", "provider", "provenance"})


class CatalogModel(BaseModel):
    """Base of all parts of the catalogue: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Provenance(CatalogModel):
    """Where a value comes from, when that was so, and how far to trust it."""

    source: Text
    """Title of the document or data set."""
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = None
    as_of: dt.date
    """Day the source is of; where it bears none, the day it was read."""
    confidence: Confidence
    """`verified`: in the vendor's own data or source; `secondary`: in someone else's; `estimate`: unread."""


class Entry(CatalogModel):
    """A named thing of the catalogue; each of its values has a provenance."""

    name: Text
    provenance: dict[str, Provenance] = Field(repr=False)
    """Where each value comes from, by field name."""

    @model_validator(mode="after")
    def _every_value_has_a_provenance(self) -> Self:
        values = self.values()
        missing = sorted(values.keys() - self.provenance.keys())
        if missing:
            raise ValueError(f"a source of this file for {', '.join(missing)}")
        idle = sorted(self.provenance.keys() - values.keys())
        if idle:
            raise ValueError(f"no source for {', '.join(idle)}, which the entry does not hold")
        return self

    @property
    def key(self) -> str:
        """Name that is unique among all entries of its kind."""
        return self.name

    def values(self) -> dict[str, object]:
        """The values that are known, by field name, without name, provider and provenance."""
        return {
            field: value
            for field in type(self).model_fields
            if field not in _IDENTITY and (value := getattr(self, field)) not in (None, ())
        }


class Accelerator(Entry):
    """A GPU or another training chip, as software sees one."""

    vendor: Text
    memory_gb: Count | None = None
    """Nominal memory, in GB as the vendor names it; what software sees differs by a few per cent."""
    tdp_watts: Count | None = None
    """Thermal design power of one accelerator, in watts."""
    slice_of: Text | None = None
    """The whole accelerator of which this is a fixed part; a slice never stands in for the whole."""


@dataclass(frozen=True)
class NetworkCard:
    """One network card of an EC2 instance type."""

    index: int
    max_interfaces: int
    interface_types: tuple[InterfaceType, ...]
    """What the card accepts, in the vendor's order."""

    @property
    def efa(self) -> bool:
        """Whether the card takes an EFA beside the address-bearing interface (`efa-only`)."""
        return "efa-only" in self.interface_types


class NetworkCardGroup(CatalogModel):
    """Network cards of one instance type that are alike."""

    cards: Annotated[tuple[Index, ...], Field(min_length=1)]
    """Their indexes."""
    max_interfaces: Count
    """Most interfaces on each card."""
    interface_types: Annotated[tuple[InterfaceType, ...], Field(min_length=1)]


class AdditionalNetwork(CatalogModel):
    """Networks of one kind that a Google Cloud machine needs beside its primary one."""

    kind: NetworkKind
    networks: Count
    """How many VPC networks."""
    subnets: Index
    """Subnetworks to create in each network; 0 where the vendor forbids creating any."""
    interfaces: Count
    """How many of the machine's interfaces go there, over all networks of this kind."""
    mtu: Count | None = None
    network_profile: Text | None = None
    """Network profile without its zone, e.g. `vpc-roce` for `europe-west1-b-vpc-roce`."""


class LocalSsd(CatalogModel):
    """Disks inside the machine; what they hold is lost with it."""

    count: Count
    gb_each: Count | None = None


class PowerSupplies(CatalogModel):
    """The power supplies of a server, which share its load."""

    count: Count
    watts: Count
    """Rating of one supply, in watts."""
    needed: Count
    """Supplies that carry the server at full load; the rest are spare."""
    needed_to_boot: Count | None = None

    @property
    def spare(self) -> int:
        """Supplies that may fail with the server still at full load."""
        return self.count - self.needed

    @model_validator(mode="after")
    def _needs_no_more_than_there_are(self) -> Self:
        if max(self.needed, self.needed_to_boot or 0) > self.count:
            raise ValueError("needs more power supplies than there are")
        return self


class NodeType(Entry):
    """What the planner wants to know of a node, whether a cloud rents it out or a hall owns it."""

    provider: Text
    accelerator: Text
    """Name of the accelerator in this catalogue."""
    accelerators: Count
    """Accelerators in one node."""
    arch: Arch
    fabric: Fabric
    """What joins the accelerators of several nodes; `none`: ordinary networking."""
    fabric_gbps: Count | None = None
    """Bandwidth out of one node, in Gbit/s, as the vendor states it: Google counts the host's own card in."""
    nvlink_domain: Count | None = None
    """Accelerators joined by one scale-up network, over all nodes it spans."""
    capacity_types: tuple[CapacityType, ...]
    """How a node of this type can be obtained."""
    node_power_kw: Positive | None = None
    """Most that one node draws, in kW."""
    price_usd_per_hour: Positive | None = None
    """List price of one node on demand, in US dollars; the region stands with its source."""
    notes: tuple[Text, ...] = ()
    """What else a person must know before using it."""

    @property
    def key(self) -> str:
        """Name that is unique over all providers, e.g. `aws/p5en.48xlarge`."""
        return f"{self.provider}/{self.name}"

    @property
    def node_power_watts(self) -> int | None:
        """`node_power_kw` in whole watts, rounded up."""
        return None if self.node_power_kw is None else -int(-self.node_power_kw * 1000 // 1)


class InstanceType(NodeType):
    """A machine that a cloud rents out, under the cloud's own name."""

    vcpus: Count | None = None
    memory_gib: Count | None = None
    local_ssd: LocalSsd | None = None
    network_card_groups: tuple[NetworkCardGroup, ...] = ()
    """AWS: the network cards, like ones together; read them one by one as `network_cards`."""
    max_efa_interfaces: Count | None = None
    """AWS: most EFA interfaces of one instance."""
    efa_cards: tuple[Index, ...] = ()
    """AWS: cards that carry the EFAs, where the cards' interface types alone do not decide it."""
    guest_accelerator: Text | None = None
    """Google Cloud: the accelerator's name in `guest_accelerators`."""
    additional_networks: tuple[AdditionalNetwork, ...] = ()
    """Google Cloud: networks to declare beside the primary one, in the order of the interfaces."""

    @property
    def network_cards(self) -> tuple[NetworkCard, ...]:
        """AWS: every network card, by index."""
        cards = (
            NetworkCard(index, group.max_interfaces, group.interface_types)
            for group in self.network_card_groups
            for index in group.cards
        )
        return tuple(sorted(cards, key=lambda card: card.index))

    @model_validator(mode="after")
    def _cards_are_numbered_and_carry_the_efas(self) -> Self:
        cards = self.network_cards
        if [card.index for card in cards] != list(range(len(cards))):
            raise ValueError("network cards must be numbered from 0 without a gap")
        if (self.max_efa_interfaces or 0) > sum(card.efa for card in cards):
            raise ValueError("more EFA interfaces than network cards that take one")
        return self


class ServerType(NodeType):
    """A server that one can own, rack and power."""

    vendor: Text
    rack_units: Count | None = None
    node_power_min_kw: Positive | None = None
    """Least that one node draws under its lowest power cap, in kW."""
    power_supplies: PowerSupplies | None = None
    """Left out where a rack's shared shelves supply the server."""
    power_caps: tuple[Capped, ...] = ()
    """What its BMC caps: the whole node, or each GPU; left out: nobody says, so that the BMC is asked."""
    gpu_cap_min_watts: Count | None = None
    """Lowest cap of one GPU, in watts; the highest is its thermal design power."""
    raid_volumes: Annotated[bool, Field(strict=True)] | None = None
    """Whether its BMC makes RAID volumes; left out: nobody says, so that the BMC is asked."""


class EgressPrice(Entry):
    """What a provider asks for data that leaves its network; its name is the provider's."""

    usd_per_gb: Annotated[Decimal, Field(ge=0)]
    """US dollars per GB to the internet, in the first tier that costs anything: the most one pays."""
    notes: tuple[Text, ...] = ()
    """What else a person must know before using it."""
