"""`argosy aws`: tables for people, JSON for programs, no SDK, and a page that is what the command prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from argosy_aws.cards.comparison import TOOLS, TYPES, Tool, verdict
from argosy_aws.cards.network_cards import type_names, type_network
from argosy_aws.cards.nics import NetworkInterface, choose_max_pods, choose_network_interfaces
from argosy_aws.cards.report import as_json, as_table, explain
from argosy_aws.commands import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "aws-network-cards.md"
ARGOSY = str(Path(sys.prefix, "bin", "argosy"))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert 0 == result.exit_code, result.output
    return result.stdout


def tool(name: str) -> Tool:
    return next(tool for tool in TOOLS if tool.name == name)


def test_the_table_shows_each_interface_with_the_reason() -> None:
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in run("nics", "p6-b300.48xlarge").splitlines()
    ]

    assert [
        ["0", "0", "interface", "carries the node's address, and this card takes no EFA"],
        ["1-16", "0", "efa-only", "takes an EFA; it needs no address"],
    ] == [row for row in rows if row]


def test_below_the_table_stand_the_sums_and_the_source() -> None:
    printed = run("nics", "p5.48xlarge").splitlines()[-3:]

    assert [
        "EFA interfaces: 32; a pod that wants all of them asks for vpc.amazonaws.com/efa: 32",
        "Interfaces with an address: 1; its addresses suffice for 51 pods; maxPods is set to 51",
        "Source: EC2 DescribeInstanceTypes, as captured by moto 5.2.5 "
        "(moto/ec2/resources/instance_types.json.gz); as of 2026-10-27; verified",
    ] == printed


def test_a_card_without_an_interface_says_why() -> None:
    assert "the type allows 1 EFA in all" in run("nics", "i7ie.48xlarge")
    assert "the EFAs stand on cards 1, 5, 9, 13" in run("nics", "p6e-gb200.36xlarge")


def test_an_estimate_is_called_one() -> None:
    printed = run("nics", "p6e-gb200.36xlarge")

    assert printed.rstrip().endswith("estimate")
    assert "EC2's answer lacks its addresses; maxPods is left to EKS" in printed


def test_json_says_the_same_as_the_table() -> None:
    document = json.loads(run("nics", "p5en.48xlarge", "--json"))

    assert {"card": 0, "device": 1, "interface_type": "efa-only"}.items() <= document["network_interfaces"][
        1
    ].items()
    assert 17 == len(document["network_interfaces"])
    assert {"vpc.amazonaws.com/efa": 16} == document["resource_requests"]
    assert (16, 1, 149, 149) == tuple(
        document[key]
        for key in ("efa_interfaces", "interfaces_with_an_address", "pods_with_addresses", "max_pods")
    )
    assert "verified" == document["provenance"]["confidence"]


def test_json_of_every_type_is_the_layout_that_the_launch_template_gets() -> None:
    for name in type_names():
        network = type_network(name)
        document = json.loads(json.dumps(as_json(network)))
        printed = [
            NetworkInterface(nic["card"], nic["device"], nic["interface_type"])
            for nic in document["network_interfaces"]
        ]

        assert list(choose_network_interfaces(network)) == printed, name
        assert choose_max_pods(network) == document["max_pods"], name
        assert len(network.network_cards) == len(
            {nic.card for nic in printed} | {card["card"] for card in document["unused_cards"]}
        ), name


def test_every_line_of_every_type_has_a_reason_and_a_place_in_the_table() -> None:
    for name in type_names():
        network = type_network(name)

        assert all(line.why for line in explain(network)), name
        assert 1 <= as_table(network).row_count <= len(explain(network)), name


def test_a_pod_on_a_type_without_efa_has_nothing_to_ask_for() -> None:
    document = json.loads(run("nics", "m5.large", "--json"))

    assert {} == document["resource_requests"]
    assert "there is no fabric" in run("nics", "m5.large")


def test_an_unknown_type_is_answered_with_the_closest_and_exit_code_2() -> None:
    done = subprocess.run(
        [ARGOSY, "aws", "nics", "p6-b300.48xl"], capture_output=True, text=True, check=False
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert "closest: 'p6-b300.48xlarge'" in done.stderr
    assert "List all: argosy aws types" in done.stderr


def test_types_lists_every_name() -> None:
    assert list(type_names()) == run("types").split()


def test_no_command_imports_an_sdk() -> None:
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from argosy_aws.commands import app\n"
        "for line in (['nics', 'p5.48xlarge'], ['nics', 'p5.48xlarge', '--json'], ['types'], ['compare']):\n"
        "    assert CliRunner().invoke(app, line).exit_code == 0, line\n"
        "print(sorted({'pulumi', 'pulumi_aws', 'botocore', 'moto'} & sys.modules.keys()))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_the_comparison_on_the_page_is_what_the_command_prints() -> None:
    assert run("compare") in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in TYPES if name != "p6e-gb200.36xlarge"])
def test_argosys_own_layout_is_the_recommended_one(name: str) -> None:
    assert "launches, as AWS recommends" == verdict(tool("Argosy"), type_network(name))


@pytest.mark.parametrize("name", ["terraform-aws-eks", "eksctl", "pulumi-eks"])
def test_a_tool_that_counts_cards_is_refused_on_p6_b300(name: str) -> None:
    assert "refused: efa on card 0, which takes only interface; 17 EFAs; the type allows 16" == verdict(
        tool(name), type_network("p6-b300.48xlarge")
    )


def test_a_tool_that_counts_efas_from_card_0_is_refused_on_p6_b300() -> None:
    assert "refused: efa on card 0, which takes only interface" == verdict(
        tool("Karpenter, from pods' requests"), type_network("p6-b300.48xlarge")
    )


@pytest.mark.parametrize("name", ["terraform-aws-eks", "pulumi-eks"])
def test_the_older_layout_is_said_to_launch(name: str) -> None:
    assert "launches: the older layout, which AWS still publishes" == verdict(
        tool(name), type_network("p5.48xlarge")
    )


def test_addresses_that_nothing_uses_are_counted() -> None:
    assert verdict(tool("eksctl"), type_network("p5.48xlarge")).endswith(
        "; 32 addresses a node where 1 is enough"
    )


def test_a_layout_with_too_few_efas_is_said_to_launch_with_fewer() -> None:
    lazy = Tool("lazy", lambda _: (NetworkInterface(0, 0, "interface"),), "", "", "")

    assert "launches: 0 of 4 EFAs" == verdict(lazy, type_network("g6e.48xlarge"))


def test_aws_own_tool_is_right_where_the_others_are_not() -> None:
    assert verdict(tool("ParallelCluster"), type_network("p6-b300.48xlarge")).startswith(
        "launches: as AWS recommends"
    )


@pytest.mark.parametrize("name", ["Argosy", "ParallelCluster"])
def test_cards_that_are_an_estimate_judge_nobody(name: str) -> None:
    assert verdict(tool(name), type_network("p6e-gb200.36xlarge")).startswith("not judged")


def test_an_efa_on_card_0_of_gb200_is_refused_nevertheless() -> None:
    assert verdict(tool("eksctl"), type_network("p6e-gb200.36xlarge")).startswith("refused: efa on card 0")
