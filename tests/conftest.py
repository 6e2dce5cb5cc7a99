"""What every test folder shares: a skipped test fails the run, for nothing here may be skipped."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A deadline for each example would be an assertion on this machine's speed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", ())) if reporter else []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for report in _skipped(config):
        terminalreporter.write_line(
            f"SKIPPED {report.nodeid}: make what it needs part of the test, or remove it", red=True
        )
