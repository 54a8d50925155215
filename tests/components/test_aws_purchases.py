"""What the purchases project declares, and that no other project does."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from argosy_aws.purchases.declare import PROJECT, WrongProjectError, WrongZoneError, declare_purchases
from argosy_aws.purchases.models import PurchaseSpec
from argosy_component.mock_engine import UNKNOWN, ResourceGraph, run_program
from argosy_component.stack_program import find_project
from argosy_component.testing import Declare
from argosy_policies.testing import Declared, Pack

from ..aws_purchases import PURCHASES, ZONE_OF, answer_zone
from .once import once

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "stacks" / "purchases" / "aws"
BLOCK = "aws:ec2/capacityBlockReservation:CapacityBlockReservation"
RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
GROUP = "aws:resourcegroups/group:Group"
MEMBER = "aws:resourcegroups/resource:Resource"
PLACEMENT_GROUP = "aws:ec2/placementGroup:PlacementGroup"
World = Callable[..., ResourceGraph]


@pytest.fixture(scope="module")
def world() -> World:
    """The graph of a purchase file with changes at its top."""

    @once
    def make(
        *, project: str = PROJECT, preview: bool = False, outputs: Any = None, **changes: Any
    ) -> ResourceGraph:
        spec = PurchaseSpec.model_validate(PURCHASES | changes)
        return run_program(
            lambda: declare_purchases(spec),
            project=project,
            stack="2027-q1",
            preview=preview,
            calls={ZONE_OF: answer_zone},
            outputs=outputs,
        )

    return make


def test_a_block_is_bought_by_a_literal_offering(world: World) -> None:
    for preview in (False, True):
        block = world(preview=preview).one(BLOCK)

        assert ("cb-0123456789abcdef0", "Linux/UNIX") == (
            block.inputs["capacityBlockOfferingId"],
            block.inputs["instancePlatform"],
        )


def test_a_block_cannot_be_bought_twice_or_lost(world: World) -> None:
    options = world().one(BLOCK).options

    assert (True, True) == (options["protect"], options["retainOnDelete"])
    assert {"capacityBlockOfferingId", "instancePlatform", "region"} == set(options["ignoreChanges"])


def test_a_reservation_is_targeted_protected_and_never_replaced(world: World) -> None:
    reserved = world().one(RESERVATION, "serve")

    assert "targeted" == reserved.inputs["instanceMatchCriteria"]
    assert True is reserved.options["protect"]
    replaced_by = {"availabilityZone", "instanceMatchCriteria", "instancePlatform", "instanceType"}
    assert replaced_by | {"placementGroupArn", "region", "tenancy"} == set(reserved.options["ignoreChanges"])


def test_what_may_be_changed_of_a_reservation_is_not_ignored(world: World) -> None:
    ignored = set(world().one(RESERVATION, "serve").options["ignoreChanges"])

    assert set() == ignored & {"instanceCount", "endDate", "endDateType", "tags"}


def test_a_deleted_reservation_is_cancelled_since_a_forgotten_one_goes_on_costing(world: World) -> None:
    for reserved in world().of_type(RESERVATION):
        assert "retainOnDelete" not in reserved.options


def test_a_reservation_ends_when_the_file_says_so_in_utc(world: World) -> None:
    graph = world()

    assert ("limited", "2027-03-01T00:00:30Z") == tuple(
        graph.one(RESERVATION, "until-march").inputs[key] for key in ("endDateType", "endDate")
    )
    endless = graph.one(RESERVATION, "serve").inputs
    assert "unlimited" == endless["endDateType"]
    assert "endDate" not in endless


def test_a_reservation_is_made_in_its_zone_as_this_account_calls_it(world: World) -> None:
    assert "us-east-1d" == world().one(RESERVATION, "serve").inputs["availabilityZone"]


def test_a_placement_group_is_made_first_and_kept(world: World) -> None:
    graph = world()
    group = graph.one(PLACEMENT_GROUP)

    assert ("close", "cluster", True) == (
        group.inputs["name"],
        group.inputs["strategy"],
        group.options["protect"],
    )
    assert group.urn in graph.one(RESERVATION, "serve").options["dependsOn"]


def test_everything_says_who_approved_it_and_where(world: World) -> None:
    graph = world()

    for resource in (*graph.of_type(BLOCK), *graph.of_type(RESERVATION)):
        tags = resource.inputs["tags"]
        assert ("Capacity board", "CAP-1042", "2027-q1", resource.name) == (
            tags["approved-by"],
            tags["ticket"],
            tags["argosy-stack"],
            tags["argosy-purchase"],
        )
    assert "serving" == graph.one(RESERVATION, "serve").inputs["tags"]["owner"]


def test_the_provider_is_pinned_to_the_account_that_pays(world: World) -> None:
    graph = world()
    provider = graph.one("pulumi:providers:aws")

    assert ("us-east-1", '["111122223333"]') == (
        provider.inputs["region"],
        provider.inputs["allowedAccountIds"],
    )
    for type_ in (BLOCK, RESERVATION, GROUP, MEMBER, PLACEMENT_GROUP):
        for resource in graph.of_type(type_):
            assert provider.urn in str(resource.options["provider"])


def test_a_group_can_be_launched_into_and_takes_reservations_only(world: World) -> None:
    graph = world()
    group = graph.one(GROUP)

    assert [
        {"type": "AWS::EC2::CapacityReservationPool"},
        {
            "type": "AWS::ResourceGroups::Generic",
            "parameters": [{"name": "allowed-resource-types", "values": ["AWS::EC2::CapacityReservation"]}],
        },
    ] == group.inputs["configurations"]
    assert True is group.options["protect"]
    assert {
        "serve-all.serve": "arn:aws:ec2::000000000000:capacityreservation/serve",
        "serve-all.older": "arn:aws:ec2:us-east-1:111122223333:capacity-reservation/cr-0aaaaaaaaaaaaaaa0",
    } == {member.name: member.inputs["resourceArn"] for member in graph.of_type(MEMBER)}


def test_groups_and_members_whose_names_run_together_stay_apart(world: World) -> None:
    one = PURCHASES["reservations"]["until-march"]
    graph = world(
        reservations={"c": one, "b-c": one},
        groups={"a-b": {"reservations": ["c"]}, "a": {"reservations": ["b-c"]}},
    )

    assert {"a-b.c", "a.b-c"} == {member.name for member in graph.of_type(MEMBER)}


def test_what_was_bought_before_is_counted_and_handed_on_but_not_bought(world: World) -> None:
    block = PURCHASES["capacity_blocks"]["train"] | {"offering": None, "bought": "cr-0bbbbbbbbbbbbbbb0"}
    graph = world(capacity_blocks={"train": block})

    assert not graph.of_type(BLOCK)
    assert {"serve", "until-march"} == {one.name for one in graph.of_type(RESERVATION)}
    capacity = graph.outputs["capacity"]
    assert "cr-0bbbbbbbbbbbbbbb0" == capacity["train"]["reservation"]
    assert "cr-0aaaaaaaaaaaaaaa0" == capacity["older"]["reservation"]


def test_the_stack_prints_what_goes_into_the_fleet_file(world: World) -> None:
    outputs = world().outputs

    assert {
        "type": "block",
        "reservation": "capacityblockreservation-train",
        "nodes": 64,
        "starts": "2027-01-11T11:30Z",
        "ends": "2027-01-25T11:30Z",
    } == outputs["capacity"]["train"]
    assert {"type": "reserved", "reservation": "capacityreservation-serve", "nodes": 8} == outputs[
        "capacity"
    ]["serve"]
    assert {"serve-all": "arn:aws:resourcegroups::000000000000:group/serve-all"} == outputs["groups"]
    assert "2000000.00" == outputs["budget_usd"]


def test_before_the_purchase_no_id_is_known(world: World) -> None:
    assert UNKNOWN == world(preview=True).outputs["capacity"]["train"]["reservation"]


@pytest.mark.parametrize("project", ["argosy", "someone-elses"])
def test_another_project_buys_nothing(world: World, project: str) -> None:
    with pytest.raises(WrongProjectError, match=f"the project '{project}' buys nothing"):
        world(project=project)


def test_nothing_is_bought_where_the_account_calls_the_zone_otherwise(declare: Declare) -> None:
    declared: list[str] = []
    spec = PurchaseSpec.model_validate(
        PURCHASES | {"zones": {"use1-az4": "us-east-1d", "use1-az6": "us-east-1c"}}
    )

    def program() -> None:
        with pytest.raises(
            WrongZoneError, match=r"zones\.use1-az4: us-east-1d is use1-az6 in account 111122223333"
        ):
            declare_purchases(spec)
        declared.append("refused")

    graph = declare(program, project=PROJECT, calls={ZONE_OF: answer_zone})

    assert ["refused"] == declared
    assert {"pulumi:pulumi:Stack", "pulumi:providers:aws"} == {one.type for one in graph.resources}


@pytest.mark.parametrize(
    ("type_", "found", "expected"),
    [
        (BLOCK, {"instanceCount": 32}, "train: instance_count is 32, but the file says 64"),
        (BLOCK, {"instanceType": "p5.48xlarge"}, "train: instance_type is p5.48xlarge"),
        (BLOCK, {"availabilityZone": "us-east-1d"}, "train: availability_zone is us-east-1d"),
        (BLOCK, {"endDate": "2027-01-26T11:30:00Z"}, "train: end_date is 2027-01-26T11:30:00Z"),
    ],
)
def test_a_block_that_is_not_what_the_file_says_fails_the_run(
    world: World, type_: str, found: dict[str, Any], expected: str
) -> None:
    with pytest.raises(
        pulumi.RunError, match="capacityblockreservation-train is not what the file says"
    ) as raised:
        world(outputs={type_: found})

    assert expected in str(raised.value)
    assert "a purchase is never changed" in str(raised.value)


def test_a_block_that_is_what_the_file_says_passes(world: World) -> None:
    found = {
        "instanceCount": 64,
        "instanceType": "p5en.48xlarge",
        "availabilityZone": "us-east-1c",
        "endDate": "2027-01-25T11:30:00Z",
    }

    assert world(outputs={BLOCK: found}).one(BLOCK)


def test_the_purchases_of_a_file_pass_the_policies_there_and_nowhere_else(world: World) -> None:
    graph, pack = world(), Pack({"capacity": {"on_unknown": "fail"}})

    def judged(project: str) -> list[str]:
        return [
            found.message
            for one in graph.resources
            for found in pack.analyze(
                Declared(
                    one.type,
                    one.name,
                    one.inputs,
                    protect=bool(one.options.get("protect")),
                    project=project,
                )
            )
        ]

    assert [] == judged(PROJECT)
    assert 3 == len(judged("argosy"))


def test_the_configuration_for_purchases_leaves_out_only_what_judges_whole_fleets() -> None:
    file = ROOT / "policies" / "config" / "purchases.json"
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))

    assert {"redundancy"} == {found.policy for found in Pack().analyze_stack()}
    assert {"redundancy"} == {policy for policy, about in config.items() if about == "disabled"}


def test_the_program_buys_the_order_that_is_called_like_the_stack(declare: Declare) -> None:
    graph = declare(
        lambda: runpy.run_path(str(PROGRAM), run_name="__main__"),
        project=PROJECT,
        stack="example",
        calls={ZONE_OF: answer_zone},
    )

    assert "train-january" == graph.one(BLOCK).name
    assert "1828610.28" == graph.outputs["total_usd"]


def test_the_program_refuses_a_stack_without_an_order_in_one_message(declare: Declare) -> None:
    with pytest.raises(pulumi.RunError, match=r"orders/prod\.yaml: given a file that does not exist"):
        declare(lambda: runpy.run_path(str(PROGRAM), run_name="__main__"), project=PROJECT, stack="prod")


def test_each_file_leads_to_its_own_project() -> None:
    fleet = find_project(str(ROOT / "stacks" / "fleets" / "prod.yaml"))
    order = find_project(str(PROGRAM / "orders" / "example.yaml"))

    assert ("argosy", ROOT / "stacks") == (fleet.name, fleet.program)
    assert (PROJECT, PROGRAM) == (order.name, order.program.resolve())
