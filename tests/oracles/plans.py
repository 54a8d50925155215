"""The sites that the oracles look at: a pool of every capacity type, of every fabric, and one of all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from argosy.catalog import InstanceType, load_catalog
from argosy_aws.settings import (
    AwsPoolSettings,
    AwsSiteSettings,
    BucketReader,
    BucketSettings,
    DirectConnectPort,
    HallSettings,
    JoinSettings,
    LustreSettings,
    VpnEndpoint,
)
from argosy_component.contract import NodePoolPlan, PeerPlan, SitePlan

from ..aws_plans import RESERVATION, aws_plan, aws_pool, aws_type

ROOT = Path(__file__).parents[1] / "fixtures" / "fleets"
"""Stands for a project's root: what settings name by path lies below it."""

_GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/gpus"


def _without_fabric() -> InstanceType:
    # The catalogue holds whole nodes only, and all of those take EFA. A small one of the family does not.
    small = aws_type("g6e.24xlarge")
    changes: dict[str, Any] = {
        "name": "g6e.4xlarge",
        "accelerators": 1,
        "fabric": "none",
        "max_efa_interfaces": None,
        "network_cards": small.network_cards[:1],
    }
    return small.model_copy(update=changes)


TRAIN = aws_pool()
_BLOCK_ENDS = "2027-03-01T11:30:00+00:00"

CAPACITIES: dict[str, NodePoolPlan] = {
    "on-demand": TRAIN,
    "spot": replace(TRAIN, role="inference", capacity_type="spot"),
    "reserved": replace(TRAIN, capacity_type="reserved", reservation=RESERVATION),
    "reserved-group": replace(TRAIN, capacity_type="reserved", reservation=_GROUP),
    "block": replace(TRAIN, capacity_type="block", reservation=RESERVATION, capacity_ends=_BLOCK_ENDS),
    "block-ahead": replace(
        TRAIN,
        capacity_type="block",
        reservation=RESERVATION,
        capacity_starts="2027-02-01T11:30:00+00:00",
        capacity_ends=_BLOCK_ENDS,
    ),
}
"""One pool of every way to get capacity."""

FABRICS: dict[str, NodePoolPlan] = {
    "p5en": replace(TRAIN, capacity_type="reserved", reservation=RESERVATION),
    "p6-b300": replace(
        TRAIN,
        node_type=aws_type("p6-b300.48xlarge"),
        capacity_type="block",
        reservation=RESERVATION,
        capacity_ends=_BLOCK_ENDS,
    ),
    "gb200": replace(
        TRAIN,
        node_type=aws_type("p6e-gb200.36xlarge"),
        nodes=9,
        by_zone={"use1-dfw2-az1": 9},
        capacity_type="block",
        reservation=RESERVATION,
        capacity_ends=_BLOCK_ENDS,
    ),
    "trn2": replace(
        TRAIN, node_type=aws_type("trn2.48xlarge"), capacity_type="reserved", reservation=RESERVATION
    ),
    "none": replace(
        TRAIN, role="inference", node_type=_without_fabric(), by_zone={"use1-az4": 5, "use1-az6": 3}
    ),
}
"""One pool of every fabric that differs in a template."""

EVERY_TYPE: dict[str, NodePoolPlan] = {
    entry.name: replace(TRAIN, node_type=entry)
    for entry in load_catalog().instance_types.values()
    if entry.provider == "aws"
}
"""One pool of each of the catalogue's types."""

POOL_SETTINGS: dict[str, NodePoolPlan] = {
    "image": replace(TRAIN, settings=AwsPoolSettings(image="ami-0123456789abcdef0")),
    "image-cache": replace(TRAIN, settings=AwsPoolSettings(image_cache="snap-0123456789abcdef0")),
    "also": replace(
        CAPACITIES["spot"],
        node_type=aws_type("p5.48xlarge"),
        settings=AwsPoolSettings(also=("p5e.48xlarge",)),
    ),
    "mig": replace(CAPACITIES["on-demand"], role="inference", settings=AwsPoolSettings(mig="all-1g.18gb")),
    "placement": replace(CAPACITIES["reserved"], settings=AwsPoolSettings(placement_group="bought-in")),
}
"""One pool of every setting that changes what is declared."""

_HALL = HallSettings(
    vpn=(
        VpnEndpoint(location="oslo-a", address="8.8.4.4", asn=65010),
        VpnEndpoint(location="oslo-b", address="8.8.8.8", asn=4_200_000_010),
    )
)
_DIRECT = HallSettings(
    direct_connect=(
        DirectConnectPort(location="ams-a", connection="dxcon-fh6ayh1d", vlan=101, asn=65020),
        DirectConnectPort(location="ams-b", connection="dxcon-fh6ayh1e", vlan=102, asn=65020),
    ),
    joins=JoinSettings(
        pods="10.66.0.0/16",
        through="ssm",
        machines=64,
        expires=dt.datetime(2027, 1, 15, 12, tzinfo=dt.UTC),
    ),
)
SETTINGS = AwsSiteSettings(
    image_release="1.34.2-20260115",
    administrators=("arn:aws:iam::111122223333:role/platform",),
    viewers=("arn:aws:iam::111122223333:role/research",),
    support="extended",
    control_plane="tier-xl",
    halls={
        "oslo": _HALL.model_copy(
            update={"joins": JoinSettings(pods="10.65.0.0/16", certificate_authority="oslo-ca.pem")}
        ),
        "amsterdam": _DIRECT,
    },
    buckets={
        "weights": BucketSettings(holds="weights", replicate_to=("aws-apse2",)),
        "checkpoints": BucketSettings(
            holds="checkpoints",
            expire_days=90,
            replicate_to=("aws-euw1",),
            readers={
                "gcp-usc1": BucketReader(google_subject="109876543210987654321"),
                "oslo": BucketReader(),
            },
        ),
        "data": BucketSettings(holds="data", replicas_from=("aws-apse2",)),
    },
    lustre={
        "scratch": LustreSettings(zone="use1-az4", capacity_gib=19_200, metadata_iops=12_000, bucket="data"),
        "home": LustreSettings(zone="use1-az6", capacity_gib=1200, efa=False, backup_days=7),
    },
)
"""Every setting of a site at once."""

PEERS = (
    PeerPlan("amsterdam", "metal", country="NL", cidr="10.64.0.0/17"),
    PeerPlan("aws-apse2", "aws", "ap-southeast-2", "444455556666", "AU", "10.18.0.0/16"),
    PeerPlan("aws-euw1", "aws", "eu-west-1", "111122223333", "IE", "10.17.0.0/16"),
    PeerPlan("gcp-usc1", "gcp", "us-central1", "lab-prod", "US", "10.32.0.0/16"),
    PeerPlan("oslo", "metal", country="NO", cidr="10.64.128.0/17"),
)


def site(pools: Iterable[NodePoolPlan], **changes: Any) -> SitePlan:
    """A site of these pools, without settings."""
    return aws_plan(*pools, **{"peers": PEERS, "root": str(ROOT), **changes})


def site_of_every_type() -> SitePlan:
    """One site with a pool of each of the catalogue's types, which bears the type's name."""
    return site(replace(pool, name=name.replace(".", "-")) for name, pool in sorted(EVERY_TYPE.items()))


def site_of_everything() -> SitePlan:
    """One site with every pool above and every setting: whatever an AWS site can declare is in its graph."""
    pools = {
        f"{kind}-{name}".replace(".", "-"): pool
        for kind, known in (("c", CAPACITIES), ("f", FABRICS), ("s", POOL_SETTINGS))
        for name, pool in known.items()
    }
    return site((replace(pool, name=name) for name, pool in sorted(pools.items())), settings=SETTINGS)
