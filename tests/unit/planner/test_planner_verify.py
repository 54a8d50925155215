"""The verifier accepts what the planner writes, and finds a lock that does not match its files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import argosy.planner
from argosy.catalog import Catalog
from argosy.errors import LockError, ShortfallError
from argosy.planner.canonical import sha256_of
from argosy.planner.facts import plan_facts, spec_parts
from argosy.planner.models import Lock, PoolPlan

if TYPE_CHECKING:
    from conftest import World

PLANNER = Path(argosy.planner.__path__[0])

TRAIN = {"role": "training", "nodes": 4, "server_type": "dgx-h200", "spares": 1}
SERVE = {"role": "inference", "nodes": 4, "instance_type": "p5en.48xlarge", "zones": ["z1", "z2"]}
OTHER = {"role": "inference", "nodes": 2, "instance_type": "a3-megagpu-8g", "zone": "z1"}


@pytest.fixture
def made(world: Callable[[], World]) -> World:
    """Two halls that train, two clouds that serve; H100 in gcp serves `any` only."""
    built = world().hall("north", 6, train=TRAIN).hall("south", 6, train=TRAIN)
    built.cloud("use1", "aws", serve=SERVE).cloud("euw4", "gcp", serve=OTHER)
    built.serve("any", 2, "H200", "H100").serve("fast", 1, "H200")
    built.train("pretrain", 4, protected=True).train("extra", 2)
    built.max_share = "0.7"
    built.survive("north", inference="0.5", training="0.5", within="15m").survive("south", training="0.5")
    return built.survive("gcp", inference="1")


@pytest.fixture
def lock(made: World) -> Lock:
    return made.plan()


def with_pool(lock: Lock, pool: str, **changes: object) -> Lock:
    changed = lock.pools[pool].model_copy(update=changes)
    return lock.model_copy(update={"pools": lock.pools | {pool: changed}})


def made_current(made: World, lock: Lock) -> Lock:
    """The lock with hashes and facts of the world as it is now, as somebody may forge them."""
    fleet = made.fleet()
    facts = plan_facts(fleet, made.catalog, lock.pools)
    return lock.model_copy(
        update={
            "spec_sha256": fleet.sha256,
            "spec_parts": spec_parts(fleet.spec),
            "facts": facts,
            "facts_sha256": sha256_of(facts),
        }
    )


def lock_error(made: World, lock: Lock) -> list[str]:
    """The reasons for which the lock is refused."""
    with pytest.raises(LockError) as caught:
        made.verify(lock)
    first, *reasons, last = str(caught.value).splitlines()
    assert "stacks/fleets/test.lock.json: cannot be used:" == first
    assert last.startswith("Run: argosy plan ")
    return [reason.strip() for reason in reasons]


def test_what_the_planner_writes_is_proven(made: World, lock: Lock) -> None:
    made.verify(lock)


def test_a_changed_part_of_the_fleet_file_is_named(made: World, lock: Lock) -> None:
    made.training[1]["nodes"] = 1
    made.survive("spot")
    made.train("new", 1)
    made.inference.pop()

    assert [
        "fleet file: demand.inference.fast is gone since it was planned",
        "fleet file: demand.training.extra was changed since it was planned",
        "fleet file: demand.training.new is new since it was planned",
        "fleet file: survive was changed since it was planned",
    ] == [reason for reason in lock_error(made, lock) if reason.startswith("fleet file")]


def test_a_stale_lock_says_what_it_would_leave_unserved(made: World, lock: Lock) -> None:
    made.inference[0]["nodes"] = 4

    assert [
        "fleet file: demand.inference.any was changed since it was planned",
        "nothing lost: inference/any needs 4 nodes, keeps 2 nodes",
        "lose provider gcp: inference/any needs 4 nodes, keeps 2 nodes",
    ] == lock_error(made, lock)


def test_a_change_that_no_part_holds_is_still_found(made: World, lock: Lock) -> None:
    changed = lock.model_copy(update={"spec_sha256": "0" * 64})

    assert ["fleet file: changed since it was planned"] == lock_error(made, changed)


def test_the_lock_of_another_fleet_is_refused(made: World, lock: Lock) -> None:
    other = lock.model_copy(update={"fleet": "prod"})

    assert ["it is the lock of fleet 'prod', not of 'test'"] == lock_error(made, other)


def test_a_changed_catalogue_fact_is_named_with_old_and_new(made: World, lock: Lock) -> None:
    known = made.catalog.server_types
    heavier = known["metal/dgx-h200"].model_copy(update={"node_power_kw": 11})
    made.catalog = Catalog(
        made.catalog.accelerators, made.catalog.instance_types, {**known, "metal/dgx-h200": heavier}
    )

    assert ["fact catalog.node_types.metal/dgx-h200.node_power_kw: planned with 10.2, now 11"] == [
        *lock_error(made, lock)
    ]


def test_facts_that_are_lists_or_whole_entries_are_told_in_words(made: World, lock: Lock) -> None:
    moved(made, "north", "NORTH000", feeds=("a",))
    known = {**lock.facts["catalog"]["node_types"]}
    del known["aws/p5en.48xlarge"]
    catalog = {**lock.facts["catalog"], "node_types": known}
    older = lock.model_copy(update={"facts": {**lock.facts, "catalog": catalog}})

    assert [
        "fact catalog.node_types.aws/p5en.48xlarge: planned with nothing, now accelerator H200, "
        "accelerators 8, node_power_kw 10.2, nvlink_domain 8, vcpus 192",
        "fact servers.north.NORTH000.feeds: planned with a and b, now a",
    ] == lock_error(made, older)


def test_a_changed_image_is_told_old_and_new(made: World, lock: Lock) -> None:
    image = {"url": "https://images.example/node.iso", "sha256": "a" * 64}
    made.sites["north"]["node_pools"]["train"] = TRAIN | {"image": image}
    planned = made.plan()
    image["sha256"] = "b" * 64

    assert [
        "fleet file: sites.north.node_pools.train was changed since it was planned",
        f"fact images.north/train: planned with {'a' * 64}, now {'b' * 64}",
    ] == lock_error(made, planned)


def test_a_price_is_no_fact_of_a_plan(made: World, lock: Lock) -> None:
    known = made.catalog.instance_types
    dearer = known["aws/p5en.48xlarge"].model_copy(update={"price_usd_per_hour": 999})
    made.catalog = Catalog(
        made.catalog.accelerators, {**known, "aws/p5en.48xlarge": dearer}, made.catalog.server_types
    )

    made.verify(lock)


def moved(made: World, hall: str, serial: str, **changes: object) -> None:
    """Change a server in a hall's inventory."""
    inventory = made.inventories[hall]
    servers = tuple(s.model_copy(update=changes) if s.serial == serial else s for s in inventory.servers)
    made.inventories[hall] = inventory.model_copy(update={"servers": servers})


def test_a_server_that_moved_to_another_rack_is_a_changed_fact(made: World, lock: Lock) -> None:
    moved(made, "north", "NORTH000", rack="r9")

    assert ["fact servers.north.NORTH000.rack: planned with r1, now r9"] == lock_error(made, lock)


def test_a_server_that_no_pool_holds_may_change_freely(made: World, lock: Lock) -> None:
    held = {*lock.pools["north/train"].slots.values(), *lock.pools["north/train"].spares.values()}
    free = next(s.serial for s in made.inventories["north"].servers if s.serial not in held)
    moved(made, "north", free, rack="r9", server_type="dgx-h100")

    made.verify(lock)


def test_a_new_address_of_a_bmc_is_no_fact_of_the_plan(made: World, lock: Lock) -> None:
    moved(made, "north", "NORTH000", bmc="https://elsewhere.example")

    made.verify(lock)


def test_a_pool_that_the_lock_lacks_is_named(made: World, lock: Lock) -> None:
    pools = {pool: plan for pool, plan in lock.pools.items() if pool != "use1/serve"}

    assert ["use1/serve: the lock does not hold this pool"] == lock_error(
        made, lock.model_copy(update={"pools": pools})
    )


def test_a_pool_that_the_fleet_file_lacks_is_named(made: World, lock: Lock) -> None:
    pools = lock.pools | {"use1/more": PoolPlan(nodes=1)}

    assert ["use1/more: the fleet file does not know this pool"] == lock_error(
        made, lock.model_copy(update={"pools": pools})
    )


@pytest.mark.parametrize(
    ("pool", "changes", "expected"),
    [
        ("use1/serve", {"nodes": 5, "by_zone": {"z1": 3, "z2": 2}}, "holds 5 nodes; the fleet file wants 4"),
        (
            "use1/serve",
            {"by_zone": {"z1": 4}},
            "spreads over zones ['z1']; the fleet file wants ['z1', 'z2']",
        ),
        ("use1/serve", {"by_zone": {"z1": 2, "z2": 1}}, "its zones add up to 3 nodes, not 4"),
        ("use1/serve", {"by_zone": {"z1": 3, "z2": 1}}, "its zones do not share the nodes evenly"),
        ("use1/serve", {"slots": {"slot-01": "X"}}, "has slots, which only bare metal has (aws runs it)"),
        ("north/train", {"by_zone": {"z1": 4}}, "has zones, which a hall does not have"),
        ("north/train", {"spares": {}}, "1 spare is wanted; missing or too many: spare-01"),
    ],
)
def test_a_pool_that_is_not_as_the_fleet_file_has_it_is_refused(
    made: World, lock: Lock, pool: str, changes: dict[str, Any], expected: str
) -> None:
    assert [f"{pool}: {expected}"] == lock_error(made, with_pool(lock, pool, **changes))


def slots(lock: Lock, **changes: str | None) -> Lock:
    """The lock with slots of north/train rebound; `slot_02=None` unbinds."""
    bound = {**lock.pools["north/train"].slots}
    for name, serial in changes.items():
        bound.pop(name.replace("_", "-"), None)
        if serial is not None:
            bound[name.replace("_", "-")] = serial
    return with_pool(lock, "north/train", slots=bound)


def test_an_unbound_slot_is_refused(made: World, lock: Lock) -> None:
    assert ["north/train: 4 slots are wanted; missing or too many: slot-02"] == lock_error(
        made, slots(lock, slot_02=None)
    )


def test_a_slot_too_many_is_refused(made: World, lock: Lock) -> None:
    assert ["north/train: 4 slots are wanted; missing or too many: slot-05"] == lock_error(
        made, slots(lock, slot_05="NORTH005")
    )


def test_as_many_slots_under_other_names_are_refused(made: World, lock: Lock) -> None:
    bound = lock.pools["north/train"].slots["slot-02"]

    assert ["north/train: 4 slots are wanted; missing or too many: slot-02, slot-100"] == lock_error(
        made, slots(lock, slot_02=None, slot_100=bound)
    )


def test_a_slot_that_names_an_unknown_server_is_refused(made: World, lock: Lock) -> None:
    assert ["north/train: slot-01 names server SOUTH000, which the inventory of north lacks"] == lock_error(
        made, slots(lock, slot_01="SOUTH000")
    )


def test_a_slot_that_names_a_server_of_another_type_is_refused(made: World, lock: Lock) -> None:
    moved(made, "north", "NORTH005", server_type="dgx-h100")

    assert ["north/train: slot-01 names server NORTH005, a dgx-h100, not a dgx-h200"] == lock_error(
        made, slots(lock, slot_01="NORTH005")
    )


def test_a_server_in_two_slots_is_refused(made: World, lock: Lock) -> None:
    twice = lock.pools["north/train"].slots["slot-01"]

    assert [f"north: server {twice} fills 2 slots"] == lock_error(made, slots(lock, slot_02=twice))


def test_a_spare_that_is_also_a_node_is_refused(made: World, lock: Lock) -> None:
    spare = lock.pools["north/train"].spares["spare-01"]

    assert [f"north: server {spare} fills 2 slots"] == lock_error(made, slots(lock, slot_02=spare))


def test_a_scenario_without_a_witness_is_refused(made: World, lock: Lock) -> None:
    scenarios = tuple(plan for plan in lock.scenarios if plan.id != "lose site north")

    assert ["lose site north (within 15m): the lock has no witness for this scenario"] == lock_error(
        made, lock.model_copy(update={"scenarios": scenarios})
    )


def test_a_lock_without_the_nominal_scenario_is_refused(made: World, lock: Lock) -> None:
    assert ["nothing lost: the lock has no witness for this scenario"] == lock_error(
        made, lock.model_copy(update={"scenarios": lock.scenarios[1:]})
    )


def test_a_scenario_that_nobody_asked_for_is_refused(made: World, lock: Lock) -> None:
    extra = lock.scenarios[0].model_copy(update={"id": "lose the moon", "within": "4h"})

    assert ["lose the moon (within 4h): `survive` does not ask for this scenario"] == lock_error(
        made, lock.model_copy(update={"scenarios": (*lock.scenarios, extra)})
    )


def test_a_scenario_that_stands_twice_is_refused(made: World, lock: Lock) -> None:
    assert ["nothing lost: stands 2 times in the lock"] == lock_error(
        made, lock.model_copy(update={"scenarios": (*lock.scenarios, lock.scenarios[0])})
    )


@pytest.mark.parametrize(("share", "allowed"), [("0.5", 56), ("0.57", 63)])
def test_a_provider_above_its_share_is_a_shortfall(made: World, lock: Lock, share: str, allowed: int) -> None:
    # The lock of the same fleet with a looser cap, made to look current.
    made.max_share = share
    with pytest.raises(ShortfallError) as caught:
        made.verify(made_current(made, lock))

    assert str(caught.value).startswith(
        f"max_share.provider: metal holds 64 of 112 accelerators; allowed are {allowed}; "
    )


def test_a_service_that_lost_its_size_is_refused(made: World, lock: Lock) -> None:
    made.inference[0]["nodes"] = None

    assert ["fleet file: demand.inference.any was changed since it was planned"] == lock_error(made, lock)


def test_the_verifier_takes_no_service_without_a_size_for_one_of_nothing(made: World, lock: Lock) -> None:
    made.inference[0]["nodes"] = None
    idle = tuple(
        plan.model_copy(update={"serves": {row: plan.serves[row] for row in plan.serves if "any" not in row}})
        for plan in lock.scenarios
    )
    forged = made_current(made, lock).model_copy(update={"scenarios": idle})

    assert ["inference/any: the fleet file gives it no size, so its floors are unknown"] == lock_error(
        made, forged
    )


def test_a_quota_that_the_pools_exceed_together_is_refused(made: World, lock: Lock) -> None:
    made.sites["use1"]["quotas"] = [{"name": "p", "limit": 575, "unit": "vcpus", "pools": ["serve"]}]

    # Four nodes of 192 vCPUs.
    assert ["quota p of use1: 768 stand against at most 575 (sites.use1.quotas[0].limit)"] == lock_error(
        made, made_current(made, lock)
    )


def test_feeds_that_cannot_carry_what_is_held_are_refused(made: World, lock: Lock) -> None:
    made.sites["north"]["power"]["feeds"][0]["rated_kw"] = 20

    # Half of four nodes of 10.2 kW at a PUE of 1.2 is 24.48 kW.
    (reason,) = lock_error(made, made_current(made, lock))
    assert reason.startswith("power of north/a: ")
    assert reason.endswith("(sites.north.power.feeds[0].rated_kw)")


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [
        ({"multiple_of": 2}, "0 to 8 are allowed, in multiples of 2"),
        ({"quota_nodes": 2}, "0 to 2 are allowed, in multiples of 1"),
        ({"type": "block", "nodes": 2}, "0 to 2 are allowed, in multiples of 1"),
    ],
)
def test_nodes_that_quota_reservation_or_block_do_not_allow_are_refused(
    world: Callable[[], World], capacity: dict[str, Any], expected: str
) -> None:
    pool = {
        "role": "inference",
        "nodes": {"min": 0, "max": 8},
        "instance_type": "p5en.48xlarge",
        "zone": "z1",
    }
    made = world().cloud("use1", serve=pool).serve("any", 3)
    lock = made.plan()
    made.cloud("use1", serve=pool | {"capacity": {"type": "on-demand"} | capacity})

    assert [f"use1/serve@z1: holds 3 nodes; {expected}"] == lock_error(made, made_current(made, lock))


def test_only_pinned_pools_share_their_nodes_evenly_among_their_zones(made: World, lock: Lock) -> None:
    made.cloud("use1", "aws", serve=SERVE | {"nodes": {"min": 0, "max": 4}})
    uneven = with_pool(lock, "use1/serve", by_zone={"z1": 4, "z2": 0})

    made.verify(made_current(made, uneven))


def test_an_open_pool_outside_its_bounds_is_refused(made: World, lock: Lock) -> None:
    made.cloud("use1", "aws", serve=SERVE | {"nodes": {"min": 1, "max": 3}})

    assert ["use1/serve: holds 4 nodes; the fleet file wants 1 to 3"] == lock_error(
        made, made_current(made, lock)
    )


SOLVING = {"exact", "linear", "place", "plan", "relax", "rounding", "search", "solve", "witness"}
"""Modules that find plans."""


def planner_imports(module: str) -> set[str]:
    """Which modules of the planner a module of it imports."""
    parsed = ast.parse((PLANNER / f"{module}.py").read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(parsed) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.removeprefix("argosy.planner.") for name in names if name.startswith("argosy.planner.")}


def reachable(module: str) -> set[str]:
    """Modules of the planner that importing a module of it brings in."""
    found, new = set[str](), {module}
    while new:
        found |= new
        new = {name for known in new for name in planner_imports(known)} - found
    return found


def test_what_judges_witnesses_knows_the_problem_and_nothing_else_of_the_planner() -> None:
    assert {"problem"} == planner_imports("verify_witness")
    assert set() == planner_imports("problem")


def test_verifier_and_planner_share_no_module_that_judges() -> None:
    assert {path.stem for path in PLANNER.glob("*.py")} >= SOLVING
    for path in PLANNER.glob("verify*.py"):
        assert SOLVING.isdisjoint(reachable(path.stem)), path.stem


@pytest.mark.parametrize("module", ["argosy.planner.verify", "argosy.planner.kept", "argosy.cli.check"])
def test_checking_needs_no_solver(module: str) -> None:
    program = (
        "import sys\n"
        # Importing one of these raises ImportError now.
        "sys.modules.update(dict.fromkeys(['highspy', 'numpy', 'scipy']))\n"
        f"import {module}\n"
    )

    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_everything_wrong_is_listed_at_once(made: World, lock: Lock) -> None:
    worse = with_pool(with_pool(lock, "use1/serve", by_zone={}), "north/train", spares={})

    assert 2 == len(lock_error(made, worse))


def test_servers_that_left_the_inventory_are_each_named(made: World, lock: Lock) -> None:
    inventory = made.inventories["north"]
    made.inventories["north"] = inventory.model_copy(update={"servers": inventory.servers[:1]})

    reasons = lock_error(made, lock)
    assert 4 == len(reasons)
    assert all("which the inventory of north lacks" in reason for reason in reasons)
