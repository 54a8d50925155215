"""The pack's policies: one per theme, each of which gives a resource to the rules about its type."""

from __future__ import annotations

from collections.abc import Iterable

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from argosy_policies.rule import Outcome, Rule, Undecided, message, undecided_message
from argosy_policies.settings import OnUnknown, config_schema, read_settings
from argosy_policies.themes import THEMES, ResourceTheme, StackTheme, Theme
from argosy_policies.values import Resource, Value

PACK_NAME = "argosy"


class _DeferredError(UnknownValueError):
    """Ends a policy that has said all it knows; the SDK turns it into a note that fails nothing.

    A policy's own reports carry the policy's level, so that a mandatory one has no other way to advise.
    """

    def __init__(self, notes: Iterable[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = "".join(f"\n{note}" for note in notes)


def policies() -> list[Policy]:
    """One policy per theme. Mandatory, since advice that nobody reads protects nothing."""
    return [
        _resource_policy(theme) if isinstance(theme, ResourceTheme) else _stack_policy(theme)
        for theme in THEMES
    ]


def _resource_policy(theme: ResourceTheme) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        settings = read_settings(theme, args.get_config())
        resource = _resource(args)
        judged = [
            (rule, rule.check(resource, settings.parameters[rule.id]))
            for rule in theme.rules
            if resource.type in rule.resource_types
        ]
        _report(judged, settings.on_unknown, report)

    return ResourceValidationPolicy(
        name=theme.name,
        description=_description(theme),
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=config_schema(theme),
    )


def _stack_policy(theme: StackTheme) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        settings = read_settings(theme, args.get_config())
        resources = [_resource(found) for found in args.resources]
        judged = [
            (
                rule,
                rule.check(
                    [found for found in resources if found.type in rule.resource_types],
                    settings.parameters[rule.id],
                ),
            )
            for rule in theme.rules
        ]
        _report(judged, settings.on_unknown, report)

    return StackValidationPolicy(
        name=theme.name,
        description=_description(theme),
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=config_schema(theme),
    )


def _report(
    judged: Iterable[tuple[Rule, Iterable[Outcome]]], on_unknown: OnUnknown, report: ReportViolation
) -> None:
    """Report every violation first; what is unknown of one rule must not keep another from speaking."""
    notes: list[str] = []
    for rule, outcomes in judged:
        for outcome in outcomes:
            urn = outcome.resource.urn if outcome.resource else None
            if not isinstance(outcome, Undecided):
                report(message(rule, outcome), urn)
            elif on_unknown == "fail":
                report(undecided_message(rule, outcome), urn)
            else:
                notes.append(undecided_message(rule, outcome))
    if notes:
        raise _DeferredError(notes)


def _resource(found: ResourceValidationArgs | PolicyResource) -> Resource:
    properties = Value.of_properties(found.props)
    return Resource(found.resource_type, found.name, found.urn, properties, protected=found.opts.protect)


def _description(theme: Theme) -> str:
    return f"{theme.description} Rules: {', '.join(rule.id for rule in theme.rules)}."
