from argosy_aws.policies import (
    cluster_key_policy,
    fsx_driver_policy,
    pod_trust_policy,
    trust_policy,
    volume_key_policy,
)

from ..aws_plans import ACCOUNT
from .policy_documents import CLUSTER, REGION, statements


def test_a_service_may_take_on_a_role_and_tag_nothing() -> None:
    assert ["sts:AssumeRole"] == statements(trust_policy("ec2.amazonaws.com"))[0]["Action"]


def test_a_pod_s_role_is_for_one_service_account_of_one_cluster() -> None:
    (trust,) = statements(pod_trust_policy(CLUSTER, "kube-system", "aws-node"))

    assert {"Service": "pods.eks.amazonaws.com"} == trust["Principal"]
    # Pod Identity tags the session it opens, and says in the tags whose it is.
    assert ["sts:AssumeRole", "sts:TagSession"] == trust["Action"]
    assert {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": CLUSTER,
            "aws:RequestTag/kubernetes-namespace": "kube-system",
            "aws:RequestTag/kubernetes-service-account": "aws-node",
        }
    } == trust["Condition"]


def test_a_trust_policy_names_no_resource() -> None:
    for policy in (trust_policy("ec2.amazonaws.com"), pod_trust_policy(CLUSTER, "kube-system", "aws-node")):
        assert "Resource" not in statements(policy)[0]


def test_whoever_uses_a_volume_key_must_be_of_the_account_and_come_through_ec2() -> None:
    anyone = [
        rule for rule in statements(volume_key_policy(ACCOUNT, REGION)) if rule["Principal"]["AWS"] == "*"
    ]

    assert 2 == len(anyone)
    for rule in anyone:
        assert {
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": "ec2.us-east-1.amazonaws.com",
        } == rule["Condition"]["StringEquals"]
        assert "kms:*" not in rule["Action"]


def test_a_volume_key_is_granted_to_aws_itself_alone() -> None:
    granting = [
        rule for rule in statements(volume_key_policy(ACCOUNT, REGION)) if "kms:CreateGrant" in rule["Action"]
    ]

    assert 1 == len(granting)
    assert {"kms:GrantIsForAWSResource": "true"} == granting[0]["Condition"]["Bool"]


def test_the_ebs_driver_can_use_the_volume_key() -> None:
    allowed = {
        action
        for rule in statements(volume_key_policy(ACCOUNT, REGION))
        if rule["Principal"]["AWS"] == "*"
        for action in rule["Action"]
    }

    # EKS user guide, "Use Kubernetes volume storage with Amazon EBS", for a key of one's own.
    needed = {
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    }
    assert needed == allowed


def test_only_the_cluster_s_own_log_group_may_use_its_key() -> None:
    logs = statements(cluster_key_policy(ACCOUNT, REGION, "prod-aws-use1"))[1]

    assert {"Service": "logs.us-east-1.amazonaws.com"} == logs["Principal"]
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/eks/prod-aws-use1/cluster"
    assert {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}} == logs["Condition"]


def test_the_account_itself_always_keeps_its_keys() -> None:
    for policy in (cluster_key_policy(ACCOUNT, REGION, "prod"), volume_key_policy(ACCOUNT, REGION)):
        assert {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} == statements(policy)[0]["Principal"]


def test_the_fsx_driver_makes_and_deletes_nothing() -> None:
    (rule,) = statements(fsx_driver_policy(ACCOUNT, REGION))

    assert ["fsx:DescribeFileSystems"] == rule["Action"]
    assert f"arn:aws:fsx:us-east-1:{ACCOUNT}:file-system/*" == rule["Resource"]
    assert "Principal" not in rule
