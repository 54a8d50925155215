"""What is said of a run that may no longer write, wherever the claims are kept."""

from __future__ import annotations

from argosy_metal.claims.claim import ClaimsUnavailableError, StaleRunError
from argosy_metal.claims.run import RunIdentity

FENCED = "fenced"
"""Stands in the place of a run's key after `fence`: no run, so the next one starts anew."""


def assert_alive(run: RunIdentity) -> None:
    """Raise StaleRunError if the command that this process works for has ended."""
    if not run.is_alive():
        raise StaleRunError("the pulumi command of this run has ended, so its provider changes nothing more")


def assert_newest(newest: int, own: int, owner: str, place: str) -> None:
    """Raise StaleRunError if a newer run of the stack writes by now, by the numbers of both.

    Raises ClaimsUnavailableError if the store knows of no run that late: then it is not what it was.
    """
    if newest > own:
        raise taken_over(owner)
    if newest < own:
        raise ClaimsUnavailableError(
            f"{place}: it does not know this run of stack {owner} any more, so it was lost, or put back from"
            " a backup, while the run was at work; restore what was there last, then run `pulumi up` again"
        )


def taken_over(owner: str) -> StaleRunError:
    """What the older run of a stack is told."""
    return StaleRunError(
        f"a newer run of stack {owner} has taken over, so this one changes nothing more;"
        " wait for it, then run `pulumi up` again"
    )
