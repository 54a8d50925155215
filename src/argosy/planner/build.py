"""The planning problem of a fleet: what its words mean in numbers. Planner and verifier share this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argosy.planner.cases import cases_of
from argosy.planner.offerings import Supply
from argosy.planner.problem import Problem
from argosy.planner.workloads import convertible_kinds, gangs_of, rows_of

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.spec.loader import LoadedFleet


def build_problem(fleet: LoadedFleet, catalog: Catalog) -> Problem:
    """The fleet's problem, in canonical order; raises NotInCatalogError.

    The fleet must have been resolved: a service without a size is left out here.
    """
    supply = Supply(fleet, catalog)
    rows = tuple(rows_of(fleet, supply, catalog))
    gangs = tuple(gangs_of(fleet, supply, catalog))
    cases = tuple(cases_of(fleet, supply, rows, gangs))
    return Problem(
        tuple(supply.offerings), rows, gangs, cases, tuple(supply.limits), convertible_kinds(supply)
    ).canonical()
