"""bf16 where the hardware has it, fp32 elsewhere, and the same scenes either way but for a few voxels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.models import precision
from engine.models.precision import fast_dtype, fast_math
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling
from engine.training.loop import Loop, LoopOptions
from tests.engine.tiny import build_tiny

CPU = torch.device("cpu")


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let a test say what the processor can."""
    fast_dtype.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    fast_dtype.cache_clear()


def can(patch: pytest.MonkeyPatch, bf16: bool) -> None:
    fast_dtype.cache_clear()
    patch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16, raising=False)
    patch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)


def test_a_processor_without_the_instructions_computes_in_fp32(pretend: pytest.MonkeyPatch) -> None:
    x = torch.randn(1, 3, 8, 8)
    conv = torch.nn.Conv2d(3, 3, 3)
    for bf16, wanted in ((False, torch.float32), (True, torch.bfloat16)):
        can(pretend, bf16)
        assert fast_dtype("cpu") == wanted
        with fast_math(CPU):
            assert conv(x).dtype == wanted
        assert conv(x).dtype == torch.float32
    assert fast_dtype("mps") == torch.float32


def test_a_torch_that_cannot_tell_says_no(pretend: pytest.MonkeyPatch) -> None:
    pretend.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    pretend.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert not precision._can("_is_avx512_bf16_supported")
    assert fast_dtype("cpu") == torch.float32


def test_both_give_nearly_the_same_scene(pretend: pytest.MonkeyPatch, tmp_path: Path) -> None:
    request = GenerateRequest((64, 64), Sampling(str(build_tiny(tmp_path / "tiny").folder), seed=3, steps=4))
    made = []
    for bf16 in (False, True):
        can(pretend, bf16)
        *_, last = Session("cpu").run(request)
        assert last.result is not None
        made.append(last.result.labels)
    assert 0.0 < np.mean(made[0] != made[1]) < 0.05, "the same to the last voxel, so that bf16 was not used, or too far"


def test_weights_stay_in_fp32_while_a_loop_computes_in_bf16(pretend: pytest.MonkeyPatch, tmp_path: Path) -> None:
    can(pretend, True)
    network, seen = torch.nn.Linear(4, 4), []

    def loss(_step: int, _progress: float) -> torch.Tensor:
        made = network(torch.ones(2, 4))
        seen.append(made.dtype)
        error: torch.Tensor = made.float().square().mean()
        return error

    steps = iter(Loop(network, loss, tmp_path, LoopOptions(1.0)).run())
    before = network.weight.detach().clone()
    next(steps)
    next(steps)
    assert seen == [torch.bfloat16, torch.bfloat16]
    assert network.weight.dtype == torch.float32
    assert not torch.equal(network.weight, before)
