"""Why an action cannot be done right now, in a few words for the command palette."""

from __future__ import annotations

from editor.model.studio import Studio

_REASONS = {
    "edit.undo": "nothing to undo",
    "edit.redo": "nothing to redo",
    "edit.paste": "nothing was copied",
    "edit.convert": "the scene fits the model already",
    "edit.cut": "nothing is masked",
    "edit.copy": "nothing is masked",
    "voxel.fill_mask": "nothing is masked",
    "voxel.erase_mask": "nothing is masked",
    "generate.cancel": "no job is running",
    "world.seam": "nothing was added to the scene yet",
}
_FAMILIES = {
    "mask.": "nothing is masked",
    "stamp.": "nothing was copied",
    "candidate.": "there is no variant to decide on",
    "world.": "no tile is wanted",
    "layout.": "nothing is painted on the map",
}


def why_disabled(name: str, studio: Studio) -> str:
    """Say why a disabled action is so."""
    if name == "generate.run":
        return studio.plan.offer().reason
    if name == "generate.refine":
        return studio.plan.offer("refine").reason
    if name in _REASONS:
        return _REASONS[name]
    return next((words for start, words in _FAMILIES.items() if name.startswith(start)), "not possible right now")
