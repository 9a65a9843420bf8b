"""What `scenewright train` can train, by name."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.city.archive import open_world, write_worlds
from engine.data.city.world import World
from engine.data.crops import CropSampler
from engine.data.scans.pairs import open_pair, write_training_pairs
from engine.errors import ModelError, RequestError
from engine.evaluation.features import FeatureConfig, FeatureNet, save_judge
from engine.evaluation.sources import HELD_OUT_SEED
from engine.labels import label_space
from engine.models.cards import find_model
from engine.models.city.conditions import given_channels
from engine.models.city.layout import layout_config
from engine.models.city.model import CityModel
from engine.models.composition import count_features
from engine.models.precision import precision_of
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.unet import UNet, UNetConfig
from engine.models.zoo import CityParts, SemcityParts, pick_device, save_city, save_semcity
from engine.models.zoo import load as load_model
from engine.training import (
    city_autoencoder,
    city_prior,
    judge_features,
    semcity_autoencoder,
    semcity_prior,
    semcity_refine,
    sheets,
)
from engine.training.characters import STYLES, MappedWorld, measure_compositions
from engine.training.city_autoencoder import AutoencoderLoss, AutoencoderRecipe
from engine.training.city_layout import LayoutLoss, LayoutRecipe
from engine.training.city_prior import PriorLoss, PriorRecipe
from engine.training.judge_features import JudgeLoss, JudgeRecipe
from engine.training.loop import Loop, LoopOptions, TrainStep
from engine.training.semcity_autoencoder import TriplaneLoss, TriplaneRecipe
from engine.training.semcity_prior import TriplanePriorLoss, TriplanePriorRecipe
from engine.training.semcity_refine import TriplaneRefineLoss, TriplaneRefineRecipe


@dataclass(frozen=True)
class TrainOptions:
    """What every recipe is told.

    Attributes
    ----------
    out
        Folder for checkpoint, loss curve, and at the end the model (weights and card).
    data
        Folder of worlds; `None` makes `worlds` of them under `out`.
    start
        Model folder whose parts to keep and go on from; the autoencoder of `city` starts from nothing without it, the
        priors of `city` from the installed model, and those of `semcity` need it for their autoencoder.
    worlds
        How many worlds to make where no folder of them is named.
    """

    out: Path
    data: Path | None = None
    minutes: float = 20.0
    resume: bool = False
    device: str = "auto"
    seed: int = 0
    worlds: int = 24
    start: Path | None = None


def names() -> tuple[str, ...]:
    """List the recipes."""
    return tuple(_RECIPES)


def train(recipe: str, options: TrainOptions) -> Iterator[TrainStep]:
    """Run a recipe to the end of its time; yields every step, leaves a model folder behind.

    Raises `RequestError` for an unknown recipe.
    """
    if recipe not in _RECIPES:
        raise RequestError(f"no recipe '{recipe}'; there are: {', '.join(_RECIPES)}")
    yield from _RECIPES[recipe](options)


def _train_autoencoder(options: TrainOptions) -> Iterator[TrainStep]:
    device = pick_device(options.device)
    torch.manual_seed(options.seed)
    recipe, space = city_autoencoder.ON_GPU if device.type == "cuda" else AutoencoderRecipe(), label_space()
    source = _start(options) if options.start else None
    worlds = [Volume(world.labels) for world in _worlds(options)]
    sampler = CropSampler(worlds, (recipe.crop, recipe.crop), np.random.default_rng(options.seed))
    network = city_autoencoder.build(source.autoencoder.config if source else None).to(device)
    if source:
        network.load_state_dict(source.autoencoder.state_dict())
    loss = AutoencoderLoss(network, sampler, recipe, options.seed + 1, device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, learning_rate=1.2e-3, warm_up=100, ema=0.995))
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    network.eval()
    wide = CropSampler(worlds, (256, 256), np.random.default_rng(options.seed + 2))
    city_autoencoder.calibrate(network, wide, 64, device)
    iou = city_autoencoder.score(network, wide, 24, device)
    by_name = {space.names[int(c)] if c.isdigit() else c: round(v, 4) for c, v in iou.items()}
    record = _record("city-autoencoder", options, loop, asdict(recipe), len(worlds)) | {"iou": by_name}
    if source is None:
        save_city(options.out, CityParts(network), {"autoencoder": record})
        return
    parts = CityParts(network, source.denoiser, source.layout_prior, tuple(source.card.styles), source.compositions)
    save_city(options.out, parts, {**source.card.training, "autoencoder": _continued(record, source, "autoencoder")})


def train_city_prior(options: TrainOptions, recipe: PriorRecipe) -> Iterator[TrainStep]:
    """Train the denoiser of `city`; predictions to refine are made first, beside the worlds, and kept there."""
    source = _start(options)
    if source.device.type == "cuda" and recipe == PriorRecipe():
        recipe = city_prior.ON_GPU
    space, autoencoder = label_space(source.card.label_space), source.autoencoder
    worlds = [city_prior.encode_world(autoencoder, w, space, source.device) for w in _worlds(options)]
    rng = np.random.default_rng(options.seed)
    pairs = [
        city_prior.encode_pair(autoencoder, open_pair(path), space, int(rng.integers(8)), source.device)
        for path in _pairs(options, recipe.pairs if recipe.refine > 0 else 0)
    ]
    compositions = source.compositions or measure_compositions([w.mapped for w in worlds if w.mapped])
    given = given_channels(autoencoder.config, styles=len(STYLES), composition=count_features(space))
    sizes = UNetConfig(autoencoder.config.latent, given, octaves=recipe.octaves, warmth=recipe.warmth)
    network = _continue(UNet(sizes), source.denoiser, source.device)
    loss = PriorLoss(network, autoencoder, worlds, pairs, compositions, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, learning_rate=8e-4))
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    name = "city-refine" if recipe == city_prior.REFINE else "city-prior"
    record = _continued(_record(name, options, loop, asdict(recipe), len(worlds)), source, "denoiser")
    parts = CityParts(autoencoder, network, source.layout_prior, STYLES, compositions)
    card = save_city(options.out, parts, {**source.card.training, "denoiser": record})
    sheets.draw_samples(card, options.device)


def _train_layout(options: TrainOptions) -> Iterator[TrainStep]:
    source = _start(options)
    recipe, space = LayoutRecipe(), label_space(source.card.label_space)
    worlds = [MappedWorld.of(world, space) for world in _worlds(options)]
    compositions = source.compositions or measure_compositions(worlds)
    sizes = layout_config(styles=len(STYLES), composition=count_features(space))
    sizes = replace(sizes, octaves=recipe.octaves, warmth=recipe.warmth)
    network = _continue(UNet(sizes), source.layout_prior, source.device)
    loss = LayoutLoss(network, worlds, compositions, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, learning_rate=8e-4))
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = _continued(_record("city-layout", options, loop, asdict(recipe), len(worlds)), source, "layout")
    parts = CityParts(source.autoencoder, source.denoiser, network, STYLES, compositions)
    card = save_city(options.out, parts, {**source.card.training, "layout": record})
    if parts.denoiser is not None:
        sheets.draw_samples(card, options.device)


def _train_judge(options: TrainOptions) -> Iterator[TrainStep]:
    torch.manual_seed(options.seed)
    device, recipe = pick_device(options.device), JudgeRecipe()
    worlds = [Volume(world.labels) for world in _worlds(options)]
    sampler = CropSampler(worlds, (recipe.crop, recipe.crop), np.random.default_rng(options.seed))
    network = FeatureNet(FeatureConfig()).to(device)
    loss = JudgeLoss(network, sampler, recipe, device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, learning_rate=1.2e-3, warm_up=100, ema=0.995))
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    wide = CropSampler(worlds, (256, 256), np.random.default_rng(options.seed + 2))
    judge_features.calibrate(network, wide, 1000, device)
    right = judge_features.score(network, wide, 24, device)
    record = _record("judge-features", options, loop, asdict(recipe), len(worlds))
    save_judge(options.out, network, record | {"solid_voxels_right": round(right, 4)})


def train_semcity_autoencoder(options: TrainOptions, recipe: TriplaneRecipe) -> Iterator[TrainStep]:
    """Train an autoencoder of `semcity`; the model folder it leaves is what `train_semcity_prior` starts from."""
    device = pick_device(options.device)
    torch.manual_seed(options.seed)
    worlds = [Volume(world.labels) for world in _worlds(options)]
    sampler = CropSampler(worlds, (recipe.edge, recipe.edge), np.random.default_rng(options.seed))
    network = TriplaneAutoencoder(recipe.config).to(device)
    loss = TriplaneLoss(network, sampler, recipe, options.seed + 1, device)
    learning = LoopOptions(options.minutes, recipe.learning_rate, warm_up=100, ema=recipe.ema)
    loop = Loop(network, loss, options.out, learning)
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    network.eval().requires_grad_(requires_grad=False)
    edges = (recipe.score_edge, recipe.score_edge)
    wide = CropSampler(worlds, edges, np.random.default_rng(options.seed + 2))
    iou = semcity_autoencoder.score(network, wide, recipe.score_crops, device)
    names = label_space().names
    by_name = {names[int(c)] if c.isdigit() else c: round(v, 4) for c, v in iou.items()}
    record = _record("semcity-autoencoder", options, loop, asdict(recipe), len(worlds)) | {"iou": by_name}
    save_semcity(options.out, SemcityParts(network), {"autoencoder": record}, small=True)


def train_semcity_prior(options: TrainOptions, recipe: TriplanePriorRecipe) -> Iterator[TrainStep]:
    """Train the denoiser of `semcity` on scenes that the autoencoder of `options.start` encodes once."""
    source = _start_semcity(options)
    autoencoder, rng = source.autoencoder, np.random.default_rng(options.seed)
    worlds = [Volume(world.labels) for world in _worlds(options)]
    small, large = (
        semcity_prior.encode_scenes(autoencoder, worlds, edge, count, rng, source.device)
        for (edge, _), count in zip((recipe.small, recipe.large), recipe.scenes, strict=True)
    )
    network = TriplaneUNet(_triplane_sizes(source, recipe)).to(source.device)
    if source.denoiser is not None:
        network.load_state_dict(source.denoiser.state_dict())
    loss = TriplanePriorLoss(network, small, large, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, recipe.learning_rate, ema=recipe.ema))
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = _record("semcity-prior", options, loop, asdict(recipe), len(worlds))
    parts = SemcityParts(autoencoder, network, source.refiner)
    card = save_semcity(options.out, parts, {**source.card.training, "denoiser": record}, small=True)
    if recipe.samples:
        sheets.draw_samples(card, options.device, recipe.samples)


def train_semcity_refine(options: TrainOptions, recipe: TriplaneRefineRecipe) -> Iterator[TrainStep]:
    """Train the refiner of `semcity`, from the denoiser of `options.start` on where it has one of the same sizes."""
    source = _start_semcity(options)
    autoencoder, rng, sizes = source.autoencoder, np.random.default_rng(options.seed), recipe.network
    paths = _pairs(options, recipe.pairs)
    small, large = (
        semcity_refine.encode_pairs(autoencoder, paths, edge, count, recipe.sources, rng, source.device)
        for (edge, _), count in zip((sizes.small, sizes.large), sizes.scenes, strict=True)
    )
    config = _triplane_sizes(source, sizes)
    network = TriplaneUNet(replace(config, given=config.channels)).to(source.device)
    if source.refiner is not None:
        network.load_state_dict(source.refiner.state_dict())
    elif source.denoiser is not None and source.denoiser.config == config:
        network.load_state_dict(_with_inputs(source.denoiser.state_dict(), network))
    loss = TriplaneRefineLoss(network, small, large, sizes, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, sizes.learning_rate, ema=sizes.ema))
    yield from _drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = _record("semcity-refine", options, loop, asdict(recipe), len(paths))
    parts = SemcityParts(autoencoder, source.denoiser, network)
    save_semcity(options.out, parts, {**source.card.training, "refiner": record}, small=True)


def _start_semcity(options: TrainOptions) -> SemcityModel:
    if options.start is None:
        raise RequestError("a prior of semcity needs an autoencoder; train `semcity-autoencoder`, give it as --start")
    torch.manual_seed(options.seed)
    source = load_model(find_model(str(options.start)), options.device)
    if not isinstance(source, SemcityModel):
        raise ModelError(f"model '{source.card.name}' is of kind '{source.card.kind}'; --start wants one of 'semcity'")
    return source


def _triplane_sizes(source: SemcityModel, recipe: TriplanePriorRecipe) -> TriplaneUNetConfig:
    return TriplaneUNetConfig(
        channels=source.autoencoder.config.channels,
        depth=source.card.height,
        width=recipe.width,
        multiples=recipe.multiples,
        halvings=len(recipe.multiples) - 1,
    )


def _with_inputs(state: Mapping[str, Tensor], network: TriplaneUNet) -> dict[str, Tensor]:
    """Make the weights of a denoiser those of a refiner, which looks at nothing more yet."""
    wide = dict(state)
    for name, weight in network.in_conv.state_dict().items():
        if weight.dim() == 4:
            wide = widen_entry(wide, f"in_conv.{name}", weight.shape[1])
    return wide


def _start(options: TrainOptions) -> CityModel:
    """Load the model whose parts are kept; a part that it has already is trained further."""
    torch.manual_seed(options.seed)
    model = load_model(find_model(str(options.start) if options.start else "city"), options.device)
    if not isinstance(model, CityModel):
        raise ModelError(f"model '{model.card.name}' is of kind '{model.card.kind}'; --start wants one of kind 'city'")
    return model


def _continue(network: UNet, trained: UNet | None, device: torch.device) -> UNet:
    """Start from what is trained; parts that it lacks start at zero, so that they do nothing yet."""
    if trained is not None:
        state = widen_entry(trained.state_dict(), "enter.weight", network.enter.weight.shape[1])
        network.load_state_dict({**network.state_dict(), **state})
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def widen_entry(state: Mapping[str, Tensor], name: str, channels: int) -> dict[str, Tensor]:
    """Let a network take more conditions than it was trained with: weight `name` gets inputs that do nothing yet."""
    weight = state[name]
    more = weight.new_zeros((weight.shape[0], channels - weight.shape[1], *weight.shape[2:]))
    return {**state, name: torch.cat([weight, more], dim=1)}


def _pairs(options: TrainOptions, count: int) -> list[Path]:
    """Make the predictions of some scenes of the worlds, if they are not there yet."""
    folder = options.data or options.out / "worlds"
    return write_training_pairs(folder / "pairs", _world_folders(folder), count) if count else []


def _world_folders(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.zarr"))
    if not found:
        raise RequestError(f"{folder} holds no worlds; make some with `scenewright worlds --out {folder} --count 24`")
    return found


def _drive(loop: Loop, options: TrainOptions) -> Iterator[TrainStep]:
    if options.resume:
        loop.resume()
    elif (options.out / "checkpoint.pt").exists():
        raise ModelError(f"{options.out} holds a training already; add --resume to go on, or name another folder")
    try:
        yield from loop.run()
    finally:
        sheets.draw_curve(options.out)


def _worlds(options: TrainOptions) -> Iterator[World]:
    """Open the worlds to train on one by one, so that whoever needs only their labels can let go of the rest."""
    folder = options.data or options.out / "worlds"
    if options.data is None:
        for _ in write_worlds(folder, options.worlds, seed=options.seed):
            pass
    for path in _world_folders(folder):
        world = open_world(path)
        if world.seed >= HELD_OUT_SEED:
            raise RequestError(f"{path} has the held-out seed {world.seed}; train on seeds below {HELD_OUT_SEED}")
        yield world


def _record(recipe: str, options: TrainOptions, loop: Loop, numbers: dict[str, Any], worlds: int) -> dict[str, Any]:
    device = pick_device(options.device)
    hardware = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{psutil.cpu_count(logical=True)} CPU cores ({platform.machine()}), {torch.get_num_threads()} threads"
    )
    return {
        "recipe": recipe,
        "numbers": numbers,
        "seed": options.seed,
        "worlds": worlds,
        "steps": loop.step,
        "minutes": round(loop.elapsed / 60, 1),
        "hardware": hardware,
        "precision": precision_of(device.type),
        "torch": torch.__version__,
    }


def _continued(record: dict[str, Any], source: CityModel, part: str) -> dict[str, Any]:
    """Keep what is known of the training that a part was started from."""
    before = source.card.training.get(part)
    return record | {"before": before} if before else record


@dataclass(frozen=True, eq=False)
class Volume:
    """The labels of a world, without its instances."""

    labels: NDArray[np.uint8]


_RECIPES: dict[str, Callable[[TrainOptions], Iterator[TrainStep]]] = {
    "city-autoencoder": _train_autoencoder,
    "city-prior": lambda options: train_city_prior(options, PriorRecipe()),
    "city-refine": lambda options: train_city_prior(options, city_prior.REFINE),
    "city-layout": _train_layout,
    "judge-features": _train_judge,
    "semcity-autoencoder": lambda options: train_semcity_autoencoder(options, TriplaneRecipe()),
    "semcity-prior": lambda options: train_semcity_prior(options, TriplanePriorRecipe()),
    "semcity-refine": lambda options: train_semcity_refine(options, TriplaneRefineRecipe()),
    "semcity-full-autoencoder": lambda options: train_semcity_autoencoder(options, semcity_autoencoder.FULL),
    "semcity-full-prior": lambda options: train_semcity_prior(options, semcity_prior.FULL),
    "semcity-full-refine": lambda options: train_semcity_refine(options, semcity_refine.FULL),
}
