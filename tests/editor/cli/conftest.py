from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from editor.cli import main
from engine.formats.registry import write_scene
from engine.scene import VoxelScene

pytest.register_assert_rewrite("cli_support")  # so that its assertions say what they saw

from cli_support import SHAPE  # noqa: E402


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model of the smallest size; what it makes is noise, but repeatable noise."""
    import torch

    from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
    from engine.models.city.conditions import given_channels
    from engine.models.unet import UNet, UNetConfig
    from engine.models.zoo import CityParts, save_city

    folder = tmp_path_factory.mktemp("tiny")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        autoencoder = Autoencoder(AutoencoderConfig(height=SHAPE[2], widths=(8, 16), latent=4, detail=8, blocks=1))
        denoiser = UNet(UNetConfig(4, given_channels(autoencoder.config), width=8, multiples=(1, 2), heads=2))
    save_city(folder, CityParts(autoencoder, denoiser), {}, name="tiny")
    return folder


@pytest.fixture(scope="session")
def scene_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = np.random.default_rng(1).integers(0, 20, SHAPE).astype(np.uint8)
    path = tmp_path_factory.mktemp("scene") / "scene.scw"
    write_scene(VoxelScene.from_labels(labels), path)
    return path


@pytest.fixture
def run(model: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process; gives exit code, standard output and standard error."""

    def act(*arguments: object, fast: bool = True) -> tuple[int, str, str]:
        words = [str(a) for a in arguments]
        if fast and words[0] in ("generate", "inpaint", "outpaint"):
            words += ["--model", str(model), "--steps", "2"]
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return act
