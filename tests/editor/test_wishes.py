"""What new parts shall be like: asked of models that were taught it, kept with every variant, taken from it again."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeCard, HandRunner, finish, street

from editor.model.choosing import Choosing
from editor.model.document import Document
from editor.model.gallery import facts
from editor.model.options import Options
from editor.model.plan import Extension
from editor.model.studio import Studio
from engine.mask import VoxelMask

TAUGHT = FakeCard("taught", styles=("suburb", "old-town"))
OTHER = FakeCard("other", styles=("village",))
PLAIN = FakeCard("plain")


@pytest.fixture
def studio() -> Studio:
    options = Options(model="taught", seed=4, seed_locked=True)
    return Studio(HandRunner(), [TAUGHT, OTHER, PLAIN], Document(street()), options)


def wishes(studio: Studio) -> tuple[object, ...]:
    sampling = studio.plan.requests()[0].sampling
    return sampling.style, sampling.density, sampling.leaves


def test_wishes_reach_requests_of_every_kind(studio):
    plan = studio.plan
    assert wishes(studio) == (None, None, None)
    plan.set(style="old-town", density=0.25, leaves=0.0)
    assert wishes(studio) == ("old-town", 0.25, 0.0)
    plan.refine(True)
    assert wishes(studio) == ("old-town", 0.25, 0.0)
    plan.refine(False)
    plan.extend(Extension(north=16))
    assert wishes(studio) == ("old-town", 0.25, 0.0)
    assert plan.sampling_for(3).character == plan.character


def test_a_model_is_never_asked_for_what_it_was_not_taught_and_the_wish_waits(studio):
    plan = studio.plan
    plan.set(style="old-town", density=0.25)
    plan.set(model="other")
    assert wishes(studio) == (None, 0.25, None)
    plan.set(model="plain")
    assert wishes(studio) == (None, None, None)
    assert plan.offer().reason == ""
    plan.set(model="taught")
    assert wishes(studio) == ("old-town", 0.25, None)
    for card in (TAUGHT, OTHER, PLAIN):
        plan.set(model=card.name)
        plan.requests()[0].sampling.require_known_by(card)


def test_variants_keep_their_wishes_and_give_them_back(studio):
    plan, choosing = studio.plan, Choosing(studio)
    plan.set(style="suburb", leaves=0.5)
    studio.document.set_mask("All", VoxelMask.of_array(np.ones((16, 16, 12), bool), (0, 0, 0)))
    studio.run()
    finish(studio.jobs, studio.jobs._runner)
    item = studio.gallery.items[-1]
    assert {("Style", "suburb"), ("Leaves", "0.5")} <= set(facts(item))
    assert not any(name == "Density" for name, _ in facts(item))
    plan.set(style="old-town", density=0.9, leaves=None)
    choosing.select(item)
    choosing.reuse_all()
    options = plan.options
    assert (options.style, options.density, options.leaves) == ("suburb", None, 0.5)
    choosing.bring()
    studio.accept()
    sampling = studio.document.scene.metadata["provenance"][-1]["sampling"]
    assert (sampling["style"], sampling["density"], sampling["leaves"]) == ("suburb", None, 0.5)
