"""The web service of a hall: routes, who may ask what, and nothing secret in the log."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from argosy_metal.lifecycle.image import image_key
from argosy_metal.provisioning.cluster import HallCluster, NotYetError
from argosy_metal.provisioning.edge import RefusedBodyError, bearer, is_same, json_object
from argosy_metal.provisioning.images import CachedImage, ImageCache, chunks, install_block
from argosy_metal.provisioning.installs import (
    GoneError,
    Install,
    Installs,
    NotForYouError,
    RefusedOfferError,
)
from argosy_metal.provisioning.join import Join, parse_join, user_data_of
from argosy_metal.provisioning.reported import acceptance_in, report_in
from argosy_metal.provisioning.scripts import ipxe_script, meta_data

_log = logging.getLogger(__name__)
_LARGEST_REQUEST_BYTES = 1 << 20
"""User data in base64 stays far below it: clouds allow 16 to 64 KiB."""
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class ServiceSettings:
    """What one hall's service is told."""

    url: str
    """Where machines reach it, e.g. `https://provision.oslo.example`."""
    authority_pem: str
    """The authority of its certificate, which installers are given."""
    hall_token: str = field(repr=False)
    """What the provider proves itself by."""


class ProvisioningApp:
    """The routes of one hall's service."""

    def __init__(
        self, settings: ServiceSettings, installs: Installs, images: ImageCache, cluster: HallCluster
    ) -> None:
        self._settings = settings
        self._installs = installs
        self._images = images
        self._cluster = cluster
        self._asking_cluster = asyncio.Lock()

    def web_app(self) -> web.Application:
        """For aiohttp's runner."""
        app = web.Application(client_max_size=_LARGEST_REQUEST_BYTES, middlewares=[_told])
        app.router.add_put("/installs/{install}", self._offer)
        app.router.add_delete("/installs/{install}", self._withdraw)
        app.router.add_get("/installs/{install}", self._shown)
        # A HEAD would take the user data, and hand it to nobody.
        app.router.add_get("/installs/{install}/user-data", self._user_data, allow_head=False)
        app.router.add_get("/seed/{token}/{name}", self._seed, allow_head=False)
        app.router.add_get("/boot.ipxe", self._ipxe)
        app.router.add_get("/images/{name}", self._image)
        app.router.add_get("/phone-home/{serial}", self._last_report)
        app.router.add_post("/phone-home/{serial}", self._report)
        app.router.add_get("/acceptance/{serial}", self._acceptance)
        app.router.add_post("/acceptance/{serial}", self._accept)
        return app

    async def _offer(self, http: web.Request) -> web.Response:
        self._assert_hall(http)
        install = self._installs.offer(http.match_info["install"], await _json(http))
        _log.info("offered install %s to %s", install.install_id, install.serial)
        return web.Response(status=201)

    async def _withdraw(self, http: web.Request) -> web.Response:
        self._assert_hall(http)
        if not self._installs.withdraw(http.match_info["install"]):
            raise web.HTTPNotFound(text="there is no such install\n")
        return web.Response(status=204)

    async def _shown(self, http: web.Request) -> web.Response:
        install = self._installs.authorized(http.match_info["install"], _bearer(http))
        return web.json_response(
            {"install_id": install.install_id, **install.offer, "has_user_data": not install.user_data_taken},
            headers=_NO_STORE,
        )

    async def _user_data(self, http: web.Request) -> web.Response:
        return await self._handed_out(self._installs.authorized(http.match_info["install"], _bearer(http)))

    async def _seed(self, http: web.Request) -> web.Response:
        """Cloud-init's NoCloud data source, which appends the three names to the seed's URL."""
        install = self._installs.by_token(http.match_info["token"])
        match http.match_info["name"]:
            case "meta-data":
                return web.Response(text=meta_data(install), content_type="text/yaml", headers=_NO_STORE)
            case "user-data":
                return await self._handed_out(install)
            case "vendor-data" | "network-config":
                return web.Response(text="", content_type="text/yaml")
            case _:
                raise web.HTTPNotFound(text="a seed has meta-data, user-data and vendor-data\n")

    async def _ipxe(self, http: web.Request) -> web.Response:
        """For iPXE, which replaces `${serial}` by the server's SMBIOS serial number."""
        install = self._installs.to_boot_by_pxe(http.query.get("serial", "").strip())
        image = await self._found(install.offer["image"]["sha256"]) if install else None
        if install is None or image is None:
            raise web.HTTPNotFound(text="#!ipxe\necho nothing is to be installed here\nexit 1\n")
        key = self._image_key(install)
        return web.Response(
            text=ipxe_script(self._settings.url, install, image.path.name, key), headers=_NO_STORE
        )

    async def _image(self, http: web.Request) -> web.StreamResponse:
        image = await self._found(http.match_info["name"])
        if image is None:
            raise web.HTTPNotFound(text="there is no such image\n")
        if http.query.get("sha256") not in (None, image.sha256):
            raise web.HTTPConflict(text=f"its sha256 is {image.sha256}, not the one that is asked for\n")
        return await _sent(http, image, self._block_for(http, image))

    async def _last_report(self, http: web.Request) -> web.Response:
        report = self._installs.report_of(http.match_info["serial"])
        if report is None:
            raise web.HTTPNotFound(text="nothing was heard of it\n")
        return web.json_response(report, headers=_NO_STORE)

    async def _report(self, http: web.Request) -> web.Response:
        report = report_in(await _json(http))
        serial = http.match_info["serial"]
        install = self._installs.report(serial, _bearer(http), report)
        join = parse_join(install.offer.get("join"))
        if join is not None and not {"failure", "stage"} & set(report):
            self._cluster.heard(serial, join)
        _log.info("%s reports install %s%s", serial, report["install_id"], ", failed" * ("failure" in report))
        return web.Response(status=204)

    async def _acceptance(self, http: web.Request) -> web.Response:
        report = self._installs.acceptance_of(http.match_info["serial"])
        if report is None:
            raise web.HTTPNotFound(text="its tests have shown nothing yet\n")
        return web.json_response(report, headers=_NO_STORE)

    async def _accept(self, http: web.Request) -> web.Response:
        report, serial = acceptance_in(await _json(http)), http.match_info["serial"]
        self._installs.accept(serial, _bearer(http), report)
        _log.info("%s reports its tests, run %s", serial, report["run"])
        return web.Response(status=204)

    async def _handed_out(self, install: Install) -> web.Response:
        self._installs.assert_not_taken(install)
        join = parse_join(install.offer.get("join"))
        part = None if join is None else await self._joining(install, join)
        content = user_data_of(self._installs.take_user_data(install), part)
        _log.info("handed out the user data of install %s", install.install_id)
        return web.Response(body=content, content_type="text/plain", headers=_NO_STORE)

    async def _joining(self, install: Install, join: Join) -> str:
        async with self._asking_cluster:
            return await asyncio.to_thread(self._cluster.part_for, install.serial, install.install_id, join)

    async def _found(self, name: str) -> CachedImage | None:
        # The first look at an image reads all of it, which must not keep the others waiting.
        return await asyncio.to_thread(self._images.find, name)

    def _block_for(self, http: web.Request, image: CachedImage) -> bytes | None:
        """The install block; None, and so the placeholder, once its installer has what stands in it."""
        install_id = http.query.get("install")
        if install_id is None or image.block_at is None:
            return None
        install = self._installs.find(install_id)
        if (
            install is None
            or install.offer["image"]["sha256"] != image.sha256
            or not is_same(http.query.get("key", ""), self._image_key(install))
        ):
            raise web.HTTPNotFound(text="no such install may read this image (any more)\n")
        if self._installs.is_begun(install):
            return None
        return install_block(install, self._settings.url, self._settings.authority_pem)

    def _image_key(self, install: Install) -> str:
        return image_key(self._settings.hall_token, install.install_id)

    def _assert_hall(self, http: web.Request) -> None:
        if not is_same(_bearer(http), self._settings.hall_token):
            raise web.HTTPUnauthorized(
                headers={"WWW-Authenticate": "Bearer"}, text="the hall's token is needed\n"
            )


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the installs refuse, as HTTP says it."""
    try:
        return await handler(request)
    except NotForYouError:
        raise web.HTTPForbidden(
            text="the token is not this install's, its time is over, or a newer install has taken its place\n"
        ) from None
    except RefusedBodyError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from None
    except NotYetError as error:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"}, text=f"{error}\n") from None
    except GoneError:
        raise web.HTTPGone(text="it was handed out already; a new attempt gets a new one\n") from None
    except RefusedOfferError as error:
        raise web.HTTPConflict(text=f"{error}\n") from None


async def _sent(http: web.Request, image: CachedImage, block: bytes | None) -> web.StreamResponse:
    """The image or the one range that is asked for (RFC 9110, section 14); BMCs read in small ranges."""
    try:
        wanted = http.http_range
    except ValueError:
        raise _unsatisfiable(image) from None
    start, end, _ = slice(wanted.start, wanted.stop).indices(image.size)
    is_part = wanted.start is not None or wanted.stop is not None
    if is_part and start >= end:
        raise _unsatisfiable(image)
    response = web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK)
    response.content_type = "application/octet-stream"
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = end - start
    if is_part:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{image.size}"
    await response.prepare(http)
    if http.method != "HEAD":
        parts = chunks(image, start, end, block)
        try:
            while chunk := await asyncio.to_thread(next, parts, b""):
                await response.write(chunk)
        finally:
            # Whoever hangs up half-way leaves no open file; one that a thread just reads closes itself.
            with suppress(ValueError):
                parts.close()
    await response.write_eof()
    return response


def _unsatisfiable(image: CachedImage) -> web.HTTPException:
    return web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{image.size}"})


async def _json(http: web.Request) -> dict[str, Any]:
    return json_object(await http.read())


def _bearer(http: web.Request) -> str:
    return bearer(http.headers.get("Authorization", ""))
