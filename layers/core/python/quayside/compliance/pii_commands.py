"""``quayside compliance``: the manifests of destroyed data keys, and the key that they are checked with."""

import argparse
from datetime import date
from pathlib import Path
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.errors import InvalidInput, QuaysideError
from quayside.kernel.settings import Settings


class ManifestChanged(QuaysideError):
    """A manifest is not what was signed."""

    default_code = "manifest_changed"
    default_action = "Compare it with the one that `quayside compliance manifest` prints, and treat it as an incident."


class Output(Protocol):
    """Where a command writes to."""

    write: TextIO


def add_manifests(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs ``manifest``, ``verify-manifest`` and ``public-key``."""
    manifest = verbs.add_parser("manifest", help="print the signed manifest of the data keys destroyed on a day")
    manifest.add_argument("--day", type=date.fromisoformat, required=True, help="which day (UTC), like 2026-11-21")
    manifest.add_argument("--to", type=Path, help="write its parts into this folder instead")
    manifest.set_defaults(run=_manifest, required=("audit_table",))
    verify = verbs.add_parser("verify-manifest", help="check manifests against the public key; needs no AWS")
    verify.add_argument("files", nargs="+", type=Path, metavar="FILE")
    verify.add_argument("--public-key", type=Path, required=True, help="PEM file, as `public-key` prints it")
    verify.set_defaults(run=_verify, required=(), offline=True)
    public_key = verbs.add_parser("public-key", help="print the public half of the proof key, to be published")
    public_key.set_defaults(run=_public_key, required=("proof_key_arn",))


def _manifest(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings, clock
    from quayside.compliance import pii_service as service  # noqa: PLC0415 - help needs no AWS

    for number, text in enumerate(service.manifest_texts(arguments.day), 1):
        if arguments.to is None:
            print(text, end="", file=streams.write)
            continue
        arguments.to.mkdir(parents=True, exist_ok=True)
        path = arguments.to / f"personal-data-{arguments.day.isoformat()}-{number}.json"
        path.write_text(text, encoding="utf-8")
        print(path, file=streams.write)


def _verify(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings, clock
    from quayside.compliance import pii_service as service  # noqa: PLC0415 - as above

    try:
        public_key = arguments.public_key.read_text(encoding="utf-8")
        files = [(str(path), path.read_text(encoding="utf-8")) for path in arguments.files]
        checked, between = service.check_files(files, public_key)
    except (OSError, ValueError) as problem:
        raise InvalidInput(f"A file can't be used: {problem}", action="Check the names and try again.") from problem
    for each in checked:
        print(f"{'CHANGED' if each.findings else 'good':<7}  {each.name}", file=streams.write)
        if each.manifest is not None and not each.findings:
            said = each.manifest.statement
            print(f"  {said['day']}: {said['keys']} keys destroyed, {said['records']} records", file=streams.write)
        for finding in each.findings:
            print(f"  {finding.fault:<10}  {finding.words}", file=streams.write)
    for finding in between:
        print(f"{finding.fault:<10}  {finding.words}", file=streams.write)
    broken = sum(bool(each.findings) for each in checked)
    if broken or between:
        raise ManifestChanged(f"{broken} of {len(checked)} manifests are not what was signed, {len(between)} gaps.")


def _public_key(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del arguments, settings, clock
    from quayside.storage import proofs  # noqa: PLC0415 - as above

    print(proofs.public_key(), end="", file=streams.write)
