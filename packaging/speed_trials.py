"""Writes the table of what was tried to make `city` faster on a processor, and what came of it.

Run it in a checkout on a quiet machine: `python packaging/speed_trials.py`. All cases are compared with the first. It
takes a few minutes, most of them compiling.
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.benchmarks import describe_hardware
from engine.errors import ModelError
from engine.models.cards import find_model
from engine.models.city.model import CityModel
from engine.models.convolution import Conv2d
from engine.models.zoo import load

REPORT = Path(__file__).resolve().parents[1] / "assets" / "reports" / "city" / "speed.md"
RUNS, WARM = 15, 3
SIZES = ((64, 64), (32, 32))
"""Latent cells: a scene of 256 x 256 voxels, and the window of a brushed region."""

Network = Callable[..., Tensor]


@dataclass(frozen=True)
class Case:
    """One way to compute; `change` makes a network that computes like that from one that is a copy already.

    `packs` tells whether convolutions keep their weights packed.
    """

    name: str
    change: Callable[[nn.Module, tuple[Tensor, ...]], Network]
    packs: bool = False


def main() -> None:
    """Measure all cases, write the table, and print where it lies."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--out", type=Path, default=REPORT)
    out: Path = words.parse_args().out
    model = load(find_model("city"), "cpu")
    if not isinstance(model, CityModel) or model.denoiser is None:
        raise ModelError(f"model '{model.card.name}' has no denoiser of the kind 'city'; install the shipped one")
    jobs = list(_jobs(model))
    rows = []
    for case in CASES:
        rows.append((case.name, [_measure(case, network, inputs) for _, network, inputs in jobs]))
        print(case.name, *(f"{ms:.1f} ms (off by {off:.1e})" for ms, off in rows[-1][1]), flush=True)
    out.write_text(_table([title for title, _, _ in jobs], rows), encoding="utf-8")
    print(out)


def _jobs(model: CityModel) -> Iterator[tuple[str, nn.Module, tuple[Tensor, ...]]]:
    torch.manual_seed(0)
    denoiser, decoder = model.denoiser, _Decoder(model.autoencoder)
    assert denoiser is not None
    for x, y in SIZES:
        inputs = (torch.randn(1, denoiser.config.channels, x, y), torch.full((1,), 0.5))
        given = torch.randn(1, denoiser.config.given, x, y)
        yield f"a step, {4 * x} x {4 * y} voxels", denoiser, _channels_last(*inputs, given)
    z = torch.randn(1, model.autoencoder.config.latent, *SIZES[0])
    yield f"decode {4 * SIZES[0][0]} x {4 * SIZES[0][1]} voxels to logits", decoder, _channels_last(z)


class _Decoder(nn.Module):
    """The decoding half of an autoencoder as a network of its own."""

    def __init__(self, autoencoder: Any) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.autoencoder.decode(z)
        return logits


def _channels_last(*tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t for t in tensors)


def _measure(case: Case, network: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    """Give milliseconds, median, and how far the outcome is off, as a share of its largest value."""
    changed = copy.deepcopy(network)  # outside of inference mode, where weights could not be packed
    times = []
    with torch.inference_mode():
        run = case.change(changed if case.packs else _unpacked(changed), inputs)
        wanted = network(*inputs)
        for _ in range(WARM):
            found = run(*inputs)
        for _ in range(RUNS):
            start = time.perf_counter()
            found = run(*inputs)
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times), float((found.float() - wanted).abs().max() / wanted.abs().max())


def _unpacked(network: nn.Module) -> nn.Module:
    for part in network.modules():
        if isinstance(part, Conv2d):
            part.__class__ = nn.Conv2d
    return network


def _as_is(network: nn.Module, _inputs: tuple[Tensor, ...]) -> Network:
    return network


def _channels_first(network: nn.Module, _inputs: tuple[Tensor, ...]) -> Network:
    plain = network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return lambda *given: plain(*(t.contiguous() for t in given))


def _compiled(network: nn.Module, _inputs: tuple[Tensor, ...]) -> Network:
    return torch.compile(network)


def _fused(network: nn.Module, inputs: tuple[Tensor, ...]) -> Network:
    traced = torch.jit.trace(network, inputs, check_trace=False)  # type: ignore[no-untyped-call]
    return torch.jit.optimize_for_inference(torch.jit.freeze(traced.eval()))


def _bfloat(network: nn.Module, _inputs: tuple[Tensor, ...]) -> Network:
    def run(*given: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            found: Tensor = network(*given)
            return found

    return run


def _int8(network: nn.Module, inputs: tuple[Tensor, ...]) -> Network:
    """Compute every convolution with 8-bit weights and activations (oneDNN), calibrated on the very inputs."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(parent, name, _Int8Conv(child))
    network(*inputs)
    for part in network.modules():
        if isinstance(part, _Int8Conv):
            part.freeze()
    return network


class _Int8Conv(nn.Module):
    """A convolution that first notes the range of its input, and after `freeze` works in int8."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv, self.read, self.made = conv, _Range(), _Range()
        self.packed: Any = None

    def forward(self, x: Tensor) -> Tensor:
        if self.packed is None:
            plain: Tensor = self.conv(x)
            self.read.note(x)
            self.made.note(plain)
            return plain
        q = torch.quantize_per_tensor(x, *self.read.grid, torch.quint8)
        made: Tensor = torch.ops.quantized.conv2d(q, self.packed, *self.made.grid).dequantize()
        return made

    def freeze(self) -> None:
        conv = self.conv
        scales = conv.weight.abs().amax(dim=(1, 2, 3)).clamp(min=1e-8) / 127
        zeros = torch.zeros(len(scales), dtype=torch.int64)
        weight = torch.quantize_per_channel(conv.weight.contiguous(), scales.double(), zeros, 0, torch.qint8)
        stride, padding = list(conv.stride), [int(p) for p in conv.padding]
        self.packed = torch.ops.quantized.conv2d_prepack(weight, conv.bias, stride, padding, [1, 1], 1)


@dataclass
class _Range:
    """Smallest and largest of all numbers that were noted, 0 among them."""

    low: float = 0.0
    high: float = 0.0

    def note(self, x: Tensor) -> None:
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))

    @property
    def grid(self) -> tuple[float, int]:
        """Scale and zero point of 8 bits."""
        scale = max(self.high - self.low, 1e-6) / 255
        return scale, round(-self.low / scale)


CASES = (
    Case("fp32, channels last", _as_is),
    Case("fp32, channels last, weights packed (what the program does elsewhere)", _as_is, packs=True),
    Case("fp32, channels first", _channels_first),
    Case("`torch.compile` (inductor)", _compiled),
    Case("traced, frozen, fused by oneDNN", _fused),
    Case("bf16, autocast", _bfloat),
    Case("bf16, autocast, weights packed (what it does where the hardware has bf16)", _bfloat, packs=True),
    Case("int8 convolutions (oneDNN)", _int8),
)


def _table(titles: list[str], rows: list[tuple[str, list[tuple[float, float]]]]) -> str:
    machine = describe_hardware()
    base = rows[0][1]
    lines = [
        "# What was tried to make `city` faster on a processor",
        "",
        f"Medians of {RUNS} runs on {machine['cores']} cores ({machine['cpu']}), torch {machine['torch']}, "
        f"{machine['threads']} threads, {platform.system()}; written by `python packaging/speed_trials.py`.",
        "In brackets the time as a share of the first row, and how far the outcome is off, as a share of its largest.",
        "",
        "| | " + " | ".join(titles) + " |",
        "|---|" + "---|" * len(titles),
    ]
    for name, cells in rows:
        told = [f"{ms:.0f} ms ({ms / first:.2f}; {off:.0e})" for (ms, off), (first, _) in zip(cells, base, strict=True)]
        lines.append(f"| {name} | " + " | ".join(told) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
