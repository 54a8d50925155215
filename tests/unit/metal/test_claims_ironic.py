"""Grants in Ironic and a journal beside it: the contract, and what the two can do to each other."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import (
    ClaimsError,
    ClaimStore,
    ClaimsUnavailableError,
    ForeignClaimError,
    Phase,
    RunIdentity,
    SqliteClaimStore,
    StaleRunError,
)
from argosy_metal.claims.ironic import IronicApi as Client
from argosy_metal.claims.ironic import IronicClaimStore

from ...claims_contract import THEIRS, WANTED, ClaimsContract, ClaimsWorld
from ...ironic_api import PASSWORD, USERNAME, IronicApi
from .test_claims_sqlite import SqliteWorld

NODES = ("hall.SN1", "hall.SN2", "hall.sn2", "hall.SN3", "hall.SN0", "oslo.SN1", "oslo.SN3", "SN9")
NAME = "argosy-hall.SN1"


@pytest.fixture
def ironic() -> Generator[IronicApi]:
    server = IronicApi(*NODES)
    yield server
    server.stop()


def client(ironic: IronicApi, slept: list[float] | None = None) -> Client:
    waits: list[float] = [] if slept is None else slept
    return Client(ironic.url, lambda: (USERNAME, PASSWORD), None, waits.append)


class IronicWorld(SqliteWorld):
    """An Ironic, with a claims file as the journal."""

    def __init__(self, path: Path, ironic: IronicApi) -> None:
        super().__init__(path)
        self.ironic = ironic
        self.opened: list[IronicClaimStore] = []
        self.prelude += (
            "\nfrom argosy_metal.claims.ironic import IronicApi, IronicClaimStore\n"
            "journal = store\n"
            f"def account(): return {USERNAME!r}, {PASSWORD!r}\n"
            "def store(run):\n"
            f"    return IronicClaimStore(IronicApi({ironic.url!r}, account), journal(run))"
        )

    def open(self, run: RunIdentity) -> Any:
        self.opened.append(IronicClaimStore(client(self.ironic), super().open(run)))
        return self.opened[-1]

    def close(self) -> None:
        for store in self.opened:
            store.close()
        super().close()


class TestClaimsInIronic(ClaimsContract):
    @pytest.fixture
    def world(self, tmp_path: Path, ironic: IronicApi) -> ClaimsWorld:
        return IronicWorld(tmp_path / "claims" / "claims.sqlite", ironic)


@pytest.fixture
def journal(tmp_path: Path) -> SqliteClaimStore:
    return SqliteClaimStore(tmp_path / "journal.sqlite", RunIdentity("run"))


@pytest.fixture
def store(ironic: IronicApi, journal: SqliteClaimStore) -> Generator[IronicClaimStore]:
    made = IronicClaimStore(client(ironic), journal)
    yield made
    made.close()


def test_a_grant_is_an_allocation_of_that_very_node_that_says_whose_it_is(
    ironic: IronicApi, store: IronicClaimStore
) -> None:
    store.claim(WANTED)

    allocation = ironic.allocation(NAME)
    assert allocation is not None
    assert ironic.nodes["hall.SN1"]["uuid"] == allocation["node_uuid"]
    assert [allocation["node_uuid"]] == allocation["candidate_nodes"]
    said = allocation["extra"]["argosy"]
    assert ("lab/prod", store.identity(), "train/slot-01") == (said["owner"], said["store"], said["slot"])


def test_a_node_may_be_named_by_its_serial_number_alone(ironic: IronicApi, store: IronicClaimStore) -> None:
    store.claim(replace(WANTED, site="annex", serial="SN9"))

    assert ironic.nodes["SN9"]["instance_uuid"] is not None


@pytest.mark.parametrize(("serial", "extra"), [("SN7", ()), ("SN1", ("SN1",))])
def test_a_server_with_no_node_or_with_two_is_not_granted(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore, serial: str, extra: tuple[str, ...]
) -> None:
    for name in extra:
        ironic.nodes[name] = ironic.nodes["hall.SN1"]

    with pytest.raises(ClaimsError, match="let exactly one of them be the server"):
        store.claim(replace(WANTED, serial=serial))

    assert () == journal.read_all()
    assert {} == ironic.allocations


def test_of_two_journals_for_one_hall_ironic_grants_a_server_to_one(
    ironic: IronicApi, store: IronicClaimStore, tmp_path: Path
) -> None:
    store.claim(WANTED)
    second = SqliteClaimStore(tmp_path / "second.sqlite", RunIdentity("other"))
    other = IronicClaimStore(client(ironic), second)

    for wanted in (THEIRS, WANTED):
        with pytest.raises(ForeignClaimError, match=r"owned by stack lab/prod \(slot train/slot-01"):
            other.claim(wanted)

    assert () == second.read_all()
    assert 1 == len(ironic.allocations)
    other.close()


def test_of_two_journals_that_call_one_hall_differently_ironic_grants_a_server_to_one(
    ironic: IronicApi, store: IronicClaimStore, tmp_path: Path
) -> None:
    store.claim(replace(WANTED, serial="SN9"))
    second = SqliteClaimStore(tmp_path / "second.sqlite", RunIdentity("other"))
    other = IronicClaimStore(client(ironic), second)

    with pytest.raises(ClaimsError, match="node SN9 is not granted to lab/dev"):
        other.claim(replace(THEIRS, site="oslo", serial="SN9"))

    assert () == other.read_all()
    other.close()


def test_a_node_that_others_have_taken_is_not_granted_and_leaves_nothing_behind(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore
) -> None:
    ironic.nodes["hall.SN1"] |= {"instance_uuid": "nova-17", "provision_state": "active"}

    with pytest.raises(ClaimsError, match=r"none of the .*instance nova-17 is on it.*it is active"):
        store.claim(WANTED)

    assert () == journal.read_all()
    assert {} == ironic.allocations
    assert "nova-17" == ironic.nodes["hall.SN1"]["instance_uuid"]


def test_a_node_without_a_resource_class_is_told_how_to_get_one(
    ironic: IronicApi, store: IronicClaimStore
) -> None:
    ironic.nodes["hall.SN1"]["resource_class"] = None

    with pytest.raises(ClaimsError, match=r"baremetal node set hall\.SN1 --resource-class"):
        store.claim(WANTED)


def test_a_run_killed_between_journal_and_allocation_is_taken_up_by_the_next(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore
) -> None:
    left = journal.claim(WANTED)

    assert left.generation == store.claim(WANTED).generation
    assert ironic.allocation(NAME) is not None


def test_an_allocation_that_came_to_nothing_is_made_anew(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore
) -> None:
    ironic.nodes["hall.SN1"]["provision_state"] = "manageable"
    delete = ironic._delete  # pyright: ignore[reportPrivateUsage]
    ironic._delete = lambda allocation_id: (500, {})  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ClaimsUnavailableError):
        store.claim(WANTED)
    ironic._delete = delete  # pyright: ignore[reportPrivateUsage]
    ironic.nodes["hall.SN1"]["provision_state"] = "available"

    store.claim(WANTED)

    assert 1 == len(ironic.allocations)
    assert 1 == len(journal.read_all())


def test_a_grant_whose_answer_was_lost_is_found_by_the_next_run(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore
) -> None:
    ironic.lost_answers = 1
    with pytest.raises(ClaimsUnavailableError, match="run again"):
        store.claim(WANTED)
    assert 1 == len(journal.read_all()), "Ironic may have granted it"

    store.claim(WANTED)

    assert 1 == len(ironic.allocations)


def test_an_ironic_that_does_not_answer_grants_and_releases_nothing(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore
) -> None:
    claim = store.claim(WANTED)
    ironic.stop()
    try:
        for use in (lambda: store.claim(replace(WANTED, serial="SN2")), lambda: store.release(claim)):
            with pytest.raises(ClaimsUnavailableError, match="no answer"):
                use()
        with pytest.raises(ClaimsUnavailableError):
            store.change(claim, phase=Phase.PREPARING)
        assert claim == journal.find("hall", "SN1")
    finally:
        ironic.start()


def test_no_attempt_begins_on_a_server_that_ironic_has_given_away(
    ironic: IronicApi, store: IronicClaimStore
) -> None:
    claim = store.claim(WANTED)
    allocation = ironic.allocation(NAME)
    assert allocation is not None
    allocation["extra"] = {"argosy": {"owner": "lab/dev", "store": "another"}}

    with pytest.raises(ClaimsError, match="is not allocated to lab/prod any more"):
        store.change(claim, phase=Phase.PREPARING)

    assert Phase.LEAVING is store.change(claim, phase=Phase.LEAVING).phase


def test_releasing_leaves_an_allocation_that_is_not_ours(ironic: IronicApi, store: IronicClaimStore) -> None:
    claim = store.claim(WANTED)
    allocation = ironic.allocation(NAME)
    assert allocation is not None
    allocation["extra"] = {}

    store.release(claim)

    assert ironic.allocation(NAME) is not None
    assert store.find("hall", "SN1") is None


def test_a_stale_run_releases_nothing_in_ironic(
    ironic: IronicApi, store: IronicClaimStore, tmp_path: Path
) -> None:
    claim = store.claim(WANTED)
    newer = SqliteClaimStore(tmp_path / "journal.sqlite", RunIdentity("newer"))
    newer.claim(WANTED)

    with pytest.raises(StaleRunError):
        store.release(claim)

    assert ironic.allocation(NAME) is not None
    newer.close()


def test_a_locked_node_is_waited_for(ironic: IronicApi, journal: SqliteClaimStore) -> None:
    slept: list[float] = []
    store = IronicClaimStore(client(ironic, slept), journal)
    claim = store.claim(WANTED)
    ironic.locked = 3
    slept.clear()

    store.release(claim)

    assert [0.2] * 3 == slept
    assert {} == ironic.allocations
    store.close()


@pytest.mark.parametrize("state", ["active", "locked for ever"])
def test_a_node_that_ironic_does_not_let_go_keeps_its_claim(
    ironic: IronicApi, store: IronicClaimStore, journal: SqliteClaimStore, state: str
) -> None:
    claim = store.claim(WANTED)
    ironic.nodes["hall.SN1"]["provision_state"] = state
    ironic.locked = 1000 if state != "active" else 0

    with pytest.raises(ClaimsError, match="cannot be deleted"):
        store.release(claim)

    assert claim == journal.find("hall", "SN1")


def test_an_allocation_that_is_never_decided_ends_in_an_error(
    ironic: IronicApi, store: IronicClaimStore
) -> None:
    ironic.undecided = 10_000

    with pytest.raises(ClaimsUnavailableError, match="is undecided after 30 s"):
        store.claim(WANTED)


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (404, "<html>no such page</html>", "check the address"),
        (200, "<html>a proxy's page</html>", "no JSON"),
        (200, [], "HTTP 200"),
        (403, {"error_message": '{"faultstring": "not you"}'}, "not you; check the account"),
        (502, "", "HTTP 502"),
    ],
)
def test_an_answer_that_is_not_ironic_s_is_never_taken_for_a_missing_allocation(
    ironic: IronicApi, store: IronicClaimStore, status: int, answer: Any, told: str
) -> None:
    claim = store.claim(WANTED)
    ironic.answers.append((status, answer))

    with pytest.raises(ClaimsUnavailableError, match=told) as refusal:
        store.release(claim)

    assert PASSWORD not in str(refusal.value)


def test_a_wrong_account_is_told_without_it(ironic: IronicApi, journal: SqliteClaimStore) -> None:
    store = IronicClaimStore(Client(ironic.url, lambda: ("argosy", "wr0ng")), journal)

    with pytest.raises(ClaimsUnavailableError, match="check the account") as refusal:
        store.claim(WANTED)

    assert "wr0ng" not in str(refusal.value)
    store.close()


def test_the_store_is_called_by_both_its_places(store: ClaimStore, ironic: IronicApi) -> None:
    assert store.place.startswith(f"ironic {ironic.url} with /")


USES: list[Callable[[ClaimStore], object]] = [
    lambda store: store.fence("lab/prod"),
    lambda store: store.lease_of("lab/prod"),
]


def test_fences_and_leases_are_the_journal_s(store: IronicClaimStore) -> None:
    store.claim(WANTED)

    assert [True, None] == [use(store) for use in USES]
    with pytest.raises(StaleRunError):
        store.assert_may_write("lab/prod")
