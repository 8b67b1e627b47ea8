# SPDX-License-Identifier: GPL-2.0
"""
What becomes of a line that somebody types in bash and ends with a TAB: prints the arguments
that freehint gets, as "=<argument><argument>=". typed_in_bash.py COMPLETION LINE
"""
from __future__ import annotations

import os
import pty
import select
import sys

PATIENCE_S = 120

# An echo of what was typed must not look like what bash answers.
PREPARE = """PS1=; freehint() {{ printf '=<%s>' "$@"; echo =; }}; . {}; echo re""ady\n"""
END = 'echo e""nd\n'


def until(terminal: int, mark: bytes) -> str:
    """Read until the mark has come."""
    got = b""
    while mark not in got:
        if not select.select([terminal], [], [], PATIENCE_S)[0]:
            sys.exit(f"bash says no more than {got!r}")
        got += os.read(terminal, 4096)
    return got.decode()


def main(completion: str, line: str) -> None:
    """One bash, one line."""
    pid, terminal = pty.fork()
    if not pid:
        os.environ.update(TERM="dumb", HISTFILE="/dev/null", INPUTRC="/dev/null")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    os.write(terminal, PREPARE.format(completion).encode())
    until(terminal, b"ready")
    os.write(terminal, f"{line}\t\n{END}".encode())
    said = until(terminal, b"end\r\n").split("\r\n")
    print(*[answer for answer in said if answer.startswith("=<")])
    os.close(terminal)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
