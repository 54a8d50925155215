"""The baseline of `render.py`: what one would write by hand to see prod's resources under Pulumi's own mocks.

Declares the resources of the JSON file named on the command line (what `argosy render --json` printed) with
plain Pulumi: the vendors' own classes where a vendor has one, the same parents, providers, protection and
dependencies, the mocks of the SDK's documentation. Prints what the mocks saw.
"""

import gc
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pulumi

Declared = dict[str, pulumi.Resource]
Listed = dict[str, Any]


class Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.seen: list[Listed] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        inputs = cast(dict[str, Any], args.inputs)  # pyright: ignore[reportUnknownMemberType]
        self.seen.append({"type": args.typ, "name": args.name, "inputs": inputs})
        return f"{args.name}_id", {"name": args.name, "arn": f"arn:{args.name}", **inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return {}, None


def in_order(listed: list[Listed]) -> Iterator[Listed]:
    """Every resource after all it needs."""
    waiting = {resource["urn"]: resource for resource in listed}
    while waiting:
        ready = [urn for urn, resource in waiting.items() if not needs(resource) & waiting.keys()]
        if not ready:
            raise SystemExit(f"the resources wait for each other: {', '.join(sorted(waiting))}")
        yield from (waiting.pop(urn) for urn in ready)


def needs(resource: Listed) -> set[str]:
    options = resource["options"]
    return {resource["parent"] or "", options.get("provider", ""), *options.get("dependsOn", ())} - {""}


def declare(resource: Listed, declared: Declared) -> pulumi.Resource | None:
    type_, name, options = resource["type"], resource["name"], resource["options"]
    if type_ == "pulumi:pulumi:Stack":
        return None
    opts = pulumi.ResourceOptions(
        parent=declared.get(resource["parent"]),
        provider=declared.get(options.get("provider", "")),  # type: ignore[arg-type]
        protect=options.get("protect"),
        depends_on=[declared[urn] for urn in options.get("dependsOn", ()) if urn in declared],
    )
    inputs = wired_inputs(resource, declared)
    vendor_class = class_of(type_)
    if vendor_class is not None:
        return vendor_class(name, opts=opts, **{snake(key): value for key, value in inputs.items()})
    if type_.startswith("pulumi:providers:"):
        return pulumi.ProviderResource(type_.rpartition(":")[2], name, inputs, opts)
    if "outputs" in resource:
        component = pulumi.ComponentResource(type_, name, inputs, opts)
        component.register_outputs(resource["outputs"])
        return component
    return pulumi.CustomResource(type_, name, inputs, opts)


def wired_inputs(resource: Listed, declared: Declared) -> dict[str, Any]:
    """Inputs as a program would pass them: those that come from another resource as its Output."""
    sources = resource["options"].get("propertyDependencies", {})
    inputs = dict(resource["inputs"])
    for key in sources.keys() & inputs.keys():
        source = next((declared[urn] for urn in sources[key] if urn in declared), None)
        if source is not None:
            inputs[key] = source.urn.apply(lambda _, value=inputs[key]: value)
    return inputs


def class_of(type_: str) -> type[Any] | None:
    """The vendor's class of a type token: `pulumi_aws.eks.Cluster` of `aws:eks/cluster:Cluster`."""
    package, module, name = type_.split(":")
    if package == "pulumi" and module == "providers":
        return (
            getattr(importlib.import_module(f"pulumi_{name}"), "Provider", None) if name in VENDORS else None
        )
    if package not in VENDORS:
        return None
    path = module.replace("/", ".") if package == "kubernetes" else module.partition("/")[0]
    return getattr(importlib.import_module(f"pulumi_{package}.{path}"), name, None)


def snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


VENDORS = ("aws", "gcp", "kubernetes")


def main(file: str) -> None:
    listed: list[Listed] = json.loads(Path(file).read_text(encoding="utf-8"))["resources"]
    mocks = Mocks()
    pulumi.runtime.set_mocks(mocks, project="argosy", stack="prod")

    @pulumi.runtime.test  # pyright: ignore[reportUnknownMemberType]
    def program() -> None:
        declared: Declared = {}
        for resource in in_order(listed):
            if (made := declare(resource, declared)) is not None:
                declared[resource["urn"]] = made

    program()
    print(json.dumps({"resources": mocks.seen}, indent=2, sort_keys=True, default=str))


if __name__ == "__main__":
    if "--garbage-unsought" in sys.argv:
        gc.disable()
    main(sys.argv[1])
    if "--garbage-unsought" in sys.argv:
        gc.freeze()
