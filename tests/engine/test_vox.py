from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from engine.errors import FormatError
from engine.formats.registry import read_scene, write_scene
from engine.formats.vox_graph import default_palette, parse, parse_rotation
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space, label_space_of
from engine.scene import VoxelScene

METADATA = {"provenance": {"task": "generate", "seed": 7}}


def make_labels(shape: tuple[int, int, int], classes: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.1, rng.integers(0, classes, shape), 0).astype(np.uint8)


def chunk(name: str, *parts: int | bytes) -> bytes:
    content = b"".join(p if isinstance(p, bytes) else struct.pack("<i", p) for p in parts)
    return name.encode() + struct.pack("<ii", len(content), 0) + content


def words(**items: str) -> bytes:
    texts = [t.encode() for pair in items.items() for t in pair]
    return struct.pack("<i", len(items)) + b"".join(struct.pack("<i", len(t)) + t for t in texts)


def vox_file(*chunks: bytes) -> bytes:
    main = b"".join(chunks)
    return b"VOX " + struct.pack("<i4sii", 150, b"MAIN", 0, len(main)) + main


@pytest.mark.parametrize("shape", [(9, 14, 5), (300, 20, 7), (257, 513, 3)])
def test_scenes_round_trip_with_their_frame(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    labels = make_labels(shape)
    labels[0, 0, 0], labels[-1, -1, -1] = 0, 0
    scene = VoxelScene.from_labels(
        labels, Grid(shape, (0.2, 0.25, 0.4), (5.0, -6.5, 0.125), "EPSG:7415"), metadata=METADATA
    )
    write_scene(scene, tmp_path / "a.vox")
    again = read_scene(tmp_path / "a.vox")
    assert np.array_equal(again.read(), labels)
    assert again.grid == scene.grid
    assert again.space == scene.space
    assert again.metadata == METADATA


def test_models_of_a_large_scene_lie_where_magicavoxel_draws_them(tmp_path: Path) -> None:
    """A model's voxel v is drawn at v - floor(size / 2) + offset; the file is taken apart here by hand."""
    labels = make_labels((300, 20, 7))
    write_scene(VoxelScene.from_labels(labels), tmp_path / "a.vox")
    data = (tmp_path / "a.vox").read_bytes()
    at, sizes, models, offsets = 20, [], [], []
    while at < len(data):
        name, length = struct.unpack_from("<4si", data, at)
        content = data[at + 12 : at + 12 + length]
        if name == b"SIZE":
            sizes.append(np.frombuffer(content, "<i4"))
        if name == b"XYZI":
            models.append(np.frombuffer(content, np.uint8, offset=4).reshape(-1, 4))
        if name == b"nTRN" and b"_t" in content:
            length_of_text = struct.unpack_from("<i", content, content.index(b"_t") + 2)[0]
            start = content.index(b"_t") + 6
            offsets.append(np.array(content[start : start + length_of_text].split(), int))
        at += 12 + length
    assert [s.tolist() for s in sizes] == [[256, 20, 7], [44, 20, 7]]
    found = np.zeros_like(labels)
    for size, rows, offset in zip(sizes, models, offsets, strict=True):
        places = rows[:, :3] - size // 2 + offset + [150, 10, 0]
        found[tuple(places.T)] = rows[:, 3] - 1
    assert np.array_equal(found, labels)


def test_the_class_palette_is_embedded(tmp_path: Path) -> None:
    write_scene(VoxelScene.from_labels(make_labels((9, 8, 7))), tmp_path / "a.vox")
    palette = parse((tmp_path / "a.vox").read_bytes()).palette
    assert np.array_equal(palette[1:21], label_space().colours()[:20])


@pytest.mark.parametrize("name", ["occ3d", "carlasc"])
def test_other_label_spaces_round_trip(tmp_path: Path, name: str) -> None:
    space = label_space(name)
    labels = np.random.default_rng(1).integers(0, len(space), (7, 6, 5)).astype(np.uint8)
    write_scene(VoxelScene.from_labels(labels, space=space), tmp_path / "a.vox")
    again = read_scene(tmp_path / "a.vox")
    assert again.space == space
    assert np.array_equal(again.read(), labels)


def test_own_label_spaces_round_trip(tmp_path: Path) -> None:
    data = label_space("carlasc").to_json()
    data["name"], data["classes"][5]["name"] = "mine", "mast"
    scene = VoxelScene.from_labels(make_labels((7, 6, 5), 11), space=label_space_of(data, "test"))
    write_scene(scene, tmp_path / "a.vox")
    assert read_scene(tmp_path / "a.vox").space.to_json() == data


def test_unknown_voxels_are_left_out(tmp_path: Path) -> None:
    labels = make_labels((7, 6, 5))
    labels[3] = UNKNOWN
    write_scene(VoxelScene.from_labels(labels), tmp_path / "a.vox")
    assert np.array_equal(read_scene(tmp_path / "a.vox").read(), np.where(labels == UNKNOWN, 0, labels))
    with pytest.raises(FormatError, match="no solid voxel"):
        write_scene(VoxelScene.from_labels(np.full((3, 3, 3), UNKNOWN, np.uint8)), tmp_path / "b.vox")


@pytest.mark.parametrize("palette", ["urban", "semantickitti"])
def test_colours_of_foreign_files_become_the_most_similar_class(tmp_path: Path, palette: str) -> None:
    space = label_space()
    colours = np.zeros((256, 4), np.uint8)
    colours[99:118, :3] = space.colours(palette)[1:20]
    colours[99:118, :3] ^= 1
    voxels = b"".join(bytes((i, 2, 3, 100 + i)) for i in range(19))
    data = vox_file(chunk("SIZE", 20, 4, 6), chunk("XYZI", 19, voxels), chunk("RGBA", colours.tobytes()))
    (tmp_path / "a.vox").write_bytes(data)
    scene = read_scene(tmp_path / "a.vox", voxel_size=(1, 1, 2))
    assert (scene.grid.shape, scene.grid.voxel_size) == ((20, 4, 6), (1.0, 1.0, 2.0))
    assert np.argwhere(scene.read()).tolist() == [[i, 2, 3] for i in range(19)]
    assert scene.read()[:19, 2, 3].tolist() == list(range(1, 20))


def test_files_without_a_palette_use_magicavoxels_own() -> None:
    palette = default_palette()
    assert palette.shape == (256, 3)
    expected = {1: "ffffff", 2: "ffffcc", 7: "ffccff", 37: "ccffff", 215: "000033", 216: "ee0000", 255: "111111"}
    assert {i: bytes(palette[i]).hex() for i in expected} == expected


def test_a_rotation_is_the_one_of_the_formats_example() -> None:
    code = (1 << 0) | (2 << 2) | (0 << 4) | (1 << 5) | (1 << 6)
    assert parse_rotation(code).tolist() == [[0, 1, 0], [0, 0, -1], [-1, 0, 0]]
    assert parse_rotation(4).tolist() == np.eye(3).tolist()
    with pytest.raises(ValueError, match="no rotation"):
        parse_rotation(0)


def test_turned_moved_and_hidden_models(tmp_path: Path) -> None:
    """One model of 4 x 3 x 2 shown three times: as it is, turned a quarter about z, and hidden."""
    voxels = b"".join(bytes(v) for v in ((0, 0, 0, 1), (3, 0, 0, 2), (0, 2, 1, 3)))
    quarter = (1 << 0) | (0 << 2) | (1 << 4)  # x' = -y, y' = x
    nodes = [chunk("nTRN", 0, words(), 1, -1, -1, 1, words()), chunk("nGRP", 1, words(), 3, 2, 4, 6)]
    for node, frame, hidden in (
        (2, words(_t="10 0 0"), words()),
        (4, words(_t="0 20 5", _r=str(quarter)), words()),
        (6, words(_t="99 99 99"), words(_hidden="1")),
    ):
        nodes += [
            chunk("nTRN", node, hidden, node + 1, -1, 0, 1, frame),
            chunk("nSHP", node + 1, words(), 1, 0, words()),
        ]
    file = parse(vox_file(chunk("SIZE", 4, 3, 2), chunk("XYZI", 3, voxels), *nodes))
    placed = [(p.tolist(), c.tolist()) for p, c in file.graph.place(file.models)]
    straight = [[8, -1, -1], [11, -1, -1], [8, 1, 0]]
    # relative to its pivot (2, 1, 1) the first voxel's centre is (-1.5, -0.5, -0.5), turned (0.5, -1.5, -0.5)
    turned = [[0, 18, 4], [0, 21, 4], [-2, 18, 5]]
    assert placed == [(straight, [1, 2, 3]), (turned, [1, 2, 3])]


def test_edits_in_magicavoxel_outside_the_frame_enlarge_it(tmp_path: Path) -> None:
    labels = make_labels((8, 6, 5))
    scene = VoxelScene.from_labels(labels, Grid((8, 6, 5), origin=(1.0, 2.0, 3.0)))
    write_scene(scene, tmp_path / "a.vox")
    data = (tmp_path / "a.vox").read_bytes().replace(words(_t="0 0 2"), words(_t="2 0 0"))
    (tmp_path / "b.vox").write_bytes(data)
    again = read_scene(tmp_path / "b.vox")
    assert again.grid.shape == (10, 6, 7)
    assert np.allclose(again.grid.origin, (1.0, 2.0, 3.0 - 0.4))
    assert np.array_equal(again.read()[2:, :, :5], labels)


def test_real_files(samples: Path) -> None:
    city = read_scene(samples / "vox" / "voxcity_seattle.vox")
    assert city.grid.shape == (100, 100, 40)
    assert (city.read() > 0).sum() == 35_108
    church = read_scene(samples / "vox" / "mmmm_scene_church1.vox")
    assert church.grid.shape == (124, 124, 68)
    assert (church.read() > 0).sum() == 181_774
