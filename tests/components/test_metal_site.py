"""What a hall declares for its plan, read from the resource graph."""

from dataclasses import replace

import pytest

from argosy.catalog import load_catalog
from argosy_component.contract import HallPlan, NodePoolPlan, ServerPlan, Site, SitePlan
from argosy_component.mock_engine import ResourceGraph, run_program
from argosy_metal.descriptor import PROVIDER
from argosy_metal.hall_plan import hall_facts
from argosy_metal.settings.budgets import BudgetSettings, budget_inputs

CLAIM, MACHINE = "baremetal:index:ServerClaim", "baremetal:index:Machine"


def server(slot: str, serial: str) -> ServerPlan:
    return ServerPlan(
        slot=slot,
        serial=serial,
        bmc=f"https://bmc-{serial.lower()}.oslo.example",
        rack="r1",
        feeds=("a", "b"),
        server_type="dgx-h200",
        username_ref="env:BMC_USER",
        password_ref="env:BMC_PASSWORD",
    )


POOL = NodePoolPlan(
    name="train",
    role="training",
    node_type=load_catalog().server_type("dgx-h200"),
    nodes=2,
    by_zone={},
    capacity_type="owned",
    image_url="https://images.oslo.example/node.iso",
    image_sha256="a" * 64,
    servers=(server("slot-01", "SN1"), server("slot-02", "SN2")),
    spares=(server("spare-01", "SN3"),),
)
PLAN = SitePlan(
    fleet="lab",
    name="oslo",
    provider="metal",
    region=None,
    country="NO",
    account=None,
    kubernetes_version=None,
    cidr=None,
    node_pools=(POOL,),
    tags={},
    hall=HallPlan(
        claims={"backend": "sqlite", "path": "claims/oslo.sqlite"},
        phone_home="https://provision.oslo.example/phone-home",
        ca_certificate="certificates/oslo.pem",
        simulator_directory=None,
        uplinks=(),
        feeds={"a": 60, "b": 60},
    ),
)


def declared(plan: SitePlan = PLAN, *, preview: bool = False) -> tuple[ResourceGraph, Site]:
    sites: list[Site] = []
    graph = run_program(lambda: sites.append(PROVIDER.declare_site(plan)), preview=preview)
    return graph, sites[0]


def test_every_planned_server_is_claimed_and_every_slot_carries_a_machine() -> None:
    graph, _ = declared()

    assert ["SN1", "SN2", "SN3"] == [claim.inputs["serial"] for claim in graph.of_type(CLAIM)]
    assert ["oslo/SN1", "oslo/SN2"] == [machine.inputs["serverId"] for machine in graph.of_type(MACHINE)]


def test_a_spare_is_claimed_for_its_slot_and_carries_nothing() -> None:
    graph, _ = declared()

    assert "train/spare-01" == graph.one(CLAIM, "oslo/SN3").inputs["slot"]
    assert "oslo/SN3" not in [machine.name for machine in graph.of_type(MACHINE)]


@pytest.mark.parametrize("preview", [False, True])
def test_the_machine_of_a_claim_is_known_before_anything_exists(preview: bool) -> None:
    graph, _ = declared(preview=preview)

    machine = graph.one(MACHINE, "oslo/SN1")
    assert {
        "serverId": "oslo/SN1",
        "image": {"url": POOL.image_url, "sha256": POOL.image_sha256},
        "online": True,
    } == machine.inputs


def test_claims_and_machines_are_deleted_before_they_are_replaced() -> None:
    graph, _ = declared()

    assert all(
        resource.options["deleteBeforeReplace"]
        for token in (CLAIM, MACHINE)
        for resource in graph.of_type(token)
    )


def test_the_provider_gets_stable_relative_values_and_only_references_to_secrets() -> None:
    graph, _ = declared()

    assert {
        "claims": {"backend": "sqlite", "path": "claims/oslo.sqlite"},
        "phoneHome": "https://provision.oslo.example/phone-home",
        "caCertificate": "certificates/oslo.pem",
        "budgets": budget_inputs(BudgetSettings(), hall_facts(PLAN)),
    } == graph.one("pulumi:providers:baremetal").inputs
    assert {"env:BMC_PASSWORD"} == {claim.inputs["passwordRef"] for claim in graph.of_type(CLAIM)}


def test_the_hall_hands_out_its_pools_as_they_are() -> None:
    _, site = declared()

    pool = site.pools["train"]
    assert (2, 8, {"argosy.dev/node-pool": "train"}) == (
        pool.nodes,
        pool.accelerators_per_node,
        pool.node_selector,
    )
    assert "argosy.dev/rack" in pool.topology_keys


def test_what_the_hall_registers_are_plain_counts() -> None:
    graph, _ = declared()

    assert {"machines": 2, "spares": 1, "controlPlane": 0} == graph.one("argosy:index:MetalSite").outputs


def test_a_plan_without_its_hall_or_without_an_image_is_refused() -> None:
    for broken in (replace(PLAN, hall=None), replace(PLAN, node_pools=(replace(POOL, image_url=None),))):
        with pytest.raises(ValueError, match="needs"):
            declared(broken)
