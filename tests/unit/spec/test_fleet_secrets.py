"""A secret in a file is found, and shown nowhere: not in a message, not even when the file cannot be read."""

from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec
from argosy.spec.secrets import hides, looks_secret, names_secret

FLEET = """\
version: 1
name: dev
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      serve: {instance_type: g5.48xlarge, zone: use1-az4, role: inference, nodes: 1,
              capacity: {type: reserved, reservation: RESERVATION}}
"""
# Put together here, so that nothing that scans this repository takes them for real ones.
SECRETS = {
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub": "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
    "Slack": "xoxb-" + "123456789012-abcdefghijkl",
    "Google": "AIza" + "SyA0123456789abcdefghijklmnopqrstuv",
    "URL": "https://deploy:" + "hunter2@images.example/node.iso",
    "signed URL": "https://images.example/node.iso?X-Amz-Signature=" + "0123456789abcdef",
    "JSON web token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
    "random": "kJ8x/2Lq9WmZ4vTb7RcN1yHs6" + "DpF3gAe5UoXi0Qw",
}
PLACES = {
    "value": ("RESERVATION", "{}"),
    "quoted value": ("RESERVATION", '"{}"'),
    "wrong type": ("nodes: 1", "nodes: '{}'"),
    "wrong choice": ("role: inference", "role: '{}'"),
    "wrong list": ("nodes: 1", "nodes: ['{}']"),
    "unknown key": ("name: dev", "name: dev\ntoken: '{}'"),
    "the key itself": ("name: dev", "name: dev\n'{}': 1"),
    "the key of a pool": ("serve:", "'{}':"),
    "twice the key": ("name: dev", "name: dev\n'{0}': 1\n'{0}': 1"),
}


def told(folder: Path, text: str) -> str:
    (folder / "fleet.yaml").write_text(text)
    with pytest.raises(FleetError) as refused:
        load_spec("./fleet.yaml", folder)
    return str(refused.value)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_refused_wherever_it_stands_and_never_shown(tmp_path: Path, kind: str, place: str):
    written, instead = PLACES[place]
    message = told(tmp_path, FLEET.replace(written, instead.format(SECRETS[kind])))

    assert SECRETS[kind] not in message
    assert "(not shown)" in message or "<redacted>" in message


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2hunter2",
        "password: 123456789",
        "bmc_password: [hunter2hunter2",
        "api-key: 'hunter2hunter2",
        "token: !hunter2hunter2 x",
        "token: !hunter2hunter2!x y",
        "token: *hunter2hunter2",
        "token: &hunter2hunter2",
        "token: hunter2hunter2: x",
        "token: @hunter2hunter2",
        "token: %hunter2hunter2",
        "token: |hunter2hunter2",
        'token: "\\hunter2hunter2"',
        "token: {hunter2hunter2",
        "token: hunter2hunter2\n  - hunter2hunter2",
    ],
)
def test_a_password_is_not_shown_even_where_it_is_not_yaml(tmp_path: Path, line: str):
    message = told(tmp_path, f"{FLEET}{line}\n")

    assert "hunter2" not in message
    assert "123456789" not in message


def test_credentials_in_an_inventory_must_be_references(tmp_path: Path):
    (tmp_path / "hall.yaml").write_text(
        "version: 1\nsite: hall\nserver_type: dgx-h200\ncredentials: {username: hunter2, password: calvin7}\n"
        "servers: [{serial: A1, bmc: 'https://a1.example', rack: r1, feeds: [a]}]\n"
    )
    message = told(tmp_path, "version: 1\nname: x\nsites: {hall: {provider: metal, inventory: hall.yaml}}\n")

    assert "hall.yaml:4:25 credentials.username: given a plain value where a secret belongs" in message
    assert "hunter2" not in message
    assert "calvin7" not in message


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("name: dev", "name: dev\nhunter2S3cr3tXYZ: 1"),
        ("name: dev", "name: dev\nhunter2S3cr3tXYZ: 1\nhunter2S3cr3tXYZ: 1"),
        ("name: dev", "name: dev\nhunter2S3cr3tXYZ: {no: !x y}"),
        ("region: us-east-1", "region: us-east-1\n    hunter2S3cr3tXYZ: 1"),
        ("serve:", "hunter2S3cr3tXYZ:"),
        ("name: dev", "name: dev\npassword: {hunter2s3cr3txyz: 1, hunter2s3cr3txyz: 1}"),
        ("name: dev", "name: dev\npassword: [{hunter2s3cr3txyz: 1, hunter2s3cr3txyz: 1}]"),
        ("name: dev", "name: dev\ntoken: {hunter2s3cr3txyz: !x y}"),
        ("name: dev", "name: dev\ntoken: [{hunter2s3cr3txyz: !x y}]"),
        ("name: dev", "name: dev\npassword: {hunter2s3cr3txyz: {password: x}}"),
    ],
)
def test_a_password_that_stands_in_the_place_of_a_key_is_not_shown(
    tmp_path: Path, written: str, instead: str
):
    message = told(tmp_path, FLEET.replace(written, instead))

    assert "hunter2" not in message
    assert "not shown" in message or "<redacted>" in message


def test_a_key_of_mixed_characters_is_pointed_at(tmp_path: Path):
    message = told(tmp_path, FLEET.replace("RESERVATION", "cr-1") + "hunter2S3cr3tXYZ: 1\n")

    assert message == (
        "fleet.yaml:10:1 <redacted>: given the unknown key (not shown: it looks like a password);"
        " expected one of accept_estimates, demand, max_share, name, prices, rates, risk_groups,"
        " server_types, since, sites, survive, until, version; delete it"
    )


@pytest.mark.parametrize("kind", [kind for kind in SECRETS if kind != "random"])
def test_a_secret_in_a_comment_is_refused(tmp_path: Path, kind: str):
    message = told(tmp_path, FLEET.replace("name: dev", f"name: dev  # was {SECRETS[kind]}"))

    assert "fleet.yaml:2:13: given what looks like" in message
    assert SECRETS[kind] not in message


@pytest.mark.parametrize(
    "text",
    [
        "env:OSLO_BMC_PASSWORD",
        "file:.argosy/local/simulator/bmc-password",
        "9f2d5f0c7a1b4e3d8c6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d",
        "cr-0123456789abcdef0",
        "projects/example-fleet/reservations/a3mega-2027",
        "meta-llama/Llama-3.1-405B-Instruct",
        "deepseek-ai/DeepSeek-V3-Base-2024",
        "https://provision.oslo.example/images/node.iso",
        "inventories/Hall-North-2027-Servers.yaml",
    ],
)
def test_what_honest_files_hold_does_not_look_like_a_secret(text: str):
    assert looks_secret(text) is None


@pytest.mark.parametrize("key", ["apiVersion", "nodePools", "train-p5en", "trainP5en", "AWS_REGION", "Hall1"])
def test_what_people_misspell_is_shown(key: str):
    assert not hides(key)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("password", True),
        ("bmc_password", True),
        ("apiKey", True),
        ("private-key", True),
        ("token", True),
        ("input_tokens", False),
        ("keep", False),
        ("max_share", False),
        ("ca_certificate", False),
    ],
)
def test_a_key_names_a_secret_by_its_words(key: str, secret: bool):
    assert secret == names_secret(key)
