"""Wipes through Ironic: one named step of its agent, seen through to the end."""

from __future__ import annotations

import json

from argosy_metal.ironic.fields import cleaning
from argosy_metal.ironic.node import TRANSITIONAL, Node
from argosy_metal.ironic.server import IronicServer
from argosy_metal.lifecycle.driver import Wipe
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.lifecycle.limits import Limits


class AgentWiper:
    """Wipes the drives of one node that is `manageable`, and leaves it so."""

    def __init__(self, server: IronicServer, journal: Journal, limits: Limits, leash: Leash) -> None:
        self._server = server
        self._journal = journal
        self._limits = limits
        self._leash = leash

    def fault(self, wipe: Wipe) -> str | None:
        """Ironic's agent chooses the way for every drive."""
        if wipe.method is not None:
            return f"Ironic takes no method such as {wipe.method}; expected the policy alone"
        return None

    async def wipe(self, wipe: Wipe) -> str:
        """Order it, and wait. Proof is that Ironic, asked for this very step, came back without an error.

        There is no time limit but the resource's own: drives take hours to overwrite, and Ironic watches its
        agent itself (`clean_callback_timeout`).
        """
        order = cleaning(wipe.policy)
        await self._server.provision(order, "wipe")
        node = await self._server.node()
        while node is not None and node.state in TRANSITIONAL:
            await self._leash.pause(self._limits.poll_seconds)
            node = await self._server.node()
        if node is None or node.state != "manageable" or node.last_error is not None:
            raise self._failed(node)
        proof = {"by": "ironic", "node": node.id, "steps": order["clean_steps"], "seen": node.state}
        return json.dumps(proof, sort_keys=True)

    def _failed(self, node: Node | None) -> MachineNotReadyError:
        seen = (
            "the node is gone" if node is None else f"`{node.state}`: {node.last_error or 'no reason given'}"
        )
        return MachineNotReadyError(
            self._journal.claim, f"the wipe failed: Ironic says {seen}", f"mend what it says, then {GO_ON}"
        )
