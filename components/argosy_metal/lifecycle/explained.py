"""Whatever stops the work on a server is told with the server, its phase and the next step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from argosy_metal.lifecycle.failure import InterruptedMachineError, MachineNotReadyError
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import OutOfTimeError, StopRequestedError
from argosy_metal.lifecycle.reports import ReportsUnavailableError
from argosy_metal.redfish import RedfishError, WrongServerError

_T = TypeVar("_T")
GO_ON = "run `pulumi up` again: it goes on from this phase"
_WRONG_SERVER = (
    "was the hardware swapped? nothing was written to it; put the right BMC address or serial into the"
    " inventory, run `argosy plan` with the fleet's name, then `pulumi up`"
)


async def explained(journal: Journal, work: Callable[[], Awaitable[_T]]) -> _T:
    """Do the work. Raises MachineError for all that a BMC, the hall, time or a stop can do to it."""
    try:
        return await work()
    except WrongServerError as error:
        raise MachineNotReadyError(
            journal.claim, f"{error.operation}: {error.found}", _WRONG_SERVER
        ) from error
    except RedfishError as error:
        raise MachineNotReadyError(
            journal.claim, f"{error.operation}: {error.found}", f"{error.next_step}; {GO_ON}"
        ) from error
    except ReportsUnavailableError as error:
        raise MachineNotReadyError(
            journal.claim, str(error), f"check the hall's provisioning service, then {GO_ON}"
        ) from error
    except OutOfTimeError as error:
        raise MachineNotReadyError(journal.claim, "the time given to this resource is over", GO_ON) from error
    except StopRequestedError as error:
        raise InterruptedMachineError(
            journal.claim, "the run was told to stop; the step in hand was finished", GO_ON
        ) from error
