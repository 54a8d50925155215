"""Who may do what with a site's buckets and the key that encrypts them. Plain JSON text.

Every right to use the key is bound to S3 and to the bucket whose objects it opens, so that one key for the
site does not open one bucket to whoever may read another.

Considered and left out: a bucket policy that admits nothing but the VPC's own S3 endpoint. It would shut out
replication, readers at other providers, and pipelines that publish weights; who gets in is said by roles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_aws.policies import KEY_USE, allow, document
from argosy_aws.settings import settings_of_site
from argosy_aws.storage.choice import (
    WRITTEN_BY_PODS,
    BucketChoice,
    SourceChoice,
    bucket_arn,
    choose_buckets,
)
from argosy_component.contract import SitePlan

_FSX_ROLES = "role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/AWSServiceRoleForFSxS3Access_*"
"""Roles that FSx makes for itself, one for each file system that is linked to a bucket."""
_DECRYPT = ("kms:Decrypt",)
# Parts of an upload are read again with the key, so who writes also decrypts.
_WRITE = ("kms:Decrypt", "kms:GenerateDataKey")
_REPLICATE = ("kms:Encrypt", "kms:GenerateDataKey")
_READ_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
_READ_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket")
_READ_VERSIONS = (
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionTagging",
)
_REPLICATE_OBJECTS = ("s3:ReplicateObject", "s3:ReplicateTags")
"""Without `s3:ReplicateDelete`: whoever deletes a checkpoint here, by mistake or by malice, cannot reach its
copy."""
_OVERRIDE_OWNER = "s3:ObjectOwnerOverrideToBucketOwner"


def bucket_policy(choice: BucketChoice, key_arn: str) -> str:
    """A bucket's own policy: nothing without TLS, nothing under another key, and copies from other accounts.

    An upload that says nothing of encryption gets the bucket's own key, so only one that asks for something
    else is turned away; a key that the uploader alone holds is too, since it would take the data hostage.
    """
    whole = [choice.arn, f"{choice.arn}/*"]
    kind, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    customer = "s3:x-amz-server-side-encryption-customer-algorithm"
    return document(
        [
            _deny(["s3:*"], whole, {"Bool": {"aws:SecureTransport": "false"}}),
            _deny_put(choice, {"Null": {kind: "false"}, "StringNotEquals": {kind: "aws:kms"}}),
            _deny_put(choice, {"Null": {key: "false"}, "StringNotEquals": {key: key_arn}}),
            # KMS without a key would be AWS's own key, which no other account and no peer can use.
            _deny_put(choice, {"Null": {kind: "false", key: "true"}}),
            _deny_put(choice, {"Null": {customer: "false"}}),
            *(statement for source in choice.sources for statement in _copies_from(choice, source)),
        ]
    )


def storage_key_policy(plan: SitePlan, account: str, region: str) -> str:
    """The key for buckets and file systems: the account, FSx for linked buckets, copies, and FSx's log."""
    buckets = choose_buckets(plan)
    linked = [choice.arn for choice in buckets if choice.linked]
    return document(
        [
            allow({"AWS": _root(account)}, ["kms:*"]),
            *([_fsx(account, region, linked), _logs(plan, account, region)] if linked else []),
            *(_key_for_copies(choice, source, region) for choice in buckets for source in choice.sources),
        ]
    )


def replication_policy(choice: BucketChoice, key_arn: str, region: str) -> str:
    """What S3 needs to copy this bucket's objects to every replica, and no more."""
    statements = [
        allow(None, ["s3:GetReplicationConfiguration", "s3:ListBucket"], choice.arn),
        allow(None, _READ_VERSIONS, f"{choice.arn}/*"),
        allow(None, _DECRYPT, key_arn, _for_objects(region, [choice.arn])),
    ]
    for replica in choice.replicas:
        arn = bucket_arn(replica.bucket_name)
        actions = [*_REPLICATE_OBJECTS, *([_OVERRIDE_OWNER] if replica.other_account else [])]
        # Should the name ever belong to someone else, nothing is sent there.
        owner = {"StringEquals": {"aws:ResourceAccount": replica.account}}
        keys = f"arn:aws:kms:{replica.region}:{replica.account}:key/*"
        statements += [
            allow(None, actions, f"{arn}/*", owner),
            # The key's id is not known here; what it may encrypt is.
            allow(None, _REPLICATE, keys, _for_objects(replica.region, [arn])),
        ]
    return document(statements)


def reader_policy(choice: BucketChoice, key_arn: str, region: str) -> str:
    """Reads one bucket, and decrypts what it holds."""
    return document(
        [
            allow(None, _READ_BUCKET, choice.arn),
            allow(None, _READ_OBJECTS, f"{choice.arn}/*"),
            allow(None, _DECRYPT, key_arn, _for_objects(region, [choice.arn])),
        ]
    )


def google_trust(subject: str, audience: str | None) -> str:
    """Lets one Google service account take on a role. AWS knows Google, so nothing is registered.

    The subject alone says who it is, and is all that Google's page on Storage Transfer Service asks for. What
    AWS calls `oaud` is the audience of the token; `aud` is whom it was issued to, the subject once more.
    Source: Storage Transfer Service, configure access to a source: Amazon S3, federated identity.
    """
    claims = {"accounts.google.com:sub": subject}
    if audience is not None:
        claims["accounts.google.com:oaud"] = audience
    return document(
        [
            allow(
                {"Federated": "accounts.google.com"},
                ["sts:AssumeRoleWithWebIdentity"],
                resource=None,
                condition={"StringEquals": claims},
            )
        ]
    )


def hall_trust(trust_anchor: str) -> str:
    """Lets machines take on a role by certificates of one trust anchor, and of no other in the account."""
    return document(
        [
            allow(
                {"Service": "rolesanywhere.amazonaws.com"},
                ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
                resource=None,
                condition={"ArnEquals": {"aws:SourceArn": trust_anchor}},
            )
        ]
    )


def replication_trust() -> str:
    """Lets S3 take on a role."""
    return document([allow({"Service": "s3.amazonaws.com"}, ["sts:AssumeRole"], resource=None)])


def bucket_policy_for_pods(plan: SitePlan) -> str | None:
    """What pods may do through the Mountpoint for S3 driver: read all buckets, write all but weights.

    None for a site without buckets. A pod that deletes a file leaves its old version, for as long as
    `OLD_VERSION_DAYS` says; versions themselves no pod can delete. Mountpoint writes files from begin to end
    and does not rename: checkpoints that do otherwise are written to Lustre or to local disks first.
    """
    buckets = choose_buckets(plan)
    if not buckets or plan.region is None or plan.account is None:
        return None
    keys = f"arn:aws:kms:{plan.region}:{plan.account}:key/*"
    read = [choice.arn for choice in buckets]
    write = [choice.arn for choice in buckets if choice.holds in WRITTEN_BY_PODS]
    statements = [
        allow(None, ["s3:ListBucket"], read),
        allow(None, ["s3:GetObject"], _objects(read)),
        allow(None, _DECRYPT, keys, _for_objects(plan.region, read)),
    ]
    if write:
        put = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
        statements += [
            allow(None, put, _objects(write)),
            allow(None, _WRITE, keys, _for_objects(plan.region, write)),
        ]
    return document(statements)


def log_group_name(plan: SitePlan) -> str:
    """Where FSx says which files it could not import or export. FSx demands how the name begins."""
    return f"/aws/fsx/{plan.fleet}-{plan.name}"


def is_linked(plan: SitePlan) -> bool:
    """Whether any file system of the site is linked to a bucket."""
    return any(system.bucket for system in settings_of_site(plan).lustre.values())


def _for_objects(region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Through S3 alone, and for objects of these buckets alone.

    With a bucket key S3 names the bucket to KMS, without one the object; an upload may ask for none.
    """
    return {
        "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [*arns, *_objects(arns)]},
    }


def _copies_from(choice: BucketChoice, source: SourceChoice) -> list[dict[str, Any]]:
    # The role is a condition and not the principal: AWS takes no policy that names a role not yet made.
    principal = {"AWS": _root(source.account)}
    role = {"ArnEquals": {"aws:PrincipalArn": source.role_arn}}
    return [
        allow(principal, ["s3:GetBucketVersioning"], choice.arn, role),
        allow(principal, [*_REPLICATE_OBJECTS, _OVERRIDE_OWNER], f"{choice.arn}/*", role),
    ]


def _key_for_copies(choice: BucketChoice, source: SourceChoice, region: str) -> dict[str, Any]:
    role = {"ArnEquals": {"aws:PrincipalArn": source.role_arn}}
    bound = {**_for_objects(region, [choice.arn]), **role}
    return allow({"AWS": _root(source.account)}, _REPLICATE, condition=bound)


def _fsx(account: str, region: str, linked: Sequence[str]) -> dict[str, Any]:
    bound = {key: dict(value) for key, value in _for_objects(region, linked).items()}
    bound["StringEquals"]["kms:CallerAccount"] = account
    # The name of the role ends in the file system's id, which nobody knows before it is there.
    bound["ArnLike"] = {"aws:PrincipalArn": f"arn:aws:iam::{account}:{_FSX_ROLES}"}
    actions = KEY_USE
    return allow({"AWS": "*"}, actions, condition=bound)


def _logs(plan: SitePlan, account: str, region: str) -> dict[str, Any]:
    group = f"arn:aws:logs:{region}:{account}:log-group:{log_group_name(plan)}"
    return allow(
        {"Service": f"logs.{region}.amazonaws.com"},
        KEY_USE,
        condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}},
    )


def _deny_put(choice: BucketChoice, condition: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return _deny(["s3:PutObject"], f"{choice.arn}/*", condition)


def _deny(
    actions: Sequence[str], resource: str | Sequence[str], condition: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    return {**allow({"AWS": "*"}, actions, resource, condition), "Effect": "Deny"}


def _objects(arns: Sequence[str]) -> list[str]:
    return [f"{arn}/*" for arn in arns]


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"
