"""Who may do what with buckets and their key: what is admitted, and what is not."""

import json
from typing import Any

from argosy_aws.storage.choice import BucketChoice, bucket_arn, choose_buckets
from argosy_aws.storage.policies import (
    bucket_policy,
    bucket_policy_for_pods,
    google_trust,
    hall_trust,
    log_group_name,
    reader_policy,
    replication_policy,
    storage_key_policy,
)

from ..aws_plans import ACCOUNT
from .policy_documents import REGION, statements
from .storage_plans import OTHER_ACCOUNT, PLAN, planned

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ANCHOR = f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:trust-anchor/1"


def only_bucket(**spec: Any) -> BucketChoice:
    return choose_buckets(planned(buckets={"data": {"holds": "data", **spec}}))[0]


def actions(policy: str | None) -> set[str]:
    return {action for rule in statements(policy) for action in rule["Action"]}


def denied(rule: dict[str, Any], **keys: str) -> bool:
    """Whether a request with these condition keys meets every condition of a statement."""
    return all(
        meets(operator, keys.get(key), wanted)
        for operator, pairs in rule["Condition"].items()
        for key, wanted in pairs.items()
    )


def meets(operator: str, value: str | None, wanted: str) -> bool:
    """IAM's condition operators, where a key that is not in the request has no value."""
    if operator == "Null":
        return (value is None) == (wanted == "true")
    return value == wanted if operator == "Bool" else value != wanted


def put_is_denied(**headers: str) -> bool:
    names = {
        "kind": "s3:x-amz-server-side-encryption",
        "key": "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "customer": "s3:x-amz-server-side-encryption-customer-algorithm",
        "tls": "aws:SecureTransport",
    }
    request = {names[name]: value for name, value in {"tls": "true", **headers}.items()}
    rules = statements(bucket_policy(only_bucket(), KEY))
    return any(rule["Effect"] == "Deny" and denied(rule, **request) for rule in rules)


def test_an_upload_gets_the_bucket_s_own_key_or_none() -> None:
    assert not put_is_denied()
    assert not put_is_denied(kind="aws:kms", key=KEY)
    assert put_is_denied(kind="AES256")
    assert put_is_denied(kind="aws:kms", key=KEY + "2")
    assert put_is_denied(kind="aws:kms")
    assert put_is_denied(customer="AES256")


def test_nothing_goes_without_tls() -> None:
    rule = statements(bucket_policy(only_bucket(), KEY))[0]

    assert put_is_denied(tls="false")
    assert (["s3:*"], 2) == (rule["Action"], len(rule["Resource"]))


def test_a_bucket_admits_nobody_from_elsewhere_unless_told_to() -> None:
    assert {"Deny"} == {rule["Effect"] for rule in statements(bucket_policy(only_bucket(), KEY))}


def test_a_bucket_takes_copies_from_one_role_of_another_account_and_lets_it_delete_nothing() -> None:
    choice = only_bucket(replicas_from=["aws-far"])
    admitted = [rule for rule in statements(bucket_policy(choice, KEY)) if rule["Effect"] == "Allow"]

    assert {f"arn:aws:iam::{OTHER_ACCOUNT}:root"} == {rule["Principal"]["AWS"] for rule in admitted}
    for rule in admitted:
        assert {"aws:PrincipalArn": choice.sources[0].role_arn} == rule["Condition"]["ArnEquals"]
    assert not any("Delete" in action for rule in admitted for action in rule["Action"])


def test_the_key_opens_nothing_but_that_bucket_to_the_role_that_copies_to_it() -> None:
    plan = planned(buckets={"data": {"holds": "data", "replicas_from": ["aws-far"]}})
    rules = statements(storage_key_policy(plan, ACCOUNT, REGION))
    (foreign,) = [rule for rule in rules if OTHER_ACCOUNT in json.dumps(rule["Principal"])]
    arn = choose_buckets(plan)[0].arn

    assert ["kms:Encrypt", "kms:GenerateDataKey"] == foreign["Action"]
    assert {"kms:ViaService": "s3.us-east-1.amazonaws.com"} == foreign["Condition"]["StringEquals"]
    assert [arn, f"{arn}/*"] == foreign["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert "aws:PrincipalArn" in foreign["Condition"]["ArnEquals"]


def test_the_account_keeps_its_key_and_fsx_uses_it_for_linked_buckets_alone() -> None:
    bucket = {"holds": "data"}
    system = {"zone": "use1-az4", "capacity_gib": 19200}
    alone = planned(buckets={"data": bucket}, lustre={"a": system})
    linked = planned(buckets={"data": bucket, "other": bucket}, lustre={"a": {**system, "bucket": "data"}})

    assert 1 == len(statements(storage_key_policy(alone, ACCOUNT, REGION)))
    root, fsx, logs = statements(storage_key_policy(linked, ACCOUNT, REGION))
    assert {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} == root["Principal"]
    data = next(choice for choice in choose_buckets(linked) if choice.bucket == "data")
    assert [data.arn, f"{data.arn}/*"] == fsx["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert ACCOUNT == fsx["Condition"]["StringEquals"]["kms:CallerAccount"]
    assert "AWSServiceRoleForFSxS3Access_" in fsx["Condition"]["ArnLike"]["aws:PrincipalArn"]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{log_group_name(linked)}"
    assert {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}} == logs["Condition"]


def test_s3_copies_to_the_peer_s_account_alone_and_deletes_nothing_there() -> None:
    choice = only_bucket(replicate_to=["aws-far", "aws-usw2"])
    policy = replication_policy(choice, KEY, REGION)

    assert not any("Delete" in action for action in actions(policy))
    for replica in choice.replicas:
        (objects,) = [
            rule
            for rule in statements(policy)
            if f"{bucket_arn(replica.bucket_name)}/*" == rule["Resource"]
        ]  # fmt: skip
        assert {"StringEquals": {"aws:ResourceAccount": replica.account}} == objects["Condition"]
        overrides = "s3:ObjectOwnerOverrideToBucketOwner" in objects["Action"]
        assert replica.other_account == overrides


def test_s3_opens_objects_here_and_seals_them_there() -> None:
    choice = only_bucket(replicate_to=["aws-usw2"])
    keys = [
        rule for rule in statements(replication_policy(choice, KEY, REGION)) if "kms:" in str(rule["Action"])
    ]

    assert [
        (["kms:Decrypt"], KEY),
        (["kms:Encrypt", "kms:GenerateDataKey"], f"arn:aws:kms:us-west-2:{ACCOUNT}:key/*"),
    ] == [(rule["Action"], rule["Resource"]) for rule in keys]
    there = bucket_arn(choice.replicas[0].bucket_name)
    assert {"kms:ViaService": "s3.us-west-2.amazonaws.com"} == keys[1]["Condition"]["StringEquals"]
    assert [there, f"{there}/*"] == keys[1]["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]


def test_a_reader_reads_one_bucket_and_changes_nothing() -> None:
    choice = only_bucket()
    policy = reader_policy(choice, KEY, REGION)

    assert {
        "kms:Decrypt",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
    } == actions(policy)
    assert {choice.arn, f"{choice.arn}/*", KEY} == {rule["Resource"] for rule in statements(policy)}
    bound = statements(policy)[-1]["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert [choice.arn, f"{choice.arn}/*"] == bound


def test_a_google_account_is_known_by_its_subject_and_its_token_by_its_audience() -> None:
    (storage_transfer,) = statements(google_trust("112233445566778899001", None))
    (workload,) = statements(google_trust("112233445566778899001", "argosy"))

    assert {"Federated": "accounts.google.com"} == storage_transfer["Principal"]
    assert ["sts:AssumeRoleWithWebIdentity"] == storage_transfer["Action"]
    assert {"StringEquals": {"accounts.google.com:sub": "112233445566778899001"}} == storage_transfer[
        "Condition"
    ]
    assert "argosy" == workload["Condition"]["StringEquals"]["accounts.google.com:oaud"]


def test_a_hall_s_certificates_count_under_its_own_trust_anchor_alone() -> None:
    (rule,) = statements(hall_trust(ANCHOR))

    assert {"Service": "rolesanywhere.amazonaws.com"} == rule["Principal"]
    assert {"ArnEquals": {"aws:SourceArn": ANCHOR}} == rule["Condition"]


def test_pods_read_every_bucket_and_write_all_but_weights() -> None:
    plan = planned(buckets={holds: {"holds": holds} for holds in ("checkpoints", "data", "weights")})
    arns = {choice.bucket: choice.arn for choice in choose_buckets(plan)}
    rules = statements(bucket_policy_for_pods(plan))
    by_action = {action: rule["Resource"] for rule in rules for action in rule["Action"] if "s3:" in action}

    assert sorted(arns.values()) == sorted(by_action["s3:ListBucket"])
    assert sorted(f"{arn}/*" for arn in arns.values()) == sorted(by_action["s3:GetObject"])
    written = sorted(f"{arns[bucket]}/*" for bucket in ("checkpoints", "data"))
    assert written == sorted(by_action["s3:PutObject"])
    assert "s3:DeleteObjectVersion" not in by_action
    generate = next(rule for rule in rules if "kms:GenerateDataKey" in rule["Action"])
    assert arns["weights"] not in generate["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]


def test_pods_of_a_site_with_weights_alone_write_nothing() -> None:
    policy = bucket_policy_for_pods(planned(buckets={"weights": {"holds": "weights"}}))

    assert {"kms:Decrypt", "s3:GetObject", "s3:ListBucket"} == actions(policy)


def test_a_site_without_buckets_has_no_rights_to_give() -> None:
    assert bucket_policy_for_pods(PLAN) is None
