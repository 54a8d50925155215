"""SUP-04: machine images come by https and are pinned by a literal sha256."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, Declared, Diagnostic, Pack, secret

SHA256 = "659348da96fef9b303cb0aaed6a91118d9dd665ba4fe60ff47aa53eabacad8e9"
GOOD = {"url": "https://images.example.test/node.iso", "sha256": SHA256}


def judge(image: object, **parameters: object) -> list[Diagnostic]:
    config = {"supply-chain": parameters} if parameters else None
    properties = {"serverId": "hall/SN1", "image": image, "online": True}
    return Pack(config).analyze(Declared("baremetal:index:Machine", "node-1", properties))


def only(found: list[Diagnostic]) -> Diagnostic:
    assert 1 == len(found), found
    return found[0]


def test_an_image_by_https_with_its_digest_passes():
    assert [] == judge(GOOD)


def test_an_image_by_http_fails_with_rule_resource_finding_and_remedy():
    found = only(judge(GOOD | {"url": "http://images.example.test/node.iso"}))

    assert found.mandatory
    assert "SUP-04 Machine images come by https and are pinned by a literal sha256" in found.message
    assert "resource: node-1 (baremetal:index:Machine)" in found.message
    assert "found: image.url is an address by http\n" in found.message
    assert "remedy: set image.url to an https address" in found.message


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        ("https://images.example.test/SHA256SUMS", "image.sha256 is an address"),
        (SHA256.upper(), "image.sha256 is 64 characters that are not 64 lower-case"),
        (SHA256[:-1], "image.sha256 is 63 characters"),
        (f"sha256:{SHA256}", "image.sha256 is 71 characters"),
        (f"{SHA256}\n", "image.sha256 is 65 characters"),
        ("", "image.sha256 is 0 characters"),
    ],
)
def test_a_digest_that_is_not_literal_fails(digest: str, expected: str):
    assert expected in only(judge(GOOD | {"sha256": digest})).message


@pytest.mark.parametrize("url", ["", "https://", "images.example.test/node.iso", "HTTPS ://x/y"])
def test_text_that_is_no_https_address_fails(url: str):
    assert "image.url is text that is no https address" in only(judge(GOOD | {"url": url})).message


@pytest.mark.parametrize("image", [None, {}])
def test_an_absent_image_fails(image: object):
    assert ["image.url is not set", "image.sha256 is not set"] == [
        one.message.split("found: ")[1].split("\n")[0] for one in judge(image)
    ]


def test_an_unknown_digest_is_deferred():
    found = only(judge(GOOD | {"sha256": UNKNOWN_VALUE}))

    assert not found.mandatory
    assert "found: image.sha256 is not known yet; deferred to update" in found.message


def test_an_unknown_digest_does_not_hide_an_address_that_is_known_to_be_wrong():
    found = judge({"url": "ftp://images.example.test/node.iso", "sha256": UNKNOWN_VALUE})

    assert [True, False] == [one.mandatory for one in found]


def test_unknown_fails_where_the_configuration_says_so():
    assert only(judge(GOOD | {"sha256": UNKNOWN_VALUE}, on_unknown="fail")).mandatory


def test_secret_values_that_are_right_pass():
    assert [] == judge(secret({key: secret(value) for key, value in GOOD.items()}))


@pytest.mark.parametrize(
    "image",
    [
        GOOD | {"url": secret("http://user:canary-4711@images.example.test/node.iso")},
        GOOD | {"url": secret("canary-4711://x")},
        GOOD | {"sha256": secret("canary-4711")},
    ],
)
def test_secret_values_that_are_wrong_fail_and_are_not_printed(image: object):
    found = only(judge(image))

    assert found.mandatory
    assert "canary" not in found.message


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (GOOD | {"url": 7}, "image.url is a number"),
        (GOOD | {"url": [GOOD["url"]]}, "image.url is a list"),
        (GOOD | {"sha256": {"value": SHA256}}, "image.sha256 is a map"),
        (GOOD | {"sha256": True}, "image.sha256 is a truth value"),
    ],
)
def test_values_of_the_wrong_type_fail(image: object, expected: str):
    assert expected in only(judge(image)).message
