"""How tools are set: sizes, depth, reach. One frozen record, so that it can be remembered as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from editor.settings import Settings

DepthMode = Literal["surface", "volume", "column", "through"]
DEPTH_MODES: tuple[DepthMode, ...] = ("surface", "volume", "column", "through")
Tip = Literal["ball", "cube"]
TIPS: tuple[Tip, ...] = ("ball", "cube")
Spread = Literal["faces", "corners", "everywhere"]
SPREADS: tuple[Spread, ...] = ("faces", "corners", "everywhere")
Outline = Literal["lasso", "rectangle"]
OUTLINES: tuple[Outline, ...] = ("lasso", "rectangle")
Family = Literal["mask", "voxel"]
MAX_RADIUS, MAX_DEPTH, MAX_LIMIT = 64, 16, 256
_Choice = TypeVar("_Choice", bound=str)


@dataclass(frozen=True)
class Brush:
    """Size and depth of a brush, in voxels.

    Attributes
    ----------
    mode
        What is reached: `surface` solid voxels down to `depth` layers, `volume` the tip itself, `column` everything
        down to the ground, `through` everything behind the tip along the line of sight.
    tip
        A ball, or a cube.
    """

    radius: int = 6
    depth: int = 3
    mode: DepthMode = "volume"
    tip: Tip = "ball"

    def resized(self, change: int, least: int = 1) -> Brush:
        """Make it larger or smaller by about a sixth per step, at least one voxel."""
        step = max(self.radius // 6, 1) * change
        return replace(self, radius=min(max(self.radius + step, least), MAX_RADIUS))


@dataclass(frozen=True)
class ToolOptions:
    """What the bar above the viewport shows.

    Attributes
    ----------
    brush, pen
        Brush of the mask tools; brush of the voxel tools, whose radius may be 0: a single voxel.
    spread
        How far wand and fill go from a voxel to others of its class: across faces, across corners too, or everywhere.
    limit
        Voxels that wand, fill and extrude go from where they began; 0 is no limit.
    outline
        How the lasso is drawn.
    within_mask
        Whether voxel tools leave everything outside the mask alone.
    lift
        Voxels by which the stamp hovers above what it stands on; negative sinks it in.
    with_air
        Whether the stamp also puts down the empty voxels that were copied.
    step
        Voxels by which grow, shrink and feather move the mask's border.
    """

    brush: Brush = Brush()
    pen: Brush = Brush(radius=2, depth=1)
    spread: Spread = "faces"
    limit: int = 0
    outline: Outline = "lasso"
    within_mask: bool = False
    lift: int = 0
    with_air: bool = False
    step: int = 1

    def brush_of(self, family: Family) -> Brush:
        return self.brush if family == "mask" else self.pen


def remembered(settings: Settings) -> ToolOptions:
    """Take the options of the last time; values that no tool knows become the usual ones."""
    usual = ToolOptions()
    return ToolOptions(
        _brush(settings.brush_radius, settings.brush_depth, settings.brush_mode, settings.brush_tip, usual.brush, 1),
        _brush(settings.pen_radius, settings.pen_depth, settings.pen_mode, settings.pen_tip, usual.pen, 0),
        _known(settings.spread, SPREADS, usual.spread),
        min(max(settings.limit, 0), MAX_LIMIT),
        _known(settings.outline, OUTLINES, usual.outline),
    )


def remember(options: ToolOptions, settings: Settings) -> None:
    """Write into the settings what is to be there the next time."""
    brush, pen = options.brush, options.pen
    settings.brush_radius, settings.brush_depth = brush.radius, brush.depth
    settings.brush_mode, settings.brush_tip = brush.mode, brush.tip
    settings.pen_radius, settings.pen_depth, settings.pen_mode, settings.pen_tip = (
        pen.radius,
        pen.depth,
        pen.mode,
        pen.tip,
    )
    settings.spread, settings.limit, settings.outline = options.spread, options.limit, options.outline


def _brush(radius: int, depth: int, mode: str, tip: str, usual: Brush, least: int) -> Brush:
    return Brush(
        min(max(radius, least), MAX_RADIUS),
        min(max(depth, 1), MAX_DEPTH),
        _known(mode, DEPTH_MODES, usual.mode),
        _known(tip, TIPS, usual.tip),
    )


def _known(value: str, choices: tuple[_Choice, ...], usual: _Choice) -> _Choice:
    return next((c for c in choices if c == value), usual)
