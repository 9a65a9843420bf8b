"""`semcity` gives the numbers of the original, up to rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.diffusion.ddpm import (
    TrainedLevels,
    add_noise,
    from_ddpm,
    posterior,
    renoise,
    spread_times,
    stride_times,
    widest_variance,
)
from engine.diffusion.denoiser import Denoise
from engine.diffusion.samplers import Sampler, ddim, ddpm, repaint_times
from engine.errors import SamplingError
from engine.grid import Box
from engine.models.blocks import sinusoid
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.decoder import encode_position
from engine.models.semcity.triplane import Planes, compose, cover, decompose
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.training.losses import class_weights, lovasz_softmax
from engine.training.semcity_losses import choose_queries, noise_guess, plane_errors
from tests.engine.semcity_reference import (
    DEPTH,
    EXCERPT,
    SMALL_REFINER,
    SMALL_UNET,
    WHOLE,
    planes_of,
    read_arrays,
    shapes_of,
    small_autoencoder,
    small_unet,
)

TOLERANCE = 2e-5
LEVELS = TrainedLevels.linear(100)


@pytest.fixture(scope="module", params=["excerpt", "whole"])
def numbers(request: pytest.FixtureRequest) -> Callable[[str], dict[str, Tensor]]:
    folder = EXCERPT if request.param == "excerpt" else WHOLE
    if not folder.is_dir():
        pytest.skip(f"the whole set of numbers is not at {folder}")
    return lambda name: read_arrays(folder, name)


def close(found: Tensor, wanted: Tensor) -> None:
    assert found.shape == wanted.shape
    torch.testing.assert_close(found, wanted, atol=TOLERANCE, rtol=0)


# --- networks --------------------------------------------------------------------------------------------------------


def test_voxels_become_the_same_planes(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    io, network = numbers("ae_small_io"), small_autoencoder()
    volume = network.geo_encoder.features(network.embed(io["labels"]))
    close(volume if len(io["vol_feat"]) == 2 else volume[:1, :, ::2], io["vol_feat"])
    for found, wanted in zip(network.encode(io["labels"]), planes_of(io, "plane"), strict=True):
        close(found, wanted)


def test_planes_become_the_same_features(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    io = numbers("ae_small_io")
    wanted = planes_of(io, "up")
    found = small_autoencoder().geo_convs(planes_of(io, "plane").each(lambda plane: plane[: len(wanted.xy)]))
    for a, b in zip(found, wanted, strict=True):
        close(a, b)


def test_points_get_the_same_logits(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    io = numbers("ae_small_io")
    close(encode_position(io["query"])[:, : io["pos_enc"].shape[1]], io["pos_enc"])
    close(small_autoencoder().decode(planes_of(io, "plane"), io["query"]), io["logits"])


def test_all_voxels_get_the_same_logits(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    io, network = numbers("ae_small_io"), small_autoencoder()
    x, y, z = io["labels"].shape[1:]
    for scene in range(2):
        planes = planes_of(io, "plane").each(lambda plane: plane[scene : scene + 1])  # noqa: B023
        logits = network.read_out(planes, Box((0, 0, 0), (x, y, z)), lambda found: found)
        wanted = io["grid_logits"][scene]
        close(logits.reshape(x * y * z, -1)[:: x * y * z // len(wanted)], wanted)
        assert torch.equal(logits.argmax(dim=3), io["grid_argmax"][scene].long())


@pytest.mark.parametrize(("name", "config"), [("unet_small", SMALL_UNET), ("unet_small_ssc", SMALL_REFINER)])
def test_a_noisy_map_is_cleaned_the_same_way(
    numbers: Callable[[str], dict[str, Tensor]], name: str, config: TriplaneUNetConfig
) -> None:
    io = numbers(f"{name}_io")
    close(sinusoid(io["t"], config.width), io["t_embed"])
    found = small_unet(config)(io["x_t"], io["t"], io["y"] if config.given else None)
    close(found, io["out"])
    assert not bool(found[:, :, -DEPTH:, -DEPTH:].any())


def test_original_checkpoints_fit_name_by_name() -> None:
    with torch.device("meta"):
        networks = {
            "ae_full": TriplaneAutoencoder(TriplaneAutoencoderConfig()),
            "unet_full": TriplaneUNet(TriplaneUNetConfig()),
        }
        for name, network in networks.items():
            shapes = shapes_of(name)
            assert [(key, list(value.shape)) for key, value in network.state_dict().items()] == list(shapes.items())
            network.load_state_dict({key: torch.empty(shape) for key, shape in shapes.items()}, assign=True)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (lambda: TriplaneAutoencoder(TriplaneAutoencoderConfig(11, kernel=(3, 3, 3), plane_kernel=3)), 495_579),
        (lambda: TriplaneUNet(TriplaneUNetConfig(depth=8, halvings=1)), 58_972_016),
        (lambda: TriplaneUNet(TriplaneUNetConfig(given=16)), 59_860_592),
    ],
    ids=["carlasc autoencoder", "carlasc unet", "refining unet"],
)
def test_variants_have_the_original_number_of_parameters(build: Callable[[], nn.Module], parameters: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in build().parameters()) == parameters


def test_the_carlasc_variant_resizes_what_does_not_fit() -> None:
    network = TriplaneUNet(TriplaneUNetConfig(channels=4, depth=4, width=32, halvings=1))
    out = network(torch.randn(1, 4, 12 + 4, 8 + 4), torch.tensor([7]))
    assert tuple(out.shape) == (1, 4, 16, 12)
    assert bool(torch.isfinite(out).all())


# --- noise -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "steps", "times"),
    [
        ("T100", 100, spread_times(100, 100)),
        ("T100_respace20", 100, spread_times(100, 20)),
        ("T100_respace_ddim25", 100, stride_times(100, 25)),
        ("T1000", 1000, spread_times(1000, 1000)),
    ],
)
def test_levels_tell_the_original_tables(
    numbers: Callable[[str], dict[str, Tensor]], name: str, steps: int, times: list[int]
) -> None:
    tables = {key.partition("/")[2]: t for key, t in numbers("schedules").items() if key.startswith(f"{name}/")}
    if not tables:
        pytest.skip("only in the whole set")
    sigmas = TrainedLevels.linear(steps).walk(times).flip(0)
    low, high = sigmas[:-1], sigmas[1:]
    abar_before, abar = 1 / (1 + low.square()), 1 / (1 + high.square())
    one, none, pairs = (
        torch.ones(1).double(),
        torch.zeros(1).double(),
        list(zip(high.tolist(), low.tolist(), strict=True)),
    )
    wide = torch.tensor([widest_variance(*pair) for pair in pairs]).double() * abar_before
    found = {
        "timestep_map": torch.tensor(times[::-1]),
        "betas": 1 - abar / abar_before,
        "alphas_cumprod": abar,
        "alphas_cumprod_prev": abar_before,
        "posterior_variance": torch.tensor([posterior(none, none, *p)[1] for p in pairs]).double() * abar_before,
        "posterior_mean_coef1": torch.cat([posterior(one, none, *p)[0] for p in pairs]) * abar_before.sqrt(),
        "posterior_mean_coef2": torch.cat([posterior(none, one, *p)[0] for p in pairs]) * (abar_before / abar).sqrt(),
        "fixed_large_variance": torch.cat([tables["fixed_large_variance"][:1], wide[1:]]),  # unused by a step to 0
    }
    for key, value in found.items():
        torch.testing.assert_close(value, tables[key], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("total", [100, 50, 30])
def test_resampling_visits_the_same_times(numbers: Callable[[str], dict[str, Tensor]], total: int) -> None:
    assert repaint_times(total, 20, 5) == numbers("schedules")[f"repaint_times/T{total}_len20_n5"].tolist()


def test_too_few_steps_for_a_schedule_are_refused() -> None:
    with pytest.raises(SamplingError, match="20 steps adds a variance of 1;"):
        TrainedLevels.linear(20)
    with pytest.raises(SamplingError, match="no stride takes 30 of 100"):
        stride_times(100, 30)


def test_times_between_trained_ones_are_interpolated() -> None:
    assert [LEVELS.time_of(float(LEVELS.sigmas[t])) for t in (0, 1, 50, 99)] == [0, 1, 50, 99]
    assert LEVELS.time_of(math.sqrt(float(LEVELS.sigmas[7] * LEVELS.sigmas[8]))) == pytest.approx(7.5)
    assert (LEVELS.time_of(1e-9), LEVELS.time_of(1e9)) == (0, 99)


@pytest.mark.parametrize("t", [0, 1, 50, 99])
def test_single_steps_are_the_original_ones(numbers: Callable[[str], dict[str, Tensor]], t: int) -> None:
    steps = numbers("diffusion_steps")
    sigma, following = float(LEVELS.sigmas[t]), float(LEVELS.sigmas[t - 1]) if t else 0.0
    denoise = from_ddpm(small_unet(), LEVELS)
    x, shrink = steps["x_t"] * math.sqrt(1 + sigma**2), 1 / math.sqrt(1 + following**2)
    for sampler, name in ((ddpm, "p_sample"), (ddim, "ddim_sample_eta0")):
        found = next_sample(sampler, denoise, x, [sigma, following], steps["noise2"])
        close(found * shrink, steps[f"{name}/t{t}"])
    known = {
        f"p_mean_variance/t{t}/pred_xstart": denoise(x, sigma),
        f"q_posterior/t{t}/mean": posterior(steps["x0"], x, sigma, following)[0] * shrink,
        f"q_sample/t{t}": add_noise(steps["x0"], steps["noise"], LEVELS.sigmas[[t] * len(x)]),
        f"undo/t{t}": renoise(steps["x_t"] / shrink, following, sigma, steps["noise2"]) / math.sqrt(1 + sigma**2),
    }
    for key, found in known.items():
        if key in steps:
            close(found, steps[key])


def next_sample(sampler: Sampler, denoise: Denoise, x: Tensor, levels: list[float], noise: Tensor) -> Tensor:
    """Let a sampler take one step."""
    (step,) = sampler(denoise, x, torch.tensor(levels, dtype=torch.float64), lambda like: noise)
    return step.x


# --- regions ---------------------------------------------------------------------------------------------------------


def kept(steps: dict[str, Tensor], region: str) -> Tensor:
    """Tell which cells of the map the original keeps for a region, `(24, 24) bool`."""
    if f"known/{region}" in steps:
        return steps[f"known/{region}"]
    return (steps[f"mask/{region}"] != steps["mask/img"]).flatten(0, 1).any(dim=0)


@pytest.mark.parametrize(
    ("region", "hidden"),
    [
        ("inpaint_6_20_10_30", (slice(10, 30), slice(6, 20))),
        ("down", (slice(0, 16), slice(None))),
        ("up", (slice(16, 32), slice(None))),
        ("right", (slice(None), slice(0, 16))),
        ("left", (slice(None), slice(16, 32))),
    ],
)
def test_a_region_hides_the_same_cells(
    numbers: Callable[[str], dict[str, Tensor]], region: str, hidden: tuple[slice, slice]
) -> None:
    voxels = torch.zeros(32, 32, DEPTH, dtype=torch.bool)
    voxels[hidden] = True
    inside = torch.ones(24, 24, dtype=torch.bool)
    inside[16:, 16:] = False
    assert torch.equal(~cover(voxels)[0, 0] & inside, kept(numbers("diffusion_steps"), region) & inside)


@pytest.mark.parametrize(
    ("region", "hidden"),
    [
        ("downright", (slice(0, 16), slice(0, 16))),
        ("downleft", (slice(0, 16), slice(16, 32))),
        ("upright", (slice(16, 32), slice(0, 16))),
        ("upleft", (slice(16, 32), slice(16, 32))),
    ],
)
def test_a_corner_hides_the_same_cells_of_the_plan(
    numbers: Callable[[str], dict[str, Tensor]], region: str, hidden: tuple[slice, slice]
) -> None:
    voxels = torch.zeros(32, 32, DEPTH, dtype=torch.bool)
    voxels[hidden] = True
    plan = ~cover(voxels)[0, 0, :16, :16]
    assert torch.equal(plan, kept(numbers("diffusion_steps"), region)[:16, :16])


def test_a_voxel_covers_one_cell_of_every_plane() -> None:
    voxels = torch.zeros(12, 8, 4, dtype=torch.bool)
    voxels[7, 5, 1] = True
    cells = decompose(cover(voxels), depth=4)
    assert [torch.nonzero(plane[0, 0]).tolist() for plane in cells] == [[[3, 2]], [[3, 1]], [[2, 1]]]


def test_planes_survive_being_laid_out() -> None:
    planes = Planes(torch.randn(2, 3, 6, 4), torch.randn(2, 3, 6, 5), torch.randn(2, 3, 4, 5))
    composed = compose(planes)
    assert tuple(composed.shape) == (2, 3, 11, 9)
    assert all(torch.equal(a, b) for a, b in zip(decompose(composed, 5), planes, strict=True))
    assert torch.equal(composed[:, :, 8, 1], planes.yz[:, :, 1, 2])


# --- what training sees ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_errors_are_counted_plane_by_plane(numbers: Callable[[str], dict[str, Tensor]], norm: str) -> None:
    steps = numbers("diffusion_steps")
    t = steps["loss_t"]
    noisy = add_noise(steps["x0"], steps["noise"], LEVELS.sigmas[t])
    errors = plane_errors(small_unet()(noisy, t), steps["x0"], DEPTH, norm)  # type: ignore[arg-type]
    for name, found in zip(Planes._fields, errors, strict=True):
        close(found, steps[f"training_loss/{norm}/{norm}_{name}"])
    close(sum(errors, torch.zeros(())), steps[f"training_loss/{norm}/loss"])


def test_refining_is_learned_from_a_noised_guess(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    steps, network = numbers("diffusion_steps"), small_unet(SMALL_REFINER)
    t = steps["loss_t"]
    noisy = noise_guess(network, LEVELS, steps["x0"], steps["y"], t, (steps["noise2"], steps["noise"]))
    errors = plane_errors(network(noisy, t, steps["y"]), steps["x0"], DEPTH, "l1")
    close(sum(errors, torch.zeros(())), steps["training_loss/ssc_l1/loss"])


def test_the_same_voxels_are_asked_about(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    data = {key: value.numpy() for key, value in numbers("data_and_losses").items()}
    labels = data["tdf_labels"].astype(np.uint8)
    for name, count in (("query", 2500), ("query600", 600)):
        chosen = choose_queries(labels, 20, count, np.random.default_rng(0))
        assert np.array_equal(chosen, data[f"{name}_coord"])
    places = 2 * chosen / (np.array(labels.shape) - 1) - 1
    np.testing.assert_allclose(places, data["query_q"][:600], atol=1e-6)


def test_scenes_with_few_voxels_to_ask_about_are_filled_up() -> None:
    labels = np.zeros((20, 12, 8), np.uint8)
    labels[3, 4, 2], labels[15, 9, 5], labels[0, 0, 0] = 9, 2, 255
    chosen = choose_queries(labels, 20, labels.size + 5, np.random.default_rng(1))
    assert chosen[:2].tolist() == [[15, 9, 5], [3, 4, 2]]
    assert chosen[-6:].tolist() == [[15, 9, 5], [3, 4, 2]] * 3  # 255 is not asked about: one more to fill up
    assert len({tuple(c) for c in chosen.tolist()}) == labels.size - 1


def test_reconstruction_losses_are_the_original_ones(numbers: Callable[[str], dict[str, Tensor]]) -> None:
    data = numbers("data_and_losses")
    for name in ("kitti", "carla"):
        weights = class_weights(data[f"{name}_counts"].double(), 1 / 3, math.inf)
        torch.testing.assert_close(weights.float(), data[f"{name}_weights"], atol=0, rtol=1e-6)
    logits = data["lovasz_logits"].permute(0, 2, 3, 4, 1).reshape(-1, 20)
    labels = data["lovasz_labels"].reshape(-1).long()
    assert float(lovasz_softmax(logits.softmax(dim=1), labels)) == pytest.approx(float(data["lovasz_value"]), abs=2e-6)
    entropy = F.cross_entropy(logits, labels, weight=data["kitti_weights"])
    assert float(entropy) == pytest.approx(float(data["ce_value"]), abs=2e-6)
