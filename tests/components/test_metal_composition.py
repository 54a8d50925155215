"""What a hall declares from its settings: which resource, in which order, and what comes after a failure."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from argosy.catalog import load_catalog
from argosy_component.contract import ServerPlan, SitePlan
from argosy_component.mock_engine import RegisteredResource, ResourceGraph, run_program
from argosy_component.mock_engine.monitor import RecordingMonitor
from argosy_metal.claims import RunIdentity
from argosy_metal.descriptor import PROVIDER
from argosy_metal.hall_plan import places_in_racks
from argosy_metal.pool import pool_handle
from argosy_metal.provider.provider import BareMetal
from argosy_metal.settings import HallSettings, PoolSettings

from .test_metal_site import PLAN, POOL, server

KINDS = (
    "ServerClaim",
    "FirmwareBaseline",
    "BiosSettings",
    "SecureBoot",
    "StorageLayout",
    "PowerCap",
    "Machine",
    "Acceptance",
    "NodeJoin",
)
"""In the order in which a server goes through them."""
ON_SPARES = ("ServerClaim", "FirmwareBaseline", "BiosSettings", "SecureBoot")
SHA = "a" * 64
EVERYTHING: Mapping[str, Any] = {
    "install": {"user_data": {"ref": "file:user-data", "sha256": SHA}},
    "wipe": {"policy": "erase"},
    "bios": {"attributes": {"NumaNodesPerSocket": "NPS4"}},
    "firmware": {
        "apply_on": "now",
        "components": {"HostBIOS_0": {"version": "1.2", "url": "https://c.oslo.example/b", "sha256": SHA}},
    },
    "storage": {"volumes": {"os": {"raid": "raid1", "drives": {"count": 2}}}},
    "secure_boot": {"enabled": True, "certificates": {"db": [{"file": "keys/db.pem", "sha256": SHA}]}},
    "power_cap": {"watts_per_gpu": 600, "power_restore": {"policy": "last_state", "step_seconds": 5}},
    "acceptance": {"leave_out": ["p2p_bandwidth_percent"], "again": "gpu 3 exchanged"},
    "join": {"labels": {"team": "one"}, "taints": [{"key": "team", "effect": "NoSchedule"}]},
}
CLUSTER: Mapping[str, Any] = {
    "provisioning": {"url": "https://provision.oslo.example", "token": "file:token"},
    "cluster": {"kubeconfig": "oslo.kubeconfig"},
}
BOOTSTRAP: Mapping[str, Any] = {
    "endpoint": "api.oslo.example:6443",
    "kubernetes_version": "v1.34.1",
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.96.0.0/12",
    "control_plane": ["CP3", "CP1", "CP2"],
    "image": {"url": "https://images.oslo.example/cp.iso", "sha256": SHA},
}


def plan(
    pool: Mapping[str, Any],
    hall: Mapping[str, Any] = CLUSTER,
    inventory: tuple[ServerPlan, ...] = (),
    **more: Any,
) -> SitePlan:
    settings = PoolSettings.model_validate(pool)
    assert PLAN.hall is not None
    return replace(
        PLAN,
        node_pools=(replace(POOL, settings=settings, **more),),
        settings=HallSettings.model_validate(hall),
        hall=replace(PLAN.hall, inventory=inventory),
    )


def declared(site: SitePlan, *, preview: bool = False) -> ResourceGraph:
    told = {
        "baremetal:index:Machine": {"installId": "i1"},
        "baremetal:index:StorageLayout": {"layoutDigest": "ab"},
    }
    return run_program(lambda: PROVIDER.declare_site(site), preview=preview, outputs=told)


def of_server(graph: ResourceGraph, name: str) -> dict[str, RegisteredResource]:
    """What is declared of one server, by kind, in the order of `KINDS`."""
    found = {one.type.rpartition(":")[2]: one for one in graph.resources if one.name == name}
    return {kind: found[kind] for kind in KINDS if kind in found}


def after(resource: RegisteredResource) -> list[str]:
    return resource.options.get("dependsOn", [])


def test_a_server_with_every_setting_goes_through_all_of_it_one_after_another() -> None:
    graph = declared(plan(EVERYTHING))

    server_of = of_server(graph, "oslo/SN1")
    assert list(KINDS) == list(server_of)
    for first, second in pairwise(KINDS):
        assert server_of[first].urn in after(server_of[second]), (first, second)
    assert {"oslo/SN1"} == {
        one.inputs["serverId"] for kind, one in server_of.items() if kind != "ServerClaim"
    }


@pytest.mark.parametrize("preview", [False, True])
def test_the_server_is_known_before_anything_exists(preview: bool) -> None:
    graph = declared(plan(EVERYTHING), preview=preview)

    for kind, one in of_server(graph, "oslo/SN2").items():
        assert kind == "ServerClaim" or "oslo/SN2" == one.inputs["serverId"]


def test_a_spare_is_made_ready_but_has_neither_drives_nor_limits_nor_a_machine() -> None:
    graph = declared(plan(EVERYTHING))

    assert list(ON_SPARES) == list(of_server(graph, "oslo/SN3"))


def test_a_spare_that_steps_in_keeps_all_that_it_has_and_gets_what_is_missing() -> None:
    before = declared(plan(EVERYTHING))
    assert PLAN.hall is not None
    slot, *others = POOL.servers
    (spare,) = POOL.spares
    stepped_in = replace(spare, slot=slot.slot)
    after_it = declared(plan(EVERYTHING, servers=(stepped_in, *others), spares=()))

    was, now = of_server(before, "oslo/SN3"), of_server(after_it, "oslo/SN3")
    assert (list(ON_SPARES), list(KINDS)) == (list(was), list(now))
    assert {kind: one.urn for kind, one in was.items()}.items() <= {
        k: one.urn for k, one in now.items()
    }.items()
    changed = {kind for kind, one in was.items() if one.inputs != now[kind].inputs}
    assert {"ServerClaim"} == changed
    assert {} == of_server(after_it, "oslo/SN1")


def test_a_pool_without_settings_has_claims_and_machines_alone() -> None:
    graph = declared(plan({}, {}))

    assert ["ServerClaim", "Machine"] == list(of_server(graph, "oslo/SN1"))


def test_what_is_declared_is_what_the_provider_takes() -> None:
    provider = BareMetal(RunIdentity("run"))

    graph = declared(
        plan(
            EVERYTHING,
            {**CLUSTER, "cluster": {**CLUSTER["cluster"], "bootstrap": BOOTSTRAP}},
            control_plane(),
        )
    )

    for kind in KINDS:
        for one in graph.of_type(f"baremetal:index:{kind}"):
            assert [] == list(provider.kind(one.type).check(one.inputs)[1]), one.urn
    assert [] == provider.check_config(graph.one("pulumi:providers:baremetal").inputs)


def test_another_layout_of_the_drives_forces_another_machine() -> None:
    graph = declared(plan(EVERYTHING))

    layout = graph.one("baremetal:index:StorageLayout", "oslo/SN1")
    machine = graph.one("baremetal:index:Machine", "oslo/SN1")
    assert layout.urn in machine.options["propertyDependencies"]["layoutDigest"]


def test_another_installation_of_the_machine_forces_another_node() -> None:
    graph = declared(plan(EVERYTHING))

    machine = graph.one("baremetal:index:Machine", "oslo/SN1")
    join = graph.one("baremetal:index:NodeJoin", "oslo/SN1")
    assert machine.urn in join.options["propertyDependencies"]["installId"]


def test_a_run_replaces_one_server_of_the_control_plane_whatever_the_budget_says() -> None:
    cluster = {**CLUSTER, "cluster": {**CLUSTER["cluster"], "bootstrap": BOOTSTRAP}}
    graph = declared(plan({}, {**cluster, "budgets": {"rollout": 5}}, control_plane()))

    budgets = graph.one("pulumi:providers:baremetal").inputs["budgets"]
    assert ({"control-plane": 1}, {"train": 5}) == (budgets["replacementsPerRun"], budgets["rollout"])


def test_a_node_bears_the_labels_and_taints_that_the_pools_handle_names() -> None:
    graph, handle = declared(plan(EVERYTHING)), pool_handle(POOL)

    join = graph.one("baremetal:index:NodeJoin", "oslo/SN1").inputs
    assert handle.node_selector.items() <= join["labels"].items()
    assert {"team": "one", "topology.kubernetes.io/zone": "oslo", "argosy.dev/rack": "r1"}.items() <= join[
        "labels"
    ].items()
    (toleration,) = handle.tolerations
    assert {"key": toleration.key, "value": toleration.value, "effect": toleration.effect} in join["taints"]
    assert ("sn1", 8, 900, "oslo.kubeconfig") == (
        join["nodeName"],
        join["gpus"],
        join["drainSeconds"],
        join["kubeconfig"],
    )


def test_a_machine_is_tested_anew_for_other_firmware_and_on_a_persons_word() -> None:
    graph = declared(plan(EVERYTHING))

    acceptance = graph.one("baremetal:index:Acceptance", "oslo/SN1").inputs
    assert {"again": "gpu 3 exchanged", "firmware/HostBIOS_0": "1.2"} == acceptance["trigger"]
    assert {"equal": 8} == acceptance["tests"]["gpu_count"]
    assert "p2p_bandwidth_percent" not in acceptance["tests"]


@pytest.mark.parametrize(
    ("server_type", "expected"),
    [("dgx-h200", {"wattsPerGpu": 550}), ("dell-xe9680-h200", {"wattsPerNode": 9000})],
)
def test_a_cap_that_the_plan_counts_on_is_set_on_every_machine_as_its_bmc_takes_it(
    server_type: str, expected: dict[str, int]
) -> None:
    node_type = load_catalog().server_type(server_type)
    graph = declared(plan({}, power_cap_watts=9000, node_type=node_type, accelerator_watts=700))

    caps = [one.inputs for one in graph.of_type("baremetal:index:PowerCap")]
    assert [expected] * 2 == [
        {name: watts for name, watts in cap.items() if name.startswith("watts")} for cap in caps
    ]


def test_the_servers_of_a_rack_wait_one_after_another_when_power_comes_back() -> None:
    graph = declared(plan(EVERYTHING))

    assert {"SN1": 0, "SN2": 1, "SN3": 2} == places_in_racks(plan(EVERYTHING))
    assert [0, 5] == [one.inputs["powerOnDelaySeconds"] for one in graph.of_type("baremetal:index:PowerCap")]


def test_the_hall_is_told_its_service_and_what_may_happen_at_once() -> None:
    provider = declared(plan({})).one("pulumi:providers:baremetal").inputs

    assert ("https://provision.oslo.example", "file:token") == (
        provider["provisioning"],
        provider["provisioningTokenRef"],
    )
    assert {"a": 10200, "b": 10200} == provider["budgets"]["powerOnWatts"]
    claims = declared(plan({})).of_type("baremetal:index:ServerClaim")
    assert {10200} == {claim.inputs["startupWatts"] for claim in claims}


def control_plane() -> tuple[ServerPlan, ...]:
    return tuple(replace(server("", f"CP{n}"), rack=f"r{n}") for n in (1, 2, 3))


def with_control_plane(pool: Mapping[str, Any] = EVERYTHING) -> SitePlan:
    return plan(pool, {**CLUSTER, "cluster": {**CLUSTER["cluster"], "bootstrap": BOOTSTRAP}}, control_plane())


def test_a_halls_own_control_plane_comes_before_its_workers_and_goes_after_them() -> None:
    graph = declared(with_control_plane())

    machines = {one.name: one for one in graph.of_type("baremetal:index:Machine")}
    names = ["oslo/CP3", "oslo/CP1", "oslo/CP2"]
    assert [f"control-plane/server-0{n}" for n in (1, 2, 3)] == [
        graph.one("baremetal:index:ServerClaim", name).inputs["slot"] for name in names
    ]
    assert {machines[name].urn for name in names} <= set(after(machines["oslo/SN1"]))
    assert ("control-plane", "worker") == (
        machines[names[0]].inputs["join"]["role"],
        machines["oslo/SN1"].inputs["join"]["role"],
    )
    assert ["CP3", "CP1", "CP2"] == machines["oslo/SN1"].inputs["join"]["controlPlane"]
    outputs = graph.one("argosy:index:MetalSite").outputs
    assert outputs is not None
    assert 3 == outputs["controlPlane"]


def test_a_pool_that_does_not_join_needs_no_control_plane() -> None:
    graph = declared(with_control_plane({}))

    machine = graph.one("baremetal:index:Machine", "oslo/SN1")
    assert "join" not in machine.inputs
    assert not [urn for urn in after(machine) if "control-plane" in urn]


@pytest.mark.parametrize("serials", [["CP1", "CP2", "SN1"], ["CP1", "CP2", "CP9"], ["CP1", "CP2", "SN3"]])
def test_a_server_of_a_pool_or_of_nowhere_is_refused_for_the_control_plane(serials: list[str]) -> None:
    bootstrap = {**BOOTSTRAP, "control_plane": serials}
    site = plan({}, {**CLUSTER, "cluster": {**CLUSTER["cluster"], "bootstrap": bootstrap}}, control_plane())

    with pytest.raises(ValueError, match=f"{serials[2]}: not free"):
        declared(site)


@pytest.mark.parametrize("failed", KINDS[:-1])
def test_what_comes_after_a_failed_resource_is_declared_all_the_same_and_still_depends_on_it(
    failed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the program names no more the engine would delete: a running machine, after a bad claim."""
    whole = declared(plan(EVERYTHING))
    register = RecordingMonitor.RegisterResource

    def with_one_failure(
        monitor: RecordingMonitor, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        response = register(monitor, request)
        if request.type.endswith(failed) and request.name == "oslo/SN1":
            response.result = resource_pb2.Result.FAIL
        return response

    monkeypatch.setattr(RecordingMonitor, "RegisterResource", with_one_failure)

    graph = declared(plan(EVERYTHING))

    assert [one.urn for one in whole.resources] == [one.urn for one in graph.resources]
    server_of, provider = of_server(graph, "oslo/SN1"), BareMetal(RunIdentity("run"))
    following = KINDS[KINDS.index(failed) + 1]
    assert server_of[failed].urn in after(server_of[following])
    assert [] == list(provider.kind(server_of[following].type).check(server_of[following].inputs)[1])


def test_workers_are_declared_and_still_wait_when_a_server_of_the_control_plane_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = declared(with_control_plane())
    register = RecordingMonitor.RegisterResource

    def with_one_failure(
        monitor: RecordingMonitor, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        response = register(monitor, request)
        if request.type.endswith("Machine") and request.name == "oslo/CP1":
            response.result = resource_pb2.Result.FAIL
        return response

    monkeypatch.setattr(RecordingMonitor, "RegisterResource", with_one_failure)

    graph = declared(with_control_plane())

    assert [one.urn for one in whole.resources] == [one.urn for one in graph.resources]
    failed = graph.one("baremetal:index:Machine", "oslo/CP1").urn
    assert failed in after(graph.one("baremetal:index:Machine", "oslo/SN1"))


def test_firmware_that_waits_for_a_reboot_asks_for_no_new_tests() -> None:
    firmware = {**EVERYTHING["firmware"], "apply_on": "next_reboot"}
    graph = declared(plan({**EVERYTHING, "firmware": firmware}))

    acceptance = graph.one("baremetal:index:Acceptance", "oslo/SN1").inputs
    assert {"again": "gpu 3 exchanged"} == acceptance["trigger"]
