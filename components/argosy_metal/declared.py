"""Order among a server's resources that holds even when one of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pulumi
from pulumi.resource import DependencyResource

from argosy_metal.resources.base import BareMetalResource

_T = TypeVar("_T")


def attribute_after(
    resource: BareMetalResource, name: str, attribute: str, parent: pulumi.Resource, otherwise: str
) -> pulumi.Output[str]:
    """An attribute of a declared resource for what comes after it; `otherwise` if the resource has failed.

    With --continue-on-error the engine goes on after a failure. What depends on the failed resource must be
    registered all the same: the engine would delete what the program does not name any more, and so take down
    running machines. It must still depend on it, so that the engine skips it.
    """
    output: pulumi.Output[str] = getattr(resource, attribute)

    def failed(_: Exception) -> pulumi.Output[str]:
        return _depending_on(pulumi.create_urn(name, resource.token, parent), otherwise)

    return output.recover(failed)


def dependency_on(
    resource: BareMetalResource, name: str, parent: pulumi.Resource
) -> pulumi.Output[pulumi.Resource]:
    """For `depends_on`: it holds even if the resource has failed, for the same reason."""
    urn = resource.urn.recover(lambda _: pulumi.create_urn(name, resource.token, parent))

    async def found() -> pulumi.Resource:
        return DependencyResource(str(await urn.future()))

    return _output(found(), None)


def _depending_on(urn: pulumi.Output[str], value: str) -> pulumi.Output[str]:
    async def content() -> str:
        return value

    return _output(content(), urn)


def _output(content: Coroutine[Any, Any, _T], urn: pulumi.Output[str] | None) -> pulumi.Output[_T]:
    """A known output that depends on nothing but `urn`.

    What `apply` makes of a URN depends on the component around the resource too, and so on all its children.
    """

    async def dependencies() -> set[pulumi.Resource]:
        found = None if urn is None else await urn.future()
        return {DependencyResource(found)} if found else set()

    async def known() -> bool:
        return True

    return pulumi.Output(
        asyncio.ensure_future(dependencies()),
        asyncio.ensure_future(content),
        asyncio.ensure_future(known()),
    )
