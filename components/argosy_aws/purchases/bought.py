"""Whether what AWS has is what the file says. A purchase is never changed, so the file must be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from argosy_aws.purchases.models import CapacityBlock, Reservation

Facts = Mapping[str, str | int | None]
"""Property of the bought resource, in the provider's words, to its value."""


def block_facts(block: CapacityBlock, zone_name: str) -> Facts:
    """What AWS must say of a block that was bought from the file."""
    return {
        "capacity_block_offering_id": block.offering,
        "instance_type": block.instance_type,
        "instance_count": block.instances,
        "availability_zone": zone_name,
        "end_date": block.ends.isoformat(),
    }


def reservation_facts(reserved: Reservation, zone_name: str) -> Facts:
    """What AWS must say of a reservation; its size and its end may be changed, and then are."""
    return {
        "instance_type": reserved.instance_type,
        "availability_zone": zone_name,
        "instance_match_criteria": "targeted",
    }


def differences(name: str, file: Facts, found: Mapping[str, Any]) -> list[str]:
    """A sentence for every fact that AWS has otherwise; what AWS does not tell is left out."""
    return [
        f"{name}: {fact} is {found[fact]}, but the file says {wanted}"
        for fact, wanted in file.items()
        if found.get(fact) not in (None, "") and not _same(wanted, found[fact])
    ]


def _same(wanted: str | int | None, found: Any) -> bool:
    try:
        return dt.datetime.fromisoformat(str(wanted)) == dt.datetime.fromisoformat(str(found))
    except (ValueError, TypeError):
        return str(wanted) == str(found)
