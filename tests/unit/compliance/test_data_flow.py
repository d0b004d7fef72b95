"""The diagram of the data's ways says what the registry says."""

from xml.etree import ElementTree as ET

import pytest

from infra.compliance import data_flow
from quayside.sync.registry import FEATURES, ONCE, REGISTRY


def test_the_drawing_is_up_to_date() -> None:
    assert data_flow.main(["--check"]) == 0


def test_every_dataset_its_role_and_every_feature_is_drawn() -> None:
    root = ET.fromstring(data_flow.drawing())  # noqa: S314 - a document of ours
    shown = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    for each in (*ONCE, *REGISTRY):
        assert {each.title, f"Role: {each.role}"} <= shown
    assert {each.title for each in FEATURES} <= shown


def test_a_drawing_that_is_stale_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data_flow, "REGISTRY", REGISTRY[:-1])
    assert data_flow.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
