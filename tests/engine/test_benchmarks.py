from __future__ import annotations

import pytest

from engine.benchmarks import Measurement, describe_hardware


@pytest.mark.parametrize(
    ("value", "limit", "at_least", "met"),
    [
        (1.5, 1.5, False, True),
        (1.6, 1.5, False, False),
        (200.0, 200, True, True),
        (199.0, 200, True, False),
        (None, 1.5, False, None),
        (3.0, None, False, None),
    ],
)
def test_a_promise_is_kept_on_the_right_side_of_its_limit(
    value: float | None, limit: float | None, at_least: bool, met: bool | None
) -> None:
    assert Measurement("x", "a case", value, "s", limit, at_least).is_met is met


def test_the_hardware_is_named() -> None:
    import torch

    hardware = describe_hardware()
    assert hardware["cpu"]
    assert hardware["torch"] == torch.__version__
    assert hardware["threads"] == torch.get_num_threads()
    assert float(hardware["memory_gb"]) > 0.5
