"""Draws every declared state machine: ``python -m infra.machines``.

Out of the tables that the product asks for every move come the page of the repository (Mermaid diagrams with their
tables) and the file that the web app's documentation draws from. Both are generated, so that they say what the product
does and nothing else; a test fails when they are stale.
"""

import argparse
import json
import sys
from pathlib import Path

from quayside.catalog.bulk_rules import FILE_MACHINE
from quayside.catalog.edit_rules import EDIT_MACHINE
from quayside.kernel.machines import Machine
from quayside.messages.rules import MESSAGE_MACHINE
from quayside.procurement.rules import ORDER_MACHINE
from quayside.sourcing.rules import MACHINE as LEAD_MACHINE
from quayside.supply_chain.shipment_rules import MACHINE as SHIPMENT_MACHINE

MACHINES: tuple[Machine, ...] = (
    LEAD_MACHINE,
    ORDER_MACHINE,
    SHIPMENT_MACHINE,
    EDIT_MACHINE,
    FILE_MACHINE,
    MESSAGE_MACHINE,
)
"""Every machine that is drawn, in the order of a product's life."""

PAGE = Path(__file__).parent / "machines.md"
DATA = Path(__file__).parents[1] / "functions" / "web_app" / "static" / "machines.json"


def page() -> str:
    """Return the page of the repository."""
    parts = [
        "# State machines",
        "",
        "Generated from the product's own tables by `python -m infra.machines`; do not edit. A move that is not in a",
        "table is refused with the states in which it would be possible.",
    ]
    for machine in MACHINES:
        parts += ["", f"## {machine.title}", "", *_diagram(machine), "", *_table(machine)]
    return "\n".join(parts) + "\n"


def _diagram(machine: Machine) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {machine.initial}"]
    lines += (f"    {state}: {word}" for state, word in machine.words.items())
    lines += (f"    {begin} --> {end}: {', '.join(events)}" for (begin, end), events in _edges(machine).items())
    lines += (f"    {state} --> [*]" for state in machine.final)
    return [*lines, "```"]


def _table(machine: Machine) -> list[str]:
    rows = ["| in | what happens | permission | then |", "| --- | --- | --- | --- |"]
    words = machine.words
    return rows + [
        f"| {words[move.state]} | {event_words(move.event)} | {f'`{move.permission}`' if move.permission else 'none'} "
        f"| {words[move.next_state]} |"
        for move in machine.moves
    ]


def event_words(event: str) -> str:
    """Write an event as people read it."""
    return event.replace("_", " ")


def _edges(machine: Machine) -> dict[tuple[str, str], list[str]]:
    """Return what leads from one state to another."""
    found: dict[tuple[str, str], list[str]] = {}
    for move in machine.moves:
        found.setdefault((move.state, move.next_state), []).append(event_words(move.event))
    return found


def data() -> str:
    """Return what the web app draws from."""
    told = [
        {
            "name": machine.name,
            "title": machine.title,
            "states": [{"state": state, "word": word} for state, word in machine.words.items()],
            "final": list(machine.final),
            "moves": [
                {
                    "from": move.state,
                    "event": event_words(move.event),
                    "permission": move.permission,
                    "to": move.next_state,
                }
                for move in machine.moves
            ],
        }
        for machine in MACHINES
    ]
    return json.dumps(told, indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the drawings, or check them."""
    parser = argparse.ArgumentParser(description="Draw the state machines.")
    parser.add_argument("--check", action="store_true", help="only say whether they are up to date")
    wanted = {PAGE: page(), DATA: data()}
    if not parser.parse_args(arguments).check:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path.name for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if stale:
        sys.stderr.write(f"{', '.join(stale)}: out of date, run python -m infra.machines\n")
    return int(bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
