"""Trouble on demand: what Amazon does on its bad days, for a seller, an operation, a share of calls, a time."""

from dataclasses import asdict, dataclass, field

from infra.simulator import entropy
from infra.simulator.answers import Answer, ApiError

LWA = "lwa"
KINDS = {
    "html_503": "HTTP 503 with an HTML page instead of JSON",
    "empty_429": "HTTP 429 without a body",
    "empty_json_500": "HTTP 500 with the body {}",
    "message_403": 'HTTP 403 with the body {"message": ...} of an API gateway',
    "hang": "no answer until the caller gives up (at most delay_seconds, 60 by default)",
    "slow": "a right answer after delay_seconds (3 by default)",
    "lwa_down": "Login with Amazon answers HTTP 503",
    "wrong_secret": "Login with Amazon refuses the client secret (invalid_client)",
    "lose_notifications": "notifications are dropped instead of delivered",
    "revoked_grant": "consent is withdrawn: refresh and access tokens die (with count: after so many more calls)",
    "report_fatal": "a report ends FATAL (operation: the report type)",
    "report_cancelled": "a report ends CANCELLED (operation: the report type)",
    "report_empty": "a report's document has a header and no rows (operation: the report type)",
    "report_header": "a report's document has a column of another name (operation: the report type)",
}
_TOKEN_KINDS = frozenset({"lwa_down", "wrong_secret"})
REPORT_KINDS = frozenset({"report_fatal", "report_cancelled", "report_empty", "report_header"})


@dataclass(slots=True)
class Fault:
    """One kind of trouble. ``seller`` and ``operation`` None mean any; ``count`` None means again and again."""

    fault_id: str
    kind: str
    seller: str | None = None
    operation: str | None = None
    probability: float = 1.0
    count: int | None = None
    until_ms: int | None = None
    delay_seconds: float | None = None
    happened: int = 0
    asked: int = 0


@dataclass(slots=True)
class Faults:
    """The faults that are in force."""

    seed: int
    active: dict[str, Fault] = field(default_factory=dict)
    created: int = 0

    def add(  # noqa: PLR0913  a fault is described by this many choices
        self,
        kind: str,
        now_ms: int,
        *,
        seller: str | None = None,
        operation: str | None = None,
        probability: float = 1.0,
        count: int | None = None,
        duration_seconds: float | None = None,
        delay_seconds: float | None = None,
    ) -> Fault:
        """Put a fault in force; ValueError says which choice is impossible."""
        if kind not in KINDS:
            raise ValueError(f"kind: no fault {kind!r}, choose one of {', '.join(KINDS)}")
        if not 0 < probability <= 1:
            raise ValueError("probability: must be above 0 and at most 1")
        if count is not None and count < 1:
            raise ValueError("count: must be 1 or more")
        self.created += 1
        fault = Fault(
            fault_id=f"fault-{self.created}",
            kind=kind,
            seller=seller,
            operation=operation,
            probability=probability,
            count=count,
            until_ms=None if duration_seconds is None else now_ms + round(duration_seconds * 1000),
            delay_seconds=delay_seconds,
        )
        self.active[fault.fault_id] = fault
        return fault

    def remove(self, fault_id: str | None = None) -> int:
        """Take one fault, or all, out of force and return how many."""
        if fault_id is None:
            number = len(self.active)
            self.active.clear()
            return number
        return 0 if self.active.pop(fault_id, None) is None else 1

    def strike(self, now_ms: int, *, kinds: frozenset[str], seller: str | None, operation: str) -> Fault | None:
        """Return the fault that hits this call, if one does, and use it up."""
        for fault in list(self.active.values()):
            if fault.until_ms is not None and now_ms >= fault.until_ms:
                del self.active[fault.fault_id]
                continue
            if (
                fault.kind not in kinds
                or fault.seller not in {None, seller}
                or fault.operation not in {None, operation}
            ):
                continue
            fault.asked += 1
            if entropy.fraction(self.seed, fault.fault_id, fault.asked) >= fault.probability:
                continue
            fault.happened += 1
            if fault.count is not None and fault.happened >= fault.count:
                del self.active[fault.fault_id]
            return fault
        return None

    def strike_api(self, now_ms: int, seller: str | None, operation: str) -> Fault | None:
        """Return the fault that hits an API call, if one does."""
        kinds = frozenset(KINDS) - _TOKEN_KINDS - REPORT_KINDS - {"lose_notifications", "revoked_grant"}
        return self.strike(now_ms, kinds=kinds, seller=seller, operation=operation)

    def strike_download(self, now_ms: int, operation: str) -> Fault | None:
        """Return the fault that hits the download of a document: only one that names it."""
        if any(each.operation == operation for each in self.active.values()):
            return self.strike_api(now_ms, None, operation)
        return None

    def strike_token(self, now_ms: int, seller: str | None) -> Fault | None:
        """Return the fault that hits a token request; the API's kinds only hit it when it is named (``lwa``)."""
        named = self.strike(now_ms, kinds=_TOKEN_KINDS, seller=seller, operation=LWA)
        if named is not None or not any(each.operation == LWA for each in self.active.values()):
            return named
        return self.strike_api(now_ms, seller, LWA)

    def withdraws_consent(self, now_ms: int, seller: str) -> bool:
        """Return whether a seller withdraws consent before this call; each call brings that nearer."""
        for fault in [each for each in self.active.values() if each.kind == "revoked_grant" and each.seller == seller]:
            if fault.until_ms is not None and now_ms >= fault.until_ms:
                del self.active[fault.fault_id]
                continue
            fault.asked += 1
            if fault.asked > (fault.count or 0):
                del self.active[fault.fault_id]
                return True
        return False

    def loses_notification(self, now_ms: int, seller: str, kind: str) -> bool:
        """Return whether a notification is to be dropped."""
        kinds = frozenset({"lose_notifications"})
        return self.strike(now_ms, kinds=kinds, seller=seller, operation=kind) is not None

    def dump(self) -> dict[str, object]:
        """Return everything as JSON."""
        return {"created": self.created, "active": [asdict(each) for each in self.active.values()]}

    def restore(self, document: dict[str, object]) -> None:
        """Take up what ``dump`` wrote."""
        self.created = document["created"]  # type: ignore[assignment]
        for each in document["active"]:  # type: ignore[attr-defined]
            self.active[each["fault_id"]] = Fault(**each)


_HTML_503 = (
    b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    b"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
)


def answer_of(fault: Fault) -> Answer | None:
    """Return what a fault answers instead of the truth, or None when the truth merely comes late (slow)."""
    match fault.kind:
        case "html_503" | "lwa_down":
            return Answer(503, _HTML_503, "text/html")
        case "empty_429":
            return Answer(429)
        case "empty_json_500":
            return Answer(500, b"{}")
        case "message_403":
            return Answer(403, b'{"message":"Forbidden"}')
        case "hang":
            return Answer(504, delay_seconds=fault.delay_seconds or 60.0, hang=True)
        case "slow":
            return None
        case _:
            raise ApiError(500, "InternalFailure", f"fault {fault.kind} has no answer")
