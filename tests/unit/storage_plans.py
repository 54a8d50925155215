"""A site whose storage is tested: one peer in another account and one in its own."""

from dataclasses import replace
from typing import Any

from argosy_component.contract import PeerPlan, SitePlan

from ..aws_plans import ACCOUNT, aws_plan, site_settings

OTHER_ACCOUNT = "444455556666"
PLAN = aws_plan(
    peers=(
        PeerPlan("aws-far", "aws", region="ap-southeast-1", account=OTHER_ACCOUNT),
        PeerPlan("aws-usw2", "aws", region="us-west-2", account=ACCOUNT),
    ),
)


def planned(**settings: Any) -> SitePlan:
    """The site with these settings."""
    return replace(PLAN, settings=site_settings(**settings))
