"""The catalogue that Argosy ships: sources, consistency, and EC2's own answer as the oracle."""

import math
import runpy
from pathlib import Path
from typing import Any

import pytest

from argosy.catalog import Catalog, Entry, InstanceType, load_catalog

CAPTURE: dict[str, dict[str, Any]] = runpy.run_path(
    str(Path(__file__).parents[1] / "fixtures" / "aws" / "network_cards.py")
)["capture"]()
EC2 = {
    entry.name: CAPTURE[entry.name]
    for entry in load_catalog().instance_types.values()
    if entry.provider == "aws" and entry.name in CAPTURE
}


@pytest.fixture
def catalog() -> Catalog:
    return load_catalog()


def all_entries(catalog: Catalog) -> list[Entry]:
    return [*catalog.accelerators.values(), *catalog.node_types]


def test_every_value_has_a_source_and_a_date(catalog: Catalog) -> None:
    for entry in all_entries(catalog):
        for value in entry.values():
            origin = entry.provenance[value]

            assert origin.source, (entry.key, value)
            assert origin.as_of.year >= 2024, (entry.key, value)


def test_a_name_means_one_thing_in_the_whole_catalogue(catalog: Catalog) -> None:
    names = [entry.name for entry in all_entries(catalog)]

    assert sorted(set(names)) == sorted(names)


def test_the_rows_of_the_sources_are_all_there(catalog: Catalog) -> None:
    by_provider = {p: [t for t in catalog.node_types if t.provider == p] for p in ("aws", "gcp", "metal")}

    assert {provider: len(t) for provider, t in by_provider.items()} == {"aws": 22, "gcp": 37, "metal": 10}
    assert {"dell", "hpe", "lenovo", "nvidia", "supermicro"} == {
        server.vendor for server in catalog.server_types.values()
    }


def test_every_server_type_can_be_planned_and_no_estimate_passes_for_more(catalog: Catalog) -> None:
    for server in catalog.server_types.values():
        power = server.provenance["node_power_kw"]

        assert server.node_power_watts, server.name
        assert ("estimate" == power.confidence) == (power.url is None), server.name
        assert server.power_supplies or server.notes, server.name


def test_only_servers_of_nvidias_own_are_known_by_what_their_bmcs_cap(catalog: Catalog) -> None:
    capped = {server.name: server.power_caps for server in catalog.server_types.values() if server.power_caps}

    assert {
        "dgx-b200": ("gpu",),
        "dgx-h100": ("gpu",),
        "dgx-h200": ("gpu",),
        "gb200-nvl72-tray": ("node", "gpu"),
    } == capped


def test_gb200_alone_is_missing_from_ec2s_answer(catalog: Catalog) -> None:
    ours = {entry.name for entry in catalog.instance_types.values() if entry.provider == "aws"}

    assert {"p6e-gb200.36xlarge"} == ours - EC2.keys()


@pytest.mark.parametrize("name", sorted(EC2))
def test_an_aws_row_agrees_with_ec2(name: str, catalog: Catalog) -> None:
    row, oracle = catalog.instance_type("aws", name), EC2[name]
    network, disks = oracle["NetworkInfo"], oracle["InstanceStorageInfo"]["Disks"]

    assert oracle["VCpuInfo"]["DefaultVCpus"] == row.vcpus
    assert oracle["MemoryInfo"]["SizeInMiB"] == (row.memory_gib or 0) * 1024
    assert oracle["ProcessorInfo"]["SupportedArchitectures"] == [row.arch]
    assert network["EfaInfo"]["MaximumEfaInterfaces"] == row.max_efa_interfaces
    assert ec2_bandwidth(network["NetworkPerformance"]) == row.fabric_gbps
    assert [(disk["Count"], disk["SizeInGB"]) for disk in disks] == [local_ssd(row)]
    assert [
        (card["NetworkCardIndex"], card["MaximumNetworkInterfaces"], card["InterfaceTypes"])
        for card in network["NetworkCards"]
    ] == [(card.index, card.max_interfaces, list(card.interface_types)) for card in row.network_cards]


@pytest.mark.parametrize("name", sorted(set(EC2) - {"trn2u.48xlarge"}))
def test_an_aws_row_has_the_accelerators_that_ec2_names(name: str, catalog: Catalog) -> None:
    row, oracle = catalog.instance_type("aws", name), EC2[name]
    devices = oracle["GpuInfo"]["Gpus"] if "GpuInfo" in oracle else oracle["NeuronInfo"]["NeuronDevices"]
    model = row.accelerator.replace("RTX-PRO-6000", "RTX PRO Server 6000").replace("RTX-PRO-", "RTX PRO ")

    assert [(model.removesuffix("-40GB").removesuffix("-80GB"), row.accelerators)] == [
        (device["Name"], device["Count"]) for device in devices
    ]


@pytest.mark.parametrize("name", sorted(EC2))
def test_an_aws_row_is_sold_the_ways_ec2_says(name: str, catalog: Catalog) -> None:
    sold = {"block" if use == "capacity-block" else use for use in EC2[name]["SupportedUsageClasses"]}

    assert sold | {"reserved"} == set(catalog.instance_type("aws", name).capacity_types)


@pytest.mark.parametrize("name", sorted(EC2))
def test_a_type_with_a_fabric_may_stand_in_a_cluster_placement_group(name: str) -> None:
    assert "cluster" in EC2[name]["PlacementGroupInfo"]["SupportedStrategies"]


def test_an_aws_price_comes_from_a_dated_price_list(catalog: Catalog) -> None:
    priced = [t for t in catalog.instance_types.values() if t.provider == "aws" and t.price_usd_per_hour]

    assert {"p5e.48xlarge", "p6e-gb200.36xlarge", "trn2.48xlarge", "trn2u.48xlarge"} == {
        t.name for t in catalog.instance_types.values() if t.provider == "aws"
    } - {t.name for t in priced}
    for entry in priced:
        origin = entry.provenance["price_usd_per_hour"]

        assert "us-east-1" in origin.source, entry.name
        assert ("verified", True) == (origin.confidence, origin.url is not None), entry.name


def test_nominal_memory_lies_near_what_ec2_reports(catalog: Catalog) -> None:
    for name, oracle in EC2.items():
        accelerator = catalog.accelerator(catalog.instance_type("aws", name).accelerator)
        if accelerator.memory_gb is None or "GpuInfo" not in oracle:
            continue
        reported_mib: int = oracle["GpuInfo"]["Gpus"][0]["MemoryInfo"]["SizeInMiB"]

        assert math.isclose(accelerator.memory_gb, reported_mib * 1.048576 / 1000, rel_tol=0.08), name


def test_gb200_is_sold_in_capacity_blocks_only_and_pins_its_efa_cards(catalog: Catalog) -> None:
    gb200 = catalog.instance_type("aws", "p6e-gb200.36xlarge")

    assert gb200.capacity_types == ("block",)
    assert len(gb200.network_cards) == 17
    assert gb200.max_efa_interfaces == len(gb200.efa_cards)
    assert all(gb200.network_cards[index].efa for index in gb200.efa_cards)


def test_card_zero_takes_no_efa_on_b300_but_does_on_p5en(catalog: Catalog) -> None:
    assert not catalog.instance_type("aws", "p6-b300.48xlarge").network_cards[0].efa
    assert catalog.instance_type("aws", "p5en.48xlarge").network_cards[0].efa


def test_a3_mega_has_eight_networks_and_a3_ultra_one_roce_network_of_eight_subnets(catalog: Catalog) -> None:
    mega, ultra = (catalog.instance_type("gcp", f"a3-{kind}gpu-8g") for kind in ("mega", "ultra"))

    assert [(n.kind, n.networks, n.interfaces, n.mtu) for n in mega.additional_networks] == [
        ("gvnic", 8, 8, 8244)
    ]
    assert [(n.kind, n.networks, n.interfaces, n.network_profile) for n in ultra.additional_networks] == [
        ("gvnic", 1, 1, None),
        ("roce", 1, 8, "vpc-roce"),
    ]


def test_a_power_supply_rating_covers_the_server_with_its_spares_out(catalog: Catalog) -> None:
    for server in catalog.server_types.values():
        if server.power_supplies:
            supplied = server.power_supplies.needed * server.power_supplies.watts

            assert supplied >= (server.node_power_watts or 0), server.name


def test_watts_are_rounded_up_from_kilowatts(catalog: Catalog) -> None:
    assert catalog.server_type("dgx-h200").node_power_watts == 10_200
    assert catalog.server_type("gb200-nvl72-tray").node_power_watts == 6_667
    assert catalog.instance_type("aws", "g5.48xlarge").node_power_watts is None


def ec2_bandwidth(performance: str) -> int:
    """EC2 writes `3200 Gigabit` or, of the older types, `4x 100 Gigabit`."""
    return math.prod(int(part.removesuffix("x")) for part in performance.removesuffix(" Gigabit").split())


def local_ssd(row: InstanceType) -> tuple[int, int | None]:
    assert row.local_ssd is not None
    return row.local_ssd.count, row.local_ssd.gb_each
