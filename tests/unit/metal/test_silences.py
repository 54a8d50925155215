"""A BMC that does not answer is waited for once, and not again by everything else on its server."""

import pytest

from argosy_metal.claims import Claim
from argosy_metal.lifecycle import MachineNotReadyError
from argosy_metal.provider.silence import Silences, is_silence
from argosy_metal.redfish.errors import BmcInternalError, BmcUnreachableError, RedfishError

CLAIM = Claim("hall", "SN1", "serve/slot-01", "lab/metal", "urn", 1, {})
OTHER = Claim("hall", "SN2", "serve/slot-02", "lab/metal", "urn", 1, {})


class Clock:
    """Stands still unless it is told how long something takes."""

    seconds = 0.0

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def ask(silences: Silences, clock: Clock, claim: Claim, cause: RedfishError | None, seconds: float) -> None:
    with silences.remembered(claim):
        clock.seconds += seconds
        if cause is not None:
            raise MachineNotReadyError(claim, cause.found, cause.next_step) from cause


def test_the_next_question_fails_at_once_with_the_same_reason() -> None:
    clock = Clock()
    silences = Silences(clock)
    silent = BmcUnreachableError("bmc-1", "read", "no answer in time")

    for _ in range(8):
        with pytest.raises(MachineNotReadyError, match=r"hall/SN1 .*no answer in time") as error:
            ask(silences, clock, CLAIM, silent, 30)

    assert is_silence(error.value)  # pyright: ignore[reportPossiblyUnboundVariable]
    assert 30 == clock.now(), "eight questions have waited once"


def test_it_is_asked_again_after_as_long_as_was_waited() -> None:
    clock = Clock()
    silences = Silences(clock)
    with pytest.raises(MachineNotReadyError):
        ask(silences, clock, CLAIM, BmcUnreachableError("bmc-1", "read", "no answer in time"), 30)

    clock.seconds += 31
    ask(silences, clock, CLAIM, None, 1)


@pytest.mark.parametrize("cause", [BmcInternalError("bmc-1", "read", "HTTP 500"), None])
def test_whoever_has_answered_is_asked_again_at_once(cause: RedfishError | None) -> None:
    clock = Clock()
    silences = Silences(clock)
    for _ in range(2):
        if cause is None:
            ask(silences, clock, CLAIM, None, 30)
            continue
        with pytest.raises(MachineNotReadyError):
            ask(silences, clock, CLAIM, cause, 30)

    assert 60 == clock.now()


def test_the_silence_of_one_server_says_nothing_of_another() -> None:
    clock = Clock()
    silences = Silences(clock)
    with pytest.raises(MachineNotReadyError):
        ask(silences, clock, CLAIM, BmcUnreachableError("bmc-1", "read", "no answer in time"), 30)

    ask(silences, clock, OTHER, None, 1)
