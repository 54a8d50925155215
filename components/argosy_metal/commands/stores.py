"""The claims stores of a fleet's halls, each once, as a command looks at them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from argosy.spec.loader import LoadedFleet
from argosy_component.site_plan import claims_plan
from argosy_metal.claims import ClaimStore, RunIdentity, open_claims
from argosy_metal.commands.halls import halls_of
from argosy_metal.provider.secrets import resolve_secret


@contextmanager
def stores_of(fleet: LoadedFleet, run: str = "looks only") -> Generator[list[ClaimStore]]:
    """The stores, closed at the end; halls that share one have it once. Opens nothing before the first use.

    `run` is the key of a run that writes, which no other one may ever have.
    Raises FleetError for a fleet without halls.
    """
    settings = [claims_plan(hall.claims) for hall in halls_of(fleet).values()]
    distinct = [plan for index, plan in enumerate(settings) if plan not in settings[:index]]

    def secret(reference: str) -> str:
        return resolve_secret(reference, fleet.root)

    stores = [open_claims(plan, fleet.root, RunIdentity(run), secret) for plan in distinct]
    try:
        yield stores
    finally:
        for store in stores:
            store.close()
