"""Identity: who may act as what, and with which credentials."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from argosy_policies.rule import Outcome, Parameters, ResourceRule, Undecided, Violation
from argosy_policies.values import Resource, Value

_MOST_HOPS_OF_EC2 = 64


class MetadataHops(Parameters):
    """How far from the node a metadata token may travel."""

    max_hop_limit: int = Field(
        default=1,
        ge=1,
        le=_MOST_HOPS_OF_EC2,
        description="Network hops; 2 lets containers with a network of their own have the credentials.",
    )


def _check_metadata_tokens(template: Resource, allowed: MetadataHops) -> Iterator[Outcome]:
    options = template.properties["metadataOptions"]
    if options["httpEndpoint"].text == "disabled":
        return  # no metadata service, no credentials to steal from it
    tokens, hops = options["httpTokens"], options["httpPutResponseHopLimit"]
    if tokens.unknown:
        yield Undecided(tokens.path, template)
    elif tokens.text != "required":
        yield Violation(f"{tokens.path} is {_found_tokens(tokens)}", template)
    if hops.unknown:
        yield Undecided(hops.path, template)
    elif hops.number is None or not 1 <= hops.number <= allowed.max_hop_limit:
        yield Violation(
            f"{hops.path} is {_found_hops(hops)}; at most {allowed.max_hop_limit} is allowed", template
        )


def _found_tokens(tokens: Value) -> str:
    if tokens.absent:
        return "not set, so that the account's or the image's default applies"
    return "optional" if tokens.text == "optional" else f"{tokens.kind} other than `required`"


def _found_hops(hops: Value) -> str:
    if hops.absent:
        return "not set, so that the account's or the image's default applies"
    known = hops.number is not None and hops.number in range(1, _MOST_HOPS_OF_EC2 + 1)
    return f"{hops.number:.0f}" if known else f"{hops.kind} that EC2 does not accept"


RULES = (
    ResourceRule(
        id="IDN-01",
        title="Instance metadata is given out for a session token only, on the node itself",
        reason=(
            "Whoever can make a node fetch a URL reads the node's credentials from its metadata service, "
            "unless that demands a token that was asked for with PUT. A token that may travel one hop stays "
            "on the node; containers with a network of their own do not get it."
        ),
        source="checkov CKV_AWS_79, CKV_AWS_341",
        severity=Severity.HIGH,
        remedy=(
            "set metadataOptions of the launch template to httpTokens `required` and httpPutResponseHopLimit "
            "1, or to httpEndpoint `disabled`"
        ),
        resource_types=("aws:ec2/launchTemplate:LaunchTemplate",),
        parameters=MetadataHops,
        check=_check_metadata_tokens,
    ),
)
