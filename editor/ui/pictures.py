"""Takes pictures and films of the view while one goes on working."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QProgressDialog

from editor.model.jobs import Failure
from editor.ui.picture_dialog import FilmWish, PictureDialog, PictureWish
from editor.viewport.photo import Shot
from editor.worker import Background
from engine.errors import RequestError
from engine.formats.files import replace_file

if TYPE_CHECKING:
    from PIL import Image

    from editor.ui.window import MainWindow

_PICTURES = ["PNG picture (*.png)", "JPEG picture (*.jpg)", "WebP picture (*.webp)"]
_FILMS = ["WebP film (*.webp)", "GIF film (*.gif)", "PNG film (*.png)"]
_MOST = 1500.0  # megabytes of pictures of one film


class Pictures(QObject):
    """Pictures of one window; one piece of work at a time.

    Signals
    -------
    done(Path | None)
        A picture or film is written, or on the clipboard (None).
    """

    done = Signal(object)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._steps: Generator[Any, None, Any] | None = None
        self._writing: Background | None = None
        self._progress: QProgressDialog | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._advance)
        window.studio.document.scene_replaced.connect(self.cancel)

    @property
    def is_busy(self) -> bool:
        return self._steps is not None or self._writing is not None

    # what actions do

    def ask_picture(self) -> None:
        """Ask what the picture should be like and where it goes, then take it."""
        wish = self._ask(film=False)
        path = wish and self._window.files.dialogs.save_file("Save the picture", self._suggest(".png"), _PICTURES)
        if wish and path:
            self.save(path, wish)

    def ask_film(self) -> None:
        """Ask what the film should be like and where it goes, then make it."""
        wish = self._ask(film=True)
        path = wish and self._window.files.dialogs.save_file("Save the film", self._suggest(".webp"), _FILMS)
        if isinstance(wish, FilmWish) and path:
            self.save_film(path, wish)

    def copy(self) -> None:
        """Put a picture of the view on the clipboard."""
        size = self._window_pixels()
        self._begin(self._copying(PictureWish(size)), "Taking a picture")

    # the work

    def save(self, path: Path, wish: PictureWish) -> None:
        """Take a picture into a file; the ending chooses the format."""
        if wish.transparent and path.suffix.lower() in (".jpg", ".jpeg"):
            raise RequestError(f"{path.name} cannot be transparent; save it as .png or .webp")
        self._begin(self._saving(path, wish), "Taking a picture")

    def save_film(self, path: Path, wish: FilmWish) -> None:
        """Make a film of one turn; the ending chooses the format. Raises `RequestError` where it takes too much."""
        if wish.megabytes > _MOST:
            raise RequestError(
                f"the film takes {wish.megabytes:.0f} MB while it is made, more than {_MOST:.0f}; "
                "make it smaller, shorter or with fewer pictures"
            )
        if path.suffix.lower() not in (".webp", ".gif", ".png"):
            raise RequestError(f"no film can be written as '{path.suffix}'; there are: .webp, .gif, .png")
        self._begin(self._filming(path, wish), "Filming")

    def cancel(self) -> None:
        """Stop what is under way; no file is left of it."""
        if self._steps is not None:
            self._steps.close()
            self._end()
        if self._writing is not None:
            self._writing = None
            self._end()

    def _copying(self, wish: PictureWish) -> Generator[float, None, None]:
        image = yield from self._window.canvas.photographer.take(self._shot(wish))
        QGuiApplication.clipboard().setImage(image)
        self._window.say("The picture is on the clipboard")
        self._finish(None)

    def _saving(self, path: Path, wish: PictureWish) -> Generator[float, None, None]:
        image = yield from self._window.canvas.photographer.take(self._shot(wish))
        self._write(path, lambda: _encode(image, path))

    def _filming(self, path: Path, wish: FilmWish) -> Generator[float, None, None]:
        images: list[Image.Image] = []
        for image in self._window.canvas.photographer.film(self._shot(wish), wish.frames):
            if image is not None:
                images.append(_to_pillow(image))
            yield 0.9 * len(images) / wish.frames
        self._write(path, lambda: _encode_film(images, path, wish))

    def _shot(self, wish: PictureWish) -> Shot:
        self._window.canvas.navigation.arrive()
        return Shot(self._window.canvas.view, wish.size, wish.marks, wish.transparent)

    def _begin(self, steps: Generator[Any, None, Any], words: str) -> None:
        if self.is_busy:
            steps.close()
            raise RequestError("a picture is being taken already; wait for it, or cancel it")
        self._steps = steps
        self._progress = QProgressDialog(f"{words} …", "Cancel", 0, 1000, self._window)
        self._progress.setWindowModality(Qt.WindowModality.NonModal)
        self._progress.setMinimumDuration(700)
        self._progress.setAutoClose(False)
        self._progress.canceled.connect(self.cancel)
        self._timer.start()

    def _advance(self) -> None:
        if self._steps is None:
            self._timer.stop()
            return
        steps = self._steps
        try:
            share = next(steps)
        except StopIteration:
            self._steps = None
            self._timer.stop()
            return
        if self._progress is not None:
            self._progress.setValue(round(1000 * share))

    def _write(self, path: Path, encode: Callable[[], bytes]) -> None:
        """Encode outside of the interface's thread, then put the file in its place unless it was cancelled."""
        task = Background(encode, self)
        self._writing = task
        task.done.connect(lambda data: self._on_encoded(task, path, data))
        task.failed.connect(lambda failure: self._on_failed(task, failure))
        task.start()

    def _on_encoded(self, task: Background, path: Path, data: bytes) -> None:
        if task is self._writing:
            self._window.guard(lambda: self._put(path, data))

    def _put(self, path: Path, data: bytes) -> None:
        self._writing = None
        try:
            with replace_file(path) as stream:
                stream.write(data)
        finally:
            self._end()
        self._window.notice.tell(f"Saved {path} ({len(data) / 1e6:.1f} MB)")
        self.done.emit(path)

    def _on_failed(self, task: Background, failure: Failure) -> None:
        if task is self._writing:
            self._writing = None
            self._end()
            self._window.show_failure(failure)

    def _finish(self, path: Path | None) -> None:
        self._end()
        self.done.emit(path)

    def _end(self) -> None:
        self._steps = None
        self._timer.stop()
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.canceled.disconnect(self.cancel)
            progress.close()
            progress.deleteLater()

    def _ask(self, film: bool) -> PictureWish | FilmWish | None:
        dialog = PictureDialog(self._window_pixels(), film, self._window)
        return dialog.wish() if dialog.exec() else None

    def _window_pixels(self) -> tuple[int, int]:
        ratio = self._window.devicePixelRatioF()
        width, height = self._window.canvas.window_size
        return round(width * ratio), round(height * ratio)

    def _suggest(self, ending: str) -> str:
        name = Path(self._window.studio.document.title).stem.lower()
        return str(Path(self._window.settings.last_folder) / f"{name}{ending}")


def _encode(image: QImage, path: Path) -> bytes:
    kind = path.suffix.lower().lstrip(".") or "png"
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, kind, -1 if kind == "png" else 92):  # type: ignore[call-overload]
        raise RequestError(f"no picture can be written as '.{kind}'; there are: .png, .jpg, .webp")
    return bytes(buffer.data().data())


def _encode_film(images: list[Image.Image], path: Path, wish: FilmWish) -> bytes:
    """Encode an endless film; a GIF counts in hundredths of a second and knows 256 colours."""
    stream = io.BytesIO()
    kinds: dict[str, dict[str, Any]] = {
        ".webp": {"format": "WEBP", "quality": 88, "method": 2},
        ".gif": {"format": "GIF", "disposal": 2 if wish.transparent else 0},
        ".png": {"format": "PNG", "default_image": False},
    }
    pause = 1000 / wish.rate
    images[0].save(
        stream, save_all=True, append_images=images[1:], duration=pause, loop=0, **kinds[path.suffix.lower()]
    )
    return stream.getvalue()


def _to_pillow(image: QImage) -> Image.Image:
    from PIL import Image

    if image.hasAlphaChannel():
        flat = image.convertToFormat(QImage.Format.Format_RGBA8888)
        return Image.frombuffer("RGBA", (flat.width(), flat.height()), bytes(flat.constBits()))
    flat = image.convertToFormat(QImage.Format.Format_RGBX8888)
    return Image.frombuffer("RGBX", (flat.width(), flat.height()), bytes(flat.constBits())).convert("RGB")
