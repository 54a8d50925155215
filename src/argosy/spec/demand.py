"""The demand and what must survive, as types: jobs, services, floors, contingencies."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from argosy.spec.values import Country, Name, Positive, Share, SpecModel, Text


class TrainingDemand(SpecModel):
    """A training job: a gang of nodes inside one fabric."""

    name: Name
    accelerator: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Accelerators that would do, best first."""
    nodes: Annotated[int, Field(strict=True, ge=1)]
    protected: Annotated[bool, Field(strict=True)] = False
    """Whether the job must run on after a loss; others may be stopped."""
    checkpoint_minutes: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Time between two checkpoints."""
    checkpoint_gb: Positive | None = None
    """Size of one checkpoint, in GB: what uplinks must carry to `replicated_to`, and what egress costs."""
    replicated_to: tuple[Name, ...] = ()
    """Sites that hold a copy of the checkpoints."""
    residency: tuple[Country, ...] = ()
    """Countries in which the job may run; left out: all."""


class InferenceDemand(SpecModel):
    """A service that answers requests. `nodes` pins its size."""

    name: Name
    accelerator: Annotated[tuple[Text, ...], Field(min_length=1)]
    nodes: Annotated[int, Field(strict=True, ge=1)] | None = None
    model: Text | None = None
    requests_per_month: Annotated[int, Field(strict=True, ge=1)] | None = None
    input_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    output_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    ttft_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Target for the time to the first token, in milliseconds."""
    tpot_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Target for the time per output token after the first, in milliseconds."""
    precision: Text | None = None
    """Number format that the model is served in, e.g. `fp8`; left out: the best rate of any."""
    diurnal_factor: Positive | None = None
    """Busiest hour over the mean hour."""
    burst_factor: Positive | None = None
    """Peak within the busiest hour over its mean."""
    utilisation: Share | None = None
    """Share of the rate that is planned with at peak, so that queues stay short."""
    latency_derate: Share | None = None
    """Share of the saturated rate that is left when `ttft_ms` and `tpot_ms` are kept."""
    availability: Share | None = None
    """Share of the nodes that are in service at any time."""
    regions: dict[Name, Share] = Field(default={})
    """Share of the requests that come from each region; shares add up to 1."""
    residency: dict[Name, Annotated[tuple[Country, ...], Field(min_length=1)]] = Field(default={})
    """Region of users to the countries in which their requests may be answered; a region left out: all."""


class DemandSpec(SpecModel):
    """What the fleet is for."""

    training: tuple[TrainingDemand, ...] = ()
    inference: tuple[InferenceDemand, ...] = ()


class KeepSpec(SpecModel):
    """The floor: what share of each kind of demand must still be served. Left out means 0."""

    training: Share = Decimal(0)
    inference: Share = Decimal(0)
    workloads: dict[Name, Share] = Field(default={})
    """Floors of single workloads, before that of their kind; a job runs whole or, at 0, need not run."""


def _zero_as_text(value: Any) -> Any:
    # `within: 0` is what people write; `false`, which Python takes for 0 as well, is not.
    return "0" if type(value) is int and value == 0 else value


Within = Annotated[
    Literal["0", "15m", "4h"],
    BeforeValidator(_zero_as_text),
    WithJsonSchema({"enum": ["0", 0, "15m", "4h"]}),
]


class SurvivalSpec(SpecModel):
    """A contingency and its floor."""

    # A description of the field's own, since editors would be shown that of `Text` instead of a docstring.
    lose: Text = Field(
        json_schema_extra={
            "description": "`any provider | any site | any zone | any feed | any uplink | any rack | spot | "
            "any two providers | any carrier | any entry | any power supplier | any power unit | "
            "any risk group`, or the name of one: "
            "a provider, a site, a risk group, `zone PROVIDER/ZONE`, `feed SITE/FEED`, `uplink SITE/UPLINK`, "
            "`entry SITE/ENTRY`, `power unit SITE/UNIT`, `rack SITE/RACK`."
        }
    )
    keep: KeepSpec
    within: Within = "0"
    """Time until the floor must hold again."""


class MaxShareSpec(SpecModel):
    """Most of the fleet's accelerators that one party may hold."""

    provider: Share
