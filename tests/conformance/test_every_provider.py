"""Every registered provider keeps the contract, on a sample fleet of its own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy_component.conformance import deviations, imports_of
from argosy_component.fake import PROVIDER as FAKE
from argosy_component.registry import load_site_providers

if TYPE_CHECKING:
    from conftest import Sample

PROVIDERS = {**load_site_providers(), "fake": FAKE}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_the_provider_keeps_every_rule_of_the_contract(name: str, sample: "Callable[[str], Sample]") -> None:
    world = sample(name)

    assert [] == deviations(PROVIDERS[name], world.fleet, world.lock, world.catalog)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_the_provider_answers_to_the_name_it_is_registered_under(name: str) -> None:
    assert name == PROVIDERS[name].name


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_fleet_the_vendor_would_reject_is_refused_when_it_is_checked(
    name: str, sample: "Callable[[str], Sample]"
) -> None:
    world = sample(f"{name}-refused")

    assert resolve(world.fleet, world.catalog, {name: PROVIDERS[name]})


@pytest.mark.parametrize("name", sorted(load_providers()))
def test_loading_the_descriptor_imports_no_sdk(name: str) -> None:
    assert [] == imports_of(type(PROVIDERS[name]).__module__)
