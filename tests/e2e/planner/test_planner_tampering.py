"""A lock in which somebody changed a number is refused, unless what it says is still a plan.

Whether it is, an integer program says that shares nothing with the verifier.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.planner.fleets import PRICES, open_fleet, priced
from tests.e2e.planner.oracle import accepts

from argosy.catalog import Catalog
from argosy.errors import LockError, ShortfallError
from argosy.planner.build import build_problem
from argosy.planner.canonical import sha256_of
from argosy.planner.facts import plan_facts
from argosy.planner.lock import load_lock, render_lock
from argosy.planner.models import Lock, ScenarioPlan
from argosy.planner.offerings import holdings
from argosy.planner.plan import plan_capacity
from argosy.planner.problem import MICRO, Problem, Witness
from argosy.planner.verify import verify_plan
from argosy.spec.loader import LoadedFleet

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
NL, US = "8xH200 inference NL for all", "8xH200 inference US us"
HALL = "8xH200 inference+lends NO for all"


class Planned:
    """A planned fleet, whose lock may be tampered with."""

    def __init__(self, made: World) -> None:
        self.fleet: LoadedFleet = priced(made.fleet(), PRICES)
        self.catalog: Catalog = made.catalog
        self.problem: Problem = build_problem(self.fleet, self.catalog)
        self.lock: Lock = plan_capacity(self.fleet, self.catalog, None)

    def refused(self, lock: Lock) -> bool:
        """Whether the verifier refuses it."""
        try:
            verify_plan(self.fleet, lock, self.catalog)
        except (LockError, ShortfallError):
            return True
        return False

    def is_a_plan(self, lock: Lock) -> bool:
        """Whether the oracle takes its pools and witnesses for a plan."""
        witnesses = [Witness(plan.serves, plan.jobs, plan.powered) for plan in lock.scenarios]
        return accepts(self.problem, holdings(self.fleet, lock.pools), witnesses)

    def with_scenario(self, number: int, **changes: Any) -> Lock:
        scenarios = list(self.lock.scenarios)
        scenarios[number] = scenarios[number].model_copy(update=changes)
        return self.lock.model_copy(update={"scenarios": tuple(scenarios)})

    def with_pool(self, pool: str, *, current: bool = True, **changes: Any) -> Lock:
        """A changed pool, with the facts that follow from it unless they are to be stale."""
        pools = self.lock.pools | {pool: self.lock.pools[pool].model_copy(update=changes)}
        facts = plan_facts(self.fleet, self.catalog, pools) if current else self.lock.facts
        return self.lock.model_copy(update={"pools": pools, "facts": facts, "facts_sha256": sha256_of(facts)})

    def scenario(self, name: str) -> tuple[int, ScenarioPlan]:
        found = [(number, plan) for number, plan in enumerate(self.lock.scenarios) if plan.id == name]
        return found[0]


@pytest.fixture(scope="module")
def planned(world: NewWorld) -> Planned:
    return Planned(open_fleet(world()))


def told_apart(planned: Planned, locks: Iterator[Lock]) -> Counter[bool]:
    """How many locks are still a plan (True) and how many are not; the verifier must say the same of each."""
    seen: Counter[bool] = Counter()
    for lock in locks:
        is_a_plan = planned.is_a_plan(lock)
        assert is_a_plan != planned.refused(lock), lock.scenarios
        seen[is_a_plan] += 1
    return seen


def test_what_the_planner_wrote_is_a_plan(planned: Planned) -> None:
    assert planned.is_a_plan(planned.lock)
    assert not planned.refused(planned.lock)


def served_otherwise(planned: Planned, by: int) -> Iterator[Lock]:
    for number, plan in enumerate(planned.lock.scenarios):
        for row in sorted(plan.serves):
            for kind in (NL, US, HALL):
                nodes = plan.serves[row].get(kind, 0) + by
                if nodes >= 0:
                    serves = plan.serves | {row: plan.serves[row] | {kind: nodes}}
                    yield planned.with_scenario(number, serves=serves)


@pytest.mark.parametrize("by", [1000, MICRO // 4, 3 * MICRO])
def test_serving_more_than_is_left_is_refused(planned: Planned, by: int) -> None:
    seen = told_apart(planned, served_otherwise(planned, by))

    # Some of it is left, so that more may be served than must.
    assert seen[True] > 5
    assert seen[False] > 20


def test_a_kind_that_is_named_and_serves_nothing_is_a_plan(planned: Planned) -> None:
    seen = told_apart(planned, served_otherwise(planned, 0))

    # Nodes of the us do not serve europe, be it with none of them.
    assert seen[True] > 2 * seen[False]


@pytest.mark.parametrize("by", [-1000, -MICRO // 4, -3 * MICRO])
def test_serving_less_than_the_floor_is_refused(planned: Planned, by: int) -> None:
    seen = told_apart(planned, served_otherwise(planned, by))

    assert seen[False] > 20


def test_a_millionth_of_a_node_less_than_the_floor_is_refused(planned: Planned) -> None:
    number, plan = planned.scenario("nothing lost")
    served = plan.serves["inference/batch"]
    less = served | {kind: nodes - 1 for kind, nodes in [max(served.items(), key=lambda kind: kind[1])]}

    assert 4 * MICRO == sum(served.values())
    assert planned.refused(planned.with_scenario(number, serves=plan.serves | {"inference/batch": less}))


def test_a_kind_that_may_not_serve_a_row_is_refused(planned: Planned) -> None:
    number, plan = planned.scenario("nothing lost")
    # Nodes of the us serve the us only.
    abroad = plan.serves | {"inference/chat@eu": plan.serves["inference/chat@eu"] | {US: 1}}

    assert not planned.is_a_plan(planned.with_scenario(number, serves=abroad))
    assert planned.refused(planned.with_scenario(number, serves=abroad))


@pytest.mark.parametrize("kind", ["8xH100 inference NL for all", "", "euw4/serve"])
def test_an_unknown_kind_is_refused(planned: Planned, kind: str) -> None:
    for number, plan in enumerate(planned.lock.scenarios):
        more = plan.serves | {"inference/batch": plan.serves.get("inference/batch", {}) | {kind: 0}}
        assert planned.refused(planned.with_scenario(number, serves=more))


@pytest.mark.parametrize("row", ["inference/chat", "inference/nobody", "training/pretrain", ""])
def test_an_unknown_row_is_refused(planned: Planned, row: str) -> None:
    for number, plan in enumerate(planned.lock.scenarios):
        assert planned.refused(planned.with_scenario(number, serves=plan.serves | {row: {NL: 0}}))


def test_a_row_that_is_left_out_is_refused_where_it_has_a_floor(planned: Planned) -> None:
    def without_one() -> Iterator[Lock]:
        for number, plan in enumerate(planned.lock.scenarios):
            for row in sorted(plan.serves):
                yield planned.with_scenario(
                    number, serves={name: kinds for name, kinds in plan.serves.items() if name != row}
                )

    assert 0 == told_apart(planned, without_one())[True]


def test_a_job_that_moves_is_refused_unless_its_home_lost_something(planned: Planned) -> None:
    def moved() -> Iterator[Lock]:
        for number, plan in enumerate(planned.lock.scenarios):
            for job, home in sorted(plan.jobs.items()):
                for pool in sorted({*planned.lock.pools} - {home}):
                    yield planned.with_scenario(number, jobs=plan.jobs | {job: pool})

    seen = told_apart(planned, moved())
    assert seen[False] > 100


@pytest.mark.parametrize("pool", ["nowhere/train", "", "euw4"])
def test_a_job_in_an_unknown_pool_is_refused(planned: Planned, pool: str) -> None:
    for number, plan in enumerate(planned.lock.scenarios):
        assert planned.refused(planned.with_scenario(number, jobs=plan.jobs | {"training/try": pool}))


def test_an_unknown_job_is_refused(planned: Planned) -> None:
    for number, plan in enumerate(planned.lock.scenarios):
        assert planned.refused(planned.with_scenario(number, jobs=plan.jobs | {"training/x": "use1/train"}))


def test_a_job_that_is_dropped_is_refused_where_it_must_run(planned: Planned) -> None:
    def dropped() -> Iterator[Lock]:
        for number, plan in enumerate(planned.lock.scenarios):
            for job in sorted(plan.jobs):
                yield planned.with_scenario(
                    number, jobs={name: pool for name, pool in plan.jobs.items() if name != job}
                )

    seen = told_apart(planned, dropped())
    # Jobs that run on where nobody asks for them may be left out; those that must run may not.
    assert seen[True] > 0
    assert seen[False] > 5


def test_nodes_of_a_job_that_there_is_no_time_to_stop_serve_nobody(world: NewWorld) -> None:
    made = world().cloud(
        "use1", serve={"role": "inference", "nodes": 2, "instance_type": "p5en.48xlarge", "zone": "z1"}
    )
    lends = {"role": "inference", "nodes": 4, "server_type": "dgx-h200", "lends": True}
    made.hall("oslo", 4, serve=lends).serve("chat", 4).train("night", 2)
    planned = Planned(made.survive("use1", "0.5").survive("use1", "0.5", within="15m"))

    def stopped(number: int) -> Lock:
        kind = "8xH200 inference+lends anywhere for all"
        return planned.with_scenario(number, jobs={}, serves={"inference/chat": {kind: 3 * MICRO}})

    assert ["0", "0", "15m"] == [plan.within for plan in planned.lock.scenarios]
    assert {False: 1} == told_apart(planned, iter([stopped(1)]))
    assert {True: 1} == told_apart(planned, iter([stopped(2)]))


def test_a_job_that_is_added_is_refused_where_there_is_no_room_for_it(planned: Planned) -> None:
    def added() -> Iterator[Lock]:
        for number, plan in enumerate(planned.lock.scenarios):
            for job in sorted(planned.problem.gang.keys() - plan.jobs.keys()):
                for pool in sorted(planned.lock.pools):
                    yield planned.with_scenario(number, jobs=plan.jobs | {job: pool})

    seen = told_apart(planned, added())
    assert seen[True] > 0
    assert seen[False] > 20


def test_forged_power_is_refused(planned: Planned) -> None:
    def forged() -> Iterator[Lock]:
        for number, plan in enumerate(planned.lock.scenarios):
            # Where nothing is short of power, one offering stands for all that may not be named.
            for offering in sorted(planned.problem.offering)[: None if plan.powered else 1]:
                for by in (-1, 1, 2):
                    nodes = plan.powered.get(offering, 0) + by
                    if nodes >= 0:
                        yield planned.with_scenario(number, powered=plan.powered | {offering: nodes})

    seen = told_apart(planned, forged())
    assert seen[False] > 50


def test_power_of_an_unknown_offering_is_refused(planned: Planned) -> None:
    for number, plan in enumerate(planned.lock.scenarios):
        assert planned.refused(planned.with_scenario(number, powered=plan.powered | {"oslo/train@r9/a": 0}))


def test_a_scenario_that_is_missing_is_refused(planned: Planned) -> None:
    for number in range(len(planned.lock.scenarios)):
        rest = (*planned.lock.scenarios[:number], *planned.lock.scenarios[number + 1 :])
        assert planned.refused(planned.lock.model_copy(update={"scenarios": rest}))


def test_a_scenario_that_stands_twice_is_refused(planned: Planned) -> None:
    for plan in planned.lock.scenarios:
        twice = (*planned.lock.scenarios, plan)
        assert planned.refused(planned.lock.model_copy(update={"scenarios": twice}))


def test_a_scenario_that_nobody_asked_for_is_refused(planned: Planned) -> None:
    more = planned.lock.scenarios[1].model_copy(update={"id": "lose moon"})

    assert planned.refused(planned.lock.model_copy(update={"scenarios": (*planned.lock.scenarios, more)}))


def witness_of(plan: ScenarioPlan) -> dict[str, Any]:
    return {"serves": plan.serves, "jobs": plan.jobs, "powered": plan.powered}


def test_the_witness_of_another_scenario_is_refused_unless_it_serves_both(planned: Planned) -> None:
    def taken() -> Iterator[Lock]:
        for number in range(len(planned.lock.scenarios)):
            for other in planned.lock.scenarios:
                yield planned.with_scenario(number, **witness_of(other))

    seen = told_apart(planned, taken())
    # At least every witness serves its own scenario.
    assert seen[True] >= len(planned.lock.scenarios)
    assert seen[False] > 100


def test_witnesses_that_changed_places_are_refused(planned: Planned) -> None:
    def swapped() -> Iterator[Lock]:
        plans = planned.lock.scenarios
        for place in range(1, len(plans)):
            new = list(plans)
            new[place - 1] = plans[place - 1].model_copy(update=witness_of(plans[place]))
            new[place] = plans[place].model_copy(update=witness_of(plans[place - 1]))
            yield planned.lock.model_copy(update={"scenarios": tuple(new)})

    assert told_apart(planned, swapped())[False] > 5


def test_the_order_of_scenarios_says_nothing(planned: Planned) -> None:
    backwards = tuple(reversed(planned.lock.scenarios))

    assert not planned.refused(planned.lock.model_copy(update={"scenarios": backwards}))


def test_nodes_that_move_between_zones_are_refused_unless_that_is_a_plan(planned: Planned) -> None:
    def moved() -> Iterator[Lock]:
        for pool, plan in planned.lock.pools.items():
            for gives in sorted(plan.by_zone):
                for takes in sorted(plan.by_zone.keys() - {gives}):
                    for nodes in range(1, plan.by_zone[gives] + 1):
                        zones = {
                            gives: plan.by_zone[gives] - nodes,
                            takes: plan.by_zone[takes] + nodes,
                        }
                        yield planned.with_pool(pool, by_zone=zones)

    seen = told_apart(planned, moved())
    assert seen[False] > 3


def test_zones_that_do_not_add_up_are_refused(planned: Planned) -> None:
    for pool, plan in planned.lock.pools.items():
        for zone, nodes in plan.by_zone.items():
            assert planned.refused(planned.with_pool(pool, by_zone=plan.by_zone | {zone: nodes + 1}))


def test_an_unknown_zone_is_refused(planned: Planned) -> None:
    zones = planned.lock.pools["use1/serve"].by_zone

    assert planned.refused(planned.with_pool("use1/serve", by_zone=zones | {"z9": 0}))


def test_a_node_fewer_is_refused_and_a_node_more_is_a_plan(planned: Planned) -> None:
    def changed() -> Iterator[Lock]:
        for pool, plan in planned.lock.pools.items():
            for zone, nodes in plan.by_zone.items():
                for by in (-1, 1):
                    if nodes + by >= 0:
                        zones = plan.by_zone | {zone: nodes + by}
                        yield planned.with_pool(pool, nodes=plan.nodes + by, by_zone=zones)

    seen = told_apart(planned, changed())
    assert seen[True] > 3
    assert seen[False] > 3


def free_servers(planned: Planned) -> list[str]:
    held = {
        serial
        for plan in planned.lock.pools.values()
        for serial in (*plan.slots.values(), *plan.spares.values())
    }
    return [s.serial for s in planned.fleet.inventories["oslo"].servers if s.serial not in held]


def other_slots(planned: Planned, *, current: bool) -> Iterator[Lock]:
    """Each slot of the hall with another server that is free."""
    for pool in ("oslo/serve", "oslo/train"):
        slots = planned.lock.pools[pool].slots
        for slot in sorted(slots):
            for serial in free_servers(planned):
                yield planned.with_pool(pool, current=current, slots=slots | {slot: serial})


def test_another_server_in_a_slot_is_refused_unless_the_plan_stands_with_it(planned: Planned) -> None:
    seen = told_apart(planned, other_slots(planned, current=True))

    assert seen[False] > 0
    assert seen.total() > 5


def test_another_server_in_a_slot_is_refused_while_the_facts_are_those_of_the_first(planned: Planned) -> None:
    for lock in other_slots(planned, current=False):
        assert planned.refused(lock)


def test_servers_of_one_rack_that_changed_slots_are_still_a_plan(planned: Planned) -> None:
    slots = planned.lock.pools["oslo/serve"].slots
    swapped = slots | {"slot-01": slots["slot-02"], "slot-02": slots["slot-01"]}

    assert not planned.refused(planned.with_pool("oslo/serve", slots=swapped))


@pytest.mark.parametrize("serial", ["S99", ""])
def test_a_server_that_the_inventory_lacks_is_refused(planned: Planned, serial: str) -> None:
    slots = planned.lock.pools["oslo/serve"].slots | {"slot-01": serial}

    assert planned.refused(planned.with_pool("oslo/serve", slots=slots))


def test_one_server_in_two_slots_is_refused(planned: Planned) -> None:
    slots = planned.lock.pools["oslo/serve"].slots

    assert planned.refused(planned.with_pool("oslo/serve", slots=slots | {"slot-01": slots["slot-02"]}))


def test_a_pool_that_is_missing_or_unknown_is_refused(planned: Planned) -> None:
    for pool in planned.lock.pools:
        rest = {name: plan for name, plan in planned.lock.pools.items() if name != pool}
        assert planned.refused(planned.lock.model_copy(update={"pools": rest}))
        more = planned.lock.pools | {f"{pool}-2": planned.lock.pools[pool]}
        assert planned.refused(planned.lock.model_copy(update={"pools": more}))


def leaves(value: Any, *path: str) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from leaves(inner, *path, str(key))  # pyright: ignore[reportUnknownArgumentType]
    else:
        yield path


def changed_leaf(value: Any, path: tuple[str, ...]) -> Any:
    if not path:
        return "forged"
    return value | {path[0]: changed_leaf(value[path[0]], path[1:])}


def test_every_fact_is_compared(planned: Planned) -> None:
    paths = list(leaves(planned.lock.facts))

    assert len(paths) > 30
    for path in paths:
        facts = changed_leaf(planned.lock.facts, path)
        forged = {"facts": facts, "facts_sha256": sha256_of(facts)}
        assert planned.refused(planned.lock.model_copy(update=forged)), path


def test_facts_edited_without_their_hash_are_refused_when_the_lock_is_read(
    planned: Planned, tmp_path: Any
) -> None:
    fleet = dataclasses.replace(planned.fleet, path=tmp_path / "test.yaml")
    facts = changed_leaf(planned.lock.facts, next(leaves(planned.lock.facts)))
    fleet.lock_path.write_text(render_lock(planned.lock.model_copy(update={"facts": facts})))

    with pytest.raises(LockError, match="edited by hand"):
        load_lock(fleet)


@pytest.mark.parametrize("field", ["fleet", "spec_sha256"])
def test_the_lock_of_another_fleet_is_refused(planned: Planned, field: str) -> None:
    assert planned.refused(planned.lock.model_copy(update={field: "other"}))
