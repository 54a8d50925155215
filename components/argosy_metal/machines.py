"""What is declared of one machine: the machine, what it must show, and its place in the hall's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from argosy_component.contract import NodePoolPlan, ServerPlan
from argosy_component.naming import GPU_TAINT, pool_labels
from argosy_metal.hall_plan import join_of, labels_of
from argosy_metal.provisioning.join import Join, Role
from argosy_metal.provisioning.scripts import host_name
from argosy_metal.resources import Acceptance, Machine, NodeJoin
from argosy_metal.server_parts import Prepared, ServerParts
from argosy_metal.settings import HallSettings, PoolSettings
from argosy_metal.settings.acceptance import AcceptancePoolSettings, acceptance_tests, acceptance_trigger
from argosy_metal.settings.cluster import ClusterSettings, JoinSettings
from argosy_metal.settings.firmware import FirmwarePoolSettings
from argosy_metal.settings.machines import InstallSettings, WipeSettings, machine_arguments

Tests = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Installed:
    """What a machine installs, and how."""

    image_url: str
    image_sha256: str
    install: InstallSettings
    wipe: WipeSettings | None
    join: Join | None = None


def declare_machine(
    parts: ServerParts,
    held: Prepared,
    installed: Installed,
    after: tuple[pulumi.Output[pulumi.Resource], ...] = (),
) -> Machine:
    """A machine on a server that is prepared. `after`: what it needs beside its server."""
    return Machine(
        parts.name,
        server_id=held.server_id,
        image_url=installed.image_url,
        image_sha256=installed.image_sha256,
        join=installed.join,
        layout_digest=held.layout_digest,
        **machine_arguments(installed.install, installed.wipe),
        opts=pulumi.ResourceOptions.merge(parts.options, pulumi.ResourceOptions(depends_on=list(after))),
    )


def worker_of(plan: NodePoolPlan, hall: HallSettings, pool: PoolSettings, serial: str) -> Installed:
    """What a server of a pool installs. Raises ValueError for a pool without an image."""
    if plan.image_url is None or plan.image_sha256 is None:
        # `argosy_metal.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError(f"pool {plan.name} needs an image")
    join = join_of(hall, serial, Role.WORKER) if pool.join is not None else None
    return Installed(plan.image_url, plan.image_sha256, pool.install, pool.wipe, join)


def declare_use(
    parts: ServerParts,
    machine: Machine,
    plan: NodePoolPlan,
    server: ServerPlan,
    hall: HallSettings,
    pool: PoolSettings,
    site: str,
) -> None:
    """What a machine must show before it is used, and then its place in the cluster."""
    server_id, install_id = parts.after(machine), parts.install_id_of(machine)
    if pool.acceptance is not None:
        accepted = _acceptance(parts, server_id, install_id, plan, pool.acceptance, pool.firmware)
        server_id = parts.after(accepted)
    if pool.join is not None and hall.cluster is not None:
        _join(parts, server_id, install_id, plan, server, hall.cluster, pool.join, site)


def _acceptance(
    parts: ServerParts,
    server_id: pulumi.Output[str],
    install_id: pulumi.Output[str],
    plan: NodePoolPlan,
    settings: AcceptancePoolSettings,
    firmware: FirmwarePoolSettings | None,
) -> Acceptance:
    tests = acceptance_tests(settings, plan.node_type)
    return Acceptance(
        parts.name,
        server_id=server_id,
        install_id=install_id,
        tests={name: threshold.wire() for name, threshold in tests.items()},
        trigger=acceptance_trigger(settings, firmware) or None,
        wait_seconds=settings.within_minutes * 60,
        opts=parts.options,
    )


def _join(
    parts: ServerParts,
    server_id: pulumi.Output[str],
    install_id: pulumi.Output[str],
    plan: NodePoolPlan,
    server: ServerPlan,
    cluster: ClusterSettings,
    settings: JoinSettings,
    site: str,
) -> NodeJoin:
    taints = [{"key": GPU_TAINT.key, "value": GPU_TAINT.value or "", "effect": GPU_TAINT.effect}]
    taints += [taint.model_dump() for taint in settings.taints]
    return NodeJoin(
        parts.name,
        server_id=server_id,
        install_id=install_id,
        kubeconfig=cluster.kubeconfig,
        context=cluster.context,
        node_name=host_name(server.serial),
        labels=labels_of({**settings.labels, **pool_labels(plan)}, site, server),
        taints=taints,
        gpus=plan.node_type.accelerators,
        drain_seconds=settings.drain_minutes * 60,
        opts=parts.options,
    )
