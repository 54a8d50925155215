import json
from typing import Any

from argosy_aws.policies import POD_IDENTITY, cluster_key_policy, trust_policy, volume_key_policy

ACCOUNT, REGION = "111122223333", "us-east-1"


def statements(policy: str) -> list[dict[str, Any]]:
    return json.loads(policy)["Statement"]


def test_pods_may_tag_the_session_they_open_and_services_may_not() -> None:
    assert ["sts:AssumeRole", "sts:TagSession"] == statements(trust_policy(POD_IDENTITY))[0]["Action"]
    assert ["sts:AssumeRole"] == statements(trust_policy("ec2.amazonaws.com"))[0]["Action"]


def test_a_trust_policy_names_no_resource() -> None:
    assert "Resource" not in statements(trust_policy("ec2.amazonaws.com"))[0]


def test_whoever_uses_a_volume_key_must_be_of_the_account_and_come_through_ec2() -> None:
    anyone = [
        rule for rule in statements(volume_key_policy(ACCOUNT, REGION)) if rule["Principal"]["AWS"] == "*"
    ]

    assert 1 == len(anyone)
    assert {
        "StringEquals": {"kms:CallerAccount": ACCOUNT, "kms:ViaService": "ec2.us-east-1.amazonaws.com"}
    } == anyone[0]["Condition"]
    assert "kms:*" not in anyone[0]["Action"]


def test_only_the_cluster_s_own_log_group_may_use_its_key() -> None:
    logs = statements(cluster_key_policy(ACCOUNT, REGION, "prod-aws-use1"))[1]

    assert {"Service": "logs.us-east-1.amazonaws.com"} == logs["Principal"]
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/eks/prod-aws-use1/cluster"
    assert {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}} == logs["Condition"]


def test_the_account_itself_always_keeps_its_keys() -> None:
    for policy in (cluster_key_policy(ACCOUNT, REGION, "prod"), volume_key_policy(ACCOUNT, REGION)):
        assert {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} == statements(policy)[0]["Principal"]
