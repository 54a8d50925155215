"""`pulumi up -s ENV`: load the fleet file, load its lock, verify it, declare the sites, join them."""

import os
from pathlib import Path

import pulumi

from argosy.catalog import catalog_of
from argosy.errors import ArgosyError, FleetError
from argosy.planner.lock import load_lock
from argosy.planner.verify import verify_plan
from argosy.resolve import resolve
from argosy.spec.loader import load_spec
from argosy_component.checkpoints import assert_checkpoints
from argosy_component.fleet import Fleet
from argosy_component.garbage import garbage_unsought
from argosy_component.outputs import export_sites
from argosy_component.registry import load_site_providers
from argosy_component.site_plan import site_plans

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def declare_fleet() -> None:
    config = pulumi.Config("argosy")
    fleet = load_spec(config.get("fleet") or pulumi.get_stack(), start=PROJECT_ROOT)
    catalog, providers = catalog_of(fleet), load_site_providers()
    if faults := resolve(fleet, catalog, providers):
        raise FleetError(faults)
    lock = load_lock(fleet)
    verify_plan(fleet, lock, catalog)

    plans = site_plans(fleet, lock, catalog, scope=config.get("scope") or "")
    assert_checkpoints({plan.name: plan.provider for plan in plans}, os.environ)

    Fleet(fleet, lock, catalog)
    sites = [providers[plan.provider].declare_site(plan) for plan in plans]
    for site in sites:
        providers[site.provider].declare_links(site, [peer for peer in sites if peer is not site])
    export_sites(sites)


try:
    with garbage_unsought():
        declare_fleet()
except ArgosyError as error:
    # A RunError is shown as its message alone; anything else would be shown as a traceback.
    raise pulumi.RunError(str(error)) from error
