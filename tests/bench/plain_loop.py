"""What the intake benchmark compares with: the loop most people write first.

It follows the documentation of its libraries. Messages are read with ``json``; boto3's Table resource gets the order,
compares the times and puts it (boto3 guide, "Amazon DynamoDB": ``get_item``, ``put_item``); a message that was seen is
not run again thanks to Powertools' idempotency on its ``NotificationId`` with a DynamoDB persistence layer (Powertools
guide, "Idempotency": ``idempotent_function`` with ``data_keyword_argument`` and ``event_key_jmespath``, results kept an
hour, the local cache left off as it is by default). It has no tenants, quarantine, logs, prices or figures, so
everything it leaves out is in its favour.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.bench.notifications import LineTruth, OrderTruth

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_dynamodb.client import DynamoDBClient

ORDERS_TABLE = "plain-orders"
SEEN_TABLE = "plain-seen"

_STATUS = {
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "Canceled": "CANCELLED",
}


def create_tables(dynamodb: "DynamoDBClient") -> None:
    """Make the two tables of the loop: the orders and positions, and Powertools' idempotency records."""
    dynamodb.create_table(
        TableName=ORDERS_TABLE,
        KeySchema=[{"AttributeName": "seller", "KeyType": "HASH"}, {"AttributeName": "thing", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "seller", "AttributeType": "S"},
            {"AttributeName": "thing", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.create_table(
        TableName=SEEN_TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


class PlainLoop:
    """The handler: one message after the other, each with its own get and put."""

    def __init__(self, session: "Session", endpoint: str) -> None:
        from aws_lambda_powertools.utilities.idempotency import (  # noqa: PLC0415 - pulls boto3 in; only this benchmark pays
            DynamoDBPersistenceLayer,
            IdempotencyConfig,
            idempotent_function,
        )

        self.table = session.resource("dynamodb", endpoint_url=endpoint).Table(ORDERS_TABLE)
        persistence = DynamoDBPersistenceLayer(
            table_name=SEEN_TABLE, boto3_client=session.client("dynamodb", endpoint_url=endpoint)
        )
        self._config = IdempotencyConfig(event_key_jmespath="NotificationMetadata.NotificationId")

        @idempotent_function(  # type: ignore[untyped-decorator] # published without types
            data_keyword_argument="notification", config=self._config, persistence_store=persistence
        )
        def process(notification: dict[str, Any]) -> None:
            self._process(notification)

        self._once = process

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        """Take a batch of SQS messages; return those that failed."""
        self._config.register_lambda_context(context)
        failures = []
        for record in event["Records"]:
            try:
                self._once(notification=json.loads(record["body"]))
            except Exception:  # noqa: BLE001 - as Lambda's guide shows partial batch responses
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    def _process(self, notification: dict[str, Any]) -> None:
        if notification["NotificationType"] == "ORDER_CHANGE":
            self._keep(*_order(notification["Payload"]["OrderChangeNotification"]))
        else:
            self._keep(*_position(notification))

    def _keep(self, key: dict[str, str], item: dict[str, Any]) -> None:
        known = self.table.get_item(Key=key).get("Item")
        if known is None or str(known["updated_at"]) < item["updated_at"]:
            self.table.put_item(Item={**key, **item})


def _order(change: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    summary = change["Summary"]
    return {"seller": change["SellerId"], "thing": f"ORDER#{change['AmazonOrderId']}"}, {
        "updated_at": change["OrderChangeTrigger"]["TimeOfOrderChange"],
        "marketplace_id": summary["MarketplaceId"],
        "purchased_at": summary["PurchaseDate"],
        "status": _STATUS[summary["OrderStatus"]],
        "fulfilled_by": "AMAZON" if summary["FulfillmentType"] == "AFN" else "MERCHANT",
        "lines": [
            {
                "order_item_id": line["OrderItemId"],
                "seller_sku": line["SellerSKU"],
                "quantity_ordered": line["Quantity"],
                "quantity_shipped": line["QuantityShipped"],
            }
            for line in summary["OrderItems"]
        ],
    }


def _position(notification: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    payload = notification["Payload"]
    place = payload["FulfillmentInventoryByMarketplace"][0]
    return {"seller": payload["SellerId"], "thing": f"STOCK#{place['MarketplaceId']}#{payload['SKU']}"}, {
        "updated_at": notification["EventTime"],
        "asin": payload["ASIN"],
        "fnsku": payload["FNSKU"],
        "quantities": place["FulfillmentInventory"],
    }


def kept_orders(dynamodb: "DynamoDBClient") -> Iterator[tuple[tuple[str, str], OrderTruth]]:
    """Read every order the loop kept, to make sure that what we compare with did its work."""
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415 - only after the measuring

    deserializer = TypeDeserializer()
    for page in dynamodb.get_paginator("scan").paginate(TableName=ORDERS_TABLE):
        for raw in page["Items"]:
            item = {name: deserializer.deserialize(value) for name, value in raw.items()}
            if item["thing"].startswith("ORDER#"):
                yield _kept_order(item)


def _kept_order(item: Mapping[str, Any]) -> tuple[tuple[str, str], OrderTruth]:
    order_id = item["thing"].removeprefix("ORDER#")
    return (item["seller"], order_id), OrderTruth(
        selling_partner_id=item["seller"],
        marketplace_id=item["marketplace_id"],
        order_id=order_id,
        purchased_at=item["purchased_at"][:19] + "Z",
        status=item["status"],
        fulfilled_by=item["fulfilled_by"],
        lines=tuple(
            LineTruth(
                line["order_item_id"],
                line["seller_sku"],
                int(line["quantity_ordered"]),
                int(line["quantity_shipped"]),
            )
            for line in item["lines"]
        ),
    )
