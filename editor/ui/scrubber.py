"""Goes back through the steps of the shown variant, and keeps one of them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QWidget

from editor.model.candidate import Candidate
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.widgets import ThinSlider, button, label, row


class Scrubber(QWidget):
    """A slider whose right end is the newest state of the run."""

    def __init__(self, studio: Studio, actions: Actions) -> None:
        super().__init__(objectName="scrubber")
        self._studio, self._action = studio, actions["candidate.keep_step"]
        self.slider = ThinSlider()
        self.slider.setObjectName("scrubber.slider")
        self.slider.setMinimumWidth(70)
        self.words = label("")
        self.words.setFixedWidth(92)
        self.keep = button("Stop here and keep", "", self._action.trigger, "scrubber.keep")
        self.keep.setToolTip(self._action.toolTip())
        self.keep.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        caption = label("Steps")
        caption.setToolTip("What each step of the last run showed; drag back and keep the one you like")
        self.setLayout(row(caption, self.slider, self.words, self.keep, spacing=8))
        self.slider.valueChanged.connect(self._go)
        self.refresh()

    def refresh(self) -> None:
        """Show how many steps there are and which one is on show."""
        proposal = self._studio.proposal
        candidate = proposal.candidate if proposal is not None and proposal.candidates else None
        frames = candidate.film.frames if candidate is not None else []
        moment, frame = (proposal.moment, proposal.frame) if proposal is not None else (None, None)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, len(frames))
            self.slider.setValue(len(frames) if moment is None else moment)
        self.words.setText(f"step {frame.index} of {frame.total}" if frame is not None else _end_of(candidate))
        self.slider.setEnabled(bool(frames))
        self.keep.setEnabled(self._action.isEnabled())

    def _go(self, value: int) -> None:
        proposal = self._studio.proposal
        if proposal is not None and proposal.candidates:
            proposal.go_to(value if value < len(proposal.candidate.film.frames) else None)


def _end_of(candidate: Candidate | None) -> str:
    if candidate is None or candidate.is_open:
        return "no steps yet"
    return "failed" if candidate.state == "failed" else "result"
