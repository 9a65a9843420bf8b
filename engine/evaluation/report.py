"""A judgement as a page one can read: figures beside floor and ladder, and pictures of scenes that nobody chose."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.evaluation.corruptions import REACTIONS, look_up
from engine.evaluation.judge import HELD_OUT, PLACES, SCENES, Spread, Verdict
from engine.evaluation.structure import QUANTITIES
from engine.geometry.pictures import place_camera, render_maps
from engine.scene import VoxelScene

JSON, PAGE = "report.json", "report.html"
PICTURES = 36
COLUMNS = 6

_TITLES = {
    "f3d": "Frechet distance",
    "kid": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "class_js": "class shares, Jensen-Shannon, bits",
    "tpkl": "label patterns, KL, bits",
    **{f"structure.{name}": f"{title}: Wasserstein-1" for name, title in QUANTITIES.items()},
    "seam_ratio": "seam ratio (1 = invisible)",
    "memorisation_z": "memorisation z (above 1.64 = copies)",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; color: #20242c; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #e1e5ea }
th:first-child, td:first-child { text-align: left } .own { background: #eef4ff; font-weight: 600 }
.must { background: #e8f6ea } .broken { color: #b3261e; font-weight: 600 } img { max-width: 100% }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
"""


def draw_sheet(scenes: Sequence[VoxelScene], columns: int, edge: int = 320) -> NDArray[np.uint8]:
    """Draw scenes from above, side by side, `(rows * edge, columns * edge, 3) uint8`; a short last row is dark."""
    rows = -(-len(scenes) // columns)
    sheet = np.zeros((rows * edge, columns * edge, 3), dtype=np.uint8)
    for i, scene in enumerate(scenes):
        picture = render_maps(scene, place_camera("top", scene, (edge, edge)), ("colour",))["colour"]
        y, x = divmod(i, columns)
        sheet[y * edge : (y + 1) * edge, x * edge : (x + 1) * edge] = picture[:, :, :3]
    return sheet


def write_report(verdict: Verdict, out: Path, pictures: int = PICTURES, columns: int = COLUMNS) -> Iterator[Path]:
    """Write `report.json`, two sheets and `report.html` into a folder; yields each file when it is there."""
    out.mkdir(parents=True, exist_ok=True)
    (out / JSON).write_text(json.dumps(verdict.metrics, indent=1) + "\n", encoding="utf-8")
    yield out / JSON
    for name, scenes in verdict.sets.items():
        shown = [VoxelScene.from_labels(scenes.read(i)) for i in range(min(pictures, scenes.count))]
        sheet = Image.fromarray(draw_sheet(shown, columns, 256))
        sheet.quantize(128, dither=Image.Dither.NONE).save(out / f"{name}.png", optimize=True)  # a third of the bytes
        yield out / f"{name}.png"
    (out / PAGE).write_text(make_page(verdict), encoding="utf-8")
    yield out / PAGE


def make_page(verdict: Verdict) -> str:
    """Give the report as HTML; its pictures are `scenes.png` and `held-out.png` beside it."""
    m, name = verdict.metrics, html.escape(verdict.candidate.name)
    return "\n".join(
        [
            f"<!doctype html><meta charset=utf-8><title>{name}</title><style>{_STYLE}</style>",
            f"<h1>{name}</h1><p>{m['n']} scenes against {m['n']} held-out ones, seeds from {m['data_seed']} on. "
            f"Frechet distance: {html.escape(m['ladder_place'])}.</p>",
            *(f"<p class=broken>{html.escape(line)}</p>" for line in verdict.broken),
            "<h2>Scenes (left) beside held-out scenes, the first of each, none chosen</h2>",
            '<div class=pair><img src="scenes.png" alt="scenes"><img src="held-out.png" alt="held-out scenes"></div>',
            "<h2>Figures, floor and ladder</h2>",
            "<p>The floor compares other held-out scenes with the held-out ones; the ladder does so after making them "
            "worse. Green: the metric must react, and a report without a red line says that it did.</p>",
            _figures(m),
            f"<p>Voxels changed outside a mask: {_show(m['locality'])}.</p>",
            *_control(m),
            *_completion(m),
            *_places(m),
            "<h2>Structure: mean (and from the tenth to the ninetieth hundredth)</h2>",
            _columns(QUANTITIES, {name: _spreads(spreads) for name, spreads in verdict.typical.items()}),
            "<h2>Share of solid voxels</h2>",
            _columns(
                {name: name for name in verdict.shares[SCENES]},
                {name: {k: _show(v) for k, v in part.items()} for name, part in verdict.shares.items()},
            ),
            f"<p>Feature network {m['feature_net_sha256']}</p>",
        ]
    )


def tabulate(verdict: Verdict) -> Iterator[str]:
    """Give the figures as lines for a terminal: metric, candidate, floor, then the ladder."""
    m = verdict.metrics
    yield f"{'':34}{'scenes':>11}{'floor':>11}" + "".join(f"{name[:14]:>16}" for name in m["ladder"])
    for key in _TITLES:
        values = [look_up(part, key) for part in (m, m["floor"], *m["ladder"].values())]
        yield f"{key:34}{_show(values[0]):>11}{_show(values[1]):>11}" + "".join(f"{_show(v):>16}" for v in values[2:])
    yield f"{'locality':34}{_show(m['locality']):>11}"
    for name, words in _orders(m).items():
        yield f"{name:34}{words}"
    for name, row in _gains(m).items():
        yield f"{name:34}" + "  ".join(f"{title} {value}" for title, value in row.items())
    yield f"n {m['n']}, Frechet distance {m['ladder_place']}"


def _figures(m: dict[str, Any]) -> str:
    head = "".join(f"<th>{html.escape(c)}" for c in ("metric", "scenes", "floor", *m["ladder"]))
    rows = []
    for key, title in _TITLES.items():
        cells = [f"<td>{html.escape(title)}<td class=own>{_show(look_up(m, key))}<td>{_show(look_up(m['floor'], key))}"]
        for name, values in m["ladder"].items():
            mark = " class=must" if key in REACTIONS[name] else ""
            cells.append(f"<td{mark}>{_show(look_up(values, key))}")
        rows.append("<tr>" + "".join(cells))
    return f"<table><tr>{head}{''.join(rows)}</table>"


def _completion(m: dict[str, Any]) -> Iterator[str]:
    """Tell what refining predictions is worth."""
    gains = _gains(m)
    if not gains:
        return
    yield f"<h2>Predictions of {m['completion']['n']} held-out scenes, refined</h2>"
    yield "<p>IoU of matter / mean IoU of classes, per cent; of a real scan, the share of its voxels that is right.</p>"
    columns = list(next(iter(gains.values())))
    rows = "".join(
        f"<tr><td>{html.escape(name)}" + "".join(f"<td>{row.get(c, '-')}" for c in columns)
        for name, row in gains.items()
    )
    yield f"<table><tr><th>{''.join(f'<th>{c}' for c in columns)}{rows}</table>"


def _orders(m: dict[str, Any]) -> dict[str, str]:
    """Lay out what a model made to order: what was asked for -> what was found."""
    found = m["control"] or {}
    rows = {}
    if "adherence" in found:
        parts = ", ".join(f"{name} {_show(value)}" for name, value in found["adherence_by_class"].items())
        rows["map followed, mean IoU"] = f"{_show(found['adherence'])} ({parts})"
    for slider in ("density", "leaves"):
        if slider in found:
            rows[f"{slider}, asked: found"] = ", ".join(f"{k}: {_show(v)}" for k, v in found[slider].items())
    if "style" in found:
        shares = ", ".join(f"{style} {_show(value)}" for style, value in found["style"].items())
        rows["style recognised"] = f"{shares} (of held-out scenes {_show(found['style_held_out'])})"
    return rows


def _control(m: dict[str, Any]) -> Iterator[str]:
    """Tell whether a model does as it is told."""
    rows = _orders(m)
    if rows:
        yield f"<h2>Made to order, {m['control']['n']} scenes of each kind</h2>"
        yield _columns({name: name for name in rows}, {"": {name: html.escape(value) for name, value in rows.items()}})


def _gains(m: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Lay out source -> column -> "IoU / mIoU" in per cent; of a real scan, the agreement."""
    figures = {name: row for name, row in (m["completion"] or {}).items() if name != "n"}
    table = {}
    for name, row in figures.items():
        first = next(iter(row.values()))
        table[name] = {"before": f"{100 * first['iou_before']:.1f} / {100 * first['miou_before']:.1f}"}
        for n, found in row.items():
            table[name][_steps(n)] = f"{100 * found['iou_after']:.1f} / {100 * found['miou_after']:.1f}"
    if "real_scan" in m:
        real = m["real_scan"]
        table["real scan"] = {
            "before" if n == "before" else _steps(n): f"{100 * value:.1f}" for n, value in real.items() if n != "voxels"
        }
    return table


def _steps(count: str) -> str:
    return "1 step" if count == "1" else f"{count} steps"


def _places(m: dict[str, Any]) -> Iterator[str]:
    """Tell how far scenes and held-out worlds are from real places."""
    if PLACES not in m:
        return
    figures = m[PLACES]
    yield f"<h2>Compared with {figures['n']} scenes of real places</h2>"
    yield '<p>The same number of held-out worlds stands beside it.</p><img src="places.png" alt="real places">'
    keys = {key: title for key, title in _TITLES.items() if key not in ("seam_ratio", "memorisation_z")}
    columns = {SCENES: figures, HELD_OUT: figures["held_out"]}
    yield _columns(keys, {name: {key: _show(look_up(part, key)) for key in keys} for name, part in columns.items()})


def _columns(rows: Mapping[str, str], columns: Mapping[str, Mapping[str, str]]) -> str:
    """Put named columns side by side; `rows` holds key -> title."""
    head = "".join(f"<th>{html.escape(name)}" for name in columns)
    body = "".join(
        f"<tr><td>{html.escape(title)}" + "".join(f"<td>{column[key]}" for column in columns.values())
        for key, title in rows.items()
    )
    return f"<table><tr><th>{head}{body}</table>"


def _spreads(spreads: Mapping[str, Spread]) -> dict[str, str]:
    return {name: f"{_show(s.mean)} ({_show(s.low)} to {_show(s.high)})" for name, s in spreads.items()}


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
