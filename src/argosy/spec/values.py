"""The values of a fleet file as types: names, shares, counts, moments, references."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from argosy.spec.secrets import REFERENCE_FORMS, REFERENCE_PATTERN


def _refuse_text(value: Any) -> Any:
    if isinstance(value, (str, bool)):
        raise PydanticCustomError("number_type", "not a number")
    return value


def _refuse_numbers(value: Any) -> Any:
    # Pydantic would read a number as seconds since 1970.
    if not isinstance(value, (str, dt.datetime)):
        raise PydanticCustomError("datetime_type", "not a date and time")
    return value


FIRST_YEAR, LAST_YEAR = 2000, 8999
"""The years of moments. Next to what a calendar can hold, an offset leads beyond it."""


def is_in_range(moment: dt.datetime) -> bool:
    """Whether a moment with an offset lies, in UTC, in the years that files may name."""
    first, after = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (FIRST_YEAR, LAST_YEAR + 1))
    return first <= moment < after


def _refuse_other_years(value: dt.datetime) -> dt.datetime:
    if not is_in_range(value):
        raise PydanticCustomError("datetime_range", "not a moment of these years")
    return value


NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"

Name = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN, max_length=40),
    Field(description="A name: lower-case letters, digits and single dashes, a letter first, at most 40."),
]
Text = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", max_length=500),
    Field(description="Text on one line, with no space at its ends."),
]
Share = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(ge=0, le=1, description="A share from 0 to 1."),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1, "description": "A share from 0 to 1."}),
]
Pue = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(ge=1, le=3),
    WithJsonSchema({"type": "number", "minimum": 1, "maximum": 3}),
]
Derate = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(gt=0, le=1, description="A share above 0, at most 1."),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
Inrush = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(gt=1, le=100, description="A number above 1, at most 100."),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 1, "maximum": 100}),
]
Nodes = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Positive = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(gt=0, le=1_000_000_000, description="A number above 0."),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "description": "A number above 0."}),
]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    Field(description="A country code of two capitals (ISO 3166-1 alpha-2), e.g. `NO`."),
]
SecretRef = Annotated[
    str,
    StringConstraints(pattern=rf"^({REFERENCE_PATTERN})$"),
    Field(description=f"Where a secret is found, never the secret itself: {REFERENCE_FORMS}."),
]
Sha256 = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="A SHA-256 digest: 64 lower-case hexadecimal digits."),
]
HttpsUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s]*)?$"),
    Field(description="A URL that begins with `https://`."),
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_numbers),
    AfterValidator(_refuse_other_years),
    Field(description="A date and time with its UTC offset, e.g. 2027-03-01T00:00Z."),
    # Without `format`, by which editors would refuse a time without seconds.
    WithJsonSchema({"type": "string"}),
]
KubernetesVersion = Annotated[
    str,
    StringConstraints(pattern=r"^1\.[0-9]{2}$"),
    Field(description='A minor version of Kubernetes in quotes, e.g. "1.34".'),
]
Role = Literal["training", "inference"]


class SpecModel(BaseModel):
    """Base of all parts of the fleet file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)
