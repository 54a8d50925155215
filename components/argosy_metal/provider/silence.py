"""A BMC that has not answered is not waited for again at once: all work on its server would wait in turn."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from argosy_metal.claims import Claim
from argosy_metal.lifecycle import MachineError, MachineNotReadyError
from argosy_metal.redfish import Clock
from argosy_metal.redfish.errors import BmcUnreachableError


def is_silence(error: BaseException) -> bool:
    """Whether the work on a server ended because its BMC does not answer, and for nothing else."""
    return isinstance(error, MachineError) and isinstance(error.__cause__, BmcUnreachableError)


@dataclass(frozen=True)
class _Silence:
    until: float
    error: MachineError
    cause: BaseException | None


class Silences:
    """Remembers who did not answer, for as long as was waited for the answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Silence] = {}

    @contextmanager
    def remembered(self, claim: Claim) -> Generator[None]:
        """Work on a server. Raises MachineNotReadyError at once if its BMC has just not answered."""
        started, known = self._clock.now(), self._known.get(claim.server_id)
        if known is not None and started < known.until:
            raise MachineNotReadyError(claim, known.error.found, known.error.next_step) from known.cause
        try:
            yield
        except MachineError as error:
            if is_silence(error):
                now = self._clock.now()
                self._known[claim.server_id] = _Silence(now + (now - started), error, error.__cause__)
            raise
