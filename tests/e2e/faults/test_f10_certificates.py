"""F10: the BMC's certificate is not the one that is trusted. Nothing is sent to it: no password, no write."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from pathlib import Path

import grpc
import grpc.aio
import pytest

from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.fault_rules import FaultKind

from ..served_plugin import Plugin, refusal, served
from .invariants import assert_tells


def fingerprint(plugin: Plugin, host: str) -> str:
    context = ssl.create_default_context(cafile=str(plugin.simulator.ca_file))
    with (
        socket.create_connection(("127.0.0.1", plugin.simulator.endpoint.port), 10) as raw,
        context.wrap_socket(raw, server_hostname=host) as wrapped,
    ):
        return hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()


async def assert_refused(plugin: Plugin, kind: FaultKind, said: str) -> None:
    plugin.simulator.inject(FaultRule(kind, host="bmc-1.*"))
    requests = plugin.status()["requests"]

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine()

    told = refusal(error, grpc.StatusCode.UNKNOWN)
    assert_tells(told, "hall/SN1")
    assert said in told
    assert requests == plugin.status()["requests"], "not one request was sent over such a connection"
    plugin.simulator.clear_faults()
    assert "running" == (await plugin.create_machine())["phase"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("tls-expired", "certificate has expired"),
        ("tls-not-yet-valid", "certificate is not yet valid"),
        ("tls-wrong-ca", "unable to get local issuer certificate"),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_refused_by_its_cause(
    tmp_path: Path, kind: FaultKind, said: str
) -> None:
    async with served(tmp_path, servers=1) as plugin:
        await plugin.create_claim()

        await assert_refused(plugin, kind, said)


async def test_a_certificate_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path, servers=1) as plugin:
        pinned = await asyncio.to_thread(fingerprint, plugin, "bmc-1.hall.test")
        await plugin.create_claim(certificateSha256=pinned)

        await assert_refused(plugin, "tls-changed", "and another one is pinned")
