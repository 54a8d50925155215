"""The network cards of every EC2 instance type: of the catalogue's own, and of all others from EC2's answer.

`network_cards.json` holds what EC2 says of every type, and is written by a program from EC2's own answer (the
file says which, and when that was). For a type of the catalogue the catalogue's word holds; a test keeps the
two alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from argosy.catalog import InstanceType, NetworkCard, Provenance


class HasNetworkCards(Protocol):
    """What a layout is chosen from: an `InstanceType` of the catalogue, or a `TypeNetwork`."""

    @property
    def name(self) -> str:
        """EC2's name of the type."""
        ...

    @property
    def network_cards(self) -> tuple[NetworkCard, ...]:
        """Every network card, by index."""
        ...

    @property
    def max_efa_interfaces(self) -> int | None:
        """Most EFA interfaces of one instance; 0 or None: it takes none."""
        ...

    @property
    def efa_cards(self) -> tuple[int, ...]:
        """The cards that carry the EFAs, where their interface types alone do not decide it."""
        ...


@dataclass(frozen=True)
class TypeNetwork:
    """What is known of the network of one instance type."""

    name: str
    network_cards: tuple[NetworkCard, ...]
    max_efa_interfaces: int
    efa_cards: tuple[int, ...]
    provenance: Provenance
    """Where the least certain of these values comes from."""


def type_network(name: str) -> TypeNetwork:
    """The network of any EC2 instance type. Raises NotInCatalogError for a name that EC2 does not know."""
    from argosy.catalog import NotInCatalogError, load_catalog

    listed = load_catalog().instance_types.get(f"aws/{name}")
    if listed is not None:
        return _of_the_catalogue(listed)
    if name not in captured_types():
        raise NotInCatalogError("EC2 instance type", name, type_names(), "argosy aws types")
    return _captured(name)


def type_names() -> tuple[str, ...]:
    """Every instance type whose network is known, sorted."""
    from argosy.catalog import load_catalog

    listed = {entry.name for entry in load_catalog().instance_types.values() if entry.provider == "aws"}
    return tuple(sorted({*captured_types(), *listed}))


def captured_types() -> Mapping[str, Mapping[str, Any]]:
    """Instance type to what EC2 answered of it, as `network_cards.json` holds it."""
    return _load()[1]


def addresses_per_interface(name: str) -> int | None:
    """IPv4 addresses that one interface of the type holds; None where EC2's answer lacks the type."""
    known = captured_types().get(name)
    return None if known is None else known["addresses_per_interface"]


def _of_the_catalogue(listed: InstanceType) -> TypeNetwork:
    # A type whose EFA cards are pinned is no better known than the pin.
    least_certain = "efa_cards" if listed.efa_cards else "network_card_groups"
    return TypeNetwork(
        name=listed.name,
        network_cards=listed.network_cards,
        max_efa_interfaces=listed.max_efa_interfaces or 0,
        efa_cards=listed.efa_cards,
        provenance=listed.provenance[least_certain],
    )


def _captured(name: str) -> TypeNetwork:
    from argosy.catalog import Provenance

    origin, types = _load()
    return TypeNetwork(
        name=name,
        network_cards=tuple(_cards(types[name])),
        max_efa_interfaces=types[name]["max_efa_interfaces"],
        efa_cards=(),
        provenance=Provenance(
            source=origin["source"],
            url=origin["url"],
            as_of=dt.date.fromisoformat(origin["as_of"]),
            confidence=origin["confidence"],
        ),
    )


def _cards(facts: Mapping[str, Any]) -> Iterator[NetworkCard]:
    from argosy.catalog import NetworkCard

    for run in facts["cards"]:
        for index in range(run["first"], run["last"] + 1):
            yield NetworkCard(index, run["max_interfaces"], tuple(run["interface_types"]))


@lru_cache(maxsize=1)
def _load() -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]]:
    """The file's head, and its facts by type. JSON, because YAML of as many names takes a second to read."""
    import json

    content = json.loads(Path(__file__).with_name("network_cards.json").read_text(encoding="utf-8"))
    return content, {name: facts for facts in content["alike"] for name in facts["types"]}
