"""`python -m argosy_policies.pages > docs/reference/policies.md`: the page, from the rules' metadata."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from argosy_policies.rule import Rule, StackRule
from argosy_policies.themes import Theme, theme_rules

_HEAD = """\
# The policies

<!-- Written by `python -m argosy_policies.pages`; change the rules, not this page. -->

`pulumi preview --policy-pack policies` judges every resource before it is made, and the fleet as a whole. A
broken rule fails the run and prints its id, the resource, what was found and the remedy. Values are never
printed, since the engine hands secrets to policies in plain.

Each *policy* holds the rules of one theme. A file that is given with `--policy-pack-config` configures it:

```json
{"identity": {"enforcementLevel": "mandatory", "on_unknown": "fail", "IDN-01": {"max_hop_limit": 2}}}
```

`enforcementLevel` is `mandatory` unless the file says `advisory` or `disabled`. `on_unknown` says what
becomes of a rule that rests on a value which only the update knows: `advise` (the default) notes that it is
deferred to the update, where it is judged again; `fail` fails the preview. Other rules go on being judged
either way.

The engine does not notice a misspelt policy name; `python -m argosy_policies.check_config FILE` does.
"""


def page() -> str:
    """The whole page, in Markdown."""
    pairs = theme_rules()
    table = [
        "| id | policy | what must hold | severity |",
        "|---|---|---|---|",
        *(
            f"| [{rule.id}](#{rule.id.lower()}) | `{theme.name}` | {rule.title} | {rule.severity.value} |"
            for theme, rule in pairs
        ),
    ]
    sections = ["\n".join(_section(theme, rule)) for theme, rule in pairs]
    return "\n".join([_HEAD, "\n".join(table), "", "\n\n".join(sections), ""])


def _section(theme: Theme, rule: Rule) -> Iterator[str]:
    yield f"## {rule.id}"
    yield ""
    yield f"**{rule.title}.** {rule.reason}"
    yield ""
    yield f"- Policy: `{theme.name}`, {rule.severity.value}"
    yield f"- Judges: {', '.join(f'`{name}`' for name in rule.resource_types)}, {_when(rule)}"
    yield f"- Source: {rule.source}"
    yield f"- Remedy: {rule.remedy}"
    for name, parameter in sorted(rule.parameters.model_fields.items()):
        yield f"- Parameter `{name}`, {parameter.default} by default: {parameter.description}"


def _when(rule: Rule) -> str:
    return (
        "by what it registers, when all is declared" if isinstance(rule, StackRule) else "before each is made"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
