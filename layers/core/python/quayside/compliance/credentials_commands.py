"""The sub-commands ``quayside credentials``: how old the credentials are, rotating and encrypting them anew."""

import argparse
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.settings import Settings


class Output(Protocol):
    """Where a command writes to."""

    @property
    def write(self) -> TextIO:
        """Standard output."""
        ...


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``credentials`` to the areas of the command line."""
    credentials = areas.add_parser("credentials", help="the client secret and sellers' keys: ages, rotation")
    verbs = credentials.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="how old they are and what needs attention; never what they are")
    show.set_defaults(run=_show, required=("vault_table", "coordination_table", "lwa_client_id"))
    rotate = verbs.add_parser("rotate", help="ask Amazon for a new client secret; nothing is lost meanwhile")
    rotate.set_defaults(run=_rotate, required=("work_queue_url",))
    review = verbs.add_parser("review", help="look at every credential now, as is done every day")
    review.set_defaults(run=_review, required=("coordination_table", "work_queue_url", "vault_key_arn"))
    rewrap = verbs.add_parser("rewrap", help="encrypt all of them anew, for example after rotating the vault key")
    rewrap.set_defaults(run=_review, required=("coordination_table", "work_queue_url", "vault_key_arn"))


def _show(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del arguments
    from quayside.compliance import credentials_service as credentials  # noqa: PLC0415 - help needs no AWS

    shown = credentials.show_credentials(settings.lwa_client_id, clock)
    secret = shown.client_secret
    print(f"client secret  {secret.state}", file=streams.write)
    for name, at in (
        ("in use since", secret.issued_at),
        ("to rotate on", secret.due_at),
        ("ends on", secret.valid_until),
        ("one before until", secret.previous_valid_until),
        ("asked for at", secret.requested_at),
    ):
        if at is not None:
            print(f"  {name:<17} {at}", file=streams.write)
    for each in shown.credentials:
        used = f"last used {each.last_used_at}" if each.last_used_at else "never used"
        line = f"{each.tenant_id}  {each.connection_id}  {each.region}  ends {each.ends_at[:10]}  {used}"
        print(f"{line}  {each.standing}", file=streams.write)
    if not shown.credentials:
        print("No seller's key is stored.", file=streams.write)


def _rotate(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del arguments, settings
    from quayside.sync.service import ask_for_application  # noqa: PLC0415 - as in _show

    ask_for_application("client_secret.rotate", "operator", clock=clock)
    print("Asked for. See in a minute: quayside credentials show", file=streams.write)


def _review(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from quayside.compliance import credentials_service as credentials  # noqa: PLC0415 - as in _show

    count = credentials.ask_for_reviews("operator", clock=clock, everything_anew=arguments.verb == "rewrap")
    print(f"Asked for: {count} sellers' keys and the client secret, within a quarter of an hour.", file=streams.write)
