"""Policy documents name real actions, and never everything."""

import json
from typing import Any

import pytest

from argosy_component.mock_engine import ResourceGraph

from .iam_documents import Kind, actions, document_violations, faults_of_document, load_tables
from .resources import made, with_resource
from .service_model import operations
from .violations import shown

STATEMENT: dict[str, Any] = {
    "Effect": "Allow",
    "Action": ["eks:DescribeCluster"],
    "Resource": "arn:aws:eks:us-east-1:111122223333:cluster/prod",
}


def document(**changes: Any) -> str:
    statement = {key: value for key, value in {**STATEMENT, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_every_document_of_a_site_with_everything_is_sound(everything: ResourceGraph) -> None:
    assert "" == shown(document_violations(everything))


def test_documents_of_every_kind_are_looked_at(everything: ResourceGraph) -> None:
    tables = load_tables().documents
    kinds = {
        kind
        for resource in everything.resources
        for path, kind in tables.get(resource.type, {}).items()
        if path in resource.inputs
    }

    assert {"trust", "identity", "resource", "endpoint"} == kinds


def test_a_sound_document_has_no_fault() -> None:
    assert [] == faults_of_document(document(), "identity")


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        ("identity", {"Action": ["eks:DescribeClusters"]}, "nearest: eks:DescribeCluster"),
        (
            "identity",
            {"Action": "ec2:RunInstance"},
            "ec2:RunInstance is no action; nearest: ec2:RunInstances",
        ),
        ("identity", {"Action": ["esk:DescribeCluster"]}, "no prefix 'esk'; nearest: eks"),
        ("identity", {"Action": ["s3:ListObjectsV2"]}, "s3:ListObjectsV2 is no action"),
        ("identity", {"Action": ["kms:GenerateDataKeys*"]}, "matches no action"),
        ("identity", {"Action": ["*"]}, "* allows everything"),
        ("identity", {"Action": ["*:*"]}, "*:* allows everything"),
        ("identity", {"Action": ["s3:*"]}, "s3:* allows all of a service"),
        ("identity", {"Action": None, "NotAction": ["iam:CreateUser"]}, "allows all actions but some"),
        ("identity", {"Action": []}, "names no action"),
        ("identity", {"Effect": "allow"}, "Effect is 'allow'"),
        ("identity", {"Resource": None}, "names no resource"),
        ("identity", {"Resources": "*"}, "IAM knows no Resources"),
        ("identity", {"Principal": {"AWS": "*"}}, "whoever has the role"),
        ("identity", {"Condition": {"StringEqual": {"aws:SourceAccount": "1"}}}, "nearest: StringEquals"),
        ("identity", {"Condition": {"StringEquals": {}}}, "StringEquals tests nothing"),
        ("trust", {"Principal": {"Service": "eks.amazonaws.com"}}, "the resource is the role itself"),
        ("trust", {"Resource": None}, "names no principal"),
        ("resource", {"Principal": "*"}, "lets in everyone, under no condition"),
        ("resource", {"Principal": {"AWS": ["*"]}}, "lets in everyone, under no condition"),
        ("endpoint", {"Principal": "*", "Resource": "*"}, "lets in everyone, under no condition"),
    ],
)
def test_an_unsound_document_has_a_fault(kind: Kind, changes: dict[str, Any], fault: str) -> None:
    assert fault in "\n".join(faults_of_document(document(**changes), kind))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{'Version': 1}", "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"Version": "2012-10-17", "Statement": []}', "holds no statement"),
        ('{"Statement": []}', "Version is None"),
    ],
)
def test_text_that_is_no_document_has_a_fault(text: str, fault: str) -> None:
    assert fault in "\n".join(faults_of_document(text, "identity"))


def test_wildcards_that_match_something_and_denials_of_everything_are_sound() -> None:
    assert [] == faults_of_document(document(Action=["kms:GenerateDataKey*"]), "identity")
    assert [] == faults_of_document(document(Effect="Deny", Action=["s3:*"], Principal="*"), "resource")


def test_a_document_in_an_input_that_no_table_knows_is_a_fault(everything: ResourceGraph) -> None:
    queue = made("aws:glacier/vault:Vault", "spare", accessPolicy=document(Action="*"))

    assert "accessPolicy: holds a policy document" in shown(
        document_violations(with_resource(everything, queue))
    )


@pytest.mark.parametrize(("characters", "noticed"), [(10_240, False), (10_241, True)])
def test_policies_of_a_role_are_together_no_longer_than_iam_takes(
    everything: ResourceGraph, characters: int, noticed: bool
) -> None:
    first, second = document(Resource="one"), document(Resource="x")
    spaces = first.count(" ") + second.count(" ")
    second = document(Resource="x" * (1 + characters - len(first) - len(second) + spaces))
    policies = [
        made("aws:iam/rolePolicy:RolePolicy", name, role="pods", policy=text)
        for name, text in {"pods-first": first, "pods-second": second}.items()
    ]
    found = shown(document_violations(with_resource(everything, *policies)))

    assert noticed == ("pods-second" in found)
    assert noticed == (f"its role's policies have {characters} characters of 10240" in found)


def test_no_action_that_is_no_operation_is_one_after_all() -> None:
    for action in load_tables().not_operations:
        prefix, _, name = action.partition(":")
        models = load_tables().prefixes[prefix]
        assert not any(name in operations(model) for model in models), action


def test_every_misnomer_is_an_operation() -> None:
    for action in load_tables().misnomers:
        prefix, _, name = action.partition(":")
        assert any(name in operations(model) for model in load_tables().prefixes[prefix])
        assert action not in actions(prefix)
