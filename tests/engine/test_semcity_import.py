from __future__ import annotations

import hashlib
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from editor.cli import main
from engine.errors import ModelError
from engine.models.cards import find_model, list_models
from engine.models.imports import import_weights
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.zoo import load
from tests.engine.semcity_reference import make_state, shapes_of

State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own."""
    folder = tmp_path / "data"
    monkeypatch.setattr("engine.models.imports.user_data", folder.joinpath)
    monkeypatch.setattr("engine.models.cards.user_data", folder.joinpath)
    return folder


@pytest.fixture(scope="module")
def weights() -> tuple[State, State]:
    return make_state(shapes_of("ae_small")), make_state(shapes_of("unet_small"))


@pytest.fixture
def files(tmp_path: Path, weights: tuple[State, State]) -> tuple[Path, Path]:
    """The two checkpoints as the original writes them."""
    autoencoder, unet = tmp_path / "7_miou=1.pt", tmp_path / "ema_0.9999_050000.pt"
    torch.save(
        {"model": OrderedDict(weights[0]), "optimizer": {"state": {}, "param_groups": [{"lr": 1e-3}]}, "epoch": 7},
        autoencoder,
    )
    torch.save(OrderedDict(weights[1]), unet)
    return autoencoder, unet


def test_both_checkpoints_become_a_model_with_their_very_numbers(
    files: tuple[Path, Path], weights: tuple[State, State], own_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import-weights", str(files[1]), str(files[0]), "--as", "semcity", "--name", "theirs"]) == 0
    assert "semantickitti, autoencoder, denoiser; use it with --model theirs" in capsys.readouterr().out
    card = find_model("theirs")
    assert (card.kind, card.height, card.window, card.folder) == ("semcity", 32, 256, own_data / "models" / "theirs")
    assert card.training["7_miou=1.pt"] == {"imported_sha256": hashlib.sha256(files[0].read_bytes()).hexdigest()}
    model = load(card, "cpu")
    assert isinstance(model, SemcityModel)
    assert model.denoiser is not None
    for network, state in zip((model.autoencoder, model.denoiser), weights, strict=True):
        assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    assert (model.denoiser.config.depth, model.denoiser.config.multiples) == (32, (1, 1, 2))


def test_the_unet_may_come_later(files: tuple[Path, Path]) -> None:
    first = import_weights(files[:1], "semcity", "semcity")
    assert list(first.config) == ["autoencoder"]
    second = import_weights(files[1:], "semcity", "semcity")
    assert list(second.config) == ["autoencoder", "denoiser"]
    assert second.files["autoencoder.safetensors"] == first.files["autoencoder.safetensors"]
    assert set(second.training) == {files[0].name, files[1].name}
    assert [c.name for c in list_models()].count("semcity") == 1


def test_a_unet_alone_is_refused(files: tuple[Path, Path], own_data: Path) -> None:
    with pytest.raises(ModelError, match="is a UNet, of no use without its autoencoder; give both"):
        import_weights(files[1:], "semcity", "semcity")
    assert not own_data.exists()


@pytest.mark.parametrize(
    ("config", "classes", "depth"),
    [
        (TriplaneUNetConfig(channels=4, width=32, multiples=(1, 2, 3)), 20, 32),
        (TriplaneUNetConfig(channels=4, width=32, halvings=1), 11, 8),
        (TriplaneUNetConfig(channels=4, width=32, multiples=(2, 1), halvings=1, given=4), 20, 32),
    ],
    ids=["plain", "carlasc", "refining"],
)
def test_sizes_are_read_from_the_weights(tmp_path: Path, config: TriplaneUNetConfig, classes: int, depth: int) -> None:
    autoencoder = TriplaneAutoencoderConfig(classes, 4, 6, 10, kernel=(3, 5, 1), plane_kernel=3)
    torch.save({"model": TriplaneAutoencoder(autoencoder).state_dict()}, tmp_path / "ae.pt")
    torch.save(TriplaneUNet(config).state_dict(), tmp_path / "unet.pt")
    card = import_weights([tmp_path / "ae.pt", tmp_path / "unet.pt"], "semcity", "sizes")
    model = load(card, "cpu")
    assert isinstance(model, SemcityModel)
    unet = model.refiner if config.given else model.denoiser
    assert unet is not None
    assert model.autoencoder.config == autoencoder
    assert unet.config == TriplaneUNetConfig(**{**vars(config), "depth": depth})


class Trap:
    """Pickles to a call that leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("archive", [True, False])
def test_nothing_in_a_file_is_executed(
    tmp_path: Path, weights: tuple[State, State], own_data: Path, archive: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    mark, file = tmp_path / "mark", tmp_path / "trap.pt"
    torch.save({"model": weights[0], "epoch": Trap(mark)}, file, _use_new_zipfile_serialization=archive)
    assert main(["import-weights", str(file), "--as", "semcity"]) == 2
    message = capsys.readouterr().err
    assert "is no checkpoint that can be read without running what is in it" in message
    assert message.count("\n") == 1
    assert not mark.exists()
    assert not own_data.exists()
    torch.load(file, weights_only=False)
    assert mark.exists()  # so the trap was a real one


def damaged(change: str, autoencoder: State) -> Any:
    state = OrderedDict(autoencoder)
    kernel = "geo_encoder.conv0.weight"
    if change == "missing":
        del state["geo_convs.shortcut.bias"], state["geo_decoder.first_layers.4.bias"]
    elif change == "strange":
        state["geo_decoder.extra"] = torch.ones(1)
    elif change == "shape":
        state["geo_decoder.second_layers.0.weight"] = torch.ones(32, 84 - 32)
    elif change == "turned":
        state["geo_encoder.convblock1.3.weight"] = state[kernel].permute(0, 1, 4, 2, 3)
    elif change == "flat":
        state[kernel] = state[kernel].flatten()
    elif change == "nan":
        state[kernel] = state[kernel].clone().index_fill(0, torch.tensor([3]), float("nan"))
    elif change == "integers":
        state[kernel] = state[kernel].int()
    elif change == "text":
        state["geo_encoder.note"] = "hello"
    elif change == "other":
        return {"layer.weight": torch.ones(2, 2)}
    elif change == "list":
        return [torch.ones(2)]
    elif change == "classes":
        state["embedding.weight"] = torch.ones(7, 8)
        state["geo_decoder.second_layers.4.weight"], state["geo_decoder.second_layers.4.bias"] = (
            torch.ones(7, 32),
            torch.ones(7),
        )
    return {"model": state}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", r"'geo_convs.shortcut.bias' is missing, and so for 2 weights in all"),
        ("strange", r"'geo_decoder.extra' does not belong there"),
        ("shape", r"'geo_decoder.second_layers.0.weight' has shape \[32, 52\] instead of \[32, 84\]"),
        ("turned", r"'geo_encoder.convblock1.3.weight' has shape \[8, 8, 3, 5, 5\] instead of \[8, 8, 5, 5, 3\]"),
        ("flat", r"'geo_encoder.conv0.weight' is missing or has not 5 dimensions"),
        ("nan", r"'geo_encoder.conv0.weight' \(torch.float32\) holds values that are no finite numbers"),
        ("integers", r"'geo_encoder.conv0.weight' \(torch.int32\) holds"),
        ("text", r"entry 'geo_encoder.note' is a str, not plain weights"),
        ("other", r"neither 'embedding.weight' nor 'time_embed.0.weight', but 'layer.weight'"),
        ("list", r"holds a list, not named weights"),
        ("classes", r"knows 7 classes; import one with 20 \(semantickitti\) or 11 \(carlasc\)"),
    ],
)
def test_anything_but_an_unchanged_checkpoint_is_refused(
    tmp_path: Path, weights: tuple[State, State], own_data: Path, change: str, message: str
) -> None:
    file = tmp_path / "changed.pt"
    torch.save(damaged(change, weights[0]), file)
    with pytest.raises(ModelError, match=message) as caught:
        import_weights([file], "semcity", "semcity")
    assert str(file) in str(caught.value)
    assert "import " in str(caught.value) or "get it again" in str(caught.value)
    assert not own_data.exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no archive", b"\x80\x02}q\x00.", b"\x00" * 64, pickle.dumps({1: 2})]
)
def test_files_that_are_no_checkpoints_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.pt"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.pt"):
        import_weights([file], "semcity", "semcity")
    with pytest.raises(ModelError, match="cannot be read"):
        import_weights([tmp_path / "none.pt"], "semcity", "semcity")


def test_a_failed_import_leaves_the_model_as_it_was(files: tuple[Path, Path], tmp_path: Path, own_data: Path) -> None:
    card = import_weights(files, "semcity", "semcity")
    torch.save(TriplaneUNet(TriplaneUNetConfig(channels=4, width=32)).state_dict(), tmp_path / "foreign.pt")
    with pytest.raises(ModelError, match="planes of 4 channels and height 32, the autoencoder makes 8 and 32"):
        import_weights([tmp_path / "foreign.pt"], "semcity", "semcity")
    assert find_model("semcity") == card
    card.verify()
    assert [p.name for p in own_data.iterdir()] == ["models"]


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", ".hidden", "a b"])
def test_names_stay_in_the_folder(files: tuple[Path, Path], name: str) -> None:
    with pytest.raises(ModelError, match="a model cannot be called"):
        import_weights(files, "semcity", name)


def test_other_kinds_are_named(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-weights", str(files[0]), "--as", "ssd"]) == 2
    assert "cannot be imported as 'ssd'; there is: semcity" in capsys.readouterr().err
