"""`Acceptance`: whether a machine is fit for use."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from argosy_metal.resources.base import BareMetalResource


class Acceptance(BareMetalResource):
    """What a machine must show before it is used. What depends on one that does not show it waits."""

    token = "baremetal:index:Acceptance"  # noqa: S105 - a type token
    outputs = ("passed", "figures", "report_digest")

    passed: pulumi.Output[bool]
    """Whether every test was passed."""
    figures: pulumi.Output[Mapping[str, float]]
    """What the machine has reported, by test."""
    report_digest: pulumi.Output[str]
    """Names the report that was judged."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        install_id: pulumi.Input[str],
        tests: pulumi.Input[Mapping[str, pulumi.Input[Mapping[str, pulumi.Input[float]]]]],
        trigger: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        wait_seconds: pulumi.Input[int] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`tests`: name to `{"least": …}`, `{"most": …}` or `{"equal": …}`. Another `trigger` tests anew."""
        inputs = {
            "server_id": server_id,
            "install_id": install_id,
            "tests": tests,
            "trigger": trigger,
            "wait_seconds": wait_seconds,
        }
        super().__init__(name, inputs, opts)
