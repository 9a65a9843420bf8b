"""The training loop of every recipe: time budget, learning rate, moving average, resumable checkpoints, loss log."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ModelError
from engine.models.precision import fast_math

CHECKPOINT = "checkpoint.pt"
CURVE = "loss.csv"


@dataclass(frozen=True)
class TrainStep:
    """One optimiser step; `progress` is the share of the time budget that is used."""

    step: int
    loss: float
    seconds: float
    progress: float


@dataclass(frozen=True)
class LoopOptions:
    """How long and how fast to learn.

    Attributes
    ----------
    minutes
        Training time in all, over every resumption.
    learning_rate
        Peak; warmed up over `warm_up` steps, constant, then a cosine down to 0 over the last `decay` of the budget.
    ema
        Decay of the moving average, reached after a warm-up of its own.
    save_minutes
        Time between checkpoints.
    """

    minutes: float
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    warm_up: int = 200
    decay: float = 0.4
    ema: float = 0.999
    clip: float = 1.0
    save_minutes: float = 3.0


@dataclass
class Loop:
    """Drive one network to the end of its time budget.

    Parameters
    ----------
    network
        What is trained; its moving average is `average`.
    loss
        `loss(step, progress) -> scalar tensor`, draws its own batch.
    out
        Folder of checkpoint and curve.
    """

    network: nn.Module
    loss: Callable[[int, float], Tensor]
    out: Path
    options: LoopOptions
    step: int = 0
    elapsed: float = 0.0
    average: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            parameters, self.options.learning_rate, betas=(0.9, 0.99), weight_decay=self.options.weight_decay
        )
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}

    @property
    def progress(self) -> float:
        return min(self.elapsed / (60.0 * self.options.minutes), 1.0)

    def resume(self) -> None:
        """Go on from the checkpoint in `out`; raises `ModelError` where it does not fit."""
        path = self.out / CHECKPOINT
        if not path.is_file():
            raise ModelError(f"{path} is not there to resume from; start without --resume")
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise ModelError(f"{path} is of another network ({error}); train into another folder") from error
        self.average = {key: value.to(self.average[key].device) for key, value in state["average"].items()}
        self.step, self.elapsed = state["step"], state["elapsed"]
        torch.set_rng_state(state["torch_rng"])

    def run(self) -> Iterator[TrainStep]:
        """Train to the end of the budget, one yield per step; whoever stops early finds a checkpoint."""
        self.out.mkdir(parents=True, exist_ok=True)
        torch.set_flush_denormal(True)  # vanishing gradients would be slow denormals on a CPU
        saved = time.monotonic()
        self.network.train()
        try:
            while self.progress < 1.0:
                yield self._take_step()
                if time.monotonic() - saved > 60.0 * self.options.save_minutes:
                    self.save()
                    saved = time.monotonic()
        finally:
            self.save()

    def averaged(self) -> dict[str, Tensor]:
        """Give the moving average of all weights, as a state dict."""
        return {k: v.clone() for k, v in self.average.items()}

    def save(self) -> None:
        """Write the checkpoint; the old one stays until the new one is complete."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
            "torch_rng": torch.get_rng_state(),
        }
        part = self.out / f"{CHECKPOINT}.part"
        torch.save(state, part)
        os.replace(part, self.out / CHECKPOINT)

    def _take_step(self) -> TrainStep:
        start = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        with fast_math(next(self.network.parameters()).device):  # weights and their average stay in fp32
            loss = self.loss(self.step, self.progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.options.clip)
        self.optimizer.step()
        self._update_average()
        self.step += 1
        seconds = time.monotonic() - start
        self.elapsed += seconds
        done = TrainStep(self.step, float(loss.detach()), seconds, self.progress)
        self._log(done)
        return done

    def _learning_rate(self) -> float:
        warm = min((self.step + 1) / self.options.warm_up, 1.0)
        late = max(self.progress - (1.0 - self.options.decay), 0.0) / self.options.decay
        cosine = 0.5 * (1.0 + torch.cos(torch.tensor(torch.pi * late)).item())
        return self.options.learning_rate * warm * cosine

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.options.ema, (1.0 + self.step) / (10.0 + self.step))
        for key, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1.0 - decay)
            else:
                self.average[key].copy_(value)

    def _log(self, done: TrainStep) -> None:
        path = self.out / CURVE
        new = not path.is_file()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", "loss", "seconds", "progress"])
            writer.writerow([done.step, f"{done.loss:.6g}", f"{done.seconds:.4f}", f"{done.progress:.6f}"])
