"""What `scenewright train` can train, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

import numpy as np
import torch

from engine.data.crops import CropSampler
from engine.errors import RequestError
from engine.evaluation.features import FeatureConfig, FeatureNet, save_judge
from engine.models.zoo import pick_device
from engine.training import city_autoencoder, judge_features, semcity_autoencoder, semcity_prior, semcity_refine
from engine.training.city_autoencoder import AutoencoderRecipe
from engine.training.city_decoder import DecoderRecipe
from engine.training.city_prior import PriorRecipe
from engine.training.city_recipes import (
    train_city_autoencoder,
    train_city_decoder,
    train_city_layout,
    train_city_prior,
    train_city_refine,
)
from engine.training.city_refine import RefineRecipe
from engine.training.judge_features import JudgeLoss, JudgeRecipe
from engine.training.loop import Loop, LoopOptions, TrainStep
from engine.training.runs import TrainOptions, Volume, drive, open_worlds, record_of
from engine.training.semcity_autoencoder import TriplaneRecipe
from engine.training.semcity_prior import TriplanePriorRecipe
from engine.training.semcity_recipes import (
    train_semcity_autoencoder,
    train_semcity_prior,
    train_semcity_refine,
)
from engine.training.semcity_refine import TriplaneRefineRecipe


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


def _train_judge(options: TrainOptions) -> Iterator[TrainStep]:
    torch.manual_seed(options.seed)
    device, recipe = pick_device(options.device), JudgeRecipe()
    worlds = [Volume(world.labels) for world in open_worlds(options)]
    sampler = CropSampler(worlds, (recipe.crop, recipe.crop), np.random.default_rng(options.seed))
    network = FeatureNet(FeatureConfig()).to(device)
    loss = JudgeLoss(network, sampler, recipe, device)
    loop = Loop(network, loss, options.out, LoopOptions(options.minutes, learning_rate=1.2e-3, warm_up=100, ema=0.995))
    yield from drive(loop, options)
    network.load_state_dict(loop.averaged())
    wide = CropSampler(worlds, (256, 256), np.random.default_rng(options.seed + 2))
    judge_features.calibrate(network, wide, 1000, device)
    right = judge_features.score(network, wide, 24, device)
    record = record_of("judge-features", options, loop, asdict(recipe), len(worlds))
    save_judge(options.out, network, record | {"solid_voxels_right": round(right, 4)})


_RECIPES: dict[str, Callable[[TrainOptions], Iterator[TrainStep]]] = {
    "city-autoencoder": lambda options: train_city_autoencoder(options, AutoencoderRecipe()),
    "city-decoder": lambda options: train_city_decoder(options, DecoderRecipe()),
    "city-prior": lambda options: train_city_prior(options, PriorRecipe()),
    "city-refine": lambda options: train_city_refine(options, RefineRecipe()),
    "city-layout": train_city_layout,
    "city-quantised-autoencoder": lambda options: train_city_autoencoder(options, city_autoencoder.QUANTISED),
    "judge-features": _train_judge,
    "semcity-autoencoder": lambda options: train_semcity_autoencoder(options, TriplaneRecipe()),
    "semcity-prior": lambda options: train_semcity_prior(options, TriplanePriorRecipe()),
    "semcity-refine": lambda options: train_semcity_refine(options, TriplaneRefineRecipe()),
    "semcity-full-autoencoder": lambda options: train_semcity_autoencoder(options, semcity_autoencoder.FULL),
    "semcity-full-prior": lambda options: train_semcity_prior(options, semcity_prior.FULL),
    "semcity-full-refine": lambda options: train_semcity_refine(options, semcity_refine.FULL),
}
