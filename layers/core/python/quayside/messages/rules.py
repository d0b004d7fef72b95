"""What may be written to the buyer of an order, and how a message moves from state to state. Pure.

Amazon names the messages that it allows for an order, each with a JSON schema of what it consists of. A form is made of
that schema and of nothing else; what the schema asks for and a form cannot give makes the message one to be sent at
Amazon. What is typed into a text is held against Amazon's rules for messages before it goes anywhere. A file is what
its first bytes say, whatever its name. Sources: Amazon's model messaging.json, whose descriptions forbid HTML and
e-mail addresses and bind links to the message's subject, and
Amazon's Communication Guidelines (no telephone numbers, no insecure links, no request for reviews, no marketing).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, cast

import msgspec

from quayside.kernel.machines import Machine, Move

State = Literal["waiting", "sending", "sent", "refused", "unclear", "withdrawn", "expired"]
Event = Literal[
    "begins", "withdraws", "not_allowed", "too_late", "accepted", "refused", "held_back", "unanswered", "arrived",
    "not_arrived",
]  # fmt: skip
FieldKind = Literal["text", "choice", "instant", "file"]
ContentType = Literal["application/pdf", "image/jpeg", "image/png"]

POLICY = (
    "Amazon allows only its own templates for an order, and only to complete it: no marketing, no request for a "
    "review, no HTML, no e-mail address or telephone number, no insecure link."
)
"""The sentence that a message is refused with."""
WAITS_AT_MOST = timedelta(hours=24)
"""A message that could not be sent for so long is not sent any more: what it says may be over."""
AT_WORK = timedelta(minutes=20)
"""No function runs longer than fifteen minutes: after this, whoever began to send is at it no more."""
OFFER_IS_GOOD = timedelta(hours=24)
"""So long a member may write by what Amazon allowed; it is asked again in any case before a message goes out."""
MOST_OF_AN_ORDER = 10
"""So many messages one order takes: whoever needs more has a case for Amazon's support."""
LONGEST_TEXT = 4000
"""No template of Amazon's takes more, whatever its schema says."""

PART_BYTES = 45_000
"""So much of a file goes in one request, whose body may have 64 KB: a third is added by base 64."""
MOST_FILE_BYTES = 2 << 20
"""The largest file. Amazon's own limit is 10 MB for all files of a message (Seller Central, "Buyer-Seller Messages");
a document such as an invoice has a fraction of this."""
FILE_RULE = "One PDF, JPEG or PNG file, at most 2 MB."
_LONGEST_NAME = 100


MESSAGE_MACHINE = Machine(
    "message",
    "A message to a buyer",
    {
        "waiting": "Waiting",
        "sending": "On its way",
        "sent": "Sent",
        "unclear": "Unclear",
        "refused": "Not sent",
        "withdrawn": "Taken back",
        "expired": "Too late",
    },
    (
        Move("waiting", "begins", "", "sending"),
        Move("waiting", "withdraws", "messages.send", "withdrawn"),
        Move("waiting", "not_allowed", "", "refused"),
        Move("waiting", "too_late", "", "expired"),
        Move("sending", "accepted", "", "sent"),
        Move("sending", "refused", "", "refused"),
        Move("sending", "held_back", "", "waiting"),
        Move("sending", "unanswered", "", "unclear"),
        Move("unclear", "arrived", "messages.send", "sent"),
        Move("unclear", "not_arrived", "messages.send", "refused"),
    ),
)
"""Every legal move. None leads out of sent, refused, withdrawn and expired, and none from unclear back to sending: what
may have reached a buyer is never sent again by itself."""
_NEXT: Mapping[tuple[str, str], State] = MappingProxyType(
    {(move.state, move.event): cast("State", move.next_state) for move in MESSAGE_MACHINE.moves}
)


def next_state(state: State, event: Event) -> State | None:
    """Return the state that follows, None when the move is not legal."""
    return _NEXT.get((state, event))


class Template(NamedTuple):
    """A template of Amazon's, in words for people: what it is for."""

    title: str
    about: str


TEMPLATES: Mapping[str, Template] = MappingProxyType({
    "confirmOrderDetails": Template("Ask about the order", "A question about the order, before it is shipped."),
    "confirmDeliveryDetails": Template(
        "Arrange the delivery", "To arrange a delivery, or to confirm whom to contact for it."
    ),
    "confirmCustomizationDetails": Template(
        "Ask about a customisation", "To have details of a customisation given or checked, such as initials."
    ),
    "confirmServiceDetails": Template("Arrange a service call", "To arrange a home service, or to ask before it."),
    "digitalAccessKey": Template("Send a digital access key", "The key that the buyer needs to use what was bought."),
    "unexpectedProblem": Template(
        "Tell of an unexpected problem", "A critical message: something stands in the way of completing the order."
    ),
    "warranty": Template("Send warranty details", "From when to when the warranty of what was bought lasts."),
    "legalDisclosure": Template("Send a legal document", "A document that the law asks you to give to the buyer."),
    "invoice": Template("Send an invoice", "The invoice of the order."),
})  # fmt: skip
"""The templates of Amazon's model."""


ATTACHMENTS = "attachments"
_ATTACHMENTS: Mapping[str, Any] = {"type": "array", "items": {"required": ["fileName", "uploadDestinationId"]}}


def _text(longest: int, subject: str, *, with_file: bool = False) -> Mapping[str, Any]:
    said = f"Only links related to {subject} are allowed. No HTML, no e-mail addresses. In the buyer's language."
    text = {"type": "string", "minLength": 1, "maxLength": longest, "description": said}
    return {"type": "object", "properties": {"text": text, **({ATTACHMENTS: _ATTACHMENTS} if with_file else {})}}


_FILES: Mapping[str, Any] = {"type": "object", "properties": {ATTACHMENTS: _ATTACHMENTS}}
MODEL_SCHEMAS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    "confirmOrderDetails": _text(2000, "order completion"),
    "confirmDeliveryDetails": _text(2000, "order delivery"),
    "confirmCustomizationDetails": _text(800, "customization details", with_file=True),
    "confirmServiceDetails": _text(2000, "Home Service calls"),
    "digitalAccessKey": _text(400, "the digital access key", with_file=True),
    "unexpectedProblem": _text(2000, "unexpected problem calls"),
    "warranty": {"type": "object", "properties": {
        ATTACHMENTS: _ATTACHMENTS,
        "coverageStartDate": {"type": "string", "format": "date-time"},
        "coverageEndDate": {"type": "string", "format": "date-time"},
    }},
    "legalDisclosure": _FILES,
    "invoice": _FILES,
})  # fmt: skip
"""What Amazon's model says of each template, for when its answer leaves the schema out."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form.

    Attributes:
        name: Amazon's name of it.
        kind: a text, one of ``options``, an instant, which is given as a day or as ISO 8601, or a file, whose value is
            its name.
        title: what to call it.
        about: what Amazon says of it.
        shortest: how many characters a text has at least.
        longest: how many it has at most.
    """

    name: str
    kind: FieldKind
    title: str
    about: str = ""
    is_required: bool = False
    shortest: int = 0
    longest: int = LONGEST_TEXT
    options: tuple[str, ...] = ()


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A message that Amazon allows for an order, and what it consists of.

    Attributes:
        action: Amazon's name of the template.
        fields: what to fill in; empty when it cannot be sent from here.
        not_from_here: why it has to be sent at Amazon, empty when it can be sent from here.
    """

    action: str
    title: str
    about: str
    fields: tuple[Field, ...] = ()
    not_from_here: str = ""


_TITLES: Mapping[str, str] = MappingProxyType({
    "text": "Message", "coverageStartDate": "Coverage begins", "coverageEndDate": "Coverage ends",
    ATTACHMENTS: "File",
})  # fmt: skip
_UNKNOWN = "Quayside does not know this template of Amazon's. Send it in Seller Central."
_UNREADABLE = "It asks for something that cannot be filled in here. Send it in Seller Central."


def form_of(action: str, schema: Mapping[str, Any] | None, sendable: frozenset[str] | set[str]) -> Form:
    """Return the form of a message that Amazon allows.

    Args:
        action: Amazon's name of the template.
        schema: what Amazon says that it consists of; None when it left that out.
        sendable: the templates that Quayside can call Amazon for.
    """
    template = TEMPLATES.get(action, Template(action, ""))
    given = schema if schema is not None else MODEL_SCHEMAS.get(action)
    if given is None:
        return Form(action=action, title=template.title, about=template.about, not_from_here=_UNKNOWN)
    fields, reason = _fields(given)
    if not reason and action not in sendable:
        reason = _UNKNOWN
    if reason:
        return Form(action=action, title=template.title, about=template.about, not_from_here=reason)
    return Form(action=action, title=template.title, about=template.about, fields=fields)


def _fields(schema: Mapping[str, Any]) -> tuple[tuple[Field, ...], str]:
    """Return the fields of a schema, and why they cannot be filled in here."""
    properties = schema.get("properties")
    stated = schema.get("required")
    named = stated if isinstance(stated, Sequence) else ()
    asked = frozenset(each for each in named if isinstance(each, str))
    if not isinstance(properties, Mapping):
        return (), _UNREADABLE
    fields: list[Field] = []
    for name, part in properties.items():
        # What consists of one thing alone is nothing without it, whatever the schema says that it requires.
        required = asked | frozenset(properties) if len(properties) == 1 else asked
        found = _field(name, part, required) if isinstance(part, Mapping) else None
        if found is not None:
            fields.append(found)
        elif name in required:
            return (), _UNREADABLE
    # The file comes last, wherever the schema has it.
    return tuple(sorted(fields, key=lambda each: each.kind == "file")), "" if fields else _UNREADABLE


def _field(name: str, part: Mapping[str, Any], asked: frozenset[str]) -> Field | None:
    if name == ATTACHMENTS and part.get("type") == "array":
        return Field(name=name, kind="file", title=_TITLES[name], about=FILE_RULE, is_required=name in asked)
    if part.get("type") != "string":
        return None
    title = _TITLES.get(name) or str(part.get("title") or name)
    about = str(part.get("description") or "")[:500]
    if part.get("format") == "date-time":
        return Field(name=name, kind="instant", title=title, about=about, is_required=name in asked)
    options = part.get("enum")
    if isinstance(options, Sequence) and not isinstance(options, str):
        chosen = tuple(str(each) for each in options)
        return Field(name=name, kind="choice", title=title, about=about, is_required=name in asked, options=chosen)
    shortest = _number(part.get("minLength"), 0)
    return Field(
        name=name,
        kind="text",
        title=title,
        about=about,
        is_required=name in asked or shortest > 0,
        shortest=shortest,
        longest=min(LONGEST_TEXT, _number(part.get("maxLength"), LONGEST_TEXT)),
    )


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


# -- What is typed in --------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """A field that cannot be sent as it is, and why."""

    field: str
    why: str


_HTML = re.compile(r"</?[A-Za-z][^<>]*>|&[a-z]{2,8};|&#\d+;")
_EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>().,;]{2,}")
_INSECURE = re.compile(r"\b(?:http|ftp)://", re.IGNORECASE)
_TELEPHONE = re.compile(
    r"(?<![\w-])(?:\+|00)[1-9][\d\s()/.-]{6,}\d|(?<![\w-])\(?0\d{2,5}\)?[\s/.-]?\d{3,}(?:[\s.-]?\d{2,})*"
)
_ASKS_FOR_REVIEW = re.compile(
    r"\breviews?\b|\b(?:five|5)[ -]stars?\b|\bstar rating\b|\bfeedback\b|\bbewertung\w*|\brezension\w*|\brecension\w*"
    r"|\brese(?:ñ|n)as?\b|\bvaloraci\w+|\bbeoordeling\w*|\brecenzj\w+|\bomdöme\w*|\bavis client\w*|\blaisser un avis\b"
    r"|レビュー|評価",
    re.IGNORECASE,
)
_MARKETING = re.compile(
    r"\b(?:coupons?|vouchers?|discount codes?|promo(?:tion)?s? codes?|gift cards?|gutschein\w*|rabattcode\w*"
    r"|code promo|cupón|cupones|codice sconto|newsletters?)\b",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FORBIDDEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (_CONTROL, "holds a control character; type it again"),
    (_HTML, "holds HTML; write plain text"),
    (_EMAIL, "holds an e-mail address; Amazon forbids it"),
    (_INSECURE, "holds an insecure link; only https:// is allowed"),
    (_TELEPHONE, "holds a telephone number; Amazon forbids it"),
    (_ASKS_FOR_REVIEW, "speaks of reviews, ratings or feedback; Amazon forbids that in messages"),
    (_MARKETING, "offers a coupon, a voucher or a newsletter; Amazon forbids marketing in messages"),
)


def check(form: Form, values: Mapping[str, str]) -> list[Wrong]:
    """Return what is wrong with what was filled into a form; nothing when it may be sent."""
    known = {field.name: field for field in form.fields}
    wrong = [Wrong(name, "is no part of this message") for name in values if name not in known]
    for field in form.fields:
        value = values.get(field.name, "")
        if not value.strip():
            if field.is_required:
                wrong.append(Wrong(field.name, "has to be filled in"))
            continue
        why = _why_wrong(field, value)
        if why:
            wrong.append(Wrong(field.name, why))
    if not wrong and not any(value.strip() for value in values.values()):
        wrong.append(Wrong(form.fields[0].name if form.fields else "values", "has to be filled in"))
    begins, ends = (_instant(values.get(name, "")) for name in ("coverageStartDate", "coverageEndDate"))
    if begins is not None and ends is not None and ends < begins:
        wrong.append(Wrong("coverageEndDate", "lies before the coverage begins"))
    return wrong


def _why_wrong(field: Field, value: str) -> str:
    if field.kind == "choice":
        return "" if value in field.options else f"has to be one of {', '.join(field.options)}"
    if field.kind == "instant":
        return "" if _instant(value) is not None else "has to be a day such as 2026-11-22"
    if field.kind == "file":
        return _why_no_name(value)
    length = len(value.strip())
    if not max(1, field.shortest) <= length <= field.longest:
        return f"has {length} characters; {max(1, field.shortest)} to {field.longest} are allowed"
    return next((why for pattern, why in _FORBIDDEN if pattern.search(value)), "")


def _why_no_name(value: str) -> str:
    name = value.strip()
    if len(name) > _LONGEST_NAME or _NO_NAME.search(name) or "." not in name.strip("."):
        return f"has to have a name such as invoice.pdf, of at most {_LONGEST_NAME} characters, without / or \\"
    return "has an e-mail address in its name; Amazon forbids it" if _EMAIL.search(name) else ""


_NO_NAME = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*]')


class FileFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of a message, without its name, which is among the words.

    Attributes:
        size_bytes: how large it is, 1 to 2,097,152.
        sha256: its SHA-256 in hexadecimal.
    """

    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=MOST_FILE_BYTES)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

    @property
    def parts(self) -> int:
        """Of how many parts it consists."""
        return -(-self.size_bytes // PART_BYTES)

    def size_of(self, number: int) -> int:
        """Return how many bytes the part of a number has."""
        return min(PART_BYTES, self.size_bytes - number * PART_BYTES)


MOST_PARTS = -(-MOST_FILE_BYTES // PART_BYTES)
_BEGINNINGS: tuple[tuple[bytes, ContentType, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
)


def content_type_of(beginning: bytes) -> ContentType | None:
    """Return what a file is by its first bytes; None when it is nothing that goes with a message."""
    return next((kind for mark, kind, _ in _BEGINNINGS if beginning.startswith(mark)), None)


def fits(name: str, content_type: str) -> bool:
    """Return whether a file's name ends as the names of files of its type do."""
    endings = next((endings for _, kind, endings in _BEGINNINGS if kind == content_type), ())
    return name.strip().lower().endswith(endings or ("\x00",))


def _instant(value: str) -> str | None:
    """Return an instant as Amazon's schema asks for it, in UTC; None when it is none."""
    text = value.strip()
    try:
        if len(text) == _DAY_LENGTH:
            return f"{date.fromisoformat(text).isoformat()}T00:00:00Z"
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return text if parsed.tzinfo is not None else None


_DAY_LENGTH = 10


def payload_of(form: Form, values: Mapping[str, str], destination_id: str | None = None) -> dict[str, object]:
    """Return the body of the request for values that ``check`` finds nothing wrong with; empty ones are left out.

    Args:
        form: what may be sent.
        values: what was filled in.
        destination_id: under which id Amazon has the file; None without one.
    """
    body: dict[str, object] = {}
    for field in form.fields:
        value = values.get(field.name, "").strip()
        if value and field.kind == "file":
            body[field.name] = [{"fileName": value, "uploadDestinationId": destination_id}]
        elif value:
            body[field.name] = (_instant(value) or value) if field.kind == "instant" else value
    return body
