"""What a row of the table of actions says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["window", "view"]


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes
    ----------
    id
        Script name and object name.
    handler
        Name of a method of `Commands`, or of one of its parts with a dot before it.
    scope
        `view` keys work only with the viewport focused, so that lists and fields keep them.
    group
        Actions of one group are checkable and exclude each other; their handler gets the id.
    argument
        What the handler gets, where it wants something.
    """

    id: str
    title: str
    handler: str
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    icon: str = ""
    scope: Scope = "window"
    group: str = ""
    argument: int | None = None
