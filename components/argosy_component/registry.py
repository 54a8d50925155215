"""Finds the providers that can declare sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from argosy.providers import load_providers
from argosy_component.contract import SiteProvider


def load_site_providers() -> Mapping[str, SiteProvider]:
    """Every registered provider by name. None of them imports its SDK before it declares something."""
    return cast("Mapping[str, SiteProvider]", load_providers())
