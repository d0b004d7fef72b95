"""What every test gets: no network for unit tests, loopback only for the rest, no real AWS anywhere.

Kinds of test are defined by their folder. A unit test touches no socket at all; every other kind may talk to this
machine alone, so that a mistake in a test can never reach AWS or Amazon.
"""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

_HERE = Path(__file__).parent
_LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# A developer's own profile or credentials must never leak into a test.
for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    POWERTOOLS_TRACE_DISABLED="true",
)

# Derandomised: the same commit gives the same examples, so a red run can be run again.
hypothesis.settings.register_profile("quayside", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("quayside")


def _kind(item: pytest.Item) -> str:
    """Return the first folder below tests/: unit, integration, contract, e2e, faults or bench."""
    try:
        return item.path.relative_to(_HERE).parts[0]
    except ValueError:
        return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Close the network as far as the kind of test demands."""
    for item in items:
        if _kind(item) == "unit":
            item.add_marker(pytest.mark.disable_socket)
        else:
            item.add_marker(pytest.mark.allow_hosts(_LOOPBACK))
