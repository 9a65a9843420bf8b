"""Pictures of a training: the loss curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from engine.training.loop import CURVE


def draw(folder: Path) -> Path | None:
    """Draw `loss.csv` of a training folder as `loss.png`; nothing where there is no step yet."""
    source = folder / CURVE
    if not source.is_file():
        return None
    rows = np.atleast_2d(np.loadtxt(source, delimiter=",", skiprows=1))
    steps, loss = rows[:, 0], rows[:, 1]
    window = max(min(len(loss) // 20, 100), 1)
    smooth = np.convolve(loss, np.ones(window) / window, mode="valid")
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(steps, loss, color="#c9d3df", linewidth=0.6, label="each step")
    axes.plot(steps[window - 1 :], smooth, color="#3d8bff", linewidth=1.6, label=f"mean of {window}")
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    target = folder / "loss.png"
    figure.savefig(target, dpi=110)
    return target
