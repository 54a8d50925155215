"""The hall's own cluster as the provisioning service starts and extends it.

The first server of the control plane begins the cluster, once; every other machine joins what is there. A
token is made for one installation and lives a day at most: by asking the cluster, or, for the other servers
of the control plane while there is no cluster yet, by telling the first one what to accept.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from argosy.errors import ArgosyError
from argosy_metal.provisioning.authority import ClusterAuthority, new_bootstrap_token
from argosy_metal.provisioning.join import Join, Material, Role, cloud_config
from argosy_metal.rest import Rest

_SECRETS = "/api/v1/namespaces/kube-system/secrets"
_TOKEN_LIFETIME = dt.timedelta(hours=2)


class NotYetError(Exception):
    """The cluster is not there yet, or does not answer; ask again later. The message says what would help."""


class _SilentError(ArgosyError):
    """The cluster does not answer."""


class TokenMint(Protocol):
    """Where a living cluster takes new bootstrap tokens."""

    def accept(self, endpoint: str, token: str, description: str) -> bool:
        """Have the cluster accept the token from now on; False if it does not answer."""
        ...


class HallCluster:
    """One hall's cluster. Blocks while it asks the cluster; used from one thread at a time."""

    def __init__(self, folder: Path, mint: TokenMint | None = None) -> None:
        self._folder = folder
        self._authority = ClusterAuthority(folder / "pki")
        self._mint = mint or ApiServerMint(self._authority)

    def part_for(self, serial: str, install_id: str, join: Join) -> str:
        """Cloud-init's part for a server. Raises NotYetError."""
        token = new_bootstrap_token()
        is_control_plane = join.role is Role.CONTROL_PLANE
        certificates = self._authority.certificates() if is_control_plane else dict[str, str]()
        if self._mint.accept(join.endpoint, token, f"argosy install {install_id} of {serial}"):
            return cloud_config(join, Material(token, self._authority.ca_hash(), certificates), begins=False)
        begun_by = self._state().get("begun_by")
        if begun_by is not None:
            raise NotYetError(
                f"the cluster that {begun_by} has begun does not answer at {join.endpoint}; if all of its"
                f" control plane is lost, move {self._state_file} away, and {join.control_plane[0]} begins a"
                " new one"
            )
        if not is_control_plane:
            raise NotYetError(f"no cluster answers at {join.endpoint} yet; its control plane comes first")
        return self._before_the_beginning(serial, join, certificates)

    def heard(self, serial: str, join: Join) -> None:
        """A server's installed system has phoned home: if it was to begin the cluster, it has."""
        state = self._state()
        if state.get("begun_by") is None and join.control_plane[0] == serial:
            self._write({**state, "begun_by": serial, "tokens": {}})

    def _before_the_beginning(self, serial: str, join: Join, certificates: Mapping[str, str]) -> str:
        tokens = self._tokens(join.control_plane)
        if serial not in tokens:
            raise NotYetError(f"{serial} is not among the control plane's servers")
        others = tuple(tokens[one] for one in join.control_plane if one != serial)
        begins = serial == join.control_plane[0]
        material = Material(tokens[serial], self._authority.ca_hash(), certificates, others if begins else ())
        return cloud_config(join, material, begins=begins)

    def _tokens(self, serials: tuple[str, ...]) -> Mapping[str, str]:
        """The tokens of the first servers, made together: the one that begins must know all."""
        state = self._state()
        tokens: dict[str, str] = state.get("tokens") or {}
        missing = [serial for serial in serials if serial not in tokens]
        if missing:
            tokens |= {serial: new_bootstrap_token() for serial in missing}
            self._write({**state, "tokens": tokens})
        return tokens

    @property
    def _state_file(self) -> Path:
        return self._folder / "cluster.json"

    def _state(self) -> dict[str, Any]:
        try:
            return json.loads(self._state_file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}

    def _write(self, state: Mapping[str, Any]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._state_file.with_suffix(".unfinished")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(state, file, sort_keys=True)
        os.replace(unfinished, self._state_file)


class ApiServerMint:
    """A cluster's own API server, asked as an administrator of its authority.

    Source: kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/, read 2026-11.
    """

    def __init__(
        self, authority: ClusterAuthority, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._authority = authority
        self._now = now

    def accept(self, endpoint: str, token: str, description: str) -> bool:
        """Create the token's Secret, which expires by itself; False if the cluster does not answer."""
        now = self._now()
        context = self._authority.admin_context(now)
        rest = Rest(f"https://{endpoint}", lambda found, _: _SilentError(found), dict, context)
        try:
            reply = rest.ask("POST", _SECRETS, bootstrap_secret(token, description, now), repeatable=False)
        except _SilentError:
            return False
        finally:
            rest.close()
        if reply.status != 201:
            raise NotYetError(f"the cluster at {endpoint} takes no bootstrap token: {reply.told}")
        return True


def bootstrap_secret(token: str, description: str, now: dt.datetime) -> dict[str, Any]:
    """The Secret by which a cluster accepts a bootstrap token for two hours."""
    token_id, _, token_secret = token.partition(".")
    expires = (now + _TOKEN_LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {
        "description": description,
        "token-id": token_id,
        "token-secret": token_secret,
        "expiration": expires,
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"bootstrap-token-{token_id}", "namespace": "kube-system"},
        "type": "bootstrap.kubernetes.io/token",
        "data": {name: b64encode(value.encode()).decode() for name, value in values.items()},
    }
