"""`MetalSite`: declares a hall of bare-metal servers, exactly as its plan says."""

from __future__ import annotations

import pulumi

from argosy_component.contract import Site, SitePlan
from argosy_metal.control_plane import MetalControlPlane
from argosy_metal.hall_plan import (
    bootstrap_of,
    control_plane_servers,
    places_in_racks,
    provider_arguments,
)
from argosy_metal.pool import MetalNodePool, pool_handle
from argosy_metal.resources import BareMetalProvider
from argosy_metal.settings import hall_settings


class MetalSite(pulumi.ComponentResource):
    """A hall: a provider that reaches it, its own control plane if it has one, and its pools."""

    def __init__(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("argosy:index:MetalSite", plan.name, {}, opts)
        provider = BareMetalProvider(
            f"{plan.name}-provider", **provider_arguments(plan), opts=pulumi.ResourceOptions(parent=self)
        )
        inherits = pulumi.ResourceOptions(parent=self, providers=[provider])
        control_plane = _control_plane(plan, inherits)
        places = places_in_racks(plan)
        for pool in plan.node_pools:
            MetalNodePool(plan.name, pool, hall_settings(plan), places, control_plane, inherits)
        self.register_outputs(
            {
                "machines": sum(len(pool.servers) for pool in plan.node_pools),
                "spares": sum(len(pool.spares) for pool in plan.node_pools),
                "controlPlane": len(control_plane),
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


def _control_plane(
    plan: SitePlan, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Output[pulumi.Resource], ...]:
    bootstrap = bootstrap_of(plan)
    if bootstrap is None:
        return ()
    servers = control_plane_servers(plan)
    return MetalControlPlane(plan.name, servers, hall_settings(plan), bootstrap, opts).machines
