"""KMS ciphertext that cannot be changed unnoticed, the wrong key's refusal, the size limit, and ReEncrypt.

Gap: MiniStack's ciphertext is an XOR without authentication, so a tampered one decrypts to something else; a
KeyId that is not the ciphertext's own is accepted; 4097 bytes are encrypted; ReEncrypt is unknown. AWS
encrypts with AES-256-GCM, context as additional authenticated data, answers InvalidCiphertextException and
IncorrectKeyException, and takes at most 4096 bytes.
Source: AWS KMS cryptographic details, "Encrypt"; KMS API reference, Decrypt, Encrypt and ReEncrypt.
"""

import json
from http import HTTPStatus
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.local.patching import part, replace_text

NAME = "key_ciphertext"

_KEY_ID_LENGTH = 36
_SEALED = "encrypted = bytes(a ^ b for a, b in zip({plain}, pad_stream))"
_MAXIMUM_PLAINTEXT = 4096


def apply() -> None:
    """Seal with AES-GCM in the three places that encrypt, open in the one that decrypts."""
    kms = part("services.kms")
    kms._seal, kms._open = seal, unseal
    kms._plaintext_error = lambda plaintext: _plaintext_error(kms, plaintext)
    replace_text(
        NAME,
        kms,
        "_encrypt",
        (_SEALED.format(plain="plaintext"), "encrypted = _seal(key_bytes, nonce, plaintext)"),
        (
            '    enc_context = data.get("EncryptionContext", {})\n',
            (
                '    enc_context = data.get("EncryptionContext", {})\n'
                "    if (err := _plaintext_error(plaintext)):\n        return err\n"
            ),
        ),
    )
    replace_text(
        NAME,
        kms,
        "_generate_data_key_common",
        (_SEALED.format(plain="data_key"), "encrypted = _seal(cmk_bytes, nonce, data_key)"),
    )
    replace_text(
        NAME,
        kms,
        "_generate_data_key_pair_common",
        (_SEALED.format(plain="private_der"), "encrypted = _seal(cmk_bytes, nonce, private_der)"),
    )
    replace_text(
        NAME,
        kms,
        "_decrypt",
        (
            "plaintext = bytes(a ^ b for a, b in zip(encrypted_data, pad_stream))",
            (
                "plaintext = _open(key_bytes, nonce, encrypted_data)\n"
                "        if plaintext is None:\n"
                '            return error_response_json("InvalidCiphertextException", "", 400)'
            ),
        ),
        (
            '    if "_symmetric_key" in rec:\n        stored_ctx_hash',
            (
                '    if "_symmetric_key" in rec:\n'
                f'        if ciphertext[:{_KEY_ID_LENGTH}] != rec["KeyId"].encode():\n'
                '            return error_response_json("IncorrectKeyException", "The key ID in the request does not '
                'identify a CMK that can perform this operation.", 400)\n'
                "        stored_ctx_hash"
            ),
        ),
    )
    kms._re_encrypt = lambda request: re_encrypt(kms, request)
    replace_text(
        NAME,
        kms,
        "handle_request",
        ('        "Decrypt": _decrypt,\n', '        "Decrypt": _decrypt,\n        "ReEncrypt": _re_encrypt,\n'),
    )


def seal(key: bytes, nonce: bytes, plaintext: bytes) -> bytes:
    """AES-256-GCM; ``key`` is derived from the KMS key, the encryption context and the nonce."""
    return AESGCM(key).encrypt(nonce[:12], plaintext, nonce)


def unseal(key: bytes, nonce: bytes, sealed: bytes) -> bytes | None:
    """The plaintext, or ``None`` when ciphertext, context or nonce are not what was sealed."""
    try:
        return AESGCM(key).decrypt(nonce[:12], sealed, nonce)
    except (InvalidTag, ValueError):
        return None


def re_encrypt(kms: Any, request: dict[str, Any]) -> Any:
    """ReEncrypt: decrypt under the source context, encrypt under the destination key and context."""
    opened = kms._decrypt(
        {
            "CiphertextBlob": request.get("CiphertextBlob", ""),
            "EncryptionContext": request.get("SourceEncryptionContext", {}),
            "KeyId": request.get("SourceKeyId", ""),
        }
    )
    if opened[0] != HTTPStatus.OK:
        return opened
    source = json.loads(opened[2])
    sealed = kms._encrypt(
        {
            "KeyId": request.get("DestinationKeyId", ""),
            "Plaintext": source["Plaintext"],
            "EncryptionContext": request.get("DestinationEncryptionContext", {}),
        }
    )
    if sealed[0] != HTTPStatus.OK:
        return sealed
    made = json.loads(sealed[2])
    return kms.json_response(
        {
            "CiphertextBlob": made["CiphertextBlob"],
            "SourceKeyId": source["KeyId"],
            "KeyId": made["KeyId"],
            "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }
    )


def _plaintext_error(kms: Any, plaintext: bytes) -> Any:
    if len(plaintext) <= _MAXIMUM_PLAINTEXT:
        return None
    return kms.error_response_json(
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        f"Member must have length less than or equal to {_MAXIMUM_PLAINTEXT}",
        400,
    )
