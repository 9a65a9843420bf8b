from __future__ import annotations

import numpy as np
import pytest

from engine.geometry.surface import Quads, merge_faces


def blobs(shape: tuple[int, int, int], seed: int, classes: int = 5) -> np.ndarray:
    """Random blocks of classes, so that faces merge, touch and hide one another."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint8)
    for _ in range(40):
        lower = rng.integers(0, shape)
        upper = np.minimum(lower + rng.integers(1, 7, 3), shape)
        labels[tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))] = rng.integers(0, classes)
    return labels


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]].astype(float) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def exposed_faces(labels: np.ndarray, solid: np.ndarray, class_id: int) -> int:
    padded = np.pad(solid, 1)
    count = 0
    for axis in range(3):
        for side in (-1, 1):
            beyond = np.roll(padded, side, axis)[1:-1, 1:-1, 1:-1]
            count += int(((labels == class_id) & solid & ~beyond).sum())
    return count


def normals(quads: Quads) -> np.ndarray:
    c = quads.corners.astype(np.int64)
    n = np.cross(c[:, 1] - c[:, 0], c[:, 3] - c[:, 0])
    return n // np.abs(n).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(4))
def test_the_mesh_encloses_exactly_the_solid_voxels(seed: int) -> None:
    labels = blobs((17, 23, 9), seed)
    quads = merge_faces(labels, [1, 2, 3, 4])
    assert signed_volume(*quads.triangles()) == pytest.approx(int((labels > 0).sum()))


@pytest.mark.parametrize("seed", range(4))
def test_every_exposed_face_is_covered_once_and_faces_its_open_side(seed: int) -> None:
    labels = blobs((13, 19, 7), seed)
    quads = merge_faces(labels, [1, 2, 3, 4])
    covered: list[tuple[int, ...]] = []
    for corners, normal, class_id in zip(quads.corners, normals(quads), quads.ids, strict=True):
        axis = int(np.flatnonzero(normal)[0])
        lower, upper = corners.min(axis=0), corners.max(axis=0)
        upper[axis] += 1
        for place in np.argwhere(np.ones(upper - lower, bool)) + lower:
            inside = place.copy()
            inside[axis] -= normal[axis] > 0
            beyond = inside + normal
            assert labels[tuple(inside)] == class_id
            outside = (beyond < 0).any() or (beyond >= labels.shape).any()
            assert outside or labels[tuple(beyond)] == 0
            covered.append((*inside, *normal))
    assert len(covered) == len(set(covered)) == int(quads.areas().sum())
    assert len(covered) == sum(exposed_faces(labels, labels > 0, i) for i in range(1, 5))


def test_area_per_class_equals_its_exposed_faces_where_unknown_is_open() -> None:
    labels = blobs((15, 11, 8), 9)
    labels[4:7, 2:9, 1:5] = 255
    solid = np.isin(labels, [1, 2, 3, 4])
    quads = merge_faces(labels, [1, 2, 3, 4])
    for class_id in range(1, 5):
        assert quads.of_class(class_id).areas().sum() == exposed_faces(labels, solid, class_id)
        assert (quads.of_class(class_id).ids == class_id).all()
    assert quads.of_class(255).areas().sum() == 0


def test_a_block_becomes_six_rectangles_and_eight_vertices() -> None:
    labels = np.zeros((9, 8, 7), np.uint8)
    labels[2:8, 1:4, 3:5] = 6
    quads = merge_faces(labels, [6])
    vertices, faces = quads.triangles()
    assert (len(quads), len(vertices), len(faces)) == (6, 8, 12)
    assert vertices.min(axis=0).tolist() == [2, 1, 3]
    assert vertices.max(axis=0).tolist() == [8, 4, 5]
    assert sorted(quads.areas().tolist()) == [6, 6, 12, 12, 18, 18]


def test_nothing_solid_gives_no_faces() -> None:
    quads = merge_faces(np.zeros((3, 4, 5), np.uint8), [1])
    vertices, faces = quads.triangles()
    assert (len(quads), len(vertices), len(faces)) == (0, 0, 0)
