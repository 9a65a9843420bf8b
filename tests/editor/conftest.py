from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def canvas(qtbot) -> Iterator[object]:
    """A small scene in a viewport of its own."""
    from canvases import make_scene, open_canvas  # late: only a few tests need OpenGL

    made = open_canvas(qtbot)
    made.show_scene(make_scene())
    yield made
    made.close()
