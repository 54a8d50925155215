"""When a machine that is to be taken down counts: once its BMC has shown the server, whatever runs there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock, Mock

import pytest

from argosy_metal.budgets import Deletions, TooManyDeletionsError
from argosy_metal.claims import Claim
from argosy_metal.lifecycle import InterruptedMachineError, MachineError, MachineNotReadyError
from argosy_metal.provider.taking_down import count_deletion
from argosy_metal.redfish.errors import BmcAuthError, BmcUnreachableError

CLAIM = Claim("hall", "SN1", "serve/slot-01", "lab/metal", "urn", 1, {})
OTHER_IMAGE = MachineNotReadyError(CLAIM, "it was installed from another image", "pin the right digest")
STOPPED = InterruptedMachineError(CLAIM, "the run was told to stop", "run again")


def hall_that_shows(outcome: Exception | None, limit: int = 1) -> Mock:
    """A hall in which a look at a machine ends so."""
    machine = Mock(look=AsyncMock(side_effect=outcome))

    @asynccontextmanager
    async def opened(*_: object) -> AsyncGenerator[tuple[Mock, Mock]]:
        yield machine, Mock()

    return Mock(deletions=Deletions(limit), machine=Mock(side_effect=opened))


def silent(cause: Exception) -> MachineError:
    error = MachineNotReadyError(CLAIM, "no answer", "run again")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("outcome", [None, OTHER_IMAGE], ids=["well", "another image"])
async def test_a_server_that_shows_itself_counts_whatever_runs_on_it(outcome: Exception | None) -> None:
    hall = hall_that_shows(outcome)

    await count_deletion(hall, CLAIM, Mock())

    assert hall.deletions.has_begun("hall/SN1")


@pytest.mark.parametrize(
    "outcome",
    [
        silent(BmcUnreachableError("bmc-1", "read", "no answer in time")),
        silent(BmcAuthError("bmc-1", "log in", "HTTP 401")),
        STOPPED,
    ],
    ids=["silent", "locked", "stopped"],
)
async def test_a_server_that_does_not_show_itself_is_an_error_and_does_not_count(
    outcome: MachineError,
) -> None:
    hall = hall_that_shows(outcome)

    with pytest.raises(MachineError):
        await count_deletion(hall, CLAIM, Mock())

    assert not hall.deletions.has_begun("hall/SN1")


async def test_without_a_place_no_server_is_asked() -> None:
    hall = hall_that_shows(None, limit=0)

    with pytest.raises(TooManyDeletionsError):
        await count_deletion(hall, CLAIM, Mock())

    assert 0 == hall.machine.call_count


async def test_a_server_that_counts_already_is_not_asked_again() -> None:
    hall = hall_that_shows(None)

    for _ in range(2):
        await count_deletion(hall, CLAIM, Mock())

    assert 1 == hall.machine.call_count
