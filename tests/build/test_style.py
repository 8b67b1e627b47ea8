#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The house rules that a machine can check: licence line and purpose on every file,
tabs in C and shell, line and file length, no traces of somebody's machine.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

MAX_COLUMNS = 100
MAX_LINES = 400
TAB = 8

SPDX = re.compile(r"SPDX-License-Identifier: GPL-2\.0\b")
C_LIKE = (".c", ".h", ".S")
# Languages whose blocks are indented with tabs here.
TABBED = C_LIKE + (".sh",)
CODE = TABBED + (".py",)
MAKE = ("Makefile", "Kbuild")
# Directories of those who wrote this, and hosts nobody else has.
MACHINE = re.compile(r"/(?:w[o]rk|r[o]ot|h[o]me/\w+|Users/\w+)/|\.i[n]ternal\b|\blocalhost:\d{4}\b")
# Data that is measured, generated or somebody else's words.
NOT_TEXT = re.compile(r"^(LICENSE|.*\.patch$|tests/golden/|tests/fuzz/corpus/|docs/performance/)")


def files() -> list[str]:
    """Paths of the project's files, from the top of the tree."""
    try:
        out = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
            capture_output=True, text=True, check=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        out = [os.path.relpath(os.path.join(directory, name), ROOT)
               for directory, _, names in os.walk(ROOT) for name in names]
        out = [path for path in out if not path.startswith("build/")]
    return sorted(path for path in set(out) if os.path.isfile(os.path.join(ROOT, path)))


def width(line: str) -> int:
    """Columns a line takes."""
    return len(line.expandtabs(TAB))


def purpose(path: str, lines: list[str]) -> bool:
    """Is there a comment that says what the file is for, near its top?"""
    head = "\n".join(line for line in lines[:12] if not SPDX.search(line)
                     and not line.startswith("#!"))
    if path.endswith(".py"):
        return '"""' in head
    if path.endswith(C_LIKE):
        return "/*" in head
    return re.search(r"^# \w", head, re.M) is not None


def check_head(path: str, lines: list[str]) -> list[str]:
    """Licence line and purpose."""
    complaints = []
    if not any(SPDX.search(line) for line in lines[:2]):
        complaints.append("1: no SPDX line")
    if not purpose(path, lines):
        complaints.append("1: no comment says what the file is for")
    return complaints


def check_line(path: str, line: str) -> list[str]:
    """What may be wrong with one line."""
    complaints = []
    if line != line.rstrip():
        complaints.append("blanks at the end")
    if MACHINE.search(line):
        complaints.append("names somebody's machine")
    if path.endswith(CODE) or os.path.basename(path) in MAKE:
        # Messages stay in one piece, so that they can be searched for.
        message = path.endswith(C_LIKE) and re.search(r'"[^"]{20,}"', line)
        if width(line) > MAX_COLUMNS and not message:
            complaints.append(f"{width(line)} columns, {MAX_COLUMNS} are allowed")
    if path.endswith(TABBED) and re.match(r" {8}| +\t", line):
        complaints.append("indented with blanks")
    if path.endswith(".py") and "\t" in line:
        complaints.append("tab in Python")
    return complaints


def check_file(path: str, text: str) -> list[str]:
    """All complaints about one file, each with its line number."""
    lines = text.split("\n")
    complaints = []
    code = path.endswith(CODE) or os.path.basename(path) in MAKE
    if code:
        complaints += check_head(path, lines)
        if len(lines) - 1 > MAX_LINES:
            complaints.append(f"{len(lines) - 1}: more than {MAX_LINES} lines")
    if not text.endswith("\n") or text.endswith("\n\n"):
        complaints.append(f"{len(lines)}: ends with other than one newline")
    for number, line in enumerate(lines, 1):
        complaints += [f"{number}: {what}" for what in check_line(path, line)]
    return complaints


GOOD = "// SPDX-License-Identifier: GPL-2.0\n/*\n * Purpose.\n */\nint x;\n"

# Each has to draw exactly the complaint beside it: a check that never complains
# is no check.
FAULTS = [
    ("a.c", GOOD, None),
    ("a.c", GOOD.replace("SPDX", "SPXD"), "no SPDX line"),
    ("a.c", "// SPDX-License-Identifier: GPL-2.0\nint x;\n", "what the file is for"),
    ("a.c", GOOD + "        int y;\n", "indented with blanks"),
    ("a.c", GOOD + "int y; \n", "blanks at the end"),
    ("a.c", GOOD + "\t" * 12 + "int y;\n", "columns"),
    ("a.c", GOOD + "\t" * 8 + 'say("%s");\n' % ("long " * 12), None),
    ("a.c", GOOD + "int y;\n" * 400, "more than 400 lines"),
    ("a.c", GOOD + "\n", "one newline"),
    ("a.c", GOOD.rstrip("\n"), "one newline"),
    ("a.md", "see /wo" + "rk/main\n", "machine"),
    ("a.py", '# SPDX-License-Identifier: GPL-2.0\n"""P."""\n\tx\n', "tab in Python"),
]


def check_the_checks() -> list[str]:
    """Complaints about ourselves."""
    wrong = []
    for path, text, expected in FAULTS:
        found = check_file(path, text)
        if (expected is None) != (not found) or \
                any(expected not in complaint for complaint in found):
            wrong.append(f"self-check: '{expected}' was expected, found {found}")
    return wrong


def main() -> int:
    """Print all complaints; 0 when there are none."""
    complaints = check_the_checks()
    paths = [path for path in files() if not NOT_TEXT.match(path)]
    for path in paths:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            try:
                text = file.read()
            except UnicodeDecodeError:
                complaints.append(f"{path}: not UTF-8")
                continue
        complaints += [f"{path}:{complaint}" for complaint in check_file(path, text)]
    print("\n".join(complaints))
    print(f"{len(paths)} files, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
