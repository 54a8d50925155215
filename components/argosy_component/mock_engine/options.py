"""Resource options, read back from the request that carries them to the engine."""

from collections.abc import Iterable
from typing import Any, cast

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import alias_pb2, resource_pb2

from argosy_component.mock_engine.wire import to_plain

_LISTS = {
    "ignoreChanges": "ignoreChanges",
    "additionalSecretOutputs": "additionalSecretOutputs",
    "replaceOnChanges": "replaceOnChanges",
    "hideDiffs": "hideDiffs",
    "replace_with": "replaceWith",
}
_TEXTS = {
    "version": "version",
    "pluginDownloadURL": "pluginDownloadURL",
    "importId": "import",
    "deletedWith": "deletedWith",
}


def registration_options(request: resource_pb2.RegisterResourceRequest) -> dict[str, Any]:
    """Options of a RegisterResource request that were set, under Pulumi's own names (camelCase).

    `dependsOn` is all the engine waits for, the resources that inputs come from included;
    `propertyDependencies` says which input brings which. Providers are named by URN.
    """
    options = _shared_options(request)
    for flag in ("protect", "retainOnDelete"):
        if request.HasField(flag):
            options[flag] = getattr(request, flag)
    if request.deleteBeforeReplaceDefined:
        options["deleteBeforeReplace"] = request.deleteBeforeReplace
    if request.remote:
        options["remote"] = True
    options |= _structured_options(request)
    return dict(sorted(options.items()))


def read_options(request: resource_pb2.ReadResourceRequest) -> dict[str, Any]:
    """Options of a ReadResource request, with `read` set to the id of the resource that is read."""
    return dict(sorted((_shared_options(request) | {"read": request.id}).items()))


def _shared_options(
    request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest,
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for wire_name, name in _LISTS.items():
        if values := sorted(getattr(request, wire_name, ())):
            options[name] = values
    for wire_name, name in _TEXTS.items():
        if text := getattr(request, wire_name, ""):
            options[name] = text
    if request.dependencies:
        options["dependsOn"] = sorted(request.dependencies)
    if request.provider:
        options["provider"] = _provider_urn(request.provider)
    return options


def _structured_options(request: resource_pb2.RegisterResourceRequest) -> dict[str, Any]:
    # The stubs import alias_pb2 under a name that does not exist, so its type is lost on the way.
    aliases = cast(Iterable[alias_pb2.Alias], request.aliases)  # pyright: ignore[reportUnknownMemberType]
    candidates: dict[str, Any] = {
        "providers": {key: _provider_urn(ref) for key, ref in sorted(request.providers.items())},
        "propertyDependencies": {
            key: sorted(dependencies.urns)
            for key, dependencies in sorted(request.propertyDependencies.items())
            if dependencies.urns
        },
        "aliases": [_alias(alias) for alias in aliases] + sorted(request.aliasURNs),
        "customTimeouts": _set_fields(request.customTimeouts, ("create", "update", "delete", "read")),
        "hooks": {field.name: sorted(names) for field, names in request.hooks.ListFields()},
        "envVarMappings": dict(sorted(request.envVarMappings.items())),
    }
    if request.HasField("replacement_trigger"):
        trigger = Struct(fields={"value": request.replacement_trigger})
        candidates["replacementTrigger"] = to_plain(trigger)[0]["value"]
    return {name: value for name, value in candidates.items() if value not in ({}, [])}


def _set_fields(message: object, names: tuple[str, ...]) -> dict[str, str]:
    return {name: getattr(message, name) for name in names if getattr(message, name)}


def _alias(alias: alias_pb2.Alias) -> str | dict[str, Any]:
    if alias.HasField("urn"):
        return alias.urn
    spec: dict[str, Any] = _set_fields(alias.spec, ("name", "type", "stack", "project", "parentUrn"))
    return {**spec, "noParent": True} if alias.spec.noParent else spec


def _provider_urn(reference: str) -> str:
    """URN of a provider reference, which is `URN::ID`."""
    return reference.rpartition("::")[0]
