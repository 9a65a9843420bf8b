from __future__ import annotations

import torch
from torch import Tensor

from engine.models.memory import Remembered


def test_the_same_voxels_are_encoded_once_and_others_anew() -> None:
    asked: list[int] = []

    def encode(labels: Tensor) -> Tensor:
        asked.append(int(labels[0]))
        return labels.float() + 0.5

    remembered = Remembered(encode)
    one, two, three = (torch.full((4,), n, dtype=torch.uint8) for n in (1, 2, 3))
    first = remembered(one)
    remembered(two)
    torch.testing.assert_close(remembered(one.clone()), first)
    assert asked == [1, 2]
    remembered(three)
    remembered(one)
    assert asked == [1, 2, 3, 1], "only the latest two are kept"
    assert remembered(one[:2]).shape == (2,), "of another shape is another scene"


def test_what_is_done_to_voxels_or_latents_later_changes_nothing() -> None:
    remembered = Remembered(lambda labels: labels.float())
    labels = torch.zeros(4, dtype=torch.uint8)
    remembered(labels).add_(9)
    assert (remembered(labels) == 0).all()
    labels[0] = 7
    assert remembered(labels)[0] == 7
