"""Graphs of the sites that the oracles look at, declared once for all tests of a run."""

from collections.abc import Callable

import pytest

from argosy_component.contract import NodePoolPlan, SitePlan
from argosy_component.mock_engine import ResourceGraph

from ..aws_purchases import PURCHASES, ZONE_OF, answer_zone
from .plans import site, site_of_every_type, site_of_everything

GraphOf = Callable[[NodePoolPlan], ResourceGraph]


@pytest.fixture(scope="session")
def everything() -> ResourceGraph:
    """The graph of a site that uses whatever an AWS site can use."""
    return declared(site_of_everything())


@pytest.fixture(scope="session")
def every_type() -> ResourceGraph:
    """The graph of a site with one pool of each of the catalogue's types."""
    return declared(site_of_every_type())


@pytest.fixture(scope="session")
def bought() -> ResourceGraph:
    """The graph of a project that buys one of everything."""
    from argosy_aws.purchases.declare import PROJECT, declare_purchases
    from argosy_aws.purchases.models import PurchaseSpec
    from argosy_component.mock_engine import run_program

    return run_program(
        lambda: declare_purchases(PurchaseSpec.model_validate(PURCHASES)),
        project=PROJECT,
        calls={ZONE_OF: answer_zone},
    )


@pytest.fixture(scope="session")
def graph_of() -> GraphOf:
    """`graph_of(pool)`: the graph of a site with that pool alone."""
    return lambda pool: declared(site([pool]))


def declared(plan: SitePlan, *, preview: bool = False) -> ResourceGraph:
    """The graph of a site. Pulumi is imported by the first test that asks."""
    from argosy_aws.descriptor import PROVIDER
    from argosy_component.mock_engine import run_program

    def program() -> None:
        PROVIDER.declare_links(PROVIDER.declare_site(plan), ())

    return run_program(program, preview=preview)
