"""Holds a purchase file against what AWS offered: the answer of `aws ec2 describe-capacity-block-offerings`.

An offering's id says nothing about what is behind it. So the answer is kept beside the purchase file, and
whoever reviews the one can let the other prove it, without an account and after the offering is gone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

from argosy.errors import ArgosyError, Fault
from argosy_aws.purchases.load import LoadedPurchases
from argosy_aws.purchases.models import CapacityBlock

Offerings = Mapping[str, Mapping[str, Any]]
"""By the offering's id, in the API's own words."""


class OfferingsError(ArgosyError):
    """The file of offerings cannot be read. Write it again with the AWS CLI, with `--output json`."""

    exit_code = 2


def read_offerings(path: Path) -> Offerings:
    """The offerings of a file that the AWS CLI has written. Raises OfferingsError."""
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
        offered = cast("list[dict[str, Any]]", answer["CapacityBlockOfferings"])
        return {one["CapacityBlockOfferingId"]: one for one in offered}
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no answer of the AWS CLI in JSON"
        msg = f"{path}: {reason}; write it with `aws ec2 describe-capacity-block-offerings … --output json`"
        raise OfferingsError(msg) from error


def offering_faults(purchases: LoadedPurchases, offerings: Offerings) -> Iterator[Fault]:
    """Every block that is still to be bought and is not what AWS offered."""
    for name, block in purchases.spec.capacity_blocks.items():
        if block.bought is not None or block.offering is None:
            continue
        path = ("capacity_blocks", name)
        offering = offerings.get(block.offering)
        if offering is None:
            yield purchases.places.fault(
                (*path, "offering"),
                given=block.offering,
                expected=f"one of the {len(offerings)} offerings in the file",
                fix="ask AWS again: offerings last for minutes",
            )
            continue
        for field, ours, theirs in _compared(purchases, block, offering):
            if ours != theirs:
                yield purchases.places.fault(
                    (*path, field), given=ours, expected=f"{theirs}, as offered", fix="write what is offered"
                )


def _compared(
    purchases: LoadedPurchases, block: CapacityBlock, offering: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Field, what the file says, what AWS says."""
    zone = purchases.spec.zones[block.zone]
    yield "instance_type", block.instance_type, str(offering.get("InstanceType"))
    yield "instances", str(block.instances), str(offering.get("InstanceCount"))
    yield "zone", zone, str(offering.get("AvailabilityZone"))
    yield "starts", _utc(block.starts), _utc(offering.get("StartDate"))
    yield "ends", _utc(block.ends), _utc(offering.get("EndDate"))
    fee = f"{_money(offering.get('UpfrontFee'))} {offering.get('CurrencyCode')}"
    yield "upfront_fee_usd", f"{block.upfront_fee_usd:.2f} USD", fee


def _utc(moment: object) -> str:
    if not isinstance(moment, dt.datetime):
        try:
            moment = dt.datetime.fromisoformat(str(moment))
        except ValueError:
            return "no date"
    return moment.astimezone(dt.UTC).isoformat() if moment.tzinfo else "a date without an offset"


def _money(amount: object) -> str:
    try:
        return f"{Decimal(str(amount)):.2f}"
    except InvalidOperation:
        return "no sum"
