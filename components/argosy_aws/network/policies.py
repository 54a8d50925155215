"""Policy documents of the network. Plain JSON text."""

from __future__ import annotations

from collections.abc import Sequence

from argosy_aws.policies import KEY_USE, allow, document


def log_group_arn(region: str, account: str, group: str) -> str:
    """The ARN of a log group, without the `:*` that stands for its streams."""
    return f"arn:aws:logs:{region}:{account}:log-group:{group}"


def logs_key_policy(account: str, region: str, groups: Sequence[str]) -> str:
    """A key for these log groups: the account, and CloudWatch Logs on behalf of them alone."""
    arns = [log_group_arn(region, account, group) for group in groups]
    return document(
        [
            allow({"AWS": f"arn:aws:iam::{account}:root"}, ["kms:*"]),
            allow(
                {"Service": f"logs.{region}.amazonaws.com"},
                KEY_USE,
                condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arns}},
            ),
        ]
    )


def flow_logs_trust(account: str, region: str) -> str:
    """Lets VPC flow logs of this account and region take on a role, on behalf of no one else.

    Source: Amazon VPC user guide, IAM role for publishing flow logs to CloudWatch Logs.
    """
    ours = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{region}:{account}:vpc-flow-log/*"},
    }
    return document(
        [allow({"Service": "vpc-flow-logs.amazonaws.com"}, ["sts:AssumeRole"], resource=None, condition=ours)]
    )


def flow_logs_rights(account: str, region: str, group: str) -> str:
    """Writes streams of one log group. It cannot make the group, which would then be kept under no key."""
    arn = log_group_arn(region, account, group)
    return document(
        [
            allow(
                None,
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [arn, f"{arn}:*"],
            ),
            # CloudWatch Logs lists groups of the whole account or none.
            allow(None, ["logs:DescribeLogGroups"], "*"),
        ]
    )


def s3_endpoint_policy(accounts: Sequence[str], region: str) -> str:
    """What may go to S3 through the site's endpoints: calls signed by these accounts, and AWS's own files.

    So nobody carries data out with credentials of another account. What the accounts' own roles may write
    elsewhere, their policies say.
    """
    ours = {"StringEquals": {"aws:PrincipalAccount": sorted(accounts)}}
    # Layers of images are fetched with URLs that ECR has signed; packages of the nodes' system, and the agent
    # of Systems Manager, by nobody. Whole names: whoever owns one that begins alike could be handed data.
    # Source: ECR user guide, VPC endpoints; Application Migration Service user guide, repositories of AL2023;
    # aws/eks-hybrid, where nodeadm gets the agent.
    files = [
        f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",
        f"arn:aws:s3:::amazon-ssm-{region}/*",
        f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*",
    ]
    return document(
        [allow({"AWS": "*"}, ["s3:*"], condition=ours), allow({"AWS": "*"}, ["s3:GetObject"], resource=files)]
    )
