"""How test files are handed out to the processes that run them."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

# Each starts the whole product once, for all its tests: together they start it once.
WHOLE_STACK = ("tests/e2e/test_deployed.py", "tests/e2e/test_journey.py")


class WholeStackTogether(LoadFileScheduling):  # type: ignore[misc]  # published without types
    """Files go out whole, and those that need the whole stack go to one process, one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return WHOLE_STACK[0] if file in WHOLE_STACK else file
