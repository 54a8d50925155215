"""The claims store grants each server once, refuses stale runs, and survives being killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from argosy_metal.claims import (
    Claim,
    ClaimStore,
    ClaimsUnavailableError,
    ForeignClaimError,
    LostClaimError,
    Phase,
    RunIdentity,
    StaleRunError,
    read_claims,
)
from argosy_metal.claims.run import start_ticks

WANTED = Claim(
    site="hall",
    serial="SN1",
    slot="train/slot-01",
    owner="lab/prod",
    holder="urn:pulumi:prod::lab::baremetal:index:ServerClaim::a",
    generation=0,
    record={"bmc": "https://bmc-1.hall.test", "feeds": ["a", "b"]},
)
THEIRS = replace(WANTED, owner="lab/dev", holder="urn:pulumi:dev::lab::baremetal:index:ServerClaim::a")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "claims" / "claims.sqlite"


def store_of(path: Path, run: str = "run-1") -> ClaimStore:
    return ClaimStore(path, RunIdentity(run))


def test_a_free_server_is_granted_and_found_again(path: Path) -> None:
    granted = store_of(path).claim(WANTED)

    assert replace(WANTED, generation=1) == granted
    assert granted == store_of(path).find("hall", "SN1")
    assert (granted,) == read_claims(path)


def test_the_same_resource_of_the_same_stack_adopts_its_claim_and_its_progress(path: Path) -> None:
    store = store_of(path)
    first = store.change(store.claim(WANTED), phase=Phase.INSTALLING, install_id="i-1")

    adopted = store_of(path, "run-2").claim(WANTED)

    assert (Phase.INSTALLING, "i-1", first.generation) == (
        adopted.phase,
        adopted.install_id,
        adopted.generation,
    )


def test_another_stack_is_refused_and_told_who_owns_the_server(path: Path) -> None:
    store_of(path).claim(WANTED)

    with pytest.raises(ForeignClaimError, match="owned by stack lab/prod") as refusal:
        store_of(path).claim(THEIRS)

    assert "lab/dev" in str(refusal.value)


def test_another_resource_of_the_same_stack_is_refused_too(path: Path) -> None:
    store = store_of(path)
    store.claim(WANTED)

    with pytest.raises(ForeignClaimError):
        store.claim(replace(WANTED, slot="train/slot-02", holder="urn:…::b"))


def test_a_change_of_a_row_that_changed_in_between_is_refused(path: Path) -> None:
    store = store_of(path)
    seen = store.claim(WANTED)
    store.change(seen, phase=Phase.PREPARING)

    with pytest.raises(LostClaimError):
        store.change(seen, phase=Phase.RUNNING)

    found = store.find("hall", "SN1")
    assert found is not None
    assert Phase.PREPARING == found.phase


def test_a_released_server_is_free_and_its_next_claim_has_the_next_generation(path: Path) -> None:
    store = store_of(path)
    store.release(store.claim(WANTED))

    assert store.find("hall", "SN1") is None
    assert 2 == store.claim(THEIRS).generation


def test_releasing_a_claim_that_is_gone_leaves_the_new_owners_claim(path: Path) -> None:
    store = store_of(path)
    gone = store.claim(WANTED)
    store.release(gone)
    store.claim(THEIRS)

    store.release(gone)

    assert ["lab/dev"] == [claim.owner for claim in read_claims(path)]


def test_providers_of_one_run_write_side_by_side(path: Path) -> None:
    one, other = store_of(path), store_of(path)
    seen = one.claim(WANTED)
    other.claim(replace(WANTED, serial="SN2"))

    one.change(seen, phase=Phase.PREPARING)


def test_an_older_run_is_refused_as_soon_as_a_newer_one_has_written(path: Path) -> None:
    old, new = store_of(path, "old"), store_of(path, "new")
    seen = old.claim(WANTED)
    new.claim(WANTED)

    for write in (lambda: old.change(seen, phase=Phase.RUNNING), lambda: old.assert_may_write("lab/prod")):
        with pytest.raises(StaleRunError, match="newer run"):
            write()


def test_another_stacks_run_does_not_fence_ours(path: Path) -> None:
    ours = store_of(path, "ours")
    seen = ours.claim(WANTED)
    store_of(path, "theirs").claim(replace(THEIRS, serial="SN2"))

    ours.change(seen, phase=Phase.PREPARING)


def test_fencing_refuses_every_run_so_far_and_admits_the_next(path: Path) -> None:
    old = store_of(path, "old")
    seen = old.claim(WANTED)

    store_of(path, "recover").fence("lab/prod")

    with pytest.raises(StaleRunError):
        old.change(seen, phase=Phase.RUNNING)
    store_of(path, "next").claim(WANTED)


def test_a_process_whose_cli_is_gone_writes_nothing_not_even_first(path: Path) -> None:
    orphan = ClaimStore(path, RunIdentity("orphan", is_alive=lambda: False))

    with pytest.raises(StaleRunError, match="has ended"):
        orphan.claim(WANTED)
    with pytest.raises(StaleRunError, match="has ended"):
        orphan.assert_may_write("lab/prod")
    assert () == read_claims(path)


def test_a_refused_write_does_not_take_an_epoch(path: Path) -> None:
    holder = store_of(path, "holder")
    seen = holder.claim(WANTED)

    with pytest.raises(ForeignClaimError):
        store_of(path, "other").claim(replace(WANTED, holder="urn:…::b"))

    holder.change(seen, phase=Phase.PREPARING)


def test_looking_creates_no_file(path: Path) -> None:
    assert store_of(path).find("hall", "SN1") is None
    assert () == read_claims(path)
    assert not path.parent.exists()


def test_a_file_that_is_no_database_is_named_with_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be looked at as one" * 50)

    for use in (lambda: store_of(path).claim(WANTED), lambda: read_claims(path)):
        with pytest.raises(ClaimsUnavailableError, match="cannot be used"):
            use()


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(ClaimsUnavailableError, match="version 99"):
        store_of(path).claim(WANTED)


RACER = """
import sys
from pathlib import Path
from argosy_metal.claims import Claim, ClaimStore, ForeignClaimError, RunIdentity
store = ClaimStore(Path(sys.argv[1]), RunIdentity(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
try:
    store.claim(Claim("hall", "SN1", "s", sys.argv[2], "urn", 0, {}))
    print("granted")
except ForeignClaimError:
    print("refused")
"""


def test_of_racing_claimants_exactly_one_gets_the_server(path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(path), f"lab/stack-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert "ready\n" == racer.stdout.readline()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.communicate()[0].strip() for racer in racers]

    assert ["granted", "refused", "refused", "refused"] == sorted(answers)
    assert [f"lab/stack-{answers.index('granted')}"] == [claim.owner for claim in read_claims(path)]


WRITER = """
import sys
from pathlib import Path
from argosy_metal.claims import Claim, ClaimStore, RunIdentity
store = ClaimStore(Path(sys.argv[1]), RunIdentity("writer"))
claim = store.claim(Claim("hall", "SN1", "s", "lab/prod", "urn", 0, {}))
print("ready", flush=True)
while True:
    claim = store.change(claim, attempts=claim.attempts + 1, install_id=str(claim.attempts + 1))
    if claim.attempts == 5:
        print("busy", flush=True)
"""


def test_a_writer_killed_in_the_middle_leaves_a_whole_file(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert ["ready\n", "busy\n"] == [writer.stdout.readline(), writer.stdout.readline()]
        writer.send_signal(signal.SIGKILL)

    with sqlite3.connect(path) as database:
        assert [("ok",)] == database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    claim = read_claims(path)[0]
    assert str(claim.attempts) == claim.install_id


def test_a_process_is_told_from_a_later_one_with_the_same_id() -> None:
    assert start_ticks(os.getpid()) == start_ticks(os.getpid())
    assert start_ticks(2**22 + 1) is None


def test_the_run_of_a_process_is_its_parent_and_ends_with_it() -> None:
    run = RunIdentity.of_parent()

    assert run.is_alive()
    assert f":{os.getppid()}:" in run.key
    assert run.key == RunIdentity.of_parent().key
