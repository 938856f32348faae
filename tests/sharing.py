"""Which process gets which file, when several share the tests out: one of them the real parts, until none are left."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling

REAL_PARTS = ("tests/live/", "tests/wire/")


class Sharing(LoadFileScheduling):
    """A browser, an Asterisk and an SMSC fill one processor; two such sets beside each other would be late for each
    other's calls. So the first process takes those files, the others begin with the rest.
    """

    def _assign_work_unit(self, node: Any) -> None:
        wants_real = node.gateway.id == "gw0"
        fitting = [scope for scope in self.workqueue if scope.startswith(REAL_PARTS) == wants_real]
        if fitting:
            # The queue gives its first.
            self.workqueue.move_to_end(fitting[0], last=False)
        super()._assign_work_unit(node)
