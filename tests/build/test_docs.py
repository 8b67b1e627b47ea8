#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The documents: every link leads to a file and a heading that exist, Secure Boot has its section,
the README is short, and the comment at the head of a source file is, too. A command for all
domains reaches each, whatever it is called. The man page has each word of the agent's JSON.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib.paths import ROOT, project_files  # noqa: E402
from lib.result import check, run  # noqa: E402

README_LINES = 130
HEAD_LINES = 25
# What an administrator with Secure Boot sees, and what helps; each has a section for it.
SECURE_BOOT_IN = ("README.md", "docs/man/freehint.4.scd")
SECURE_BOOT = ("Key was rejected by service", "mokutil --import /var/lib/dkms/mok.pub")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
PRODUCT = ("guest-kmod/", "proto/", "include/", "host-agent/")


def read(path: str) -> str:
    """A file of the tree."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def anchors(text: str) -> set[str]:
    """The names that a renderer of Markdown gives to headings."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            for title in HEADING.findall(text)}


def broken(path: str, text: str) -> list[str]:
    """Links of a document that lead nowhere."""
    wrong = []
    for target, anchor in LINK.findall(text):
        if target.startswith("http"):
            continue
        to = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
        if not os.path.exists(os.path.join(ROOT, to)):
            wrong.append(f"{path}: there is no {target}")
        elif anchor and to.endswith(".md") and anchor not in anchors(read(to)):
            wrong.append(f"{path}: {to} has no heading #{anchor}")
    return wrong


def without_secure_boot() -> list[str]:
    """Documents that do not say what to do with Secure Boot."""
    wrong = []
    for path in SECURE_BOOT_IN:
        section = re.search(r"^#+ secure boot$(.*?)^#+ ", read(path), re.S | re.M | re.I)
        wrong += [f"{path}: no section Secure Boot with \"{words}\"" for words in SECURE_BOOT
                  if not section or words not in section[1]]
    return wrong


def head_length(text: str) -> int:
    """Lines of the first comment of a source file, without its licence line."""
    found = re.search(r"^/\*(?! SPDX).*?\*/", text, re.DOTALL | re.MULTILINE)
    return found[0].count("\n") + 1 if found else 0


def for_all_domains() -> list[str]:
    """Domains that the command for many of them does not reach as they are called."""
    names = ["vm1", "my vm", "  two  blanks ", "it's", "$(id)", "-n", "back\\slash", "*"]
    found = re.search(r"^\| many \| `(.*)` \|$", read("docs/operations.md"), re.MULTILINE)
    assert found is not None
    with tempfile.TemporaryDirectory() as folder:
        listed, seen = os.path.join(folder, "listed"), os.path.join(folder, "seen")
        with open(listed, "w", encoding="utf-8") as file:
            file.write("\n".join(names) + "\n\n")
        # Whoever asks libvirt may read its input to the end.
        for tool, does in (("virsh", f"cat {listed}"),
                           ("freehint", f'cat >>{folder}/read; printf "%s\\n" "$*" >>{seen}')):
            with open(os.path.join(folder, tool), "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{does}\n")
            os.chmod(file.name, 0o755)
        subprocess.run(["bash", "-c", found[1].replace("\\|", "|")], check=False,
                       env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
        calls = read(seen).splitlines()
    missing = [name for name in names if f"enable -- {name}" not in calls]
    wrong = [f"docs/operations.md: many: not reached: {missing}"] if missing else []
    return wrong + [f"docs/operations.md: many: {len(calls)} calls for {len(names)} domains"
                    ] * (len(calls) != len(names))


def json_words() -> set[str]:
    """Events, members and values with a meaning in the agent's JSON lines, by its sources."""
    stats = read("host-agent/agent/migration/stats.c")
    words = {"event", *re.findall(r'"([a-z-]+)", \(json_int_t\)', stats)}
    words |= set(re.findall(r'"event", "([a-z-]+)"', stats))
    words |= set(re.findall(r'"([a-z-]+)", migration_outcome_names', stats))
    for path in ("session/session_note.c", "session/session_query.c"):
        for event in re.findall(r'stats_print_event\("([a-z-]+)", "([a-z-]+)"',
                                read(f"host-agent/agent/{path}")):
            words |= set(event)
    for path, name in (("session/session_note.c", "NOTE"),
                       ("migration/migration_phase.c", "OUTCOME")):
        words |= set(re.findall(rf'\[{name}_[A-Z_]+\] = "([a-z-]+)"',
                                read(f"host-agent/agent/{path}")))
    # before the first note, which is never printed
    return words - {"none"}


def json_of_the_agent() -> list[str]:
    """Words of the agent's JSON lines that its man page lacks, or has without reason."""
    page = "docs/man/freehint-agent.8.scd"
    words = json_words()
    section = re.search(r"^# JSON LINES$(.*?)^# ", read(page), re.S | re.M)
    if not section or len(words) < 40:
        return [f"{page}: no section JSON LINES, or only {len(words)} words of it in the sources"]
    described = set(re.findall(r"\*([a-z][a-z-]*)\*", section[1]))
    return [f"{page}: JSON LINES: sources and page differ: {sorted(words ^ described)}"
            ] * (words != described)


def check_the_checks() -> None:
    """A check that never complains is no check."""
    check(broken("README.md", "[x](nowhere.md)"), "a missing file is not seen")
    check(broken("README.md", "[x](LICENSE) [y](README.md#nothing-here)"),
          "a missing heading is not seen")
    check(head_length("// SPDX\n/*\n * a\n */\n/* b */\n") == 3, "a head is measured wrongly")


def main() -> None:
    """Links, then lengths."""
    check_the_checks()
    wrong = [what for path in project_files("*.md") for what in broken(path, read(path))]
    wrong += without_secure_boot()
    wrong += for_all_domains()
    wrong += json_of_the_agent()
    lines = read("README.md").count("\n")
    if lines > README_LINES:
        wrong.append(f"README.md: {lines} lines, {README_LINES} are allowed")
    for path in project_files("*.c", "*.h"):
        length = head_length(read(path)) if path.startswith(PRODUCT) else 0
        if length > HEAD_LINES:
            wrong.append(f"{path}: {length} lines of head, {HEAD_LINES} are allowed; "
                         "move the theory to docs/")
    check(not wrong, "\n".join(wrong))


if __name__ == "__main__":
    run(main)
