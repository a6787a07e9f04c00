"""The pipeline: the one place where the order of the stages stands."""

from __future__ import annotations

from vecgate.stages.approve import Approve
from vecgate.stages.authorize import Authorize
from vecgate.stages.context import Context
from vecgate.stages.forward import Forward
from vecgate.stages.identify import Identify
from vecgate.stages.inspect import Inspect
from vecgate.stages.limit import Limit
from vecgate.stages.mask import Mask
from vecgate.stages.record import Record
from vecgate.stages.resolve import Resolve
from vecgate.stages.sanitize import Sanitize
from vecgate.stages.stage import Stage

ORDER: tuple[type[Stage], ...] = (
    Sanitize,
    Identify,
    Inspect,
    Resolve,
    Authorize,
    Limit,
    Approve,
    Forward,
    Mask,
    Record,
)


def stages(context: Context) -> list[Stage]:
    return [stage(context) for stage in ORDER]
