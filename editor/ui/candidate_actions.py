"""The rows of the table of actions that are about candidates and their history."""

from __future__ import annotations

from editor.ui.action_spec import ActionSpec


def _of_shown(
    name: str, title: str, deed: str, key: str, tip: str, icon: str = "", argument: int | None = None, group: str = ""
) -> ActionSpec:
    """Make a row whose key works with the viewport focused, so that lists and fields keep theirs."""
    keys = tuple(key.split())
    return ActionSpec(
        f"candidate.{name}", title, f"candidates.{deed}", keys, tip, icon, "view", group, argument=argument
    )


def _of_selected(name: str, title: str, tip: str, icon: str = "") -> ActionSpec:
    return ActionSpec(f"history.{name}", title, f"candidates.{name}", (), tip, icon)


CANDIDATE_ACTIONS: tuple[ActionSpec, ...] = (
    _of_shown("accept", "Accept", "accept", "Return Enter", "Put it in; one undo step", "accept"),
    _of_shown("apply_all", "Apply over edits", "apply_all", "Shift+Return", "Put it in, over what you edited since"),
    _of_shown("run_again", "Run again", "run_again", "", "Make it anew from the scene as it is now, with its seed"),
    _of_shown("previous", "Previous Variant", "step", "Left", "Show the variant before", "previous", -1),
    _of_shown("next", "Next Variant", "step", "Right", "Show the next variant", "next", 1),
    _of_shown("result", "Show Result", "look", "", "Show the scene as it would be", group="candidate view"),
    _of_shown("before", "Show Before", "look", "", "Show the scene as it is", group="candidate view"),
    _of_shown(
        "diff",
        "Show Differences",
        "look",
        "D",
        "Mark what is added, removed and changed",
        "diff",
        None,
        "candidate view",
    ),
    _of_shown("pin", "Pin", "pin", "P", "Keep it when the others are discarded", "pin"),
    _of_shown("more", "More Like This", "vary", "", "Variations of it: half of it is made anew", "variation", 50),
    _of_shown("more_close", "More Like This, Closer", "vary", "", "Variations that stay close to it", "", 30),
    _of_shown("more_loose", "More Like This, Looser", "vary", "", "Variations that keep little of it", "", 75),
    _of_shown("retry", "Retry", "retry", "", "Run it once more, with its seed", "retry"),
    _of_shown("explain", "Details", "explain", "", "Why it failed"),
    _of_shown("keep_step", "Stop Here and Keep", "keep_step", "", "Take the step that is shown as a variant", "keep"),
    _of_shown("discard", "Discard", "discard", "Del", "Put it aside; the history still has it", "discard"),
    _of_shown("discard_all", "Discard All", "discard_all", "Ctrl+Del", "Put all variants aside but pinned ones"),
    ActionSpec(
        "view.history", "Candidates and History", "toggle_history", ("Ctrl+H",), "Every variant made so far", "clock"
    ),
    _of_selected("bring", "Show Again", "Lay the selected variant over the scene again, to accept it", "show"),
    _of_selected("star", "Favourite", "Keep the selected variant in the history, or no longer", "star"),
    _of_selected("reuse_seed", "Reuse Seed", "Lock the seed of the selected variant for the next runs", "dice"),
    _of_selected("reuse_all", "Reuse All Parameters", "Fill the Generate dock with its parameters and seed", "replace"),
    _of_selected("forget", "Delete from History", "Delete the selected variant for good", "discard"),
)

CANDIDATE_MENU = (
    "candidate.accept candidate.apply_all candidate.run_again candidate.previous candidate.next | "
    "candidate.result candidate.before candidate.diff | "
    "candidate.more_close candidate.more candidate.more_loose candidate.keep_step candidate.retry | "
    "candidate.pin candidate.discard candidate.discard_all | "
    "view.history history.bring history.star history.reuse_seed history.reuse_all history.forget"
)
"""Ids in the order of the menu; `|` is a separator."""
