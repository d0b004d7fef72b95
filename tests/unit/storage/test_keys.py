import ast
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from inspect import getsource, isfunction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import ConnectionId, MemberId, TenantId, tenant_id_of
from quayside.storage import keys
from quayside.storage.keys import Key

T = tenant_id_of("abc")
C = ConnectionId("tm19crgppmgzv9xh")
AT = datetime(2026, 11, 21, 10, 11, 12, 500_000, tzinfo=UTC)
P = "T#q9w1dfwf077ymga183f5vbh24e#"

EXACT = [
    (keys.tenant(T), Key(f"{P}TENANT", "TENANT")),
    (keys.member(T, MemberId("m-1")), Key(f"{P}MEMBERS", "MEMBER#m-1")),
    (keys.connection(T, C), Key(f"{P}CONNECTIONS", "CONNECTION#tm19crgppmgzv9xh")),
    (keys.dataset_health(T, C, "orders"), Key(f"{P}HEALTH#tm19crgppmgzv9xh", "DATASET#orders")),
    (
        keys.order(T, C, "ATVPDKIKX0DER", date(2026, 11, 21), AT, "902-1845936-5435065"),
        Key(f"{P}ORDERS#tm19crgppmgzv9xh#ATVPDKIKX0DER#2026-11", "ORDER#2026-11-21T10:11:12Z#902-1845936-5435065"),
    ),
    (keys.order_lookup(T, "902-1845936-5435065"), f"{P}ORDER#902-1845936-5435065"),
    (
        keys.inventory_position(T, C, "ATVPDKIKX0DER", "A#B/C é"),
        Key(f"{P}INVENTORY#tm19crgppmgzv9xh#ATVPDKIKX0DER", "SKU#A%23B%2FC%20%C3%A9"),
    ),
    (
        keys.stock_month(T, C, "DE", "A#1", date(2026, 11, 30)),
        Key(f"{P}STOCKDAYS#tm19crgppmgzv9xh#DE", "SKU#A%231#2026-11"),
    ),
    (keys.stock_days(T, C, "DE"), f"{P}STOCKDAYS#tm19crgppmgzv9xh#DE"),
    (keys.stock_month_sort("A#1", date(2026, 11, 30)), "SKU#A%231#2026-11"),
    (keys.shipments(T), f"{P}SHIPMENTS"),
    (keys.open_shipment(T, "s#1"), Key(f"{P}SHIPMENTS", "OPEN#s%231")),
    (keys.ended_shipment(T, "s1"), Key(f"{P}SHIPMENTS", "ENDED#s1")),
    (keys.listed_shipments(T), f"{P}SHIPMENTLIST"),
    (keys.listed_shipment(T, "OPEN", "s#1"), Key(f"{P}SHIPMENTLIST", "OPEN#s%231")),
    (keys.shipment_detail(T, "s1"), Key(f"{P}SHIPMENTS", "DETAIL#s1")),
    (keys.shipment_documents(T, "s/1"), Key(f"{P}SHIPMENTS", "DOCUMENTS#s%2F1")),
    (keys.shipped_order(T, "o1"), Key(f"{P}SHIPMENTS", "ORDER#o1")),
    (keys.shipped_inbound(T, C, "FBA1"), Key(f"{P}MATCHED#tm19crgppmgzv9xh", "INBOUND#FBA1")),
    (keys.matched_inbound(T, C), f"{P}MATCHED#tm19crgppmgzv9xh"),
    (keys.lead_times(T, "sea"), Key(f"{P}SHIPMENTS", "LEADTIME#sea")),
    (keys.under_way(T), f"{P}UNDERWAY"),
    (keys.under_way_of("A#1"), "SKU#A%231#"),
    (keys.units_under_way(T, "A#1", "s1"), Key(f"{P}UNDERWAY", "SKU#A%231#s1")),
    (keys.own_stock(T), f"{P}OWNSTOCK"),
    (keys.own_balances_of("l1"), "BALANCE#l1#"),
    (keys.own_movements_of("l1", "A#1"), "MOVEMENT#l1#A%231#"),
    (keys.own_location(T, "l1"), Key(f"{P}OWNSTOCK", "LOCATION#l1")),
    (keys.own_balance(T, "l1", "A#1"), Key(f"{P}OWNSTOCK", "BALANCE#l1#A%231")),
    (keys.own_movement(T, "l1", "A#1", 12), Key(f"{P}OWNSTOCK", "MOVEMENT#l1#A%231#000000012")),
    (keys.own_once(T, "l1", "receipt/a#1"), Key(f"{P}OWNSTOCK", "ONCE#l1#receipt%2Fa%231")),
    (keys.suppliers(T), f"{P}SUPPLIERS"),
    (keys.supplier(T, "s1"), Key(f"{P}SUPPLIERS", "SUPPLIER#s1")),
    (keys.supplier_name(T, "Yiwu Home & Co"), Key(f"{P}SUPPLIERS", "NAME#yiwu%20home%20%26%20co")),
    (keys.purchases(T), f"{P}PURCHASES"),
    (keys.purchase_entries("OPEN"), "OPEN#"),
    (keys.purchase_entry(T, "OPEN", 12), Key(f"{P}PURCHASES", "OPEN#000000012")),
    (keys.on_order_of("A#1"), "SKU#A%231#"),
    (keys.on_order(T, "A#1", "o1", "2"), Key(f"{P}PURCHASES", "SKU#A%231#o1#2")),
    (keys.payment_due(T, date(2026, 12, 1), "o1", "deposit"), Key(f"{P}PURCHASES", "DUE#2026-12-01#o1#deposit")),
    (keys.purchase_outcomes("s1"), "OUTCOME#s1#"),
    (keys.purchase_outcome(T, "s1", date(2026, 12, 1), "o1"), Key(f"{P}PURCHASES", "OUTCOME#s1#2026-12-01#o1")),
    (keys.purchase_settings(T), Key(f"{P}PURCHASES", "SETTINGS")),
    (keys.purchase_counter(T), Key(f"{P}PURCHASES", "COUNTER")),
    (keys.purchase_files(T), f"{P}PURCHASEFILES"),
    (keys.purchase_order(T, "o1"), Key(f"{P}PURCHASEFILES", "ORDER#o1#HEAD")),
    (keys.purchase_changes("o1"), "ORDER#o1#CHANGE#"),
    (keys.purchase_change(T, "o1", 3), Key(f"{P}PURCHASEFILES", "ORDER#o1#CHANGE#000003")),
    (keys.purchase_versions("o1"), "ORDER#o1#VERSION#"),
    (keys.purchase_version(T, "o1", 2), Key(f"{P}PURCHASEFILES", "ORDER#o1#VERSION#000002")),
    (keys.purchase_charges(), "CHARGE#"),
    (keys.purchase_charge(T, "c1"), Key(f"{P}PURCHASEFILES", "CHARGE#c1")),
    (keys.restock(T, C, "DE"), f"{P}RESTOCK#tm19crgppmgzv9xh#DE"),
    (keys.restock_line(T, C, "DE", "A#1"), Key(f"{P}RESTOCK#tm19crgppmgzv9xh#DE", "SKU#A%231")),
    (keys.restock_card(T, C, "DE", "A#1"), Key(f"{P}RESTOCK#tm19crgppmgzv9xh#DE", "CARD#A%231")),
    (keys.restock_open_of("A"), "OPEN#A#"),
    (keys.restock_open_of("A", date(2026, 11, 1)), "OPEN#A#2026-11-01\x7f"),
    (
        keys.restock_open(T, C, "DE", "A", date(2026, 12, 1), date(2026, 11, 1)),
        Key(f"{P}RESTOCK#tm19crgppmgzv9xh#DE", "OPEN#A#2026-12-01#2026-11-01"),
    ),
    (keys.restock_scored_of("A"), "SCORED#A#"),
    (
        keys.restock_scored(T, C, "DE", "A", date(2026, 11, 1)),
        Key(f"{P}RESTOCK#tm19crgppmgzv9xh#DE", "SCORED#A#2026-11-01"),
    ),
    (keys.restock_score(T, C, "DE", "A"), Key(f"{P}RESTOCK#tm19crgppmgzv9xh#DE", "SCORE#A")),
    (keys.restock_advice(T, C, "DE", "A"), Key(f"{P}RESTOCK#tm19crgppmgzv9xh#DE", "ADVICE#A")),
    (keys.restock_defaults(T), Key(f"{P}RESTOCKDEFAULTS", "DEFAULTS")),
    (keys.restock_choices(T, C), f"{P}RESTOCKCHOICES#tm19crgppmgzv9xh"),
    (keys.restock_choice(T, C, "DE", "A#1"), Key(f"{P}RESTOCKCHOICES#tm19crgppmgzv9xh", "SKU#DE#A%231")),
    (keys.stock_links(T, C), Key(f"{P}STOCKLINKS#tm19crgppmgzv9xh", "LINKS")),
    (
        keys.figure_sheet(T, C, "2026-11", "ATVPDKIKX0DER", "ORDERS"),
        Key(f"{P}FIGURES#tm19crgppmgzv9xh", "MONTH#2026-11#ATVPDKIKX0DER#ORDERS"),
    ),
    (
        keys.figure_sheet(T, C, "2026-11", "", "RETURNS"),
        Key(f"{P}FIGURES#tm19crgppmgzv9xh", "MONTH#2026-11#-#RETURNS"),
    ),
    (
        keys.figure_board(T, C, "ATVPDKIKX0DER"),
        Key(f"{P}FIGURES#tm19crgppmgzv9xh", "BOARD#ATVPDKIKX0DER"),
    ),
    (keys.alerts(T, C), Key(f"{P}FIGURES#tm19crgppmgzv9xh", "ALERTS")),
    (keys.cost_boards(T), f"{P}COSTBOARDS"),
    (keys.cost_board(T, None), Key(f"{P}COSTBOARDS", "BOARD#-")),
    (keys.cost_board(T, "ATVPDKIKX0DER"), Key(f"{P}COSTBOARDS", "BOARD#ATVPDKIKX0DER")),
    (
        keys.product_sheet(T, C, "2026-11", "ATVPDKIKX0DER", "ORDERS", "A#B"),
        Key(f"{P}PRODUCTS#tm19crgppmgzv9xh#ATVPDKIKX0DER#2026-11", "SHEET#ORDERS#A%23B"),
    ),
    (
        keys.product_sheet(T, C, "2026-11", "", "RETURNS", "SKU-1"),
        Key(f"{P}PRODUCTS#tm19crgppmgzv9xh#-#2026-11", "SHEET#RETURNS#SKU-1"),
    ),
    (
        keys.tenant_quarantine_entry(T, C, AT, "e1"),
        Key(f"{P}QUARANTINE#tm19crgppmgzv9xh", "ENTRY#2026-11-21T10:11:12Z#e1"),
    ),
    (keys.listing(T, C, "DE", "A#1"), Key(f"{P}LISTINGS#tm19crgppmgzv9xh#DE", "SKU#A%231")),
    (keys.catalog_item(T, C, "DE", "B01"), Key(f"{P}CATALOG#tm19crgppmgzv9xh#DE", "ASIN#B01")),
    (
        keys.transaction(T, C, datetime(2026, 10, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-8))), "t/1"),
        Key(f"{P}TRANSACTIONS#tm19crgppmgzv9xh#2026-11", "TRANSACTION#2026-11-01T07:59:59Z#t%2F1"),
    ),
    (keys.transaction_lookup(T, C, "t/1"), f"{P}TRANSACTION#tm19crgppmgzv9xh#t%2F1"),
    (keys.settlement_line(T, C, "199", 12), Key(f"{P}SETTLEMENT#tm19crgppmgzv9xh#199", "LINE#00000012")),
    (
        keys.settlement(T, C, date(2026, 11, 3), "199"),
        Key(f"{P}SETTLEMENTS#tm19crgppmgzv9xh", "SETTLEMENT#2026-11-03#199"),
    ),
    (
        keys.customer_return(T, C, "DE", AT, "902-1", "A#1", "LPN1"),
        Key(f"{P}RETURNS#tm19crgppmgzv9xh#DE#2026-11", "RETURN#2026-11-21T10:11:12Z#902-1#A%231#LPN1"),
    ),
    (
        keys.customer_return(T, C, None, AT, "902-1", "A", "1"),
        Key(f"{P}RETURNS#tm19crgppmgzv9xh#-#2026-11", "RETURN#2026-11-21T10:11:12Z#902-1#A#1"),
    ),
    (keys.fee_estimate(T, C, "DE", "A"), Key(f"{P}FEES#tm19crgppmgzv9xh#DE", "SKU#A")),
    (keys.inbound_plan(T, C, "wf1"), Key(f"{P}INBOUND#tm19crgppmgzv9xh", "PLAN#wf1")),
    (keys.inbound_shipment(T, C, "FBA1"), Key(f"{P}INBOUND#tm19crgppmgzv9xh", "SHIPMENT#FBA1")),
    (keys.inbound_item(T, C, "FBA1", "A#1"), Key(f"{P}INBOUND#tm19crgppmgzv9xh", "ITEM#FBA1#A%231")),
    (
        keys.traffic_day(T, C, "DE", date(2026, 11, 1), "A"),
        Key(f"{P}TRAFFIC#tm19crgppmgzv9xh#DE", "DAY#2026-11-01#SKU#A"),
    ),
    (
        keys.traffic_day(T, C, "DE", date(2026, 11, 1), None),
        Key(f"{P}TRAFFIC#tm19crgppmgzv9xh#DE", "DAY#2026-11-01#TOTAL"),
    ),
    (keys.report_runs(T, C), f"{P}REPORTS#tm19crgppmgzv9xh"),
    (keys.report_name("GET_X", AT, ("B", "A#1"), "0"), "GET_X#2026-11-21T10:11:12Z#A%231+B#0"),
    (keys.report_run(T, C, "GET_X#1"), Key(f"{P}REPORTS#tm19crgppmgzv9xh", "REPORT#GET_X#1")),
    (keys.report_range("GET_X"), ("REPORT#GET_X#", "REPORT#GET_X#\x7f")),
    (keys.report_range("GET_X", AT), ("REPORT#GET_X#", "REPORT#GET_X#2026-11-21T10:11:12Z\x7f")),
    (keys.raw_prefix(T), "T/q9w1dfwf077ymga183f5vbh24e/"),
    (keys.shipment_file(T, "s/1", "d#1"), "T/q9w1dfwf077ymga183f5vbh24e/shipments/s%2F1/d%231"),
    (keys.raw_report(T, C, "GET_X", "7/8"), "T/q9w1dfwf077ymga183f5vbh24e/tm19crgppmgzv9xh/GET_X/7%2F8.gz"),
    (keys.refresh_token(T, C), Key(f"{P}VAULT#tm19crgppmgzv9xh", "REFRESH_TOKEN")),
    (keys.authorization_code(T, C), Key(f"{P}VAULT#tm19crgppmgzv9xh", "AUTHORIZATION_CODE")),
    (keys.client_secret("amzn1.client.x"), Key("APPLICATION#amzn1.client.x", "CLIENT_SECRET")),
    (
        keys.seller_connection("A1", T, C),
        Key("SELLER#A1", "CONNECTION#q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh"),
    ),
    (
        keys.authorization_state("state"),
        Key("STATE#4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e", "STATE"),
    ),
    (keys.quota_bucket("app.1", C, "getOrder"), Key("QUOTA#app.1#tm19crgppmgzv9xh#getOrder", "BUCKET")),
    (keys.quota_bucket("app.1", None, "getOrder"), Key("QUOTA#app.1#APPLICATION#getOrder", "BUCKET")),
    (keys.circuit("app.1", "EU", "getOrder"), Key("CIRCUIT#app.1#EU#getOrder", "CIRCUIT")),
    (keys.access_token(T, C), Key("TOKEN#q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh", "ACCESS_TOKEN")),
    (keys.application_token("c", "a::b"), Key("TOKEN#APPLICATION#c#a%3A%3Ab", "ACCESS_TOKEN")),
    (keys.destination("EU"), Key("DESTINATION#EU", "DESTINATION")),
    (
        keys.due_job(AT, T, C, "orders"),
        Key(f"DUE#{keys.due_shard(C)}", "2026-11-21T10:11:12Z#q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh#orders"),
    ),
    (keys.quarantine_entry(AT, "e1"), Key("QUARANTINE", "ENTRY#2026-11-21T10:11:12Z#e1")),
    (keys.lease("token:x"), Key("LEASE#token%3Ax", "LEASE")),
    (keys.tenant_block(T), Key("BLOCK#q9w1dfwf077ymga183f5vbh24e", "BLOCK")),
    (keys.abuse_case("case1"), Key("ABUSE", "CASE#case1")),
    (
        keys.credential_entry(T, C),
        Key(f"CREDENTIAL#{keys.due_shard(C)}", "q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh"),
    ),
    (keys.tenant_prefix(T), P),
    (keys.members(T), f"{P}MEMBERS"),
    (keys.connections(T), f"{P}CONNECTIONS"),
    (keys.dataset_health_partition(T, C), f"{P}HEALTH#tm19crgppmgzv9xh"),
    (keys.orders(T, C, "DE", date(2026, 11, 21)), f"{P}ORDERS#tm19crgppmgzv9xh#DE#2026-11"),
    (keys.order_sort(AT, "902-1"), "ORDER#2026-11-21T10:11:12Z#902-1"),
    (keys.order_range(AT, AT), ("ORDER#2026-11-21T10:11:12Z#", "ORDER#2026-11-21T10:11:12Z#\x7f")),
    (keys.reviews(T, C, "DE", date(2026, 11, 21)), f"{P}REVIEWS#tm19crgppmgzv9xh#DE#2026-11"),
    (
        keys.review(T, C, "DE", date(2026, 11, 21), AT, "902-1"),
        Key(f"{P}REVIEWS#tm19crgppmgzv9xh#DE#2026-11", "REVIEW#2026-11-21T10:11:12Z#902-1"),
    ),
    (keys.review_lookup(T, "902-1"), f"{P}REVIEW#902-1"),
    (keys.review_wake_ups(T, C), f"{P}REVIEW_WAKE_UPS#tm19crgppmgzv9xh"),
    (
        keys.review_wake_up(T, C, AT, "902-1"),
        Key(f"{P}REVIEW_WAKE_UPS#tm19crgppmgzv9xh", "2026-11-21T10:11:12Z#902-1"),
    ),
    (keys.review_wake_ups_until(AT), "2026-11-21T10:11:12Z#\x7f"),
    (keys.review_marks(T, C), f"{P}REVIEW_MARKS#tm19crgppmgzv9xh"),
    (keys.review_mark(T, C, "902-1"), Key(f"{P}REVIEW_MARKS#tm19crgppmgzv9xh", "MARK#902-1")),
    (keys.review_days(T, C, "DE"), f"{P}REVIEW_DAYS#tm19crgppmgzv9xh#DE"),
    (
        keys.review_day(T, C, "DE", date(2026, 11, 1)),
        Key(f"{P}REVIEW_DAYS#tm19crgppmgzv9xh#DE", "DAY#2026-11-01"),
    ),
    (keys.review_day_range(date(2026, 11, 1), date(2026, 11, 2)), ("DAY#2026-11-01", "DAY#2026-11-02")),
    (keys.review_standing(T, C), Key(f"{P}REVIEW_STANDING#tm19crgppmgzv9xh", "STANDING")),
    (keys.review_settings(T), f"{P}REVIEW_SETTINGS"),
    (keys.review_switch(T), Key(f"{P}REVIEW_SETTINGS", "SWITCH")),
    (
        keys.lead_card(T, "idea", AT, "l/1"),
        Key(f"{P}SOURCING", "CARD#idea#2026-11-21T10:11:12Z#l%2F1"),
    ),
    (keys.lead(T, "l/1"), Key(f"{P}SOURCING", "LEAD#l%2F1")),
    (keys.lead_move(T, "l/1", 7), Key(f"{P}SOURCING", "MOVE#l%2F1#000007")),
    (keys.lead_quote(T, "l/1", "q"), Key(f"{P}SOURCING", "QUOTE#l%2F1#q")),
    (keys.lead_scenario(T, "l/1", "s"), Key(f"{P}SOURCING", "SCENARIO#l%2F1#s")),
    (keys.research_asked(T, C, "l/1"), Key(f"{P}RESEARCH#tm19crgppmgzv9xh", "ASKED#l%2F1")),
    (keys.sourcing(T), f"{P}SOURCING"),
    (keys.research(T, C), f"{P}RESEARCH#tm19crgppmgzv9xh"),
    (keys.lead_cards_of("idea"), "CARD#idea#"),
    (keys.lead_moves_of("l/1"), "MOVE#l%2F1#"),
    (keys.lead_quotes_of("l/1"), "QUOTE#l%2F1#"),
    (keys.lead_scenarios_of("l/1"), "SCENARIO#l%2F1#"),
    (keys.lead_sku(T, "MUG/1"), Key(f"{P}SOURCING", "SKU#MUG%2F1")),
    (
        keys.researched_product(T, C, "ATVPDKIKX0DER", "B000000001"),
        Key(f"{P}RESEARCH#tm19crgppmgzv9xh", "PRODUCT#ATVPDKIKX0DER#B000000001"),
    ),
    (
        keys.researched_fees(T, C, "ATVPDKIKX0DER", "B000000001", "AMAZON", 2499),
        Key(f"{P}RESEARCH#tm19crgppmgzv9xh", "FEES#ATVPDKIKX0DER#B000000001#AMAZON#2499"),
    ),
    (keys.review_campaign(T, "c/1"), Key(f"{P}REVIEW_SETTINGS", "CAMPAIGN#c%2F1")),
    (keys.do_not_solicit(T), f"{P}DO_NOT_SOLICIT"),
    (keys.do_not_solicit_order(T, "902-1"), Key(f"{P}DO_NOT_SOLICIT", "BARRED#902-1")),
    (keys.messages(T, C), f"{P}MESSAGES#tm19crgppmgzv9xh"),
    (keys.messages_of_order("902-1"), "ORDER#902-1#MESSAGE#"),
    (keys.message(T, C, "902-1", "m#1"), Key(f"{P}MESSAGES#tm19crgppmgzv9xh", "ORDER#902-1#MESSAGE#m%231")),
    (keys.message_words(T, C, "902-1", "m-1"), Key(f"{P}MESSAGES#tm19crgppmgzv9xh", "ORDER#902-1#WORDS#m-1")),
    (keys.message_offer(T, C, "902-1"), Key(f"{P}MESSAGES#tm19crgppmgzv9xh", "ORDER#902-1#OFFER")),
    (keys.message_log(T, C), f"{P}MESSAGE_LOG#tm19crgppmgzv9xh"),
    (
        keys.message_entry(T, C, AT, "m-1"),
        Key(f"{P}MESSAGE_LOG#tm19crgppmgzv9xh", "ENTRY#2026-11-21T10:11:12Z#m-1"),
    ),
    (keys.open_messages(T, C), f"{P}MESSAGES_OPEN#tm19crgppmgzv9xh"),
    (
        keys.open_message(T, C, AT, "m-1"),
        Key(f"{P}MESSAGES_OPEN#tm19crgppmgzv9xh", "OPEN#2026-11-21T10:11:12Z#m-1"),
    ),
    (keys.inventory(T, C, "DE"), f"{P}INVENTORY#tm19crgppmgzv9xh#DE"),
    (keys.figures(T, C), f"{P}FIGURES#tm19crgppmgzv9xh"),
    (keys.figure_sheet_range("2026-10", "2026-11"), ("MONTH#2026-10#", "MONTH#2026-11#\x7f")),
    (keys.product_sheets(T, C, "2026-11", "DE"), f"{P}PRODUCTS#tm19crgppmgzv9xh#DE#2026-11"),
    (keys.product_sheets_of("MONEY"), "SHEET#MONEY#"),
    (keys.tenant_quarantine(T, C), f"{P}QUARANTINE#tm19crgppmgzv9xh"),
    (keys.quarantine_sort(AT, "e#1"), "ENTRY#2026-11-21T10:11:12Z#e%231"),
    (keys.listings(T, C, "DE"), f"{P}LISTINGS#tm19crgppmgzv9xh#DE"),
    (keys.catalog_items(T, C, "DE"), f"{P}CATALOG#tm19crgppmgzv9xh#DE"),
    (keys.catalog_lines(T, C, "DE"), f"{P}GRID#tm19crgppmgzv9xh#DE"),
    (keys.catalog_line(T, C, "DE", "A#1"), Key(f"{P}GRID#tm19crgppmgzv9xh#DE", "SKU#A%231")),
    (keys.listing_issues(T, C), f"{P}ISSUES#tm19crgppmgzv9xh"),
    (
        keys.listing_issue_sort("ERROR", datetime(2026, 11, 1, tzinfo=UTC), "DE", "A#1", "0a1b"),
        "ERROR#2026-11-01T00:00:00Z#DE#A%231#0a1b",
    ),
    (keys.listing_edits(T, C, "DE"), f"{P}EDITS#tm19crgppmgzv9xh#DE"),
    (keys.listing_edits_of("A#1"), "SKU#A%231#"),
    (keys.listing_edit(T, C, "DE", "A#1", "0001-e"), Key(f"{P}EDITS#tm19crgppmgzv9xh#DE", "SKU#A%231#0001-e")),
    (keys.listing_files(T, C), f"{P}LISTINGFILES#tm19crgppmgzv9xh"),
    (keys.listing_attributes(T, C, "DE"), f"{P}ATTRIBUTES#tm19crgppmgzv9xh#DE"),
    (keys.attributes_of_listing(T, C, "DE", "A#1"), Key(f"{P}ATTRIBUTES#tm19crgppmgzv9xh#DE", "SKU#A%231")),
    (keys.product_type_form(T, C, "DE", "A#B"), Key(f"{P}ATTRIBUTES#tm19crgppmgzv9xh#DE", "TYPE#A%23B")),
    (keys.listing_file(T, C, "01-f"), Key(f"{P}LISTINGFILES#tm19crgppmgzv9xh", "FILE#01-f")),
    (keys.listing_file_part(T, C, "01-f", 7), Key(f"{P}LISTINGFILES#tm19crgppmgzv9xh", "PART#01-f#0007")),
    (keys.brand_tags(T), f"{P}BRANDS"),
    (keys.brand_book(T), Key(f"{P}BRANDS", "BOOK")),
    (keys.brand_board(T, C, "DE"), Key(f"{P}FIGURES#tm19crgppmgzv9xh", "BRANDBOARD#DE")),
    (keys.catalog_views(T), f"{P}CATALOGVIEWS"),
    (keys.catalog_view(T, "v1"), Key(f"{P}CATALOGVIEWS", "VIEW#v1")),
    (keys.transactions(T, C, date(2026, 11, 21)), f"{P}TRANSACTIONS#tm19crgppmgzv9xh#2026-11"),
    (keys.settlement_lines(T, C, "199"), f"{P}SETTLEMENT#tm19crgppmgzv9xh#199"),
    (keys.costs(T), f"T#{T}#COSTS"),
    (keys.cost_lots("A/1"), "LOT#A%2F1#"),
    (keys.cost_lot(T, "A/1", date(2026, 11, 22), "01"), Key(f"T#{T}#COSTS", "LOT#A%2F1#2026-11-22#01")),
    (keys.cost_method(T), Key(f"T#{T}#COSTS", "METHOD")),
    (keys.other_cost(T, date(2026, 11, 22), "c1"), Key(f"T#{T}#COSTS", "OTHER#2026-11-22#c1")),
    (keys.exchange_rates("EUR", "USD"), "RATE#EUR#USD#"),
    (keys.exchange_rate(T, "EUR", "USD", date(2026, 11, 22)), Key(f"T#{T}#COSTS", "RATE#EUR#USD#2026-11-22")),
    (keys.settlements(T, C), f"{P}SETTLEMENTS#tm19crgppmgzv9xh"),
    (keys.returns(T, C, None, date(2026, 11, 21)), f"{P}RETURNS#tm19crgppmgzv9xh#-#2026-11"),
    (keys.fee_estimates(T, C, "DE"), f"{P}FEES#tm19crgppmgzv9xh#DE"),
    (keys.inbound(T, C), f"{P}INBOUND#tm19crgppmgzv9xh"),
    (keys.traffic(T, C, "DE"), f"{P}TRAFFIC#tm19crgppmgzv9xh#DE"),
    (keys.runs(T, C), f"{P}RUNS#tm19crgppmgzv9xh"),
    (keys.runs_of("order/s"), "RUN#order%2Fs#"),
    (
        keys.run(T, C, "orders", AT, "c1"),
        Key(f"{P}RUNS#tm19crgppmgzv9xh", "RUN#orders#2026-11-21T10:11:12.500Z#c1"),
    ),
    (keys.vault(T, C), f"{P}VAULT#tm19crgppmgzv9xh"),
    (keys.audit_entries("application", 3), "APPLICATION#AUDIT#00000003"),
    (keys.audit_entry(T, 3, 12), Key(f"{P}AUDIT#00000003", "ENTRY#000000000012")),
    (keys.audit_volumes(T), f"{P}AUDIT#VOLUMES"),
    (keys.audit_volume("application", 3), Key("APPLICATION#AUDIT#VOLUMES", "VOLUME#00000003")),
    (keys.audit_chains(7), "CHAINS#7"),
    (keys.audit_registered(T), Key(f"CHAINS#{keys.audit_shard(T)}", "CHAIN#q9w1dfwf077ymga183f5vbh24e")),
    (keys.audit_checkpoints(2), "checkpoints/2/"),
    (keys.audit_checkpoint(2, AT, "m/1"), "checkpoints/2/2026-11-21T10:11:12Z-m%2F1.json"),
    (keys.personal_records(T, C), f"{P}PII#tm19crgppmgzv9xh"),
    (keys.personal_record(T, C, "902-1"), Key(f"{P}PII#tm19crgppmgzv9xh", "ORDER#902-1")),
    (keys.order_of_personal_record("ORDER#902-1%23"), "902-1#"),
    (keys.message_files(T, C), f"{P}PII#FILES#tm19crgppmgzv9xh"),
    (keys.message_file("902-1", "m#1"), "FILE#902-1#m%231#"),
    (
        keys.message_file_part(T, C, "902-1", "m-1", 7),
        Key(f"{P}PII#FILES#tm19crgppmgzv9xh", "FILE#902-1#m-1#0007"),
    ),
    (keys.data_keys(T), f"{P}PIIKEYS"),
    (keys.data_key(T, date(2026, 12, 21)), Key(f"{P}PIIKEYS", "DAY#2026-12-21")),
    (keys.manifests(date(2026, 11, 21)), "MANIFESTS#2026"),
    (keys.manifest_prefix(date(2026, 11, 21)), "DAY#2026-11-21#"),
    (keys.manifest(date(2026, 11, 21), 2), Key("MANIFESTS#2026", "DAY#2026-11-21#000002")),
    (keys.sweep_results(date(2026, 11, 21)), "RETENTION#2026"),
    (keys.sweep_result(date(2026, 11, 21), 5), Key("RETENTION#2026", "DAY#2026-11-21#5")),
    (keys.PROVED_RUNS, "EVIDENCE"),
    (keys.proved_run("2026-11-21T10:11:12Z"), Key("EVIDENCE", "RUN#2026-11-21T10%3A11%3A12Z")),
    (keys.disclosures(T), f"{P}AUDIT#DISCLOSURES"),
    (keys.disclosure(T, AT, "d1"), Key(f"{P}AUDIT#DISCLOSURES", "DISCLOSURE#2026-11-21T10:11:12Z#d1")),
    (keys.receipts(T), f"{P}RECEIPTS"),
    (keys.receipt(T, AT, "e1"), Key(f"{P}RECEIPTS", "RECEIPT#2026-11-21T10:11:12Z#e1")),
    (keys.expiring(7), "EXPIRING#7"),
    (
        keys.expiring_key(T, date(2026, 12, 21)),
        Key(f"EXPIRING#{keys.expiring_shard(T)}", "2026-12-21#q9w1dfwf077ymga183f5vbh24e"),
    ),
    (keys.expiring_until(date(2026, 12, 21)), "2026-12-21#\x7f"),
    (keys.destroyed(date(2026, 12, 21)), "DESTROYED#2026-12-21"),
    (
        keys.destroyed_key(date(2026, 12, 22), T, date(2026, 12, 21), "0123456789abcdef0"),  # pragma: allowlist secret
        Key("DESTROYED#2026-12-22", "q9w1dfwf077ymga183f5vbh24e#2026-12-21#0123456789abcdef"),
    ),
    (
        keys.destroyed_key(date(2026, 12, 22), T, date(2026, 12, 21), ""),
        Key("DESTROYED#2026-12-22", "q9w1dfwf077ymga183f5vbh24e#2026-12-21#-"),
    ),
    (keys.seller("A/1"), "SELLER#A%2F1"),
    (keys.credentials(7), "CREDENTIAL#7"),
    (keys.credentials_of(T), "q9w1dfwf077ymga183f5vbh24e#"),
    (keys.due(7), "DUE#7"),
    (keys.due_until(AT), "2026-11-21T10:11:12Z#\x7f"),
    (keys.report_pointer("7/8"), Key("REPORT#7%2F8", "REPORT")),
    (keys.sweep(T, C), Key("SWEEP#q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh", "SWEEP")),
    (keys.board(7), "BOARD#7"),
    (keys.board_of(T, C), "q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh#"),
    (
        keys.board_entry(T, C, "orders"),
        Key(f"BOARD#{keys.board_shard(C)}", "q9w1dfwf077ymga183f5vbh24e#tm19crgppmgzv9xh#orders"),
    ),
    (keys.erasures(T), "ERASURE#q9w1dfwf077ymga183f5vbh24e"),
    (keys.erasure(T, "e1"), Key("ERASURE#q9w1dfwf077ymga183f5vbh24e", "ERASURE#e1")),
    (keys.open_erasure(T, "e1"), Key("ERASURE#OPEN", "q9w1dfwf077ymga183f5vbh24e#e1")),
    (keys.export_prefix(T, None), "T/q9w1dfwf077ymga183f5vbh24e/all/"),
    (keys.export_prefix(T, C), "T/q9w1dfwf077ymga183f5vbh24e/tm19crgppmgzv9xh/"),  # pragma: allowlist secret
    (keys.export_file(T, C, "e1"), "T/q9w1dfwf077ymga183f5vbh24e/tm19crgppmgzv9xh/e1.zip"),
    (keys.export_pieces(T, None, "e1"), "T/q9w1dfwf077ymga183f5vbh24e/all/e1/"),
    (keys.exports(T, None), f"{P}EXPORTS#all"),
    (keys.exports(T, C), f"{P}EXPORTS#tm19crgppmgzv9xh"),
    (keys.export(T, C, "e1"), Key(f"{P}EXPORTS#tm19crgppmgzv9xh", "EXPORT#e1")),
]

_NO_KEYS = frozenset({"encode", "decode", "audit_volume_number", "audit_sequence"})
_SHARDS = frozenset({"audit_shard", "expiring_shard", "due_shard", "board_shard"})


@pytest.mark.parametrize(("built", "exact"), EXACT, ids=lambda value: str(value)[:50])
def test_keys_are_exactly_these(built: Key | str, exact: Key | str) -> None:
    assert built == exact


def test_every_key_is_among_them() -> None:
    """A key that nobody wrote down exactly could change and leave what is stored behind."""
    builders = {name for name, value in vars(keys).items() if isfunction(value) and value.__module__ == keys.__name__}
    public = {name for name in builders if not name.startswith("_")} - _NO_KEYS - _SHARDS
    written = {
        node.func.attr
        for node in ast.walk(ast.parse(getsource(sys.modules[__name__]).partition("_NO_KEYS")[0]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert public - written == set()


@pytest.mark.parametrize(
    ("built", "exact"),
    [
        (keys.audit_shard("application"), 7),
        (keys.audit_shard(T), 7),
        (keys.expiring_shard(T), 7),
        (keys.due_shard(C), 2),
        (keys.board_shard(C), 2),
    ],
)
def test_shards_are_exactly_these(built: int, exact: int) -> None:
    assert built == exact


@pytest.mark.parametrize(
    ("sort_key", "number"),
    [("ENTRY#000000000012", 12), ("ENTRY#12", None), ("VOLUME#000000000012", None), ("000000000012", None)],
)
def test_the_number_of_an_entry_is_read_from_its_key_alone(sort_key: str, number: int | None) -> None:
    assert keys.audit_sequence(sort_key) == number
    assert keys.audit_volume_number("VOLUME#00000012") == 12


def test_a_state_is_kept_under_its_hash_alone() -> None:
    assert "very-secret" not in str(keys.authorization_state("very-secret"))


@pytest.mark.parametrize("text", ["", "*", "a" * 25 + "#", f"{T}#"])
def test_no_key_is_built_for_what_is_no_tenant(text: str) -> None:
    for build in (keys.tenant, keys.members, keys.connections):
        with pytest.raises(InvalidInput):
            build(TenantId(text))


@given(st.text(), st.text())
def test_no_text_from_outside_can_add_a_separator_or_collide(one: str, other: str) -> None:
    first = keys.inventory_position(T, C, one, other)
    assert first.pk.count("#") == 4
    assert first.sk.count("#") == 1
    assert keys.decode(first.sk.removeprefix("SKU#")) == other
    swapped = keys.inventory_position(T, C, other, one)
    assert (first == swapped) is (one == other)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_every_encoded_text_sorts_between_the_bounds(text: str) -> None:
    assert keys.LOWEST < f"x{keys.encode(text)}" < keys.HIGHEST


def test_ranges_include_both_ends_and_nothing_else() -> None:
    first, last = keys.figure_sheet_range("2026-10", "2026-11")
    assert first < "MONTH#2026-10#-#MONEY" < last
    assert first < "MONTH#2026-11#ATVPDKIKX0DER#ORDERS" < last
    assert not first < "MONTH#2026-12#ATVPDKIKX0DER#ORDERS" < last
    assert not first < "MONTH#2026-09#ATVPDKIKX0DER#ORDERS" < last
    assert not first < "BOARD#ATVPDKIKX0DER" < last
    early, late = keys.order_range(AT, AT)
    assert early < keys.order_sort(AT, "902-1") < late


@given(st.text(min_size=1))
def test_due_work_is_spread_over_the_shards_that_are_read(text: str) -> None:
    assert 0 <= keys.due_shard(ConnectionId(text)) < keys.DUE_SHARDS


@pytest.mark.parametrize("shard", [-1, keys.DUE_SHARDS])
def test_there_are_no_other_shards(shard: int) -> None:
    with pytest.raises(ValueError, match="shards"):
        keys.due(shard)
