"""How a cluster is reached and who asks, from a kubeconfig file.

Source of the format: kubernetes.io/docs/reference/config-api/kubeconfig.v1/, read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML, YAMLError

from argosy.errors import ArgosyError

_OTHER_WAYS = ("exec", "auth-provider", "username", "password")


class KubeconfigError(ArgosyError):
    """A kubeconfig cannot be used. The message names the file, and holds no token or key."""


@dataclass(frozen=True)
class Cluster:
    """One cluster as one account reaches it."""

    server: str
    context: ssl.SSLContext = field(repr=False)
    token: str = field(repr=False)
    token_file: Path | None
    """Read for every request: whoever writes it renews the token there."""

    def headers(self) -> dict[str, str]:
        """What proves the account, unless a certificate does. Raises KubeconfigError."""
        token = self.token if self.token_file is None else _text(self.token_file)
        return {"Authorization": f"Bearer {token.strip()}"} if token.strip() else {}


def read_kubeconfig(path: Path, context: str | None) -> Cluster:
    """The cluster and account of a context; None: the file's current one.

    Raises KubeconfigError, which never holds a token or key.
    """
    try:
        document: Any = YAML(typ="safe").load(_text(path))  # pyright: ignore[reportUnknownMemberType]
    except YAMLError:
        raise _unusable(path, "it is no YAML", "check the path") from None
    config: Mapping[str, Any] = cast("Any", document) if isinstance(document, dict) else {}
    chosen = context or str(config.get("current-context") or "")
    if not chosen:
        raise _unusable(path, "it names no current context", "name a `context`, or set the current one")
    names = _entry(path, config, "contexts", chosen, "context")
    cluster = _entry(path, config, "clusters", str(names.get("cluster")), "cluster")
    user = _entry(path, config, "users", str(names.get("user")), "user")
    return _cluster(path, cluster, user)


def _cluster(path: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Cluster:
    server = str(cluster.get("server") or "")
    if not server.startswith("https://"):
        raise _unusable(path, "its server is no https URL", "name the API server by https")
    if cluster.get("insecure-skip-tls-verify"):
        raise _unusable(path, "it skips the check of the server's certificate", "name its authority instead")
    if used := [way for way in _OTHER_WAYS if user.get(way)]:
        raise _unusable(
            path, f"its user proves itself by {used[0]}", "use a token, a token file or a client certificate"
        )
    folder = path.parent
    try:
        trust = ssl.create_default_context(cadata=_pem(cluster, "certificate-authority", folder) or None)
        _add_certificate(trust, user, folder)
    except (OSError, ValueError, binascii.Error) as error:
        reason = type(error).__name__
        raise _unusable(path, f"its certificates cannot be read ({reason})", "check what it names") from None
    token_file = user.get("tokenFile")
    return Cluster(
        server=server,
        context=trust,
        token=str(user.get("token") or ""),
        token_file=folder / str(token_file) if token_file else None,
    )


def _add_certificate(trust: ssl.SSLContext, user: Mapping[str, Any], folder: Path) -> None:
    certificate, key = _pem(user, "client-certificate", folder), _pem(user, "client-key", folder)
    if not certificate:
        return
    # The ssl module takes certificates from files alone; this one is nobody else's and gone right after.
    with tempfile.NamedTemporaryFile(mode="w", encoding="ascii") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        trust.load_cert_chain(file.name)


def _pem(entry: Mapping[str, Any], name: str, folder: Path) -> str:
    """The PEM text that an entry holds or names; empty without one."""
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(str(data), validate=True).decode("ascii")
    return (folder / str(entry[name])).read_text(encoding="ascii") if entry.get(name) else ""


def _entry(path: Path, config: Any, part: str, name: str, kind: str) -> Mapping[str, Any]:
    items: list[Any] = config.get(part) or []
    for item in items:
        if isinstance(item, dict) and cast("Any", item).get("name") == name:
            found: Any = cast("Any", item).get(kind)
            if isinstance(found, dict):
                return cast("Mapping[str, Any]", found)
    raise _unusable(path, f"it has no {kind} {name!r}", "check `kubeconfig` and `context`")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise _unusable(path, f"it cannot be read ({reason})", "check the path") from None


def _unusable(path: Path, found: str, next_step: str) -> KubeconfigError:
    return KubeconfigError(f"{path}: this kubeconfig cannot be used: {found}; {next_step}")
