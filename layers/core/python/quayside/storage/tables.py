"""Base models of the tables, and the one write that everything is built on.

A record type is a pynamodb model derived from ``CoreItem``, ``VaultItem``, ``PiiItem``, ``PiiKeyItem``, ``AuditItem``
or ``CoordinationItem``. It states its ``KIND`` and is found by the keys of ``storage.keys``. Table names come from the
bound store, never from the class.

``save()`` replaces a whole item, so attributes written by newer code or by another writer would be lost. Records with
more than one writer are changed by ``write`` alone: one conditional UpdateItem that sets what the writer knows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self, cast, override

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from quayside.kernel.clock import epoch_seconds
from quayside.storage.connection import Store, bound
from quayside.storage.keys import Key

Item = dict[str, dict[str, Any]]
"""An item as DynamoDB writes it: attribute name to ``{type: value}``."""

AMAZON_DATA_DAYS = 548
"""Amazon data that is not personal is kept for 18 months at most (DPP 1.7)."""

AMAZON_SOURCES = ("amazon:", "quayside:metrics_roller", "quayside:restock")
"""How the sources of Amazon's data begin: what Amazon told, and what is worked out from it."""


class LookupIndex(GlobalSecondaryIndex["CoreItem"]):  # type: ignore[no-untyped-call]  # pynamodb leaves it untyped
    """Finds a fact by one identifier. Sparse and keys only: it costs one write when a fact is first stored."""

    class Meta:
        """Name and shape of the index, as in the template."""

        index_name = "lookup"
        projection = KeysOnlyProjection()

    lookup_key = UnicodeAttribute(hash_key=True)


class _Record(Model):
    """What all items have. ``source`` says where the item comes from, as DPP 1.8 asks."""

    KIND: ClassVar[str] = ""
    _bound_to: ClassVar[Store | None] = None
    _table_connection: ClassVar[TableConnection | None] = None

    class Meta:
        """Which setting names the table, and through which door it is reached."""

        table_name = "unbound"
        table_setting = ""
        door = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    source = UnicodeAttribute(default="quayside")
    expires_at = NumberAttribute(null=True)

    @classmethod
    @override
    def _get_connection(cls) -> TableConnection:
        # pynamodb would make a client with default credentials for every class; see storage.connection.
        store = bound()
        if cls.__dict__.get("_bound_to") is not store:
            meta = cast("Any", cls.Meta)
            table_name = getattr(store.settings, meta.table_setting)
            if not table_name:
                raise ValueError(f"{meta.table_setting.upper()} is not set, so {cls.__name__} has no table.")
            meta.table_name = table_name
            connection = store.connection(meta.door)
            if not connection.knows(table_name):
                connection.add_meta_table(_meta_table(cls, table_name))
            table = TableConnection.__new__(TableConnection)
            table.table_name = table_name
            table.connection = connection
            cls._table_connection = table
            cls._bound_to = store
        return cast("TableConnection", cls._table_connection)

    @classmethod
    def at(cls, key: Key, **attributes: Any) -> Self:  # noqa: ANN401 - each record type has its own attributes
        """Build a new record of this kind under ``key``."""
        attributes.setdefault("kind", cls.KIND)
        return cls(key.pk, key.sk, **attributes)

    def expired(self, now: datetime) -> bool:
        """Return whether the item's time is over; DynamoDB removes such items late, so readers check themselves."""
        ends: float | None = self.expires_at
        return ends is not None and ends <= epoch_seconds(now)

    @classmethod
    def find(cls, key: Key, *, consistent: bool = True) -> Self | None:
        """Read one record, or None when there is none. Strongly consistent unless told otherwise."""
        try:
            found = cls.get(key.pk, key.sk, consistent_read=consistent)
        except cls.DoesNotExist:
            return None
        return next(living((found,)), None)

    @classmethod
    def remove(cls, key: Key) -> None:
        """Delete a record; deleting one that is not there is no error."""
        cls._get_connection().delete_item(key.pk, key.sk)


def _meta_table(model: type[Model], table_name: str) -> MetaTable:
    schema = model._get_schema()  # noqa: SLF001 - pynamodb's own _get_connection builds the table this way
    return MetaTable(
        {
            "TableName": table_name,
            "KeySchema": schema["key_schema"],
            "AttributeDefinitions": schema["attribute_definitions"],
            "GlobalSecondaryIndexes": [
                {"IndexName": index["index_name"], "KeySchema": index["key_schema"]}
                for index in schema["global_secondary_indexes"]
            ],
            "LocalSecondaryIndexes": [],
        }
    )


class CoreItem(_Record):
    """Business facts and figures of one tenant."""

    class Meta:
        """The Core table, reached for the tenant in scope."""

        table_name = "unbound"
        table_setting = "core_table"
        door = "tenant"

    lookup_key = UnicodeAttribute(null=True)
    lookup = LookupIndex()


class VaultItem(_Record):
    """A credential of a connection, as ciphertext."""

    class Meta:
        """The Vault table, reached for the tenant in scope."""

        table_name = "unbound"
        table_setting = "vault_table"
        door = "tenant"


class ApplicationVaultItem(_Record):
    """A credential of the application itself, as ciphertext."""

    class Meta:
        """The Vault table, reached with the function's own role."""

        table_name = "unbound"
        table_setting = "vault_table"
        door = "system"


class PiiItem(_Record):
    """Personal data of one order of a tenant, as ciphertext."""

    class Meta:
        """The Pii table, reached for the tenant in scope."""

        table_name = "unbound"
        table_setting = "pii_table"
        door = "tenant"


class PiiKeyItem(_Record):
    """A wrapped data key of a tenant."""

    class Meta:
        """The PiiKeys table, reached for the tenant in scope."""

        table_name = "unbound"
        table_setting = "pii_keys_table"
        door = "tenant"


class AuditItem(_Record):
    """What the audit trail holds of one tenant."""

    class Meta:
        """The Audit table, reached for the tenant in scope."""

        table_name = "unbound"
        table_setting = "audit_table"
        door = "tenant"


class ApplicationAuditItem(_Record):
    """What the audit trail holds of the application itself."""

    class Meta:
        """The Audit table, reached with the function's own role."""

        table_name = "unbound"
        table_setting = "audit_table"
        door = "system"


class CoordinationItem(_Record):
    """What functions agree on among themselves; holds no business facts."""

    class Meta:
        """The Coordination table, reached with the function's own role."""

        table_name = "unbound"
        table_setting = "coordination_table"
        door = "system"


def living[Record: _Record](records: Iterable[Record]) -> Iterator[Record]:
    """Leave out facts of Amazon's whose time is over, though DynamoDB has not removed them yet (DPP 1.7).

    ``find``, ``page`` and ``every`` do so themselves; who queries a model or reads a batch of facts to show them goes
    through here. Records of other tables are left to their readers, who say what an ended one means.
    """
    clock = bound().clock
    for record in records:
        ended = isinstance(record, CoreItem) and record.expired(clock.now())
        if not (ended and record.source.startswith(AMAZON_SOURCES)):
            yield record


class Written(NamedTuple):
    """The outcome of ``write``.

    Attributes:
        applied: whether the condition held and the item was written.
        item: the item after the write (or before it, when asked for), or, when the condition failed, the item that
            stood in the way. Empty when there is none.
    """

    applied: bool
    item: Item


def write(  # noqa: PLR0913 - the parts of one conditional UpdateItem
    model: type[_Record],
    key: Key,
    actions: Sequence[Action],
    condition: Condition | None = None,
    *,
    source: str = "quayside",
    returning: str = "ALL_NEW",
) -> Written:
    """Change one item by a single UpdateItem; create it when it is not there and the condition allows.

    A condition that does not hold is an outcome, not an error. The item that stood in the way comes back with it, so
    that nobody reads again. ``kind`` and ``source`` are set on every write, so no item lacks them. No fact of Amazon's
    comes to be without an end: a write that sets none changes only an item that has one.

    Args:
        model: the kind of record.
        key: its primary key.
        actions: what to set, add or remove, besides ``kind`` and ``source``.
        condition: what must hold for the write to happen.
        source: where the facts come from, for example ``amazon:orders/2026-01-01``.
        returning: DynamoDB's ReturnValues: ``ALL_NEW``, ``ALL_OLD``, ``UPDATED_NEW``, ``UPDATED_OLD`` or ``NONE``.

    Raises:
        pynamodb.exceptions.UpdateError: anything else that went wrong.
    """
    if _is_fact_of_amazon(model, source) and not any(_sets_the_end(action) for action in actions):
        has_end = model.expires_at.exists()
        condition = has_end if condition is None else condition & has_end
    connection = model._get_connection()  # noqa: SLF001 - the door is the model's own
    arguments = connection.get_operation_kwargs(
        key.pk,
        key.sk,
        actions=[*actions, model.kind.set(model.KIND), model.source.set(source)],
        condition=condition,
        return_values=returning,
        return_values_on_condition_failure="ALL_OLD",
    )
    try:
        answer = connection.connection.dispatch("UpdateItem", arguments)
    except (BotoCoreError, ClientError) as problem:
        standing = _stood_in_the_way(problem)
        if standing is not None:
            return Written(applied=False, item=standing)
        raise UpdateError(f"An item of kind {model.KIND} could not be written: {problem}", problem) from problem
    return Written(applied=True, item=cast("Item", answer.get("Attributes", {})))


def _is_fact_of_amazon(model: type[_Record], source: str) -> bool:
    return issubclass(model, CoreItem) and source.startswith(AMAZON_SOURCES)


def _sets_the_end(action: Action) -> bool:
    return getattr(action.values[0], "path", None) == ["expires_at"]


def create(
    model: type[_Record], key: Key, attributes: Mapping[str, Mapping[str, Any]], *, source: str = "quayside"
) -> Written:
    """Put one item where nothing is yet, by a single PutItem; an item that is there stays and comes back.

    Args:
        model: the kind of record.
        key: its primary key.
        attributes: as DynamoDB writes them, ``{type: value}`` each, besides ``kind`` and ``source``.
        source: where the facts come from.

    Raises:
        ValueError: a fact of Amazon's has no end.
        pynamodb.exceptions.PutError: anything else that went wrong.
    """
    if _is_fact_of_amazon(model, source) and "expires_at" not in attributes:
        raise ValueError(f"An item of kind {model.KIND} is of Amazon, so it needs expires_at.")
    connection = model._get_connection()  # noqa: SLF001 - the door is the model's own
    arguments = connection.connection.get_operation_kwargs(
        connection.table_name,
        key.pk,
        key.sk,
        key="Item",
        attributes={**attributes, "kind": {"S": model.KIND}, "source": {"S": source}},
        condition=model.pk.does_not_exist(),
        return_values_on_condition_failure="ALL_OLD",
    )
    try:
        connection.connection.dispatch("PutItem", arguments)
    except (BotoCoreError, ClientError) as problem:
        standing = _stood_in_the_way(problem)
        if standing is not None:
            return Written(applied=False, item=standing)
        raise PutError(f"An item of kind {model.KIND} could not be written: {problem}", problem) from problem
    return Written(applied=True, item={})


def move_on[Record: _Record](record: Record, actions: Sequence[Action], *, source: str = "quayside") -> Record | None:
    """Change a record that counts its changes as ``step``, unless somebody else did since it was read.

    Returns:
        the record as it is now; None when it was changed or removed meanwhile, and nothing was written.
    """
    model = type(record)
    counted = cast("Any", model).step
    seen = int(cast("Any", record).step)
    written = write(model, Key(record.pk, record.sk), [counted.set(seen + 1), *actions], counted == seen, source=source)
    return model.from_raw_data(written.item) if written.applied else None


class Page[Record: _Record](NamedTuple):
    """A page of records. ``next_sort_key`` continues after it, None when this was the last; it names no tenant.

    Facts that have ended are left out, so a page may be short and still not the last.
    """

    records: list[Record]
    next_sort_key: str | None


def page[Record: _Record](  # noqa: PLR0913 - the parts of one query
    model: type[Record],
    pk: str,
    *,
    limit: int,
    prefix: str | None = None,
    between: tuple[str, str] | None = None,
    after: str | None = None,
    newest_first: bool = False,
    consistent: bool = False,
) -> Page[Record]:
    """Read one page of a partition in the order of its sort keys.

    Args:
        model: the kind of record; ``prefix`` or ``between`` must keep other kinds of the partition out.
        pk: the partition.
        limit: how many records at most.
        prefix: only sort keys that begin so.
        between: only sort keys from the first to the second, both included; not together with ``prefix``.
        after: the ``next_sort_key`` of the page before.
        newest_first: walk backwards.
        consistent: see every write that was acknowledged.
    """
    condition: Condition | None = None
    if between is not None:
        condition = model.sk.between(*between)
    elif prefix is not None:
        condition = model.sk.startswith(prefix)
    found = model.query(
        pk,
        condition,
        consistent_read=consistent,
        scan_index_forward=not newest_first,
        limit=limit,
        last_evaluated_key=None if after is None else {"pk": {"S": pk}, "sk": {"S": after}},
    )
    records = list(living(found))
    last = found.last_evaluated_key
    return Page(records, None if last is None else str(last["sk"]["S"]))


def every[Record: _Record](
    model: type[Record],
    pk: str,
    *,
    prefix: str | None = None,
    between: tuple[str, str] | None = None,
    consistent: bool = True,
) -> Iterator[Record]:
    """Walk all records of a partition in order, a page of 200 at a time; strongly consistent unless told otherwise."""
    after: str | None = None
    while True:
        part = page(model, pk, limit=200, prefix=prefix, between=between, after=after, consistent=consistent)
        yield from part.records
        after = part.next_sort_key
        if after is None:
            return


def look_up(lookup_key: str) -> list[Key]:
    """Return the keys of the facts that are filed under ``lookup_key``; eventually consistent, as indexes are."""
    return [Key(found.pk, found.sk) for found in CoreItem.lookup.query(lookup_key)]


def _stood_in_the_way(problem: Exception) -> Item | None:
    """Return the item that made a condition fail (empty when there is none), None when something else went wrong."""
    refused = problem.__cause__
    if isinstance(refused, ClientError) and _code(refused) == "ConditionalCheckFailedException":
        return cast("Item", refused.response.get("Item", {}))
    return None


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))


def condition_failed(problem: PynamoDBException) -> bool:
    """Return whether a pynamodb error means that a condition did not hold."""
    return problem.cause_response_code == "ConditionalCheckFailedException"
