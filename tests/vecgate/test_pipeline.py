from __future__ import annotations

import importlib
import pkgutil

from tests.support.stages import Scene

from vecgate import stages as package
from vecgate.pipeline import ORDER, stages
from vecgate.stages.forward import BEFORE
from vecgate.stages.stage import Stage


def test_the_order_is_the_designs() -> None:
    assert [stage.name for stage in ORDER] == [
        "sanitize",
        "identify",
        "inspect",
        "resolve",
        "authorize",
        "limit",
        "approve",
        "forward",
        "mask",
        "record",
    ]


def test_forward_insists_on_every_stage_before_it() -> None:
    names = tuple(stage.name for stage in ORDER)
    assert names[: names.index("forward")] == BEFORE


def test_every_stage_there_is_has_its_place_once() -> None:
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
    assert set(Stage.__subclasses__()) >= set(ORDER)
    ours = [stage for stage in Stage.__subclasses__() if stage.__module__.startswith(package.__name__)]
    assert sorted(stage.name for stage in ours) == sorted(stage.name for stage in ORDER)


def test_stages_share_one_context_and_hold_nothing_else() -> None:
    context = Scene().context
    made = stages(context)
    assert [type(stage) for stage in made] == list(ORDER)
    assert all(vars(stage) == {"context": context} for stage in made)
