"""Whatever the order in which runs get their turns, no server has two owners and no overtaken run writes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy_metal.claims import (
    ClaimStore,
    ClaimsUnavailableError,
    ForeignClaimError,
    LostClaimError,
    RunIdentity,
    SqliteClaimStore,
    StaleRunError,
)
from argosy_metal.claims.document_store import DocumentStore
from argosy_metal.claims.documents import Body, Key
from argosy_metal.claims.server_document import server_key

from ...claims_contract import WANTED
from ...claims_documents import MemoryDocuments, Turns
from ...claims_model import ClaimsMachine

orders = st.lists(st.integers(0, 5), max_size=80)
SERVER = server_key("hall", "SN1")


def store_in(documents: MemoryDocuments, run: str) -> DocumentStore:
    return DocumentStore(documents, RunIdentity(run))


@given(orders)
def test_of_claimants_in_any_order_exactly_one_gets_the_server(order: list[int]) -> None:
    documents = MemoryDocuments(Turns(order))
    stores = {f"task {number}": store_in(documents, f"run-{number}") for number in range(3)}
    answers: list[str] = []

    def claimant(name: str) -> None:
        try:
            stores[name].claim(replace(WANTED, owner=f"lab/{name}"))
            answers.append("granted")
        except ForeignClaimError:
            answers.append("refused")

    failures = documents.turns.run({name: lambda name=name: claimant(name) for name in stores})

    assert [] == failures
    assert ["granted", "refused", "refused"] == sorted(answers)
    for store in stores.values():
        store.close()


@given(orders)
def test_of_claimants_of_one_server_under_several_names_in_any_order_exactly_one_gets_it(
    order: list[int],
) -> None:
    documents = MemoryDocuments(Turns(order))
    stores = {f"task {site}": store_in(documents, site) for site in ("hall", "oslo", "annex")}
    granted: list[str] = []

    def claimant(name: str) -> None:
        site = name.removeprefix("task ")
        with suppress(ForeignClaimError):
            granted.append(stores[name].claim(replace(WANTED, site=site, owner=f"lab/{site}")).site)

    failures = documents.turns.run({name: lambda name=name: claimant(name) for name in stores})

    assert [] == failures
    assert 1 == len(granted)
    assert granted == [claim.site for claim in store_in(documents, "looks").read_all()]
    for store in stores.values():
        store.close()


class Interrupted(MemoryDocuments):
    """Where something else happens right before one write."""

    def __init__(self, key: Key, happens: Callable[[], object]) -> None:
        super().__init__()
        self._key = key
        self._happens: Callable[[], object] | None = happens

    def create(self, key: Key, body: Body) -> None:
        self._interrupt(key)
        super().create(key, body)

    def replace(self, key: Key, body: Body, tag: str) -> None:
        self._interrupt(key)
        super().replace(key, body, tag)

    def _interrupt(self, key: Key) -> None:
        happens = self._happens
        if key == self._key and happens is not None:
            self._happens = None
            happens()


def test_a_claimant_that_sleeps_past_its_lease_gets_no_server_that_another_has_taken_meanwhile() -> None:
    def oversleep() -> None:
        documents.clock += 61
        other.claim(elsewhere)

    documents = Interrupted(SERVER, oversleep)
    asleep, other = store_in(documents, "asleep"), store_in(documents, "other")
    elsewhere = replace(WANTED, site="oslo", owner="lab/dev")

    with pytest.raises(ForeignClaimError, match="hall/SN1 is oslo/SN1 by"):
        asleep.claim(WANTED)

    assert ["oslo"] == [claim.site for claim in other.read_all()]
    for store in (asleep, other):
        store.close()


def test_a_server_that_is_claimed_anew_is_not_taken_by_one_who_saw_it_released() -> None:
    hardware = Key("hardware", str(WANTED.hardware))
    documents = MemoryDocuments()
    owner = store_in(documents, "owner")
    owner.release(owner.claim(WANTED))
    interrupted = Interrupted(hardware, lambda: owner.claim(WANTED))
    interrupted.share(documents)
    late = store_in(interrupted, "late")

    with pytest.raises(ForeignClaimError, match="oslo/SN1 is hall/SN1 by"):
        late.claim(replace(WANTED, site="oslo", owner="lab/dev"))

    assert ["hall"] == [claim.site for claim in owner.read_all()]
    for store in (owner, late):
        store.close()


class KilledError(Exception):
    """The claimant's end."""


class KilledBeforeItsClaim(MemoryDocuments):
    """Whose user is killed when it has put its name to the hardware, and not yet claimed the server."""

    def create(self, key: Key, body: Body) -> None:
        if key == SERVER and body["claim"] is not None:
            raise KilledError
        super().create(key, body)


@pytest.mark.parametrize("is_over", ["the lease has run out", "a newer run has taken over", "it was fenced"])
def test_what_a_killed_claimant_has_left_keeps_a_server_from_others_while_its_run_may_be_at_work(
    is_over: str,
) -> None:
    documents = KilledBeforeItsClaim()
    killed, other = store_in(documents, "killed"), store_in(documents, "other")
    elsewhere = replace(WANTED, site="oslo", owner="lab/dev")
    with pytest.raises(KilledError):
        killed.claim(WANTED)

    with pytest.raises(ForeignClaimError, match=r"oslo/SN1 is hall/SN1 by .* stack lab/prod"):
        other.claim(elsewhere)
    if is_over == "the lease has run out":
        documents.clock += 61
    elif is_over == "it was fenced":
        other.fence("lab/prod")
    else:
        store_in(documents, "next").claim(replace(WANTED, serial="SN2"))

    assert 1 == other.claim(elsewhere).generation
    for store in (killed, other):
        store.close()


@pytest.mark.parametrize("damage", [{}, {"site": 1}, {"generation": "1"}])
def test_a_damaged_name_on_hardware_is_told_with_the_server_and_what_to_do(damage: dict[str, Any]) -> None:
    documents = MemoryDocuments()
    store = store_in(documents, "run")
    key = Key("hardware", str(WANTED.hardware))
    store.release(store.claim(WANTED))
    stored = documents.read(key)
    assert stored is not None
    documents.replace(key, {**stored.body, **damage} if damage else {"site": "hall"}, stored.tag)

    with pytest.raises(ClaimsUnavailableError, match=r"hardware of server oslo/SN1 is damaged; restore it"):
        store.claim(replace(WANTED, site="oslo"))
    store.close()


@given(orders)
def test_changes_of_one_run_s_processes_in_any_order_are_all_kept(order: list[int]) -> None:
    documents = MemoryDocuments(Turns(order))
    first = store_in(documents, "run")
    first.claim(WANTED)
    first.close()
    stores = {f"task {number}": store_in(documents, "run") for number in range(3)}

    def count_up(store: ClaimStore) -> None:
        while True:
            claim = store.find("hall", "SN1")
            assert claim is not None
            try:
                store.change(claim, attempts=claim.attempts + 1)
                return
            except LostClaimError:
                continue

    failures = documents.turns.run({name: lambda s=store: count_up(s) for name, store in stores.items()})

    assert [] == failures
    (claim,) = store_in(documents, "looks").read_all()
    assert 3 == claim.attempts
    for store in stores.values():
        store.close()


@given(orders)
def test_once_a_newer_run_has_written_a_server_the_older_one_writes_it_no_more(order: list[int]) -> None:
    documents = MemoryDocuments(Turns(order))
    old, new = store_in(documents, "old"), store_in(documents, "new")
    seen = old.claim(WANTED)

    def older() -> None:
        claim = seen
        with suppress(StaleRunError, LostClaimError):
            for number in range(5):
                claim = old.change(claim, attempts=number)

    def newer() -> None:
        new.change(new.claim(WANTED), attempts=99)

    failures = documents.turns.run({"task old": older, "task new": newer})

    assert [] == failures
    writers = [writer for key, writer in documents.writes if key == SERVER and writer != "MainThread"]
    assert writers == sorted(writers, reverse=True), "first the old run's, then the new one's, never back"
    old.close()
    new.close()


@given(orders)
def test_once_a_stack_is_fenced_not_even_a_write_that_was_under_way_comes_through(order: list[int]) -> None:
    documents = MemoryDocuments(Turns(order))
    old, recover = store_in(documents, "old"), store_in(documents, "recover")
    seen = old.claim(WANTED)
    fenced: list[int] = []

    def older() -> None:
        claim = seen
        with suppress(StaleRunError):
            for number in range(5):
                claim = old.change(claim, attempts=number)

    def fencing() -> None:
        recover.fence("lab/prod")
        fenced.append(len(documents.writes))

    failures = documents.turns.run({"task old": older, "task recover": fencing})

    assert [] == failures
    assert [] == documents.writes[fenced[0] :]
    old.close()


class DocumentMachine(ClaimsMachine):
    def __init__(self) -> None:
        self.documents = MemoryDocuments()
        super().__init__()

    def open(self, run: RunIdentity) -> ClaimStore:
        return DocumentStore(self.documents, run)


class FileMachine(ClaimsMachine):
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        super().__init__()

    def open(self, run: RunIdentity) -> ClaimStore:
        return SqliteClaimStore(self.folder / "claims.sqlite", run)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


TestDocumentsKeepToTheModel = DocumentMachine.TestCase
TestDocumentsKeepToTheModel.settings = settings(max_examples=60, deadline=None)
TestTheFileKeepsToTheModel = FileMachine.TestCase
TestTheFileKeepsToTheModel.settings = settings(max_examples=15, deadline=None)
