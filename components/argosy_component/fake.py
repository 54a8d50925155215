"""The reference provider: keeps the whole contract, and declares components only.

It needs no account, no plugin and no SDK beyond Pulumi's own, so it is what to read before writing a
provider, and what the conformance suite breaks to show that each of its checks can fail. It is not
registered: a fleet file cannot ask for it unless a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from argosy.catalog import Catalog, InstanceType
from argosy.errors import Fault
from argosy.providers import Capability
from argosy_component.contract import NodePoolPlan, PoolHandle, Site, SitePlan, Toleration

if TYPE_CHECKING:
    import pulumi

    from argosy.spec.loader import LoadedFleet


class FakeProvider:
    """Keeps the contract. `instance_type: fake.8x` is the one machine it has."""

    name = "fake"
    capabilities = frozenset({Capability.ON_DEMAND, Capability.RESERVED})

    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        """Refuses a site without a private range, as a vendor would who cannot choose one."""
        if fleet.spec.sites[site].cidr is not None:
            return []
        place, range_ = f"sites.{site}.cidr", "a private IPv4 range"
        return [fleet.fault(place, given="nothing", expected=range_, fix="add `cidr: 10.1.0.0/16`")]

    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        """Declare a component for the site and one per pool."""
        import pulumi

        site = pulumi.ComponentResource("argosy:fake:FakeSite", plan.name, {"tags": dict(plan.tags)}, opts)
        pools = {pool.name: self.declare_pool(plan, pool, site) for pool in plan.node_pools}
        site.register_outputs({})
        return Site(plan.name, plan.provider, site, pools)

    def declare_pool(self, plan: SitePlan, pool: NodePoolPlan, site: pulumi.Resource) -> PoolHandle:
        """Declare one pool, and say what a job needs to run on it."""
        import pulumi

        inputs = {"nodes": pool.nodes, "zones": dict(pool.by_zone), "instanceType": pool.node_type.name}
        component = pulumi.ComponentResource(
            "argosy:fake:FakeNodePool",
            f"{plan.name}-{pool.name}",
            inputs,
            pulumi.ResourceOptions(parent=site),
        )
        component.register_outputs({})
        return PoolHandle(
            name=pool.name,
            node_selector={"argosy.dev/pool": pool.name},
            tolerations=(Toleration("fake/gpu", None, "NoSchedule"),),
            rdma_resources={},
            topology_keys=("topology.kubernetes.io/zone",),
            accelerators_per_node=pool.node_type.accelerators,
            nodes=pool.nodes,
            capacity_ends=pool.capacity_ends,
        )

    def declare_links(self, site: Site, peers: Sequence[Site]) -> None:
        """Joins nothing: fake sites reach each other by magic."""


PROVIDER = FakeProvider()


def fake_catalog(catalog: Catalog) -> Catalog:
    """`catalog` with the reference provider's one machine, `fake.8x`: a p5en.48xlarge without a fabric."""
    model = catalog.instance_type("aws", "p5en.48xlarge")
    kept: Mapping[str, object] = {
        "provider": "fake",
        "name": "fake.8x",
        "accelerator": model.accelerator,
        "accelerators": model.accelerators,
        "arch": model.arch,
        "fabric": "none",
        "capacity_types": ("on-demand", "reserved", "spot"),
    }
    values = kept.keys() - {"provider", "name"}
    machine = InstanceType.model_validate(
        {**kept, "provenance": {value: model.provenance[value] for value in values}}
    )
    return replace(catalog, instance_types={**catalog.instance_types, machine.key: machine})
