"""What the scheduler will call at the start and the end of a block is what the vendor takes."""

import json

import pytest

from argosy_component.mock_engine import ResourceGraph

from .resources import at, changed, with_resource, without
from .scheduled_calls import SCHEDULE, scheduled_call_violations
from .violations import shown


def test_every_scheduled_call_is_one_that_the_vendor_takes(everything: ResourceGraph) -> None:
    assert everything.of_type(SCHEDULE)
    assert "" == shown(scheduled_call_violations(everything))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("target.arn", "arn:aws:lambda:us-east-1:111122223333:function:resize", "is no universal target"),
        (
            "target.arn",
            "arn:aws:scheduler:::aws-sdk:eks:updateNodegroup",
            "eks has no operation UpdateNodegroup; ",
        ),
        (
            "target.roleArn",
            "arn:aws:iam::111122223333:role/other",
            "does not allow eks:UpdateNodegroupConfig",
        ),
    ],
)
def test_a_call_that_nobody_answers_is_a_fault(
    path: str, value: str, expected: str, everything: ResourceGraph
) -> None:
    schedule = changed(everything.of_type(SCHEDULE)[0], path, value)

    assert expected in shown(scheduled_call_violations(with_resource(everything, schedule)))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("clusterName", "prod", "has no clusterName; nearest: ClusterName"),
        ("ClusterName", 7, "7 is given where a text stands"),
        ("ClusterName", None, "needs clusterName"),
        ("ScalingConfig", {"MinSize": 0, "Desired": 0}, "has no Desired; nearest: DesiredSize"),
        ("ScalingConfig", {"MaxSize": 0}, "0 is less than 1"),
    ],
)
def test_a_parameter_that_the_call_does_not_take_is_a_fault(
    name: str, value: object, expected: str, everything: ResourceGraph
) -> None:
    schedule = everything.of_type(SCHEDULE)[0]
    parameters = json.loads(at(schedule.inputs, "target.input"))
    spoilt = {key: one for key, one in {**parameters, name: value}.items() if one is not None}
    graph = with_resource(everything, changed(schedule, "target.input", json.dumps(spoilt)))

    assert expected in shown(scheduled_call_violations(graph))


def test_a_target_without_a_role_is_a_fault(everything: ResourceGraph) -> None:
    schedule = without(everything.of_type(SCHEDULE)[0], "target.roleArn")

    assert "roleArn" in shown(scheduled_call_violations(with_resource(everything, schedule)))
