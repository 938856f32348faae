"""A gateway in a process of its own, to be killed: database URL, SMSC port, window and perhaps a rate as arguments."""

import sys
import threading

from app.parts import Parts
from app.settings import Settings, SMPPAddress
from sms_gateway.runner import Gateway
from tests.smsc import HURRY


def main() -> None:
    database_url, port, window = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    parts = Parts.open(Settings.from_env({"WARDLINE_DATABASE_URL": database_url}))
    address = SMPPAddress(
        host="127.0.0.1",
        port=port,
        system_id="wardline",
        password="wardline",
        window=window,
        segments_per_second=float(sys.argv[4]) if len(sys.argv) > 4 else 5_000.0,
        source_addr="1069001",
    )
    gateway = Gateway(parts, address, timers=HURRY)
    parts.bus.start()
    gateway.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
