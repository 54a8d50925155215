"""Finding the registered providers."""

from importlib.metadata import EntryPoint

import pytest

import argosy.providers
from argosy.errors import ArgosyError
from argosy.providers import load_providers


def test_the_providers_that_come_with_argosy_are_found_in_the_order_of_their_names() -> None:
    assert ["aws", "gcp", "metal"] == list(load_providers())


def test_a_registered_provider_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("nimbus", "argosy_nimbus.descriptor:PROVIDER", argosy.providers.GROUP)

    def registered(group: str) -> list[EntryPoint]:
        return [broken] if group == argosy.providers.GROUP else []

    monkeypatch.setattr(argosy.providers, "entry_points", registered)

    with pytest.raises(ArgosyError, match="provider 'nimbus' is registered"):
        load_providers()
