"""Facts about AWS's machines and services, held against what else is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from ruamel.yaml import YAML

from argosy.catalog import InstanceType, load_catalog
from argosy_aws.cards.network_cards import addresses_per_interface
from argosy_aws.cards.nics import choose_max_pods, choose_network_interfaces
from argosy_aws.pools.facts import load_pool_facts
from argosy_aws.pools.images import is_neuron
from argosy_aws.storage.facts import load_storage_facts

from ..aws_plans import aws_pool, aws_type

NODE_HEALTH = Path(__file__).parents[1] / "fixtures" / "aws" / "node_health.yaml"

OF_NVIDIA = frozenset(
    {
        "A100-40GB",
        "A100-80GB",
        "A10G",
        "B200",
        "B300",
        "GB200",
        "H100",
        "H200",
        "L4",
        "L40S",
        "RTX-PRO-4500",
        "RTX-PRO-6000",
    }
)
TRAINIUM = frozenset({"Trainium", "Trainium2"})
"""Whose driver, image, taint and resource are Neuron's. Of Inferentia nothing is decided."""


def types_of_aws() -> list[InstanceType]:
    return [entry for entry in load_catalog().instance_types.values() if entry.provider == "aws"]


def undecided(accelerators: set[str]) -> set[str]:
    """Accelerators of which nobody has said whose driver and taint they need."""
    return accelerators - OF_NVIDIA - TRAINIUM


def efa_takes_pods(instance_type: InstanceType) -> bool:
    """Whether an EFA without an address stands on card 0, where EKS counts it as one that holds some."""
    interfaces = choose_network_interfaces(instance_type)
    return any(nic.card == 0 and nic.interface_type == "efa-only" for nic in interfaces)


@pytest.fixture(scope="module")
def node_health() -> Mapping[str, Any]:
    """What the monitoring agent's own documents and source say."""
    return YAML(typ="safe").load(NODE_HEALTH)  # pyright: ignore[reportUnknownMemberType]


def given(known: Mapping[str, Any], maker: str) -> set[str]:
    """Every reason that the agent can give of a maker's accelerators and whose name is known in full."""
    return {
        name.replace("XID[Code]", f"XID{xid}")
        for name in known["reasons"][maker]
        for xid in known["xids"]
        if "HealthCode[Code]" not in name
    }


def test_every_accelerator_on_aws_is_nvidia_s_or_a_trainium() -> None:
    used = {entry.accelerator for entry in types_of_aws()}

    assert set() == undecided(used)
    assert OF_NVIDIA | TRAINIUM == used


def test_an_inferentia_would_demand_a_decision() -> None:
    assert {"Inferentia2"} == undecided({"Inferentia2", "H100", "Trainium2"})


def test_pools_are_neuron_s_where_aws_made_the_accelerator_and_nowhere_else() -> None:
    makers = load_catalog().accelerators
    for entry in types_of_aws():
        own = entry.accelerator in TRAINIUM

        assert own == is_neuron(aws_pool(entry.name)), entry.name
        assert ("aws" if own else "nvidia") == makers[entry.accelerator].vendor, entry.name


def test_the_addresses_are_known_of_every_type_whose_efa_takes_some_from_pods() -> None:
    """Else its nodes would be told EKS's number, and the last pods would get no address."""
    types = [entry for entry in types_of_aws() if efa_takes_pods(entry)]

    assert {"p5en.48xlarge", "trn2.48xlarge", "g6e.48xlarge"} <= {entry.name for entry in types}
    for entry in types:
        assert addresses_per_interface(entry.name) is not None, entry.name
        assert choose_max_pods(entry) is not None, entry.name


def test_a_type_whose_addresses_nobody_knows_would_be_noticed() -> None:
    unknown = aws_type("p5en.48xlarge").model_copy(update={"name": "p9.48xlarge"})

    assert efa_takes_pods(unknown)
    assert addresses_per_interface(unknown.name) is None


def test_efa_wants_large_file_systems_and_the_larger_the_slower_they_are() -> None:
    """Source: FSx for Lustre user guide, increasing storage capacity."""
    assert {125: 38_400, 250: 19_200, 500: 9_600, 1000: 4_800} == load_storage_facts().lustre.efa_capacity_gib


@pytest.mark.parametrize("maker", ["neuron", "nvidia"])
def test_nodes_are_repaired_for_reasons_that_their_agent_gives(
    node_health: Mapping[str, Any], maker: str
) -> None:
    assert set() == set(load_pool_facts().repairs[maker]) - given(node_health, maker)


@pytest.mark.parametrize(
    "reason", ["NvidiaXID49Error", "NvidiaXID48error", "NvidiaDoubleBitErrors", "NeuronDMAError"]
)
def test_a_reason_that_the_agent_never_gives_is_noticed(node_health: Mapping[str, Any], reason: str) -> None:
    assert "NvidiaXID48Error" in given(node_health, "nvidia")
    assert reason not in given(node_health, "nvidia")


def test_nodes_are_repaired_under_the_condition_for_accelerators(node_health: Mapping[str, Any]) -> None:
    assert node_health["condition"] == load_pool_facts().repair_condition


def test_a_repair_is_one_that_eks_can_do() -> None:
    session: Any = botocore.session.Session()
    known: set[str] = set(session.get_service_model("eks").shape_for("RepairAction").enum)

    assert {"NoAction", "Reboot", "Replace"} == known
    for repairs in load_pool_facts().repairs.values():
        assert set(repairs.values()) <= known
