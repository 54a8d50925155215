"""What a claim's phase permits."""

from __future__ import annotations

import pytest

from argosy_metal.claims import Claim, Phase

NEVER_BOOTED = {Phase.CLAIMED, Phase.PREPARING}
BOOTED = {
    Phase.BOOTING,
    Phase.INSTALLING,
    Phase.STARTING,
    Phase.RUNNING,
    Phase.FAILED,
    Phase.QUARANTINED,
    Phase.LEAVING,
    Phase.WIPING,
}


def claim(phase: Phase, attempts: int) -> Claim:
    return Claim("hall", "SN1", "train/slot-01", "lab/prod", "urn", 1, {}, phase=phase, attempts=attempts)


def test_every_phase_says_whether_a_boot_was_permitted() -> None:
    assert set(Phase) == NEVER_BOOTED | BOOTED


@pytest.mark.parametrize("phase", Phase)
def test_in_its_first_attempt_a_server_may_be_on_by_us_once_its_boot_was_permitted(phase: Phase) -> None:
    assert (phase in BOOTED) is claim(phase, attempts=1).may_be_on_by_us


@pytest.mark.parametrize("phase", Phase)
def test_after_an_earlier_attempt_a_server_may_be_on_by_us_in_every_phase(phase: Phase) -> None:
    assert claim(phase, attempts=2).may_be_on_by_us is True


def test_a_phase_that_nobody_has_judged_permits_nothing() -> None:
    unknown: Phase = "thinking"  # pyright: ignore[reportAssignmentType]

    assert not claim(unknown, attempts=1).may_be_on_by_us
