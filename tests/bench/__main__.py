"""`make bench`, or `make bench BENCH=adapter`: each figure beside its floor, from one run on one machine."""

from __future__ import annotations

import sys

from tests.bench import (
    adapter,
    board,
    calls,
    cost,
    dialling,
    followup_plans,
    followups,
    importing,
    mass_send,
    page,
    pop,
    questionnaires,
    recordings,
    search,
    segments,
    sms,
    waiting,
)

_BENCHES = {
    "adapter": adapter.measure,
    "board": board.measure,
    "calls": calls.measure,
    "pop": pop.measure,
    "cost": cost.measure,
    "dialling": dialling.measure,
    "followup_plans": followup_plans.measure,
    "followups": followups.measure,
    "import": importing.measure,
    "mass_send": mass_send.measure,
    "search": search.measure_search,
    "lookup": search.measure_lookup,
    "page": page.measure,
    "questionnaires": questionnaires.measure,
    "recordings": recordings.measure,
    "segments": segments.measure,
    "sms": sms.measure,
    "waiting": waiting.measure,
}


def main() -> None:
    names = sys.argv[1:] or list(_BENCHES)
    rows = [row for name in names for row in _BENCHES[name]()]
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, _HEAD, strict=True)]
    for row in (_HEAD, *rows):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)))


_HEAD = ("what", "ours", "floor or peer", "ratio", "aim")

if __name__ == "__main__":
    main()
