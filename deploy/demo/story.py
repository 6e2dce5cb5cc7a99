"""The demo from its beginning to its end: profile, hub, devices, judgement, report.

Steps in order and nothing else: what rows are is `census`'s, what processes are `processes`'s, what
is printed `report`'s. Everything it writes is in one folder, and nothing it starts outlives it
unless it is told to keep it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from deploy.demo import census
from deploy.demo.device import ID_PREFIX, SITES, Progress
from deploy.demo.hub_reader import HubReader, now_ms
from deploy.demo.outcome import Outcome
from deploy.demo.processes import ROOT, ChildDiedError, Crew, end_kept
from deploy.demo.report import next_text, report_text
from deploy.demo.screen import Screen
from deploy.demo.years import Quality, quality
from whitebox_agent import WhiteboxError, register
from whitebox_agent.profile import profile
from whitebox_hub.statistics.classification import binary_performance
from whitebox_wire.codec import SpecBundle
from whitebox_wire.layout import ClassLabelBlock, Layout, Section
from whitebox_wire.messages import Dataset

START_TIMEOUT_S = 60.0
# A device says something every week of its rows; silence for so long means that it hangs.
SILENCE_TIMEOUT_S = 90.0
JUDGE_TIMEOUT_S = 60.0
POLL_S = 0.1
LABEL_HORIZON_S = 90 * 86_400
_OPENING = """\
Three devices run a model that says who is employed, on US census data; a hub watches over them.
The rows stay on the devices: what travels is counts.
"""
ROWS_MIN = 1_000
SPEC = f"{census.MODEL_ID}.spec"
REPORT = "report.json"
# What a run writes, and so what the next one removes.
_OURS = (SPEC, REPORT, *(f"{name}.{kind}" for name in ("hub", *SITES) for kind in ("db*", "log")))


class Story:
    """One run. `folder` is absolute; `rows_max` narrows the live rows."""

    def __init__(self, folder: Path, rows_max: int | None, screen: Screen, crew: Crew) -> None:
        self._folder = folder
        self._rows_max = rows_max
        self._screen = screen
        self._crew = crew

    def tell(self) -> Outcome:
        """Every step in order; raises what is in `_FAILURES` when one does not come off."""
        self._start_hub()
        spec, reference = self._profile()
        http, grpc = self._hub_addresses()
        registered = register(spec, http)
        self._screen.done("hub", f"{http} has the spec and made {registered.monitors} monitors")
        devices = self._walk(spec, grpc)
        hub = HubReader(http)
        self._wait_for_judgement(hub)
        outcome = Outcome(
            devices=devices,
            totals=hub.totals(),
            agents={agent["id"]: agent for agent in hub.agents()},
            alerts=hub.alerts(),
            performance=hub.windows("performance-metrics"),
            drift=hub.windows("drifting-metrics"),
            reference=reference,
            ids_in_hub=self._ids_in_hub(),
            seconds=self._screen.seconds,
            hub=http,
        )
        weeks = f"{outcome.totals['windows']} weeks judged, {len(outcome.alerts)} alerts to pull"
        self._screen.done("monitors", weeks)
        return outcome

    def _profile(self) -> tuple[Path, Quality]:
        """The spec file, and how well the model does on the test set."""
        model = census.Model()
        training, test = (census.reference(split, model) for split in ("train", "test"))
        made = profile(
            training,
            test=test,
            model_id=census.MODEL_ID,
            kind="binary",
            target=census.TARGET,
            prediction=census.PREDICTION,
            scores=census.SCORE,
            types={name: "categorical" for name in census.MEANINGS if name != census.AGE},
            granularity="1W",
            label_horizon_s=LABEL_HORIZON_S,
        )
        path = made.save(self._folder / SPEC)
        rows = f"{training.num_rows:,} training and {test.num_rows:,} test rows of 2015"
        self._screen.done("profile", f"{rows} -> {path.name}, {path.stat().st_size:,} bytes")
        return path, _test_quality(made.bundle)

    def _start_hub(self) -> None:
        addresses = ("--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
        store = self._folder / "hub.db"
        self._crew.start("hub", "whitebox_hub.cli", "serve", "--store", store, *addresses)

    def _hub_addresses(self) -> tuple[str, str]:
        line = self._crew.next_line(START_TIMEOUT_S)
        if line is None or line.text is None:
            raise TimeoutError(f"the hub is not ready after {START_TIMEOUT_S:.0f} s")
        said = dict(word.split("=", 1) for word in line.text.split() if "=" in word)
        return said["http"], said["grpc"]

    def _walk(self, spec: Path, grpc: str) -> list[Progress]:
        """Run the devices over their rows; their last words."""
        limit = () if self._rows_max is None else ("--rows", self._rows_max)
        for site in SITES:
            store = self._folder / f"{site}.db"
            files = ("--spec", spec, "--store", store, "--hub", grpc)
            self._crew.start(site, "deploy.demo.device", site, *files, *limit)
        heard: dict[str, Progress] = {}
        heard_s = time.monotonic()
        while len(heard) < len(SITES) or not all(device.finished for device in heard.values()):
            line = self._crew.next_line(POLL_S)
            if line is not None and line.text is not None:
                heard[line.child] = Progress(**json.loads(line.text))
                heard_s = time.monotonic()
                self._screen.moving(_walking(heard))
            elif time.monotonic() - heard_s > SILENCE_TIMEOUT_S:
                raise TimeoutError(f"no device said anything for {SILENCE_TIMEOUT_S:.0f} s")
        devices = [heard[site] for site in SITES]
        rows = sum(device.rows for device in devices)
        self._screen.done("devices", f"{rows:,} rows of 2016 to 2018 predicted, logged, shipped")
        return devices

    def _wait_for_judgement(self, hub: HubReader) -> None:
        began_ms = now_ms()
        deadline = time.monotonic() + JUDGE_TIMEOUT_S
        while not hub.has_judged_since(began_ms):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the hub has not judged all in {JUDGE_TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)

    def _ids_in_hub(self) -> int:
        """How often the store, or what is still in its log, holds the beginning of every id."""
        stores = self._folder.glob("hub.db*")
        return sum(store.read_bytes().count(ID_PREFIX.encode()) for store in stores)


_FAILURES = (ChildDiedError, TimeoutError, OSError, WhiteboxError)


def _test_quality(bundle: SpecBundle) -> Quality:
    """By the hub's own arithmetic, from the test set's counts."""
    block = Layout.of(bundle.spec).labels
    assert isinstance(block, ClassLabelBlock)  # the model is binary
    [test] = [each for each in bundle.references if each.dataset is Dataset.TEST]
    return quality([asdict(binary_performance(test.vectors[Section.LABELS], block))])


def _walking(heard: dict[str, Progress]) -> str:
    """How far each device is, and what day it is for the last of them.

    >>> _walking({"boston": Progress("boston", 1, 4, 0, 0, 0)})
    '1970-01-01   boston  25 %   worcester   0 %   springfield   0 %'
    """
    day = datetime.fromtimestamp(min(d.until_s for d in heard.values()), timezone.utc)
    shares = dict.fromkeys(SITES, 0)
    shares |= {site: 100 * device.rows // device.rows_total for site, device in heard.items()}
    return f"{day:%Y-%m-%d}" + "".join(f"   {site} {share:3} %" for site, share in shares.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when all is as it should be, 1 when not, 130 when it was stopped."""
    options = _options(arguments)
    folder: Path = options.out.resolve()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    screen = Screen()
    try:
        return _run(options, folder, screen)
    except BrokenPipeError:
        # Nobody reads on; the interpreter is not to trip over it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        screen.say("stopped; nothing was left running")
        return 130
    except TimeoutError as error:
        return _failed(screen, [str(error)])


def _run(options: argparse.Namespace, folder: Path, screen: Screen) -> int:
    screen.say(_OPENING)
    _make_room(folder, screen)
    with Crew(folder) as crew:
        try:
            outcome = Story(folder, options.rows, screen, crew).tell()
        except BrokenPipeError:
            raise
        except _FAILURES as error:
            return _failed(screen, crew.obituaries() or [str(error)])
        _write(folder / REPORT, outcome)
        at = _short(folder)
        screen.say(f"\n{report_text(outcome, f'{at}/hub.db')}\n")
        screen.say(next_text(at, outcome.hub if options.keep else ""))
        if options.keep:
            crew.keep()
    return _failed(screen, outcome.faults())


def _failed(screen: Screen, reasons: Sequence[str]) -> int:
    """Say what failed; the exit status, which is 0 when nothing did."""
    for reason in reasons:
        screen.say()
        print(f"demo failed: {reason}", file=sys.stderr)
    return 1 if reasons else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py", description="Run a hub and three devices on US census data."
    )
    parser.add_argument("--keep", action="store_true", help="leave hub and devices running")
    parser.add_argument("--rows", type=_count, help="of the live rows take so many (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "demo", help="folder to write")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    count = int(text)
    if count < ROWS_MIN:
        raise argparse.ArgumentTypeError(f"at least {ROWS_MIN}")
    return count


def _make_room(folder: Path, screen: Screen) -> None:
    """An empty place for this run: what an earlier one kept running is ended, its files removed."""
    folder.mkdir(parents=True, exist_ok=True)
    ended = end_kept(folder)
    if ended:
        screen.say(f"  ended {ended} processes that an earlier demo had kept running")
    for pattern in _OURS:
        for path in folder.glob(pattern):
            path.unlink()


def _write(path: Path, outcome: Outcome) -> None:
    path.write_text(json.dumps(outcome.document(), indent=1) + "\n", encoding="utf-8")


def _short(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
