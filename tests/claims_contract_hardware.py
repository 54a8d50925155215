"""One physical server under several names, over every backend: fleets may call one hall differently."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from argosy_metal.claims import Claim, ClaimStore, ForeignClaimError

from .claims_world import THEIRS, WANTED, ClaimsTests, ClaimsWorld, failing_threads

RACER = """
import sys
from argosy_metal.claims import Claim, ForeignClaimError
site = sys.argv[1]
claims = store(site)
print("ready", flush=True)
sys.stdin.readline()
try:
    record = {"bmc": "https://bmc-1.hall.test"}
    claims.claim(Claim(site, "SN9", "s", f"lab/{site}", "urn", 0, record))
    print("granted")
except ForeignClaimError:
    print("refused")
claims.close()
"""
ELSEWHERE = replace(THEIRS, site="oslo")
"""The server of WANTED, in a fleet that calls its hall `oslo`."""


def at(bmc: str, claim: Claim = WANTED) -> Claim:
    return replace(claim, record={**claim.record, "bmc": bmc})


class HardwareTests(ClaimsTests):
    """BMC and serial number together are granted once."""

    @pytest.mark.parametrize(
        ("bmc", "serial"),
        [
            ("https://bmc-1.hall.test", "SN1"),
            ("HTTPS://BMC-1.Hall.test:443/", "SN1"),
            ("https://bmc-1.hall.test.", "sn1"),
        ],
    )
    def test_a_server_is_refused_under_another_name_and_told_who_owns_it(
        self, store_of: Callable[..., ClaimStore], bmc: str, serial: str
    ) -> None:
        store_of().claim(WANTED)

        with pytest.raises(ForeignClaimError, match=rf"oslo/{serial} is hall/SN1 by .* stack lab/prod"):
            store_of("theirs").claim(replace(at(bmc, ELSEWHERE), serial=serial))

        assert ["hall/SN1"] == [claim.server_id for claim in store_of().read_all()]
        assert 0 == store_of().generation_of("oslo", serial)

    def test_its_own_owner_gets_a_server_under_one_name_alone(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.claim(WANTED)

        with pytest.raises(ForeignClaimError):
            store.claim(replace(WANTED, site="oslo"))

        store.claim(WANTED)

    def test_a_serial_number_behind_another_bmc_is_another_server(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.claim(WANTED)
        store.claim(at("https://bmc-1.hall.test:8443", ELSEWHERE))

        assert ["hall", "oslo"] == [claim.site for claim in store.read_all()]

    def test_a_bmc_may_show_several_systems(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        store.claim(WANTED)
        store.claim(replace(WANTED, serial="SN2", slot="train/slot-02"))
        store.claim(replace(ELSEWHERE, serial="SN3"))

        assert ["SN1", "SN2", "SN3"] == [claim.serial for claim in store.read_all()]

    def test_claims_without_a_bmc_are_not_taken_for_one_server(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.claim(replace(WANTED, record={}))
        store.claim(replace(ELSEWHERE, record={}))

        assert 2 == len(store.read_all())

    def test_a_released_server_is_free_under_any_name(self, store_of: Callable[..., ClaimStore]) -> None:
        store, theirs = store_of(), store_of("theirs")
        for _ in range(2):
            store.release(store.claim(replace(WANTED, serial="SN9")))
            theirs.release(theirs.claim(replace(ELSEWHERE, serial="SN9")))

        assert () == store.read_all()
        assert [2, 2] == [store.generation_of(site, "SN9") for site in ("hall", "oslo")]

    def test_a_claim_is_not_described_anew_with_the_bmc_of_a_server_that_is_held(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store, theirs = store_of(), store_of("theirs")
        store.claim(WANTED)
        other = theirs.claim(at("https://bmc-2.hall.test", ELSEWHERE))

        with pytest.raises(ForeignClaimError, match="hall/SN1 by BMC"):
            theirs.change(other, record=WANTED.record)
        with pytest.raises(ForeignClaimError, match="hall/SN1 by BMC"):
            theirs.claim(ELSEWHERE)

        assert other == theirs.find("oslo", "SN1")

    def test_a_claim_that_has_another_bmc_by_now_leaves_its_old_one_to_others(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store, theirs = store_of(), store_of("theirs")
        moved = store.change(store.claim(WANTED), record=at("https://bmc-2.hall.test").record)
        theirs.claim(ELSEWHERE)

        with pytest.raises(ForeignClaimError, match="oslo/SN1 by BMC"):
            store.change(moved, record=WANTED.record)

    def test_of_claimants_racing_in_threads_for_one_server_under_many_names_one_gets_it(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("first").claim(replace(WANTED, serial="SN1"))
        granted: list[str] = []
        refused: list[str] = []

        def race(site: str) -> None:
            wanted = replace(WANTED, site=site, serial="SN9", owner=f"lab/{site}")
            try:
                granted.append(store_of(f"run-{site}").claim(wanted).site)
            except ForeignClaimError:
                refused.append(site)

        threads = [threading.Thread(target=race, args=(f"hall-{number}",)) for number in range(6)]
        with failing_threads() as failures:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert [] == failures
        assert (1, 5) == (len(granted), len(refused))
        assert granted == [claim.site for claim in store_of().read_all() if claim.serial == "SN9"]

    def test_of_claimants_racing_in_processes_for_one_server_under_many_names_one_gets_it(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        sites = [f"hall-{number}" for number in range(4)]
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", f"{world.prelude}\n{RACER}", site],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for site in sites
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
        assert [sites[answers.index("granted")]] == [claim.site for claim in store_of().read_all()]
