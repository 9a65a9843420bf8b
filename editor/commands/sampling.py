"""The options that all sampling tasks share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.tasks.request import Sampling

Command = Callable[..., Any]


def split_names(text: str) -> tuple[str, ...]:
    """Split class names at the commas; whether they exist is for the label space to say."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


_OPTIONS = (
    click.option("--model", metavar="NAME|DIR", help="Model by name, or a folder with a card.  [default: city]"),
    click.option(
        "--seed", type=int, metavar="N", help="One seed gives one result; without it one is drawn and printed."
    ),
    click.option("--steps", type=int, metavar="N", help="Denoising steps.  [default: 12]"),
    click.option("--sampler", metavar="NAME", help="dpmpp-2m (default), dpmpp-2m-sde, unipc, heun, ddim or ddpm."),
    click.option("--guidance", type=float, metavar="G", help="How strongly a layout is followed; 1 is plain."),
    click.option(
        "--strength", type=float, metavar="S", help="1 makes everything anew, less starts from what is there."
    ),
    click.option(
        "--resample", type=int, metavar="N", help="Go through each part of the steps N times, for smoother seams."
    ),
    click.option(
        "--posterior", type=float, metavar="P", help="Pull towards what is known, mapped or predicted; 1 is usual."
    ),
    click.option("--style", metavar="NAME", help="Kind of district, such as suburb or centre."),
    click.option("--density", type=float, metavar="D", help="Share of the ground that is built over, 0 to 1."),
    click.option("--leaves", type=float, metavar="L", help="How full trees are, 0 (winter) to 1 (summer)."),
    click.option("--allow", type=split_names, metavar="CLASS,..", help="Only these classes may be newly made."),
    click.option("--forbid", type=split_names, metavar="CLASS,..", help="These classes must not be newly made."),
    click.option(
        "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where to compute.  [default: auto]"
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output."),
)


def sampling_options(command: Command) -> Command:
    """Add `[SAMPLING]` to a command; it gets them as keywords, `None` where not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_sampling(options: dict[str, Any], offset: int = 0) -> Sampling:
    """Make the record of what `sampling_options` collected; raises `RequestError` for values that cannot work.

    Parameters
    ----------
    options
        Keywords of the command; those that are `None` keep the default.
    offset
        Added to the seed, for scene number `offset` of several.
    """
    from engine.tasks.request import Sampling

    given = {name: value for name, value in options.items() if value is not None}
    given["seed"] = given["seed"] + offset
    return Sampling(**given)


def draw_seed(seed: int | None) -> int:
    """Keep the seed that was given, or draw one; progress and report say which, so that the run can be repeated."""
    return secrets.randbelow(2**31) if seed is None else seed
