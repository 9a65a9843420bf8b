"""Every damaged, foreign or hostile file gives one line that names it, says what is wrong and what to do."""

from __future__ import annotations

import errno
import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import FormatError, ScenewrightError
from engine.formats.npz import read_mask
from engine.formats.registry import read_scene, write_scene
from engine.labels import label_space
from engine.scene import VoxelScene
from tests.engine.damage import (
    KITTI,
    chunk,
    drop,
    lie,
    lying_npy,
    native,
    npy,
    npz,
    raw_labels,
    swap,
    transform,
    vox,
    written,
    zipped,
    zipped_scene,
)

ONES = np.ones((6, 5, 4), np.uint8)
SCAN = np.random.default_rng(1).uniform(0, 1, (5000, 4)).astype("<f4") * [40, 40, 2, 1]

CASES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    # name of the case: file name, content, what the line must say
    "empty scw": ("a.scw", lambda: b"", r"is empty \(0 bytes\)"),
    "empty label": ("a.label", lambda: b"", r"is empty \(0 bytes\)"),
    "text": ("a.txt", lambda: b"hello there", r"no known format \(11 bytes, ending '.txt'\)"),
    "picture": ("a.png", lambda: b"\x89PNG\r\n\x1a\n" + bytes(99), "no known format"),
    "text as scw": ("a.scw", lambda: b"hello there", "no whole archive"),
    "text as npz": ("a.npz", lambda: b"hello there", "no whole archive"),
    "text as npy": ("a.npy", lambda: b"hello there", "no whole archive|no array"),
    "text as label": ("a.label", lambda: b"hello there", r"has 11 bytes \(a SemanticKITTI grid has 4194304"),
    "mesh": ("a.glb", lambda: b"glTF" + bytes(20), "can be written but not read"),
    # the native file
    "scw cut off": ("a.scw", lambda: zipped_scene()[:-700], "no whole archive"),
    "scw without header": ("a.scw", lambda: native(drop("zarr.json")), "has no 'zarr.json'"),
    "scw header no json": ("a.scw", lambda: native(swap("zarr.json", b"{{{")), "no Scenewright scene"),
    "scw foreign zarr": ("a.scw", lambda: native(swap("zarr.json", b'{"zarr_format": 3}')), "no Scenewright scene"),
    "scw without labels": ("a.scw", lambda: native(drop("labels/zarr.json")), "'labels'"),
    "scw lost chunk": ("a.scw", lambda: native(drop("labels/c/1/0/0")), "has no 'labels/c/1/0/0'"),
    "scw short chunk": ("a.scw", lambda: native(swap("labels/c/1/0/0", bytes(99))), "99 bytes, not 20480"),
    "scw newer": ("a.scw", lambda: native(lie("version", 99)), r"newer version \(layout 99.*update Scenewright"),
    "scw version 0": ("a.scw", lambda: native(lie("version", 0)), "unknown layout 0"),
    "scw version word": ("a.scw", lambda: native(lie("version", "x")), "no Scenewright scene"),
    "scw huge": ("a.scw", lambda: native(lie("grid.shape", [10**9, 10**9, 10**9])), "promises .* chunks"),
    "scw high": ("a.scw", lambda: native(lie("grid.shape", [70, 66, 10**9])), "20480 bytes, not 4096000000000"),
    "scw flat": ("a.scw", lambda: native(lie("grid.shape", [70, 66])), "header is damaged"),
    "scw nothing": ("a.scw", lambda: native(lie("grid.shape", [0, 66, 5])), "header is damaged"),
    "scw size word": ("a.scw", lambda: native(lie("grid.voxel_size", "x")), "header is damaged"),
    "scw strange space": ("a.scw", lambda: native(lie("label_space", "martian")), "no label space 'martian'"),
    "scw broken space": ("a.scw", lambda: native(lie("label_space", {"name": 3})), "header is damaged"),
    "scw strange channel": ("a.scw", lambda: native(lie("channels", ["labels", "x"])), "header is damaged"),
    "scw no channels": ("a.scw", lambda: native(lie("channels", [])), "no 'labels' channel"),
    "scw huge mask": (
        "a.scw",
        lambda: native(lie("masks", [{"name": "m", "lower": [0, 0, 0], "shape": [10**6] * 3}])),
        "has no 'masks/0",
    ),
    "scw metadata list": ("a.scw", lambda: native(lie("metadata", [1])), "header is damaged"),
    "scw unknown id": (
        "a.scw",
        lambda: native(swap("labels/c/0/0/0", b"\xc8" * 20480)),
        "id 200 at voxel .* is no class of 'semantickitti'",
    ),
    # NumPy
    "npz cut off": ("a.npz", lambda: npz(labels=ONES, voxel_size=[1, 1, 1])[:-30], "no whole archive"),
    "npz nothing in it": ("a.npz", lambda: zipped({}), "has no 'labels'"),
    "npz other things": ("a.npz", lambda: npz(depth=ONES, colour=ONES), "has no 'labels' but depth, colour"),
    "npz mask": ("a.npz", lambda: npz(mask=ONES > 0), "holds a mask, not a scene .*--mask"),
    "npz flat": ("a.npz", lambda: npz(labels=ONES[0], voxel_size=[1, 1, 1]), r"uint8 of shape \(5, 4\)"),
    "npz fractions": ("a.npz", lambda: npz(labels=ONES * 0.5, voxel_size=[1, 1, 1]), "float64 of shape"),
    "npz too high": ("a.npz", lambda: npz(labels=ONES * np.int64(300), voxel_size=[1, 1, 1]), "run from 300 to 300"),
    "npz negative": ("a.npz", lambda: npz(labels=ONES.astype(int) - 3, voxel_size=[1, 1, 1]), "run from -2 to -2"),
    "npz no class": ("a.npz", lambda: npz(labels=ONES * 77, voxel_size=[1, 1, 1]), "id 77 at voxel .*120 voxels"),
    "npz no space": (
        "a.npz",
        lambda: npz(labels=ONES, voxel_size=[1, 1, 1], label_space="mars"),
        "no label space 'mars'; shipped are",
    ),
    "npz two sizes": ("a.npz", lambda: npz(labels=ONES, voxel_size=[1, 1]), "three numbers"),
    "npz zero size": ("a.npz", lambda: npz(labels=ONES, voxel_size=[1, 0, 1]), "three numbers"),
    "npz instances": (
        "a.npz",
        lambda: npz(labels=ONES, voxel_size=[1, 1, 1], instances=np.ones((4, 5, 6), np.uint32)),
        r"instances are uint32 \(4, 5, 6\), its labels \(6, 5, 4\)",
    ),
    "npz metadata": ("a.npz", lambda: npz(labels=ONES, voxel_size=[1, 1, 1], metadata="{"), "metadata is no JSON"),
    "npz no voxels": ("a.npz", lambda: npz(labels=ONES[:0], voxel_size=[1, 1, 1]), r"shape \(0, 5, 4\)"),
    "npz lies": (
        "a.npz",
        lambda: zipped({"labels.npy": lying_npy("(99999, 99999, 99999)"), "voxel_size.npy": lying_npy("(3,)")}),
        "promises .* bytes, 8 are there",
    ),
    "npz objects": ("a.npz", lambda: zipped({"labels.npy": npy(np.array([{}]), True)}), "Python objects"),
    "npy lies": ("a.npy", lambda: lying_npy("(99999, 99999, 99999)"), "promises .* 8 are there"),
    "npy negative": ("a.npy", lambda: lying_npy("(-1, -8, 1)"), "promises|no array"),
    "npy cut off": ("a.npy", lambda: npy(ONES)[:-7], "promises .* 120 bytes, 113 are there"),
    "npy header cut": ("a.npy", lambda: npy(ONES)[:40], "no array"),
    "npy huge header": ("a.npy", lambda: b"\x93NUMPY\x02\x00" + b"\xff\xff\xff\x7f" + bytes(99), "no array"),
    "npy objects": ("a.npy", lambda: npy(np.array([{}]), True), "Python objects, which could run code"),
    "npy bare": ("a.npy", lambda: npy(ONES), r"bare array \(6, 5, 4\) .*--axes xyz"),
    # MagicaVoxel
    "vox header only": ("a.vox", lambda: b"VOX \x96\0\0\0", "no MAIN chunk"),
    "vox no voxels": ("a.vox", lambda: vox(), "holds no voxels"),
    "vox nothing visible": ("a.vox", lambda: vox(size=(3, 4, 5), voxels=[]), "no visible voxel"),
    "vox cut off": ("a.vox", lambda: vox(size=(3, 4, 5), voxels=[(1, 2, 3, 4)])[:-3], "bytes are promised"),
    "vox too many": (
        "a.vox",
        lambda: vox(chunk(b"SIZE", 3, 4, 5), chunk(b"XYZI", 2**30, 7)),
        "XYZI chunk at byte 44 is damaged .1073741824 voxels are promised, 4 bytes are there",
    ),
    "vox long chunk": ("a.vox", lambda: vox(b"SIZE" + struct.pack("<ii", 2**30, 0)), "reaches past the end"),
    "vox outside": (
        "a.vox",
        lambda: vox(size=(3, 4, 5), voxels=[(1, 4, 3, 4)]),
        r"outside the model's size \(3, 4, 5\)",
    ),
    "vox negative": ("a.vox", lambda: vox(size=(-3, 4, 5), voxels=[(1, 1, 3, 4)]), "outside the model's size"),
    "vox far apart": (
        "a.vox",
        lambda: vox(
            *(chunk(b"SIZE", 1, 1, 1), chunk(b"XYZI", 1, 1 << 24)),
            transform(0, 1),
            chunk(b"nGRP", 1, 0, 2, 2, 4),
            *(transform(2, 3, "9999 0 0"), chunk(b"nSHP", 3, 0, 1, 0, 0)),
            *(transform(4, 5, "0 9999 9999"), chunk(b"nSHP", 5, 0, 1, 0, 0)),
        ),
        r"2 voxels spread over \(10000, 10000, 10000\)",
    ),
    "vox circle": (
        "a.vox",
        lambda: vox(chunk(b"nGRP", 1, 0, 2, 0, 0), transform(0, 1), size=(1, 1, 1), voxels=[(0, 0, 0, 1)]),
        "runs in a circle|more than 100000 nodes",
    ),
    "vox no model": (
        "a.vox",
        lambda: vox(transform(0, 1), chunk(b"nSHP", 1, 0, 1, 7, 0), size=(1, 1, 1), voxels=[(0, 0, 0, 1)]),
        "node 1 shows model 7, there are 1",
    ),
    "vox offset": ("a.vox", lambda: vox(transform(0, 1, "1 2"), size=(1, 1, 1), voxels=[(0, 0, 0, 1)]), "nTRN chunk"),
    "vox text": ("a.vox", lambda: vox(chunk(b"nTRN", 0, 1, 2**30)), "nTRN chunk at byte 20 is damaged"),
    # SemanticKITTI, CarlaSC, Occ3D
    "label cut off": ("a.label", lambda: raw_labels(40, 9)[:-1], "has 4194303 bytes"),
    "label too long": ("a.label", lambda: raw_labels(40, 9) + b"12", "has 4194306 bytes"),
    "label strange id": (
        "a.label",
        lambda: raw_labels(77, 2_097_150),
        "at byte 4194300: raw id 77 is none of SemanticKITTI, 2 voxels",
    ),
    "label of points": ("a.label", lambda: bytes(4 * 1234), "labels of 1234 single points"),
    "carla strange id": (
        "a.label",
        lambda: np.r_[np.zeros(131_000, "<u4"), np.full(72, 23, "<u4")].tobytes(),
        "at byte 524000: id 23 is none of CarlaSC .* 72 voxels",
    ),
    "points as many as carla voxels": (
        "a.label",
        lambda: np.full(131_072, 40 + (3 << 16), "<u4").tobytes(),
        "labels of 131072 single points",
    ),
    "bits cut off": ("a.bin", lambda: bytes(262_143), "has 262143 bytes, .* has 262144"),
    "invalid too long": ("a.invalid", lambda: bytes(262_145), "has 262145 bytes"),
    "scan": ("a.bin", lambda: SCAN.astype("<f4").tobytes(), "laser scan of 5000 points"),
    "occ3d shape": ("a.npz", lambda: npz(semantics=np.zeros((16, 200, 200), np.uint8)), r"\(16, 200, 200\), not"),
    "occ3d type": ("a.npz", lambda: npz(semantics=np.zeros((200, 200, 16))), "float64"),
    "occ3d id": ("a.npz", lambda: npz(semantics=np.full((200, 200, 16), 18, np.uint8)), "id 18 .* 640000 voxels"),
}


def check(path: Path, expected: str, reader: str | None = None) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=expected) as caught:
            read_scene(path, reader)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    assert "; " in message, "no next step"
    assert peak < 60e6, f"{peak / 1e6:.0f} MB taken for a bad file"


@pytest.mark.parametrize("case", CASES)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, case: str) -> None:
    name, content, expected = CASES[case]
    (tmp_path / name).write_bytes(content())
    check(tmp_path / name, expected)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_zip_bombs_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.npy", b"x" * 100_000)
    data = bytearray(bomb.getvalue())
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = (3_000_000_000).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    check(path, "'labels.npy' promises 3000000000 bytes from")


@pytest.mark.parametrize("ending", ["scw", "npz", "npy", "label", "bin"])
def test_missing_files_and_directories_are_named(tmp_path: Path, ending: str) -> None:
    check(tmp_path / f"none.{ending}", "does not exist; check the name")
    (tmp_path / f"folder.{ending}").mkdir()
    check(tmp_path / f"folder.{ending}", "is a directory, not a scene file; name a file in it")


def test_forbidden_files_and_dying_disks_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.scw"
    path.write_bytes(zipped_scene())
    for number, expected in ((errno.EACCES, "permission denied"), (errno.EIO, "check the disk")):

        def refuse(*_: object, number: int = number, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            check(path, expected)


def test_a_missing_invalid_file_is_named(tmp_path: Path) -> None:
    write_scene(VoxelScene(KITTI), tmp_path / "a.label")
    with pytest.raises(FormatError, match=r"a\.(label|invalid): does not exist"):
        read_scene(tmp_path / "a.label", invalid=True)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda: b"", r"is empty \(0 bytes\)"),
        (lambda: b"text", "no whole archive"),
        (lambda: npz(labels=ONES), "holds no 'mask' but labels"),
        (lambda: npz(mask=ONES), r"mask is uint8 of shape \(6, 5, 4\)"),
        (lambda: npz(mask=ONES[0] > 0), r"bool of shape \(5, 4\)"),
        (lambda: npz(mask=ONES > 0), r"mask has \(6, 5, 4\) voxels, the scene \(5, 6, 4\)"),
    ],
)
def test_bad_masks_are_refused_in_one_line(tmp_path: Path, content: Callable[[], bytes], expected: str) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(content())
    with pytest.raises(FormatError, match=expected) as caught:
        read_mask(path, (5, 6, 4))
    assert "\n" not in str(caught.value)


def good_files() -> dict[str, bytes]:
    scene = VoxelScene.from_labels(np.random.default_rng(2).integers(0, 20, (70, 9, 5)).astype(np.uint8))
    return {
        "a.scw": zipped_scene(),
        "a.npz": npz(labels=scene.read(), voxel_size=[0.2] * 3, origin=[0.0] * 3, label_space="semantickitti"),
        "a.npy": npy(scene.read()),
        "occ.npz": npz(semantics=np.full((200, 200, 16), 17, np.uint8), mask_lidar=np.zeros((200, 200, 16), bool)),
        "a.label": raw_labels(40, 77),
        "carla.label": np.random.default_rng(3).integers(0, 11, 131_072).astype("<u4").tobytes(),
        "a.bin": bytes(range(256)) * 1024,
        "a.vox": written(scene, "a.vox"),
    }


def read_or_message(path: Path, options: dict[str, Any]) -> VoxelScene | str:
    try:
        return read_scene(path, **options)
    except ScenewrightError as error:
        return str(error)


@pytest.mark.parametrize("name", good_files())
def test_damage_anywhere_gives_a_scene_or_one_line(tmp_path: Path, name: str) -> None:
    good = good_files()[name]
    rng = np.random.default_rng(4)
    path = tmp_path / name
    refused = 0
    for turn in range(60):
        data = bytearray(good)
        if turn % 3 == 0:
            del data[int(rng.integers(1, len(data))) :]
        else:
            for place in rng.integers(0, len(data), int(rng.integers(1, 12))):
                data[place] = int(rng.integers(256))
        path.write_bytes(bytes(data))
        found = read_or_message(path, {"axes": "xyz"} if name == "a.npy" else {})
        if isinstance(found, str):
            refused += 1
            assert found.startswith(str(path))
            assert "\n" not in found
        else:
            ids = np.flatnonzero(found.count_classes())
            assert ids[ids < 255].max(initial=0) < len(found.space)
    assert refused >= 20, "a file that was cut off was read"


def test_every_label_space_of_a_file_is_checked(tmp_path: Path) -> None:
    labels = np.full((6, 5, 4), 15, np.uint8)
    for space, good in (("semantickitti", True), ("carlasc", False), ("occ3d", True)):
        (tmp_path / "a.npz").write_bytes(npz(labels=labels, voxel_size=[0.2] * 3, label_space=space))
        if good:
            assert read_scene(tmp_path / "a.npz").space == label_space(space)
        else:
            check(tmp_path / "a.npz", "id 15 at voxel .* is no class of 'carlasc'")
