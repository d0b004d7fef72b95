import copy
import logging
import pickle

import pytest

from quayside.storage.vault import Secret


def test_a_secret_prints_as_nothing(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("Atzr|very-secret")
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r %s", secret, secret, [secret])
    assert "very-secret" not in f"{secret} {secret!r} {[secret]} {caplog.text}"
    assert secret.reveal() == "Atzr|very-secret"


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_secret_is_never_serialised() -> None:
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(Secret("a"))
