"""The plugin's process: serves until it is told to stop, or until the CLI that started it is gone."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio import sslproto
from concurrent.futures import ThreadPoolExecutor

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from argosy_metal.claims import RunIdentity
from argosy_metal.provider.engine_log import EngineLog
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.servicer import Servicer

_WATCH_SECONDS = 0.25
_ANSWER_SECONDS = 2.0
_TLS_BUFFER_BYTES = 16 << 10
_THREADS = 32
"""For what waits for a disk, a database or the DNS. Those who write claims at once share a commit."""
# The engine's own limit for a message (pulumi, sdk/python/lib/pulumi/runtime/_grpc_settings.py).
_OPTIONS = [("grpc.max_receive_message_length", 400 << 20)]


async def serve(run: RunIdentity, engine: str | None = None) -> None:
    """Serve on a free port of the loopback interface; the port is the one line on stdout.

    `engine` is the address of the engine, whose log shows what is waited for.

    Comes back after SIGTERM, SIGINT or the parent's end, when the steps in hand are done.
    """
    # asyncio sets 256 KiB aside per connection, of which a BMC's answers need little; a refresh has many.
    sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    provider = BareMetal(run, log=EngineLog(engine))
    servicer = Servicer(provider)
    server = grpc.aio.server(options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    stop = _stop_on_signals()
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await _until_stopped(stop, run)
    await servicer.finish()
    # Answers of interrupted operations carry their phase; the engine, if it lives, must get them.
    await provider.log.close()
    await server.stop(_ANSWER_SECONDS)
    provider.close()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _until_stopped(stop: asyncio.Event, run: RunIdentity) -> None:
    """A killed CLI takes nobody with it, so the parent is watched."""
    while run.is_alive():
        try:
            async with asyncio.timeout(_WATCH_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
        return
