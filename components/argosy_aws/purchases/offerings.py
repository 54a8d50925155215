"""Holds a purchase file against what AWS offered: the answer of `aws ec2 describe-capacity-block-offerings`.

An offering's id says nothing about what is behind it. So the answer is kept beside the purchase file, and
whoever reviews the one can let the other prove it, without an account and after the offering is gone.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from argosy.errors import ArgosyError, Fault
from argosy.spec.files import MAX_BYTES, read_start
from argosy.spec.values import is_in_range
from argosy.spec.words import shortened
from argosy_aws.purchases.load import LoadedPurchases
from argosy_aws.purchases.models import CapacityBlock

Offerings = Mapping[str, Mapping[str, Any]]
"""By the offering's id, in the API's own words. Numbers are texts, as they stand in the file."""

_SUM = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


class OfferingsError(ArgosyError):
    """The file of offerings cannot be read. Write it again with the AWS CLI, with `--output json`."""

    exit_code = 2


def read_offerings(path: Path) -> Offerings:
    """The offerings of a file of at most 1 MB that the AWS CLI has written. Raises OfferingsError."""
    text = _read(path)
    try:
        # No number is made of digits: of a million of them, that takes all memory or all day.
        answer = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        offered = cast("list[dict[str, Any]]", answer["CapacityBlockOfferings"])
        return {str(one["CapacityBlockOfferingId"]): one for one in offered}
    except (json.JSONDecodeError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path, "no answer of the AWS CLI in JSON") from error


def _read(path: Path) -> str:
    try:
        content = read_start(path, MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or "cannot be read") from error
    if content is None:
        raise _unreadable(path, "a pipe or a device")
    if len(content) > MAX_BYTES:
        raise _unreadable(path, "a file of more than 1 MB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path, "no answer of the AWS CLI in JSON") from error


def _unreadable(path: Path, reason: str) -> OfferingsError:
    return OfferingsError(
        f"{path}: {reason}; write it with `aws ec2 describe-capacity-block-offerings … --output json`"
    )


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
    yield "instance_type", block.instance_type, _text(offering.get("InstanceType"))
    yield "instances", str(block.instances), _text(offering.get("InstanceCount"))
    yield "zone", zone, _text(offering.get("AvailabilityZone"))
    yield "starts", _utc(block.starts), _utc(offering.get("StartDate"))
    yield "ends", _utc(block.ends), _utc(offering.get("EndDate"))
    fee = f"{_money(offering.get('UpfrontFee'))} {_text(offering.get('CurrencyCode'))}"
    yield "upfront_fee_usd", f"{block.upfront_fee_usd:.2f} USD", fee


def _text(value: object) -> str:
    return shortened(value) if isinstance(value, str) else "nothing that can be compared"


def _utc(moment: object) -> str:
    if isinstance(moment, str):
        try:
            moment = dt.datetime.fromisoformat(moment)
        except ValueError:
            return "no date"
    if not isinstance(moment, dt.datetime):
        return "no date"
    if moment.tzinfo is None:
        return "a date without an offset"
    return moment.astimezone(dt.UTC).isoformat() if is_in_range(moment) else "no date"


def _money(amount: object) -> str:
    return f"{Decimal(amount):.2f}" if isinstance(amount, str) and _SUM.fullmatch(amount) else "no sum"
