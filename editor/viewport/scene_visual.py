"""Draws a grid of voxels by casting a ray per pixel, into a picture that is kept until something changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from editor.viewport.orbit import OrbitCamera
from editor.viewport.scale import grid_pitch
from editor.viewport.shaders.scene import FULLSCREEN, SCENE
from editor.viewport.shaders.screen import COMPOSITE
from editor.viewport.theme import Theme
from editor.viewport.voxel_texture import ROOM, VoxelTexture
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask

_CORNERS = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], dtype=np.float32)
_SUN = np.array([-0.42, -0.55, 0.72])
MASK_OPACITY = 0.7
"""Opacity of the mask for which the shader's shares are tuned."""
MASKED, GHOST, KIND = 1, 2, 4
"""Bits of a flagged voxel: masked; new in a proposal; the factor before what becomes of it there, 1 to 3."""


@dataclass(frozen=True)
class Lens:
    """What a picture is taken with: the camera, the window's size in pixels and the range of depths."""

    camera: OrbitCamera
    size: tuple[int, int]
    near: float
    far: float

    @property
    def aspect(self) -> float:
        return self.size[0] / self.size[1]

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        return self.camera.matrix(self.aspect, self.near, self.far)

    @property
    def depth_terms(self) -> tuple[float, float, float, float]:
        """(a, b, c, d) of the window's depth (a z + b) / (c z + d) for view depth z."""
        n, f = self.near, self.far
        if self.camera.orthographic:
            return 1 / (f - n), -n / (f - n), 0.0, 1.0
        return f / (f - n), -f * n / (f - n), 1.0, 0.0


class SceneVisual:
    """The voxels, their flags and their look.

    Attributes
    ----------
    labels
        What is drawn, 0 = nothing, 255 = unknown.
    flags
        Bits `MASKED` and `GHOST` per voxel, of the same shape.
    shown
        The box of `labels` that is drawn; the rest is cut away.
    voxel_size
        Metres.
    lower
        Voxel of the scene that is the first one of `labels`; cameras count from the scene's own corner.
    floor_origin
        Metres (x, y) by which the lines of the floor are moved.
    differing
        Whether voxels are marked by what becomes of them, and all others lose their colours.
    mask_opacity
        How strongly masked voxels are marked, 0 to 1.
    shadows, flat
        Whether the sun casts shadows; whether class colours are shown without any light.
    """

    def __init__(self) -> None:
        self.labels, self.flags = VoxelTexture(), VoxelTexture()
        self.shown = self.labels.box
        self.voxel_size = (0.2, 0.2, 0.2)
        self.lower = (0, 0, 0)
        self.floor_origin = (0.0, 0.0)
        self.mask_opacity = MASK_OPACITY
        self.differing = False
        self.shadows, self.flat = True, False
        self.is_stale = True
        self._flag_box = Box((0, 0, 0), (0, 0, 0))
        self._palette = gloo.Texture2D(np.zeros((1, 256, 3), np.uint8), interpolation="nearest")
        self._programs: dict[frozenset[str], gloo.Program] = {}
        self._composites = {
            fine: gloo.Program(FULLSCREEN, ("#define FINE\n" if fine else "") + COMPOSITE) for fine in (False, True)
        }
        self._targets: list[gloo.FrameBuffer | None] = [None, None]  # the quick picture, and the fine one in the making
        self._shown: gloo.FrameBuffer | None = None
        self._samples = 1.0
        self._theme = Theme.dark()

    def set_palette(self, colours: NDArray[np.uint8]) -> None:
        """Set the colour of every label, `(256, 3) uint8`."""
        table = colours.copy()
        table[255 - ROOM] = colours[UNKNOWN]
        self._palette.set_data(np.ascontiguousarray(table[None]))
        self.is_stale = True

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.is_stale = True

    def set_shown(self, box: Box) -> None:
        """Draw only this box of `labels`, and mark where matter is cut open."""
        self.is_stale |= box != self.shown
        self.shown = box

    def set_shading(self, shadows: bool, flat: bool) -> None:
        self.shadows, self.flat, self.is_stale = shadows, flat, True

    def set_mask_opacity(self, opacity: float) -> None:
        self.mask_opacity, self.is_stale = opacity, True

    def set_flags(self, box: Box, flagged: Box, flags: NDArray[np.uint8]) -> None:
        """Replace the flags `(sx, sy, sz)` of `box`; `flagged` bounds all voxels that carry any afterwards."""
        if flagged.is_empty and self._flag_box.is_empty:
            return
        if self.flags.shape != self.labels.shape:
            self.flags.replace(np.zeros(self.labels.shape, dtype=np.uint8))
        changed = VoxelMask.of_array(self.flags.values[box.slices] != flags).box
        if not changed.is_empty:
            self.flags.update(changed.shift(box.lower), flags[changed.slices])
        self.is_stale |= not changed.is_empty or flagged != self._flag_box
        self._flag_box = flagged

    def drop_flags(self) -> None:
        """Forget all flags, and the memory they took."""
        self.flags.replace(np.zeros((1, 1, 1), dtype=np.uint8))
        self._flag_box = Box((0, 0, 0), (0, 0, 0))

    def flush(self, longest: int) -> None:
        """Send voxels that have changed to the card; `longest` is the driver's limit on an edge of a texture."""
        for field in (self.labels, self.flags):
            field.flush(longest)

    def render(self, lens: Lens, scale: float, longest: int) -> None:
        """Cast the rays into the kept picture, `scale` texels per pixel of the window."""
        self.flush(longest)
        self._targets[0] = self.cast(self._targets[0], lens, scale, (0.0, 1.0))
        self._shown, self._samples = self._targets[0], scale
        self.is_stale = False

    def refine(self, lens: Lens, scale: float, rows: tuple[float, float]) -> None:
        """Cast a share of a finer picture, `rows` from 0 (bottom) to 1; the last share brings it on show."""
        self._targets[1] = self.cast(self._targets[1], lens, scale, rows)
        if rows[1] >= 1:
            self._shown, self._samples = self._targets[1], scale

    def cast(
        self, target: gloo.FrameBuffer | None, lens: Lens, scale: float, rows: tuple[float, float]
    ) -> gloo.FrameBuffer:
        """Cast a share of a picture's rays, `rows` from 0 (bottom) to 1, `scale` per pixel and axis.

        The target is made anew where it is not of the right size; it holds colours, and view depth in metres.
        """
        width, height = (max(1, round(n * scale)) for n in lens.size)
        if target is None or target.color_buffer.shape[:2] != (height, width):
            picture = gloo.Texture2D((height, width, 4), format="rgba", internalformat="rgba32f")
            target = gloo.FrameBuffer(color=picture)
        program = self._program(self.is_inside(lens.camera))
        self._set_camera(program, lens, height)
        self._set_look(program, lens)
        low, high = (round(share * height) for share in rows)
        with target:
            gloo.set_viewport(0, 0, width, height)
            gloo.set_scissor(0, low, width, high - low)
            gloo.set_state(scissor_test=True, depth_test=False, blend=False, cull_face=False)
            program.draw("triangle_strip")
            gloo.set_state(scissor_test=False)
        return target

    def show(self, lens: Lens) -> None:
        """Bring the kept picture to the window, with outlines and depth."""
        assert self._shown is not None
        self.compose(self._shown, lens, self._samples)

    def compose(self, target: gloo.FrameBuffer, lens: Lens, samples: float, transparent: bool = False) -> None:
        """Bring what was cast to the frame buffer that is bound, with outlines and depth, and with a sky or none."""
        picture, program = target.color_buffer, self._composites[samples > 1.2]
        program["a_corner"] = _CORNERS
        program["u_picture"] = picture
        program["u_texel"] = 1 / picture.shape[1], 1 / picture.shape[0]
        program["u_depth"] = lens.depth_terms
        program["u_sky"] = 0.0 if transparent else 1.0
        program["u_outline"] = 0.0 if self.flat else self._theme.outline
        gloo.set_state(depth_test=True, depth_func="always", depth_mask=True, blend=False, cull_face=False)
        program.draw("triangle_strip")
        gloo.set_state(depth_func="lequal")

    def is_inside(self, camera: OrbitCamera) -> bool:
        """Tell whether a camera stands inside of solid voxels, through which rays must leave before they meet any."""
        place = np.floor(camera.eye / self.voxel_size).astype(np.int64) - self.lower
        x, y, z = (int(v) for v in place)
        one = Box((x, y, z), (x + 1, y + 1, z + 1))
        return self.shown.contains(one) and bool(self.labels.values[x, y, z])

    def _program(self, inside: bool) -> gloo.Program:
        """Give the program for what is to be drawn; it is compiled when first needed."""
        wanted = {
            "FOLDED": self.labels.fold != self.labels.shape[:2],
            "FLAGGED": not self._flag_box.is_empty,
            "SHADOWS": self.shadows and not self.flat,
            "FLAT": self.flat,
            "CUT": self.shown != self.labels.box,
            "INSIDE": inside,
            "DIFFERING": self.differing and not self._flag_box.is_empty,
        }
        key = frozenset(name for name, on in wanted.items() if on)
        if key not in self._programs:
            program = gloo.Program(FULLSCREEN, "".join(f"#define {name}\n" for name in sorted(key)) + SCENE)
            program["a_corner"] = _CORNERS
            program["u_palette"] = self._palette
            self._programs[key] = program
        return self._programs[key]

    def _set_camera(self, program: gloo.Program, lens: Lens, rows: int) -> None:
        camera, voxel = lens.camera, np.asarray(self.voxel_size)
        (eye, ahead), (eye_x, ahead_x), (eye_y, ahead_y) = (
            camera.ray(x, y, lens.aspect) for x, y in ((0, 0), (1, 0), (0, 1))
        )
        start = lens.near if camera.orthographic else 0.0  # a far eye would cost the rays their precision
        program["u_eye"], program["u_ahead"] = (eye + ahead * start) / voxel - self.lower, ahead / voxel
        program["u_start"] = start
        program["u_eye_right"], program["u_eye_up"] = (eye_x - eye) / voxel, (eye_y - eye) / voxel
        program["u_ahead_right"], program["u_ahead_up"] = (ahead_x - ahead) / voxel, (ahead_y - ahead) / voxel
        program["u_metre"] = self.voxel_size
        pixel = 2 * camera.half_height / rows / float(voxel.min())
        program["u_pixel"] = (pixel, 0.0) if camera.orthographic else (0.0, pixel / camera.distance)

    def _set_look(self, program: gloo.Program, lens: Lens) -> None:
        shape, theme = self.labels.shape, self._theme
        extent = np.multiply(shape, self.voxel_size)
        sun = _SUN / np.asarray(self.voxel_size)
        flagged = self._flag_box.intersect(self.shown)
        values = {
            "u_labels": self.labels.texture,
            "u_size": shape,
            "u_lower": self.shown.lower,
            "u_upper": self.shown.upper,
            "u_texels": tuple(1 / n for n in reversed(self.labels.texture.shape[:3])),
            "u_fold": self.labels.fold,
            "u_sun": sun / np.linalg.norm(sun),
            "u_grid": theme.grid,
            "u_flags": self.flags.texture,
            "u_flag_lower": flagged.lower,
            "u_flag_upper": flagged.upper,
            "u_mask_colour": theme.mask,
            "u_mask_strength": self.mask_opacity / MASK_OPACITY,
            "u_ghost_colour": theme.ghost,
            "u_added_colour": theme.added,
            "u_removed_colour": theme.removed,
            "u_changed_colour": theme.changed,
            "u_cut_colour": theme.cut,
            "u_pitch": grid_pitch(lens.camera, lens.size[1]),
            "u_sky_high": theme.sky_high,
            "u_sky_low": theme.sky_low,
            "u_floor": theme.floor,
            "u_floor_reach": max(40.0, 1.1 * math.hypot(extent[0], extent[1])),
            "u_floor_centre": extent[:2] / 2,
            "u_floor_origin": self.floor_origin,
        }
        for name, value in values.items():
            if name in program:
                program[name] = value
