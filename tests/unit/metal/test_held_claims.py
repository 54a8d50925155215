"""A run that is about to work on a server: from then on no older run writes to its claim."""

from pathlib import Path

import pytest

from argosy_metal.claims import RunIdentity, StaleRunError
from argosy_metal.provider.provider import BareMetal

from .setup_halls import Setup, claimed_server


def next_run_of(setup: Setup) -> BareMetal:
    """While the one before it is at work still."""
    provider = BareMetal(RunIdentity("the next run"), lambda: setup.folder, setup.clock)
    provider.configure(setup.config)
    return provider


async def test_what_a_run_is_about_to_work_on_is_not_changed_by_an_older_one_any_more(tmp_path: Path) -> None:
    async with claimed_server(tmp_path) as setup:
        older = await setup.provider.hall().own_claim(setup.server_id, "lab/local")
        newer = next_run_of(setup)
        held = await newer.hall().own_claim(setup.server_id, "lab/local")

        with pytest.raises(StaleRunError):
            setup.provider.hall().store.change(older, attempts=1)
        assert 2 == newer.hall().store.change(held, attempts=2).attempts
        newer.close()


async def test_a_run_that_was_overtaken_is_told_before_it_works_on_another_server(tmp_path: Path) -> None:
    async with claimed_server(tmp_path) as setup:
        newer = next_run_of(setup)
        await newer.hall().own_claim(setup.server_id, "lab/local")

        with pytest.raises(StaleRunError):
            await setup.provider.hall().own_claim(setup.server_id, "lab/local")
        newer.close()


async def test_what_an_older_run_wrote_just_before_is_what_the_next_one_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with claimed_server(tmp_path) as setup:
        newer, store = next_run_of(setup), setup.provider.hall().store
        older = await setup.provider.hall().own_claim(setup.server_id, "lab/local")
        begin = newer.hall().store.assert_may_write

        def at_the_last_moment(owner: str) -> None:
            store.change(older, attempts=1)
            begin(owner)

        monkeypatch.setattr(newer.hall().store, "assert_may_write", at_the_last_moment)
        assert 1 == (await newer.hall().own_claim(setup.server_id, "lab/local")).attempts
        newer.close()
