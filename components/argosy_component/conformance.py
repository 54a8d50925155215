"""The conformance suite: what every provider must keep, as one function that a provider's author can call.

Each check yields a sentence about what was broken, so that a new provider's author reads what is missing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from argosy.catalog import Catalog
from argosy.planner.models import Lock
from argosy.providers import Capability
from argosy.resolve import resolve
from argosy.spec.loader import LoadedFleet
from argosy_component.contract import Site, SitePlan, SiteProvider
from argosy_component.mock_engine import ResourceGraph, run_program
from argosy_component.site_plan import site_plans

_HEAVY = frozenset({"aiohttp", "grpc"})


def deviations(provider: SiteProvider, fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> list[str]:
    """Every way in which `provider` does not keep the contract, shown on a sound fleet that uses it.

    The fleet's sites must all be the provider's own, its lock verified. Empty: the provider conforms.
    """
    found = [*_of_descriptor(provider), *_of_refusals(provider, fleet, catalog)]
    for plan in site_plans(fleet, lock, catalog):
        found += _of_declaration(provider, plan)
    return found


def imports_of(module: str) -> list[str]:
    """SDKs that a fresh interpreter has loaded after importing `module`; a descriptor must load none."""
    program = f"import sys, importlib; importlib.import_module({module!r}); print(*sys.modules)"
    run = subprocess.run(  # noqa: S603 - our own interpreter, and a program of three statements
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return sorted(name for name in set(run.stdout.split()) if _is_sdk(name))


def _is_sdk(module: str) -> bool:
    """Whether it is Pulumi's SDK or one for Pulumi, by the name they all begin with, or a network library."""
    return "." not in module and (module.startswith("pulumi") or module in _HEAVY)


def _of_descriptor(provider: SiteProvider) -> Iterator[str]:
    unknown = sorted(str(capability) for capability in provider.capabilities - set(Capability))
    if unknown:
        yield f"capabilities has {', '.join(unknown)}, which no fleet file can ask for"
    if not provider.capabilities:
        yield "capabilities is empty: no pool could ever be asked for"


def _of_refusals(provider: SiteProvider, fleet: LoadedFleet, catalog: Catalog) -> Iterator[str]:
    for fault in resolve(fleet, catalog, {provider.name: provider}):
        yield f"refuses its own sample fleet: {fault}"


def _of_declaration(provider: SiteProvider, plan: SitePlan) -> Iterator[str]:
    site, graph = _declared(provider, plan)
    yield from _of_handles(site, plan)
    yield from _of_tree(site, graph)
    yield from _of_secrets(site, graph)
    if graph.snapshot() != _declared(provider, plan)[1].snapshot():
        yield f"site {plan.name}: two runs of one plan declare different resources"
    if _declared(provider, _one_node_more(plan))[1].snapshot() == graph.snapshot():
        yield f"site {plan.name}: one node more in the plan changes no resource"
    try:
        _declared(provider, plan, preview=True)
    except Exception as failure:  # noqa: BLE001 - whatever a provider raises is what is reported
        yield f"site {plan.name}: cannot be previewed before it exists: {failure}"


def _of_handles(site: Site, plan: SitePlan) -> Iterator[str]:
    planned = {pool.name: pool for pool in plan.node_pools}
    if set(site.pools) != set(planned):
        yield f"site {plan.name}: Site.pools has {sorted(site.pools)}, the plan {sorted(planned)}"
    for name in sorted(set(site.pools) & set(planned)):
        handle, pool = site.pools[name], planned[name]
        place = f"site {plan.name}, pool {name}"
        if handle.nodes != pool.nodes:
            yield f"{place}: the handle counts {handle.nodes} nodes, the plan {pool.nodes}"
        if handle.accelerators_per_node != pool.node_type.accelerators:
            yield f"{place}: the handle counts {handle.accelerators_per_node} accelerators per node"
        if not handle.node_selector:
            yield f"{place}: no node selector, so no job could be sent to this pool alone"
        if not handle.topology_keys:
            yield f"{place}: no topology keys, so no job could be spread or packed"
        if handle.capacity_ends != pool.capacity_ends:
            yield f"{place}: the handle says that capacity ends {handle.capacity_ends}"


def _of_tree(site: Site, graph: ResourceGraph) -> Iterator[str]:
    parents = {resource.urn: resource.parent for resource in graph.resources}
    roots = {
        resource.urn for resource in graph.resources if resource.name == site.name and not resource.custom
    }
    if not roots:
        yield f"site {site.name}: no component of that name"
    for resource in graph.resources:
        urn: str | None = resource.urn
        while urn is not None and urn not in roots:
            urn = parents.get(urn)
        if urn is None and resource.type != "pulumi:pulumi:Stack" and not _is_provider(resource.type):
            yield f"{resource.type} {resource.name} stands outside the component of site {site.name}"


def _is_provider(type_: str) -> bool:
    return type_.startswith("pulumi:providers:")


def _of_secrets(site: Site, graph: ResourceGraph) -> Iterator[str]:
    """A kubeconfig opens the cluster: it must leave as a secret."""
    if site.kubeconfig is not None and "kubeconfig" in graph.outputs.get("plain", []):
        yield f"site {site.name}: the kubeconfig is not secret"


def _declared(provider: SiteProvider, plan: SitePlan, *, preview: bool = False) -> tuple[Site, ResourceGraph]:
    sites: list[Site] = []
    graph = run_program(_program(provider, plan, sites), preview=preview)
    return sites[0], graph


def _program(provider: SiteProvider, plan: SitePlan, sites: list[Site]) -> Callable[[], object]:
    async def declare() -> None:
        import pulumi

        site = provider.declare_site(plan)
        provider.declare_links(site, [])
        sites.append(site)
        if site.kubeconfig is not None and not await site.kubeconfig.is_secret():
            pulumi.export("plain", ["kubeconfig"])

    return declare


def _one_node_more(plan: SitePlan) -> SitePlan:
    pools = list(plan.node_pools)
    first = pools[0]
    zones = dict(first.by_zone)
    for zone in sorted(zones)[:1]:
        zones[zone] += 1
    more = replace(first, nodes=first.nodes + 1, by_zone=zones)
    if first.servers:
        last = first.servers[-1]
        extra = replace(last, slot="slot-99", serial=f"{last.serial}X")
        more = replace(more, servers=(*first.servers, extra))
    return replace(plan, node_pools=(more, *pools[1:]))
