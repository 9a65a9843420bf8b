"""The bar that floats at the region while there is something to decide on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QLayout, QMenu, QPushButton, QToolButton, QWidget

from editor.model.candidate import Candidate
from editor.model.film import PLAN_STAGE
from editor.model.proposal import ADDED, CHANGED, REMOVED, Proposal
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.progress import ProgressWords
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row, small_button

VIEWS = ("result", "before", "diff")
NEED_PROPOSAL = tuple(f"candidate.{name}" for name in ("previous", "next", "discard", "discard_all", "pin", *VIEWS))
NEED_RESULT = tuple(f"candidate.{name}" for name in ("accept", "more", "more_close", "more_loose"))
REMEDIES = ("apply_all", "run_again", "retry", "explain")
_LONGEST = 90
_SEED = 30  # characters


class CandidateBar(QFrame):
    """Steps through variants, shows them beside what was there, accepts, pins, asks for more, discards.

    A line above says where a variant went stale or wrong, and what can be done about it.
    """

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, objectName="candidates")
        self._studio, self._actions = studio, actions
        self.place = label("", "")
        self.place.setObjectName("variant")
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.place.setMinimumWidth(44)
        self.seed = ProgressWords(_SEED)
        actions["candidate.pin"].setCheckable(True)
        self._make_buttons()
        self.notice = label("", "warning")
        self.remedies = [self._link(f"candidate.{name}") for name in (*REMEDIES, "keep_step")]
        notice = row(self.notice, *self.remedies, 1)
        self.setLayout(column(notice, self._first_row(), self._second_row(), margin=8, spacing=6))
        for part in self.findChildren(QWidget):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.refresh()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.accept.setIcon(theme.icon("accept", theme.on_accent))
        self.compare.setIcon(theme.icon("compare"))
        self.more.setIcon(theme.icon("variation"))

    def refresh(self) -> None:
        """Show the proposal as it is now."""
        proposal = self._studio.proposal
        there = proposal is not None and bool(proposal.candidates)
        self.setVisible(there)
        for name in NEED_PROPOSAL:
            self._actions[name].setEnabled(there)
        ready = proposal is not None and there and proposal.candidate.state == "ready" and proposal.moment is None
        for name in NEED_RESULT:
            self._actions[name].setEnabled(ready)
        for name in REMEDIES:
            self._actions[f"candidate.{name}"].setEnabled(False)
        self._offer_step(proposal)
        if proposal is None or not there:
            return
        self._show_variant(proposal, ready)
        self._show_notice(proposal)
        self.adjustSize()

    def show_progress(self) -> None:
        """Show how far the proposal's current variant is."""
        proposal = self._studio.proposal
        if proposal is not None and proposal.candidates:
            self._offer_step(proposal)
            self.seed.setText(words_of(proposal.candidate))

    def _offer_step(self, proposal: Proposal | None) -> None:
        frame = proposal.frame if proposal is not None else None
        self._actions["candidate.keep_step"].setEnabled(frame is not None and frame.stage != PLAN_STAGE)

    def _show_variant(self, proposal: Proposal, ready: bool) -> None:
        candidate, many = proposal.candidate, len(proposal.candidates) > 1
        self.place.setText(f"{proposal.current + 1} / {len(proposal.candidates)}")
        for part in (*self._arrows, self.place):
            part.setVisible(many)
        self.seed.setText(words_of(candidate))
        self.accept.setEnabled(ready)
        self.more.setEnabled(ready)
        self._actions["candidate.pin"].setChecked(candidate.pinned)
        view = "before" if proposal.comparing else proposal.view
        for name in VIEWS:
            self._actions[f"candidate.{name}"].setChecked(name == view)
            self.views[name].setChecked(name == view)

    def _show_notice(self, proposal: Proposal) -> None:
        text, remedies = self._trouble(proposal)
        if not text and proposal.view == "diff" and not proposal.comparing:
            text = _count_differences(proposal, self._studio)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        self.notice.setProperty("role", "warning" if remedies else "muted")
        self.notice.style().polish(self.notice)
        for link in self.remedies:
            link.setVisible(link.objectName().removesuffix(".link") in remedies)
        for name in REMEDIES:
            self._actions[f"candidate.{name}"].setEnabled(f"candidate.{name}" in remedies)

    def _trouble(self, proposal: Proposal) -> tuple[str, Sequence[str]]:
        """Say what stands in the way of taking the shown variant, and the ids of what helps."""
        candidate, scene = proposal.candidate, self._studio.document.scene
        if candidate.state == "failed":
            message = candidate.failure.message if candidate.failure else "The run failed."
            return _shortened(message), ("candidate.retry", "candidate.explain")
        if proposal.moment is not None and proposal.frame is not None:
            frame = proposal.frame
            if frame.stage == PLAN_STAGE:
                return "The plan of the ground is shown, from which the voxels were made.", ("",)
            return f"Step {frame.index} of {frame.total} is shown.", ("candidate.keep_step",)
        if not proposal.fits(scene):
            return "Made for other bounds of the scene; undo the change of bounds, or discard.", ("",)
        edited = proposal.edited(scene).count if candidate.state == "ready" else 0
        if edited:
            words = f"{edited:,} of its voxels were edited since; Accept keeps those edits."
            return words, ("candidate.apply_all", "candidate.run_again")
        return "", ()

    def _make_buttons(self) -> None:
        actions = self._actions
        self.accept = button("Accept", "primary", actions["candidate.accept"].trigger, "accept")
        self.accept.setToolTip(actions["candidate.accept"].toolTip())
        self.compare = button("Hold to compare", "", lambda: None, "compare")
        self.compare.pressed.connect(lambda: self._compare(True))
        self.compare.released.connect(lambda: self._compare(False))
        self.compare.setToolTip("<b>Compare</b> (hold `)<br>Shows the scene as it was while you hold it")
        self.more = button("More like this", "", actions["candidate.more"].trigger, "more")
        self.more.setToolTip(actions["candidate.more"].toolTip())
        self._menu = QMenu(self)
        self._menu.addActions([actions[f"candidate.{name}"] for name in ("more_close", "more", "more_loose")])
        self.how = small_button("more.how", "How much alike")
        self.how.setText("▾")
        self.how.clicked.connect(lambda: self._menu.popup(self.how.mapToGlobal(self.how.rect().bottomLeft())))
        self._arrows = tuple(self._icon(f"candidate.{n}") for n in ("previous", "next"))
        self.pin, self.discard = self._icon("candidate.pin"), self._icon("candidate.discard")
        for made in (self.pin, self.discard):
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.views: dict[str, QPushButton] = {}

    def _first_row(self) -> QLayout:
        group, segments = QButtonGroup(self), row(spacing=0)
        for place, name in enumerate(VIEWS):
            action = self._actions[f"candidate.{name}"]
            part = button(name.capitalize(), "", action.trigger, f"candidate.{name}.button")
            part.setCheckable(True)
            part.setToolTip(action.toolTip())
            part.setProperty("segment", True)
            part.setProperty("place", ("first", "middle", "last")[place])
            group.addButton(part)
            segments.addWidget(part)
            self.views[name] = part
        previous, following = self._arrows
        return row(previous, self.place, following, self.seed, 1, segments)

    def _second_row(self) -> QLayout:
        return row(self.accept, self.compare, self.pin, row(self.more, self.how, spacing=0), self.discard)

    def _icon(self, name: str) -> QToolButton:
        made = small_button(f"{name}.button", "")
        made.setDefaultAction(self._actions[name])
        made.setIconSize(QSize(18, 18))
        return made

    def _link(self, name: str) -> QPushButton:
        action = self._actions[name]
        made = button(action.text(), "link", action.trigger, f"{name}.link")
        made.setToolTip(action.toolTip())
        return made

    def _compare(self, on: bool) -> None:
        if self._studio.proposal is not None:
            self._studio.proposal.compare(on)


def words_of(candidate: Candidate) -> str:
    """Say in a few words which variant this is and how it fares."""
    seed = f"seed {candidate.request.sampling.seed}"
    if candidate.state == "waiting":
        return f"{seed} · waiting"
    if candidate.state == "forming" and candidate.step is not None:
        return f"{seed} · forming {candidate.step.index}/{candidate.step.total}"
    if candidate.state == "failed":
        return f"{seed} · failed"
    return f"{seed} · {candidate.note}" if candidate.note else seed


def _count_differences(proposal: Proposal, studio: Studio) -> str:
    ghost = proposal.ghost(studio.document.scene)
    if ghost is None or ghost.kinds is None:
        return ""
    counts = {kind: int((ghost.kinds == kind).sum()) for kind in (ADDED, REMOVED, CHANGED)}
    if not any(counts.values()):
        return "Nothing differs from the scene."
    return f"▨ {counts[ADDED]:,} added   ▩ {counts[REMOVED]:,} removed   ▧ {counts[CHANGED]:,} of another class"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
