"""The operator's command line: ``quayside``.

It acts with the operator's own AWS rights (the usual environment: profile, region, ``AWS_ENDPOINT_URL``). Names of
tables and keys come from a deployed stack (``--stack``) or from the same variables the functions use.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TextIO

from quayside.analytics import figures_commands
from quayside.compliance import (
    abuse_commands,
    access_commands,
    audit_commands,
    credentials_commands,
    erasure_commands,
    evidence_commands,
    incident_commands,
    pii_commands,
    retention_commands,
)
from quayside.kernel.clock import Clock, SystemClock, format_instant
from quayside.kernel.errors import QuaysideError
from quayside.kernel.ids import check_connection_id, check_tenant_id
from quayside.kernel.settings import InvalidSettings, Settings, load_settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from quayside.kernel.ids import ConnectionId, TenantId
    from quayside.storage.connection import AwsSession, Store, TenantSession

_OUTPUTS = {
    "CoreTableName": "CORE_TABLE",
    "VaultTableName": "VAULT_TABLE",
    "AuditTableName": "AUDIT_TABLE",
    "AuditBucketName": "AUDIT_BUCKET",
    "ProofKeyArn": "PROOF_KEY_ARN",
    "CoordinationTableName": "COORDINATION_TABLE",
    "IntakeQueueUrl": "INTAKE_QUEUE_URL",
    "WorkQueueUrl": "WORK_QUEUE_URL",
    "VaultKeyArn": "VAULT_KEY_ARN",
    "UserPoolId": "USER_POOL_ID",
}
_PARAMETERS = {"LwaClientId": "LWA_CLIENT_ID", "AmazonApplicationId": "AMAZON_APPLICATION_ID"}
_SHORTEST_SECRET = 20


class CommandFailed(Exception):
    """A command could not be carried out; the message says what to do."""


class _OwnRights:
    """The operator reaches a tenant's data with their own rights, not through a function's role."""

    def __init__(self, system: "AwsSession", clock: Clock) -> None:
        self._system = system
        self._clock = clock

    def open(self, tenant_id: "TenantId") -> "TenantSession":
        """Return the operator's own credentials."""
        del tenant_id
        from quayside.storage.connection import TenantSession  # noqa: PLC0415 - see _store

        return TenantSession(self._system.own_credentials(), self._clock.now() + timedelta(hours=1))


def _store(settings: Settings, clock: Clock) -> "Store":
    from quayside.storage.connection import USES_CREDENTIALS, AwsSession, Store  # noqa: PLC0415 - help needs no AWS

    return Store(settings, USES_CREDENTIALS, clock=clock, sessions=_OwnRights(AwsSession(settings), clock))


def stack_environment(stack: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a deployed stack's outputs and parameters stand for.

    Raises:
        CommandFailed: there is no such stack, or it lacks an output.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in _store

    from quayside.storage.connection import AwsSession  # noqa: PLC0415 - as in _store

    session = AwsSession(load_settings(environ))
    try:
        found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except (BotoCoreError, ClientError) as problem:
        raise CommandFailed(f"The stack '{stack}' could not be read: {problem}") from problem
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    missing = [name for name in _OUTPUTS if name not in outputs]
    if missing:
        raise CommandFailed(f"The stack '{stack}' lacks the outputs {', '.join(missing)}. Is it a Quayside stack?")
    return {
        **{variable: outputs[name] for name, variable in _OUTPUTS.items()},
        **{variable: parameters[name] for name, variable in _PARAMETERS.items() if name in parameters},
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quayside", description="Operate a Quayside deployment.")
    parser.set_defaults(offline=False)
    parser.add_argument("--stack", help="take names from this CloudFormation stack instead of the environment")
    areas = parser.add_subparsers(dest="area", required=True, metavar="AREA")

    application = areas.add_parser("application", help="the application registered at Amazon")
    verbs = application.add_subparsers(dest="verb", required=True, metavar="VERB")
    set_secret = verbs.add_parser("set-secret", help="store the LWA client secret, read from standard input")
    set_secret.add_argument("--client-id", help="the LWA client id (default: LWA_CLIENT_ID)")
    set_secret.set_defaults(run=_set_secret, required=("vault_table", "vault_key_arn"))
    show = verbs.add_parser("show", help="which application this is, and since when its secret is in use")
    show.add_argument("--client-id", help="the LWA client id (default: LWA_CLIENT_ID)")
    show.set_defaults(run=_show_application, required=("vault_table",))

    quarantine = areas.add_parser("quarantine", help="messages that could not be applied")
    verbs = quarantine.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="show them, newest first")
    listing.add_argument("--limit", type=int, default=50, help="how many at most (default: 50)")
    listing.set_defaults(run=_list_quarantine, required=("coordination_table",))
    replay = verbs.add_parser("replay", help="send one through intake again")
    replay.add_argument("entry_id")
    replay.set_defaults(run=_replay, required=("coordination_table", "intake_queue_url"))
    for verb in (listing, replay):
        verb.add_argument("--tenant", help="of this tenant instead of those without a known tenant")
        verb.add_argument("--connection", help="of this connection; goes with --tenant")

    connections = areas.add_parser("connections", help="sellers' accounts")
    verbs = connections.add_subparsers(dest="verb", required=True, metavar="VERB")
    accounts = verbs.add_parser("list", help="show the connections of a tenant")
    accounts.add_argument("--tenant", required=True)
    accounts.set_defaults(run=_list_connections, required=("core_table",))
    _add_sync(areas)
    figures_commands.add_to(areas)
    audit_commands.add_to(areas)
    abuse_commands.add_to(areas)
    credentials_commands.add_to(areas)
    erasure_commands.add_to(areas)
    incident_commands.add_to(areas)
    access_commands.add_to(areas)
    compliance = areas.add_parser("compliance", help="what was promised, and its proof")
    verbs = compliance.add_subparsers(dest="verb", required=True, metavar="VERB")
    evidence_commands.add_report(verbs)
    evidence_commands.add_publish(verbs)
    pii_commands.add_manifests(verbs)
    retention_commands.add_retention(verbs)
    return parser


def _add_sync(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sync = areas.add_parser("sync", help="how datasets are kept in step with Amazon")
    verbs = sync.add_subparsers(dest="verb", required=True, metavar="VERB")
    status = verbs.add_parser("status", help="how every dataset is doing; without --tenant, of all tenants")
    status.add_argument("--state", help="only what is in this state, for example failing")
    status.set_defaults(run=_sync_status, required=("core_table", "coordination_table"))
    plan = verbs.add_parser("plan", help="what every dataset needs next, and why")
    plan.set_defaults(run=_sync_plan, required=("core_table",))
    now = verbs.add_parser("run", help="read a dataset now")
    now.set_defaults(run=_sync_run, required=("core_table", "coordination_table", "work_queue_url"))
    replay = verbs.add_parser("replay", help="send what is in quarantine through again, or load a report again")
    replay.add_argument("--report", help="load this report again, as the reports of the connection name it")
    replay.set_defaults(run=_sync_replay, required=("core_table", "work_queue_url", "intake_queue_url"))
    for verb in (status, plan, now, replay):
        verb.add_argument("--tenant", required=verb is not status, help="of this tenant")
        verb.add_argument("--connection", required=verb in {now, replay}, help="of this connection")
        verb.add_argument("--dataset", required=verb is now, help="only this dataset, for example orders")


def _client_id(arguments: argparse.Namespace, settings: Settings) -> str:
    client_id: str = arguments.client_id or settings.lwa_client_id
    if not client_id:
        raise CommandFailed("Say which application: set LWA_CLIENT_ID, or give --client-id.")
    return client_id


def _set_secret(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    from quayside.storage import vault  # noqa: PLC0415 - as in _store

    client_id = _client_id(arguments, settings)
    if streams.read.isatty():
        print("Paste the client secret and press Enter.", file=streams.error)
    text = streams.read.readline().strip()
    if len(text) < _SHORTEST_SECRET or not text.isprintable() or " " in text:
        raise CommandFailed("That is no LWA client secret. Pipe it in: quayside application set-secret < secret.txt")
    vault.put_client_secret(client_id, vault.Secret(text), clock=clock)
    print(f"Stored. {client_id} uses the new secret within five minutes.", file=streams.write)


def _show_application(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del clock
    from quayside.storage import vault  # noqa: PLC0415 - as in _store

    client_id = _client_id(arguments, settings)
    state = vault.client_secret_state(client_id)
    in_use = f"in use since {format_instant(state.issued_at)}" if state else "not set"
    print(f"application  {settings.amazon_application_id or '(not set)'}", file=streams.write)
    print(f"client id    {client_id}", file=streams.write)
    print(f"secret       {in_use}", file=streams.write)


def _in_scope(arguments: argparse.Namespace, action: Callable[[str | None], None]) -> None:
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as in _store

    if (arguments.tenant is None) != (arguments.connection is None):
        raise CommandFailed("Give --tenant and --connection together, or neither.")
    if arguments.tenant is None:
        action(None)
        return
    with tenant_scope(check_tenant_id(arguments.tenant)):
        action(arguments.connection)


def _list_quarantine(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings, clock
    from quayside.connections import service  # noqa: PLC0415 - as in _store

    def show(connection: str | None) -> None:
        chosen = None if connection is None else check_connection_id(connection)
        found = service.quarantined(chosen, limit=arguments.limit)
        for each in found.entries:
            print(f"{each.received_at}  {each.entry_id}  {each.type or '-'}  {each.reason}", file=streams.write)
        if not found.entries:
            print("Nothing is in quarantine.", file=streams.write)
        elif found.next_cursor:
            print("There are more: raise --limit.", file=streams.write)

    _in_scope(arguments, show)


def _replay(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings, clock
    from quayside.connections import service  # noqa: PLC0415 - as in _store

    def again(connection: str | None) -> None:
        service.replay(None if connection is None else check_connection_id(connection), arguments.entry_id)
        print("Sent through intake again.", file=streams.write)

    _in_scope(arguments, again)


def _list_connections(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings, clock
    from quayside.connections import service  # noqa: PLC0415 - as in _store
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as in _store

    with tenant_scope(check_tenant_id(arguments.tenant)):
        found = service.all_connections()
    for each in found:
        line = f"{each.connection_id}  {each.status:<13} {each.region}  {each.selling_partner_id}  {each.name}"
        print(f"{line}  {each.status_reason}".rstrip(), file=streams.write)
    if not found:
        print("This tenant has no connections.", file=streams.write)


def _sync_status(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings
    if arguments.tenant is None:
        _show_board(arguments, clock, streams)
        return
    from quayside.sync import service  # noqa: PLC0415 - as in _store

    for connection_id in _chosen(arguments):
        with _tenant(arguments):
            shown = service.sync_status(connection_id, clock)
        about = shown.connection
        print(f"{about.connection_id}  {about.status}  {about.region}  {about.name}", file=streams.write)
        if about.trouble is not None:
            print(f"  {about.trouble.title}. {about.trouble.action}", file=streams.write)
        for each in shown.datasets:
            if arguments.dataset not in {None, each.dataset} or arguments.state not in {None, each.state}:
                continue
            age = "never read" if each.age_seconds is None else f"{_span(each.age_seconds)} old"
            line = f"  {each.dataset:<18} {each.state:<8} {age:<12} {each.rows} rows  {each.reason} {each.action}"
            print(line.rstrip(), file=streams.write)


def _show_board(arguments: argparse.Namespace, clock: Clock, streams: "Streams") -> None:
    from quayside.sync import service  # noqa: PLC0415 - as in _store

    if arguments.connection is not None:
        raise CommandFailed("Give --tenant with --connection.")
    cursor: str | None = None
    shown = 0
    while True:
        page = service.board(arguments.state, cursor, clock)
        for each in page.entries:
            if arguments.dataset not in {None, each.dataset}:
                continue
            shown += 1
            place = f"{each.tenant_id}  {each.connection_id}  {each.dataset:<18}"
            print(f"{place} {each.state:<8} since {each.since}  {each.reason}".rstrip(), file=streams.write)
        cursor = page.next_cursor
        if cursor is None:
            break
    if not shown:
        print("Nothing to show.", file=streams.write)


def _sync_plan(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings
    from quayside.sync import service  # noqa: PLC0415 - as in _store

    for connection_id in _chosen(arguments):
        print(connection_id, file=streams.write)
        with _tenant(arguments):
            planned = service.plan(connection_id, clock)
        for each, step in planned:
            if arguments.dataset in {None, each.key}:
                what = step.kind or "nothing"
                print(f"  {each.key:<18} {what:<17} {step.source:<12} {step.because}", file=streams.write)


def _sync_run(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings
    from quayside.sync import service  # noqa: PLC0415 - as in _store

    with _tenant(arguments):
        service.run_now(check_connection_id(arguments.connection), arguments.dataset, clock, cause="operator")
    print(f"Asked for: {arguments.dataset} is read as soon as its turn comes.", file=streams.write)


def _sync_replay(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: "Streams") -> None:
    del settings
    from quayside.operations import service  # noqa: PLC0415 - as in _store
    from quayside.sync.service import Desk  # noqa: PLC0415 - as in _store

    connection_id = check_connection_id(arguments.connection)
    desk = Desk(clock)
    with _tenant(arguments):
        if arguments.report is not None:
            from quayside.sync import reports  # noqa: PLC0415 - as in _store

            reports.replay(connection_id, arguments.report, desk, cause="operator")
            print("The report is loaded again.", file=streams.write)
            return
        found = service.replay_all(connection_id, arguments.dataset, desk)
    if not found.taken_in and not found.anew:
        print("Nothing is in quarantine.", file=streams.write)
        return
    print(f"Sent through intake again: {found.taken_in}. Asked for anew: {found.anew}.", file=streams.write)


def _chosen(arguments: argparse.Namespace) -> "list[ConnectionId]":
    """Return the connection that is named, or all of the tenant's."""
    from quayside.connections import service  # noqa: PLC0415 - as in _store
    from quayside.kernel.ids import ConnectionId  # noqa: PLC0415 - as in _store

    if arguments.connection is not None:
        return [check_connection_id(arguments.connection)]
    with _tenant(arguments):
        return [ConnectionId(each.connection_id) for each in service.all_connections()]


def _tenant(arguments: argparse.Namespace) -> "AbstractContextManager[object]":
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as in _store

    return tenant_scope(check_tenant_id(arguments.tenant))


def _span(seconds: int) -> str:
    from quayside.sync.rules import words_for  # noqa: PLC0415 - as in _store

    return words_for(timedelta(seconds=seconds))


class Streams:
    """Where a command reads from and writes to."""

    def __init__(self, read: TextIO, write: TextIO, error: TextIO) -> None:
        self.read = read
        self.write = write
        self.error = error


def run(
    words: Sequence[str], environ: Mapping[str, str], streams: Streams, *, clock: Clock, store: "Store | None" = None
) -> int:
    """Carry out one command line and return its exit code: 0 done, 1 not done, 2 wrong words.

    Args:
        words: the command line without the program's name.
        environ: where settings come from.
        streams: standard input, output and error.
        clock: the time.
        store: use this store instead of opening one with the operator's rights.
    """
    arguments = _parser().parse_args(list(words))
    try:
        given = {**environ, **(stack_environment(arguments.stack, environ) if arguments.stack else {})}
        settings = load_settings(given, *arguments.required)
        if arguments.offline:
            arguments.run(arguments, settings, clock, streams)
            return 0
        from quayside.storage.connection import binding  # noqa: PLC0415 - as in _store

        with binding(store or _store(settings, clock)):
            arguments.run(arguments, settings, clock, streams)
    except InvalidSettings as problem:
        print(f"quayside: {problem} Set them, or name the stack with --stack.", file=streams.error)
        return 1
    except CommandFailed as problem:
        print(f"quayside: {problem}", file=streams.error)
        return 1
    except QuaysideError as problem:
        print(f"quayside: {problem.detail} {problem.action}", file=streams.error)
        return 1
    return 0


def main() -> None:
    """Carry out the command line of this process."""
    sys.exit(run(sys.argv[1:], os.environ, Streams(sys.stdin, sys.stdout, sys.stderr), clock=SystemClock()))
