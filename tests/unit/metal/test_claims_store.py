"""The claims store grants each server once, refuses stale runs, and survives being killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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


def test_a_process_whose_cli_ends_between_two_writes_writes_no_second(path: Path) -> None:
    alive = [True]
    store = ClaimStore(path, RunIdentity("run", is_alive=lambda: alive[0]))
    seen = store.claim(WANTED)
    alive[0] = False

    for write in (lambda: store.change(seen, attempts=1), lambda: store.assert_may_write("lab/prod")):
        with pytest.raises(StaleRunError, match="has ended"):
            write()


def test_a_claim_granted_anew_to_its_owner_is_neither_released_nor_changed_by_the_old_one(path: Path) -> None:
    store = store_of(path)
    old = store.claim(WANTED)
    store.release(old)
    new = store.claim(WANTED)
    assert old.version == new.version, "only the generation tells them apart"

    store.release(old)
    with pytest.raises(LostClaimError):
        store.change(old, attempts=1)

    assert (new,) == read_claims(path)


def test_two_claims_files_are_told_apart_and_one_stays_itself(path: Path, tmp_path: Path) -> None:
    one, other = store_of(path), store_of(tmp_path / "other.sqlite")

    assert one.identity() == store_of(path).identity()
    assert one.identity() != other.identity()


def test_a_store_remembers_what_it_granted_and_installed_after_the_release(path: Path) -> None:
    store = store_of(path)
    claim = store.claim(WANTED)
    store.note_install(claim, "ours", made_here=True)
    store.note_install(claim, "ours", made_here=False)
    store.note_install(claim, "before", made_here=False)
    store.release(claim)

    assert (1, 0) == (store.generation_of("hall", "SN1"), store.generation_of("hall", "SN2"))
    known = [store.knows_install("hall", "SN1", name) for name in ("ours", "before", "never")]
    assert [True, True, False] == known
    made = [store.knows_install("hall", "SN1", name, made_here=True) for name in ("ours", "before")]
    assert [True, False] == made
    assert not store.knows_install("hall", "SN2", "ours")


@pytest.mark.parametrize("damage", ["phase = 'dancing'", "record = '{'", "record = '[]'"])
def test_a_damaged_claim_is_named_with_its_server(path: Path, damage: str) -> None:
    store_of(path).claim(WANTED)
    spoil(path, f"UPDATE claims SET {damage}")

    for use in (lambda: store_of(path).claim(WANTED), lambda: read_claims(path)):
        with pytest.raises(ClaimsUnavailableError, match=r"server hall/SN1 is damaged .*restore"):
            use()


def spoil(path: Path, *statements: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def uses(path: Path) -> list[Callable[[], object]]:
    return [
        lambda: store_of(path).claim(WANTED),
        lambda: store_of(path).find("hall", "SN1"),
        lambda: read_claims(path),
    ]


@pytest.mark.parametrize("use", range(3))
def test_someone_elses_database_is_named_and_left_as_it_is(path: Path, use: int) -> None:
    spoil(path, "CREATE TABLE books (title TEXT)")
    before = path.read_bytes()

    with pytest.raises(ClaimsUnavailableError, match="check the path"):
        uses(path)[use]()

    assert before == path.read_bytes()


@pytest.mark.parametrize("use", range(3))
@pytest.mark.parametrize("version", [1, 99])
def test_a_file_of_another_version_is_refused_by_every_use(path: Path, use: int, version: int) -> None:
    store_of(path).claim(WANTED)
    spoil(path, f"PRAGMA user_version = {version}")

    with pytest.raises(ClaimsUnavailableError, match=f"version {version}.*argosy"):
        uses(path)[use]()


@pytest.mark.parametrize("use", range(3))
def test_a_file_without_one_of_its_tables_is_told_as_such(path: Path, use: int) -> None:
    store_of(path).claim(WANTED)
    spoil(path, "DROP TABLE claims")

    with pytest.raises(ClaimsUnavailableError, match="not as this argosy makes it"):
        uses(path)[use]()


@pytest.mark.parametrize("use", range(3))
def test_a_folder_in_the_place_of_the_file_is_told_as_such(path: Path, use: int) -> None:
    path.mkdir(parents=True)

    with pytest.raises(ClaimsUnavailableError, match="this is a folder; name a file in it"):
        uses(path)[use]()


def test_a_file_under_a_file_cannot_be_made_and_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ClaimsUnavailableError, match=r"claims\.sqlite: .*check the path"):
        store_of(tmp_path / "file" / "claims.sqlite").claim(WANTED)


def test_an_empty_file_holds_no_claims_and_is_made_a_claims_file(path: Path) -> None:
    path.parent.mkdir()
    path.touch()

    assert () == read_claims(path)
    store_of(path).claim(WANTED)
    assert 1 == len(read_claims(path))


@pytest.mark.parametrize("use", range(3))
def test_a_file_that_another_process_holds_is_told_as_such(
    path: Path, use: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(path).claim(WANTED)
    for who in ("READER", "WRITER"):
        monkeypatch.setattr(f"argosy_metal.claims.database._{who}_WAITS_SECONDS", 0.0)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(ClaimsUnavailableError, match="another run is writing; wait for it, then try again"):
        uses(path)[use]()
    holder.close()


def test_who_only_looks_waits_two_seconds_at_most(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(path).claim(WANTED)
    waits: list[float] = []
    connect = sqlite3.connect

    def noted(*arguments: Any, timeout: float, **options: Any) -> sqlite3.Connection:
        waits.append(timeout)
        return connect(*arguments, timeout=timeout, **options)

    monkeypatch.setattr(sqlite3, "connect", noted)
    read_claims(path)

    assert [2.0] == waits


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


def test_a_file_whose_tables_another_run_makes_meanwhile_is_no_stranger_s(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Overtaken(sqlite3.Connection):
        """Another run makes the tables right after the first look at the file's version."""

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            answer = super().execute(sql, *values)
            if "user_version" in sql and not overtaken:
                overtaken.append(sql)
                rows = iter(answer.fetchall())
                store_of(path).claim(replace(WANTED, owner="lab/other"))
                answer = super().execute(f"VALUES ({', '.join(map(str, next(rows)))})")
            return answer

    overtaken: list[str] = []
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Overtaken))

    with pytest.raises(ForeignClaimError):
        store_of(path).claim(WANTED)
    assert 1 == len(overtaken)


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
