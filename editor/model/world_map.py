"""Growing a scene tile by tile: which ones are wanted, in which order, and how they fare."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from psygnal import Signal

from editor.model.accepting import accepted_by
from editor.model.candidate import Candidate
from editor.model.card import mismatch
from editor.model.options import Options
from editor.model.proposal import Proposal
from editor.model.seams import seam_of
from editor.model.studio import Studio
from editor.model.tile import Estimate, Tile, TileState
from editor.model.tiling import Cell, TileGrid, gaps_as_unknown, grown, world_corner
from engine.edit import Edit
from engine.errors import RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import InpaintRequest, OutpaintRequest
from engine.tasks.work import work_of


class WorldMap:
    """Wanted tiles, made one after the other: each is a proposal like any other, the next one builds on it.

    Attributes
    ----------
    wanted
        Tiles that wait, nearest first.
    is_going
        Whether the next one starts as soon as the last one is decided on.
    takes_all
        Whether tiles are accepted as they come.
    """

    changed = Signal()

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.wanted: list[Cell] = []
        self.is_going, self.takes_all = False, False
        self._grid: TileGrid | None = None
        self._tiles: dict[str, Cell] = {}
        self._offered: list[Proposal] = []
        self._taken: set[str] = set()
        self._options: tuple[Options, str] | None = None
        self._cancelled: set[int] = set()
        self._seams: list[tuple[str, Box]] = []
        self._estimate: tuple[object, Estimate] | None = None
        self._made: dict[Cell, bool] = {}
        self._is_turning = self._turn_again = False
        document = studio.document
        document.scene_replaced.connect(self._on_scene)
        document.opened.connect(self._start_over)
        document.changed.connect(self._on_voxels)
        document.undone.connect(self._on_undone)
        document.redone.connect(self._on_accepted)
        studio.plan.changed.connect(self._on_plan)
        studio.accepted.connect(self._on_accepted)
        studio.proposal_changed.connect(self._turn)
        studio.jobs.changed.connect(lambda _job: self._turn())
        studio.pace.changed.connect(self.changed.emit)
        self._on_scene()

    # what is shown

    @property
    def grid(self) -> TileGrid | None:
        """Where tiles lie; `None` where no model suits the scene."""
        return self._grid

    @property
    def reason(self) -> str:
        """Why nothing can be made, in one line; empty where it can."""
        card = self._studio.plan.card
        if card is None:
            return "No model is installed; the scene can still be edited."
        return mismatch(self._studio.document.scene, card)

    def tiles(self) -> Iterator[Tile]:
        """List every tile of the scene, and all beside it and beside wanted ones."""
        if self._grid is None:
            return
        scene, busy = self._studio.document.scene, self._busy()
        columns, rows = self._grid.cells_of(scene)
        own = {(i, j) for i in columns for j in rows}
        made = {c for c in own if self._is_made(c)} | set(self.wanted) | set(busy)
        beside = {n for c in made for n in _neighbours(c)}
        if not made:
            beside = own  # a blank scene: anywhere is a start
        for cell in sorted(own | beside | made):
            yield self._tile(cell, busy, beside)

    def estimate(self) -> Estimate:
        """Say what the wanted tiles will take, before anything starts."""
        plan = self._studio.plan
        key = (tuple(self.wanted), self._studio.document.scene.grid, plan.options, self._studio.pace.version)
        if self._estimate is None or self._estimate[0] != key:
            self._estimate = key, self._count_up()
        return self._estimate[1]

    def _count_up(self) -> Estimate:
        scene, plan = self._studio.document.scene, self._studio.plan
        assert plan.card is not None
        grid, seconds = scene.grid, 0.0
        known, sampling = True, plan.options.sampling(0)
        for cell in self.wanted:
            request = self._request(VoxelScene(grid, scene.space), cell, 0)
            one = self._studio.pace.seconds(work_of(request, plan.card), sampling)
            known, seconds = known and one is not None, seconds + (one or 0.0) * plan.options.variants
            if isinstance(request, OutpaintRequest):
                grid = grown(grid, request.at or (0, 0), request.size)
        voxel = 5 if scene.has_instances else 1
        x, y, z = grid.shape
        before = int(np.prod(scene.grid.shape)) * voxel
        return Estimate(seconds if known else None, before, x * y * z * voxel, (x, y))

    # what one can do

    def toggle(self, cell: Cell) -> None:
        """Want a tile, or no longer; nothing happens where there is nothing to add."""
        if cell in self.wanted:
            self.wanted.remove(cell)
        elif any(t.cell == cell and t.state in ("open", "failed") for t in self.tiles()):
            self._forget_failed(cell)
            self.wanted.append(cell)
            self.wanted.sort(key=self._distance)
        self.wanted = [c for c in self.wanted if self._is_beside(c)]
        self.changed.emit()

    def show(self, cell: Cell) -> bool:
        """Bring the candidates of a tile to the front; tells whether there are any."""
        for proposal in self._find_offered():
            job = self._studio.job_of(proposal.candidate) if self._tiles[proposal.id] == cell else None
            if job is not None:
                self._studio.show(job)
                return True
        return False

    def clear(self) -> None:
        """Want none any more; what is being made goes on."""
        self.wanted.clear()
        self.pause()

    def start(self) -> None:
        """Make the wanted tiles; raises `RequestError` with the reason where that cannot be."""
        if self.reason:
            raise RequestError(self.reason)
        if self.wanted:
            self._is_cut_short()  # what was cancelled before this is no reason to stop now
            self.is_going = True
            self._turn()

    def pause(self) -> None:
        """Start no further tile."""
        self.is_going = False
        self.changed.emit()

    def take_all(self, on: bool) -> None:
        """Accept tiles as they come, or weigh each one."""
        self.takes_all = on
        self._turn()

    @property
    def has_seam(self) -> bool:
        """Whether there is a border between what was there and what was added last."""
        return bool(self._seams)

    def repair_seam(self, voxels: int) -> None:
        """Mask a band of so many voxels on either side of the border of what was added last, as one undo step."""
        if not self._seams:
            return
        document = self._studio.document
        (cx, cy), (_, box) = world_corner(document.scene), self._seams[-1]
        band = seam_of(document.scene, box.shift((-cx, -cy, 0)), voxels)
        if band.is_empty:
            raise RequestError("nothing lies on the other side of the border; add a tile beside what is there")
        document.set_mask("Mask seam", band)

    # the order of events

    def _turn(self) -> None:
        """Do what comes next: accept a tile, start another one. Everything that happens may call this."""
        if self._is_turning:
            self._turn_again = True
            return
        self._is_turning = True
        try:
            self._turn_again = True
            while self._turn_again:
                self._turn_again = False
                self._step()
        finally:
            self._is_turning = False
        self.changed.emit()

    def _step(self) -> None:
        if self._is_cut_short():
            self.is_going = False
        if not self.is_going or self._is_being_put_in():
            return
        on_offer = self._offered = self._find_offered()
        if any(c.state == "failed" for p in on_offer for c in p.candidates):
            self.is_going = False
        elif on_offer:
            self._accept_if_ready(on_offer[-1])
        elif self.wanted:
            self._make(self.wanted.pop(0))
        else:
            self.is_going = False

    def _is_cut_short(self) -> bool:
        """Tell whether a tile was cancelled since the last time, before there was anything to decide on."""
        cancelled = {
            job.id
            for job in self._studio.jobs.jobs
            if job.state == "cancelled" and (proposal := job.owner[0]).id in self._tiles
            if not any(c.state == "ready" for c in proposal.candidates)
        }
        fresh, self._cancelled = cancelled - self._cancelled, cancelled
        return bool(fresh)

    def _find_offered(self) -> list[Proposal]:
        return [p for p in self._studio.proposals if p.id in self._tiles]

    def _is_being_put_in(self) -> bool:
        """Tell whether an accepted tile is still on its way into the scene, on which the next one builds."""
        there = [p for p, _ in self._seams]
        gone = [p for p in self._offered if p not in self._studio.proposals and p.id not in there]
        return any(c.accepted for p in gone for c in p.candidates)

    def _accept_if_ready(self, proposal: Proposal) -> None:
        """Accept a tile; one that comes back was taken back by the user, who decides from now on."""
        is_ready = proposal.candidates and not any(c.is_open for c in proposal.candidates)
        if proposal.id in self._taken:
            self.is_going = False
        elif self.takes_all and is_ready and proposal is self._studio.proposal:
            self._studio.accept()

    def _make(self, cell: Cell) -> None:
        studio = self._studio
        seeds = studio.seeds(studio.plan.options.variants)
        assert self._grid is not None
        assert studio.plan.card is not None
        scene = studio.document.scene
        scene = gaps_as_unknown(scene, self._grid.box(cell, scene), studio.plan.card.window)
        proposal = studio.ask(self._request(scene, cell, seeds[0]))
        self._tiles[proposal.id] = cell
        if len(seeds) > 1:
            studio.ask_more(proposal, [Candidate(self._request(scene, cell, s)) for s in seeds[1:]])

    def _request(self, scene: VoxelScene, cell: Cell, seed: int) -> InpaintRequest | OutpaintRequest:
        """Ask for a tile: as a mask inside the scene, as more of the scene beside it."""
        assert self._grid is not None
        plan, box = self._studio.plan, self._grid.box(cell, scene)
        sampling = plan.sampling_for(seed)
        if scene.box.contains(box):
            return InpaintRequest(scene, VoxelMask.of_box(box), sampling)
        bounds = scene.box.union(box)
        at = (-bounds.lower[0], -bounds.lower[1])
        return OutpaintRequest(scene, bounds.shape[:2], sampling, at, plan.overlap, tiles=(box.shift((*at, 0)),))

    # listening

    def _on_scene(self) -> None:
        """Keep the grid as long as the scene lies on it; else lay another one."""
        plan, scene = self._studio.plan, self._studio.document.scene
        self._made.clear()
        if plan.card is None or self.reason:
            self._grid = None
        elif self._grid is None or self._grid.pitch != plan.tile or not self._grid.carries(scene):
            self._grid = TileGrid.over(scene, plan.card.window, plan.tile, plan.card.cell)
            self.wanted, self.is_going = [], False
        self.changed.emit()

    def _start_over(self) -> None:
        """Nothing that was wanted of another scene is wanted of this one."""
        self._grid = None
        self._tiles, self._seams, self._offered = {}, [], []
        self._taken.clear()
        self._on_scene()

    def _on_plan(self) -> None:
        """Follow the options; the plan also changes with every stroke of a mask, which is nothing to a map."""
        plan = self._studio.plan
        options, self._options = self._options, (plan.options, self.reason)
        if options == self._options:
            return
        if plan.card is not None and (self._grid is None or self._grid.pitch != plan.tile or self.reason):
            self._on_scene()
        else:
            self.changed.emit()

    def _on_voxels(self, box: Box) -> None:
        if self._grid is not None:
            scene = self._studio.document.scene
            i0, j0 = self._grid.cell_at(box.lower[:2], scene)
            i1, j1 = self._grid.cell_at((box.upper[0] - 1, box.upper[1] - 1), scene)
            self._made = {c: m for c, m in self._made.items() if not (i0 <= c[0] <= i1 and j0 <= c[1] <= j1)}
            self.changed.emit()

    def _on_accepted(self, edit: Edit) -> None:
        taken = accepted_by(edit)
        if taken is None:
            return
        proposal, request = taken[0], taken[0].request
        self._taken.add(proposal.id)
        (cx, cy), cell = world_corner(self._studio.document.scene), self._tiles.get(taken[0].id)
        if cell is not None and self._grid is not None:
            self._seams.append((proposal.id, self._grid.box(cell, self._studio.document.scene).shift((cx, cy, 0))))
        elif isinstance(request, OutpaintRequest):
            self._seams.append((proposal.id, request.scene.box.shift((*world_corner(request.scene), 0))))
        self._turn()

    def _on_undone(self, edit: Edit) -> None:
        """What was taken back is not put in again by itself."""
        taken = accepted_by(edit)
        if taken is not None:
            self._seams = [(p, box) for p, box in self._seams if p != taken[0].id]
        self.pause()

    # small questions

    def _busy(self) -> dict[Cell, tuple[TileState, float]]:
        """Tell how tiles fare that are made right now or wait for a decision."""
        found: dict[Cell, tuple[TileState, float]] = {}
        for proposal in self._studio.proposals:
            cell = self._tiles.get(proposal.id)
            if cell is None or not proposal.candidates or not proposal.fits(self._studio.document.scene):
                continue
            jobs = [j for c in proposal.candidates if (j := self._studio.job_of(c)) is not None and j.is_open]
            running = next((j for j in jobs if j.state == "running"), None)
            if running is not None:
                found[cell] = ("running", running.fraction)
            elif jobs:
                found[cell] = ("queued", 0.0)
            else:
                ready = any(c.state == "ready" for c in proposal.candidates)
                found[cell] = ("ready" if ready else "failed", 0.0)
        return found

    def _tile(self, cell: Cell, busy: dict[Cell, tuple[TileState, float]], beside: set[Cell]) -> Tile:
        assert self._grid is not None
        box = self._grid.box(cell, self._studio.document.scene)
        if cell in busy:
            return Tile(cell, box, busy[cell][0], progress=busy[cell][1])
        if cell in self.wanted:
            return Tile(cell, box, "wanted", self.wanted.index(cell) + 1)
        if self._is_made(cell):
            return Tile(cell, box, "accepted" if self._is_new(cell) else "made")
        return Tile(cell, box, "open" if cell in beside else "made")

    def _is_new(self, cell: Cell) -> bool:
        return any(self._tiles.get(name) == cell for name, _ in self._seams)

    def _is_made(self, cell: Cell) -> bool:
        """Tell whether there is any voxel in a tile."""
        if cell not in self._made:
            assert self._grid is not None
            scene = self._studio.document.scene
            inside = self._grid.box(cell, scene).clip(scene.box)
            self._made[cell] = not inside.is_empty and bool((scene.read(inside) != scene.space.empty).any())
        return self._made[cell]

    def _is_beside(self, cell: Cell) -> bool:
        """Tell whether a tile touches the scene, over other wanted ones where need be."""
        reached, todo = set[Cell](), [cell]
        while todo:
            at = todo.pop()
            if any(self._is_made(n) for n in _neighbours(at)) or self._studio.document.is_blank():
                return True
            reached.add(at)
            todo += [n for n in _neighbours(at) if n not in reached and (n in self.wanted or n in self._busy())]
        return False

    def _distance(self, cell: Cell) -> float:
        assert self._grid is not None
        scene = self._studio.document.scene
        a, b = self._grid.box(cell, scene), scene.box
        return float(np.linalg.norm(np.add(a.lower, a.upper) - np.add(b.lower, b.upper)))

    def _forget_failed(self, cell: Cell) -> None:
        for proposal in [p for p in self._studio.proposals if self._tiles.get(p.id) == cell]:
            if all(c.state == "failed" for c in proposal.candidates) and proposal is self._studio.proposal:
                self._studio.discard()


def _neighbours(cell: Cell) -> tuple[Cell, ...]:
    i, j = cell
    return (i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)
