"""How test files are handed out to the processes that run them."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

# Its files share the whole product: one process starts it once, and stops it when it comes to the next file.
WHOLE_STACK = "tests/e2e/deployed"


class WholeStackTogether(LoadFileScheduling):  # type: ignore[misc]  # published without types
    """Files go out whole, and those that need the whole stack go to one process, one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return WHOLE_STACK if file.startswith(WHOLE_STACK + "/") else file
