"""In which numbers a device computes fastest without harm."""

from __future__ import annotations

from functools import lru_cache

import torch


@lru_cache
def fast_dtype(device: str) -> torch.dtype:
    """Give bf16 where the hardware multiplies it, else fp32.

    Processors that have to imitate bf16 compute it several times as slowly as fp32; those with AVX512-BF16 or AMX take
    about half the time (`assets/reports/city/speed.md`: .66 of it for a step of `city`, .48 for decoding).

    Parameters
    ----------
    device
        Its type: `cpu`, `cuda` or `mps`.
    """
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device == "cpu" and any(_can(test) for test in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")):
        return torch.bfloat16
    return torch.float32


def fast_math(device: torch.device) -> torch.autocast:
    """Compute convolutions and products in a block in `fast_dtype`; where that is fp32, nothing changes."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fast_dtype(device.type) == torch.bfloat16)


def precision_of(device: str) -> str:
    """Name what a type of device computes in, `bf16` or `fp32`, so that results of the two are told apart."""
    return "bf16" if fast_dtype(device) == torch.bfloat16 else "fp32"


def _can(test: str) -> bool:
    """Ask torch about the processor; versions that cannot tell are taken to say no."""
    found = getattr(torch.cpu, test, None)
    return bool(found()) if found is not None else False
