"""The Metrics dock: step time, memory, changed voxels and classes as curves. Made late: pyqtgraph takes a moment."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from editor.model.document import Document
from editor.model.metrics import Metrics
from editor.ui.theme import Theme
from editor.ui.widgets import column, label, row

_A_SECOND = 4  # pictures; more would take time from the viewport
_CLASSES = 8
_NAMES = 96  # pixels for the names of classes


class MetricsDock(QWidget):
    """Four small plots; drawn only while they are seen."""

    def __init__(self, metrics: Metrics, document: Document, theme: Theme) -> None:
        super().__init__(objectName="metrics")
        self._metrics, self._document = metrics, document
        self.plots = {name: pg.PlotWidget() for name in ("seconds", "memory", "changed", "classes")}
        titles = {
            "seconds": "Seconds per step",
            "memory": "Memory of the program, MB",
            "changed": "Voxels changed per step",
            "classes": "Share of classes, %",
        }
        parts = [column(label(titles[name], "section"), plot, spacing=2) for name, plot in self.plots.items()]
        layout = row(spacing=10)
        for part in parts:
            layout.addLayout(part, 1)
        layout.setContentsMargins(10, 6, 10, 6)
        self.setLayout(layout)
        self.setMinimumHeight(150)
        self._lines = {
            name: self.plots[name].plot(connect="finite", symbol="o", symbolSize=3)
            for name in ("seconds", "memory", "changed")
        }
        self._bars = pg.BarGraphItem(x0=[], y=[], width=[], height=0.7)
        self.plots["classes"].addItem(self._bars)
        self.plots["classes"].invertY()
        self.plots["classes"].getAxis("left").setWidth(_NAMES)
        for plot in self.plots.values():
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
            plot.setMenuEnabled(False)
        self._timer = QTimer(self, singleShot=True, interval=1000 // _A_SECOND)
        self._timer.timeout.connect(self.refresh)
        metrics.changed.connect(self._soon)
        document.changed.connect(self._soon)
        document.scene_replaced.connect(self._soon)
        document.classes.changed.connect(self._soon)
        self.dress(theme)

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for plot in self.plots.values():
            plot.setBackground(QColor(theme.panel))
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(QColor(theme.edge))
                plot.getAxis(side).setTextPen(QColor(theme.muted))
        for line in self._lines.values():
            line.setPen(pg.mkPen(QColor(theme.accent), width=2))
            line.setSymbolBrush(QColor(theme.accent))
            line.setSymbolPen(None)
        self._edge = QColor(theme.panel)
        self.refresh()

    def refresh(self) -> None:
        """Draw what is known now."""
        samples = list(self._metrics.samples)
        for name, line in self._lines.items():
            values = [getattr(s, name) for s in samples]
            line.setData(np.array([np.nan if v is None else v for v in values], dtype=float))
            self.plots[name].setYRange(0, max([v for v in values if v is not None], default=1) * 1.1 or 1)
        classes = self._document.classes
        shares = self._metrics.histogram(classes.space, self._document.scene.count_classes())[:_CLASSES]
        colours = classes.space.colours(classes.palette)
        self._bars.setOpts(
            x0=[0.0] * len(shares),
            y=list(range(len(shares))),
            width=[100 * share for _, share in shares],
            brushes=[QColor(*colours[i].tolist()) for i, _ in shares],
            pen=self._edge,
        )
        ticks = [(place, classes.name_of(i)[:12]) for place, (i, _) in enumerate(shares)]
        self.plots["classes"].getAxis("left").setTicks([ticks])

    def showEvent(self, event: QShowEvent) -> None:
        self._metrics.is_watched = True
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self._metrics.is_watched = False

    def _soon(self, *_: object) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()
