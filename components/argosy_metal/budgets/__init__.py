"""How much may happen at once in a hall: machines, readers of the image, watts that start, deletions.

Waiting for a budget is no failure. It is in the order of arrival, nobody polls, whoever waits can be stopped
and leaves nothing taken behind, and people are told what is waited for.
"""

from argosy_metal.budgets.deletions import (
    ALL_DELETIONS,
    DELETIONS_VARIABLE,
    Deletions,
    TooManyDeletionsError,
    deletions_allowed,
)
from argosy_metal.budgets.hall import HallBudgets
from argosy_metal.budgets.limits import BudgetLimits
from argosy_metal.budgets.places import Places
from argosy_metal.budgets.power_ons import PowerOns
from argosy_metal.budgets.rollouts import RolloutHaltedError, Rollouts
from argosy_metal.budgets.waiter import Waiter
from argosy_metal.budgets.windows import NeverFitsError, Start, seconds_until_room

__all__ = [
    "ALL_DELETIONS",
    "DELETIONS_VARIABLE",
    "BudgetLimits",
    "Deletions",
    "HallBudgets",
    "NeverFitsError",
    "Places",
    "PowerOns",
    "RolloutHaltedError",
    "Rollouts",
    "Start",
    "TooManyDeletionsError",
    "Waiter",
    "deletions_allowed",
    "seconds_until_room",
]
