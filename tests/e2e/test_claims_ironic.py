"""Grants in a real Ironic, with a claims file as the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import (
    ClaimsError,
    ClaimsUnavailableError,
    ForeignClaimError,
    Phase,
    RunIdentity,
    SqliteClaimStore,
)
from argosy_metal.claims.ironic import IronicApi, IronicClaimStore

from ..claims_contract import THEIRS, WANTED
from .ironic_server import PASSWORD, USERNAME, IronicOptions, IronicServer, ironic_server

SERIALS = ("SN1", "SN2", "SN3", "SN4")


@pytest.fixture(scope="module")
def ironic(tmp_path_factory: pytest.TempPathFactory) -> Generator[IronicServer]:
    with ironic_server(tmp_path_factory.mktemp("ironic"), IronicOptions(http_basic=True, tls=True)) as server:
        for serial in SERIALS:
            name = f"hall.{serial}"
            server.request(
                "POST", "/v1/nodes", {"driver": "fake-hardware", "name": name, "resource_class": "gpu"}
            )
            for target, state in (("manage", "manageable"), ("provide", "available")):
                server.request("PUT", f"/v1/nodes/{name}/states/provision", {"target": target})
                wait_for(server, name, state)
            # Ironic allocates no node whose power state it has not seen yet.
            server.request("PUT", f"/v1/nodes/{name}/states/power", {"target": "power off"})
            while node_of(server, name)["power_state"] is None:
                time.sleep(0.05)
        yield server


@pytest.fixture(autouse=True)
def free(ironic: IronicServer) -> Generator[None]:
    yield
    for allocation in ironic.request("GET", "/v1/allocations")["allocations"]:
        ironic.request("DELETE", f"/v1/allocations/{allocation['uuid']}")


def wait_for(server: IronicServer, name: str, state: str) -> None:
    """Until the node is in that state and no longer locked; fails the test's time limit otherwise."""
    while True:
        node = node_of(server, name)
        if node["provision_state"] == state and node["reservation"] is None:
            return
        time.sleep(0.05)


def node_of(server: IronicServer, name: str) -> dict[str, Any]:
    return server.request("GET", f"/v1/nodes/{name}")


StoreOf = Callable[..., IronicClaimStore]


@pytest.fixture
def store_of(ironic: IronicServer, tmp_path: Path) -> Generator[StoreOf]:
    opened: list[IronicClaimStore] = []

    def store(journal: str = "journal", password: str = PASSWORD) -> IronicClaimStore:
        api = IronicApi(ironic.url, lambda: (USERNAME, password), ironic.ca_file)
        file = SqliteClaimStore(tmp_path / f"{journal}.sqlite", RunIdentity(f"run of {journal}"))
        opened.append(IronicClaimStore(api, file))
        return opened[-1]

    yield store
    for each in opened:
        each.close()


def test_a_granted_server_is_allocated_and_a_released_one_is_free_for_others(
    ironic: IronicServer, store_of: StoreOf
) -> None:
    store = store_of()
    claim = store.claim(WANTED)
    allocation = ironic.request("GET", "/v1/allocations/argosy-hall.SN1")
    assert (allocation["uuid"], "active") == (
        node_of(ironic, "hall.SN1")["instance_uuid"],
        allocation["state"],
    )
    assert claim.generation == store.claim(WANTED).generation

    (held,) = store.read_all()
    store.release(held)

    assert node_of(ironic, "hall.SN1")["instance_uuid"] is None
    assert 1 == store_of("another").claim(THEIRS).generation


def test_of_eight_journals_that_race_for_four_servers_each_server_goes_to_one(
    ironic: IronicServer, store_of: StoreOf
) -> None:
    granted: list[tuple[str, str]] = []
    refused: list[str] = []
    failures: list[Exception] = []
    stores = {f"lab/{number}": store_of(f"journal-{number}") for number in range(8)}
    begin = threading.Barrier(len(stores))

    def race(owner: str) -> None:
        begin.wait()
        for serial in SERIALS:
            try:
                stores[owner].claim(replace(WANTED, serial=serial, owner=owner))
                granted.append((serial, owner))
            except ForeignClaimError:
                refused.append(owner)
            except ClaimsError as error:
                failures.append(error)

    threads = [threading.Thread(target=race, args=(owner,)) for owner in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert list(SERIALS) == sorted(serial for serial, _ in granted)
    assert 28 == len(refused)
    allocations = ironic.request("GET", "/v1/allocations")["allocations"]
    said = {(item["name"][-3:], item["extra"]["argosy"]["owner"]) for item in allocations}
    assert set(granted) == said


def test_a_node_with_somebody_elses_instance_is_not_granted(ironic: IronicServer, store_of: StoreOf) -> None:
    instance = "11111111-2222-3333-4444-555555555555"
    patch = [{"op": "add", "path": "/instance_uuid", "value": instance}]
    ironic.request("PATCH", "/v1/nodes/hall.SN2", patch)
    try:
        with pytest.raises(ClaimsError, match=f"none of the requested nodes.*instance {instance} is on it"):
            store_of().claim(replace(WANTED, serial="SN2"))
        assert () == store_of().read_all()
        assert [] == ironic.request("GET", "/v1/allocations")["allocations"]
    finally:
        ironic.request("PATCH", "/v1/nodes/hall.SN2", [{"op": "remove", "path": "/instance_uuid"}])


def test_a_node_that_carries_an_instance_is_not_released(ironic: IronicServer, store_of: StoreOf) -> None:
    store = store_of()
    claim = store.claim(replace(WANTED, serial="SN3"))
    ironic.request("PUT", "/v1/nodes/hall.SN3/states/provision", {"target": "active"})
    wait_for(ironic, "hall.SN3", "active")
    try:
        with pytest.raises(ClaimsError, match="cannot be deleted"):
            store.release(claim)
        assert claim == store.find("hall", "SN3")
    finally:
        ironic.request("PUT", "/v1/nodes/hall.SN3/states/provision", {"target": "deleted"})
        wait_for(ironic, "hall.SN3", "available")


def test_no_attempt_begins_once_the_allocation_is_gone(ironic: IronicServer, store_of: StoreOf) -> None:
    store = store_of()
    claim = store.claim(WANTED)
    claim = store.change(claim, phase=Phase.PREPARING)
    ironic.request("DELETE", "/v1/allocations/argosy-hall.SN1")

    with pytest.raises(ClaimsError, match="is not allocated to lab/prod any more"):
        store.change(claim, phase=Phase.PREPARING)


def test_a_grant_outlives_an_ironic_that_is_killed(ironic: IronicServer, store_of: StoreOf) -> None:
    store = store_of()
    claim = store.claim(WANTED)
    ironic.kill()
    try:
        with pytest.raises(ClaimsUnavailableError, match="no answer"):
            store.claim(replace(WANTED, serial="SN2"))
    finally:
        ironic.start()

    assert claim.generation == store.claim(WANTED).generation
    with pytest.raises(ForeignClaimError, match="owned by stack lab/prod"):
        store_of("another").claim(THEIRS)


def test_a_wrong_password_and_an_unknown_server_are_told(store_of: StoreOf) -> None:
    with pytest.raises(ClaimsUnavailableError, match="check the account") as refusal:
        store_of(password="wr0ng").claim(WANTED)
    assert "wr0ng" not in str(refusal.value)

    with pytest.raises(ClaimsError, match=r"no node hall\.SN9 or SN9"):
        store_of("fresh").claim(replace(WANTED, serial="SN9"))
