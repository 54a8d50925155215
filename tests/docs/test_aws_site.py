"""The how-to about AWS sites: its fleet renders to what the page says, and no setting goes without a word."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from botocore import xform_name  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from pydantic import BaseModel

from argosy.catalog import load_catalog
from argosy.spec.loader import load_spec
from argosy.spec.models import CapacitySpec, CloudSiteSpec, NodePoolSpec
from argosy.spec.settings import registered_shapes
from argosy_aws.network.local_zones import load_local_zones
from argosy_aws.refusals import refuse
from argosy_aws.settings import AwsPoolSettings, AwsSiteSettings
from argosy_aws.storage.facts import load_storage_facts

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PAGE = (HOW_TO / "declare-an-aws-site.md").read_text(encoding="utf-8")
PIPELINE = (HOW_TO / "wire-the-pipeline-to-your-accounts.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
BLOCKS: list[tuple[str, str]] = [(language, textwrap.dedent(text)) for language, text in FENCE.findall(PAGE)]
YAML_BLOCKS = [text for language, text in BLOCKS if language == "yaml"]
FLEET, INVENTORY, *SNIPPETS = YAML_BLOCKS
QUOTED: set[str] = set(re.findall(r"`([^`\n]+)`", FENCE.sub("", PAGE)))
COMMANDS = [line for language, text in BLOCKS if not language for line in text.splitlines()]
SITE = "aws-use1"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one's own that has the files of the page and nothing else."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Pulumi.yaml", root)
    (root / "stacks" / "fleets" / "inventories").mkdir(parents=True)
    shutil.copy(ROOT / "stacks" / "__main__.py", root / "stacks")
    (root / "stacks" / "fleets" / "lab.yaml").write_text(FLEET, encoding="utf-8")
    (root / "stacks" / "fleets" / "inventories" / "bergen.yaml").write_text(INVENTORY, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def rendered(project: Path) -> list[dict[str, Any]]:
    said(project, "plan", "lab")
    return json.loads(said(project, "render", "lab", "--json"))["resources"]


def said(project: Path, *words: str) -> str:
    command = [str(Path(sys.executable).with_name("argosy")), *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def of_site(rendered: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [r for r in rendered if r["type"].endswith(f":{kind}") and r["name"].startswith(SITE)]


def outputs(rendered: list[dict[str, Any]]) -> dict[str, Any]:
    stack = next(resource for resource in rendered if resource["type"] == "pulumi:pulumi:Stack")
    return stack["outputs"]["sites"][SITE]


def table(text: str, head: str) -> list[list[str]]:
    """The rows of the table whose first line begins with `head`, cell by cell."""
    lines = text[text.index(f"\n| {head}") :].splitlines()[3:]
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key that can be written under a model, of models within it too."""
    for name, field in model.model_fields.items():
        yield name
        for inner in models_in(field.annotation):
            yield from keys_of(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


SETTINGS = {*keys_of(AwsSiteSettings), *keys_of(AwsPoolSettings)}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_stands_in_the_fleet_file(snippet: str) -> None:
    lines = FLEET.splitlines()
    wanted = snippet.splitlines()
    runs = [lines[first : first + len(wanted)] for first in range(len(lines))]

    assert wanted in [textwrap.dedent("\n".join(run)).splitlines() for run in runs]


def unmentioned(page: str) -> set[str]:
    """The settings of which a page says nothing, in words or in its first fleet file."""
    fleet = next(text for language, text in FENCE.findall(page) if language == "yaml")
    quoted = re.findall(r"`([^`\n]+)`", FENCE.sub("", page))
    return SETTINGS - {word for text in (*quoted, fleet) for word in re.findall(r"[a-z_]+", text)}


def test_every_setting_has_a_word_on_the_page() -> None:
    assert {"holds", "image_cache", "asn"} <= SETTINGS
    assert set() == unmentioned(PAGE)


def test_a_setting_without_a_word_is_found() -> None:
    assert {"service_cidr", "drain_minutes"} == unmentioned(
        PAGE.replace("service_cidr", "…").replace("drain_minutes", "…")
    )


def test_every_key_that_the_page_names_exists() -> None:
    named = {match[1] for text in QUOTED if (match := re.match(r"([a-z]+(?:_[a-z]+)*): ", text))}
    named |= {text for text in QUOTED if re.fullmatch(r"[a-z]+(_[a-z]+)+", text)}
    named |= {text.partition(".")[2] for text in QUOTED if re.fullmatch(r"capacity\.[a-z_]+", text)}
    elsewhere = {"lose", *keys_of(CapacitySpec), *keys_of(CloudSiteSpec), *keys_of(NodePoolSpec)}
    handle = {row[0] for row in table(PAGE, "output")}
    handle_words = {word for cell in handle for word in re.findall(r"[a-z_]+", cell)}

    assert {"image_release", "offered_in", "through", "starts"} <= named | {"offered_in"}
    assert set() == named - SETTINGS - elsewhere - handle_words


def test_every_output_that_the_page_names_is_there_and_no_other(rendered: list[dict[str, Any]]) -> None:
    site = outputs(rendered)
    of_pools = {word for row in table(PAGE, "output") for word in re.findall(r"`(\w+)`", row[0])}
    links = {word for row in table(PAGE, "link") for word in re.findall(r"`([\w.-]+)`", row[0])}
    routers = {"bergen-vpn-8-8-4-4-tunnel-1", "bergen-vpn-8-8-4-4-tunnel-2", "bergen-vpn-8-8-4-4-keys"}

    assert {"kubeconfig", "links", "pools", "provider"} == set(site)
    assert "[secret]" == site["kubeconfig"]
    assert of_pools | {"name", "pod_annotations"} == set(site["pools"]["pretrain"])
    assert links | routers | {"bucket-weights"} == set(site["links"])
    assert {"bergen-vpn-8-8-4-4-keys", "bergen-nodeConfig"} <= QUOTED


def test_what_the_page_calls_protected_is_and_nothing_else(project: Path, rendered: list[Any]) -> None:
    assert rendered
    shown = [line.split() for line in said(project, "render", "lab").splitlines() if "(protected)" in line]
    kinds = {(kind.rpartition(":")[2], name) for kind, name, _ in shown if name.startswith(SITE)}
    of_buckets = {(kind, name) for kind, name in kinds if kind.startswith("Bucket")}

    assert "Protected are the cluster, Lustre, buckets with all that belongs to them, and the keys" in PAGE
    assert {
        ("Alias", f"{SITE}-storage"),
        ("Cluster", f"{SITE}-cluster"),
        ("Key", f"{SITE}-cluster"),
        ("Key", f"{SITE}-storage"),
        ("Key", f"{SITE}-volumes"),
        ("LustreFileSystem", f"{SITE}-scratch"),
    } == kinds - of_buckets
    assert {f"{SITE}-checkpoints", f"{SITE}-weights"} == {name for _, name in of_buckets}
    assert {"Bucket", "BucketPolicy", "BucketPublicAccessBlock"} <= {kind for kind, _ in of_buckets}
    assert of_site(rendered, "Cluster")[0]["inputs"]["deletionProtection"]
    assert {False} == {bucket["inputs"]["forceDestroy"] for bucket in of_site(rendered, "Bucket")}
    assert {30} == {key["inputs"]["deletionWindowInDays"] for key in of_site(rendered, "Key")}


def test_what_is_billed_is_as_many_as_the_page_says(rendered: list[dict[str, Any]]) -> None:
    interfaces = {
        endpoint["name"].removeprefix(f"{SITE}-"): len(endpoint["inputs"]["subnetIds"])
        for endpoint in of_site(rendered, "VpcEndpoint")
        if endpoint["inputs"]["vpcEndpointType"] == "Interface"
    }
    days = {
        log["name"].removeprefix(f"{SITE}-"): log["inputs"]["retentionInDays"]
        for log in of_site(rendered, "LogGroup")
    }

    assert "| 13 interface endpoints in two zones, by hour and GB | one more for Lustre, two more" in PAGE
    assert {2} == set(interfaces.values())
    assert 13 == len(set(interfaces) - {"fsx", "rolesanywhere", "s3-halls"}) == len(interfaces) - 3
    assert "three KMS keys" in PAGE
    assert 3 + 1 == len(of_site(rendered, "Key"))
    assert (365, 90) == (days["logs"], days["flows"])


def test_pools_come_from_the_capacity_that_the_page_says(rendered: list[dict[str, Any]]) -> None:
    templates = {template["name"]: template["inputs"] for template in of_site(rendered, "LaunchTemplate")}
    by_group = templates[f"{SITE}-tune"]["capacityReservationSpecification"]
    groups = {group["name"]: group["inputs"]["strategy"] for group in of_site(rendered, "PlacementGroup")}

    assert "capacity-reservations-only" == by_group["capacityReservationPreference"]
    assert {"groupName": "train-2027"} == templates[f"{SITE}-train"]["placement"]
    assert {"partition"} == set(groups.values())
    assert {f"{SITE}-batch", f"{SITE}-serve", f"{SITE}-slices"} == set(groups)
    node_groups = {group["name"]: group for group in of_site(rendered, "NodeGroup")}
    assert (
        "all-1g.10gb" == (node_groups[f"{SITE}-slices-use1-az6"]["inputs"]["labels"]["nvidia.com/mig.config"])
    )
    assert 3 == node_groups[f"{SITE}.system"]["inputs"]["scalingConfig"]["desiredSize"]


def test_only_a_pool_that_has_not_begun_keeps_its_size(
    rendered: list[dict[str, Any]],
) -> None:
    left_alone = {
        group["name"].removeprefix(f"{SITE}-"): set(group["options"].get("ignoreChanges", []))
        for group in of_site(rendered, "NodeGroup")
    }

    assert {"scalingConfig"} == left_alone.pop("pretrain-use1-az2")
    assert {frozenset[str]()} == {frozenset(fields) for fields in left_alone.values()}


def test_of_the_catalogue_s_spot_types_none_fits_another(tmp_path: Path) -> None:
    """As soon as two do, the page's sentence about `also` is wrong."""
    catalog = load_catalog()
    spot = [
        kind.name
        for key, kind in catalog.instance_types.items()
        if key.startswith("aws/") and "spot" in kind.capacity_types
    ]
    fits: list[str] = []
    for own in spot:
        others = [other for other in spot if other != own]
        file = tmp_path / f"{own}.yaml"
        written = f"instance_type: {own}\n        zone: use1-az4\n        role: inference\n        nodes: 2"
        pool = f"      batch:\n        {written}\n        capacity: {{type: spot}}\n"
        settings = f"        settings: {{also: [{', '.join(others)}], offered_in: [use1-az4]}}\n"
        site = FLEET[: FLEET.index("      buckets:")] + "    node_pools:\n"
        file.write_text(
            site + pool + settings + "demand:\n  inference: [{name: a, accelerator: [L4], nodes: 1}]\n"
        )
        fleet = load_spec(str(file))
        refused = {
            str(fault).partition("also[")[2].partition("]")[0] for fault in refuse(SITE, fleet, catalog)
        }
        fits += [f"{own}: {other}" for number, other in enumerate(others) if str(number) not in refused]

    assert len(spot) > 10
    assert "no two that are sold as spot are that alike today" in PAGE
    assert [] == fits


def test_facts_that_the_page_repeats_are_those_of_the_data() -> None:
    lustre = load_storage_facts().lustre

    assert {"use1-dfw2-az1", "use1-atl2-az1"} == set(load_local_zones())
    assert set(load_local_zones()) <= QUOTED
    steps = [f"{capacity:,}" for _, capacity in sorted(lustre.efa_capacity_gib.items())]
    assert f"in steps of {', '.join(steps[:-1])} or {steps[-1]}, else" in PAGE
    assert f"else {lustre.smallest_gib:,} or steps of {lustre.step_gib:,}" in PAGE


def test_the_fleet_page_is_right_about_whose_sites_have_settings() -> None:
    fleet_page = (HOW_TO / "write-a-fleet-file.md").read_text(encoding="utf-8")

    assert "An AWS site must say two things in its `settings`" in fleet_page
    assert "What a bare-metal hall and its pools can say in theirs" in fleet_page
    assert "No other provider has `settings`." in fleet_page
    assert ["aws", "metal"] == sorted(registered_shapes())


def test_aws_knows_the_commands_that_are_shown() -> None:
    shown = [shlex.split(line) for line in COMMANDS if line.startswith("aws ")]
    assert {("ssm", "get-parameter"), ("eks", "update-cluster-config")} == {(w[1], w[2]) for w in shown}

    for _, service, command, *rest in shown:
        model: Any = botocore.session.Session().get_service_model(  # pyright: ignore[reportUnknownMemberType]
            service
        )
        calls = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
        known = {xform_name(name, "-") for name in calls[command].input_shape.members} | {"region"}
        options = {word.removeprefix("--").removeprefix("no-") for word in rest if word.startswith("--")}
        assert set() == options - known, command


def test_the_pipeline_s_table_has_every_service_that_is_declared(rendered: list[dict[str, Any]]) -> None:
    iam_prefix = {
        "cloudwatch/logGroup": "logs",
        "ec2transitgateway": "ec2",
        "route53": "route53resolver",
        "vpc": "ec2",
    }
    types = {resource["type"].split(":")[1] for resource in rendered if resource["type"].startswith("aws:")}
    modules = {kind: kind.partition("/")[0] for kind in types}
    declared = {iam_prefix.get(kind) or iam_prefix.get(module, module) for kind, module in modules.items()}
    listed = {word for row in table(PIPELINE, "service") for word in re.findall(r"`(\w+)`", row[0])}

    # The page's hall joins by certificates, so its fleet has no activation.
    assert listed == declared | {"ssm"}


def test_the_pipeline_page_names_every_service_that_takes_on_a_role(rendered: list[dict[str, Any]]) -> None:
    trusted = {
        statement["Principal"]["Service"].removesuffix(".amazonaws.com")
        for role in of_site(rendered, "Role")
        for statement in json.loads(role["inputs"]["assumeRolePolicy"])["Statement"]
        if "Service" in statement["Principal"]
    }
    sentence = PIPELINE[PIPELINE.index("The roles that are passed") :].partition(", each with")[0]

    assert {*re.findall(r"`([\w.-]+)`", sentence)} == trusted | {"ssm"}
