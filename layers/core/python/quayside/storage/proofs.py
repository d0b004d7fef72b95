"""Proofs: documents signed so that anybody can check them later, without us and without AWS.

What is signed is the canonical JSON of a document: sorted names, no white space, UTF-8. Its SHA-256 is signed by a KMS
key that never leaves KMS (ECC_NIST_P256, ECDSA_SHA_256), so no copy of the key can exist that signs something else.
A signature is checked offline with the public key alone. Daily manifests of destroyed keys, receipts of erasures and
checkpoints of the audit trail are all signed this way.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from quayside.storage.connection import bound

ALGORITHM: Final = "ECDSA_SHA_256"
"""As KMS calls it: ECDSA over P-256 with SHA-256; signatures are DER, as KMS makes them."""


class NoProofKey(ValueError):
    """PROOF_KEY_ARN is not set, so nothing can be signed."""


def canonical(document: Mapping[str, object]) -> bytes:
    """Return the one text of a document that is hashed and signed.

    Raises:
        ValueError: it holds something that has more than one text (a fraction, a name that is no text) or none.
    """
    _check(document, "document")
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _check(value: object, place: str) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise ValueError(f"{place} has a name that is no text.")  # noqa: TRY004 - one error for all of it
            _check(inner, f"{place}.{name}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            _check(inner, f"{place}[{number}]")
    elif not (value is None or isinstance(value, str | int)):
        raise ValueError(f"{place} is neither text, whole number, yes or no, list nor mapping.")


def digest(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of a document's canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def sign(document: Mapping[str, object]) -> bytes:
    """Sign a document with the proof key and the function's own role; return the signature (DER).

    Raises:
        NoProofKey: the function was deployed without the key.
        ValueError: the document has no canonical text.
        botocore.exceptions.ClientError: KMS refused.
    """
    answer = bound().system.kms.sign(
        KeyId=_key(),
        Message=hashlib.sha256(canonical(document)).digest(),
        # The digest and not the text: KMS takes 4,096 bytes at most.
        MessageType="DIGEST",
        SigningAlgorithm=ALGORITHM,
    )
    return answer["Signature"]


def public_key() -> str:
    """Return the public half of the proof key as PEM: publish it, for it is all that ``verify`` needs.

    Raises:
        NoProofKey: the function was deployed without the key.
        botocore.exceptions.ClientError: KMS refused.
    """
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - costs a cold start and is rarely used
        Encoding,
        PublicFormat,
        load_der_public_key,
    )

    answer = bound().system.kms.get_public_key(KeyId=_key())
    key = load_der_public_key(answer["PublicKey"])
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def verify(document: Mapping[str, object], signature: bytes, public_key_pem: str) -> bool:
    """Return whether ``signature`` was made over exactly this document by the key of ``public_key_pem``; offline.

    Raises:
        ValueError: ``public_key_pem`` is no public key of the kind that proofs are signed with.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as in public_key
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as in public_key
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as in public_key
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 - as in public_key

    key = load_pem_public_key(public_key_pem.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("That is not the public key of a proof key (P-256).")  # noqa: TRY004 - the text is wrong, not its type
    try:
        key.verify(signature, canonical(document), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        # A document without a canonical text can't have been signed.
        return False
    return True


def _key() -> str:
    arn = bound().settings.proof_key_arn
    if not arn:
        raise NoProofKey("PROOF_KEY_ARN is not set.")
    return arn
