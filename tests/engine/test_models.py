from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import DeviceError, ModelError
from engine.geometry.maps import LayoutMap
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.models.cards import ModelCard, find_model, list_models, read_card
from engine.models.city.conditions import hidden_slabs, layout_channels
from engine.models.city.model import CityModel
from engine.models.precision import fast_dtype, fast_math
from engine.models.zoo import _pack, _unpack, load, pick_device


@pytest.fixture(scope="module")
def model(tiny: ModelCard) -> CityModel:
    return load(tiny, "cpu")


def random_labels(x: int, y: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 20, (x, y, 8)).astype(np.uint8))


def test_latents_shrink_the_plan_by_four(model: CityModel) -> None:
    z = model.encode(random_labels(48, 32))
    assert tuple(z.shape) == model.latent_shape((48, 32, 8)) == (1, 4, 12, 8)


def test_a_far_change_does_not_reach_a_latent_cell(model: CityModel) -> None:
    labels = random_labels(96, 64)
    changed = labels.clone()
    changed[64:, :] = 13
    before, after = model.encode(labels), model.encode(changed)
    assert torch.equal(before[:, :, :10], after[:, :, :10])
    assert not torch.equal(before[:, :, 16:], after[:, :, 16:])


def test_unknown_is_not_empty(model: CityModel) -> None:
    labels = torch.zeros(32, 32, 8, dtype=torch.uint8)
    unknown = torch.full_like(labels, UNKNOWN)
    assert not torch.allclose(model.encode(labels), model.encode(unknown))


def test_decoding_in_strips_gives_what_decoding_at_once_gives(model: CityModel) -> None:
    z = torch.randn(1, 4, 80, 12, generator=torch.Generator().manual_seed(0))
    with fast_math(model.device):
        scores = model.autoencoder.decode(z)[0].permute(2, 3, 0, 1).float()
    first, second = scores.topk(2, dim=2).values.unbind(2)
    clear = first - second > max(1e-3, float(first.abs().max()) * torch.finfo(fast_dtype("cpu")).eps)
    strips = model.decode(z)
    assert tuple(strips.shape) == (320, 48, 8)
    assert float(clear.float().mean()) > 0.85
    assert torch.equal(strips[clear], scores.max(dim=2).indices[clear].to(torch.uint8))


def test_a_box_is_decoded_alone(model: CityModel) -> None:
    z = torch.randn(1, 4, 40, 24, generator=torch.Generator().manual_seed(4))
    whole = model.decode(z)
    for box in (Box((20, 30, 0), (70, 90, 8)), Box((3, 5, 2), (61, 50, 7)), Box((100, 40, 5), (160, 96, 8))):
        assert torch.equal(model.decode(z, box=box), whole[box.slices])


def test_barred_classes_do_not_come_out(model: CityModel) -> None:
    z = torch.randn(1, 4, 16, 12, generator=torch.Generator().manual_seed(1))
    plain = model.decode(z)
    common = torch.bincount(plain.flatten().int(), minlength=20).argsort(descending=True)[:8].tolist()
    barred = [c for c in common if c != 0]
    allowed = model.decode(z, barred)
    assert torch.isin(plain, torch.tensor(barred)).any()
    assert not torch.isin(allowed, torch.tensor(barred)).any()
    untouched = ~torch.isin(plain, torch.tensor(barred))
    assert torch.equal(allowed[untouched], plain[untouched])
    things = [b for b in barred if b in model._picker._things]
    if things:
        where = torch.isin(plain, torch.tensor(things))
        assert bool((allowed[where] == 0).all())


def test_slabs_hold_the_hidden_share() -> None:
    hidden = torch.zeros(1, 8, 12, 8, dtype=torch.bool)
    hidden[0, 4:8, 8:10, :4] = True
    slabs = hidden_slabs(hidden)
    assert tuple(slabs.shape) == (1, 2, 2, 3)
    assert float(slabs[0, 0, 1, 2]) == pytest.approx(0.5)
    assert float(slabs.sum()) == pytest.approx(0.5)


def test_free_layout_cells_say_nothing() -> None:
    classes = torch.zeros(1, 3, 2, dtype=torch.uint8)
    classes[0, 2, 1] = 6
    heights = torch.where(classes == 6, 4, 0).to(torch.uint8)
    channels = layout_channels(classes, heights, 8)
    assert tuple(channels.shape) == (1, 9, 6, 4)
    assert not bool(channels[:, :, :4].any())
    assert channels[0, :, 5, 3].tolist() == [0, 0, 0, 0, 0, 1, 0, 0.5, 1]


def test_layouts_cut_beyond_their_border_are_free() -> None:
    layout = LayoutMap(np.full((3, 2), 4, np.uint8), np.zeros((3, 2), np.uint8))
    cut = layout.window(-2, 1, (4, 3))
    assert cut.classes.tolist() == [[0, 0, 0], [0, 0, 0], [4, 0, 0], [4, 0, 0]]
    assert not layout.window(-9, 0, (4, 2)).classes.any()
    assert not layout.window(7, 5, (2, 2)).classes.any()


def test_cards_survive_a_round_trip(tiny: ModelCard, tmp_path: Path) -> None:
    tiny.write(tmp_path)
    again = read_card(tmp_path)
    assert (again.files, again.voxel_size, again.cell) == (tiny.files, tiny.voxel_size, 16)
    again.write(tmp_path)
    assert replace(read_card(tmp_path), folder=Path()) == replace(again, folder=Path())
    assert find_model(str(tiny.folder)).sha256 == tiny.sha256


def test_a_damaged_missing_or_foreign_model_is_refused(tiny: ModelCard, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny.folder, tmp_path / "copy"))
    weights = folder / "denoiser.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"damaged \(sha256 "):
        load(read_card(folder), "cpu")
    weights.unlink()
    with pytest.raises(ModelError, match="missing"):
        load(read_card(folder), "cpu")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "kind": "other"}))
    with pytest.raises(ModelError, match="kind 'other'"):
        load(read_card(folder), "cpu")
    (folder / "card.json").write_text("{")
    with pytest.raises(ModelError, match="no model card"):
        read_card(folder)


def test_an_unknown_model_lists_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"no model 'nope'; there are: .*card\.json"):
        find_model("nope")


def test_shipped_models_are_whole() -> None:
    cards = list_models()
    assert "city" in [c.name for c in cards]
    for card in cards:
        card.verify()


def test_a_device_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(DeviceError, match="'cuda' is not there; available: cpu"):
        pick_device("cuda")


@pytest.mark.parametrize(("as_int8", "error"), [(False, 1e-3), (True, 5e-3)])
def test_packed_weights_are_nearly_the_same(as_int8: bool, error: float) -> None:
    generator = torch.Generator().manual_seed(3)
    state = {
        "conv.weight": torch.randn(5, 3, 3, 2, generator=generator),
        "conv.bias": torch.randn(5, generator=generator),
    }
    packed = _pack(state, as_int8)
    again = _unpack(packed)
    assert list(again) == list(state)
    assert sum(v.nbytes for v in packed.values()) < sum(v.nbytes for v in state.values()) * (0.45 if as_int8 else 0.51)
    for key, value in state.items():
        assert float((again[key] - value).abs().max()) < error * float(value.abs().max())
