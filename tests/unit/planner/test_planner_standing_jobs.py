"""Jobs that there is no time to stop hold their nodes, and what else a hostile reader found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from argosy.errors import LockError
from argosy.planner.offerings import holdings
from argosy.planner.problem import MICRO, Case, Gang, Offering, Problem, Row, Witness
from argosy.planner.solve import extra_jobs
from argosy.planner.verify_witness import judge

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]


def lent(within: int, left: int, demand: int) -> list[str]:
    """What is wrong once a pool of 8, of which a job has borrowed 6, keeps only so many nodes."""
    offerings = (Offering("s/p@a", "s/p", "aws", "k", 0, 8), Offering("s/p@b", "s/p", "aws", "k", 0, 8))
    row = Row("inference/chat", "inference/chat", demand, {"k": 1})
    gang = Gang("training/job", protected=False, pools={"s/p": 6}, home_pools=frozenset({"s/p"}), nodes=6)
    nothing = frozenset[str]()
    nominal = Case("nothing lost", "0", 0, nothing, nothing, (), (), {}, frozenset({gang.id}), 0)
    lost = Case("lose b", "0", within, frozenset({"s/p@b"}), nothing, (), (), {row.id: demand}, nothing, 0)
    problem = Problem(offerings, (row,), (gang,), (nominal, lost), ())
    held = {"s/p@a": left, "s/p@b": 8 - left}
    serves = {row.id: {"k": demand * MICRO}}
    witnesses = (Witness({}, {gang.id: "s/p"}), Witness(serves, {}))
    return [reason for _, reason in judge(problem, held, witnesses)[0]]


def test_a_job_keeps_its_nodes_while_enough_of_its_home_is_left() -> None:
    assert ["services take 2 nodes of k, of which 1 are left"] == lent(within=0, left=7, demand=2)
    assert [] == lent(within=0, left=7, demand=1)


def test_a_job_of_whose_home_too_little_is_left_has_lost_a_node_and_is_down() -> None:
    assert [] == lent(within=0, left=5, demand=5)


def test_with_time_to_stop_it_a_job_makes_room() -> None:
    assert [] == lent(within=15, left=7, demand=7)


def test_a_job_that_one_line_lets_go_and_another_does_not_name_need_not_run(world: NewWorld) -> None:
    train: dict[str, Any] = {"role": "training", "zone": "z1"}
    made = world().cloud("one", train=train | {"nodes": 9, "instance_type": "p5en.48xlarge"})
    made.cloud("two", "gcp", train=train | {"nodes": 1, "instance_type": "a3-ultragpu-8g"})
    made.train("big", 8).train("small", 1, protected=True)
    made.survive("any provider", training="0.1", within="15m")
    made.survive("aws", training="0.1", within="15m", big="0")

    made.verify(made.plan())
    assert {"training/small"} == made.cases()["lose provider aws"].jobs


def test_slots_of_a_pool_that_has_no_inventory_hold_nothing(world: NewWorld) -> None:
    made = world().cloud("use1", serve={"role": "inference", "nodes": 1, "zone": "z1"} | P5EN).serve("x", 1)
    lock = made.plan()
    odd = lock.pools["use1/serve"].model_copy(update={"slots": {"slot-01": "OSL0001"}})

    assert {"use1/serve@z1": 1} == holdings(made.fleet(), {"use1/serve": odd})
    with pytest.raises(LockError, match="has slots"):
        made.verify(lock.model_copy(update={"pools": {"use1/serve": odd}}))


P5EN = {"instance_type": "p5en.48xlarge"}


def test_jobs_without_number_are_added_up_within_bounds() -> None:
    # Thirty jobs of unlike sizes have a thousand million sums.
    gangs = tuple(
        Gang(
            f"training/j{n:02d}", protected=False, pools={}, home_pools=frozenset(), nodes=20_011 + 7 * n * n
        )
        for n in range(30)
    )
    nothing = frozenset[str]()
    wanted = Case("lose x", "15m", 15, nothing, nothing, (), (), {}, nothing, 300_000)
    chosen = extra_jobs(Problem((), (), gangs, (wanted,), ()))[0]

    assert 300_000 <= sum(gang.nodes for gang in gangs if gang.id in chosen) < 330_000
