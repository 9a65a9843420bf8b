"""Recipes of `semcity`, from its autoencoder to its refiner, reduced or in the paper's size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

import numpy as np
import torch
from torch import Tensor

from engine.data.crops import CropSampler
from engine.errors import ModelError, RequestError
from engine.labels import label_space
from engine.models.cards import find_model
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.zoo import SemcityParts, pick_device, save_semcity
from engine.models.zoo import load as load_model
from engine.training import semcity_autoencoder, semcity_prior, semcity_refine, sheets
from engine.training.loop import Loop, LoopOptions, TrainStep
from engine.training.runs import TrainOptions, Volume, drive, open_worlds, pair_files, record_of, widen_entry
from engine.training.semcity_autoencoder import TriplaneLoss, TriplaneRecipe
from engine.training.semcity_prior import TriplanePriorLoss, TriplanePriorRecipe
from engine.training.semcity_refine import TriplaneRefineLoss, TriplaneRefineRecipe


def train_semcity_autoencoder(options: TrainOptions, recipe: TriplaneRecipe) -> Iterator[TrainStep]:
    """Train an autoencoder of `semcity`; the model folder it leaves is what `train_semcity_prior` starts from."""
    device = pick_device(options.device)
    torch.manual_seed(options.seed)
    worlds = [Volume(world.labels) for world in open_worlds(options)]
    sampler = CropSampler(worlds, (recipe.edge, recipe.edge), np.random.default_rng(options.seed))
    network = TriplaneAutoencoder(recipe.config).to(device)
    loss = TriplaneLoss(network, sampler, recipe, options.seed + 1, device)
    learning = LoopOptions(options.minutes, recipe.learning_rate, warm_up=100, ema=recipe.ema)
    loop = Loop(network, loss, options.out, learning)
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    network.eval().requires_grad_(requires_grad=False)
    edges = (recipe.score_edge, recipe.score_edge)
    wide = CropSampler(worlds, edges, np.random.default_rng(options.seed + 2))
    iou = semcity_autoencoder.score(network, wide, recipe.score_crops, device)
    names = label_space().names
    by_name = {names[int(c)] if c.isdigit() else c: round(v, 4) for c, v in iou.items()}
    record = record_of("semcity-autoencoder", options, loop, asdict(recipe), len(worlds)) | {"iou": by_name}
    save_semcity(options.out, SemcityParts(network), {"autoencoder": record}, small=True)


def train_semcity_prior(options: TrainOptions, recipe: TriplanePriorRecipe) -> Iterator[TrainStep]:
    """Train the denoiser of `semcity` on scenes that the autoencoder of `options.start` encodes once."""
    source = _start_semcity(options)
    autoencoder, rng = source.autoencoder, np.random.default_rng(options.seed)
    worlds = [Volume(world.labels) for world in open_worlds(options)]
    small, large = (
        semcity_prior.encode_scenes(autoencoder, worlds, edge, count, rng, source.device)
        for (edge, _), count in zip((recipe.small, recipe.large), recipe.scenes, strict=True)
    )
    network = TriplaneUNet(_triplane_sizes(source, recipe)).to(source.device)
    if source.denoiser is not None:
        network.load_state_dict(source.denoiser.state_dict())
    loss = TriplanePriorLoss(network, small, large, recipe, options.seed + 1, source.device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, recipe.learning_rate, ema=recipe.ema))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = record_of("semcity-prior", options, loop, asdict(recipe), len(worlds))
    parts = SemcityParts(autoencoder, network, source.refiner)
    card = save_semcity(options.out, parts, {**source.card.training, "denoiser": record}, small=True)
    if recipe.samples:
        sheets.draw_samples(card, options.device, recipe.samples)


def train_semcity_refine(options: TrainOptions, recipe: TriplaneRefineRecipe) -> Iterator[TrainStep]:
    """Train the refiner of `semcity`, from the denoiser of `options.start` on where it has one of the same sizes."""
    source = _start_semcity(options)
    autoencoder, rng, sizes = source.autoencoder, np.random.default_rng(options.seed), recipe.network
    paths = pair_files(options, recipe.pairs)
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
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    record = record_of("semcity-refine", options, loop, asdict(recipe), len(paths))
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
