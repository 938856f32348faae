"""Telephony in a process of its own, with desks that prove themselves: what a test kills. Arguments: agents."""

from __future__ import annotations

import sys
import time

from app.bus import PROOFS
from app.parts import Parts
from app.settings import Settings
from telephony.runner import Telephony


def main(agents: list[str]) -> None:
    settings = Settings.from_env()
    parts = Parts.open(settings)
    assert settings.ami is not None
    telephony = Telephony(parts, settings.ami)
    parts.bus.start()
    telephony.start()
    while True:
        for agent in agents:
            page = f"page of {agent}"
            parts.bus.publish(PROOFS, {"agent": agent, "page": page, "registered": True, "microphone": True})
        time.sleep(0.5)


if __name__ == "__main__":
    main(sys.argv[1:])
