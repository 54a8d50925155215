"""What a hall's plan and settings come to, for the provider and for all its servers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from argosy_component.contract import HallPlan, ServerPlan, SitePlan
from argosy_metal.provisioning.join import Join, Role
from argosy_metal.provisioning.scripts import host_name
from argosy_metal.settings import HallSettings, hall_settings
from argosy_metal.settings.budgets import HallFacts, budget_inputs
from argosy_metal.settings.cluster import BootstrapSettings
from argosy_metal.settings.engine import ironic_inputs
from argosy_metal.settings.provisioning import provisioning_inputs

CONTROL_PLANE = "control-plane"
"""Stands in place of a pool's name for the servers of a hall's own control plane."""
RACK_LABEL = "argosy.dev/rack"
ZONE_LABEL = "topology.kubernetes.io/zone"
TOPOLOGY_KEYS = (ZONE_LABEL, RACK_LABEL, "kubernetes.io/hostname")
"""Labels of the hall's Nodes from the widest to the narrowest domain; the kubelet sets the last by itself."""


def required_hall(plan: SitePlan) -> HallPlan:
    """The plan's hall. Raises ValueError if it has none."""
    if plan.hall is None:
        # A fleet file cannot leave it out; this guards hand-made plans.
        raise ValueError("a bare-metal site needs its hall")
    return plan.hall


def provider_arguments(plan: SitePlan) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.BareMetalProvider`."""
    hall, settings = required_hall(plan), hall_settings(plan)
    return {
        "claims": hall.claims,
        "phone_home": hall.phone_home,
        "ca_certificate": hall.ca_certificate,
        "simulator_directory": hall.simulator_directory,
        "budgets": budget_inputs(settings.budgets, hall_facts(plan)),
        "ironic": ironic_inputs(settings.ironic),
        **provisioning_inputs(settings.provisioning),
    }


def hall_facts(plan: SitePlan) -> HallFacts:
    """What the hall's budgets are made from."""
    hall = required_hall(plan)
    watts = [pool.node_type.node_power_watts for pool in plan.node_pools]
    return HallFacts(
        servers=sum(1 for _ in _all_servers(plan)),
        pools={pool.name: pool.nodes for pool in plan.node_pools},
        feeds=tuple(sorted(hall.feeds)),
        largest_watts=max((one for one in watts if one is not None), default=None),
        starts_at_once=hall.starts_at_once,
        readers_in_time=hall.machines_reading_at_once,
        # Who is installed anew has to be taken up by etcd first; a person sees to that.
        one_by_one=(CONTROL_PLANE,) if bootstrap_of(plan) else (),
    )


def places_in_racks(plan: SitePlan) -> dict[str, int]:
    """Serial number to the server's place in its rack, counted from 0 by serial number over the whole hall.

    Spares count too, so that nothing moves when one takes a slot.
    """
    places: dict[str, int] = {}
    counted: dict[str, int] = {}
    for server in sorted(_all_servers(plan), key=lambda server: server.serial):
        places[server.serial] = counted.get(server.rack, 0)
        counted[server.rack] = places[server.serial] + 1
    return places


def bootstrap_of(plan: SitePlan) -> BootstrapSettings | None:
    """How the hall begins a cluster of its own; None if it does not."""
    cluster = hall_settings(plan).cluster
    return cluster.bootstrap if cluster else None


def control_plane_servers(plan: SitePlan) -> tuple[ServerPlan, ...]:
    """The servers of the hall's own control plane, in the order in which the file names them.

    Raises ValueError for one that the inventory lacks or a pool holds.
    """
    bootstrap = bootstrap_of(plan)
    if bootstrap is None:
        return ()
    servers = {server.serial: server for server in required_hall(plan).inventory}
    held = {server.serial for pool in plan.node_pools for server in (*pool.servers, *pool.spares)}
    # `argosy_metal.refusals` says so with the line in the fleet file; this guards hand-made plans.
    if wrong := [one for one in bootstrap.control_plane if one not in servers or one in held]:
        raise ValueError(
            f"{', '.join(wrong)}: not free in the inventory of {plan.name} for its control plane"
        )
    return tuple(
        replace(servers[serial], slot=slot) for slot, serial in control_plane_slots(bootstrap).items()
    )


def control_plane_slots(bootstrap: BootstrapSettings) -> dict[str, str]:
    """Slot to serial number, in the order in which the file names them."""
    return {f"server-{number:02d}": serial for number, serial in enumerate(bootstrap.control_plane, start=1)}


def join_of(settings: HallSettings, serial: str, role: Role) -> Join | None:
    """A server's part in the cluster that the hall begins; None where the cluster is there already."""
    bootstrap = settings.cluster.bootstrap if settings.cluster else None
    if bootstrap is None:
        return None
    return Join(
        role=role,
        node_name=host_name(serial),
        endpoint=bootstrap.endpoint,
        kubernetes_version=bootstrap.kubernetes_version,
        pod_cidr=bootstrap.pod_cidr,
        service_cidr=bootstrap.service_cidr,
        control_plane=bootstrap.control_plane,
    )


def _all_servers(plan: SitePlan) -> Iterator[ServerPlan]:
    for pool in plan.node_pools:
        yield from pool.servers
        yield from pool.spares
    yield from control_plane_servers(plan)


def labels_of(labels: Mapping[str, str], site: str, server: ServerPlan) -> dict[str, str]:
    """A pool's labels, and where the server stands: the topology keys of a pool's handle."""
    return dict(sorted({**labels, ZONE_LABEL: site, RACK_LABEL: server.rack}.items()))
