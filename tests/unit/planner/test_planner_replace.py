"""A spare takes the slot of a broken server; the lock stays proven, and all other slots stay as they are."""

from collections.abc import Callable
from typing import Any

import pytest

from argosy.errors import LockError
from argosy.planner.models import Lock
from argosy.planner.replace import NotReplaceableError, Replacement, replace_server
from argosy.spec.hall_checks import check_halls
from argosy.spec.inventory import OutOfServiceSpec

TRAIN: dict[str, Any] = {"server_type": "dgx-h200", "role": "training", "nodes": 3, "spares": 1}
Worlds = Callable[[], Any]


def a_hall(world: Worlds, servers: int = 5, **more: object) -> Any:
    return world().hall("north", servers, train=TRAIN | more).train("llm", 2)


def replaced(
    hall: Any, lock: Lock, place: str = "north/train/slot-02", reason: str = "fan tray"
) -> Replacement:
    return replace_server(hall.fleet(), hall.catalog, lock, place, reason)


def out_of_service(hall: Any, *serials: str) -> None:
    entries = {serial: OutOfServiceSpec(reason="fan tray") for serial in serials}
    hall.inventories["north"] = hall.inventories["north"].model_copy(update={"out_of_service": entries})


def apply(hall: Any, found: Replacement) -> None:
    inventory = hall.inventories[found.site]
    entries = {**inventory.out_of_service, found.old: found.entry}
    hall.inventories[found.site] = inventory.model_copy(update={"out_of_service": entries})


def test_the_spare_takes_the_slot_and_a_free_server_becomes_the_spare(world: Worlds) -> None:
    hall = a_hall(world)
    lock = hall.plan()
    before = lock.pools["north/train"]

    found = replaced(hall, lock)

    after = found.lock.pools["north/train"]
    assert before.slots | {"slot-02": before.spares["spare-01"]} == after.slots
    free = {s.serial for s in hall.inventories["north"].servers} - {
        *before.slots.values(),
        *before.spares.values(),
    }
    assert free == set(after.spares.values())
    assert (before.slots["slot-02"], "train/slot-02") == (found.old, found.entry.slot)


def test_the_new_lock_is_proven_once_the_old_server_is_out_of_service(world: Worlds) -> None:
    hall = a_hall(world)
    found = replaced(hall, hall.plan())
    apply(hall, found)

    hall.verify(found.lock)


def test_planning_again_does_not_take_the_old_server_again(world: Worlds) -> None:
    hall = a_hall(world)
    found = replaced(hall, hall.plan())
    apply(hall, found)

    assert found.lock.pools == hall.plan(found.lock).pools


def test_a_spare_that_nobody_can_fill_again_may_be_missing(world: Worlds) -> None:
    hall = a_hall(world, servers=4)
    found = replaced(hall, hall.plan())
    apply(hall, found)

    assert {} == found.lock.pools["north/train"].spares
    hall.verify(found.lock)
    assert [] == list(check_halls(hall.fleet()))


def test_a_spare_that_is_missing_while_a_server_is_free_is_refused(world: Worlds) -> None:
    hall = a_hall(world)
    found = replaced(hall, hall.plan())
    apply(hall, found)
    train = found.lock.pools["north/train"].model_copy(update={"spares": {}})
    lacking = found.lock.model_copy(update={"pools": {"north/train": train}})

    with pytest.raises(LockError, match="1 spare is wanted; missing or too many: spare-01"):
        hall.verify(lacking)


def test_a_lock_that_names_a_server_out_of_service_is_refused(world: Worlds) -> None:
    hall = a_hall(world)
    lock = hall.plan()
    out_of_service(hall, lock.pools["north/train"].slots["slot-02"])

    with pytest.raises(
        LockError, match=r"slot-02 names server NORTH00\d, which is out of service \(fan tray\)"
    ):
        hall.verify(lock)


def test_a_plan_never_takes_a_server_out_of_service(world: Worlds) -> None:
    hall = a_hall(world)
    out_of_service(hall, "NORTH001")

    plan = hall.plan().pools["north/train"]

    assert "NORTH001" not in {*plan.slots.values(), *plan.spares.values()}


def test_the_spare_on_the_same_feeds_and_in_the_same_rack_comes_first(world: Worlds) -> None:
    hall = a_hall(world, servers=6, spares=3)
    lock = hall.plan()
    racks = {server.serial: server.rack for server in hall.inventories["north"].servers}
    spares = lock.pools["north/train"].spares
    slot = next(
        slot
        for slot, serial in lock.pools["north/train"].slots.items()
        if racks[serial] in {racks[spare] for spare in spares.values()}
    )

    found = replaced(hall, lock, f"north/train/{slot}")

    assert racks[found.old] == racks[found.new]


def test_a_pool_without_a_spare_is_refused_and_told_what_would_do(world: Worlds) -> None:
    hall = a_hall(world, spares=0)

    with pytest.raises(NotReplaceableError, match=r"holds no spare dgx-h200 .* give the pool `spares`"):
        replaced(hall, hall.plan())


def test_a_spare_that_is_out_of_service_itself_stands_in_for_nobody(world: Worlds) -> None:
    hall = a_hall(world, servers=4)
    lock = hall.plan()
    first = replaced(hall, lock)
    apply(hall, first)

    with pytest.raises(NotReplaceableError, match="holds no spare"):
        replaced(hall, first.lock, "north/train/slot-01", "no power")


@pytest.mark.parametrize(
    "place", ["north/train/slot-9", "north/trane/slot-02", "slot-02", "north/train/spare-01"]
)
def test_a_slot_that_does_not_exist_is_refused(world: Worlds, place: str) -> None:
    hall = a_hall(world)

    with pytest.raises(NotReplaceableError, match="is no slot of the lock; expected SITE/POOL/SLOT"):
        replaced(hall, hall.plan(), place)


def test_the_same_replacement_a_second_time_is_refused(world: Worlds) -> None:
    hall = a_hall(world, servers=6)
    first = replaced(hall, hall.plan())
    apply(hall, first)

    with pytest.raises(NotReplaceableError, match="was replaced already"):
        replaced(hall, first.lock)
    assert first.new == replaced(hall, first.lock, reason="this one is broken too").old


def test_a_command_that_was_killed_between_its_two_files_is_ended_by_the_next(world: Worlds) -> None:
    hall = a_hall(world)
    lock = hall.plan()
    found = replaced(hall, lock)
    apply(hall, found)

    assert found.lock == replaced(hall, lock).lock


def test_a_lock_that_is_stale_is_not_built_upon(world: Worlds) -> None:
    hall = a_hall(world)
    lock = hall.plan()
    hall.train("another", 1)

    with pytest.raises(LockError):
        replaced(hall, lock)


def test_an_entry_for_a_server_that_the_hall_does_not_have_is_a_fault(world: Worlds) -> None:
    hall = a_hall(world)
    out_of_service(hall, "NORTH00X")

    (fault,) = check_halls(hall.fleet())

    assert "'NORTH00X', which is no server of north" in str(fault)


def test_more_nodes_than_servers_in_service_are_a_fault(world: Worlds) -> None:
    hall = a_hall(world, servers=4)
    out_of_service(hall, "NORTH000", "NORTH001")

    (fault,) = check_halls(hall.fleet())

    assert "at most the 2 of the inventory that are in service" in str(fault)
