"""Redundancy: what the loss of one provider or hall must not take with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulumi_policy import Severity
from pydantic import Field

from argosy.site_facts.uplinks import has_two_apart
from argosy_policies.rule import Outcome, Parameters, StackRule, Undecided, Violation
from argosy_policies.rules.halls import FLEET_TYPE, Hall, judge_halls, links_of
from argosy_policies.values import Resource, Value

_OWN_HALLS = "metal"
"""The provider whose sites fail one by one; a cloud's sites share its control plane and its owner."""


class ServingDomains(Parameters):
    """How far serving must be spread."""

    min_domains: int = Field(
        default=2, ge=1, description="Providers or own halls that serving must span; a provider counts once."
    )


@dataclass(frozen=True)
class _Site:
    """What is known of one site's share in serving."""

    name: str
    domain: str
    """What fails as one: the provider, or the hall; the site itself while its provider is not known."""
    unknown: str
    """Path of what must be known before this site can be judged; empty if nothing."""


def _check_serving_spans_domains(fleets: Sequence[Resource], wanted: ServingDomains) -> Iterator[Outcome]:
    if not fleets:
        yield Violation(f"no {FLEET_TYPE} component, so nothing says where serving stands")
    for fleet in fleets:
        yield from _judge(fleet, wanted.min_domains)


def _judge(fleet: Resource, min_domains: int) -> Iterator[Outcome]:
    sites = fleet.properties["sites"]
    if sites.unknown:
        yield Undecided("sites", fleet)
    elif not sites.is_map:
        yield Violation(f"sites is {sites.kind}, not a map of sites", fleet)
    elif faults := [fault for _, site in sites.items() for fault in _malformed(site)]:
        yield from (Violation(fault, fleet) for fault in faults)
    else:
        yield from _count(fleet, min_domains)


def _count(fleet: Resource, min_domains: int) -> Iterator[Outcome]:
    """Unknown sites are waited for only if they could still make the number good."""
    serving = list(_serving_sites(fleet.properties["sites"]))
    certain = {site.domain for site in serving if not site.unknown}
    if not serving or len(certain) >= min_domains:
        return
    if len({site.domain for site in serving}) >= min_domains:
        yield from (Undecided(site.unknown, fleet) for site in serving if site.unknown)
        return
    names = ", ".join(site.name for site in serving)
    yield Violation(
        f"serving stands in {len(certain)} of the {min_domains} providers or halls needed: site {names}",
        fleet,
    )


def _serving_sites(sites: Value) -> list[_Site]:
    """Sites that serve, or of which it is not known yet."""
    found = [_serving_site(name, site) for name, site in sites.items()]
    return [site for site in found if site]


def _serving_site(name: str, site: Value) -> _Site | None:
    provider, pools = site["provider"], site["pools"]
    domain = _domain(name, provider)
    if site.unknown or pools.unknown:
        return _Site(name, domain, site.path if site.unknown else pools.path)
    waits = [_unknown_of_serving(pool) for _, pool in pools.items()]
    if None in waits:
        # One pool that is known to serve settles it, whatever the others turn out to be.
        return _Site(name, domain, provider.path if provider.unknown else "")
    first = next(filter(None, waits), None)
    return _Site(name, domain, first) if first else None


def _domain(site: str, provider: Value) -> str:
    if provider.unknown or provider.text == _OWN_HALLS:
        return f"site {site}"
    return f"provider {provider.text}"


def _unknown_of_serving(pool: Value) -> str | None:
    """None if the pool serves, empty if it does not, else the path of what would say."""
    if pool.unknown:
        return pool.path
    role, nodes = pool["role"], pool["nodes"]
    if role.text not in (None, "inference") or nodes.number == 0:
        return ""
    return next((value.path for value in (role, nodes) if value.unknown), None)


def _malformed(site: Value) -> Iterator[str]:
    """What is missing or of the wrong type, in which case nobody may conclude that the fleet is redundant."""
    if site.unknown:
        return
    yield from _unless(site["provider"], "text", site["provider"].text is not None)
    yield from _unless(site["pools"], "a map", site["pools"].is_map)
    for _, pool in site["pools"].items():
        if not pool.unknown:
            yield from _unless(pool["role"], "text", pool["role"].text is not None)
            yield from _unless(pool["nodes"], "a number", pool["nodes"].number is not None)


def _unless(value: Value, wanted: str, fits: bool) -> Iterator[str]:
    if not fits and not value.unknown:
        yield f"{value.path} is {value.kind}, not {wanted}"


class Uplinks(Parameters):
    """How many ways out a hall needs."""

    min_uplinks: int = Field(default=2, ge=1, description="Uplinks that a hall must have.")


def _check_uplinks_apart(fleets: Sequence[Resource], wanted: Uplinks) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        links = links_of(hall)
        if len(links) < wanted.min_uplinks:
            yield hall.broken(f"{len(links)} of the {wanted.min_uplinks} uplinks needed")
        elif len(links) > 1 and not has_two_apart(links):
            yield hall.broken("every uplink shares its carrier, conduit or entry with every other")

    return judge_halls(fleets, judge)


RULES = (
    StackRule(
        id="RED-01",
        title="Serving spans more than one provider or hall",
        reason=(
            "A provider that is lost, by failure or by decision, must not take all serving with it. The "
            "sites of one cloud count once, since they share its control plane and its owner; halls of one's "
            "own count one by one. Pools without nodes do not count. A fleet that serves nothing passes."
        ),
        source="Argosy",
        severity=Severity.CRITICAL,
        remedy=(
            "in the fleet file, give another provider or another hall a pool with `role: inference` and at "
            "least one node, then run `argosy plan ENV`"
        ),
        resource_types=(FLEET_TYPE,),
        parameters=ServingDomains,
        check=_check_serving_spans_domains,
    ),
    StackRule(
        id="RED-05",
        title="A hall has two uplinks that share no carrier, conduit or entry",
        reason=(
            "One dig, one bankruptcy or one fire at the wall must not cut a hall off. Two links in one duct "
            "are one link to an excavator."
        ),
        source="Argosy",
        severity=Severity.CRITICAL,
        remedy="add an uplink of another carrier, by another conduit and entry, e.g. a satellite on the roof",
        resource_types=(FLEET_TYPE,),
        parameters=Uplinks,
        check=_check_uplinks_apart,
    ),
)
