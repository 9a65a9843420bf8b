"""Networks built as shapes only, for weights that are loaded a moment later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


@contextmanager
def without_weights() -> Iterator[None]:
    """Build networks in this block without memory or time for random weights, to be loaded with `assign=True`.

    Their parameters lie on the meta device. Even there, drawing an embedding's would import torch's compiler with 850
    modules, which takes longer than loading a model; so nothing is drawn.
    """
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return named.get("tensor", args[0] if args else None)
        return func(*args, **named)
