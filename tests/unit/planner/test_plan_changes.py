"""What `argosy plan` says of the change from one lock to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from argosy.cli.changes import changes
from argosy.planner.models import Lock

if TYPE_CHECKING:
    from conftest import World

ONE = {"url": "https://images.example/node.iso", "sha256": f"659348da96fe{'0' * 52}"}
OTHER = ONE | {"sha256": "0" * 64}


@pytest.fixture
def made(world: Callable[[], World]) -> World:
    """A basement with two servers in use and two free ones."""
    serve = {"role": "inference", "nodes": 2, "server_type": "dgx-h200", "image": ONE}
    return world().hall("basement", 4, serve=serve).serve("chat", 2)


@pytest.fixture
def lock(made: World) -> Lock:
    return made.plan()


def said(made: World, lock: Lock) -> list[str]:
    return list(changes(made.fleet(), made.catalog, lock, made.plan(lock)))


def set_pool(made: World, **values: Any) -> None:
    made.sites["basement"]["node_pools"]["serve"].update(values)


def test_another_image_is_named_with_the_servers_that_it_reinstalls(made: World, lock: Lock) -> None:
    set_pool(made, image=OTHER)

    assert [
        "image of basement/serve: 659348da96fe… → 000000000000…; 2 servers are reinstalled, all at once",
        "fleet file: sites.basement.node_pools.serve was changed since it was planned",
    ] == said(made, lock)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [(3, "2 servers are reinstalled, all at once"), (1, "1 server is reinstalled"), (0, "no server is")],
)
def test_only_servers_that_stay_are_reinstalled(made: World, lock: Lock, nodes: int, expected: str) -> None:
    made.inference.clear()
    set_pool(made, image=OTHER, nodes=nodes)

    (image,) = [line for line in said(made, lock) if line.startswith("image of")]
    assert f"; {expected}" in image


def test_digests_that_begin_alike_are_written_whole(made: World, lock: Lock) -> None:
    other = f"{ONE['sha256'][:-1]}1"
    set_pool(made, image=OTHER | {"sha256": other})

    assert said(made, lock)[0].startswith(f"image of basement/serve: {ONE['sha256']} → {other}; ")


def test_another_address_of_the_same_image_reinstalls_nothing(made: World, lock: Lock) -> None:
    set_pool(made, image=ONE | {"url": "https://elsewhere.example/node.iso"})

    assert ["fleet file: sites.basement.node_pools.serve was changed since it was planned"] == said(
        made, lock
    )


def test_a_new_pool_names_its_servers_and_no_image_that_it_replaces(made: World, lock: Lock) -> None:
    made.sites["basement"]["node_pools"]["more"] = {
        "role": "inference",
        "nodes": 1,
        "server_type": "dgx-h200",
        "image": OTHER,
    }

    assert [
        "+ basement/more: 1 node",
        "    + slot-01: BASEMENT001",
        "fleet file: sites.basement.node_pools.more is new since it was planned",
    ] == said(made, lock)


def test_changed_facts_are_told_old_and_new(made: World, lock: Lock) -> None:
    made.sites["basement"]["power"]["feeds"][0]["rated_kw"] = 900

    assert [
        "fleet file: sites.basement was changed since it was planned",
        "fact power.basement.rated_kw.a: planned with 1000, now 900",
    ] == said(made, lock)


def test_a_first_lock_has_no_past_to_be_held_against(made: World, lock: Lock) -> None:
    assert ["+ basement/serve: 2 nodes", "    + slot-01: BASEMENT000", "    + slot-02: BASEMENT002"] == list(
        changes(made.fleet(), made.catalog, None, lock)
    )
