"""What a program sees when it runs under the mock engine."""

from typing import Any

import pulumi
import pytest

from argosy_component.mock_engine import UNKNOWN, DuplicateUrnError, ResourceLookupError, UnansweredCallError
from argosy_component.testing import Declare


class Widget(pulumi.CustomResource):
    """A vendor's resource: `size` and `note` are inputs, `name`, `arn` and `key` are computed."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    note: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(
        self, name: str, props: dict[str, Any] | None = None, opts: pulumi.ResourceOptions | None = None
    ):
        computed = {"name": None, "arn": None, "note": None, "key": None}
        super().__init__("aws:test/widget:Widget", name, {**computed, **(props or {})}, opts)


class Rack(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None):
        super().__init__("test:index:Rack", name, None, opts)
        self.shelf = Shelf(f"{name}-shelf", pulumi.ResourceOptions(parent=self))
        self.register_outputs({"shelves": 1, "password": pulumi.Output.secret("hunter2")})


class Shelf(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None):
        super().__init__("test:index:Shelf", name, None, opts)
        Widget(f"{name}-widget", opts=pulumi.ResourceOptions(parent=self))


WIDGET = "aws:test/widget:Widget"


def test_a_computed_name_reaches_the_resource_that_depends_on_it(declare: Declare):
    graph = declare(lambda: Widget("b", {"note": Widget("a").name.apply(lambda name: f"beside {name}")}))

    assert graph.one(WIDGET, "b").inputs == {"note": "beside a"}


def test_ids_and_arns_are_filled_and_say_whose_they_are(declare: Declare):
    def program() -> None:
        widget = Widget("a")
        pulumi.export("id", widget.id)
        pulumi.export("arn", widget.arn)

    assert declare(program).outputs == {"id": "widget-a", "arn": "arn:aws:test::000000000000:widget/a"}


def test_an_input_wins_over_what_a_vendor_would_compute(declare: Declare):
    graph = declare(lambda: pulumi.export("name", Widget("a", {"name": "given"}).name))

    assert graph.outputs == {"name": "given"}


def test_told_outputs_are_added_and_may_depend_on_the_inputs(declare: Declare):
    graph = declare(
        lambda: pulumi.export("key", Widget("a", {"note": "n"}).key),
        outputs={WIDGET: lambda widget: {"key": f"key of {widget.name} {widget.inputs['note']}"}},
    )

    assert graph.outputs == {"key": "key of a n"}


def test_whole_numbers_stay_whole_and_names_are_those_of_the_wire(declare: Declare):
    graph = declare(lambda: Widget("a", {"nodeCount": 3, "share": 0.5, "tags": [{"hot": True}]}))

    assert graph.one(WIDGET).inputs == {"nodeCount": 3, "share": 0.5, "tags": [{"hot": True}]}


def test_urns_carry_the_chain_of_parents_as_the_engine_makes_them(declare: Declare):
    graph = declare(lambda: Rack("r1"), project="fleet", stack="prod")

    chain = "test:index:Rack$test:index:Shelf"
    assert [resource.urn for resource in graph.resources] == [
        "urn:pulumi:prod::fleet::pulumi:pulumi:Stack::fleet-prod",
        f"urn:pulumi:prod::fleet::{chain}$aws:test/widget:Widget::r1-shelf-widget",
        f"urn:pulumi:prod::fleet::{chain}::r1-shelf",
        "urn:pulumi:prod::fleet::test:index:Rack::r1",
    ]


def test_parents_and_children_are_recorded(declare: Declare):
    graph = declare(lambda: Rack("r1"))

    shelf = graph.one("test:index:Shelf")
    assert graph.children(graph.one("test:index:Rack").urn) == (shelf,)
    assert graph.by_urn(str(shelf.parent)).name == "r1"
    assert graph.one("pulumi:pulumi:Stack").parent is None


def test_what_a_component_registers_is_recorded_with_its_secrets_named(declare: Declare):
    rack = declare(lambda: Rack("r1")).one("test:index:Rack")

    assert rack.outputs == {"shelves": 1, "password": "hunter2"}
    assert rack.secret_outputs == {("password",)}
    assert rack.shown()["outputs"] == {"shelves": 1, "password": "[secret]"}


def test_every_option_that_reaches_the_engine_is_recorded(declare: Declare):
    def program() -> None:
        first = Widget("first")
        provider = pulumi.ProviderResource("aws", "far", {"region": "x"})
        Widget(
            "second",
            {"note": first.arn},
            pulumi.ResourceOptions(
                protect=True,
                depends_on=[first],
                provider=provider,
                aliases=[pulumi.Alias(name="old"), "urn:pulumi:s::p::t:i:T::n"],
                ignore_changes=["note"],
                delete_before_replace=False,
                custom_timeouts=pulumi.CustomTimeouts(create="30m", delete="5m"),
                retain_on_delete=True,
                additional_secret_outputs=["key"],
                replace_on_changes=["size"],
                import_="i-1",
                deleted_with=first,
                version="1.2.3",
            ),
        )

    graph = declare(program)
    first = graph.one(WIDGET, "first").urn
    assert graph.one(WIDGET, "second").options == {
        "additionalSecretOutputs": ["key"],
        "aliases": [{"name": "old"}, "urn:pulumi:s::p::t:i:T::n"],
        "customTimeouts": {"create": "30m", "delete": "5m"},
        "deleteBeforeReplace": False,
        "deletedWith": first,
        "dependsOn": [first],
        "ignoreChanges": ["note"],
        "import": "i-1",
        "propertyDependencies": {"note": [first]},
        "protect": True,
        "provider": graph.one("pulumi:providers:aws").urn,
        "replaceOnChanges": ["size"],
        "retainOnDelete": True,
        "version": "1.2.3",
    }
    assert graph.one(WIDGET, "first").options == {}
    assert graph.one(WIDGET, "second").id == "i-1"


def test_an_output_named_secret_by_the_options_is_secret_to_its_dependents(declare: Declare):
    def program() -> None:
        opts = pulumi.ResourceOptions(additional_secret_outputs=["key"])
        Widget("b", {"note": Widget("a", opts=opts).key})

    graph = declare(program, outputs={WIDGET: {"key": "k"}})
    assert graph.one(WIDGET, "b").secret_inputs == {("note",)}


def test_in_a_preview_ids_and_computed_outputs_are_truly_unknown_to_dependents(declare: Declare):
    known: list[str] = []
    seen: list[str] = []

    def program() -> None:
        first = Widget("first", {"note": "given"})
        first.id.apply(known.append)
        first.id.apply(lambda value: seen.append(type(value).__name__), run_with_unknowns=True)
        first.arn.apply(lambda value: seen.append(type(value).__name__), run_with_unknowns=True)
        Widget("second", {"note": first.arn, "key": first.note})

    graph = declare(program, preview=True)
    second = graph.one(WIDGET, "second")
    assert second.inputs == {"note": UNKNOWN, "key": "given"}
    assert second.shown()["inputs"] == {"note": "[unknown]", "key": "given"}
    assert known == []
    assert seen == ["Unknown", "Unknown"]
    assert graph.one(WIDGET, "first").id is None


def test_outside_a_preview_the_same_values_are_known(declare: Declare):
    graph = declare(lambda: Widget("second", {"note": Widget("first").id}))

    assert graph.one(WIDGET, "second").inputs == {"note": "widget-first"}


def test_secrets_come_unwrapped_are_named_and_never_shown(declare: Declare):
    def program() -> None:
        deep = {"users": [{"name": "root", "password": pulumi.Output.secret("hunter2")}]}
        Widget("a", {"note": pulumi.Output.secret("x"), "login": deep})

    graph = declare(program)
    widget = graph.one(WIDGET)
    assert widget.inputs == {"note": "x", "login": {"users": [{"name": "root", "password": "hunter2"}]}}
    assert widget.secret_inputs == {("note",), ("login", "users", 0, "password")}
    shown = {"note": "[secret]", "login": {"users": [{"name": "root", "password": "[secret]"}]}}
    assert widget.shown()["inputs"] == shown
    assert "hunter2" not in str(graph.snapshot())


def test_configuration_is_given_and_its_secrets_stay_secret(declare: Declare):
    def program() -> None:
        config = pulumi.Config()
        Widget("a", {"note": config.require_secret("token"), "size": config.require_int("size")})
        Widget("b", {"note": pulumi.Config("aws").require("region")})

    graph = declare(program, config={"token": "t", "size": 3, "aws:region": "r"}, secrets=["token"])
    assert graph.one(WIDGET, "a").secret_inputs == {("note",)}
    assert graph.one(WIDGET, "a").inputs == {"note": "t", "size": 3}
    assert graph.one(WIDGET, "b").inputs == {"note": "r"}


def test_configuration_of_one_run_is_gone_in_the_next(declare: Declare):
    declare(lambda: None, config={"size": "3"})

    declare(lambda: pulumi.export("size", pulumi.Config().get("size") or "gone"))
    assert declare(lambda: pulumi.export("s", pulumi.Config().get("size") or "gone")).outputs == {"s": "gone"}


def test_assets_and_references_to_resources_are_plain(declare: Declare):
    def program() -> None:
        first = Widget("first")
        Widget("second", {"file": pulumi.StringAsset("text"), "peer": first})

    graph = declare(program)
    assert graph.one(WIDGET, "second").inputs == {
        "file": {"asset": {"text": "text"}},
        "peer": {"resource": graph.one(WIDGET, "first").urn},
    }


def test_two_resources_with_one_urn_are_refused_by_urn(declare: Declare):
    def program() -> None:
        Widget("a")
        Widget("a")

    with pytest.raises(DuplicateUrnError, match=r"duplicate resource URN urn:pulumi:test::argosy::.*::a"):
        declare(program)


def test_one_name_under_two_parents_of_different_types_is_no_duplicate(declare: Declare):
    def program() -> None:
        Widget("a")
        Widget("a", opts=pulumi.ResourceOptions(parent=Rack("r")))

    assert len(declare(program).of_type(WIDGET)) == 3


def test_an_invoke_is_answered_from_the_table(declare: Declare):
    def program() -> None:
        answer = pulumi.runtime.invoke("aws:index/zones:zones", {"region": "r"})
        pulumi.export("zones", answer.value["zones"])

    graph = declare(program, calls={"aws:index/zones:zones": lambda args: {"zones": [args["region"] + "-a"]}})
    assert graph.outputs == {"zones": ["r-a"]}


def test_an_invoke_nobody_answered_fails_with_its_token_and_without_its_arguments_values(declare: Declare):
    def program() -> None:
        pulumi.export("zones", pulumi.runtime.invoke_output("aws:index/zones:zones", {"password": "hunter2"}))

    with pytest.raises(UnansweredCallError, match="calls aws:index/zones:zones") as caught:
        declare(program)
    assert "(arguments: password)" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_another_stacks_outputs_are_answered(declare: Declare):
    def program() -> None:
        other = pulumi.StackReference("org/fleet/oslo")
        Widget("a", {"note": other.require_output("vpc")})

    graph = declare(program, stack_references={"org/fleet/oslo": {"vpc": "vpc-1"}})
    assert graph.one(WIDGET).inputs == {"note": "vpc-1"}


def test_another_stack_nobody_answered_for_fails_by_name(declare: Declare):
    with pytest.raises(UnansweredCallError, match="stack 'org/fleet/oslo'"):
        declare(lambda: pulumi.StackReference("org/fleet/oslo"))


def test_a_read_resource_keeps_the_id_it_was_asked_for(declare: Declare):
    graph = declare(lambda: Widget("a", opts=pulumi.ResourceOptions(id="w-7")), preview=True)

    assert graph.one(WIDGET).id == "w-7"
    assert graph.one(WIDGET).options == {"read": "w-7"}


def test_an_async_program_runs_to_its_end(declare: Declare):
    async def program() -> None:
        name = await Widget("a").name.future()
        Widget(f"{name}-2")

    assert [widget.name for widget in declare(program).of_type(WIDGET)] == ["a", "a-2"]


def test_a_lookup_says_what_there_is_instead(declare: Declare):
    graph = declare(lambda: Rack("r1"))

    with pytest.raises(ResourceLookupError, match="no resource is x:y:Z; declared: aws:test/widget:Widget, "):
        graph.one("x:y:Z")
    with pytest.raises(ResourceLookupError, match="no resource has the URN urn:none"):
        graph.by_urn("urn:none")


def test_a_lookup_for_one_names_the_many(declare: Declare):
    graph = declare(lambda: [Widget("a"), Widget("b")])

    with pytest.raises(ResourceLookupError, match=f"2 resources are {WIDGET}: a, b"):
        graph.one(WIDGET)


def test_the_snapshot_is_the_same_whatever_the_order_of_registration(declare: Declare):
    there = declare(lambda: [Widget("a"), Widget("b"), Widget("c")])
    back = declare(lambda: [Widget("c"), Widget("b"), Widget("a")])

    assert there.snapshot() == back.snapshot()


def test_the_snapshot_leaves_out_the_sdks_version(declare: Declare):
    graph = declare(lambda: Widget("a", opts=pulumi.ResourceOptions(version="1.2.3", protect=True)))

    assert graph.snapshot()[0]["options"] == {"protect": True}
