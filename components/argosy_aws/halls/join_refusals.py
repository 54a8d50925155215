"""What must hold before the machines of a hall become nodes of a cluster in AWS. Each rule yields faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

from argosy.errors import Fault
from argosy.spec.hall import UplinkSpec
from argosy.spec.loader import LoadedFleet
from argosy_aws.halls.certificates import UnfitCertificatesError, read_certificates
from argosy_aws.halls.facts import HybridFacts, load_hybrid_facts
from argosy_aws.halls.linked_hall import LinkedHall
from argosy_aws.settings import AwsSiteSettings, JoinSettings

_PRIVATE_CA = re.compile(
    r"arn:aws(-[a-z]+)*:acm-pca:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":certificate-authority/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_LEAST_UPLINKS = 2


def _has_a_way(linked: LinkedHall) -> Iterator[Fault]:
    if not linked.hall.vpn and not linked.hall.direct_connect:
        yield linked.fault(
            "joins",
            given="a hall without a link",
            expected="vpn or direct_connect in two locations, over which nodes reach their control plane",
            fix="add them, or leave out joins: the hall then keeps a control plane of its own",
        )


def _uplinks(linked: LinkedHall) -> Iterator[Fault]:
    """Uplinks of which two that do not fail together meet what AWS advises for hybrid nodes.

    AWS advises at least 100 Mbps and at most 200 ms of round trip, and advises against hybrid nodes at sites
    that are disconnected or only at times connected. One fit uplink is such a site as soon as it fails: its
    nodes then get no work, and what runs on them is not replaced. An uplink whose `usage` leaves out
    `control` carries nothing to a control plane elsewhere. By physics, a geostationary satellite is
    never fit (a round trip is 477 ms at least), whatever the file says.
    Source: EKS user guide, prepare networking for hybrid nodes (`halls.yaml`).
    """
    if linked.spec is None:
        return
    facts = load_hybrid_facts()
    reasons = {uplink.name: _unfit(uplink, facts) for uplink in linked.spec.uplinks}
    fit = [uplink for uplink in linked.spec.uplinks if not reasons[uplink.name]]
    together = _fail_together(linked, fit)
    if len(fit) >= _LEAST_UPLINKS and not together:
        return
    said = [f"{name} ({'; '.join(why) or 'fit'})" for name, why in reasons.items()]
    shared = f"; the fit ones fail together: {', '.join(sorted(together))}" if len(fit) > 1 else ""
    yield linked.fault(
        "joins",
        given=f"the uplinks {', '.join(said)} of {linked.name}{shared}",
        expected=(
            f"two uplinks for control that do not fail together, each of {facts.least_mbps} Mbps or more and "
            f"{facts.longest_rtt_ms} ms of round trip or less, so that the loss of one orphans no node"
        ),
        fix="leave out joins: the hall then keeps a control plane of its own, which outlives its uplinks",
    )


def _unfit(uplink: UplinkSpec, facts: HybridFacts) -> list[str]:
    reasons: list[str] = []
    if uplink.usage and "control" not in uplink.usage:
        reasons.append(f"its usage, {', '.join(uplink.usage)}, leaves out control")
    if uplink.mbps < facts.least_mbps:
        reasons.append(f"{uplink.mbps} Mbps is less than {facts.least_mbps}")
    if uplink.rtt_ms > facts.longest_rtt_ms:
        reasons.append(f"{uplink.rtt_ms} ms is more than {facts.longest_rtt_ms}")
    elif uplink.kind == "geo":
        reasons.append(f"a geostationary round trip is never {facts.longest_rtt_ms} ms or less")
    return reasons


def _fail_together(linked: LinkedHall, uplinks: list[UplinkSpec]) -> set[str]:
    """The conduits and risk groups that hold all of these uplinks."""
    held = [_groups(linked, uplink) for uplink in uplinks]
    return {group for group in held[0] if all(group in others for others in held)} if held else set()


def _groups(linked: LinkedHall, uplink: UplinkSpec) -> set[str]:
    name = f"{linked.name}/{uplink.name}"
    risks = linked.fleet.spec.risk_groups.items()
    groups = {f"risk group {risk}" for risk, group in risks if name in group.uplinks}
    return groups | ({f"conduit {uplink.conduit}"} if uplink.conduit else set())


def _ranges(linked: LinkedHall) -> Iterator[Fault]:
    """Source: RemoteNodeNetwork and RemotePodNetwork of EKS's service model."""
    facts = load_hybrid_facts()
    wanted = f"a range of its own within {', '.join(map(str, facts.ranges))}"
    pods = _network(_joins(linked).pods)
    if pods is None or not any(pods.subnet_of(private) for private in facts.ranges):
        yield linked.fault(
            "joins.pods",
            given=repr(_joins(linked).pods),
            expected=wanted,
            fix="write a private range that nothing else uses, e.g. 10.65.0.0/16",
        )
        return
    for whose, other in _taken(linked):
        if pods.overlaps(other):
            yield linked.fault(
                "joins.pods",
                given=f"{pods}, which overlaps {other} of {whose}",
                expected=wanted,
                fix="write a private range that nothing else uses",
            )


def _taken(linked: LinkedHall) -> Iterator[tuple[str, IPv4Network]]:
    """Every range that the pods of this hall must keep clear of, and whose it is.

    The cluster's services are `argosy_aws.cluster.refusals`' to say.
    """
    for name, site in sorted(linked.fleet.spec.sites.items()):
        if site.cidr is not None and (network := _network(site.cidr)) is not None:
            yield name, network
    for site, name, joins in _all_joins(linked.fleet):
        if (site, name) != (linked.site, linked.name) and (network := _network(joins.pods)) is not None:
            yield f"the pods of {name} in {site}", network


def _one_cluster(linked: LinkedHall) -> Iterator[Fault]:
    first = next(site for site, name, _ in _all_joins(linked.fleet) if name == linked.name)
    if first != linked.site:
        yield linked.fault(
            "joins",
            given=f"{linked.name}, which joins {first} already",
            expected="one cluster for the machines of a hall, since a machine is a node of one",
            fix="leave out joins at one of the two sites; links may stay",
        )


def _by_certificate(linked: LinkedHall) -> Iterator[Fault]:
    joins = _joins(linked)
    if joins.through != "roles-anywhere":
        return
    if joins.certificate_authority is None:
        yield linked.fault(
            "joins",
            given="roles-anywhere without a certificate_authority",
            expected="whose certificates prove who a machine is",
            fix="write the ARN of a private CA, or the path of a PEM file below the project's root",
        )
    for field in ("machines", "expires"):
        if getattr(joins, field) is not None:
            yield linked.fault(
                f"joins.{field}",
                given=f"`{field}` with roles-anywhere",
                expected="it with through: ssm only, whose activation it limits",
                fix="delete it; the certificates say which machines may join, and until when",
            )
    yield from _authority(linked)


def _authority(linked: LinkedHall) -> Iterator[Fault]:
    authority = _joins(linked).certificate_authority
    if authority is None:
        return
    is_arn = authority.startswith("arn:")
    wrong = _wrong_with_private_ca(linked, authority) if is_arn else _wrong_with_file(linked, authority)
    if wrong:
        yield linked.fault(
            "joins.certificate_authority",
            given=wrong,
            expected="the ARN of a private CA of the site's account and region, or the path of a PEM file "
            "with the certificate of the authority, below the project's root",
            fix="write one of them; the authority's private key never belongs here",
        )


def _wrong_with_private_ca(linked: LinkedHall, arn: str) -> str | None:
    region, account = linked.site_spec.region, linked.site_spec.account
    match = _PRIVATE_CA.fullmatch(arn)
    # A site without an account has a fault of its own.
    if match and match["region"] == region and account in (None, match["account"]):
        return None
    return f"{arn}, which is no private CA of {account or 'some account'} in {region}"


def _wrong_with_file(linked: LinkedHall, name: str) -> str | None:
    try:
        read_certificates(linked.fleet.root, name)
    except UnfitCertificatesError as error:
        return str(error)
    return None


def _by_activation(linked: LinkedHall) -> Iterator[Fault]:
    joins = _joins(linked)
    if joins.through != "ssm":
        return
    for field, means in (("machines", "how many machines"), ("expires", "until when machines")):
        if getattr(joins, field) is None:
            yield linked.fault(
                "joins",
                given=f"ssm without `{field}`",
                expected=f"{means} may register by the one activation, whose code is a secret that all share",
                fix=f"write {field}:, or take through: roles-anywhere",
            )
    if joins.certificate_authority is not None:
        yield linked.fault(
            "joins.certificate_authority",
            given="`certificate_authority` with ssm",
            expected="it with through: roles-anywhere only",
            fix="delete it, or write through: roles-anywhere",
        )
    yield from _too_many_machines(linked)


def _too_many_machines(linked: LinkedHall) -> Iterator[Fault]:
    inventory = linked.fleet.inventories.get(linked.name)
    machines = _joins(linked).machines
    if inventory is not None and machines is not None and machines > len(inventory.servers):
        yield linked.fault(
            "joins.machines",
            given=str(machines),
            expected=f"at most {len(inventory.servers)}, the servers of {linked.name}",
            fix="write their number; whoever has the code could register the rest",
        )


def _joins(linked: LinkedHall) -> JoinSettings:
    if linked.hall.joins is None:
        raise ValueError(f"{linked.name} does not join")
    return linked.hall.joins


def _all_joins(fleet: LoadedFleet) -> list[tuple[str, str, JoinSettings]]:
    """Every hall that joins, of every AWS site of the fleet: site, hall, how."""
    return [
        (site, name, hall.joins)
        for site, settings in sorted(fleet.settings.sites.items())
        if isinstance(settings, AwsSiteSettings)
        for name, hall in sorted(settings.halls.items())
        if hall.joins is not None
    ]


def _network(cidr: str) -> IPv4Network | None:
    try:
        return IPv4Network(cidr) if "/" in cidr else None
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


JOIN_RULES: tuple[Callable[[LinkedHall], Iterator[Fault]], ...] = (
    _has_a_way,
    _uplinks,
    _ranges,
    _one_cluster,
    _by_certificate,
    _by_activation,
)
"""The rules about a hall that joins."""
