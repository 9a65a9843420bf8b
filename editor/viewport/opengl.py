"""What OpenGL a window would get: `python -m editor.viewport.opengl` prints one JSON object.

A program of its own, because a missing display or a broken driver ends the process that asks.
"""

from __future__ import annotations

import json

from OpenGL import GL
from PySide6.QtGui import QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QApplication


def describe() -> dict[str, str | int]:
    """Make a context and tell vendor, renderer, version and the largest 3D texture, or `error`."""
    application = QApplication.instance() or QApplication([])
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return {"error": f"Qt's platform '{application.platformName()}' gives no OpenGL context"}
    names = (("vendor", GL.GL_VENDOR), ("renderer", GL.GL_RENDERER), ("version", GL.GL_VERSION))
    facts: dict[str, str | int] = {name: GL.glGetString(key).decode() for name, key in names}
    facts["largest_3d_texture"] = int(GL.glGetIntegerv(GL.GL_MAX_3D_TEXTURE_SIZE))
    context.doneCurrent()
    return facts


if __name__ == "__main__":
    print(json.dumps(describe()))
