"""Proofs: signed by KMS, checked offline, and false for anything but the very document that was signed."""

from collections.abc import Iterator

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quayside.storage import proofs
from quayside.storage.connection import Store, binding
from tests.support.aws import Aws, aws

DOCUMENT: dict[str, object] = {
    "kind": "manifest",
    "day": "2026-11-21",
    "keys": [{"records": 12, "tenant": "ö"}],
    "next": None,
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Aws]:
    with aws() as found:
        yield found


def test_a_signed_document_is_true_for_whoever_has_the_public_key(cloud: Aws) -> None:
    del cloud
    signature = proofs.sign(DOCUMENT)

    assert proofs.verify(DOCUMENT, signature, proofs.public_key())
    assert proofs.verify(dict(reversed(DOCUMENT.items())), signature, proofs.public_key())


@pytest.mark.parametrize(
    "changed",
    [
        {"day": "2026-11-22"},
        {"keys": [{"records": 13, "tenant": "ö"}]},
        {"keys": []},
        {"next": "x"},
        {"added": 1},
        {"fraction": 0.5},
    ],
)
def test_a_changed_document_is_false(cloud: Aws, changed: dict[str, object]) -> None:
    del cloud
    signature = proofs.sign(DOCUMENT)

    assert not proofs.verify({**DOCUMENT, **changed}, signature, proofs.public_key())


def test_a_changed_signature_and_a_foreign_key_are_false(cloud: Aws) -> None:
    del cloud
    signature = proofs.sign(DOCUMENT)
    foreign = ec.generate_private_key(ec.SECP256R1()).public_key()

    assert not proofs.verify(DOCUMENT, signature[:-1] + bytes([signature[-1] ^ 1]), proofs.public_key())
    assert not proofs.verify(DOCUMENT, b"", proofs.public_key())
    pem = foreign.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert not proofs.verify(DOCUMENT, signature, pem)


def test_a_key_of_another_kind_is_refused(cloud: Aws) -> None:
    del cloud
    other = rsa.generate_private_key(65537, 2048).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(ValueError, match="P-256"):
        proofs.verify(DOCUMENT, b"", pem)


def test_a_document_longer_than_kms_takes_is_signed(cloud: Aws) -> None:
    del cloud
    long: dict[str, object] = {"text": "x" * 10_000}

    assert proofs.verify(long, proofs.sign(long), proofs.public_key())


def test_without_a_key_nothing_is_signed(cloud: Aws) -> None:
    keyless = msgspec.structs.replace(cloud.settings, proof_key_arn="")

    with binding(Store(keyless, sessions=cloud.sessions)), pytest.raises(proofs.NoProofKey):
        proofs.sign(DOCUMENT)


def test_the_canonical_text_is_exact() -> None:
    assert proofs.canonical({"b": [1, True, None], "a": {"ö": "x"}}) == '{"a":{"ö":"x"},"b":[1,true,null]}'.encode()
    assert proofs.digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("value", [0.5, float("nan"), b"x", {1: "x"}, [{"a": 1.5}]])
def test_what_has_no_one_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"document\.a"):
        proofs.canonical({"a": value})
