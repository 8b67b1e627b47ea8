#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The patches for QEMU against the sources that they build in: the schema names the commands,
counters, options and members that the extension has, the build its files, and what is to be
linked is what the extension borrows, with TCG and without. That QEMU builds and runs is
what `make qemu-patched` shows.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib.paths import ROOT  # noqa: E402
from lib.result import check, run  # noqa: E402

PATCHES = os.path.join(ROOT, "host-agent", "qemu-patches")
MODULE = os.path.join(ROOT, "host-agent", "qemu-module")

# scripts/qapi/parser.py
DOC_COLUMNS = 70


def read(*path: str) -> str:
    """A file of the tree."""
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def series() -> list[str]:
    """Names of the patches, all that are there."""
    names = read(PATCHES, "series").split()
    there = sorted(name for name in os.listdir(PATCHES) if name.endswith(".patch"))
    check(names == there, f"the series names {names}, there are {there}")
    return names


def added(names: list[str]) -> str:
    """The lines that the patches add."""
    text = "\n".join(read(PATCHES, name) for name in names)
    return "\n".join(line[1:] for line in text.splitlines()
                     if line.startswith("+") and not line.startswith("+++"))


def well_formed(names: list[str]) -> None:
    """Each patch is one that patch(1) can read to its end."""
    for name in names:
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(["git", "apply", "--stat", os.path.join(PATCHES, name)],
                                  cwd=empty, capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"{name}: {done.stderr}")


def same(what: str, described: set[str], real: set[str]) -> None:
    """Two lists that must not drift apart."""
    check(bool(real) and described == real,
          f"{what}: only in the patches {sorted(described - real)}, "
          f"only in the extension {sorted(real - described)}")


def members(schema: str, struct: str) -> set[str]:
    """Names of the members of a struct of the schema."""
    found = re.search(rf"'struct': '{struct}',\n  'data': {{(.*?)}}", schema, re.DOTALL)
    check(found, f"the schema has no {struct}")
    assert found is not None
    return {name.lstrip("*") for name in re.findall(r"'([\w*-]+)': ", found[1])}


def named(key: str) -> str:
    """A key as it is written in C: a text, or one of qmp_names.h."""
    if key.startswith('"'):
        return key.strip('"')
    found = re.search(rf'^#define {key}\t+"([\w-]+)"', read("include", "freehint", "qmp_names.h"),
                      re.MULTILINE)
    assert found is not None, key
    return found[1]


def put_by(function: str, text: str) -> set[str]:
    """Keys that a function puts into its answer."""
    found = re.search(rf"^(?:static|void|QDict) .*\b{function}\(.*\)\n{{", text, re.MULTILINE)
    assert found is not None, function
    body = text[found.start():]
    return {named(key) for key in
            re.findall(r'(?:put\w*|qdict_put_\w+)\((?:dict|answer), ("[\w-]+"|FREEHINT_\w+)',
                       body[:body.index("\n}\n")])}


def described(schema: str) -> None:
    """Commands and what they answer."""
    answer = read(MODULE, "entry", "query_command.c")
    same("commands", set(re.findall(r"'command': '(.*?)'", schema)),
         set(re.findall(r'#define FREEHINT_QMP_\w+\s+"(.*)"',
                        read("include", "freehint", "qmp_names.h"))))
    same("counters", members(schema, "FreehintCounters"),
         set(re.findall(r'X\(\w+, "([\w-]+)"\)', read(MODULE, "gate", "counters.h"))))
    for struct, function in (("FreehintRound", "query_round"), ("FreehintGuest", "query_guest"),
                             ("FreehintRegion", "query_region"), ("FreehintAudit", "query_audit"),
                             ("FreehintInfo", "query_answer")):
        same(struct, members(schema, struct), put_by(function, answer))
    query = read(MODULE, "entry", "give_back_query.c")
    same("FreehintGiveBack", members(schema, "FreehintGiveBack"),
         put_by("put_state", query) | put_by("put_counters", query) |
         put_by("give_back_query", query) |
         set(re.findall(r'X\(\w+, "([\w-]+)"\)', read(MODULE, "give-back", "offer.h"))))
    same("FreehintQueued", members(schema, "FreehintQueued"),
         put_by("mark_clean", read(MODULE, "round", "mark_clean.c")))
    drawn = read(MODULE, "entry", "map_command.c")
    same("map", members(schema, "FreehintMap"), put_by("new_answer", drawn) |
         put_by("put_hinted", drawn) | put_by("put_given", drawn))


def built(text: str) -> None:
    """Files and options."""
    files = {os.path.join(room, name)
             for room in os.listdir(MODULE) if os.path.isdir(os.path.join(MODULE, room))
             for name in os.listdir(os.path.join(MODULE, room)) if name.endswith(".c")}
    files -= {"entry/emulator_version.c", "entry/module_entry.c", "entry/plugin_number.c"}
    same("files", set(re.findall(r"freehint_dir / '([\w-]+/\w+\.c)'", text)), files)
    same("options", members(text, "FreehintProperties") | {"allow-untested", "strict"},
         set(re.findall(r'IS\("(.*?)"\)', read(MODULE, "entry", "module_entry.c"))))


def undefined(*flags: str) -> set[str]:
    """What qemu_linked.c wants of the linker, but for the C library."""
    with tempfile.TemporaryDirectory() as out:
        binary = os.path.join(out, "linked.o")
        source = os.path.join(MODULE, "core", "qemu_linked.c")
        subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu11", "-DFREEHINT_LINKED", *flags,
                        "-c", "-o", binary, source], check=True)
        names = subprocess.run(["nm", "--undefined-only", "--just-symbols", binary],
                               capture_output=True, text=True, check=True).stdout.split()
    return set(names) - {"strcmp", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


def links(text: str) -> None:
    """With and without TCG; the build of QEMU says which."""
    abi = read(MODULE, "core", "qemu_symbols.h")
    borrowed = set(re.findall(r"^\tX\([\w *]+, (\w+),", abi, re.MULTILINE))
    borrowed |= set(re.findall(r'^\tX\(\w+, "(\w+)", "\w+"\)', abi, re.MULTILINE))
    borrowed |= {"qmp_commands", "address_space_memory", "g_free", "register_savevm_live",
                 "memory_global_after_dirty_log_sync", "mlock_state"}
    same("symbols without TCG", undefined(), borrowed)
    same("symbols with TCG", undefined("-DFREEHINT_LINKED_TCG"),
         borrowed | {"tcg_allowed", "tlb_reset_dirty"})
    check("'CONFIG_TCG' in config_all_accel ? ['-DFREEHINT_LINKED_TCG'] : []" in text,
          "the build does not say whether QEMU has TCG")


def documented(text: str) -> None:
    """QEMU 10.2 builds no schema whose comments have longer lines."""
    for line in text.splitlines():
        check(not line.startswith("#") or len(line) <= DOC_COLUMNS,
              f"longer than {DOC_COLUMNS} columns: {line}")


def apply(*arguments: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run apply.sh."""
    return subprocess.run([os.path.join(PATCHES, "apply.sh"), *arguments], cwd=cwd,
                          capture_output=True, text=True, check=False)


def written_as_one() -> None:
    """The file for packages has every source as it is here."""
    with tempfile.TemporaryDirectory() as out:
        file = os.path.join(out, "freehint.patch")
        done = apply("-o", file)
        check(done.returncode == 0 and "CONFIG_IVSHMEM_DEVICE" in done.stderr and
              "aarch64" in done.stderr, done.stderr)
        subprocess.run(["git", "apply", "--whitespace=nowarn",
                        "--include=migration/freehint/*", file], cwd=out,
                       check=True)
        at = os.path.join(out, "migration", "freehint")
        there = {os.path.relpath(os.path.join(folder, name), at)
                 for folder, _, names in os.walk(at) for name in names}
        check(len(there) > 50, f"only {len(there)} files")
        for name in there:
            with open(os.path.join(at, name), encoding="utf-8") as copy:
                check(copy.read() == read(name), f"{name} differs")


def other_series() -> None:
    """A tree of another series is left alone."""
    with tempfile.TemporaryDirectory() as tree:
        os.mkdir(os.path.join(tree, "migration"))
        for name, text in (("migration/ram.c", ""), ("VERSION", "9.2.1\n")):
            with open(os.path.join(tree, name), "w", encoding="utf-8") as file:
                file.write(text)
        done = apply(tree)
        check(done.returncode == 1 and "this is QEMU 9.2.1; the patches are for" in done.stderr,
              done.stderr)
        check(os.listdir(os.path.join(tree, "migration")) == ["ram.c"], "sources were copied")


def grow(tree: str, names: list[str]) -> None:
    """A tree with what the patches look for, where they look for it, and QEMU's VERSION."""
    put(tree, "VERSION", "10.0.13\n")
    put(tree, "migration/ram.c", "")
    for name in names:
        for part in read(PATCHES, name).split("\ndiff --git ")[1:]:
            file = re.search(r"^--- a/(.*)$", part, re.MULTILINE)
            lines: list[str] = []
            for hunk in part.split("\n@@ -")[1:] if file else []:
                head, *body = hunk.splitlines()
                first, count = (int(n) for n in head.split()[0].split(","))
                old = [line[1:] for line in body if line[:1] in (" ", "-")][:count]
                lines += [f"filler {n}" for n in range(len(lines) + 1, first)] + old
            if file:
                put(tree, file[1], "\n".join(lines) + "\n")


def put(tree: str, name: str, text: str) -> None:
    """A file of a tree."""
    os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
    with open(os.path.join(tree, name), "w", encoding="utf-8") as file:
        file.write(text)


def content(tree: str) -> dict[str, str]:
    """All files of a tree."""
    return {os.path.relpath(os.path.join(folder, name), tree): read(folder, name)
            for folder, _, names in os.walk(tree) for name in names}


def devices_of_rhel() -> None:
    """The lines for qemu-kvm.spec choose the device in each list of RHEL's, and need none."""
    found = re.search(r"^for .*?^done$", read(PATCHES, "qemu-kvm.spec.inc"),
                      re.DOTALL | re.MULTILINE)
    assert found is not None
    for archs in (("x86_64", "aarch64"), ("aarch64",), ()):
        with tempfile.TemporaryDirectory() as tree:
            lists = [f"configs/devices/{arch}-softmmu/{arch}-rh-devices.mak" for arch in archs]
            for name in lists:
                put(tree, name, "CONFIG_PCI=y\n")
            subprocess.run(["sh", "-euc", found[0]], cwd=tree, check=True)
            check(content(tree) == {name: "CONFIG_PCI=y\nCONFIG_IVSHMEM_DEVICE=y\n"
                                    for name in lists}, f"{archs}: {content(tree)}")


def all_or_nothing(names: list[str]) -> None:
    """A tree that one patch does not fit stays as it was; one that has all says so."""
    with tempfile.TemporaryDirectory() as tree:
        grow(tree, names)
        fits = read(tree, "system/vl.c")
        put(tree, "system/vl.c", "int main(void);\n")
        before = content(tree)
        done = apply(tree)
        check(content(tree) == before, "a patch was applied, and another was not")
        check(done.returncode == 1 and f"{names[1]} does not apply to QEMU 10.0.13; nothing was "
              "changed" in done.stderr, done.stderr)
        put(tree, "system/vl.c", fits)
        done = apply(".", cwd=tree)
        check(done.returncode == 0, done.stderr)
        after = content(tree)
        left = [name for name in after if name.endswith((".orig", ".rej"))]
        check(not left and "freehint" in after["system/vl.c"], f"left behind: {left}")
        done = apply(tree)
        check(done.returncode == 1 and "has freehint already" in done.stderr, done.stderr)
        check(content(tree) == after, "a second run changes something")


def main() -> None:
    """Form, schema, build."""
    names = series()
    well_formed(names)
    text = added(names)
    documented(text)
    written_as_one()
    other_series()
    all_or_nothing(names)
    devices_of_rhel()
    described(text)
    built(text)
    links(text)


if __name__ == "__main__":
    run(main)
