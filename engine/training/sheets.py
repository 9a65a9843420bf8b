"""Pictures of a training: the loss curve, and samples that nobody chose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from engine.evaluation.report import draw_sheet
from engine.models.cards import ModelCard
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling
from engine.training.loop import CURVE

SAMPLES = "samples.png"


def draw_curve(folder: Path) -> Path | None:
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


def draw_samples(card: ModelCard, device: str, count: int = 12, columns: int = 4) -> Path:
    """Generate the scenes of seeds 0 .. count - 1 and draw them from above into `samples.png` beside the card."""
    session = Session(device)
    scenes = []
    for seed in range(count):
        request = GenerateRequest((card.window, card.window), Sampling(str(card.folder), seed, device=device))
        for step in session.run(request):
            if step.result is not None and step.result.scene is not None:
                scenes.append(step.result.scene)
    target = card.folder / SAMPLES
    Image.fromarray(draw_sheet(scenes, columns)).save(target, optimize=True)
    return target
