"""Who else handles sellers' data, for what, and which data: the list that AUP 4.8 asks to be shown. Pure.

Quayside runs in its operator's own AWS account and calls nobody but Amazon, so the list is short, and tests hold it to
that: each service of the template is named here, and outbound hosts are an allow-list.
"""

import msgspec


class Service(msgspec.Struct, frozen=True):
    """One service of a sub-processor: what it holds or passes on, and what of it is personal data."""

    name: str
    holds: str
    personal_data: str | None = None


class Subprocessor(msgspec.Struct, frozen=True):
    """A company that handles data on the operator's behalf.

    Attributes:
        name: who.
        purpose: what for.
        protection: how the data is protected from it and on its way.
        services: which of its services, and what each of them sees.
    """

    name: str
    purpose: str
    protection: str
    services: tuple[Service, ...]


SUBPROCESSORS: tuple[Subprocessor, ...] = (
    Subprocessor(
        "Amazon Web Services",
        "Runs this installation in the operator's own AWS account.",
        "Encrypted on the way (TLS 1.2 or later) and at rest, under keys of this installation alone.",
        (
            Service(
                "DynamoDB",
                "Orders, stock, figures and everything else you see; the audit trail",
                "Members' names and e-mail addresses; buyers' data only where a seller switched it on, under keys that "
                "are destroyed 30 days after delivery",
            ),
            Service(
                "S3",
                "Amazon's reports without their personal columns, documents that sellers attach, exports for a week, "
                "audit checkpoints",
            ),
            Service("Cognito", "Sign-ins", "Members' e-mail addresses and passwords, which nobody can read"),
            Service("KMS", "The keys that everything is encrypted under; never the data itself"),
            Service(
                "Lambda",
                "Handles each request and message, and keeps nothing",
                "Whatever is in a request or message, while it is handled",
            ),
            Service(
                "API Gateway",
                "Passes requests on; its log names no person",
                "Members' e-mail addresses and passwords on their way to Cognito",
            ),
            Service(
                "SQS",
                "Amazon's notifications and what is to be done, for 14 days at most",
                "The postal code in Amazon's notice of an order, until the notice is taken in and the code dropped",
            ),
            Service("EventBridge", "Amazon's notifications on their way, and the clock of what is done on schedule"),
            Service("CloudWatch", "Logs and counts, without personal data and without secrets"),
            Service("X-Ray", "How long each step of a request took, and in which part"),
            Service(
                "WAF",
                "Counts requests and turns floods away",
                "The network address that a request comes from",
            ),
            Service("SNS", "Alarms for the operator, without any seller's data"),
        ),
    ),
)
"""Everybody. Amazon as the marketplace is not among them: that is where the data comes from."""
