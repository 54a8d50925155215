"""What the lines of `survive`, the risk groups and the rest of the fleet must agree on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from argosy.spec.losses import FORMS, LOSSES, Domains, closest
from argosy.spec.words import listed, shown_text

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.demand import SurvivalSpec
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import RiskGroupSpec

_EXPECTED_LOSS = f"{', '.join(LOSSES)}, the name of a provider, site or risk group, or {listed(FORMS)}"
_WITHOUT: dict[str, tuple[str, str]] = {
    "any carrier": ("no hall has an uplink", "add a hall (`provider: metal`) with its uplinks"),
    "any entry": ("no uplink names its entry", "add `entry: …` to the uplinks of halls"),
    "any power unit": ("no hall describes its power units", "add `units` to the `power` of halls"),
    "any power supplier": ("no feed names its supplier", "add `supplier: …` to the feeds of halls"),
    "any risk group": ("none is declared", "add one, e.g. `risk_groups: {shared: {sites: [SITE]}}`"),
}
"""Lines that stand for what must be declared first, with why they stand for nothing and what to add."""


def check_survival(fleet: LoadedFleet) -> Iterator[Fault]:
    """Faults of all names that `survive` may use, of the risk groups and of the lines themselves."""
    domains = Domains(fleet)
    yield from _check_names(fleet)
    for name, group in fleet.spec.risk_groups.items():
        yield from _check_risk_group(fleet, domains, f"risk_groups.{name}", group)
    first: dict[tuple[str, str], int] = {}
    for index, line in enumerate(fleet.spec.survive):
        at = f"survive[{index}]"
        yield from _check_loss(fleet, domains, f"{at}.lose", line.lose)
        yield from _check_floors(fleet, f"{at}.keep", line)
        other = first.setdefault((line.lose, line.within), index)
        if other != index:
            yield fleet.fault(
                at,
                given=f"the loss {line.lose!r} within {line.within} a second time",
                expected="each loss once for each time",
                fix=f"merge it with survive[{other}]",
            )


def _check_names(fleet: LoadedFleet) -> Iterator[Fault]:
    taken = {"spot": "loss", **{site.provider: "provider" for site in fleet.spec.sites.values()}}
    for name in fleet.spec.sites:
        if name in taken:
            yield _taken(fleet, f"sites.{name}", "site", name, taken[name], f"{name}-1")
    taken |= dict.fromkeys(fleet.spec.sites, "site") | taken
    for name in fleet.spec.risk_groups:
        if name in taken:
            yield _taken(fleet, f"risk_groups.{name}", "risk group", name, taken[name], f"{name}-group")


def _taken(fleet: LoadedFleet, at: str, kind: str, name: str, owner: str, instead: str) -> Fault:
    return fleet.fault(
        at,
        given=f"a {kind} with the name of the {owner} {name!r}",
        expected=f"a name that `survive` cannot take for a {owner}",
        fix=f"rename it, e.g. to {instead}",
    )


def _check_risk_group(fleet: LoadedFleet, domains: Domains, at: str, group: RiskGroupSpec) -> Iterator[Fault]:
    if not (group.sites or group.feeds or group.uplinks):
        yield fleet.fault(
            at,
            given="a risk group of nothing",
            expected="the sites, feeds or uplinks that fail together",
            fix="list them, e.g. `sites: [SITE]`, or delete the group",
        )
    for index, site in enumerate(group.sites):
        if site not in fleet.spec.sites:
            yield _unknown(fleet, f"{at}.sites[{index}]", site, "a site of this fleet", fleet.spec.sites)
    for kind, members in (("feed", group.feeds), ("uplink", group.uplinks)):
        known = {words.removeprefix(f"{kind} ") for words in domains.of(kind)}
        for index, member in enumerate(members):
            if member not in known:
                what = f"the {kind} of a hall, as SITE/{kind.upper()}"
                yield _unknown(fleet, f"{at}.{kind}s[{index}]", member, what, known)


def _check_loss(fleet: LoadedFleet, domains: Domains, at: str, lose: str) -> Iterator[Fault]:
    if lose in _WITHOUT and not domains.of(lose.removeprefix("any ")):
        # A line without scenarios would be taken for survived.
        why, add = _WITHOUT[lose]
        yield fleet.fault(
            at,
            given=f"{lose!r}, though {why}",
            expected="a loss that this fleet can suffer",
            fix=f"{add}, or delete the entry",
        )
    elif lose not in LOSSES and domains.find(lose) is None:
        close = closest(lose, (*LOSSES, *domains.words))
        sites = ", ".join(sorted(fleet.spec.sites))
        yield fleet.fault(
            at,
            given=shown_text(lose),
            expected=_EXPECTED_LOSS,
            fix=f"did you mean {close}?" if close else f"pick one; sites are {sites}",
        )


def _check_floors(fleet: LoadedFleet, at: str, line: SurvivalSpec) -> Iterator[Fault]:
    keep = line.keep
    if not (keep.training or keep.inference or any(keep.workloads.values())):
        yield fleet.fault(
            at,
            given="a floor of nothing",
            expected="a share above 0 for training, inference or a workload",
            fix="add e.g. `inference: 1.0`, or delete the entry",
        )
    demand = fleet.spec.demand
    known = {workload.name for workload in (*demand.training, *demand.inference)}
    for name in keep.workloads:
        if name not in known:
            yield _unknown(fleet, f"{at}.workloads.{name}", name, "a workload of the demand", known)


def _unknown(fleet: LoadedFleet, at: str, given: str, what: str, known: Collection[str]) -> Fault:
    close = closest(given, known)
    there = [name for name in known if name.startswith(f"{given.partition('/')[0]}/")] or known
    return fleet.fault(
        at,
        given=f"{shown_text(given)}, which this fleet does not have",
        expected=f"{what}: {', '.join(sorted(there)) or 'there is none'}",
        fix=f"did you mean {close}?" if close else "name one that is there, or delete it",
    )
