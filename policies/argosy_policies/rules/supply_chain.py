"""Supply chain: what runs is what was reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from argosy_policies.rule import Outcome, Parameters, ResourceRule, Undecided, Violation
from argosy_policies.values import Resource, Value

_HTTPS = re.compile(r"https://[^/\s]+/\S*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMED_SCHEMES = ("http", "ftp", "tftp", "file", "nfs", "oci", "s3", "gs")
"""Schemes that a message may name. Text in front of a colon may be anything else, a password among others."""


def _check_image(machine: Resource, _: Parameters) -> Iterator[Outcome]:
    image = machine.properties["image"]
    for value, pattern, found in (
        (image["url"], _HTTPS, _found_url),
        (image["sha256"], _SHA256, _found_digest),
    ):
        if value.unknown:
            yield Undecided(value.path, machine)
        elif not pattern.fullmatch(value.text or ""):
            yield Violation(f"{value.path} is {found(value)}", machine)


def _found_url(url: Value) -> str:
    if url.text is None:
        return url.kind
    scheme = url.text.partition("://")[0]
    return f"an address by {scheme}" if scheme in _NAMED_SCHEMES else "text that is no https address"


def _found_digest(digest: Value) -> str:
    if digest.text is None:
        return digest.kind
    if "://" in digest.text:
        return "an address, from which whoever serves it may hand out another checksum"
    return f"{len(digest.text)} characters that are not 64 lower-case hexadecimal digits"


RULES = (
    ResourceRule(
        id="SUP-04",
        title="Machine images come by https and are pinned by a literal sha256",
        reason=(
            "What a server boots owns the server. A digest that stands in the reviewed file cannot be "
            "changed by whoever serves the image; a checksum fetched from beside the image proves nothing."
        ),
        source="OpenStack Ironic, security guide (image checksums)",
        severity=Severity.CRITICAL,
        remedy=(
            "set image.url to an https address, and image.sha256 to the 64 hexadecimal digits that "
            "`sha256sum` prints for the reviewed image"
        ),
        resource_types=("baremetal:index:Machine",),
        check=_check_image,
    ),
)
