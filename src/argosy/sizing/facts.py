"""The facts that sizing rests on: published serving rates, and values for what a service leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

import argosy.catalog
from argosy.catalog.models import CatalogModel, Provenance
from argosy.spec.document import read_document
from argosy.spec.rates import RateSpec, RatesSpec

_DATA = Path(argosy.catalog.__file__).parent / "data" / "rates"


class Default(Provenance):
    """A value that is taken when the service gives none, and why."""

    value: Annotated[Decimal, Field(gt=0)]


class Defaults(CatalogModel):
    """What stands in for the optional fields of a service; each without a unit."""

    diurnal_factor: Default
    burst_factor: Default
    utilisation: Default
    latency_derate: Default
    availability: Default
    availability_by_accelerator: Mapping[str, Default] = Field(default={})
    """Accelerators whose availability was measured; for the others `availability` holds."""

    def of(self, name: str, accelerator: str | None = None) -> Default:
        """The default of a service's field `name`, for that accelerator where it differs."""
        default: Default = getattr(self, name)
        if name == "availability":
            return self.availability_by_accelerator.get(accelerator or "", default)
        return default


@lru_cache(maxsize=1)
def load_defaults() -> Defaults:
    """The defaults that Argosy ships, read once per process."""
    return Defaults.model_validate(_read("defaults.yaml"))


@lru_cache(maxsize=1)
def published_rates() -> tuple[RateSpec, ...]:
    """The serving rates that vendors publish, read once per process. All are at saturation."""
    return RatesSpec.model_validate(_read("published.yaml")).rates


def _read(name: str) -> Any:
    # By the reader of fleet files: its numbers are exact decimals, where a YAML library gives floats.
    return read_document((_DATA / name).read_text(encoding="utf-8"), name).value
