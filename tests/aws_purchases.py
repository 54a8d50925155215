"""A purchase file with one of everything that can be bought, and what AWS says of its zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .aws_plans import ACCOUNT

ZONE_OF = "aws:index/getAvailabilityZone:getAvailabilityZone"
ZONES = {"use1-az4": "us-east-1c", "use1-az6": "us-east-1d"}

_RESERVATION: dict[str, Any] = {
    "instance_type": "g6e.48xlarge",
    "instances": 2,
    "zone": "use1-az4",
    "owner": "serving",
    "usd_per_hour": 30,
}
PURCHASES: dict[str, Any] = {
    "version": 1,
    "account": ACCOUNT,
    "region": "us-east-1",
    "zones": ZONES,
    "budget_usd": 2_000_000,
    "approved": {"by": "Capacity board", "ticket": "CAP-1042", "at": "2026-12-14T09:00Z"},
    "counted_until": "2027-04-01T00:00Z",
    "capacity_blocks": {
        "train": {
            "offering": "cb-0123456789abcdef0",
            "upfront_fee_usd": 894_700,
            "instance_type": "p5en.48xlarge",
            "instances": 64,
            "zone": "use1-az4",
            "starts": "2027-01-11T11:30Z",
            "ends": "2027-01-25T11:30Z",
        }
    },
    "reservations": {
        "serve": {**_RESERVATION, "instances": 8, "zone": "use1-az6", "placement_group": "close"},
        "until-march": {**_RESERVATION, "ends": "2027-03-01T02:00:30+02:00"},
        "older": {**_RESERVATION, "bought": "cr-0aaaaaaaaaaaaaaa0"},
    },
    "groups": {"serve-all": {"reservations": ["serve", "older"]}},
}


def answer_zone(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """What AWS answers to a question for a zone by its name."""
    ids = {name: zone for zone, name in ZONES.items()}
    return {"name": asked["name"], "zoneId": ids[asked["name"]]}
