"""What several fields, sites or files of one fleet must agree on, once every field has the right shape."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.spec.beside_checks import check_beside
from argosy.spec.demand_checks import check_demand
from argosy.spec.files import FLEETS
from argosy.spec.hall_checks import check_halls
from argosy.spec.pool_checks import check_pools
from argosy.spec.survival_checks import check_survival
from argosy.spec.values import NAME_PATTERN

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

_PRIVATE = tuple(
    ipaddress.IPv4Network(range_) for range_ in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


def check_fleet(fleet: LoadedFleet) -> list[Fault]:
    """Every fault that only shows when the fields of a fleet file and its inventories are held together."""
    return [
        *_check_fleet_name(fleet),
        *_check_times(fleet),
        *_check_cidrs(fleet),
        *check_pools(fleet),
        *check_halls(fleet),
        *check_demand(fleet),
        *check_beside(fleet),
        *check_survival(fleet),
        *_check_max_share(fleet),
    ]


def _check_fleet_name(fleet: LoadedFleet) -> Iterator[Fault]:
    # A stack takes the file of its own name. Elsewhere a file is named by its path, whatever it is called.
    in_place = fleet.path.parent.resolve() == (fleet.root / FLEETS).resolve()
    if in_place and fleet.spec.name != fleet.name:
        rename = f"rename the file to {fleet.spec.name}.yaml"
        is_name = re.fullmatch(NAME_PATTERN, fleet.name)
        yield fleet.fault(
            "name",
            given=f"{fleet.spec.name!r} in {fleet.path.name}",
            expected=f"{fleet.name!r}, since a stack takes the file of its own name",
            fix=f"write `name: {fleet.name}`, or {rename}" if is_name else rename,
        )


def _check_times(fleet: LoadedFleet) -> Iterator[Fault]:
    since, until = fleet.spec.since, fleet.spec.until
    if since is not None and until is not None and since >= until:
        yield fleet.fault(
            "since",
            given=f"{since.isoformat()}, which is not before `until`",
            expected="a time before `until`",
            fix="swap them",
        )


def _check_cidrs(fleet: LoadedFleet) -> Iterator[Fault]:
    for name, site in fleet.spec.sites.items():
        if site.cidr is not None and (wrong := _wrong_with_cidr(site.cidr)):
            given, fix = wrong
            yield fleet.fault(
                f"sites.{name}.cidr", given=given, expected="a private IPv4 range, e.g. 10.16.0.0/16", fix=fix
            )


def _wrong_with_cidr(cidr: str) -> tuple[str, str] | None:
    try:
        network = ipaddress.IPv4Network(cidr, strict=False)
    except ValueError:
        return repr(cidr), "write an address, a slash and a prefix length"
    if "/" not in cidr:
        return f"{cidr!r} without a prefix length", f"write {cidr}/16, or the length you want"
    if str(network) != cidr:
        return f"{cidr!r}, which is an address inside a range", f"write {network}"
    if not any(network.subnet_of(private) for private in _PRIVATE):
        return f"{cidr!r}, which is not private", "pick a range inside 10.0.0.0/8"
    return None


def _check_max_share(fleet: LoadedFleet) -> Iterator[Fault]:
    limit = fleet.spec.max_share
    providers = sorted({site.provider for site in fleet.spec.sites.values()})
    least = f"1/{len(providers)}" if len(providers) > 1 else "1"
    if limit is not None and limit.provider * len(providers) < 1:
        yield fleet.fault(
            "max_share.provider",
            given=f"{limit.provider} with {len(providers)} provider{'s' if len(providers) > 1 else ''}"
            f" ({', '.join(providers)})",
            expected=f"at least {least}, since one of them holds that much",
            fix="raise it, or add a provider",
        )
