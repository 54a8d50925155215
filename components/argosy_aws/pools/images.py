"""What the nodes of a pool boot: one of EKS's own images, pinned to a release, or an image of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_aws.settings import settings_of_pool
from argosy_component.contract import NodePoolPlan


@dataclass(frozen=True)
class ImageChoice:
    """An image. Either `image_id` or `ami_type` is given: EKS refuses both, and a release beside an id."""

    image_id: str | None = None
    """An image of one's own; the launch template names it and the node group says nothing of images."""
    ami_type: str | None = None
    """Which line of EKS's images."""
    release: str | None = None
    """Release of that line; None takes the newest when the group is made, and keeps it."""


def choose_image(pool: NodePoolPlan, site_release: str | None = None) -> ImageChoice:
    """The image of a pool: its own, else EKS's of its own release, else of the site's."""
    settings = settings_of_pool(pool)
    if settings.image is not None:
        return ImageChoice(image_id=settings.image)
    return ImageChoice(ami_type=_ami_type(pool), release=settings.image_release or site_release)


def is_neuron(pool: NodePoolPlan) -> bool:
    """Whether the accelerators are AWS's own, which need another driver, taint and resource than NVIDIA's."""
    return pool.node_type.accelerator.startswith("Trainium")


def _ami_type(pool: NodePoolPlan) -> str:
    if is_neuron(pool):
        return "AL2023_x86_64_NEURON"
    return "AL2023_ARM_64_NVIDIA" if pool.node_type.arch == "arm64" else "AL2023_x86_64_NVIDIA"
