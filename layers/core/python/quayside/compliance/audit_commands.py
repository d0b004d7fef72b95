"""The sub-commands ``quayside audit``: take a checkpoint now, and verify chains."""

import argparse
import secrets
from pathlib import Path
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.errors import QuaysideError
from quayside.kernel.settings import Settings

_NEEDS = ("audit_table", "audit_bucket")


class AuditBroken(QuaysideError):
    """A chain is not what it was."""

    default_code = "audit_broken"
    default_action = "Follow infra/runbooks/audit-chain-broken.md."


class Output(Protocol):
    """Where a command writes to."""

    @property
    def write(self) -> TextIO:
        """Standard output."""
        ...


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``audit`` to the areas of the command line."""
    audit = areas.add_parser("audit", help="the audit trail: is it what it was?")
    verbs = audit.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="read whole chains and hold them against their checkpoints")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("--tenant", help="the chain of this tenant")
    which.add_argument("--application", action="store_true", help="the chain of what belongs to no tenant")
    which.add_argument("--all", action="store_true", help="every chain (the default)")
    verify.add_argument("--public-key", type=Path, help="PEM file of the proof key, instead of asking KMS")
    verify.set_defaults(run=_verify, required=_NEEDS)
    checkpoint = verbs.add_parser("checkpoint", help="sign where all chains end now, as is done every day")
    checkpoint.set_defaults(run=_checkpoint, required=(*_NEEDS, "proof_key_arn"))


def _verify(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from quayside.compliance import audit_service as service  # noqa: PLC0415 - help needs no AWS
    from quayside.kernel.ids import check_tenant_id  # noqa: PLC0415 - as above
    from quayside.storage import proofs  # noqa: PLC0415 - as above
    from quayside.storage.audit import APPLICATION  # noqa: PLC0415 - as above

    public_key = arguments.public_key.read_text() if arguments.public_key else proofs.public_key()
    if arguments.tenant is not None:
        chains = [str(check_tenant_id(arguments.tenant))]
    else:
        chains = [APPLICATION] if arguments.application else service.every_chain()
    broken = 0
    entries = 0
    for chain in chains:
        checked = service.verify(chain, clock=clock, public_key_pem=public_key)
        found = checked.verified
        entries += found.entries
        broken += not checked.intact
        against = f"against the checkpoint of {checked.checkpoint}" if checked.checkpoint else "no checkpoint yet"
        end = "empty" if found.head is None else f"to entry {found.head.sequence}"
        verdict = "intact" if checked.intact else "BROKEN"
        print(f"{chain:<26}  {verdict}  {found.entries} entries {end}, {against}", file=streams.write)
        if not checked.signature_good:
            print("  The signature of a checkpoint is not good.", file=streams.write)
        for problem in found.problems:
            print(f"  {problem.fault:<9}  {problem.words}", file=streams.write)
        if found.more_problems:
            print(f"  and {found.more_problems} more", file=streams.write)
    print(f"{len(chains)} chains, {entries} entries, {broken} broken", file=streams.write)
    if broken:
        raise AuditBroken(f"{broken} of {len(chains)} audit chains are not what they were.")


def _checkpoint(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del arguments, settings
    from quayside.compliance import audit_service as service  # noqa: PLC0415 - help needs no AWS
    from quayside.storage.keys import DUE_SHARDS  # noqa: PLC0415 - as above

    broken = 0
    for shard in range(DUE_SHARDS):
        after: str | None = None
        while True:
            taken = service.checkpoint(
                shard, after, clock=clock, mark=secrets.token_hex(4), time_is_short=lambda: False
            )
            broken += len(taken.broken)
            if taken.key is not None:
                print(f"{taken.key}  {taken.chains} chains", file=streams.write)
            after = taken.next_chain
            if after is None:
                break
    if broken:
        raise AuditBroken(f"{broken} audit chains are not what their last checkpoint says, and were left out.")
