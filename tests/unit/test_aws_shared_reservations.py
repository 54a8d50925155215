"""A block or reservation that several pools name counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from argosy.errors import Fault

    from .conftest import Refused

BLOCK = {"capacity": '{type: block, reservation: cr-0123456789abcdef0, ends: "2027-03-01T11:30Z"}'}
OTHER_BLOCK = {"capacity": '{type: block, reservation: cr-0123456789abcdef1, ends: "2027-03-01T11:30Z"}'}
GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/p5en-2027"


def reserved(nodes: int | None, reservation: str = "cr-0123456789abcdef0") -> dict[str, str]:
    share = f", nodes: {nodes}" if nodes else ""
    return {"capacity": f"{{type: reserved, reservation: '{reservation}'{share}}}"}


def paths(faults: list[Fault]) -> list[str]:
    return [fault.path.removeprefix("sites.cloud.node_pools.") for fault in faults]


def test_a_block_that_an_earlier_pool_names_is_refused(refused: Refused) -> None:
    [fault] = refused("aws", None, BLOCK, BLOCK)

    assert "sites.cloud.node_pools.train1.capacity.reservation" == fault.path
    assert "cr-0123456789abcdef0, like train of cloud" == fault.given


def test_two_blocks_are_not_refused(refused: Refused) -> None:
    assert [] == refused("aws", None, BLOCK, OTHER_BLOCK)


def test_a_reservation_with_the_id_of_a_block_is_refused(refused: Refused) -> None:
    assert ["train1.capacity.reservation"] == paths(refused("aws", None, BLOCK, reserved(8)))


@pytest.mark.parametrize("reservation", ["cr-0123456789abcdef0", GROUP])
def test_pools_that_share_a_reservation_say_their_shares(refused: Refused, reservation: str) -> None:
    faults = refused("aws", None, reserved(None, reservation), reserved(8, reservation))

    assert ["train.capacity.nodes"] == paths(faults)
    assert f"no `nodes` for {reservation}, like train1 of cloud" == faults[0].given
    assert "write capacity.nodes in every pool that names it: what the pool may take of it" == faults[0].fix


def test_every_pool_without_a_share_is_told(refused: Refused) -> None:
    assert ["train.capacity.nodes", "train1.capacity.nodes"] == paths(
        refused("aws", None, reserved(None), reserved(None))
    )


def test_shares_and_reservations_of_their_own_are_not_refused(refused: Refused) -> None:
    assert [] == refused("aws", None, reserved(8), reserved(8))
    assert [] == refused("aws", None, reserved(None), reserved(None, "cr-0123456789abcdef1"))


def test_pools_of_another_provider_may_name_one_reservation(refused: Refused) -> None:
    assert [] == refused("gcp", None, {}, {})
