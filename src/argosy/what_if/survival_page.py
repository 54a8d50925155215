"""The price of survival as one page that opens from a pipeline's artefacts, without a network."""

# Plotly ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from argosy.errors import ArgosyError

if TYPE_CHECKING:
    from argosy.what_if.survival import Notch


def write_page(fleet: str, notches: Sequence[Notch], path: Path) -> None:
    """Write the curve: cost against floor, and the largest provider's share. Raises ArgosyError, OSError."""
    try:
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots
    except ModuleNotFoundError as missing:
        raise ArgosyError(
            f"--html needs the Python package {missing.name!r}; install argosy with the extra `report`"
        ) from missing
    kept = [notch for notch in notches if notch.nodes is not None]
    floors = ["none" if notch.floor is None else f"{notch.floor * 100:.0f} %" for notch in kept]
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    cost = [notch.cost / 1_000_000 for notch in kept]
    share = [notch.share * 100 for notch in kept]
    figure.add_trace(go.Bar(x=floors, y=cost, name="$ an hour"), secondary_y=False)
    figure.add_trace(go.Scatter(x=floors, y=share, name="largest provider's share (%)"), secondary_y=True)
    figure.update_layout(title=f"The price of survival: {fleet}", xaxis_title="floor of inference")
    figure.update_yaxes(title_text="$ an hour beyond what is paid for already", secondary_y=False)
    figure.update_yaxes(title_text="%", range=[0, 100], secondary_y=True)
    # A fixed id, so that equal curves give equal pages.
    text = figure.to_html(include_plotlyjs=True, full_html=True, div_id="survival")
    path.write_text(text, encoding="utf-8")
