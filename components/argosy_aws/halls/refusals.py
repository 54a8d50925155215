"""What AWS would reject or advises against about the halls of a site, said when the fleet file is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import AddressValueError, IPv4Address

from argosy.catalog import closest_names
from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec, HallSpec
from argosy_aws.facts import load_facts
from argosy_aws.halls.choice import choose_direct_connect_asn
from argosy_aws.halls.facts import load_hybrid_facts
from argosy_aws.halls.join_refusals import JOIN_RULES
from argosy_aws.halls.linked_hall import LinkedHall
from argosy_aws.settings import AwsSiteSettings, DirectConnectPort, VpnEndpoint

_LEAST_LOCATIONS = 2


def refuse_halls(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """All faults of the halls that an AWS site names in its settings; none where it names none."""
    spec = fleet.spec.sites[site]
    settings = fleet.site_settings(site, AwsSiteSettings)
    if not settings.halls or not isinstance(spec, CloudSiteSpec):
        return
    yield from _gateway_asn(site, fleet, settings)
    yield from _twice(site, fleet, settings)
    yield from _too_many_join(site, fleet, settings)
    for name, hall in sorted(settings.halls.items()):
        linked = LinkedHall(fleet, site, spec, name, hall)
        for rule in (*_RULES, *(JOIN_RULES if hall.joins is not None else ())):
            yield from rule(linked)


def _gateway_asn(site: str, fleet: LoadedFleet, settings: AwsSiteSettings) -> Iterator[Fault]:
    asn, facts = settings.transit_gateway_asn, load_hybrid_facts()
    if not facts.is_gateway_asn(asn):
        ranges = " or ".join(f"from {first} to {last}" for first, last in facts.gateway_asns)
        yield fleet.fault(
            f"sites.{site}.settings.transit_gateway_asn",
            given=str(asn),
            expected=f"a private autonomous system number {ranges}",
            fix="write one that no router of yours has, e.g. 64512",
        )


def _twice(site: str, fleet: LoadedFleet, settings: AwsSiteSettings) -> Iterator[Fault]:
    """A router's address, or a VLAN of a connection, that ends two links."""
    seen: dict[str, str] = {}
    for name, hall in sorted(settings.halls.items()):
        path = f"sites.{site}.settings.halls.{name}"
        ends = [
            *((f"{path}.vpn[{n}].address", vpn.address) for n, vpn in enumerate(hall.vpn)),
            *(
                (f"{path}.direct_connect[{n}].vlan", f"VLAN {port.vlan} of {port.connection}")
                for n, port in enumerate(hall.direct_connect)
            ),
        ]
        for place, end in ends:
            if end in seen:
                yield fleet.fault(
                    place,
                    given=f"{end}, as at {seen[end]}",
                    expected="another end for every link, or they are one link and fail as one",
                    fix="delete one of the two, or write the address or VLAN of the other router",
                )
            seen.setdefault(end, place)


def _too_many_join(site: str, fleet: LoadedFleet, settings: AwsSiteSettings) -> Iterator[Fault]:
    joining = sum(hall.joins is not None for hall in settings.halls.values())
    most = load_hybrid_facts().most_joining_halls
    if joining > most:
        yield fleet.fault(
            f"sites.{site}.settings.halls",
            given=f"{joining} halls that join",
            expected=f"at most {most}: so many ranges of machines, and of pods, EKS takes for a cluster",
            fix="leave out joins of some: those halls then keep control planes of their own; links may stay",
        )


def _is_a_hall(linked: LinkedHall) -> Iterator[Fault]:
    halls = sorted(name for name, site in linked.fleet.spec.sites.items() if isinstance(site, HallSpec))
    if linked.spec is None:
        known = linked.name in linked.fleet.spec.sites
        yield linked.fault(
            "",
            given=f"{linked.name}, which is {'no hall but a cloud region' if known else 'not in the fleet'}",
            expected=f"a site of provider metal: {', '.join(halls) or 'the fleet has none'}",
            fix="name one of them, or add the hall to `sites`" if halls else "add the hall to `sites`",
        )
    elif linked.spec.cidr is None:
        yield linked.fault(
            "",
            given=f"{linked.name}, which has no range",
            expected="a hall with a range of its own, to which routes can lead",
            fix=f"write a private range at sites.{linked.name}.cidr, e.g. 10.64.0.0/16",
        )


def _locations(linked: LinkedHall) -> Iterator[Fault]:
    """AWS's own advice for workloads that matter is two locations at least.

    Source: Direct Connect resiliency recommendations, high resiliency.
    """
    locations = sorted({link.location for link in _links(linked)})
    if len(locations) >= _LEAST_LOCATIONS or (not locations and linked.hall.joins is not None):
        return
    yield linked.fault(
        "",
        given=f"links that end in one location, {locations[0]}" if locations else "no link",
        expected="two locations at least over vpn and direct_connect, or one failure cuts the hall off",
        fix="add a vpn or direct_connect that ends in another location",
    )


def _addresses(linked: LinkedHall) -> Iterator[Fault]:
    for number, vpn in enumerate(linked.hall.vpn):
        if not _is_public(vpn.address):
            yield linked.fault(
                f"vpn[{number}].address",
                given=repr(vpn.address),
                expected="the router's public IPv4 address, which AWS can reach over the internet",
                fix="write the address that the internet sees; one behind NAT is that of the NAT",
            )


def _regions(linked: LinkedHall) -> Iterator[Fault]:
    for index, port in enumerate(linked.hall.direct_connect):
        regions = load_facts().zones
        if port.region is not None and port.region not in regions:
            near = closest_names(port.region, regions)
            yield linked.fault(
                f"direct_connect[{index}].region",
                given=repr(port.region),
                expected=f"an AWS region: {', '.join(regions)}",
                fix=f"write {near[0]}" if near else "name one of them, or leave it out for the site's own",
            )


def _is_public(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in load_hybrid_facts().not_routers)
    )


def _asns(linked: LinkedHall) -> Iterator[Fault]:
    """BGP takes a peer of the same number for a part of one's own system, and drops its routes."""
    ours = linked.fleet.site_settings(linked.site, AwsSiteSettings).transit_gateway_asn
    direct = choose_direct_connect_asn(ours)
    gateways: tuple[tuple[str, tuple[VpnEndpoint | DirectConnectPort, ...], int, str], ...] = (
        ("vpn", linked.hall.vpn, ours, "transit gateway"),
        ("direct_connect", linked.hall.direct_connect, direct, "Direct Connect gateway"),
    )
    for field, links, taken, whose in gateways:
        for number, link in enumerate(links):
            if link.asn == taken:
                yield linked.fault(
                    f"{field}[{number}].asn",
                    given=str(link.asn),
                    expected=f"another number than {taken}, which the site's {whose} has",
                    fix="write the hall's own number, or another transit_gateway_asn for the site",
                )


def _links(linked: LinkedHall) -> tuple[VpnEndpoint | DirectConnectPort, ...]:
    return (*linked.hall.vpn, *linked.hall.direct_connect)


_RULES: tuple[Callable[[LinkedHall], Iterator[Fault]], ...] = (
    _is_a_hall,
    _locations,
    _addresses,
    _regions,
    _asns,
)
