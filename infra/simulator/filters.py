"""Which notifications a subscription lets through: eventFilter, or filterExpression (a subset of CEL).

Amazon's filterExpression follows https://github.com/google/cel-spec without arithmetic and indexing. Understood here:
field paths from the payload, text in single, double or back quotes, numbers, true, false, null, lists,
``==  != < <= > >= in && || !``, parentheses, ``has(path)`` and ``path.startsWith/endsWith/contains(text)``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MAXIMUM_LENGTH = 256
ORDER_CHANGE_TYPES = frozenset({"BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"})
EVENT_FILTER_TYPES = frozenset({"ANY_OFFER_CHANGED", "ORDER_CHANGE", "SHIPMENT_TRACKING_MILESTONE_CHANGED"})

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator>==|!=|<=|>=|&&|\|\||[!<>()\[\],.])|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<text>"[^"]*"|'[^']*'|`[^`]*`)|(?P<name>[A-Za-z_]\w*))"""
)
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
}
_MISSING: Final = object()

type Payload = Mapping[str, Any]
type Test = Callable[[Payload], Any]


class FilterError(ValueError):
    """A filter that cannot be understood; the message says where."""


def compile_expression(text: str) -> Callable[[Payload], bool]:
    """Return a predicate over a notification's payload. Raises FilterError for what cannot be understood.

    A path that the payload does not have makes its comparison false, so that one odd message never blocks the rest.
    """
    if not 1 <= len(text) <= MAXIMUM_LENGTH:
        raise FilterError(f"filterExpression must have 1 to {MAXIMUM_LENGTH} characters")
    parser = _Parser(_tokens(text))
    test = parser.expression()
    parser.end()
    return lambda payload: test(payload) is True


def check_event_filter(notification_type: str, document: object) -> None:
    """Raise FilterError when an eventFilter is not one that the notification type supports."""
    if not isinstance(document, dict):
        raise FilterError("eventFilter must be an object")
    if document.get("eventFilterType") not in EVENT_FILTER_TYPES:
        raise FilterError("eventFilterType is required and must be one of " + ", ".join(sorted(EVENT_FILTER_TYPES)))
    if document["eventFilterType"] != notification_type:
        raise FilterError(f"eventFilterType {document['eventFilterType']} does not fit {notification_type}")
    if notification_type == "ORDER_CHANGE":
        unknown = set(document) - {"eventFilterType", "orderChangeTypes"}
        if unknown:
            raise FilterError(f"{', '.join(sorted(unknown))} is not supported for ORDER_CHANGE")
        wanted = document.get("orderChangeTypes")
        if wanted is not None and (not isinstance(wanted, list) or not set(wanted) <= ORDER_CHANGE_TYPES):
            raise FilterError("orderChangeTypes must be a list of " + ", ".join(sorted(ORDER_CHANGE_TYPES)))


def passes(directive: Mapping[str, Any] | None, payload: Payload) -> bool:
    """Return whether a subscription's processingDirective lets a payload through."""
    if not directive:
        return True
    if directive.get("filterExpression"):
        return compile_expression(directive["filterExpression"])(payload)
    wanted = (directive.get("eventFilter") or {}).get("orderChangeTypes")
    if wanted:
        return payload.get("OrderChangeNotification", {}).get("OrderChangeType") in wanted
    return True


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if not text[at:].strip():
                break
            at += len(text[at:]) - len(text[at:].lstrip())
            raise FilterError(f"filterExpression: unexpected {text[at]!r} at position {at + 1}")
        kind = match.lastgroup or ""
        found.append((kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return found


class _Parser:
    """Recursive descent over CEL's precedence: or, and, relation, not, member."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._at = 0

    def expression(self) -> Test:
        left = self._conjunction()
        while self._skip("||"):
            left = _either(left, self._conjunction())
        return left

    def end(self) -> None:
        if self._at < len(self._tokens):
            _, text, position = self._tokens[self._at]
            raise FilterError(f"filterExpression: unexpected {text!r} at position {position}")

    def _conjunction(self) -> Test:
        left = self._relation()
        while self._skip("&&"):
            left = _both(left, self._relation())
        return left

    def _relation(self) -> Test:
        left = self._unary()
        kind, text, _ = self._peek()
        if kind == "operator" and text in {"==", "!=", "<", "<=", ">", ">="}:
            self._at += 1
            return _comparison(text, left, self._unary())
        if kind == "name" and text == "in":
            self._at += 1
            return _membership(left, self._unary())
        return left

    def _unary(self) -> Test:
        if self._skip("!"):
            inner = self._unary()
            return lambda payload: inner(payload) is not True
        return self._primary()

    def _primary(self) -> Test:
        kind, text, position = self._peek()
        self._at += 1
        if kind == "operator" and text == "(":
            inner = self.expression()
            self._expect(")")
            return inner
        if kind == "operator" and text == "[":
            return self._list()
        if kind == "number":
            value = float(text)
            return lambda _: value
        if kind == "text":
            return lambda _, quoted=text[1:-1]: quoted  # type: ignore[misc]
        if kind == "name":
            return self._name(text)
        raise FilterError(f"filterExpression: expected a value at position {position}")

    def _list(self) -> Test:
        members: list[Test] = []
        while not self._skip("]"):
            if members:
                self._expect(",")
            members.append(self._unary())
        return lambda payload: [each(payload) for each in members]

    def _name(self, first: str) -> Test:
        if first in {"true", "false"}:
            return lambda _, value=first == "true": value  # type: ignore[misc]
        if first == "null":
            return lambda _: None
        if first == "has":
            self._expect("(")
            kind, text, position = self._peek()
            if kind != "name":
                raise FilterError(f"filterExpression: has() needs a field at position {position}")
            self._at += 1
            path = self._path(text)
            self._expect(")")
            return lambda payload: _lookup(payload, path) is not _MISSING
        path = self._path(first)
        if self._peek()[1] == "(" and path[-1] in _METHODS:
            method = _METHODS[path.pop()]
            self._at += 1
            argument = self._unary()
            self._expect(")")
            return _call(method, path, argument)
        return lambda payload: _lookup(payload, path)

    def _path(self, first: str) -> list[str]:
        path = [first]
        while self._skip("."):
            kind, text, position = self._peek()
            if kind != "name":
                raise FilterError(f"filterExpression: expected a field name at position {position}")
            self._at += 1
            path.append(text)
        return path

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "", MAXIMUM_LENGTH)

    def _skip(self, operator: str) -> bool:
        kind, text, _ = self._peek()
        if kind == "operator" and text == operator:
            self._at += 1
            return True
        return False

    def _expect(self, operator: str) -> None:
        if not self._skip(operator):
            raise FilterError(f"filterExpression: expected {operator!r} at position {self._peek()[2]}")


def _lookup(payload: Payload, path: list[str]) -> Any:  # noqa: ANN401  payloads hold any JSON
    value: Any = payload
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value


def _either(left: Test, right: Test) -> Test:
    return lambda payload: left(payload) is True or right(payload) is True


def _both(left: Test, right: Test) -> Test:
    return lambda payload: left(payload) is True and right(payload) is True


def _membership(left: Test, right: Test) -> Test:
    def test(payload: Payload) -> bool:
        members = right(payload)
        return isinstance(members, list) and left(payload) in members

    return test


def _call(method: Callable[[str, str], bool], path: list[str], argument: Test) -> Test:
    def test(payload: Payload) -> bool:
        value, given = _lookup(payload, path), argument(payload)
        return isinstance(value, str) and isinstance(given, str) and method(value, given)

    return test


def _comparison(operator: str, left: Test, right: Test) -> Test:
    def test(payload: Payload) -> bool:  # noqa: PLR0911  one answer per operator
        one, other = left(payload), right(payload)
        if _MISSING in (one, other):
            return False
        if operator == "==":
            return bool(one == other)
        if operator == "!=":
            return bool(one != other)
        if not (isinstance(one, str) and isinstance(other, str)) and not (
            isinstance(one, int | float) and isinstance(other, int | float)
        ):
            return False
        match operator:
            case "<":
                return one < other  # type: ignore[operator]
            case "<=":
                return one <= other  # type: ignore[operator]
            case ">":
                return one > other  # type: ignore[operator]
            case _:
                return one >= other  # type: ignore[operator]

    return test
