"""What is seen of a wipe, and who does it."""

from __future__ import annotations

from typing import Protocol

from argosy_metal.lifecycle.driver import Wipe, WipePolicy


class Wiper(Protocol):
    """Wipes the drives of one server that is off, or that it has switched on itself before."""

    def fault(self, wipe: Wipe) -> str | None:
        """Why it could never be done here; asked before anything is installed that would have to go so."""
        ...

    async def wipe(self, wipe: Wipe) -> str:
        """Do it, and give what was seen of it, as JSON. Done once more it does no harm.

        Raises RedfishError or MachineError, also where a drive cannot be wiped so.
        """
        ...


def owes_wipe(wipe: str | None, proof: str | None) -> bool:
    """Whether a claim may not be given back yet: it demands a wipe that nobody has seen."""
    return Wipe.of(wipe).policy is not WipePolicy.NONE and proof is None
