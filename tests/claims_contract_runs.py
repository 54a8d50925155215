"""Which runs may write, and which are seen at work, over every backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy_metal.claims import (
    ClaimStore,
    ForeignClaimError,
    Phase,
    RunIdentity,
    StaleRunError,
)

from .claims_world import THEIRS, WANTED, ClaimsTests, ClaimsWorld


class RunTests(ClaimsTests):
    """Older runs are refused, and a run at work holds a lease."""

    def test_providers_of_one_run_write_side_by_side(self, store_of: Callable[..., ClaimStore]) -> None:
        one, other = store_of(), store_of()
        seen = one.claim(WANTED)
        other.claim(replace(WANTED, serial="SN2"))

        one.change(seen, phase=Phase.PREPARING)

    def test_an_older_run_is_refused_as_soon_as_a_newer_one_has_written(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        old, new = store_of("old"), store_of("new")
        seen = old.claim(WANTED)
        new.claim(WANTED)

        writes: list[Callable[[], object]] = [
            lambda: old.change(seen, phase=Phase.RUNNING),
            lambda: old.claim(replace(WANTED, serial="SN2")),
            lambda: old.note_install(seen, "i-1", made_here=True),
            lambda: old.release(seen),
            lambda: old.assert_may_write("lab/prod"),
        ]
        for write in writes:
            with pytest.raises(StaleRunError, match="newer run"):
                write()
        assert [1, 2] == [len(new.read_all()), new.read_all()[0].version]

    def test_a_provider_that_an_overtaken_run_starts_late_wins_nothing_back(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("old").claim(WANTED)
        new = store_of("new")
        seen = new.claim(WANTED)

        with pytest.raises(StaleRunError, match="newer run"):
            store_of("old").claim(replace(WANTED, serial="SN2"))

        new.change(seen, attempts=1)

    def test_another_stacks_run_does_not_fence_ours(self, store_of: Callable[..., ClaimStore]) -> None:
        ours = store_of("ours")
        seen = ours.claim(WANTED)
        store_of("theirs").claim(replace(THEIRS, serial="SN2"))

        ours.change(seen, phase=Phase.PREPARING)

    def test_fencing_refuses_every_run_so_far_and_admits_the_next(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        old = store_of("old")
        seen = old.claim(WANTED)

        store_of("recover").fence("lab/prod")

        with pytest.raises(StaleRunError):
            old.change(seen, phase=Phase.RUNNING)
        with pytest.raises(StaleRunError):
            store_of("old").claim(WANTED)
        store_of("next").claim(WANTED)

    def test_fencing_a_stack_that_has_never_written_does_nothing(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("recover").fence("lab/prod")
        store_of("other").claim(THEIRS)
        store_of("recover").fence("lab/prod")

        assert ["lab/dev"] == [claim.owner for claim in store_of().read_all()]

    def test_a_process_whose_cli_is_gone_writes_nothing_not_even_first(self, world: ClaimsWorld) -> None:
        orphan = world.open(RunIdentity("orphan", is_alive=lambda: False))

        with pytest.raises(StaleRunError, match="has ended"):
            orphan.claim(WANTED)
        with pytest.raises(StaleRunError, match="has ended"):
            orphan.assert_may_write("lab/prod")
        assert () == orphan.read_all()
        world.close()

    def test_a_process_whose_cli_ends_between_two_writes_writes_no_second(self, world: ClaimsWorld) -> None:
        alive = [True]
        store = world.open(RunIdentity("run", is_alive=lambda: alive[0]))
        seen = store.claim(WANTED)
        alive[0] = False

        writes: list[Callable[[], object]] = [
            lambda: store.change(seen, attempts=1),
            lambda: store.assert_may_write("lab/prod"),
        ]
        for write in writes:
            with pytest.raises(StaleRunError, match="has ended"):
                write()
        world.close()

    def test_a_refused_write_does_not_overtake_another_run(self, store_of: Callable[..., ClaimStore]) -> None:
        holder = store_of("holder")
        seen = holder.claim(WANTED)

        with pytest.raises(ForeignClaimError):
            store_of("other").claim(replace(WANTED, holder="urn:…::b"))

        holder.change(seen, phase=Phase.PREPARING)

    def test_a_run_at_work_is_seen_until_its_lease_runs_out(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("at work").claim(WANTED)
        if not world.leases:
            assert store_of("other").lease_of("lab/prod") is None
            return

        lease = store_of("other").lease_of("lab/prod")
        assert lease is not None
        assert ("at work", "runner-7", True) == (lease.run, lease.host, lease.is_live)
        assert store_of("other").lease_of("lab/dev") is None

        world.pass_time(61)
        late = store_of("other").lease_of("lab/prod")
        assert late is None or not late.is_live

    def test_a_beat_keeps_the_lease_and_ends_with_the_run(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        if not world.leases:
            return
        store: Any = store_of("at work")
        store.claim(WANTED)
        world.pass_time(50)
        store.beat()
        world.pass_time(50)
        lease = store_of("other").lease_of("lab/prod")
        assert lease is not None
        assert lease.is_live

        store.close()

        assert store_of("other").lease_of("lab/prod") is None

    def test_a_run_is_at_work_while_any_of_its_processes_is(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        if not world.leases:
            return
        one, other = store_of("at work"), store_of("at work")
        one.claim(WANTED)
        other.claim(replace(WANTED, serial="SN2"))
        one.close()

        assert store_of("looks").lease_of("lab/prod") is not None

    def test_an_overtaken_run_has_no_lease_and_its_beats_win_it_none(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        if not world.leases:
            return
        old: Any = store_of("old")
        old.claim(WANTED)
        store_of("new").claim(WANTED)
        old.beat()
        lease = store_of("looks").lease_of("lab/prod")
        assert lease is not None
        assert "new" == lease.run

        store_of("recover").fence("lab/prod")
        old.beat()

        assert store_of("looks").lease_of("lab/prod") is None

    def test_a_run_whose_lease_ran_out_goes_on_if_nobody_took_over(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of("frozen")
        seen = store.claim(WANTED)
        world.pass_time(3600)

        seen = store.change(seen, attempts=1)

        store_of("new").claim(WANTED)
        with pytest.raises(StaleRunError):
            store.change(seen, attempts=2)
