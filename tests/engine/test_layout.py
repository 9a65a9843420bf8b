from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import FormatError
from engine.formats.layout import read_layout, write_layout
from engine.geometry.maps import LAYOUT_COLOURS, LayoutMap

ROAD, BUILDING = 1, 6


def paint(path: Path, pixels: list[list[tuple[int, int, int, int]]]) -> Path:
    Image.fromarray(np.array(pixels, dtype=np.uint8)).save(path)
    return path


def rgba(class_id: int, alpha: int = 255) -> tuple[int, int, int, int]:
    colour = LAYOUT_COLOURS[class_id]
    return colour >> 16, colour >> 8 & 255, colour & 255, alpha


def test_every_class_and_height_survives_a_round_trip(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    classes = random.integers(0, len(LAYOUT_COLOURS), (7, 4)).astype(np.uint8)
    heights = np.where(classes == BUILDING, random.integers(0, 255, (7, 4)), 0).astype(np.uint8)
    write_layout(LayoutMap(classes, heights), tmp_path / "plan.png")
    again = read_layout(tmp_path / "plan.png")
    assert np.array_equal(again.classes, classes)
    assert np.array_equal(again.heights, heights)


def test_x_runs_right_and_y_up(tmp_path: Path) -> None:
    top, bottom = [rgba(0), rgba(0), rgba(ROAD)], [rgba(BUILDING, 12), rgba(0), rgba(0)]
    plan = read_layout(paint(tmp_path / "plan.png", [top, bottom]))
    assert plan.classes.shape == (3, 2)
    assert plan.classes[2, 1] == ROAD
    assert (plan.classes[0, 0], plan.heights[0, 0]) == (BUILDING, 12)
    assert np.count_nonzero(plan.classes) == 2


@pytest.mark.parametrize("alpha", [0, 255])
def test_what_paint_programs_write_unasked_leaves_the_height_open(tmp_path: Path, alpha: int) -> None:
    plan = read_layout(paint(tmp_path / "plan.png", [[rgba(BUILDING, alpha), rgba(ROAD, 9)]]))
    assert plan.classes[:, 0].tolist() == [BUILDING, ROAD]
    assert plan.heights[:, 0].tolist() == [0, 0]


def test_erased_pixels_are_free(tmp_path: Path) -> None:
    plan = read_layout(paint(tmp_path / "plan.png", [[(0, 0, 0, 0), rgba(ROAD)]]))
    assert plan.classes[:, 0].tolist() == [0, ROAD]


def test_a_strange_colour_is_named_with_its_pixel_and_the_nearest_of_the_palette(tmp_path: Path) -> None:
    path = paint(tmp_path / "plan.png", [[rgba(0)] * 3, [rgba(0), rgba(0), (0x5B, 0x64, 0x73, 255)]])
    with pytest.raises(FormatError, match=r"#5b6473 at pixel \(2, 1\) is none .* use #5b6472 \(road\)"):
        read_layout(path)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.png"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="cannot be read as a picture") as caught:
        read_layout(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_layout(tmp_path / "plan.png")
    with pytest.raises(FormatError, match="not a file"):
        read_layout(tmp_path)
