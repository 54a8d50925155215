"""`argosy metal provision DIRECTORY`: a hall's own provisioning service."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from pathlib import Path

import typer

from argosy.spec.secrets import REFERENCE, REFERENCE_FORMS
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.secrets import resolve_secret
from argosy_metal.provisioning.images import assert_fits, image_folder
from argosy_metal.provisioning.serve import Listen, ServiceError, serve_until_stopped
from argosy_metal.provisioning.service import ServiceSettings

_URL = re.compile(r"https://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?")
"""It comes to stand in a shell script, between quotes."""


def provision_hall(
    directory: Path, url: str, listen: str, certificate: Path, key: Path, authority: Path, token: str
) -> None:
    """Serve the hall until it is told to stop. Raises ServiceError for what it cannot run with."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = ServiceSettings(_url(url), _authority(authority), _token(token))
    host, port = _address(listen)
    try:
        assert_fits(settings.url, settings.authority_pem)
    except ValueError as error:
        raise ServiceError(f"{authority}: {error}") from None
    _make(directory)

    def announce(port: int) -> None:
        typer.echo(
            f"provisioning service of {settings.url}: {host}:{port}, images in {image_folder(directory)}"
        )

    asyncio.run(serve_until_stopped(directory, settings, Listen(host, port, certificate, key), announce))


def _url(url: str) -> str:
    if not _URL.fullmatch(url):
        raise ServiceError(f"--url {url}: expected https://HOST[:PORT]")
    return url.rstrip("/")


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(f"{directory}: {error.strerror}; give a folder, or a place to make one") from None
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise ServiceError(f"{directory}: this user may not write there; give a folder of its own")


def _authority(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(
            f"{path}: not readable ({error}); give the authority's certificate as PEM"
        ) from None
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        raise ServiceError(
            f"{path}: expected one certificate as PEM, and no key; every installer is given it"
        )
    return text


def _token(reference: str) -> str:
    if not REFERENCE.fullmatch(reference):
        raise ServiceError(f"--token: expected {REFERENCE_FORMS}, never the token itself")
    try:
        return resolve_secret(reference, Path.cwd())
    except NotPossibleError as error:
        raise ServiceError(f"--token: {error}") from None


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ServiceError(f"--listen {listen}: expected HOST:PORT, e.g. 0.0.0.0:443")
    return host.strip("[]"), int(port)
