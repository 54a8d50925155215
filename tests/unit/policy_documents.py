"""The account whose policies are tested, and how their statements are read."""

import json
from typing import Any

from ..aws_plans import ACCOUNT

REGION = "us-east-1"
CLUSTER = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod-aws-use1"


def statements(policy: str | None) -> list[dict[str, Any]]:
    """What a policy document says; there must be one."""
    assert policy is not None
    return json.loads(policy)["Statement"]
