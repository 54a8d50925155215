"""What happens to a value between the SDK and the API: the forms that the tables in `api/` name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_Form = Callable[[Any], Any]


def as_api(form: str | None, value: Any) -> tuple[Any, bool]:
    """The value in another form, and whether its keys are now the API's own names.

    A value that the form cannot take is handed on as it is, so that the check of types reports it.
    Raises KeyError for a form that does not exist.
    """
    if form is None:
        return value, False
    name, _, argument = form.partition(" ")
    if name == "tag-specification":
        tagged = [{"ResourceType": argument, "Tags": _pairs(value, "Key", "Value")}]
        return (tagged, True) if isinstance(value, dict) else (value, False)
    if name == "one":
        return [value], False
    if name == "list":
        return (value if isinstance(value, list) else [value]), False  # pyright: ignore[reportUnknownVariableType]
    if name == "wrap":
        return _wrapped(value, argument)
    convert = _CONVERSIONS[name]
    return convert(value), name in _IN_API_NAMES


def _wrapped(value: Any, member: str) -> tuple[Any, bool]:
    if not isinstance(value, list):
        return value, False
    items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return [{member: item} for item in items], True


def _flag(value: Any) -> Any:
    # Terraform keeps some booleans as text, to tell "false" from "not said".
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, (bool, int)) else value


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _pairs(value: Any, key: str, content: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    items: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    return [{key: name, content: items[name]} for name in sorted(items)]


_CONVERSIONS: dict[str, _Form] = {
    "flag": _flag,
    "number": _number,
    "text": _text,
    "dimensions": lambda value: _pairs(value, "Name", "Value"),
    "tags": lambda value: _pairs(value, "Key", "Value"),
    "lower-tags": lambda value: _pairs(value, "key", "value"),
    "kms-tags": lambda value: _pairs(value, "TagKey", "TagValue"),
}
_IN_API_NAMES = frozenset({"dimensions", "tags", "lower-tags", "kms-tags"})
