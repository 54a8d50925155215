"""What AWS would reject about a pool or its settings: each rule, and the nearest thing that it lets pass."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto
import pytest

from argosy.catalog import Catalog, load_catalog
from argosy.errors import Fault
from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy.spec.loader import load_spec
from argosy_aws.facts import load_facts

if TYPE_CHECKING:
    from .conftest import Refused

CAPTURE = Path(moto.__file__).parent / "ec2/resources/instance_type_offerings/availability-zone-id"
FLEETS = Path(__file__).parents[1] / "fixtures" / "fleets"
ADMINISTRATORS = "administrators: [arn:aws:iam::111122223333:role/fleet-admin]"
GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/p5en-2027"
BLOCK = '{type: block, reservation: cr-0123456789abcdef0, ends: "2027-03-01T11:30Z"}'
ON_DEMAND = {"capacity": "{type: on-demand}"}
SPOT = {"capacity": "{type: spot}", "role": "inference"}
OHIO = {"region": "us-east-2"}
MIXED = {**SPOT, "zone": "use2-az1", "settings": "{also: [p5e.48xlarge]}"}
RACK = {
    "instance_type": "p6e-gb200.36xlarge",
    "zone": "use1-dfw2-az1",
    "capacity": BLOCK,
    "settings": "{drain_minutes: 90}",
}


def only(faults: list[Fault]) -> Fault:
    assert 1 == len(faults), [str(fault) for fault in faults]
    return faults[0]


def site_settings(release: str) -> dict[str, str]:
    return {"settings": f"{{image_release: {release}, {ADMINISTRATORS}}}"}


def with_twin(**changes: Any) -> Catalog:
    """The catalogue, in which `p5e.48xlarge` is like `p5en.48xlarge` but for the changes."""
    catalog = load_catalog()
    twin = catalog.instance_type("aws", "p5en.48xlarge").model_copy(
        update={"name": "p5e.48xlarge", **changes}
    )
    return replace(catalog, instance_types={**catalog.instance_types, twin.key: twin})


def test_a_fleet_of_every_capacity_and_network_layout_is_not_refused() -> None:
    fleet = load_spec(str(FLEETS / "every-aws-capacity.yaml"))

    assert [] == resolve(fleet, load_catalog(), load_providers())


class TestWhereAPoolStands:
    """Zones that exist and offer the type."""

    def test_a_zone_of_the_region_that_does_not_offer_the_type_is_refused_with_those_that_do(
        self, refused: Refused
    ) -> None:
        fault = only(refused("aws", None, {"zone": "use1-az4"}))

        assert "sites.cloud.node_pools.train.zone" == fault.path
        assert "p5en.48xlarge in use1-az4" == fault.given
        assert "a zone of us-east-1 that offers it: use1-az2, use1-az6 (as of 2026-10-27)" == fault.expected
        assert "offered_in: [use1-az4]" in fault.fix

    def test_a_region_without_the_type_is_refused_with_those_that_have_it(self, refused: Refused) -> None:
        fault = only(refused("aws", None, {"instance_type": "trn2.48xlarge", **ON_DEMAND}))

        assert "a region that offers it: ap-south-2, us-east-2 (as of 2026-10-27)" == fault.expected

    def test_each_of_several_zones_is_judged(self, refused: Refused) -> None:
        spread = {"zone": None, "zones": "[use1-az1, use1-az2, use1-az4]", "role": "inference", **ON_DEMAND}

        assert ["p5en.48xlarge in use1-az1", "p5en.48xlarge in use1-az4"] == [
            fault.given for fault in refused("aws", None, spread)
        ]

    def test_who_knows_better_says_so(self, refused: Refused) -> None:
        assert [] == refused("aws", None, {"zone": "use1-az4", "settings": "{offered_in: [use1-az4]}"})

    def test_who_knows_of_a_new_zone_of_the_region_says_so_too(self, refused: Refused) -> None:
        new = {"site": {"region": "us-east-2"}, "zone": "use2-az4"}

        assert "a zone id of us-east-2" in only(refused("aws", new["site"], {"zone": "use2-az4"})).expected
        assert [] == refused(
            "aws", {"region": "us-east-2"}, {"zone": "use2-az4", "settings": "{offered_in: [use2-az4]}"}
        )

    @pytest.mark.parametrize("zone", ["us-east-1a", "usw2-az1", "use1-az9", "use1-dfw9-az1"])
    def test_nobody_can_say_so_of_what_is_no_zone_of_the_region(self, refused: Refused, zone: str) -> None:
        fault = only(refused("aws", None, {"zone": zone, "settings": f"{{offered_in: [{zone}]}}"}))

        assert "a zone id of us-east-1" in fault.expected

    def test_a_statement_about_a_zone_where_the_pool_does_not_stand_is_refused(
        self, refused: Refused
    ) -> None:
        fault = only(refused("aws", None, {"settings": "{offered_in: [use1-az4]}"}))

        assert "sites.cloud.node_pools.train.settings.offered_in[0]" == fault.path
        assert "use1-az6" in fault.expected

    def test_nothing_is_said_of_a_type_that_the_data_know_nowhere(self, refused: Refused) -> None:
        assert "p6e-gb200.36xlarge" not in load_facts().offerings
        assert [] == refused("aws", None, RACK)

    def test_nothing_is_said_of_local_zones_which_the_data_leave_out(self, refused: Refused) -> None:
        assert [] == refused(
            "aws", None, {"instance_type": "p6-b300.48xlarge", "zone": "use1-atl2-az1", "capacity": BLOCK}
        )

    def test_a_local_zone_of_another_region_is_refused(self, refused: Refused) -> None:
        fault = only(refused("aws", {"region": "us-west-2"}, {**RACK}))

        assert "a zone id of us-west-2" in fault.expected

    def test_the_offerings_are_those_that_ec2_answered(self) -> None:
        """Moto's capture of DescribeInstanceTypeOfferings is the oracle, for every type of the catalogue."""
        answered: dict[str, set[str]] = {}
        for file in CAPTURE.iterdir():
            for offer in json.loads(gzip.decompress(file.read_bytes())):
                answered.setdefault(offer["InstanceType"], set()).add(offer["Location"])
        types = [type_.name for type_ in load_catalog().instance_types.values() if type_.provider == "aws"]

        assert 20 < len(types)
        assert {name: answered[name] for name in types if name in answered} == load_facts().offerings

    def test_the_zones_are_those_that_ec2_answered(self) -> None:
        answered = {
            file.name.removesuffix(".json.gz"): tuple(
                sorted({offer["Location"] for offer in json.loads(gzip.decompress(file.read_bytes()))})
            )
            for file in CAPTURE.iterdir()
        }

        assert answered == load_facts().zones


class TestReservations:
    """What a reserved pool or a block may name."""

    def test_a_group_of_reservations_of_the_site_s_account_and_region_passes(self, refused: Refused) -> None:
        assert [] == refused("aws", None, {"capacity": f"{{type: reserved, reservation: '{GROUP}'}}"})

    @pytest.mark.parametrize(
        ("group", "given"),
        [
            (GROUP.replace("us-east-1", "us-west-2"), "in us-west-2"),
            (GROUP.replace("111122223333", "444455556666"), "of account 444455556666"),
            (GROUP.replace("resource-groups", "ec2"), "arn:aws:ec2"),
        ],
    )
    def test_another_group_is_refused(self, refused: Refused, group: str, given: str) -> None:
        fault = only(refused("aws", None, {"capacity": f"{{type: reserved, reservation: '{group}'}}"}))

        assert "sites.cloud.node_pools.train.capacity.reservation" == fault.path
        assert given in fault.given
        assert "the ARN of a resource group" in fault.expected

    def test_a_block_names_its_id_and_never_a_group(self, refused: Refused) -> None:
        block = BLOCK.replace("cr-0123456789abcdef0", f"'{GROUP}'")
        fault = only(refused("aws", None, {"capacity": block}))

        assert "the id of the Capacity Block, e.g. cr-0123456789abcdef0" == fault.expected
        assert [] == refused("aws", None, {"capacity": BLOCK})

    def test_a_group_may_stand_in_several_zones_and_a_reservation_in_one(self, refused: Refused) -> None:
        spread = {"zone": None, "zones": "[use1-az2, use1-az6]", "role": "inference"}

        assert "a reservation stands in one" in only(refused("aws", None, spread)).expected
        assert [] == refused(
            "aws", None, {**spread, "capacity": f"{{type: reserved, reservation: '{GROUP}'}}"}
        )

    @pytest.mark.parametrize("capacity", [BLOCK, "{type: on-demand}", "{type: spot}"])
    def test_a_placement_group_belongs_to_a_reservation_alone(self, refused: Refused, capacity: str) -> None:
        group = {"settings": "{placement_group: p5en-2027}"}

        fault = only(refused("aws", None, {"capacity": capacity, **group}))
        assert "sites.cloud.node_pools.train.settings.placement_group" == fault.path
        assert [] == refused("aws", None, group)


class TestTheEndOfABlock:
    """Nodes are drained before AWS takes them, and not before they came."""

    @pytest.mark.parametrize("minutes", [60, 90])
    def test_only_a_block_is_drained(self, refused: Refused, minutes: int) -> None:
        drained = {"settings": f"{{drain_minutes: {minutes}}}"}

        assert "which ends by itself" in only(refused("aws", None, drained)).expected
        assert [] == refused("aws", None, {"capacity": BLOCK, **drained})

    @pytest.mark.parametrize(
        ("settings", "given"),
        [
            ("{}", "no `drain_minutes`, which stands for 60 minutes"),
            ("{drain_minutes: 60}", "60 minutes"),
        ],
    )
    def test_a_rack_is_drained_before_the_hour_in_which_ec2_takes_it(
        self, refused: Refused, settings: str, given: str
    ) -> None:
        fault = only(refused("aws", None, {**RACK, "settings": settings}))

        assert given == fault.given
        assert "more than 60" in fault.expected
        assert "drain_minutes: 90" in fault.fix
        assert [] == refused("aws", None, {**RACK, "settings": "{drain_minutes: 61}"})

    def test_a_block_that_is_over_before_it_could_be_drained_is_refused(self, refused: Refused) -> None:
        day = {"capacity": BLOCK.replace("ends", 'starts: "2027-02-28T11:30Z", ends')}

        since = "since: 2027-02-28T11:30Z\n"
        fault = only(refused("aws", None, {**day, "settings": "{drain_minutes: 1440}"}, demand=since))
        assert "sites.cloud.node_pools.train.capacity.ends" == fault.path
        assert [] == refused("aws", None, {**day, "settings": "{drain_minutes: 1439}"}, demand=since)


class TestImages:
    """What nodes boot."""

    def test_a_site_without_a_release_is_told_where_to_look_for_one(self, refused: Refused) -> None:
        fault = only(refused("aws", {"settings": f"{{{ADMINISTRATORS}}}"}))

        assert "sites.cloud.settings.image_release" == fault.path
        assert "for Kubernetes 1.34" in fault.expected
        assert "/aws/service/eks/optimized-ami/1.34/" in fault.fix

    @pytest.mark.parametrize("own", ["image: ami-0123456789abcdef0", "image_release: 1.34.9-20260801"])
    def test_a_site_needs_none_when_every_pool_has_its_own(self, refused: Refused, own: str) -> None:
        site, with_own = {"settings": f"{{{ADMINISTRATORS}}}"}, {"settings": f"{{{own}}}"}
        another = {"capacity": "{type: reserved, reservation: cr-0123456789abcdef1}"}

        assert [] == refused("aws", site, with_own, {**with_own, **another})
        assert "no release" in only(refused("aws", site, with_own, another)).given

    def test_a_release_is_of_the_site_s_kubernetes(self, refused: Refused) -> None:
        fault = only(refused("aws", site_settings("1.33.5-20260801")))

        assert "1.33.5-20260801 under Kubernetes 1.34" == fault.given
        assert 'kubernetes_version: "1.33"' in fault.fix
        assert [] == refused("aws", {"kubernetes_version": '"1.33"', **site_settings("1.33.5-20260801")})

    def test_a_pool_s_own_release_is_too(self, refused: Refused) -> None:
        fault = only(refused("aws", None, {"settings": "{image_release: 1.35.2-20260801}"}))

        assert "sites.cloud.node_pools.train.settings.image_release" == fault.path
        assert [] == refused("aws", None, {"settings": "{image_release: 1.34.2-20260101}"})

    def test_an_image_of_one_s_own_has_no_release_of_eks_s(self, refused: Refused) -> None:
        both = {"settings": "{image: ami-0123456789abcdef0, image_release: 1.34.2-20260101}"}

        assert "one of them" in only(refused("aws", None, both)).expected

    def test_g7_runs_an_image_of_one_s_own_and_no_other(self, refused: Refused) -> None:
        g7 = {"instance_type": "g7.48xlarge", **ON_DEMAND}

        assert "driver 595" in only(refused("aws", None, g7)).expected
        assert [] == refused("aws", None, {**g7, "settings": "{image: ami-0123456789abcdef0}"})
        assert [] == refused("aws", None, {**g7, "instance_type": "g7e.48xlarge"})

    def test_trainium_runs_a_release_like_any_other(self, refused: Refused) -> None:
        trainium = {"instance_type": "trn2.48xlarge", "zone": "use2-az3", **ON_DEMAND}

        assert [] == refused("aws", {"region": "us-east-2"}, trainium)

    def test_a_volume_of_container_images_suits_every_pool(self, refused: Refused) -> None:
        assert [] == refused("aws", None, {"settings": "{image_cache: snap-0123456789abcdef0}"})


class TestRackScale:
    """GB200, whose nodes share one NVLink."""

    def test_kubernetes_before_1_33_cannot_claim_it(self, refused: Refused) -> None:
        def site(minor: str) -> dict[str, str]:
            return {"kubernetes_version": f'"{minor}"', **site_settings(f"{minor}.5-20260801")}

        assert "1.33 or later" in only(refused("aws", site("1.32"), RACK)).expected
        assert [] == refused("aws", site("1.33"), RACK)

    def test_images_from_before_its_drivers_cannot_drive_it(self, refused: Refused) -> None:
        fault = only(refused("aws", site_settings("1.34.1-20251029"), RACK))

        assert "a release from 20251103 on" in fault.expected
        assert [] == refused("aws", site_settings("1.34.1-20251103"), RACK)
        assert [] == refused("aws", site_settings("1.34.1-20251029"))

    def test_the_pool_s_own_release_is_the_one_that_counts(self, refused: Refused) -> None:
        own = {**RACK, "settings": "{drain_minutes: 90, image_release: 1.34.1-20251029}"}

        assert "sites.cloud.node_pools.train.settings.image_release" == only(refused("aws", None, own)).path

    def test_whole_systems_are_sold(self, refused: Refused) -> None:
        def rack(nodes: int) -> dict[str, str]:
            return {**RACK, "capacity": BLOCK.replace("ends", f"nodes: {nodes}, ends")}

        fault = only(refused("aws", None, rack(10)))
        assert "a multiple of 9, since whole systems are sold" == fault.expected
        assert "write nodes: 18" in fault.fix
        assert [] == refused("aws", None, rack(9))

    def test_it_is_sold_in_blocks_only(self, refused: Refused) -> None:
        fault = only(refused("aws", None, {**RACK, "settings": "{}", **ON_DEMAND}))

        assert "block for p6e-gb200.36xlarge" == fault.expected


class TestMig:
    """GPUs cut into instances."""

    @pytest.mark.parametrize(
        ("instance_type", "zone"),
        [("g6e.48xlarge", "use1-az6"), ("g6.48xlarge", "use1-az6"), ("g5.48xlarge", "use1-az6"),
         ("trn1.32xlarge", "use1-az6")],
    )  # fmt: skip
    def test_accelerators_that_cannot_be_cut_up_are_refused(
        self, refused: Refused, instance_type: str, zone: str
    ) -> None:
        pool = {"instance_type": instance_type, "zone": zone, "settings": "{mig: all-1g.18gb}", **ON_DEMAND}

        assert "sites.cloud.node_pools.train.settings.mig" == only(refused("aws", None, pool)).path
        assert [] == refused("aws", None, {**pool, "settings": "{}"})

    def test_gb200_is_refused_since_ec2_manages_its_memory_otherwise(self, refused: Refused) -> None:
        cut = {**RACK, "settings": "{drain_minutes: 90, mig: all-1g.23gb}"}

        assert "GB200" in only(refused("aws", None, cut)).given

    @pytest.mark.parametrize(
        "instance_type",
        ["p4d.24xlarge", "p4de.24xlarge", "p5.48xlarge", "p5en.48xlarge", "p6-b200.48xlarge",
         "p6-b300.48xlarge", "g7e.48xlarge"],
    )  # fmt: skip
    def test_those_that_can_be_pass(self, refused: Refused, instance_type: str) -> None:
        pool = {"instance_type": instance_type, "settings": "{mig: all-balanced}", **ON_DEMAND}

        assert [] == refused("aws", None, pool)

    def test_what_can_be_cut_up_stands_in_the_catalogue(self) -> None:
        assert set() == load_facts().mig - set(load_catalog().accelerators)


class TestMixedTypes:
    """Further types that spot nodes may be."""

    def test_a_type_that_no_job_can_tell_apart_passes(self, refused: Refused) -> None:
        assert [] == refused("aws", OHIO, MIXED, catalog=with_twin())

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"accelerator": "H100"}, "accelerators"),
            ({"accelerators": 4}, "accelerators"),
            ({"arch": "arm64"}, "processors"),
            ({"vcpus": 96}, "processors"),
            ({"memory_gib": 1024}, "GiB of memory"),
            ({"local_ssd": None}, "local disks"),
            ({"max_efa_interfaces": 15}, "network cards"),
        ],
    )
    def test_a_type_that_differs_is_refused_with_what_differs(
        self, refused: Refused, changes: dict[str, Any], named: str
    ) -> None:
        fault = only(refused("aws", OHIO, MIXED, catalog=with_twin(**changes)))

        assert "sites.cloud.node_pools.train.settings.also[0]" == fault.path
        assert named in fault.given

    def test_a_type_with_room_for_fewer_pods_is_refused(self, refused: Refused) -> None:
        cards = load_catalog().instance_type("aws", "p5en.48xlarge").network_card_groups
        fewer = tuple(group.model_copy(update={"max_interfaces": 3}) for group in cards)

        fault = only(refused("aws", OHIO, MIXED, catalog=with_twin(network_card_groups=fewer)))

        assert "whose pods per node are not those of p5en.48xlarge" in fault.given

    def test_two_real_types_with_other_network_cards_are_not_mixed(self, refused: Refused) -> None:
        assert "network cards" in only(refused("aws", OHIO, MIXED)).given

    @pytest.mark.parametrize("capacity", ["{type: on-demand}", BLOCK])
    def test_only_spot_nodes_may_be_of_several_types(self, refused: Refused, capacity: str) -> None:
        fault = only(refused("aws", OHIO, {**MIXED, "capacity": capacity}, catalog=with_twin()))

        assert "spot capacity only" in fault.expected

    def test_a_type_that_is_not_sold_as_spot_is_refused(self, refused: Refused) -> None:
        fault = only(refused("aws", OHIO, MIXED, catalog=with_twin(capacity_types=("on-demand",))))

        assert "not sold as spot" in fault.given

    def test_an_unknown_type_is_refused_with_the_closest(self, refused: Refused) -> None:
        fault = only(refused("aws", None, {**SPOT, "settings": "{also: [p5en.48xlage]}"}))

        assert "did you mean p5en.48xlarge?" == fault.fix

    def test_each_type_stands_once(self, refused: Refused) -> None:
        assert (
            "a second time"
            in only(refused("aws", None, {**SPOT, "settings": "{also: [p5en.48xlarge]}"})).given
        )
        twice = {**MIXED, "settings": "{also: [p5e.48xlarge, p5e.48xlarge]}"}
        assert "a second time" in only(refused("aws", OHIO, twice, catalog=with_twin())).given

    def test_a_further_type_must_be_offered_in_the_pool_s_zones_too(self, refused: Refused) -> None:
        pool = {**SPOT, "instance_type": "p5e.48xlarge", "zone": "usw2-az3"}
        offered = {**pool, "settings": "{also: [p5.48xlarge]}"}
        missing = {**pool, "settings": "{also: [trn1.32xlarge]}"}

        def places(also: dict[str, Any]) -> list[str]:
            faults = refused("aws", {"region": "us-west-2"}, also)
            return [fault.given for fault in faults if " in usw2-az3" in fault.given]

        assert [] == places(offered)
        assert ["trn1.32xlarge in usw2-az3"] == places(missing)
