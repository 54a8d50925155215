"""Each check of the conformance suite fails on a provider that breaks just that rule."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, cast

import pulumi
import pytest

from argosy.catalog import Catalog
from argosy.errors import Fault
from argosy.providers import Capability
from argosy.spec.loader import LoadedFleet
from argosy_component.conformance import deviations, imports_of
from argosy_component.contract import NodePoolPlan, PoolHandle, Site, SitePlan
from argosy_component.fake import FakeProvider

if TYPE_CHECKING:
    from conftest import Sample

RUNS = count()


class ForgetsAPool(FakeProvider):
    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        return super().declare_site(replace(plan, node_pools=plan.node_pools[:1]), opts)


class ChangesHandles(FakeProvider):
    """Changes every handle; subclasses say how."""

    def change(self, handle: PoolHandle) -> PoolHandle:
        raise NotImplementedError

    def declare_pool(self, plan: SitePlan, pool: NodePoolPlan, site: pulumi.Resource) -> PoolHandle:
        return self.change(super().declare_pool(plan, pool, site))


class MiscountsNodes(ChangesHandles):
    def change(self, handle: PoolHandle) -> PoolHandle:
        return replace(handle, nodes=handle.nodes + 1)


class MiscountsAccelerators(ChangesHandles):
    def change(self, handle: PoolHandle) -> PoolHandle:
        return replace(handle, accelerators_per_node=1)


class SelectsNothing(ChangesHandles):
    def change(self, handle: PoolHandle) -> PoolHandle:
        return replace(handle, node_selector={})


class HidesTopology(ChangesHandles):
    def change(self, handle: PoolHandle) -> PoolHandle:
        return replace(handle, topology_keys=())


class InventsAnEnd(ChangesHandles):
    def change(self, handle: PoolHandle) -> PoolHandle:
        return replace(handle, capacity_ends="2027-01-01T00:00:00+00:00")


class DeclaresOutsideItsSite(FakeProvider):
    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        pulumi.ComponentResource("argosy:fake:Stray", "stray")
        return super().declare_site(plan, opts)


class HasNoComponentOfTheSitesName(FakeProvider):
    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        site = super().declare_site(replace(plan, name="other"), opts)
        return replace(site, name=plan.name)


class DiffersBetweenRuns(FakeProvider):
    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        return super().declare_site(replace(plan, tags={"run": str(next(RUNS))}), opts)


class IgnoresTheCount(FakeProvider):
    def declare_pool(self, plan: SitePlan, pool: NodePoolPlan, site: pulumi.Resource) -> PoolHandle:
        handle = super().declare_pool(plan, replace(pool, nodes=1, by_zone={}), site)
        return replace(handle, nodes=pool.nodes)


class CannotBePreviewed(FakeProvider):
    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        if pulumi.runtime.is_dry_run():
            raise ValueError("no ids yet")
        return super().declare_site(plan, opts)


class LeaksItsKubeconfig(FakeProvider):
    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        return replace(super().declare_site(plan, opts), kubeconfig=pulumi.Output.from_input("token"))


class RefusesEverything(FakeProvider):
    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        return [fleet.fault(f"sites.{site}", given="it", expected="nothing", fix="give up")]


class CanDoNothing(FakeProvider):
    capabilities = frozenset[Capability]()


class CanDoTheUnheardOf(FakeProvider):
    capabilities = FakeProvider.capabilities | cast("frozenset[Capability]", frozenset({"teleport"}))


BROKEN = {
    "Site.pools has ['serve'], the plan ['serve', 'train']": ForgetsAPool,
    "the handle counts 3 nodes, the plan 2": MiscountsNodes,
    "the handle counts 1 accelerators per node": MiscountsAccelerators,
    "no node selector": SelectsNothing,
    "no topology keys": HidesTopology,
    "the handle says that capacity ends 2027": InventsAnEnd,
    "argosy:fake:Stray stray stands outside": DeclaresOutsideItsSite,
    "no component of that name": HasNoComponentOfTheSitesName,
    "two runs of one plan declare different resources": DiffersBetweenRuns,
    "one node more in the plan changes no resource": IgnoresTheCount,
    "cannot be previewed before it exists: no ids yet": CannotBePreviewed,
    "the kubeconfig is not secret": LeaksItsKubeconfig,
    "refuses its own sample fleet": RefusesEverything,
    "capabilities is empty": CanDoNothing,
    "capabilities has teleport": CanDoTheUnheardOf,
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_rule_is_named(sentence: str, sample: "Callable[[str], Sample]") -> None:
    world = sample("fake")

    found = deviations(BROKEN[sentence](), world.fleet, world.lock, world.catalog)

    assert any(sentence in deviation for deviation in found), found


def test_a_descriptor_that_imports_an_sdk_is_found_out() -> None:
    assert "pulumi" in imports_of("argosy_component.fleet")
