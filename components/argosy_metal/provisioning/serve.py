"""Run a hall's provisioning service: from files in one folder, over TLS, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from argosy.errors import ArgosyError
from argosy_metal.provisioning.cluster import HallCluster
from argosy_metal.provisioning.images import ImageCache, image_folder
from argosy_metal.provisioning.installs import Installs
from argosy_metal.provisioning.service import ProvisioningApp, ServiceSettings

LIFETIME_SECONDS = 2 * 60 * 60.0
"""How long an offer lives: an attempt may take 90 minutes (`lifecycle.Limits.install_seconds`)."""


class ServiceError(ArgosyError):
    """The service cannot run; the message says what would change it."""

    exit_code = 1


@dataclass(frozen=True)
class Listen:
    """Where the service listens, and with which certificate."""

    host: str
    port: int
    """0: a free one."""
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For the listener. Raises ServiceError."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ServiceError(
                f"{self.certificate} and {self.key}: no certificate and key that belong together"
                f" ({error.strerror or error}); give both as PEM files"
            ) from None
        return context


@asynccontextmanager
async def provisioning(
    directory: Path, settings: ServiceSettings, listen: Listen, now: Callable[[], float] = time.time
) -> AsyncGenerator[int]:
    """Serve what is in `directory` until the block ends; the port. Raises ServiceError."""
    context = listen.context()
    installs = Installs(directory / "installs.sqlite", now, LIFETIME_SECONDS)
    cluster = HallCluster(directory / "cluster")
    app = ProvisioningApp(settings, installs, ImageCache(image_folder(directory)), cluster)
    runner = runner_of(app)
    await runner.setup()
    try:
        yield await _listening(runner, listen, context)
    finally:
        await runner.cleanup()
        installs.close()


def runner_of(app: ProvisioningApp) -> web.AppRunner:
    """What answers requests. Bodies are taken as they come: none has to be unpacked before it is judged."""
    return web.AppRunner(app.web_app(), access_log=None, shutdown_timeout=1.0, auto_decompress=False)


async def _listening(runner: web.AppRunner, listen: Listen, context: ssl.SSLContext) -> int:
    try:
        listener = socket.create_server((listen.host, listen.port), backlog=1024)
    except OSError as error:
        # `create_server` adds the address to the text; a name that is not found has a number below zero.
        number = error.errno or 0
        told = os.strerror(number) if number > 0 else error.strerror
        raise ServiceError(
            f"cannot listen on {listen.host}:{listen.port}: {told}; give another --listen"
        ) from None
    await web.SockSite(runner, listener, ssl_context=context).start()
    return listener.getsockname()[1]


async def serve_until_stopped(
    directory: Path, settings: ServiceSettings, listen: Listen, announce: Callable[[int], None]
) -> None:
    """Serve until SIGTERM or SIGINT. Raises ServiceError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with provisioning(directory, settings, listen) as port:
        announce(port)
        await stop.wait()
