"""Amazon's token buckets: per operation, application and selling account, on simulated time.

Source of rates and bursts: the models' usage plans. A seller's plan may be larger (dynamic usage plans).
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """A token bucket: full at first, refilled at ``rate`` tokens a second up to ``burst``."""

    rate: float
    burst: float
    tokens: float
    at_ms: int

    def take(self, now_ms: int) -> bool:
        """Take one token if there is one."""
        self.tokens = min(self.burst, self.tokens + max(0, now_ms - self.at_ms) / 1000 * self.rate)
        self.at_ms = max(self.at_ms, now_ms)
        # A hair of tolerance: the last nanosecond of a refill is lost to floating point.
        if self.tokens < 1 - 1e-9:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Quotas:
    """All buckets, and how often each operation was called and refused."""

    buckets: dict[tuple[str, str, str], Bucket] = field(default_factory=dict)
    calls: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    application_plans: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Rate and burst of the application as a whole, by operation, where they differ from the models'; not saved."""

    def take(  # noqa: PLR0913, PLR0917  a bucket is named by three and measured by three
        self, operation: str, application: str, account: str, rate: float, burst: float, now_ms: int
    ) -> bool:
        """Take one call from a bucket; False when the quota is exceeded. A changed plan applies at once."""
        key = (operation, application, account)
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = Bucket(rate, burst, burst, now_ms)
        bucket.rate, bucket.burst = rate, burst
        return bucket.take(now_ms)

    def count(self, operation: str, account: str, status: int) -> None:
        """Count a call by its outcome."""
        self.calls[operation, account, status] += 1

    def report(self) -> dict[str, dict[str, object]]:
        """Return per operation: calls, throttled (429), calls by status and by account."""
        found: dict[str, dict[str, object]] = {}
        statuses: dict[str, Counter[str]] = {}
        accounts: dict[str, Counter[str]] = {}
        for (operation, account, status), number in sorted(self.calls.items()):
            statuses.setdefault(operation, Counter())[str(status)] += number
            accounts.setdefault(operation, Counter())[account] += number
        for operation, by_status in statuses.items():
            found[operation] = {
                "calls": sum(by_status.values()),
                "throttled": by_status["429"],
                "by_status": dict(by_status),
                "by_account": dict(accounts[operation]),
            }
        return found

    def dump(self) -> dict[str, list[list[object]]]:
        """Return everything as JSON."""
        return {
            "buckets": [[*key, each.rate, each.burst, each.tokens, each.at_ms] for key, each in self.buckets.items()],
            "calls": [[*key, number] for key, number in self.calls.items()],
        }

    def restore(self, document: dict[str, list[list[object]]]) -> None:
        """Take up what ``dump`` wrote."""
        for operation, application, account, rate, burst, tokens, at_ms in document["buckets"]:
            self.buckets[str(operation), str(application), str(account)] = Bucket(rate, burst, tokens, at_ms)  # type: ignore[arg-type]
        for operation, account, status, number in document["calls"]:
            self.calls[str(operation), str(account), status] = number  # type: ignore[index,assignment]
