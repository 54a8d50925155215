"""`MetalSite`: declares a hall of bare-metal servers, exactly as its plan says."""

from __future__ import annotations

import pulumi

from argosy_component.contract import HallPlan, Site, SitePlan
from argosy_metal.pool import MetalNodePool, pool_handle
from argosy_metal.resources import BareMetalProvider


class MetalSite(pulumi.ComponentResource):
    """A hall: a provider that reaches it, and a claim and a machine for every server of its pools."""

    def __init__(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("argosy:index:MetalSite", plan.name, {}, opts)
        hall = _required(plan.hall)
        provider = BareMetalProvider(
            f"{plan.name}-provider",
            claims_path=hall.claims_path,
            phone_home=hall.phone_home,
            ca_certificate=hall.ca_certificate,
            simulator_directory=hall.simulator_directory,
            opts=pulumi.ResourceOptions(parent=self),
        )
        inherits = pulumi.ResourceOptions(parent=self, providers=[provider])
        for pool in plan.node_pools:
            MetalNodePool(plan.name, pool, inherits)
        self.register_outputs(
            {
                "machines": sum(len(pool.servers) for pool in plan.node_pools),
                "spares": sum(len(pool.spares) for pool in plan.node_pools),
            }
        )


def declare_metal_site(plan: SitePlan, opts: pulumi.ResourceOptions | None) -> Site:
    """Declare the hall, and say what others need of it."""
    site = MetalSite(plan, opts)
    return Site(
        name=plan.name,
        provider=plan.provider,
        component=site,
        pools={pool.name: pool_handle(pool) for pool in plan.node_pools},
    )


def _required(hall: HallPlan | None) -> HallPlan:
    if hall is None:
        # A fleet file cannot leave it out; this guards hand-made plans.
        raise ValueError("a bare-metal site needs its hall")
    return hall
