from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from editor.ui import thumbnails
from editor.ui.thumbnails import Thumbnails

pytestmark = pytest.mark.window


def test_asking_often_does_not_put_a_picture_off(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(thumbnails, "draw", lambda item: QImage(4, 4, QImage.Format.Format_RGBA8888))
    parent = QObject()
    pictures = Thumbnails(parent)
    item = SimpleNamespace(candidate=SimpleNamespace(id="one", state="ready", step=None))
    asked = []
    qtbot.waitUntil(lambda: asked.append(pictures.get(item)) or asked[-1] is not None, timeout=4000)  # every 10 ms
    assert asked[0] is None
