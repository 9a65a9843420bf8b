from __future__ import annotations

import json

import numpy as np
import pytest

from engine.errors import GridError, LabelError
from engine.geometry.maps import BARE, LayoutMap, layout_from_json, layout_to_json, picture_of
from engine.grid import Box
from engine.scene import VoxelScene


def test_pictures_of_parts_from_above_fit_together() -> None:
    labels = np.random.default_rng(3).integers(0, 20, (37, 22, 9)).astype(np.uint8)
    labels[5:9, 3:17] = 0
    scene = VoxelScene.from_labels(labels)
    whole = picture_of(scene)
    assert whole.shape == (22, 37, 3)
    for box in (Box((0, 0, 0), (16, 10, 9)), Box((16, 10, 0), (37, 22, 9)), Box((4, 2, 0), (12, 22, 9))):
        (x0, y0, _), (x1, y1, _) = box.lower, box.upper
        assert np.array_equal(picture_of(scene, box=box), whole[22 - y1 : 22 - y0, x0:x1])
    assert (whole[22 - 17 : 22 - 3, 5:9] == BARE).all()


def test_a_map_comes_back_from_json() -> None:
    classes = np.random.default_rng(1).integers(0, 8, (7, 4)).astype(np.uint8)
    layout = LayoutMap(classes, np.where(classes == 6, 11, 0).astype(np.uint8))
    again = layout_from_json(json.loads(json.dumps(layout_to_json(layout))))
    assert np.array_equal(again.classes, classes)
    assert np.array_equal(again.heights, layout.heights)


@pytest.mark.parametrize(
    "entry",
    [{}, None, {"cells": [7, 4], "data": "AAAA"}, {"cells": [2, 2], "data": 5}, {"cells": [-1, -4], "data": ""}],
)
def test_a_damaged_map_is_told(entry: object) -> None:
    with pytest.raises((GridError, LabelError)):
        layout_from_json(entry)
