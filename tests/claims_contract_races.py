"""Claimants that race, and writers that are killed, over every backend."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

from argosy_metal.claims import (
    ClaimStore,
    ForeignClaimError,
    LostClaimError,
)

from .claims_world import WANTED, ClaimsTests, ClaimsWorld, failing_threads

RACER = """
import sys
from argosy_metal.claims import Claim, ForeignClaimError
claims = store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    claims.claim(Claim("hall", "SN1", "s", sys.argv[1], "urn", 0, {}))
    print("granted")
except ForeignClaimError:
    print("refused")
claims.close()
"""
WRITER = """
from argosy_metal.claims import Claim
claims = store("writer")
claim = claims.claim(Claim("hall", "SN1", "s", "lab/prod", "urn", 0, {}))
print("ready", flush=True)
while True:
    number = claim.attempts + 1
    claims.note_install(claim, str(number), made_here=True)
    claim = claims.change(claim, attempts=number, install_id=str(number))
    if number == 5:
        print("busy", flush=True)
"""


class RaceTests(ClaimsTests):
    """Threads and processes at one store."""

    def test_of_claimants_racing_in_threads_exactly_one_gets_each_server(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("first").claim(replace(WANTED, serial="SN0"))
        refused: list[bool] = []
        answers: dict[str, list[str]] = {f"SN{number}": [] for number in range(1, 4)}

        def race(racer: int) -> None:
            store = store_of(f"run-{racer}")
            for serial, granted in answers.items():
                wanted = replace(WANTED, serial=serial, owner=f"lab/{racer}", holder=f"urn-{racer}")
                try:
                    granted.append(store.claim(wanted).owner)
                except ForeignClaimError as error:
                    refused.append(error.held.owner != wanted.owner)

        threads = [threading.Thread(target=race, args=(racer,)) for racer in range(6)]
        with failing_threads() as failures:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert [] == failures
        assert [True] * 15 == refused
        owners = {claim.serial: [claim.owner] for claim in store_of().read_all() if claim.serial != "SN0"}
        assert answers == owners

    def test_threads_that_change_one_claim_lose_no_change(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        store.claim(WANTED)

        def count_up(writer: ClaimStore) -> None:
            done = 0
            while done < 5:
                claim = writer.find("hall", "SN1")
                assert claim is not None
                try:
                    writer.change(claim, attempts=claim.attempts + 1)
                    done += 1
                except LostClaimError:
                    continue

        threads = [threading.Thread(target=count_up, args=(store_of(),)) for _ in range(3)]
        with failing_threads() as failures:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert [] == failures
        assert [15] == [claim.attempts for claim in store.read_all()]

    def test_of_claimants_racing_in_processes_exactly_one_gets_the_server(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", f"{world.prelude}\n{RACER}", f"lab/stack-{number}"],
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
        owners = [claim.owner for claim in store_of().read_all()]
        assert [f"lab/stack-{answers.index('granted')}"] == owners

    def test_a_writer_killed_in_the_middle_leaves_whole_claims(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", f"{world.prelude}\n{WRITER}"], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert ["ready\n", "busy\n"] == [writer.stdout.readline(), writer.stdout.readline()]
            writer.kill()

        store = store_of("after")
        (claim,) = store.read_all()
        assert str(claim.attempts) == claim.install_id
        assert claim.attempts >= 5
        assert store.knows_install("hall", "SN1", str(claim.attempts), made_here=True)
        assert claim.generation == store.claim(replace(claim, version=1)).generation
