"""Whatever the order in which runs get their turns, no server has two owners and no overtaken run writes."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from argosy_metal.claims import (
    ClaimStore,
    ForeignClaimError,
    LostClaimError,
    RunIdentity,
    SqliteClaimStore,
    StaleRunError,
)
from argosy_metal.claims.document_store import DocumentStore
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
