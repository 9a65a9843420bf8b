"""The bar that floats over the viewport while there is something to decide on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from editor.model.proposal import Candidate
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row, small_button


class CandidateBar(QFrame):
    """Steps through variants, accepts one, compares by holding, discards all; says where a variant went stale."""

    overwrite_wanted = Signal()

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, objectName="candidates")
        self._studio, self._actions = studio, actions
        self.place = label("", "")
        self.place.setObjectName("variant")
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.place.setMinimumWidth(40)
        self.seed = label("")
        self.accept = button("Accept", "primary", actions["candidate.accept"].trigger, "accept")
        self.compare = button("Hold to compare", "", lambda: None, "compare")
        self.compare.pressed.connect(lambda: self._compare(True))
        self.compare.released.connect(lambda: self._compare(False))
        self.compare.setToolTip("Shows the scene as it was while you hold it (`)")
        self.notice = label("", "warning")
        self.overwrite = button("Overwrite edits", "link", self.overwrite_wanted.emit, "overwrite")
        self._steps = {n: self._icon(f"candidate.{n}") for n in ("previous", "next", "discard")}
        self.setLayout(column(row(self.notice, self.overwrite, 1), self._buttons(), margin=8, spacing=4))
        for part in self.findChildren(QWidget):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.refresh()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.accept.setIcon(theme.icon("accept", theme.on_accent))
        self.compare.setIcon(theme.icon("compare"))

    def refresh(self) -> None:
        """Show the proposal as it is now."""
        proposal = self._studio.proposal
        self.setVisible(proposal is not None)
        for name in ("accept", "previous", "next", "discard"):
            self._actions[f"candidate.{name}"].setEnabled(proposal is not None)
        if proposal is None or not proposal.candidates:
            return
        candidate, many = proposal.candidate, len(proposal.candidates) > 1
        self.place.setText(f"{proposal.current + 1} / {len(proposal.candidates)}")
        for part in (self._steps["previous"], self._steps["next"], self.place):
            part.setVisible(many)
        self.seed.setText(_words(candidate))
        self.seed.setToolTip(candidate.failure.message if candidate.failure else "")
        self.accept.setEnabled(candidate.state == "ready")
        self._actions["candidate.accept"].setEnabled(candidate.state == "ready")
        self._show_notice()
        self.adjustSize()

    def _show_notice(self) -> None:
        proposal, scene = self._studio.proposal, self._studio.document.scene
        text = ""
        if proposal is not None and not proposal.fits(scene):
            text = "Made for other bounds of the scene; undo the change of bounds, or discard."
        edited = proposal.edited(scene) if proposal is not None and not text else None
        if edited is not None:
            text = f"{int(edited.sum()):,} of its voxels were edited since; Accept keeps them."
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        self.overwrite.setVisible(edited is not None)

    def _buttons(self) -> object:
        self.discard = self._steps["discard"]
        self.discard.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return row(
            self._steps["previous"],
            self.place,
            self._steps["next"],
            self.seed,
            self.accept,
            self.compare,
            self.discard,
        )

    def _icon(self, name: str) -> QToolButton:
        made = small_button(f"{name}.button", "")
        made.setDefaultAction(self._actions[name])
        made.setIconSize(QSize(18, 18))
        return made

    def _compare(self, on: bool) -> None:
        if self._studio.proposal is not None:
            self._studio.proposal.compare(on)


def _words(candidate: Candidate) -> str:
    seed = f"seed {candidate.request.sampling.seed}"
    if candidate.state == "waiting":
        return f"{seed} · waiting"
    if candidate.state == "forming" and candidate.step is not None:
        return f"{seed} · forming {candidate.step.index}/{candidate.step.total}"
    return f"{seed} · failed" if candidate.state == "failed" else seed
