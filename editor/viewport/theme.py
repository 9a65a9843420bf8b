"""Colours of the viewport that are not classes."""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[float, float, float]


def rgb(code: str) -> Rgb:
    """Read `rrggbb` as three numbers from 0 to 1."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


@dataclass(frozen=True)
class Theme:
    """Backdrop, marks and lines, 0 to 1 each.

    Attributes
    ----------
    sky_high, sky_low, floor
        Backdrop above and below, and the lines of its floor.
    mask, ghost
        Masked voxels; voxels that a proposal would write.
    added, removed, changed
        What a proposal adds, takes away, and turns into another class.
    bounds, accent, brush
        Lines round the scene, round what is being made, and under the mouse.
    cut
        Hatching of faces where matter is cut open.
    outline, grid
        Strength of outlines between things, and of the voxels' edges.
    """

    sky_high: Rgb
    sky_low: Rgb
    floor: Rgb
    mask: Rgb
    ghost: Rgb
    added: Rgb
    removed: Rgb
    changed: Rgb
    bounds: Rgb
    accent: Rgb
    brush: Rgb
    cut: Rgb
    outline: float
    grid: float

    @classmethod
    def dark(cls) -> Theme:
        return cls(
            sky_high=rgb("14171d"),
            sky_low=rgb("232933"),
            floor=rgb("3d4654"),
            mask=rgb("f0319b"),
            ghost=rgb("4cc9ff"),
            added=rgb("35e0a0"),
            removed=rgb("ff5a3c"),
            changed=rgb("ffd23f"),
            bounds=rgb("8b95a7"),
            accent=rgb("4cc9ff"),
            brush=rgb("ffffff"),
            cut=rgb("f7b733"),
            outline=0.6,
            grid=0.26,
        )

    @classmethod
    def light(cls) -> Theme:
        return cls(
            sky_high=rgb("dfe5ee"),
            sky_low=rgb("f4f6f9"),
            floor=rgb("c3cbd8"),
            mask=rgb("e01e8c"),
            ghost=rgb("1496d4"),
            added=rgb("12b87a"),
            removed=rgb("e23c1e"),
            changed=rgb("e8a800"),
            bounds=rgb("7d8797"),
            accent=rgb("0f7fc4"),
            brush=rgb("10151d"),
            cut=rgb("b4530a"),
            outline=0.55,
            grid=0.2,
        )
