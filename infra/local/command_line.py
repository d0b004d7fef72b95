"""``quayside-local``: the whole product on this machine, by one command.

run     build what changed, start everything, deploy, fill it with three sellers, print where to look; Ctrl-C stops it
stop    stop what run started (in the background or in another terminal)
reset   stop, and delete everything stored; asks first
status  what runs, and where
search  sell an order with marked buyers' data, then search everything the installation wrote for it and for secrets
"""

import argparse
import json
import os
import signal
import sys
import time
from contextlib import closing
from types import FrameType

from infra.local import ports
from infra.local.building import LOCAL, CommandFailedError
from infra.local.markers import BUYERS_MARKER, search_stack
from infra.local.processes import ProgramEndedError, wait_until
from infra.local.progress import Progress
from infra.local.seeding import Amazon, SeedingError
from infra.local.self_check import NotIsolatedError
from infra.local.stack import AlreadyRunningError, Stack

_EXPECTED = (
    AlreadyRunningError,
    CommandFailedError,
    NotIsolatedError,
    ProgramEndedError,
    SeedingError,
    ports.PortTakenError,
)


_ARRIVES_SECONDS = 20.0
"""How long an order is given to arrive: its notification, its money, its figures."""


class _Stopped(BaseException):
    """Someone asked this process to end."""


def main() -> None:
    """Read the command line and do as told; the exit code is 0 when that worked."""
    parser = argparse.ArgumentParser(
        prog="quayside-local", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start everything")
    run.add_argument("--detach", action="store_true", help="leave it running in the background and return")
    commands.add_parser("stop", help="stop everything that run started")
    commands.add_parser("reset", help="stop, and delete all that is stored (FORCE=1: without asking)")
    commands.add_parser("status", help="what runs")
    commands.add_parser("search", help="search all that is stored for personal data and secrets; prints JSON")
    arguments = parser.parse_args()
    stack = Stack(LOCAL, ports.chosen(), Progress())
    if arguments.command == "run":
        sys.exit(_run(detach=arguments.detach))
    if arguments.command == "stop":
        stack.progress.say("Stopped." if stack.stop() else "Nothing was running.")
    elif arguments.command == "reset":
        sys.exit(_reset(stack))
    elif arguments.command == "search":
        sys.exit(_search(stack))
    else:
        sys.exit(_status(stack))


def _run(*, detach: bool) -> int:
    progress = Progress()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _raise_stopped)
    try:
        stack = Stack.start(LOCAL, ports.chosen(), progress=progress)
        _greet(stack, detach=detach)
        if detach:
            return 0
        try:
            return _watch(stack)
        finally:
            _stop_calmly(stack)
    except _Stopped:
        progress.say("Stopped; your data is kept. `make run` continues where you left.")
        return 0
    except _EXPECTED as error:
        sys.stderr.write(f"\n{error}\n")
        return 1


def _watch(stack: Stack) -> int:
    """Wait until asked to stop, or until something ends by itself."""
    expected = {program.name: program for program in stack.running()}
    while all(program.alive() for program in expected.values()):
        time.sleep(0.5)
    ended = [name for name, program in expected.items() if not program.alive()]
    # Whoever stops a program removes its pid file; a program that fails leaves it.
    if wait_until(lambda: not any(stack.pid_file(name).exists() for name in ended), seconds=2):
        wait_until(lambda: not stack.running(), seconds=60)
        stack.progress.say("Stopped by `make stop`; your data is kept.")
        return 0
    sys.stderr.write(f"\n{' and '.join(ended)} ended unexpectedly; see {', '.join(str(stack.log(n)) for n in ended)}\n")
    return 1


def _stop_calmly(stack: Stack) -> None:
    """Stop everything; a second Ctrl-C does not interrupt the saving."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    stack.stop()


def _greet(stack: Stack, *, detach: bool) -> None:
    width = max(len(person.email) for person in stack.logins)
    lines = [
        "",
        f"  Quayside is ready after {stack.progress.seconds():.0f} s:  {stack.urls.app}",
        "",
        f"  Sign in with the password {stack.logins[0].password} as",
    ]
    lines += [f"    {person.email:<{width}}  {person.organisation}: {person.what}" for person in stack.logins]
    lines += [
        "",
        "  What to click first: sign in as the first seller; the overview shows today's sales, and every number opens",
        "  the card that says how it was made. Then Orders, Stock and Connections. To see an order arrive, press",
        f"  “New order now” on the simulated Amazon's page, {stack.urls.simulator}/, and watch the overview.",
        f"  Codes by e-mail are always 123456. Logs are in {stack.log('aws').parent}.",
        "",
        "  Stop it with: make stop" if detach else "  Ctrl-C stops everything; your data is kept.",
        "",
    ]
    for line in lines:
        print(line, flush=True)


def _reset(stack: Stack) -> int:
    if os.environ.get("FORCE") != "1":
        if not sys.stdin.isatty():
            sys.stderr.write("This deletes everything stored on this machine. To do it without a question: FORCE=1\n")
            return 1
        answer = input(f"Delete all accounts, orders and logs below {stack.state}? Type yes: ")
        if answer.strip().lower() != "yes":
            print("Nothing was deleted.")
            return 1
    stack.reset()
    stack.progress.say("Deleted. `make run` starts afresh.")
    return 0


def _status(stack: Stack) -> int:
    running = stack.running()
    for program in running:
        print(f"{program.name}: process {program.pid}, log {stack.log(program.name)}")
    print(
        f"Quayside runs at {stack.remembered_url()}" if running else "Quayside is not running. Start it with: make run"
    )
    return 0 if running else 3


def _search(stack: Stack) -> int:
    if not stack.running():
        sys.stderr.write("Quayside is not running. Start it with: make run\n")
        return 3
    with closing(Amazon(stack.urls.simulator)) as amazon:
        amazon.mark_buyers(BUYERS_MARKER)
        try:
            amazon.sell()
            time.sleep(_ARRIVES_SECONDS)
            found = search_stack(stack)
        except TimeoutError as late:
            sys.stderr.write(f"{late}\n")
            return 1
        finally:
            amazon.mark_buyers("")
    print(json.dumps(found.document()))
    return 1 if found.hits else 0


def _raise_stopped(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped


if __name__ == "__main__":
    main()
