"""Starts gateways to be killed, each a process of its own, within milliseconds: everything is loaded before the first.

Arguments as for gateway_process. Each line on standard input starts one; its pid is the answer.
"""

import os
import sys

from tests.live import gateway_process


def main() -> None:
    for _line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)  # its log is no answer
            gateway_process.main()
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.waitpid(pid, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
