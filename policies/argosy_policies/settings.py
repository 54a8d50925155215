"""The pack's configuration: per theme what to do with unknown values, per rule its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from pulumi_policy import PolicyConfigSchema
from pydantic import ValidationError

from argosy.errors import ArgosyError
from argosy.spec.hints import nearest
from argosy_policies.rule import Parameters, Rule
from argosy_policies.themes import Theme

OnUnknown = Literal["advise", "fail"]
ON_UNKNOWN = "on_unknown"
_ENFORCEMENT_LEVEL = "enforcementLevel"
"""The engine's own key, which it takes out before it hands the configuration to the pack."""
_ON_UNKNOWN_SCHEMA: dict[str, Any] = {
    "type": "string",
    "enum": ["advise", "fail"],
    "description": "What to do in a preview where a rule rests on a value that only the update knows.",
}


class PolicyConfigError(ArgosyError):
    """The policy configuration has faults, all of which are listed. Mend them and run again."""

    exit_code = 2


@dataclass(frozen=True)
class Settings:
    """One theme's configuration."""

    on_unknown: OnUnknown
    parameters: Mapping[str, Parameters]
    """By rule id."""


def read_settings(theme: Theme, config: Mapping[str, Any]) -> Settings:
    """The settings that `config` gives one theme; defaults for what it leaves out.

    Raises PolicyConfigError with every fault at once.
    """
    if faults := list(config_faults(theme, config)):
        raise PolicyConfigError("\n".join(faults))
    return Settings(
        on_unknown=config.get(ON_UNKNOWN, "advise"),
        parameters={rule.id: rule.parameters.model_validate(config.get(rule.id, {})) for rule in theme.rules},
    )


def config_faults(theme: Theme, config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong in one theme's configuration, one line each: where, what was given, what would do."""
    rules = {rule.id: rule for rule in theme.rules}
    for key, given in sorted(config.items()):
        place = f"{theme.name}.{key}"
        if key == ON_UNKNOWN:
            if given not in _ON_UNKNOWN_SCHEMA["enum"]:
                yield f"{place}: given {given!r}; expected 'advise' or 'fail'"
        elif key in rules:
            yield from _parameter_faults(place, rules[key], given)
        elif key != _ENFORCEMENT_LEVEL:
            yield unknown_name(place, key, [ON_UNKNOWN, *rules])


def unknown_name(place: str, given: str, known: list[str]) -> str:
    """The fault of a name that is none of `known`, with the one that was probably meant."""
    close = nearest(given, known)
    meant = f"did you mean {close!r}?" if close else f"there are {', '.join(sorted(known))}"
    return f"{place}: {given!r} is not known; {meant}"


def config_schema(theme: Theme) -> PolicyConfigSchema:
    """What the engine checks of a theme's configuration before it starts: types, ranges, names in a rule."""
    properties: dict[str, dict[str, Any]] = {ON_UNKNOWN: _ON_UNKNOWN_SCHEMA}
    for rule in theme.rules:
        properties[rule.id] = rule.parameters.model_json_schema()
    return PolicyConfigSchema(properties=properties)


def _parameter_faults(place: str, rule: Rule, given: object) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{place}: given {given!r}; expected a map of parameters"
        return
    parameters = cast("Mapping[str, Any]", given)
    fields = list(rule.parameters.model_fields)
    for name in sorted(set(parameters) - set(fields)):
        yield unknown_name(f"{place}.{name}", name, fields) if fields else f"{place}: has no parameters"
    try:
        rule.parameters.model_validate({key: parameters[key] for key in parameters if key in fields})
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"])
            yield f"{place}.{where}: given {fault['input']!r}; {fault['msg']}"
