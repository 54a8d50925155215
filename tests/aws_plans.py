"""The plain AWS site and node pool of the tests, sound but for what a test changes in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from argosy.catalog import InstanceType, load_catalog
from argosy_aws.settings import AwsPoolSettings, AwsSiteSettings
from argosy_component.contract import NodePoolPlan, SitePlan

ACCOUNT = "111122223333"
RESERVATION = "cr-0123456789abcdef0"


def aws_type(name: str) -> InstanceType:
    """An instance type of the catalogue."""
    return load_catalog().instance_type("aws", name)


def aws_pool(instance_type: str = "p5en.48xlarge", *, nodes: int = 8, **changes: Any) -> NodePoolPlan:
    """A pool `train` in use1-az4, on demand where the changes do not say otherwise."""
    plan = NodePoolPlan(
        name="train",
        role="training",
        node_type=aws_type(instance_type),
        nodes=nodes,
        by_zone={"use1-az4": nodes},
        capacity_type="on-demand",
    )
    return replace(plan, **changes)


def aws_plan(*pools: NodePoolPlan, **changes: Any) -> SitePlan:
    """The site `aws-use1` of the fleet `prod`, with these pools, without peers and settings."""
    plan = SitePlan(
        fleet="prod",
        name="aws-use1",
        provider="aws",
        region="us-east-1",
        country="US",
        account=ACCOUNT,
        kubernetes_version="1.34",
        cidr="10.16.0.0/16",
        node_pools=pools,
        tags={"argosy-fleet": "prod", "argosy-site": "aws-use1"},
    )
    return replace(plan, **changes)


def pool_settings(**values: Any) -> AwsPoolSettings:
    """What a user writes under `settings:` of a pool, read."""
    return AwsPoolSettings.model_validate(values)


def site_settings(**values: Any) -> AwsSiteSettings:
    """What a user writes under `settings:` of a site, read."""
    return AwsSiteSettings.model_validate(values)
