"""A changed image goes over a pool a few machines at a time, and stops where they do not come back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from argosy.errors import ArgosyError
from argosy_metal.budgets.waiter import Waiter, tell_over


class RolloutHaltedError(ArgosyError):
    """As many machines of the pool as may be down have not come back; the others are left as they are."""


class _Pool:
    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.down: set[str] = set()
        self.failed: set[str] = set()
        self.changed = asyncio.Event()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Rollouts:
    """Which machines are down because they are being replaced on the server they are on.

    A machine is down from its taking down until its successor runs: in the engine's eyes a deletion and a
    creation. That the one belongs to the other is known from the comparison that came before (`expect`).
    """

    def __init__(self, limits: Mapping[str, int], per_run: Mapping[str, int] | None = None) -> None:
        self._limits = limits
        """Pool to the machines of it that may be down at once; a pool that is not there is not limited."""
        self._per_run = per_run or {}
        """Pool to the machines of it that one run may replace; a pool that is not there is not limited."""
        self._begun: defaultdict[str, set[str]] = defaultdict(set)
        self._expected: set[str] = set()
        self._pools: dict[str, _Pool] = {}
        self._line: defaultdict[str, list[object]] = defaultdict(list)

    def expect(self, server_id: str) -> None:
        """A comparison has shown that this machine will be replaced."""
        self._expected.add(server_id)

    def is_expected(self, server_id: str) -> bool:
        """Whether what is taken down here comes back in this run."""
        return server_id in self._expected

    async def begin(self, server_id: str, pool_name: str, waiter: Waiter) -> None:
        """Wait, in the order of arrival, until one more machine of the pool may be down.

        Raises RolloutHaltedError once those that are down have failed, or this run has replaced its number.
        """
        self._count(server_id, pool_name)
        if pool_name not in self._limits:
            return
        pool = self._pools.setdefault(pool_name, _Pool(pool_name, self._limits[pool_name]))
        if server_id in pool.down:
            return
        me, line = object(), self._line[pool_name]
        line.append(me)
        told = False
        try:
            while line[0] is not me or len(pool.down) >= pool.limit:
                self._assert_goes_on(pool)
                if not told:
                    waiter.tell(
                        f"waits: {len(pool.down)} machines of pool {pool.name} are down to be replaced, and"
                        f" {pool.limit} may be; {line.index(me)} wait before it"
                    )
                    told = True
                await waiter.wait(pool.changed.wait())
            pool.down.add(server_id)
            if told:
                tell_over(waiter)
        finally:
            line.remove(me)
            pool.wake()

    def end(self, server_id: str, *, runs: bool) -> None:
        """The successor runs, or has failed and is down still."""
        for pool in self._pools.values():
            if server_id in pool.down:
                if runs:
                    pool.down.discard(server_id)
                    pool.failed.discard(server_id)
                else:
                    pool.failed.add(server_id)
                pool.wake()

    def _count(self, server_id: str, pool_name: str) -> None:
        limit, begun = self._per_run.get(pool_name), self._begun[pool_name]
        if limit is not None and len({*begun, server_id}) > limit:
            raise RolloutHaltedError(
                f"left as it is: a run replaces {limit} machines of {pool_name}, and this one has begun with"
                f" {', '.join(sorted(begun))}; see to it that its cluster has taken it up again (a server of"
                " the control plane: that its old member is removed from etcd), then run `pulumi up` again"
            )
        begun.add(server_id)

    def _assert_goes_on(self, pool: _Pool) -> None:
        if len(pool.failed) >= pool.limit:
            raise RolloutHaltedError(
                f"left as it is: {len(pool.failed)} machines of pool {pool.name} were taken down to be"
                " replaced and have not come back, which is all that may be down at once (budget `rollout`);"
                " mend those, or the image, then run `pulumi up` again"
            )
