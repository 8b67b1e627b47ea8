#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Dashboard and alerts on real ones: agents write metrics of guests that migrate and give memory
back, node_exporter reads the files, Prometheus scrapes it. Every query of the dashboard has to
return a series, every alert has to be evaluated, and two are to come: a guest whose hints are
refused, and an agent that was killed. A migration is counted, too, when QEMU and agent end with
it, long before the next scrape. `make check-dashboard`; not a part of `make check`, because
it fetches packages when they are not installed.
"""
from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from baremetal import (MIB, PAGE, Machine, accelerators, build, check, hold, in_time, pair, release,
                       run, step, wait_for)
from lib import monitoring
from lib.program import Agent, Program

FREE = range(8 * MIB, 40 * MIB)
# The alerts recognise our files by their path, which is this below /run.
METRICS = "freehint-metrics"
CONFIGURATION = """
global: {{scrape_interval: {scrape}s, evaluation_interval: 1s}}
rule_files: ['{alerts}']
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]
"""
# What Grafana fills in.
FILLED_IN = {"$__rate_interval": "30s", "$__range": "5m", "$instance": ".*", "$vm": ".*"}
# Of systemd, which need not be here, and of an agent that watches memory pressure; their cases
# are in alerts_test.yml.
ELSEWHERE = {"node_systemd_unit_state", "freehint_pressure_watched"}


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Host:
    """node_exporter and Prometheus on one directory of metrics; a context manager."""

    def __init__(self, directory: str, scrape: int = 1) -> None:
        self.scrape = scrape
        self.metrics = os.path.join(directory, METRICS)
        os.mkdir(self.metrics)
        self._directory = directory
        self._stack = ExitStack()
        self.port = free_port()

    def __enter__(self) -> "Host":
        try:
            return self._start()
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> "Host":
        exporter = free_port()
        configuration = os.path.join(self._directory, "prometheus.yml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(alerts=monitoring.ALERTS, exporter=exporter,
                                            scrape=self.scrape))
        self._run("prometheus-node-exporter", "--collector.disable-defaults",
                  "--collector.textfile", f"--collector.textfile.directory={self.metrics}",
                  f"--web.listen-address=127.0.0.1:{exporter}")
        self._run("prometheus", f"--config.file={configuration}",
                  f"--storage.tsdb.path={self._directory}/data",
                  f"--web.listen-address=127.0.0.1:{self.port}").wait_said(
                      "Server is ready to receive web requests")
        return self

    def _run(self, name: str, *arguments: str) -> Program:
        path = monitoring.program(name)
        assert path
        return self._stack.enter_context(Program([path, *arguments]))

    def series(self, expression: str) -> list:
        """What this query returns now."""
        return monitoring.ask(self.port, "query", query=expression)["result"]

    def rules(self) -> dict[str, dict]:
        """All alerts by name."""
        return {rule["name"]: rule for group in monitoring.ask(self.port, "rules")["groups"]
                for rule in group["rules"]}

    def alert_of(self, name: str) -> set[str]:
        """Guests for which this alert has come, or is about to."""
        return {alert["labels"]["vm"] for alert in self.rules()[name]["alerts"]}


def fill_in(expression: str) -> str:
    """The query as Grafana would ask it."""
    for name, value in FILLED_IN.items():
        expression = expression.replace(name, value)
    check("$" not in expression, f"a variable that nobody fills in: {expression}")
    return expression


def agent_of(machine: Machine, host: Host, name: str) -> Agent:
    """Its agent, with metrics as the unit names them."""
    return Agent(machine.shm, machine.agent_qmp,
                 ["--metrics", os.path.join(host.metrics, f"{name}.prom")])


def migrate(src: Machine, dst: Machine) -> None:
    """With all of FREE free."""
    hold(src, dst)
    src.publish(src.wait_round(), FREE)
    src.wait_applied(len(FREE) // PAGE)
    release(src, dst)


def check_queries(host: Host, queries: Iterable[tuple[str, str]]) -> None:
    """Each returns a series, as soon as Prometheus has seen enough."""
    count = 0
    for title, expression in queries:
        asked = fill_in(expression)
        wait_for(lambda asked=asked: host.series(asked), f"a series for '{title}': {asked}", 60,
                 0.2)
        count += 1
    step(f"{count} queries of the dashboard return a series")


def check_alerts(host: Host) -> None:
    """Prometheus evaluates all of them, and every metric that they name is there."""
    def evaluated() -> bool:
        return all(rule["health"] == "ok" for rule in host.rules().values())

    wait_for(evaluated, lambda: f"all alerts to be evaluated: {host.rules()}")
    for expression in monitoring.alert_expressions():
        for name in monitoring.names_in(expression) - ELSEWHERE:
            check(host.series(name), f"{name} of an alert is not there")
    for variable in monitoring.dashboard()["templating"]["list"]:
        for name in re.findall(r"label_values\(.*, (\w+)\)", variable.get("definition", "")):
            check(monitoring.ask(host.port, f"label/{name}/values"), f"no value of {name}")
    step(f"{len(host.rules())} alerts are evaluated")


def attempt(accel: str, directory: str) -> None:
    """Three guests, one migration."""
    with Host(directory) as host, pair(accel) as (src, dst), ExitStack() as stack:
        refused = stack.enter_context(Machine(accel, name="refused"))
        for machine in src, refused:
            machine.wait_boot()
        src.start_hints()
        src.qmp.command("x-freehint-give-back", mode="always")
        refused.fake("hello", "refused")
        stack.enter_context(agent_of(src, host, "source"))
        stack.enter_context(agent_of(refused, host, "refused"))
        lost = stack.enter_context(agent_of(dst, host, "destination"))
        wait_for(lambda: host.series('freehint_attached{vm="source"}'), "the first scrape")
        migrate(src, dst)
        check_queries(host, monitoring.queries())
        check_alerts(host)
        wait_for(lambda: host.alert_of("FreehintHintsRefused") == {"refused"},
                 lambda: f"the alert of refused hints: {host.rules()}")
        check(not host.alert_of("FreehintAgentLost"), f"an agent is lost: {host.rules()}")
        wait_for(lambda: host.series('freehint_attached{vm="destination"} == 1'),
                 "the destination's agent")
        lost.signal(signal.SIGKILL)
        wait_for(lambda: host.alert_of("FreehintAgentLost") == {"destination"},
                 lambda: f"the alert of a lost agent: {host.rules()}")
        step("the alerts of refused hints and of a lost agent come")


def moves_away(accel: str, directory: str) -> None:
    """As with libvirt: QEMU and agent end with the migration. Then the guest comes back."""
    counted = 'increase(freehint_skipped_bytes_total{vm="moves"}[5m]) > 0'
    with Host(directory, scrape=5) as host, pair(accel) as (src, dst):
        src.wait_boot()
        src.start_hints()
        with agent_of(src, host, "moves") as agent:
            wait_for(lambda: host.series('freehint_skipped_bytes_total{vm="moves"}'),
                     "the first scrape")
            migrate(src, dst)
            agent.wait_said("migration completed")
            src.stop()
            agent.stop()
        wait_for(lambda: host.series(counted), f"{counted}: {os.listdir(host.metrics)}", 60)
        outcome = 'freehint_migrations_ended_total{vm="moves",outcome="completed"} == 1'
        check(host.series(outcome), f"the migration has not ended: {outcome}")
        check(not host.series('freehint_attached{vm="moves"}'), "an agent that ended is there")
        with agent_of(src, host, "moves"):
            wait_for(lambda: host.series('freehint_connected{vm="moves"} == 0'), "the next agent")
            left = [name for name in os.listdir(host.metrics) if "moved" in name]
            check(not left, f"the guest is here again, and so is {left}")
            check(not host.series("node_textfile_scrape_error != 0"), "the collector complains")
    step("a migration is counted whose QEMU and agent ended with it")


def once(accel: str, what: Callable[[str, str], None]) -> None:
    """In a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="freehint-monitoring-") as directory:
        what(accel, directory)


def test() -> None:
    """The cases of the alerts, then the real thing."""
    monitoring.unpack()
    with tempfile.TemporaryDirectory(prefix="freehint-alerts-") as directory:
        promtool = monitoring.program("promtool")
        assert promtool
        monitoring.check_alerts(promtool, directory)
    step("each alert comes when it has to")
    build()
    for what in attempt, moves_away:
        in_time(lambda what=what: once(accelerators()[0], what))


if __name__ == "__main__":
    run(test)
