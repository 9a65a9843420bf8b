"""Meshes of the visible voxel faces, in metres, merged into rectangles.

GLB and OBJ hold one named object with one named material per class; PLY and STL hold one mesh. GLB is y-up by its
standard, so (x, y, z) becomes (x, z, -y); the others are z-up like the scene. Voxels of unknown class are left out,
unless the scene holds nothing else (a bit grid).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import FormatError
from engine.formats.files import replace_file
from engine.geometry.surface import Quads, merge_faces
from engine.labels import UNKNOWN
from engine.scene import VoxelScene

_TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float64)


def write_glb(scene: VoxelScene, path: Path) -> None:
    """Write glTF binary, y-up; provenance and frame go into the scene's extras."""
    import trimesh
    from trimesh.visual.material import PBRMaterial

    meshes = trimesh.Scene(metadata=_about(scene))
    for name, colour, quads in _classes(scene, path):
        vertices, faces = quads.triangles()
        material = PBRMaterial(name=name, baseColorFactor=_linear(colour), metallicFactor=0.0, roughnessFactor=0.9)
        mesh = trimesh.Trimesh(scene.grid.to_metres(vertices) @ _TO_Y_UP.T, faces, process=False)
        mesh.visual = trimesh.visual.TextureVisuals(material=material)
        meshes.add_geometry(mesh, node_name=name, geom_name=name)
    _replace(path, meshes.export(file_type="glb", include_normals=False))


def write_obj(scene: VoxelScene, path: Path) -> None:
    """Write Wavefront OBJ, z-up, rectangles as quads, with its materials in an `.mtl` file beside it."""
    materials = path.with_suffix(".mtl")
    text = [f"# z is up, metres; {json.dumps(_about(scene))}\nmtllib {materials.name}\n"]
    table = []
    before = 1
    for name, colour, quads in _classes(scene, path):
        vertices, places = quads.indexed()
        text.append(f"o {name}\nusemtl {name}\n")
        text.append(_rows("v %.9g %.9g %.9g\n", scene.grid.to_metres(vertices)))
        text.append(_rows("f %d %d %d %d\n", places + before))
        table.append("newmtl {}\nKd {:.6g} {:.6g} {:.6g}\nillum 1\n".format(name, *(colour / 255)))
        before += len(vertices)
    with replace_file(path) as stream, replace_file(materials) as material_stream:
        stream.write("".join(text).encode())
        material_stream.write("\n".join(table).encode())


def write_ply(scene: VoxelScene, path: Path) -> None:
    """Write one binary PLY mesh, z-up, with colour and class id (`class`) per face."""
    quads = merge_faces(scene.read(), _solid_ids(scene, path))
    vertices, faces = quads.triangles()
    ids = np.repeat(quads.ids, 2)
    rows = np.empty(len(faces), [("n", "u1"), ("v", "<i4", 3), ("rgb", "u1", 3), ("class", "u1")])
    rows["n"], rows["v"], rows["rgb"], rows["class"] = 3, faces, scene.space.colours()[ids], ids
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment classes " + " ".join(f"{i}={n}" for i, n in enumerate(scene.space.names)),
        f"comment {json.dumps(_about(scene))}",
        f"element vertex {len(vertices)}",
        *(f"property float {axis}" for axis in "xyz"),
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        *(f"property uchar {name}" for name in ("red", "green", "blue", "class")),
        "end_header\n",
    ]
    metres = scene.grid.to_metres(vertices).astype("<f4")
    _replace(path, "\n".join(header).encode() + metres.tobytes() + rows.tobytes())


def write_stl(scene: VoxelScene, path: Path) -> None:
    """Write one binary STL mesh, z-up; the format knows neither classes nor colours."""
    vertices, faces = merge_faces(scene.read(), _solid_ids(scene, path)).triangles()
    corners = scene.grid.to_metres(vertices)[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    rows = np.zeros(len(faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    rows["normal"] = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    rows["corners"] = corners
    _replace(path, b"Scenewright, metres, z up".ljust(80) + np.uint32(len(faces)).tobytes() + rows.tobytes())


def _classes(scene: VoxelScene, path: Path) -> Iterator[tuple[str, NDArray[np.uint8], Quads]]:
    quads = merge_faces(scene.read(), _solid_ids(scene, path))
    colours = scene.space.colours()
    for class_id in np.unique(quads.ids).tolist():
        name = "unknown" if class_id == UNKNOWN else scene.space.names[class_id]
        yield name, colours[class_id], quads.of_class(class_id)


def _solid_ids(scene: VoxelScene, path: Path) -> tuple[int, ...]:
    counts = scene.count_classes()
    solid = tuple(i for i in scene.space.solid_ids if counts[i])
    if not solid and not counts[UNKNOWN]:
        raise FormatError(path, "would be an empty mesh, the scene has no solid voxel", "fill or generate it first")
    return solid or (UNKNOWN,)


def _about(scene: VoxelScene) -> dict[str, Any]:
    about: dict[str, Any] = {"generator": "Scenewright", "label_space": scene.space.name}
    about["voxel_size"], about["origin"] = list(scene.grid.voxel_size), list(scene.grid.origin)
    if scene.grid.georeference:
        about["georeference"] = scene.grid.georeference
    if "provenance" in scene.metadata:
        about["provenance"] = scene.metadata["provenance"]
    return about


def _linear(colour: NDArray[np.uint8]) -> list[float]:
    """Turn an sRGB colour into the linear RGBA that glTF asks for."""
    c = colour / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return [*linear.tolist(), 1.0]


def _rows(template: str, values: NDArray[np.floating] | NDArray[np.integer]) -> str:
    return template * len(values) % tuple(values.ravel().tolist())


def _replace(path: Path, data: bytes) -> None:
    with replace_file(path) as stream:
        stream.write(data)
