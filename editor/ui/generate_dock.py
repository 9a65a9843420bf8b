"""The Generate dock: one button that says what it would do, and all that shapes it."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QRegularExpressionValidator
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from editor.model.options import SEED_LIMIT
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.character_fields import CharacterFields
from editor.ui.forbid_list import ForbidList
from editor.ui.queue_list import QueueList
from editor.ui.theme import Theme
from editor.ui.widgets import Fold, Segments, SliderBox, button, column, label, named, row, scrolled, small_button
from engine.tasks.request import SAMPLERS

_SAMPLER_TITLES = {"dpmpp-2m": "DPM-Solver++ 2M", "ddim": "DDIM"}
_VARIANTS = (1, 2, 4, 8)


class GenerateDock(QWidget):
    """Shows a studio's plan and queue; changes go straight back to the plan."""

    convert_wanted = Signal()
    locate_wanted = Signal()

    def __init__(self, studio: Studio, actions: Actions, theme: Theme) -> None:
        super().__init__()
        run, roll = actions["generate.run"], actions["generate.roll"]
        self._studio, self._plan = studio, studio.plan
        self.button = button("", "primary", run.trigger, "generate")
        self.button.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )  # long words must not widen the dock
        self.reason = label("", "warning", wrap=True)
        self.convert = button("Convert to the model's grid", "", self.convert_wanted.emit, "convert")
        self.locate = button("Locate…", "", self.locate_wanted.emit, "locate")
        self.locate.setToolTip("Install the model from a folder on this machine")
        self._run = run
        self._make_fields(roll)
        self.queue = QueueList(studio, actions)
        self.forbid = ForbidList(studio)
        self.character = CharacterFields(self._plan)
        self._wishes = Fold("Character", self.character, "character")
        self._more = Fold("More", self._make_more(), "more")
        self._barred = Fold("Do not make", self.forbid, "barred")
        self.setLayout(self._arrange())
        self._plan.changed.connect(self.refresh)
        studio.document.classes.changed.connect(self.refresh)
        self.dress(theme)
        self.refresh()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self._theme = theme
        self.roll.setIcon(theme.icon("dice"))
        self.lock.setIcon(theme.icon("lock" if self._plan.options.seed_locked else "unlock"))
        self.queue.dress(theme)
        for fold in self._folds():
            fold.dress(theme)

    def refresh(self) -> None:
        """Show the plan as it is now."""
        options, offer = self._plan.options, self._plan.offer()
        self.button.setText(offer.text)
        self.button.setEnabled(not offer.reason)
        key = self._run.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.button.setToolTip(offer.reason or f"<b>{offer.text}</b>{f' ({key})' if key else ''}")
        self.reason.setText(offer.reason)
        self.reason.setVisible(bool(offer.reason))
        self.convert.setVisible(offer.fixable)
        self.locate.setVisible(offer.lacking)
        self._list_models()
        self.model.setCurrentIndex(self.model.findData(options.model))
        self.variants.choose(options.variants)
        if not self.seed.hasFocus() or self.seed.text() != str(options.seed):
            self.seed.setText(str(options.seed))
        self.lock.setChecked(options.seed_locked)
        self.lock.setIcon(self._theme.icon("lock" if options.seed_locked else "unlock"))
        steps, strength = self._plan.effort
        self.task.choose("refine" if options.refines else "anew")
        self.task.setEnabled(offer.mode != "extend")
        self.steps.show_value(steps)
        self.strength.show_value(strength)
        self.strength.setEnabled(offer.mode in ("regenerate", "refine"))
        self.preview.choose(options.preview)
        self.sampler.setCurrentIndex(self.sampler.findData(options.sampler))
        follows = offer.mode in ("generate", "regenerate")
        self.layout_choice.choose(options.keep_layout and follows)
        self.layout_choice.setEnabled(follows)
        self.guidance.show_value(options.guidance)
        self.guidance.setEnabled(options.keep_layout and follows)
        self._wishes.setVisible(bool(self._plan.styles))
        self._wishes.note.setText(self.character.words())
        self.character.refresh()
        self._barred.note.setText(f"{len(options.forbid)} barred" if options.forbid else "everything allowed")
        self.forbid.refresh()

    def _make_fields(self, roll: QAction) -> None:
        self.task = Segments([("anew", "Make anew"), ("refine", "Refine")], "task")
        self.task.part("anew").setToolTip("Make the scene, or what is masked, anew")
        self.task.part("refine").setToolTip(
            "Start from what a network predicted or a scanner saw: keep what it says, fill in what is unknown"
        )
        self.model = QComboBox(objectName="model")
        self.variants = Segments([(n, str(n)) for n in _VARIANTS], "variants")
        self.seed = QLineEdit(objectName="seed")
        self.seed.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{1,10}"), self))
        self.roll = small_button("roll", "Draw another seed")
        self.roll.clicked.connect(roll.trigger)
        self.lock = small_button("lock", "Keep this seed for the next runs", checkable=True)
        self.steps = SliderBox(1, 50, name="steps")
        self.strength = SliderBox(0.05, 1.0, decimals=2, name="strength")
        self.preview = Segments([("off", "Off"), ("auto", "Auto"), ("every", "Every step")], "preview")
        self.strength.setToolTip("1 makes the region anew; less stays closer to what is there")
        self.preview.setToolTip("How often the forming scene is shown; Auto leaves out frames that cost too much")
        self._connect_fields()

    def _list_models(self) -> None:
        """List the models there are, where others have come."""
        names = [card.name for card in self._plan.cards]
        if names == [self.model.itemText(k) for k in range(self.model.count())]:
            return
        self.model.clear()
        for card in self._plan.cards:
            self.model.addItem(card.name, card.name)
            self.model.setItemData(self.model.count() - 1, card.title, Qt.ItemDataRole.ToolTipRole)

    def _connect_fields(self) -> None:
        self.model.activated.connect(lambda _i: self._plan.set(model=self.model.currentData()))
        self.variants.chosen.connect(lambda n: self._plan.set(variants=n))
        self.seed.editingFinished.connect(self._take_seed)
        self.seed.returnPressed.connect(self.seed.clearFocus)
        self.lock.toggled.connect(lambda on: self._plan.set(seed_locked=on))
        self.task.chosen.connect(lambda task: self._plan.refine(task == "refine"))
        self.steps.changed.connect(lambda v: self._plan.set_effort(steps=int(v)))
        self.strength.changed.connect(lambda v: self._plan.set_effort(strength=v))
        self.preview.chosen.connect(lambda value: self._plan.set(preview=value))

    def _make_more(self) -> QWidget:
        self.sampler = QComboBox(objectName="sampler")
        for name in SAMPLERS:
            self.sampler.addItem(_SAMPLER_TITLES.get(name, name), name)
        self.sampler.activated.connect(lambda _i: self._plan.set(sampler=self.sampler.currentData()))
        self.guidance = SliderBox(0.0, 8.0, decimals=1, name="guidance")
        self.guidance.setToolTip("How strongly the layout map is followed; 1 is plain")
        self.guidance.changed.connect(lambda v: self._plan.set(guidance=v))
        self.layout_choice = Segments([(False, "Free"), (True, "As it is")], "layout")
        self.layout_choice.setToolTip("Whether roads, buildings and greens stay where the scene has them now")
        self.layout_choice.chosen.connect(lambda keep: self._plan.set(keep_layout=keep))
        content = QWidget()
        content.setLayout(column(*self._rare_rows(), spacing=7))
        return content

    def _rare_rows(self) -> tuple[QHBoxLayout, ...]:
        return (
            named("Layout", self.layout_choice),
            named("Guidance", self.guidance),
            named("Sampler", self.sampler),
        )

    def _arrange(self) -> QVBoxLayout:
        """Keep the button and the queue in sight; what lies between them scrolls where the window is low."""
        fields = QWidget()
        fields.setLayout(
            column(
                named("Task", self.task),
                named("Model", self.model),
                named("Variants", self.variants),
                named("Seed", row(self.seed, self.roll, self.lock, spacing=2)),
                named("Steps", self.steps),
                named("Strength", self.strength),
                named("Preview", self.preview),
                *self._folds(),
                1,
                spacing=6,
            )
        )
        fields.layout().setContentsMargins(12, 2, 12, 6)  # type: ignore[union-attr]
        area = scrolled(fields)
        for fold in self._folds():
            fold.opened.connect(lambda content: area.ensureWidgetVisible(content, 0, 4))
        head = column(self.button, self.reason, self.convert, self.locate, spacing=6)
        head.setContentsMargins(12, 10, 12, 6)
        return column(head, area, self.queue, spacing=0)

    def _folds(self) -> tuple[Fold, ...]:
        return self._wishes, self._more, self._barred

    def _take_seed(self) -> None:
        text = self.seed.text()
        if text:
            self._plan.set(seed=min(int(text), SEED_LIMIT - 1), seed_locked=True)
