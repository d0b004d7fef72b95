"""``quayside-simulator``: run the simulated Amazon on its own."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from infra.simulator.clock import SimulatorClock, instant, parse
from infra.simulator.event_bus import DEFAULT_BUS, DEFAULT_SOURCE_PREFIX, EventBridgeDelivery
from infra.simulator.profiles import PROFILES
from infra.simulator.server import Simulator
from infra.simulator.sqs import AMAZON_ACCOUNT, SqsDelivery


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted; returns the exit status."""
    options = _parser().parse_args(arguments)
    clock = None
    if options.start or options.speed != 1.0:
        clock = SimulatorClock(_instant(options.start), speed=options.speed)
    simulator = Simulator(
        clock=clock,
        seed=options.seed,
        state=options.state,
        host=options.host,
        port=options.port,
        deliver_many=SqsDelivery(options.sqs_endpoint, options.sqs_account),
        deliver_events=EventBridgeDelivery(
            options.event_endpoint, bus=options.event_bus, source_prefix=options.event_source_prefix
        ),
    )
    if options.redirect_uri:
        known = simulator.application.redirect_uris
        known.extend(uri for uri in options.redirect_uri if uri not in known)
    known_profiles = {each.profile for each in simulator.world.sellers.values()}
    for profile in options.seller:
        if profile not in known_profiles:
            _say(f"creating seller {profile} …")
            simulator.world.create_seller(profile)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    simulator.start()
    _say(
        f"simulator on {simulator.url} (page, control API), SP-API on {simulator.url}/na /eu /fe, "
        f"time {simulator.clock.now()}"
    )
    stopped.wait()
    _say("saving …")
    simulator.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quayside-simulator",
        description="A Selling Partner API with sellers, orders, stock, quotas, faults and time.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=9400, help="port to listen on, 0 for a free one (default: %(default)s)"
    )
    parser.add_argument("--state", type=Path, help="directory to live in; without it the world is forgotten at the end")
    parser.add_argument("--seed", type=int, default=1, help="seed of a new world (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second (default: %(default)s)")
    parser.add_argument("--start", help="ISO instant at which time begins (default: now)")
    parser.add_argument(
        "--seller",
        action="append",
        default=[],
        choices=sorted(PROFILES),
        help="make sure a seller of this profile exists",
    )
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="register a redirect URI of the application"
    )
    parser.add_argument("--sqs-endpoint", help="where SQS is (default: AWS_ENDPOINT_URL, else AWS)")
    parser.add_argument("--sqs-account", default=AMAZON_ACCOUNT, help="account to send as (default: %(default)s)")
    parser.add_argument("--event-endpoint", help="where EventBridge is (default: AWS_ENDPOINT_URL, else AWS)")
    parser.add_argument(
        "--event-bus", default=DEFAULT_BUS, help="event bus in the destination's account (default: %(default)s)"
    )
    parser.add_argument(
        "--event-source-prefix",
        default=DEFAULT_SOURCE_PREFIX,
        help="how an event's source begins; only partners may use aws. (default: %(default)s)",
    )
    return parser


def _instant(text: str | None) -> datetime | None:
    return instant(parse(text)) if text else None


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
