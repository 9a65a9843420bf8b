"""Bird's-eye layouts as pictures that any paint program can edit.

One pixel is one cell of 8 x 8 voxels. x runs to the right and y up, as in the editor's view from above: the top row of
the picture is the far end along y. The colour is the class (`LAYOUT_COLOURS`), alpha the height of a building in
voxels; 0 and 255, what paint programs write unasked, leave the height to the model.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import FormatError
from engine.formats.files import replace_file
from engine.geometry.maps import LAYOUT_CLASSES, LAYOUT_COLOURS, LayoutMap

_BUILDING = LAYOUT_CLASSES.index("building")
_OPAQUE = 255


def read_layout(path: Path) -> LayoutMap:
    """Read a painted layout for `generate --layout`.

    Raises `FormatError` for what is no picture, and for a colour that is none of the palette's, with its pixel.
    """
    pixels = np.flipud(_read_rgba(path)).transpose(1, 0, 2)
    colours = (pixels[..., :3].astype(np.uint32) * (65536, 256, 1)).sum(axis=2)
    clear = ~pixels.any(axis=2)  # paint programs blacken what they erase
    matches = np.stack([(colours == c) for c in LAYOUT_COLOURS])
    matches[0] |= clear
    known = np.asarray(matches.any(axis=0))
    if not known.all():
        raise _unknown_colour(path, colours, known)
    classes = matches.argmax(axis=0).astype(np.uint8)
    heights = np.where((classes == _BUILDING) & (pixels[..., 3] < _OPAQUE), pixels[..., 3], 0).astype(np.uint8)
    return LayoutMap(classes, heights)


def write_layout(layout: LayoutMap, path: Path) -> None:
    """Write a layout as the picture that `read_layout` reads, atomically."""
    rgb = np.array([(c >> 16, c >> 8 & 255, c & 255) for c in LAYOUT_COLOURS], dtype=np.uint8)[layout.classes]
    known = (layout.classes == _BUILDING) & (layout.heights > 0)
    alpha = np.where(known, np.minimum(layout.heights, _OPAQUE - 1), _OPAQUE).astype(np.uint8)
    pixels = np.flipud(np.dstack([rgb, alpha]).transpose(1, 0, 2))
    with replace_file(path) as stream:
        Image.fromarray(np.ascontiguousarray(pixels)).save(stream, format="PNG")


def _read_rgba(path: Path) -> NDArray[np.uint8]:
    hint = "give an RGBA picture with one pixel per cell of 8 x 8 voxels"
    if not path.is_file():
        raise FormatError(path, "there is no such file" if not path.exists() else "is not a file", hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return np.asarray(picture.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FormatError(path, f"cannot be read as a picture ({error})", hint) from error


def _unknown_colour(path: Path, colours: NDArray[np.uint32], known: NDArray[np.bool_]) -> FormatError:
    x, y = (int(v) for v in np.argwhere(~known)[0])
    wrong = int(colours[x, y])
    near = min(range(len(LAYOUT_COLOURS)), key=lambda i: _distance(LAYOUT_COLOURS[i], wrong))
    return FormatError(
        path,
        f"colour #{wrong:06x} at pixel ({x}, {colours.shape[1] - 1 - y}) is none of the palette's",
        f"use #{LAYOUT_COLOURS[near]:06x} ({LAYOUT_CLASSES[near]}), the nearest, and paint without soft edges",
    )


def _distance(a: int, b: int) -> int:
    return sum(((a >> shift & 255) - (b >> shift & 255)) ** 2 for shift in (16, 8, 0))
