"""A piece of the worker's work, done by a use case alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from quayside.connections import service as connections
from quayside.kernel.tenancy import tenant_scope
from quayside.sync.service import Notes, Work
from tests.support.amazon import entropy_of

if TYPE_CHECKING:
    from quayside.kernel.clock import Clock
    from quayside.sync.commands import SyncCommand
    from quayside.sync.service import Desk, UseCase


def run_command(
    use_case: UseCase, command: SyncCommand, amazon: object, desk: Desk, clock: Clock, *, uploads: object = None
) -> None:
    """Do what a command of a connected seller asks for; ``amazon`` has the calls that the use case makes."""
    with tenant_scope(command.tenant_id):
        use_case(
            Work(
                command=command,
                amazon=cast("Any", amazon),
                tokens=cast("Any", None),
                downloads=cast("Any", None),
                desk=desk,
                clock=clock,
                entropy=entropy_of(5),
                connection=connections.live(command.connection_id),
                notes=Notes(),
                time_is_short=lambda: False,
                uploads=cast("Any", uploads),
            )
        )
