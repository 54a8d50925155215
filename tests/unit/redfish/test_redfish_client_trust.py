from __future__ import annotations

import asyncio
import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.redfish import BmcTrustError, Credentials, RedfishClient, Trust
from argosy_metal.redfish.urls import local_path
from argosy_metal.simulator.certificates import make_server_context
from argosy_metal.simulator.in_process import RunningSimulator

ROOT = "/redfish/v1/"


async def fingerprint(simulator: RunningSimulator) -> str:
    """Of the certificate that the simulator shows, asked for without the client under test."""
    context = ssl.create_default_context(cafile=str(simulator.ca_file))
    context.check_hostname = False
    _, writer = await asyncio.open_connection("127.0.0.1", simulator.endpoint.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return hashlib.sha256(shown).hexdigest()


async def test_the_pinned_certificate_is_trusted(connect: Any, simulator: RunningSimulator) -> None:
    pinned = await fingerprint(simulator)
    with_colons = ":".join(pinned[at : at + 2] for at in range(0, 64, 2)).upper()
    async with connect(trust=Trust(fingerprint_sha256=with_colons)) as bmc:
        assert 200 == (await bmc.get(ROOT)).status


async def test_any_other_certificate_than_the_pinned_one_is_refused_and_shown(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect(trust=Trust(fingerprint_sha256="00" * 32)) as bmc:
        with pytest.raises(BmcTrustError, match=f"sha256 is {await fingerprint(simulator)}"):
            await bmc.get(ROOT)


async def test_a_certificate_of_another_authority_is_refused(connect: Any, tmp_path: Path) -> None:
    make_server_context(["localhost"], tmp_path / "other-ca.pem")
    async with connect(trust=Trust(ca_file=tmp_path / "other-ca.pem")) as bmc:
        with pytest.raises(BmcTrustError, match="not trusted"):
            await bmc.get(ROOT)


async def test_a_certificate_for_another_host_is_refused(connect: Any, simulator: RunningSimulator) -> None:
    account = Credentials(simulator.username, simulator.password)
    client = RedfishClient(
        "https://bmc.elsewhere.test",
        account,
        trust=Trust(ca_file=simulator.ca_file),
        user_agent="argosy-test",
        resolve=lambda _host: ("127.0.0.1", simulator.endpoint.port),
    )
    async with client as bmc:
        with pytest.raises(BmcTrustError):
            await bmc.get(ROOT)


async def test_no_proof_is_asked_for_only_by_explicit_word(connect: Any) -> None:
    async with connect(trust=Trust(insecure=True)) as bmc:
        assert 200 == (await bmc.get(ROOT)).status


@pytest.mark.parametrize(
    "given", [{}, {"insecure": True, "fingerprint_sha256": "00"}], ids=["none", "two at once"]
)
def test_trust_is_given_in_exactly_one_way(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Trust(**given)


@pytest.mark.parametrize(
    "url",
    ["http://bmc.test", "https://user:secret@bmc.test", "https://bmc.test/redfish", "https://", "bmc.test"],
)
def test_a_bmc_url_is_https_and_a_host_and_nothing_more(url: str) -> None:
    with pytest.raises(ValueError, match="https://HOST") as caught:
        RedfishClient(url, Credentials("a", "b"), trust=Trust(insecure=True), user_agent="argosy-test")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("link", "path"),
    [("https://elsewhere/t/1?x=1", "/t/1?x=1"), ("/t/1", "/t/1"), ("", None), ("https://elsewhere", None)],
)
def test_a_location_keeps_its_path_only(link: str, path: str | None) -> None:
    assert path == local_path(link)
