"""Which documents a shipment takes, what a file really is, and what it is called. Pure.

A file is what its bytes say, whatever its name and whatever the browser said: it is kept as one ``ContentType`` and
under a name that ends accordingly, or refused with what it was found to be. Nothing that a program runs when it opens
it is taken: no markup, no archive, no program, and no Office file, for those may hold macros.

Sources of the signatures: ISO 32000-2 (PDF: header and end), the PNG specification (signature, IHDR first, IEND last),
ITU-T T.81 (JPEG: SOI and EOI), PKWARE's APPNOTE (ZIP), MS-CFB (Office before 2007), MS-OVBA (``vbaProject.bin``).
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

LIMIT_BYTES: Final = 10_000_000
"""A document has at most so many bytes: 10 MB."""
MOST: Final = 40
"""A shipment has at most so many documents."""
REMOVED_KEPT: Final = 20
"""Of so many documents that were removed a shipment still says when and by whom."""
NAME_LETTERS: Final = 120

Kind = Literal[
    "commercial_invoice", "packing_list", "bill_of_lading", "air_waybill", "customs_declaration", "certificate",
    "proof_of_delivery", "other",
]  # fmt: skip

ContentType = Literal["application/pdf", "image/png", "image/jpeg", "text/csv", "text/plain"]

ENDINGS: Final[dict[ContentType, tuple[str, ...]]] = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "text/csv": (".csv",),
    "text/plain": (".txt",),
}
"""How names of each type end; the first one is put behind a name that ends otherwise."""
ACCEPTED: Final = "PDF, PNG, JPEG, CSV and plain text in UTF-8"


class Unacceptable(Exception):
    """A file that is not taken: what is wrong with it, and what helps; both in words for its sender."""

    def __init__(self, problem: str, action: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.action = action


class Document(msgspec.Struct, frozen=True):
    """A document of a shipment. It never changes: what is new is another one.

    Attributes:
        document_id: which one.
        name: what it is called; ends as its type does.
        kind: what it is to the shipment.
        content_type: what its bytes are.
        size: how many bytes.
        sha256: their digest, in hexadecimal digits.
        attached_at: when it was attached, ISO 8601.
        attached_by: the member who attached it.
    """

    document_id: str
    name: str
    kind: Kind
    content_type: ContentType
    size: int
    sha256: str
    attached_at: str
    attached_by: str


class RemovedDocument(msgspec.Struct, frozen=True):
    """That a document was removed: what it was called, when (ISO 8601) and by whom."""

    document_id: str
    name: str
    kind: Kind
    removed_at: str
    removed_by: str


class Documents(msgspec.Struct, frozen=True, omit_defaults=True):
    """The documents of one shipment, the newest first, and those that were removed last."""

    attached: tuple[Document, ...] = ()
    removed: tuple[RemovedDocument, ...] = ()


def attached(documents: Documents, document: Document) -> Documents:
    """Return the documents with one more."""
    return msgspec.structs.replace(documents, attached=(document, *documents.attached))


def without(documents: Documents, document: Document, at: str, by: str) -> Documents:
    """Return the documents with one of them removed."""
    gone = RemovedDocument(document.document_id, document.name, document.kind, at, by)
    left = tuple(each for each in documents.attached if each.document_id != document.document_id)
    return Documents(left, (gone, *documents.removed)[:REMOVED_KEPT])


# -- What it is called -------------------------------------------------------------------------------------------------

_UNUSABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that names have no use for: what controls, turns the writing direction, or is nothing."""
_RESERVED: Final = re.compile(r'[<>:"|?*]')
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def clean_name(name: str) -> str:
    """Return what a document may be called on any system: no folders, no control characters, no devices.

    Raises:
        Unacceptable: nothing is left of it.
    """
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(each for each in unicodedata.normalize("NFC", last) if unicodedata.category(each) not in _UNUSABLE)
    words = " ".join(_RESERVED.sub("_", shown).split()).strip(". ")
    if not words:
        raise Unacceptable("The file has no name.", "Give it one and attach it again.")
    if _DEVICES.match(words):
        words = f"_{words}"
    return _shortened(words)


def _shortened(name: str) -> str:
    if len(name) <= NAME_LETTERS:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 8:  # noqa: PLR2004 - what follows the last dot is an ending no longer
        return name[:NAME_LETTERS].rstrip(". ")
    return stem[: NAME_LETTERS - len(ending) - 1].rstrip(". ") + dot + ending


def named(name: str, content_type: ContentType) -> str:
    """Return a clean name that ends as its type does: nobody opens a picture as a program by its name."""
    endings = ENDINGS[content_type]
    if name.casefold().endswith(endings):
        return name
    return name[: NAME_LETTERS - len(endings[0])].rstrip(". ") + endings[0]


def disposition(name: str) -> str:
    """Return the header by which a browser saves a document under its name and never shows it (RFC 6266)."""
    plain = "".join(each if each.isascii() and each not in '"\\' else "_" for each in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# -- What it is --------------------------------------------------------------------------------------------------------


class _Known(NamedTuple):
    """How a kind of file begins that is not taken; after ``offset`` bytes."""

    begins: bytes
    what: str
    action: str
    offset: int = 0


_AS_PDF = "Save it as PDF and attach that."
_AS_PICTURE = "Save it as JPEG, PNG or PDF and attach that."
_UNPACKED = "Unpack it and attach the documents that it holds."
_NEVER = "Programs are never taken."
_REFUSED: Final[Sequence[_Known]] = (
    _Known(b"MZ", "a Windows program", _NEVER),
    _Known(b"\x7fELF", "a program", _NEVER),
    _Known(b"\xca\xfe\xba\xbe", "a program", _NEVER),
    _Known(b"\xcf\xfa\xed\xfe", "a program", _NEVER),
    _Known(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Word, Excel or Outlook file, which may hold macros", _AS_PDF),
    _Known(b"{\\rtf", "an RTF text, which may hold objects", _AS_PDF),
    _Known(b"Rar!", "an archive", _UNPACKED),
    _Known(b"7z\xbc\xaf\x27\x1c", "an archive", _UNPACKED),
    _Known(b"\x1f\x8b", "an archive", _UNPACKED),
    _Known(b"GIF8", "a GIF picture", _AS_PICTURE),
    _Known(b"BM", "a bitmap picture", _AS_PICTURE),
    _Known(b"II*\x00", "a TIFF picture", _AS_PICTURE),
    _Known(b"MM\x00*", "a TIFF picture", _AS_PICTURE),
    _Known(b"WEBP", "a WebP picture", _AS_PICTURE, 8),
    _Known(b"ftyphe", "a HEIC picture, as iPhones take them", _AS_PICTURE, 4),
    _Known(b"ftypmif", "a HEIC picture, as iPhones take them", _AS_PICTURE, 4),
    _Known(b"\xff\xfe", "text in UTF-16", "Save it as UTF-8 and attach that."),
    _Known(b"\xfe\xff", "text in UTF-16", "Save it as UTF-8 and attach that."),
)

_ZIP: Final = b"PK\x03\x04"
_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_PNG_ENDS: Final = b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"
_JPEG, _JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"
_PDF: Final = re.compile(rb"%PDF-[12]\.\d")
_PDF_ENDS, _PDF_END_BYTES = b"%%EOF", 1024
_PDF_RUNS: Final = (b"/JavaScript", b"/Launch")
"""What makes a reader of PDF run something, where it stands open to see; compressed parts are not looked into."""
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP: Final = re.compile(r"<\s*(?:script|html|svg|iframe|object|embed|!doctype)\b", re.IGNORECASE)


def type_of(content: bytes, name: str) -> ContentType:
    """Return what a file is by its bytes. The name alone tells CSV from other text, for bytes do not.

    Raises:
        Unacceptable: it is nothing that is taken; says what it was found to be.
    """
    check_size(len(content))
    if content.startswith(_ZIP):
        raise _zip(content)
    known = next((each for each in _REFUSED if content.startswith(each.begins, each.offset)), None)
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    if content.startswith(_PNG):
        return _whole("image/png", content.endswith(_PNG_ENDS), "PNG picture")
    if content.startswith(_JPEG):
        return _whole("image/jpeg", _JPEG_ENDS in content, "JPEG picture")
    # Two letters that a program or a bitmap begins with may also begin a text.
    if known is not None and not (len(known.begins) == 2 and _is_text(content)):  # noqa: PLR2004 - as said
        raise Unacceptable(f"The file is {known.what}; taken are {ACCEPTED}.", known.action)
    return _text(content, name)


def check_size(size: int) -> None:
    """Let a file pass that is neither empty nor too large.

    Raises:
        Unacceptable: it is; says how large it may be.
    """
    if size <= 0:
        raise Unacceptable("The file is empty.", "Look whether it was saved whole, and attach it again.")
    if size > LIMIT_BYTES:
        raise Unacceptable(
            f"The file has {size / 1e6:,.1f} MB; a document has at most {LIMIT_BYTES / 1e6:g} MB.",
            "Scan it with a lower resolution, or split it, and attach that.",
        )


def _whole(content_type: ContentType, is_whole: bool, what: str) -> ContentType:  # noqa: FBT001 - a finding, not a switch
    if not is_whole:
        raise Unacceptable(f"The {what} is cut off or has something behind its end.", "Save it anew and attach that.")
    return content_type


def _pdf(content: bytes) -> ContentType:
    found = _whole("application/pdf", bool(_PDF.match(content)) and _PDF_ENDS in content[-_PDF_END_BYTES:], "PDF")
    if any(each in content for each in _PDF_RUNS):
        raise Unacceptable(
            "The PDF holds a script or starts a program.", 'Print it into a new PDF ("Save as PDF") and attach that.'
        )
    return found


def _zip(content: bytes) -> Unacceptable:
    if b"vbaProject" in content:
        what, action = "an Office file with macros", _AS_PDF
    elif b"[Content_Types].xml" in content:
        what, action = "a Word, Excel or PowerPoint file", "Save it as PDF, or a table as CSV, and attach that."
    elif b"META-INF/MANIFEST.MF" in content:
        what, action = "a program", _NEVER
    else:
        what, action = "an archive", _UNPACKED
    return Unacceptable(f"The file is {what}; taken are {ACCEPTED}.", action)


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return not _NO_TEXT.search(content)


def _text(content: bytes, name: str) -> ContentType:
    if not _is_text(content):
        raise Unacceptable(
            f"The file is none of what is taken: {ACCEPTED}.",
            "Save it as one of these (text as UTF-8) and attach that.",
        )
    text = content.decode("utf-8-sig").lstrip()
    if not text:
        raise Unacceptable(
            "The file holds nothing but blanks.", "Look whether it was saved whole, and attach it again."
        )
    if text.startswith("<") or _MARKUP.search(text):
        raise Unacceptable(
            f"The file holds HTML, SVG or other markup, which can run scripts; taken are {ACCEPTED}.", _AS_PDF
        )
    if text.startswith("#!"):
        raise Unacceptable(f"The file is a script; taken are {ACCEPTED}.", _NEVER)
    return "text/csv" if name.casefold().endswith(".csv") else "text/plain"
