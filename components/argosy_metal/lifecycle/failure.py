"""Why a machine is not running yet: names the server, its phase and the next step.

MachineError                       the server cannot be worked on: mend what the message names
└── MachineNotReadyError           what was done so far is recorded: `pulumi up` goes on from there
    └── InterruptedMachineError    the run was told to stop between two steps
"""

from __future__ import annotations

from argosy.errors import ArgosyError
from argosy_metal.claims import Claim


class MachineError(ArgosyError):
    """A server, the phase it is in, what was found there, and what would help."""

    def __init__(self, claim: Claim, found: str, next_step: str) -> None:
        self.claim = claim
        self.found = found
        self.next_step = next_step
        super().__init__(
            f"{claim.server_id} ({claim.slot}): phase {claim.phase.value}: {found}; next: {next_step}"
        )


class MachineNotReadyError(MachineError):
    """The machine is under way; running again goes on from the recorded phase."""


class InterruptedMachineError(MachineNotReadyError):
    """The run was told to stop; the step in hand was finished first."""
