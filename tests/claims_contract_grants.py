"""Grants, changes and releases of servers, over every backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from argosy_metal.claims import (
    ClaimStore,
    ClaimsUnavailableError,
    ForeignClaimError,
    LostClaimError,
    Phase,
)

from .claims_world import THEIRS, WANTED, ClaimsTests, ClaimsWorld


class GrantTests(ClaimsTests):
    """Who gets a server, and what becomes of a claim."""

    def test_a_free_server_is_granted_and_found_again(self, store_of: Callable[..., ClaimStore]) -> None:
        granted = store_of().claim(WANTED)

        assert replace(WANTED, generation=1) == granted
        assert granted == store_of().find("hall", "SN1")
        assert (granted,) == store_of().read_all()

    def test_looking_at_an_empty_store_finds_nothing(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()

        assert store.find("hall", "SN1") is None
        assert () == store.read_all()
        assert 0 == store.generation_of("hall", "SN1")
        assert not store.knows_install("hall", "SN1", "i-1")
        assert store.lease_of("lab/prod") is None

    def test_all_claims_are_read_by_site_and_slot(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        for serial, slot in (("SN2", "train/slot-02"), ("sn2", "Train/slot-03"), ("SN1", "train/slot-01")):
            record = {"bmc": f"https://bmc-{slot[-2:]}.hall.test"}
            store.claim(replace(WANTED, serial=serial, slot=slot, record=record))
        store.claim(replace(WANTED, site="annex", serial="SN9"))

        read = [(claim.site, claim.serial) for claim in store.read_all()]

        assert [("annex", "SN9"), ("hall", "sn2"), ("hall", "SN1"), ("hall", "SN2")] == read

    def test_the_same_resource_of_the_same_stack_adopts_its_claim_and_its_progress(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        first = store.change(store.claim(WANTED), phase=Phase.INSTALLING, install_id="i-1")

        adopted = store_of("run-2").claim(replace(WANTED, slot="train/slot-07"))

        assert ("train/slot-07", Phase.INSTALLING, "i-1", first.generation) == (
            adopted.slot,
            adopted.phase,
            adopted.install_id,
            adopted.generation,
        )

    def test_an_adopted_claim_keeps_what_was_noted_in_its_record_and_takes_what_is_wanted(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        claim = store.claim(WANTED)
        store.change(claim, record={**claim.record, "flashing": "bmc"})

        adopted = store.claim(replace(WANTED, record={"bmc": "https://bmc-9.hall.test"}))

        assert {"bmc": "https://bmc-9.hall.test", "feeds": ["a", "b"], "flashing": "bmc"} == adopted.record

    def test_another_stack_is_refused_and_told_who_owns_the_server(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of().claim(WANTED)

        with pytest.raises(ForeignClaimError, match="owned by stack lab/prod") as refusal:
            store_of().claim(THEIRS)

        assert "lab/dev" in str(refusal.value)

    def test_another_resource_of_the_same_stack_is_refused_too(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.claim(WANTED)

        with pytest.raises(ForeignClaimError):
            store.claim(replace(WANTED, slot="train/slot-02", holder="urn:…::b"))

    def test_a_change_of_a_claim_that_changed_in_between_is_refused(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        seen = store.claim(WANTED)
        store.change(seen, phase=Phase.PREPARING)

        with pytest.raises(LostClaimError):
            store.change(seen, phase=Phase.RUNNING)

        found = store.find("hall", "SN1")
        assert found is not None
        assert Phase.PREPARING == found.phase

    def test_a_released_server_is_free_and_its_next_claim_has_the_next_generation(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.release(store.claim(WANTED))

        assert store.find("hall", "SN1") is None
        assert 2 == store.claim(THEIRS).generation

    def test_releasing_a_claim_that_is_gone_leaves_the_new_owners_claim(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        gone = store.claim(WANTED)
        store.release(gone)
        store.claim(THEIRS)

        store.release(gone)

        assert ["lab/dev"] == [claim.owner for claim in store.read_all()]

    def test_releasing_a_server_that_was_never_claimed_does_nothing(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of().release(WANTED)

        assert () == store_of().read_all()

    def test_a_claim_granted_anew_to_its_owner_is_neither_released_nor_changed_by_the_old_one(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        old = store.claim(WANTED)
        store.release(old)
        new = store.claim(WANTED)
        assert old.version == new.version, "only the generation tells them apart"

        store.release(old)
        with pytest.raises(LostClaimError):
            store.change(old, attempts=1)

        assert (new,) == store.read_all()

    def test_a_store_stays_itself_for_everyone_who_opens_it(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        first = store_of().identity()

        assert first
        assert first == store_of("run-2").identity()

    def test_a_store_remembers_what_it_granted_and_installed_after_the_release(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
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

    def test_a_closed_store_may_be_used_again(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        seen = store.claim(WANTED)
        store.close()

        store.change(seen, phase=Phase.PREPARING)

    @pytest.mark.parametrize(
        "damage", [{"phase": "dancing"}, {"record": "{"}, {"record": "[]"}, {"record": "[" * 100_000}]
    )
    def test_a_damaged_claim_is_named_with_its_server_and_what_to_do(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore], damage: Mapping[str, Any]
    ) -> None:
        store = store_of()
        store.claim(replace(WANTED, serial="SN2", slot="train/slot-02"))
        store.claim(WANTED)
        world.spoil("SN1", damage)

        uses: list[Callable[[], object]] = [
            lambda: store_of().claim(WANTED),
            lambda: store_of().find("hall", "SN1"),
            lambda: store_of().read_all(),
        ]
        for use in uses:
            with pytest.raises(ClaimsUnavailableError, match=r"hall/SN1 is damaged .*restore"):
                use()
        assert store_of().find("hall", "SN2") is not None

    def test_a_claim_that_was_removed_by_hand_is_lost_to_its_owner(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        seen = store.claim(WANTED)
        world.lose("SN1")

        with pytest.raises(LostClaimError, match="pulumi refresh"):
            store.change(seen, attempts=1)
        assert 0 == store.generation_of("hall", "SN1")

    def test_a_store_that_cannot_be_reached_is_an_error_and_never_tells_that_a_server_is_free(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        seen = store.claim(WANTED)

        with world.unreachable():
            uses: list[Callable[[], object]] = [
                lambda: store.find("hall", "SN1"),
                lambda: store.find("hall", "SN2"),
                store.read_all,
                store.identity,
                lambda: store.generation_of("hall", "SN1"),
                lambda: store.knows_install("hall", "SN1", "i-1"),
                lambda: store.claim(replace(WANTED, serial="SN2")),
                lambda: store.change(seen, attempts=1),
                lambda: store.release(seen),
                lambda: store.assert_may_write("lab/prod"),
                lambda: store.fence("lab/prod"),
                lambda: store_of("fresh").find("hall", "SN1"),
            ]
            for use in uses:
                with pytest.raises(ClaimsUnavailableError):
                    use()

        assert seen == store.find("hall", "SN1")
        store.change(seen, attempts=1)
