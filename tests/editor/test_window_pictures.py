"""Pictures and films of a view, taken beside a real window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from test_window import open_window  # noqa: F401 -- a fixture

from editor.ui.picture_dialog import FilmWish, PictureDialog, PictureWish
from editor.ui.window import MainWindow
from editor.viewport.photo import Shot
from engine.errors import RequestError

pytestmark = pytest.mark.window


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).astype(int)


def take(window: MainWindow, **wish) -> np.ndarray:
    taking = window.canvas.photographer.take(Shot(window.canvas.view, **wish))
    while True:
        try:
            next(taking)
        except StopIteration as end:
            return pixels(end.value)


def test_a_picture_taken_beside_the_window_is_the_one_in_the_window(open_window) -> None:  # noqa: F811
    window = open_window()
    shown = pixels(window.canvas.grab(2.0, marks=False))
    taken = take(window, size=(shown.shape[1], shown.shape[0]))
    assert (np.abs(shown - taken).max(axis=2) <= 2).mean() > 0.999
    assert (take(window, size=(shown.shape[1], shown.shape[0]), marks=True) != taken).any(axis=2).mean() > 0.003
    np.testing.assert_array_equal(pixels(window.canvas.grab(2.0, marks=False)), shown)


def test_a_transparent_picture_has_things_and_no_sky(open_window) -> None:  # noqa: F811
    window = open_window()
    solid, clear = (take(window, size=(333, 207), transparent=on) for on in (False, True))
    assert (solid[..., 3] == 255).all()
    covered = clear[..., 3] == 255
    assert 0.1 < covered.mean() < 0.7
    assert (np.abs(solid - clear).max(axis=2) <= 2)[covered].mean() > 0.99
    assert clear[2, 2].tolist() == [0, 0, 0, 0]
    width, height = 333, 207
    x, y, _ = window.canvas.view.project(np.array([[10.2, 6.2, 1.8]]), width / height)[0]
    assert covered[round((1 - y) / 2 * height), round((x + 1) / 2 * width)]


def test_pictures_go_into_files_and_to_the_clipboard(open_window, qtbot, tmp_path) -> None:  # noqa: F811
    window = open_window()
    pictures = window.views.pictures
    for name, alpha in (("a.png", True), ("a.jpg", False), ("a.webp", True)):
        with qtbot.waitSignal(pictures.done, timeout=20000):
            pictures.save(tmp_path / name, PictureWish((160, 90), transparent=alpha))
        found = QImage(str(tmp_path / name))
        assert (found.width(), found.height(), found.hasAlphaChannel()) == (160, 90, alpha)
    with pytest.raises(RequestError, match=r"\.png"):
        pictures.save(tmp_path / "b.jpg", PictureWish((160, 90), transparent=True))
    with qtbot.waitSignal(pictures.done, timeout=20000):
        window.trigger("view.copy_picture")
    assert QApplication.clipboard().image().width() == window.canvas.window_size[0]


@pytest.mark.parametrize("ending", ["webp", "gif", "png"])
def test_a_turntable_goes_once_round(open_window, qtbot, tmp_path, ending: str) -> None:  # noqa: F811
    window = open_window()
    path, before = tmp_path / f"turn.{ending}", window.canvas.view
    with qtbot.waitSignal(window.views.pictures.done, timeout=60000):
        window.views.pictures.save_film(path, FilmWish((96, 64), seconds=0.4, rate=10))
        with pytest.raises(RequestError, match="already"):
            window.views.pictures.copy()
    with Image.open(path) as film:
        assert (film.n_frames, film.size) == (4, (96, 64))
        frames = []
        for k in range(4):
            film.seek(k)
            frames.append(np.asarray(film.convert("RGB")).astype(int))
    window.canvas.view = replace(before, azimuth=before.azimuth + 180)
    half = take(window, size=(96, 64))[..., :3]
    assert np.abs(frames[2] - half).mean() < 8 < np.abs(frames[0] - half).mean()


def test_a_cancelled_film_leaves_no_file(open_window, qtbot, tmp_path) -> None:  # noqa: F811
    window = open_window()
    pictures, path = window.views.pictures, tmp_path / "turn.webp"
    pictures.save_film(path, FilmWish((320, 200), seconds=10, rate=20))
    qtbot.wait(60)
    assert pictures.is_busy
    pictures.cancel()
    assert not pictures.is_busy
    qtbot.wait(60)
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]
    pictures.save_film(path, FilmWish((320, 200), seconds=10, rate=20))
    qtbot.wait(30)  # the window closes meanwhile


def test_the_picture_dialog_gives_what_was_chosen(qtbot) -> None:
    dialog = PictureDialog((640, 400), film=True)
    qtbot.addWidget(dialog)
    assert dialog.wish() == FilmWish((1280, 720), False, False, 6, 20)
    dialog.preset.setCurrentIndex(dialog.preset.count() - 1)
    dialog.width_field.setValue(500)
    dialog.seconds.setValue(3)
    dialog.transparent.setChecked(True)
    assert dialog.wish() == FilmWish((500, 720), False, True, 3, 20)
    assert dialog.wish().frames == 60
    assert "60 pictures, 82 MB" in dialog.note.text()
