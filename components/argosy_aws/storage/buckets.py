"""The S3 buckets of a site: private, encrypted under the site's own key, every version kept for a while.

Decided in `argosy_aws.storage.choice`; what policies say: `argosy_aws.storage.policies`.

| left out | why |
|---|---|
| access logs, CloudTrail data events | the account's trail sees every bucket; a site's would be paid twice |
| object lock | set for good, it would keep a lab from deleting what it must delete |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pulumi
import pulumi_aws as aws

from argosy_aws.scope import SiteScope
from argosy_aws.storage.choice import TIER_DAYS, BucketChoice, choose_buckets
from argosy_aws.storage.policies import bucket_policy

_UPLOAD_DAYS = 7
"""Days after which an upload that nobody finished is thrown away."""

KEY_LINK = "storage-key"
"""The link that holds the ARN of the site's key for storage."""


def bucket_link(bucket: str) -> str:
    """The link that holds a bucket's name, as soon as the bucket can take copies."""
    return f"bucket-{bucket}"


def declare_buckets(scope: SiteScope, key: aws.kms.Key) -> Mapping[str, pulumi.Output[str]]:
    """Declare every bucket of the site; gives links with their names."""
    return {bucket_link(choice.bucket): _bucket(scope, choice, key) for choice in choose_buckets(scope.plan)}


def _bucket(scope: SiteScope, choice: BucketChoice, key: aws.kms.Key) -> pulumi.Output[str]:
    name = f"{scope.site}-{choice.bucket}"
    # All protected like the bucket: when it outlives its stack, it may not stay open or without versions.
    scope = replace(
        scope, opts=pulumi.ResourceOptions.merge(scope.opts, pulumi.ResourceOptions(protect=True))
    )
    bucket = aws.s3.Bucket(
        name,
        bucket=choice.name,
        bucket_namespace="account-regional" if choice.own_namespace else "global",
        force_destroy=False,
        tags={**scope.tags, "argosy-holds": choice.holds},
        opts=scope.opts,
    )
    aws.s3.BucketOwnershipControls(
        name,
        bucket=bucket.bucket,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=scope.opts,
    )
    private = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=scope.opts,
    )
    encrypted = _encryption(scope, name, bucket, key)
    aws.s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=key.arn.apply(partial(bucket_policy, choice)),
        opts=scope.opts_with([private]),
    )
    versioning = aws.s3.BucketVersioning(
        name,
        bucket=bucket.bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        # So that whoever waits for versions, as copies do, also waits for the key.
        opts=scope.opts_with([private, encrypted]),
    )
    aws.s3.BucketLifecycleConfiguration(
        name, bucket=bucket.bucket, rules=_lifecycle(choice), opts=scope.opts_with([versioning])
    )
    return versioning.bucket


def _encryption(
    scope: SiteScope, name: str, bucket: aws.s3.Bucket, key: aws.kms.Key
) -> aws.s3.BucketServerSideEncryptionConfiguration:
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=key.arn
    )
    return aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default,
                # One call to KMS for many objects: a restart reads thousands of files at once.
                bucket_key_enabled=True,
            )
        ],
        opts=scope.opts,
    )


def _lifecycle(choice: BucketChoice) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    rule, everything = (
        aws.s3.BucketLifecycleConfigurationRuleArgs,
        aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
    )
    expiration = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs
    rules = [
        rule(
            id="old-versions",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=_UPLOAD_DAYS
                )
            ),
            noncurrent_version_expiration=(
                aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=choice.old_version_days
                )
            ),
            # A deletion leaves a marker; it goes when the last version behind it has gone.
            expiration=expiration(expired_object_delete_marker=True),
        )
    ]
    if choice.expire_days is not None:
        # S3 takes no days beside a marker, so this is a rule of its own.
        days = expiration(days=choice.expire_days)
        rules.append(rule(id="expire", status="Enabled", filter=everything, expiration=days))
    if choice.tiered:
        tier = aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
            days=TIER_DAYS, storage_class="INTELLIGENT_TIERING"
        )
        rules.append(rule(id="tier", status="Enabled", filter=everything, transitions=[tier]))
    return rules
