"""What a purchase asks AWS before it buys, how long it tries, and what it makes of an answer."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime.proto import resource_pb2

from argosy_aws.purchases.declare import PROJECT, declare_purchases
from argosy_aws.purchases.models import PurchaseSpec
from argosy_component.mock_engine import ResourceGraph
from argosy_component.mock_engine.monitor import RecordingMonitor
from argosy_component.testing import Declare

from ..aws_purchases import PURCHASES, ZONE_OF, answer_zone

BLOCK = "aws:ec2/capacityBlockReservation:CapacityBlockReservation"
RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
PLACEMENT_GROUP = "aws:ec2/placementGroup:PlacementGroup"
SERVE: dict[str, Any] = PURCHASES["reservations"]["serve"]


def bought(
    declare: Declare, *, outputs: Mapping[str, Mapping[str, Any]] | None = None, **changes: Any
) -> ResourceGraph:
    """The graph of the purchase file, with changes at its top."""
    spec = PurchaseSpec.model_validate(PURCHASES | changes)
    return declare(
        lambda: declare_purchases(spec), project=PROJECT, calls={ZONE_OF: answer_zone}, outputs=outputs
    )


def test_every_zone_is_asked_of_the_account_that_pays_and_with_all_zones(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[dict[str, Any], str]] = []
    answer = RecordingMonitor.Invoke

    def note(
        self: RecordingMonitor, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        assert ZONE_OF == request.tok
        asked.append((dict(request.args), request.provider.rpartition("::")[0]))
        return answer(self, request)

    monkeypatch.setattr(RecordingMonitor, "Invoke", note)
    provider = bought(declare).one("pulumi:providers:aws", "account")

    assert [
        # The zone may be one that the account has not opted in to, which is no other zone for that.
        ({"name": name, "allAvailabilityZones": True}, provider.urn)
        for name in ("us-east-1c", "us-east-1d")
    ] == asked


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"instanceType": "g6e.24xlarge"}, "instance_type is g6e.24xlarge, but the file says g6e.48xlarge"),
        ({"availabilityZone": "us-east-1a"}, "availability_zone is us-east-1a, but the file says us-east-1d"),
        ({"instanceMatchCriteria": "open"}, "instance_match_criteria is open, but the file says targeted"),
    ],
)
def test_a_reservation_that_is_not_what_the_file_says_fails_the_run(
    declare: Declare, found: dict[str, Any], expected: str
) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        bought(declare, outputs={RESERVATION: found}, reservations={"serve": SERVE}, groups={})

    said = str(raised.value)
    assert f"capacityreservation-serve is not what the file says\nserve: {expected}" in said
    assert "a purchase is never changed" in said


def test_a_reservation_of_another_size_or_end_is_one_that_is_being_changed(declare: Declare) -> None:
    found = {"instanceCount": 4, "endDate": "2027-05-01T00:00:00Z"}

    assert bought(declare, outputs={RESERVATION: found}).one(RESERVATION, "serve")


def test_a_block_is_waited_for_longer_than_a_reservation(declare: Declare) -> None:
    graph = bought(declare)

    assert {"create": "60m"} == graph.one(BLOCK).options["customTimeouts"]
    for reserved in graph.of_type(RESERVATION):
        assert {"create": "15m"} == reserved.options["customTimeouts"]


def test_no_placement_group_is_made_for_what_was_bought_before(declare: Declare) -> None:
    before = {**SERVE, "bought": "cr-0ccccccccccccccc0"}

    assert not bought(declare, reservations={"serve": before}, groups={}).of_type(PLACEMENT_GROUP)
    assert bought(declare, reservations={"serve": SERVE}, groups={}).of_type(PLACEMENT_GROUP)
