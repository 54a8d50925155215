"""Whom an import tells its token, and what it says of a token that will not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_metal.netbox.address import address_fault
from argosy_metal.simulator.certificates import make_server_context

from ...netbox_api import V1_TOKEN, V2_TOKEN, NetBoxApi
from .netbox_import import imported, refused


@pytest.mark.parametrize("option", ["token", "username", "password"])
def test_a_plain_secret_is_refused_and_not_repeated(netbox: NetBoxApi, option: str) -> None:
    told = refused(netbox, **{option: "hunter2"})

    assert f"--{option}: given a plain value (not shown); expected a reference" in told
    assert "hunter2" not in told
    assert [] == netbox.requests


def test_tokens_of_both_kinds_are_sent_as_netbox_wants_them(
    netbox: NetBoxApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    netbox.server("gpu-1", "SN1")
    monkeypatch.setenv("NETBOX_TOKEN", V1_TOKEN)

    assert 1 == len(imported(netbox).servers)


def test_a_wrong_token_is_told_without_it(netbox: NetBoxApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", "wr0ng")

    told = refused(netbox)

    assert "check the token" in told
    assert "wr0ng" not in told


@pytest.mark.parametrize(
    "url",
    [
        "ftp://netbox.example",
        "netbox.example",
        "https://",
        "https://netbox.example:99999",
        "https://netbox.example/?a=b",
        "https://net\tbox.example",
        f"https://{'a' * 64}.example",
        "https://[::1",
    ],
)
def test_an_address_that_is_none_is_told_before_the_token_is_read(netbox: NetBoxApi, url: str) -> None:
    told = refused(netbox, "--netbox", url, token="env:NOT_SET")

    assert "--netbox: given what is no address (not shown); expected https://HOST" in told


def test_a_password_in_the_address_is_not_repeated(netbox: NetBoxApi) -> None:
    told = refused(netbox, "--netbox", "https://me:hunter2@netbox.example")

    assert "--netbox: given an address with a user name in it (not shown)" in told
    assert "hunter2" not in told


def test_a_token_goes_over_plain_http_to_this_computer_alone_unless_it_is_allowed(netbox: NetBoxApi) -> None:
    for url in ("http://netbox.invalid", "http://127.0.0.1.netbox.invalid", "http://192.0.2.1"):
        told = refused(netbox, "--netbox", url)
        assert "over which anybody on the way reads the token; expected https://" in told
        assert address_fault(url, is_plain_allowed=True) is None
    for url in ("http://localhost:8000", "http://127.0.0.2", "http://[::1]:80", "https://netbox.invalid"):
        assert address_fault(url, is_plain_allowed=False) is None

    told = refused(netbox, "--plain-http", "--netbox", "http://netbox.invalid")
    assert "http://netbox.invalid: no answer" in told


def test_all_that_is_wrong_with_the_options_is_told_at_once(netbox: NetBoxApi) -> None:
    told = refused(netbox, "--netbox", "http://netbox.invalid", password="hunter2", username="me")

    assert ["--username", "--password", "--netbox"] == [line.partition(":")[0] for line in told.splitlines()]


@pytest.mark.parametrize("token", ["two words", "l\u00edne", "line\nX-Injected: 1"])
def test_what_is_no_token_is_neither_sent_nor_shown(
    netbox: NetBoxApi, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", token)

    told = refused(netbox)

    assert told.startswith("--token: env:NETBOX_TOKEN holds what is no token (not shown)")
    assert token not in told
    assert [] == netbox.requests


def test_a_file_without_a_certificate_is_told(netbox: NetBoxApi, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")

    assert "ca.pem holds no certificate" in refused(netbox, "--ca-certificate", str(tmp_path / "ca.pem"))


def test_netbox_must_prove_who_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", V2_TOKEN)
    server = NetBoxApi(make_server_context(["localhost"], tmp_path / "ca.pem"))
    server.server("gpu-1", "SN1")
    try:
        assert "its certificate is refused" in refused(server)
        assert 1 == len(imported(server, "--ca-certificate", str(tmp_path / "ca.pem")).servers)
    finally:
        server.stop()
