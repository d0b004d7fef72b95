"""The whole product, deployed once for all tests of this folder, and gone with the last of them."""

from __future__ import annotations

import gc
import warnings
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from infra.local.markers import ALWAYS, BUYERS_MARKER, search
from infra.local.ports import free
from infra.local.seeding import Amazon
from infra.local.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product on this machine, deployed from the real template, with nobody in it yet."""
    with warnings.catch_warnings():
        # Its programs go on when the objects that started them are gone: on purpose, and Python would complain.
        warnings.simplefilter("ignore", ResourceWarning)
        running = Stack.start(tmp_path_factory.mktemp("stack"), free(), sellers=())
        gc.collect()
    # Whatever a test does at Amazon, buyers' data is marked, and must be nowhere in the end.
    with running:
        with closing(Amazon(running.urls.simulator)) as amazon:
            amazon.mark_buyers(BUYERS_MARKER)
        yield running
    found = search(running.state, {"buyer's data": BUYERS_MARKER, **ALWAYS})
    # What Amazon sent last may still wait in the intake queue; the journey searches the queues when they are empty.
    assert [hit for hit in found.hits if not hit.place.endswith("/sqs.json")] == []
