#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A QEMU with freehint built in (host-agent/qemu-patches): its schema describes the commands
as they answer, the object takes the options and refuses nonsense. Skipped on a QEMU that
loads the shared object.
"""
from __future__ import annotations

import os
import sys
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))

from support import check, expect_refusal, step, wait_for  # noqa: E402
from lib.machine import Machine, Spec, linked  # noqa: E402
from lib.qemu import BINARY, Qemu  # noqa: E402
from lib.qmp import Qmp  # noqa: E402
from lib.result import run, skip  # noqa: E402

PREFIXES = ("x-freehint-", "x-query-freehint")
# JSON's names of what Python calls otherwise.
KINDS = {"int": int, "string": str, "boolean": bool}


class Schema:
    """query-qmp-schema, by name."""

    def __init__(self, qmp: Qmp) -> None:
        self.entries = {entry["name"]: entry for entry in qmp.command("query-qmp-schema")}

    def commands(self) -> set[str]:
        """freehint's commands."""
        return {name for name, entry in self.entries.items()
                if entry["meta-type"] == "command" and name.startswith(PREFIXES)}

    def compare(self, name: str, value: Any, where: str) -> None:
        """A value has the type of that name: nothing is missing, nothing else is there."""
        entry = self.entries[name]
        kind = entry["meta-type"]
        if kind == "builtin":
            check(isinstance(value, KINDS[entry["json-type"]]), f"{where} is {value!r}")
        elif kind == "enum":
            check(value in [member["name"] for member in entry["members"]],
                  f"{where} is {value!r}")
        elif kind == "array":
            for item in value:
                self.compare(entry["element-type"], item, f"{where}[]")
        else:
            self._compare_members(entry["members"], value, where)

    def _compare_members(self, members: list[dict[str, Any]], value: dict[str, Any],
                         where: str) -> None:
        """An object."""
        known = {member["name"]: member for member in members}
        check(set(value) <= set(known), f"{where} has {set(value) - set(known)} besides")
        for key, member in known.items():
            check(key in value or "default" in member, f"{where} has no {key}")
            if key in value:
                self.compare(member["type"], value[key], f"{where}.{key}")


def described(vm: Machine) -> None:
    """What the commands answer is what the schema says."""
    schema = Schema(vm.qmp)
    answering = {entry["name"] for entry in vm.qmp.command("query-commands")
                 if entry["name"].startswith(PREFIXES)}
    check(schema.commands() == answering,
          f"described {schema.commands()}, answering {answering}")
    wait_for(lambda: vm.query()["guest"]["present"], "the guest's hello")
    schema.compare(schema.entries["x-query-freehint"]["ret-type"], vm.query(), "answer")
    schema.compare(schema.entries["x-freehint-map"]["ret-type"],
                   vm.qmp.command("x-freehint-map", cells=64), "map")
    step("the schema describes what is answered")


def object_is_checked(vm: Machine) -> None:
    """A second one and nonsense are refused, the first stays."""
    expect_refusal(vm.qmp, "object-add", "one freehint object",
                   {"qom-type": "freehint", "id": "second"})
    expect_refusal(vm.qmp, "object-add", "give 0 to 1000",
                   {"qom-type": "freehint", "id": "second", "first-wait-ms": 1001})
    expect_refusal(vm.qmp, "object-del", "cannot be deleted|in use", {"id": "fh0"})
    step("the object is checked")


def object_comes_first() -> None:
    """It has to be there before the devices; a machine that runs has them."""
    none = ["-machine", "none", "-nodefaults", "-display", "none"]
    with Qemu(none, name="late") as vm:
        expect_refusal(vm.qmp, "object-add", "on the command line",
                       {"qom-type": "freehint", "id": "late"})
        commands = {entry["name"] for entry in vm.qmp.command("query-commands")}
        check("x-query-freehint" not in commands, "refused, and there nevertheless")
    with Qemu([*none, "-object", "freehint,id=early"], name="early") as vm:
        vm.qmp.command("x-query-freehint")
    step("an object that comes after the devices is refused")


def main() -> None:
    """One guest."""
    if not linked(BINARY):
        skip("this QEMU has no freehint built in; make qemu-patched builds one")
    object_comes_first()
    with Machine(Spec(memory_mib=512), name="linked") as vm:
        vm.boot()
        described(vm)
        object_is_checked(vm)


if __name__ == "__main__":
    run(main)
