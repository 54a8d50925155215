import json

from argosy_aws.halls.policies import (
    CERTIFICATE_NAME,
    activation_rights,
    activation_trust,
    certificate_trust,
    describe_cluster_rights,
)
from argosy_aws.network.policies import (
    flow_logs_rights,
    flow_logs_trust,
    logs_key_policy,
    s3_endpoint_policy,
)

from ..aws_plans import ACCOUNT
from .policy_documents import CLUSTER, REGION, statements


def test_a_machine_may_log_in_under_the_name_of_its_certificate_only() -> None:
    session, login = statements(certificate_trust("anchor"))

    assert ["sts:SetSourceIdentity", "sts:TagSession"] == session["Action"]
    assert ["sts:AssumeRole"] == login["Action"]
    assert {"sts:RoleSessionName": "${aws:PrincipalTag/x509Subject/CN}"} == login["Condition"]["StringEquals"]
    assert "${aws:PrincipalTag/x509Subject/CN}" == CERTIFICATE_NAME


def test_certificates_of_another_authority_open_nothing() -> None:
    for statement in statements(certificate_trust("anchor")):
        assert {"aws:SourceArn": "anchor"} == statement["Condition"]["ArnEquals"]
        assert {"Service": "rolesanywhere.amazonaws.com"} == statement["Principal"]


def test_services_take_on_a_role_for_this_account_alone() -> None:
    for policy in (activation_trust(ACCOUNT, REGION), flow_logs_trust(ACCOUNT, REGION)):
        (statement,) = statements(policy)
        assert {"aws:SourceAccount": ACCOUNT} == statement["Condition"]["StringEquals"]
        assert f":{REGION}:{ACCOUNT}:" in json.dumps(statement["Condition"])


def test_a_hybrid_node_reads_about_its_own_cluster_and_no_other() -> None:
    (statement,) = statements(describe_cluster_rights(ACCOUNT, REGION, "prod-aws-use1"))

    assert ["eks:DescribeCluster", "eks:ListAccessEntries"] == statement["Action"]
    assert CLUSTER == statement["Resource"]


def test_a_machine_takes_only_machines_of_its_own_cluster_off_the_register() -> None:
    _, deregister = statements(activation_rights(ACCOUNT, REGION, "prod-aws-use1"))

    assert ["ssm:DeregisterManagedInstance"] == deregister["Action"]
    assert {"StringEquals": {"ssm:resourceTag/EKSClusterARN": CLUSTER}} == deregister["Condition"]


def test_flow_logs_write_one_group_and_cannot_make_one() -> None:
    write, look = statements(flow_logs_rights(ACCOUNT, REGION, "/aws/vpc/prod/flows"))

    assert all("/aws/vpc/prod/flows" in resource for resource in write["Resource"])
    assert ["logs:DescribeLogGroups"] == look["Action"]
    assert "logs:CreateLogGroup" not in write["Action"]


def test_the_network_s_key_is_for_the_network_s_log_groups() -> None:
    account, logs = statements(logs_key_policy(ACCOUNT, REGION, ["one", "two"]))

    assert {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} == account["Principal"]
    assert {"Service": "logs.us-east-1.amazonaws.com"} == logs["Principal"]
    groups = [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}" for name in ("one", "two")]
    assert {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}} == logs["Condition"]
    assert "kms:*" not in logs["Action"]


def test_only_the_fleet_s_accounts_and_aws_s_own_files_pass_the_endpoints_of_s3() -> None:
    ours, files = statements(s3_endpoint_policy(["444455556666", ACCOUNT], REGION))

    assert {"StringEquals": {"aws:PrincipalAccount": [ACCOUNT, "444455556666"]}} == ours["Condition"]
    assert ["s3:GetObject"] == files["Action"]
    # A name that is not whole could be anybody's.
    assert not [resource for resource in files["Resource"] if "*" in resource.removesuffix("/*")]
    assert [
        "arn:aws:s3:::al2023-repos-us-east-1-de612dc2/*",
        "arn:aws:s3:::amazon-ssm-us-east-1/*",
        "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
    ] == files["Resource"]
