"""Recipes of `city`, from its autoencoder to its refiner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import torch

from engine.data.crops import CropSampler
from engine.data.scans.pairs import open_pair
from engine.errors import ModelError
from engine.labels import label_space
from engine.models.cards import find_model
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.conditions import given_channels
from engine.models.city.layout import layout_config
from engine.models.city.model import CityModel
from engine.models.city.refiner import Refiner
from engine.models.composition import count_features
from engine.models.unet import UNet, UNetConfig
from engine.models.zoo import CityParts, pick_device, save_city
from engine.models.zoo import load as load_model
from engine.training import city_autoencoder, city_decoder, city_prior, city_refine, sheets
from engine.training.characters import STYLES, MappedWorld, measure_compositions
from engine.training.city_autoencoder import AutoencoderLoss, AutoencoderRecipe
from engine.training.city_decoder import DecoderLoss, DecoderRecipe
from engine.training.city_layout import LayoutLoss, LayoutRecipe
from engine.training.city_prior import PriorLoss, PriorRecipe
from engine.training.city_refine import RefineLoss, RefineRecipe, start_from
from engine.training.drafts import Draft, open_draft, write_drafts
from engine.training.loop import Loop, LoopOptions, TrainStep
from engine.training.runs import (
    TrainOptions,
    Volume,
    continued,
    data_folder,
    drive,
    open_worlds,
    pair_files,
    record_of,
    widen_entry,
    world_folders,
)


def train_city_autoencoder(options: TrainOptions, recipe: AutoencoderRecipe) -> Iterator[TrainStep]:
    """Train the autoencoder of `city`; without `options.start` from nothing."""
    device = pick_device(options.device)
    torch.manual_seed(options.seed)
    if device.type == "cuda":
        recipe = replace(city_autoencoder.ON_GPU, codes=recipe.codes)
    source = _start(options) if options.start else None
    config = replace(source.autoencoder.config if source else AutoencoderConfig(), codes=recipe.codes)
    worlds = [Volume(world.labels) for world in open_worlds(options)]
    sampler = CropSampler(worlds, (recipe.crop, recipe.crop), np.random.default_rng(options.seed))
    network = city_autoencoder.build(config).to(device)
    if source:
        own, state = network.state_dict(), source.autoencoder.state_dict()  # one of them may have a codebook
        network.load_state_dict({key: state.get(key, value) for key, value in own.items()})
    loss = AutoencoderLoss(network, sampler, recipe, options.seed + 1, device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, learning_rate=1.2e-3, warm_up=100, ema=0.995))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    network.eval()
    wide = CropSampler(worlds, (256, 256), np.random.default_rng(options.seed + 2))
    city_autoencoder.calibrate(network, wide, 64, device)
    name = "city-quantised-autoencoder" if recipe.codes else "city-autoencoder"
    record = record_of(name, options, loop, asdict(recipe), len(worlds)) | _iou_of(network, wide, device)
    if source is None:
        save_city(options.out, CityParts(network), {"autoencoder": record})
        return
    parts = replace(parts_of(source), autoencoder=network)
    save_city(options.out, parts, {**source.card.training, "autoencoder": continued(record, source, "autoencoder")})


def train_city_decoder(options: TrainOptions, recipe: DecoderRecipe) -> Iterator[TrainStep]:
    """Train the decoder of `city` on, whose encoder stays as it is."""
    source = _start(options)
    device, network = source.device, source.autoencoder
    if device.type == "cuda" and recipe == DecoderRecipe():
        recipe = city_decoder.ON_GPU
    worlds = [Volume(world.labels) for world in open_worlds(options)]
    sampler = CropSampler(worlds, (recipe.crop, recipe.crop), np.random.default_rng(options.seed))
    network.requires_grad_(False)
    for part in (network.decoder, network.head):
        part.requires_grad_(True)
    loss = DecoderLoss(network, sampler, recipe, options.seed + 1, device)
    goes_on = source.card.training.get("autoencoder", {}).get("recipe") == "city-decoder"
    loop = Loop(network, loss, options.out, replace(_pace(options, goes_on, 6e-4), warm_up=50, ema=0.995))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    network.eval()
    wide = CropSampler(worlds, (256, 256), np.random.default_rng(options.seed + 2))
    city_decoder.balance(network, wide, recipe.balanced, device)
    record = record_of("city-decoder", options, loop, asdict(recipe), len(worlds)) | _iou_of(network, wide, device)
    training = {**source.card.training, "autoencoder": continued(record, source, "autoencoder")}
    save_city(options.out, replace(parts_of(source), autoencoder=network), training)


def train_city_prior(options: TrainOptions, recipe: PriorRecipe) -> Iterator[TrainStep]:
    """Train the denoiser of `city`; predictions to refine are made first, beside the worlds, and kept there."""
    source = _start(options)
    if source.device.type == "cuda" and recipe == PriorRecipe():
        recipe = city_prior.ON_GPU
    space, autoencoder = label_space(source.card.label_space), source.autoencoder
    worlds = [city_prior.encode_world(autoencoder, w, space, source.device) for w in open_worlds(options)]
    rng = np.random.default_rng(options.seed)
    pairs = [
        city_prior.encode_pair(autoencoder, open_pair(path), space, recipe, rng, source.device)
        for path in pair_files(options, recipe.pairs if recipe.refine > 0 else 0)
    ]
    compositions = source.compositions or measure_compositions([w.mapped for w in worlds if w.mapped])
    given = given_channels(autoencoder.config, styles=len(STYLES), composition=count_features(space))
    sizes = UNetConfig(
        autoencoder.config.latent, given, blocks=recipe.blocks, octaves=recipe.octaves, warmth=recipe.warmth
    )
    network = _continue(UNet(sizes), source.denoiser, source.device)
    loss = PriorLoss(network, autoencoder, worlds, pairs, compositions, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, _pace(options, source.denoiser is not None))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = continued(record_of("city-prior", options, loop, asdict(recipe), len(worlds)), source, "denoiser")
    parts = replace(parts_of(source), denoiser=network, styles=STYLES, compositions=compositions)
    card = save_city(options.out, parts, {**source.card.training, "denoiser": record})
    sheets.draw_samples(card, options.device)


def train_city_layout(options: TrainOptions) -> Iterator[TrainStep]:
    """Train the denoiser of maps of `city`."""
    source = _start(options)
    recipe, space = LayoutRecipe(), label_space(source.card.label_space)
    worlds = [MappedWorld.of(world, space) for world in open_worlds(options)]
    compositions = source.compositions or measure_compositions(worlds)
    sizes = layout_config(styles=len(STYLES), composition=count_features(space))
    sizes = replace(sizes, octaves=recipe.octaves, warmth=recipe.warmth)
    network = _continue(UNet(sizes), source.layout_prior, source.device)
    loss = LayoutLoss(network, worlds, compositions, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, _pace(options, source.layout_prior is not None))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = continued(record_of("city-layout", options, loop, asdict(recipe), len(worlds)), source, "layout")
    parts = replace(parts_of(source), layout=network, styles=STYLES, compositions=compositions)
    card = save_city(options.out, parts, {**source.card.training, "layout": record})
    if parts.denoiser is not None:
        sheets.draw_samples(card, options.device)


def train_city_refine(options: TrainOptions, recipe: RefineRecipe) -> Iterator[TrainStep]:
    """Train the refiner of `city`; what it learns from is made first, beside the worlds, and kept there."""
    source = _start(options)
    if source.denoiser is None:
        raise ModelError(
            f"model '{source.card.name}' has no denoiser whose drafts could be refined; train `city-prior` first"
        )
    if source.device.type == "cuda" and recipe == RefineRecipe():
        recipe = city_refine.ON_GPU
    drafts = _drafts(options, source, recipe)
    network = Refiner(recipe.network)
    if source.refiner is not None and source.refiner.config == recipe.network:
        network.load_state_dict(source.refiner.state_dict())
    else:
        start_from(network, source.autoencoder)
    network.to(device=source.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    loss = RefineLoss(network, drafts, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, recipe.learning_rate))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = record_of("city-refine", options, loop, asdict(recipe), len(world_folders(options)))
    training = {**source.card.training, "refiner": continued(record, source, "refiner")}
    card = save_city(options.out, replace(parts_of(source), refiner=network), training)
    sheets.draw_samples(card, options.device)


def _iou_of(network: Autoencoder, sampler: CropSampler, device: torch.device) -> dict[str, dict[str, float]]:
    """Measure the IoU of classes by name, for the card."""
    names, found = label_space().names, city_autoencoder.score(network, sampler, 24, device)
    return {"iou": {names[int(c)] if c.isdigit() else c: round(v, 4) for c, v in found.items()}}


def _drafts(options: TrainOptions, model: CityModel, recipe: RefineRecipe) -> list[Draft]:
    """Make drafts of predictions, as far as those of these networks and shares are not there yet, and read them."""
    makers = "-".join(model.card.files[f"{part}.safetensors"][:8] for part in ("denoiser", "autoencoder"))
    folder = data_folder(options) / f"drafts-{makers}-{recipe.coarse:g}-{recipe.elsewhere:g}"
    with torch.inference_mode():
        files = write_drafts(
            folder, model, pair_files(options, recipe.pairs), (recipe.coarse, recipe.elsewhere), options.seed
        )
    return [open_draft(path) for path in files]


def parts_of(model: CityModel) -> CityParts:
    """Give what a model consists of, to be saved with some part made anew."""
    networks = model.autoencoder, model.denoiser, model.layout_prior
    return CityParts(*networks, tuple(model.card.styles), model.compositions, model.refiner)


def _start(options: TrainOptions) -> CityModel:
    """Load the model whose parts are kept; a part that it has already is trained further."""
    torch.manual_seed(options.seed)
    model = load_model(find_model(str(options.start) if options.start else "city"), options.device)
    if not isinstance(model, CityModel):
        raise ModelError(f"model '{model.card.name}' is of kind '{model.card.kind}'; --start wants one of kind 'city'")
    return model


def _pace(options: TrainOptions, goes_on: bool, peak: float = 8e-4) -> LoopOptions:
    """Who goes on learns more slowly, and ever more so: a full rate would first undo half of what was learned."""
    if goes_on:
        return LoopOptions(options.minutes, learning_rate=4e-4, decay=1.0)
    return LoopOptions(options.minutes, learning_rate=peak)


def _continue(network: UNet, trained: UNet | None, device: torch.device) -> UNet:
    """Start from what is trained; parts that it lacks start at zero, so that they do nothing yet."""
    if trained is not None:
        state = widen_entry(trained.state_dict(), "enter.weight", network.enter.weight.shape[1])
        network.load_state_dict({**network.state_dict(), **state})
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
