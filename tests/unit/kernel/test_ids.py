import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import (
    ALPHABET,
    check_connection_id,
    check_tenant_id,
    connection_id_of,
    new_id,
    tenant_id_of,
)


def test_ids_are_the_same_for_ever() -> None:
    tenant_id = tenant_id_of("abc")
    assert tenant_id == "q9w1dfwf077ymga183f5vbh24e"
    assert connection_id_of(tenant_id, "EU", "A1") == "tm19crgppmgzv9xh"


@given(st.text())
def test_every_subject_has_a_tenant_id_of_the_right_form(subject: str) -> None:
    assert check_tenant_id(tenant_id_of(subject)) == tenant_id_of(subject)


@given(st.text(), st.text(), st.text(), st.text())
def test_connection_ids_tell_their_parts_apart(region: str, seller: str, other_region: str, other: str) -> None:
    tenant_id = tenant_id_of("a")
    same = (region, seller) == (other_region, other) or f"{region}\n{seller}" == f"{other_region}\n{other}"
    assert (connection_id_of(tenant_id, region, seller) == connection_id_of(tenant_id, other_region, other)) is same


@pytest.mark.parametrize("text", ["", "a" * 25, "a" * 27, "A" * 26, "i" * 26, "a" * 25 + "#", "*" * 26, "é" * 26])
def test_what_could_widen_a_policy_is_no_tenant_id(text: str) -> None:
    with pytest.raises(InvalidInput):
        check_tenant_id(text)


def test_a_connection_id_has_sixteen_characters() -> None:
    assert check_connection_id("0" * 16) == "0" * 16
    with pytest.raises(InvalidInput):
        check_connection_id("0" * 26)


@given(st.binary(min_size=17, max_size=17), st.binary(min_size=17, max_size=17))
def test_new_ids_carry_their_entropy(one: bytes, other: bytes) -> None:
    made = new_id(lambda count: one[:count])
    assert len(made) == 26
    assert set(made) <= set(ALPHABET)
    leading = [int.from_bytes(each) >> 6 for each in (one, other)]
    assert (made == new_id(lambda count: other[:count])) is (leading[0] == leading[1])
