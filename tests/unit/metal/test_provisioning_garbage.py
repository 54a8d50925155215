"""Whatever anybody sends to a hall's service, it is taken or refused: no answer is a 5xx."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st

from argosy_metal.provisioning.serve import runner_of
from argosy_metal.provisioning.service import ProvisioningApp

from .provisioning_hall import OFFER, Mint, make_app

JOIN = {
    "role": "worker",
    "node_name": "sn1",
    "endpoint": "k8s.oslo.test:6443",
    "kubernetes_version": "v1.34.4",
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.96.0.0/12",
    "control_plane": ["CP1"],
}
REPORT = {"install_id": "i1", "boot_id": "b", "image_sha256": "a" * 64, "failure": "f", "stage": "installed"}
TESTS = {"install_id": "i1", "run": "r", "figures": {"gpu_count": 8}}
PATHS = ("/installs/i2", "/phone-home/SN1", "/acceptance/SN1", "/boot.ipxe", "/images/node.iso", "/seed/x/y")


@dataclass
class Service:
    """A service with one install, and the loop that it runs in."""

    runner: asyncio.Runner
    port: int
    token: bytes

    def status(self, method: str, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> int:
        """Send it byte for byte, and give the answer's status."""
        lines = [
            method.encode() + b" " + path + b" HTTP/1.1",
            *(name + b": " + value for name, value in headers),
            b"Host: provision.oslo.test",
            b"Connection: close",
            b"Content-Length: %d" % len(body),
        ]
        return self.runner.run(self._sent(b"\r\n".join(lines) + b"\r\n\r\n" + body))

    async def _sent(self, raw: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(raw)
            return int((await asyncio.wait_for(reader.readline(), 10)).split()[1])
        finally:
            writer.close()


@asynccontextmanager
async def listening(app: ProvisioningApp) -> AsyncGenerator[int]:
    """The port of a service that runs as it does in a hall, but without TLS."""
    running = runner_of(app)
    await running.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(running, listener).start()
    yield listener.getsockname()[1]
    await running.cleanup()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    app, installs = make_app(tmp_path_factory.mktemp("hall"), Mint())
    token = f"Bearer {installs.offer('i1', OFFER).token}".encode()
    with asyncio.Runner() as runner:
        listens = listening(app)
        yield Service(runner, runner.run(listens.__aenter__()), token)
        runner.run(listens.__aexit__(None, None, None))
    installs.close()


any_text = st.text(st.characters(exclude_categories=()), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | any_text
    | st.text(max_size=1).map(lambda char: char * 100_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)


def changed(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object that is nearly right: some of its values are anything."""
    return st.dictionaries(st.sampled_from(sorted(whole)), values, max_size=2).map(
        lambda change: {**whole, **change}
    )


def deep(depth: int) -> bytes:
    return b'{"figures":' * depth + b"1" + b"}" * depth


figures = st.dictionaries(st.just("gpu_count") | any_text, values, max_size=2)
reports = changed(REPORT) | changed(TESTS) | figures.map(lambda found: {**TESTS, "figures": found}) | values
offers = changed({**OFFER, "join": JOIN}) | changed(JOIN).map(lambda join: {**OFFER, "join": join}) | values
a_line = st.binary(max_size=60).filter(lambda line: not {0, 10, 13} & set(line))


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(("/phone-home/SN1", "/acceptance/SN1")),
    body=reports.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=100),
)
@example("/phone-home/SN1", b"[" * 200_000)
@example("/phone-home/SN1", deep(900))
@example("/phone-home/SN1", b'{"install_id":"\\ud800","boot_id":"b"}')
@example("/acceptance/SN1", b'{"install_id":"i1","run":"r","figures":{"a":1' + b"0" * 400 + b"}}")
def test_no_body_of_a_report_breaks_the_service(service: Service, path: str, body: bytes):
    headers = [(b"Authorization", service.token)]

    assert service.status("POST", path.encode(), headers, body) < 500


@settings(max_examples=200, deadline=None)
@given(body=offers.map(lambda value: json.dumps(value).encode()))
@example(json.dumps({**OFFER, "serial": None}).encode())
@example(json.dumps(OFFER)[:-1].encode() + b',"boot_method":' + deep(500) + b"}")
def test_no_body_of_an_offer_breaks_the_service(service: Service, body: bytes):
    headers = [(b"Authorization", b"Bearer the-halls-token")]

    assert service.status("PUT", b"/installs/i2", headers, body) < 500


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")),
    path=st.sampled_from(PATHS),
    name=st.sampled_from(
        (b"Authorization", b"Range", b"Content-Type", b"Content-Encoding", b"If-Range", b"X-Y")
    ),
    value=a_line,
    is_bearer=st.booleans(),
)
@example("PUT", "/installs/i2", b"Authorization", b"\xff", True)
@example("GET", "/installs/i1", b"Authorization", b"\xff", True)
@example("POST", "/phone-home/SN1", b"Authorization", b"\xff", True)
@example("POST", "/phone-home/SN1", b"Content-Type", b"application/json; charset=bogus", False)
@example("POST", "/phone-home/SN1", b"Content-Encoding", b"gzip", False)
@example("GET", "/images/node.iso", b"Range", b"bytes=" + b"9" * 5000 + b"-", False)
def test_no_header_breaks_the_service(
    service: Service, method: str, path: str, name: bytes, value: bytes, is_bearer: bool
):
    body = json.dumps(REPORT).encode() if method in ("POST", "PUT") else b""
    value = b"Bearer " + value if is_bearer else value

    assert service.status(method, path.encode(), [(name, value)], body) < 500


quoted = st.binary(max_size=12).map(lambda raw: b"".join(b"%%%02x" % byte for byte in raw))


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from(("GET", "HEAD", "POST", "DELETE")),
    path=st.sampled_from(
        (
            *(b"/installs/%s", b"/installs/%s/user-data", b"/seed/%s/user-data", b"/phone-home/%s"),
            *(b"/acceptance/%s", b"/boot.ipxe?serial=%s", b"/images/%s", b"/images/node.iso?sha256=%s"),
            *(b"/images/node.iso?install=%s", b"/images/node.iso?install=i1&key=%s", b"/%s"),
        )
    ),
    part=quoted | a_line.map(lambda line: line.replace(b" ", b"")),
)
@example("GET", b"/boot.ipxe?serial=%s", b"%ed%a0%80")
@example("GET", b"/phone-home/%s", b"\xff")
def test_no_path_and_no_query_breaks_the_service(service: Service, method: str, path: bytes, part: bytes):
    for token in (service.token, b"Bearer the-halls-token"):
        assert service.status(method, path % part, [(b"Authorization", token)], b"{}") < 500
