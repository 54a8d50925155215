"""What EKS rejects about a site's cluster or what breaks in it, said when the fleet file is checked."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy_aws.cluster.addon_choice import minimum_versions
from argosy_aws.settings import AwsSiteSettings

_PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_WIDEST, _NARROWEST = 12, 24
"""Prefix lengths of a service range. Source: KubernetesNetworkConfigRequest of EKS's service model."""


def refuse_cluster(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """All faults of an AWS site's service range and of its add-ons' versions."""
    settings = fleet.site_settings(site, AwsSiteSettings)
    yield from _service_range(site, fleet, settings)
    yield from _old_addons(site, fleet, settings)


def _service_range(site: str, fleet: LoadedFleet, settings: AwsSiteSettings) -> Iterator[Fault]:
    services = _network(settings.service_cidr)
    path = f"sites.{site}.settings.service_cidr"
    if (
        services is None
        or not _WIDEST <= services.prefixlen <= _NARROWEST
        or not any(services.subnet_of(block) for block in _PRIVATE)
    ):
        yield fleet.fault(
            path,
            given=repr(settings.service_cidr),
            expected=f"a private IPv4 range from /{_WIDEST} to /{_NARROWEST}",
            fix="write service_cidr: 172.20.0.0/16, or leave it out",
        )
        return
    for whose, cidr in _reachable(site, fleet, settings):
        other = _network(cidr)
        if other is not None and services.overlaps(other):
            yield fleet.fault(
                path,
                given=f"{services}, in which {whose} lies with {cidr}",
                expected="a range of Kubernetes services that pods reach nothing else in",
                fix="write a service_cidr that is free, e.g. 10.100.0.0/16, before the cluster is made",
            )


def _reachable(site: str, fleet: LoadedFleet, settings: AwsSiteSettings) -> Iterator[tuple[str, str]]:
    """What pods may have to reach outside their cluster, and its range."""
    for name, spec in sorted(fleet.spec.sites.items()):
        if spec.cidr is not None:
            yield ("the site itself" if name == site else name), spec.cidr
    for name, hall in sorted(settings.halls.items()):
        if hall.joins is not None:
            yield f"what {name} gives its pods", hall.joins.pods


def _old_addons(site: str, fleet: LoadedFleet, settings: AwsSiteSettings) -> Iterator[Fault]:
    for name, version in sorted(settings.addons.items()):
        minimum = minimum_versions().get(name)
        if minimum is not None and _numbers(version) < _numbers(minimum):
            yield fleet.fault(
                f"sites.{site}.settings.addons.{name}",
                given=version,
                expected=f"{minimum} or later, which works on these nodes",
                fix=f"write one that `aws eks describe-addon-versions --addon-name {name}` shows, or none",
            )


def _numbers(version: str) -> tuple[int, ...]:
    """`v1.18.5-eksbuild.1` and `1.18.5` alike as numbers that compare."""
    return tuple(int(part) for part in version.removeprefix("v").partition("-")[0].split("."))


def _network(cidr: str) -> IPv4Network | None:
    try:
        return IPv4Network(cidr)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None  # not a range; whose setting it is says so
