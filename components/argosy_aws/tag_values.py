"""What may be the value of a tag in all of AWS."""

from __future__ import annotations

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


def _refuse_reserved(value: str) -> str:
    if value.lower().startswith("aws:"):
        raise PydanticCustomError("reserved_tag", "begins with what AWS keeps for itself")
    return value


NOT_RESERVED = AfterValidator(_refuse_reserved)
"""Refuses values that begin with `aws:`, in small letters or capitals.

EC2 keeps only keys of that form for itself, other services values too.
Source: AWS Batch user guide, tag restrictions; Tag of ECS's service model.
"""
