"""The daily task about credentials."""

from quayside.compliance.credentials_service import ask_for_reviews
from quayside.compliance.tasks import ComplianceTask, Work


def review(task: ComplianceTask, work: Work) -> None:
    """``credentials.review``: let sync_worker, which alone can read credentials, look at every one of them."""
    del task
    asked = ask_for_reviews("compliance_worker", clock=work.clock, entropy=work.entropy, metrics=work.metrics)
    work.metrics.count("CredentialsReviewed", asked)
