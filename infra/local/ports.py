"""Which ports the stack listens on, all of them on loopback."""

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Ports:
    """``app`` is the browser's, ``aws`` the embedded AWS's, ``simulator`` the simulated Amazon's."""

    app: int = 8080
    aws: int = 4566
    simulator: int = 9400


VARIABLES = {"app": "QUAYSIDE_PORT", "aws": "QUAYSIDE_AWS_PORT", "simulator": "QUAYSIDE_SIMULATOR_PORT"}

_TITLES = {"app": "the web app", "aws": "the embedded AWS", "simulator": "the Amazon simulator"}


class PortTakenError(Exception):
    """A port is in use; the message names it and how to choose another."""


def chosen(environment: Mapping[str, str] = os.environ) -> Ports:
    """The usual ports, or those of the environment variables in :data:`VARIABLES`."""
    defaults = asdict(Ports())
    return Ports(**{name: int(environment.get(variable) or defaults[name]) for name, variable in VARIABLES.items()})


def free() -> Ports:
    """Three ports nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return Ports(*(int(each.getsockname()[1]) for each in sockets))


def require_free(ports: Ports) -> None:
    """Raise :class:`PortTakenError` for the first of ``ports`` that somebody else listens on."""
    for name, port in asdict(ports).items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise PortTakenError(
                    f"Port {port}, where {_TITLES[name]} would listen, is in use by another program. "
                    f"Stop that program or choose another port: {VARIABLES[name]}={port + 1} make run"
                ) from error


def answers(port: int) -> bool:
    """Whether somebody listens on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
