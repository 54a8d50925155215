"""As much of Ironic's REST API as grants need: nodes are looked at, allocations are made and deleted.

An allocation's name is unique in Ironic's database, and a node takes one allocation at most (both by a
transaction of the database), so of two who want a node one gets it.
Source: openstack/ironic 39.0.0, ironic/db/sqlalchemy/api.py `create_allocation` and `update_allocation`,
ironic/conductor/allocations.py, read 2026-11.
"""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from argosy_metal.claims.claim import ClaimsError, ClaimsUnavailableError
from argosy_metal.rest import Reply, Rest

_MICROVERSION = "1.52"
"""The first with allocations (Ironic 12.1, OpenStack Stein)."""
_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 30.0
_LOCKED_TRIES = 25
"""A node is locked while the conductor works on it, and for a moment when it looks at its power state."""
_SEE = "see what Ironic says, then run again"


class IronicApi:
    """One Ironic. Nothing is read or sent before the first use.

    Every method raises ClaimsUnavailableError when Ironic does not answer, or answers something else.
    """

    def __init__(
        self,
        url: str,
        account: Callable[[], tuple[str, str] | None],
        ca_certificate: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.place = f"ironic {url}"
        self._url = url
        self._account = account
        self._ca_certificate = ca_certificate
        self._sleep = sleep

    @cached_property
    def _rest(self) -> Rest:
        context = ssl.create_default_context(cafile=self._ca_certificate)
        return Rest(self._url, self._unavailable, self._headers, context, self._sleep)

    def node(self, site: str, serial: str) -> Mapping[str, Any]:
        """The server's node, which is named `site.serial` or as the serial number.

        Raises ClaimsError if there is none, or one of each.
        """
        names = (f"{site}.{serial}", serial)
        found = [node for name in names if (node := self._get(f"/v1/nodes/{quote(name)}"))]
        if len(found) == 1:
            return found[0]
        raise ClaimsError(
            f"{self.place}: {'both nodes' if found else 'no node'} {names[0]} {'and' if found else 'or'}"
            f" {names[1]}; let exactly one of them be the server {site}/{serial}"
        )

    def allocation(self, name: str) -> Mapping[str, Any] | None:
        """The allocation of that name, once Ironic has decided about it; None if there is none."""
        waited = 0.0
        while True:
            allocation = self._get(f"/v1/allocations/{quote(name)}")
            if allocation is None or allocation.get("state") != "allocating":
                return allocation
            if waited >= _LONGEST_WAIT_SECONDS:
                raise self._unavailable(f"allocation {name} is undecided after {waited:.0f} s", _SEE)
            self._sleep(_WAIT_SECONDS)
            waited += _WAIT_SECONDS

    def allocate(self, name: str, node: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """Ask for that very node. Whether it was granted, `allocation` tells; one of the same name stays."""
        if not node.get("resource_class"):
            raise ClaimsError(
                f"{self.place}: node {node.get('name')} has no resource class, without which Ironic allocates"
                f" nothing; set one: openstack baremetal node set {node.get('name')} --resource-class NAME"
            )
        wanted = {
            "name": name,
            "resource_class": node["resource_class"],
            "candidate_nodes": [node["uuid"]],
            "extra": dict(extra),
        }
        # Not sent again by itself: with a lost answer, the look that follows tells what became of it.
        reply = self._rest.ask("POST", "/v1/allocations", wanted, repeatable=False)
        if reply.status not in (201, 409):
            raise self._unavailable(reply.told, _next_step(reply))

    def delete_allocation(self, allocation_id: str) -> None:
        """Delete one allocation, by its UUID; no error if it is gone. Raises ClaimsError if it may not go."""
        reply = self._delete(allocation_id)
        for _ in range(_LOCKED_TRIES):
            if reply.status != 409 or "locked" not in reply.told:
                break
            self._sleep(_WAIT_SECONDS)
            reply = self._delete(allocation_id)
        if reply.status in (400, 409):
            raise ClaimsError(
                f"{self.place}: allocation {allocation_id} cannot be deleted: {reply.told}; {_SEE}"
            )
        if reply.status not in (204, 404):
            raise self._unavailable(reply.told, _next_step(reply))

    def close(self) -> None:
        """Close the connections."""
        if "_rest" in self.__dict__:
            self._rest.close()

    def _unavailable(self, found: str, next_step: str) -> ClaimsUnavailableError:
        return ClaimsUnavailableError.at(self.place, found, next_step)

    def _delete(self, allocation_id: str) -> Reply:
        return self._rest.ask("DELETE", f"/v1/allocations/{quote(allocation_id)}", repeatable=True)

    def _get(self, path: str) -> Mapping[str, Any] | None:
        """The object at a path; None if Ironic itself says that there is none."""
        reply = self._rest.ask("GET", path, repeatable=True)
        body: Any = reply.body
        if reply.status == 200 and isinstance(body, dict):
            return cast("Mapping[str, Any]", body)
        # A 404 of Ironic's own names what it has not found; a proxy's says nothing.
        if reply.status == 404 and "could not be found" in reply.told:
            return None
        raise self._unavailable(reply.told, _next_step(reply))

    def _headers(self) -> dict[str, str]:
        headers = {"X-OpenStack-Ironic-API-Version": _MICROVERSION}
        account = self._account()
        if account is not None:
            token = base64.b64encode(f"{account[0]}:{account[1]}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        return headers


def _next_step(reply: Reply) -> str:
    if reply.status in (401, 403):
        return "check the account, and where its password is kept"
    return "check the address: it is that of the API, without /v1" if reply.status == 404 else _SEE
