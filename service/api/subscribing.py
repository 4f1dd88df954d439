"""Each route of `/v1/subscriptions` as /openapi.json has it, beside the docstring that says what
it does."""

from typing import Final

from projections import blocks
from service.api import examples, schemas
from service.api.described import JSON, operation, sent, told

SUBSCRIBE: Final = operation(
    "Subscribe",
    "subscriptions",
    told("Kept. `secret` is shown this once.", schemas.ref("NewSubscription")),
    status_code=201,
    requestBody=sent(schemas.ref("SubscriptionRequest"), examples.SUBSCRIPTION),
    problems=(413, 422, 503),
)
SUBSCRIPTIONS: Final = operation(
    "All subscriptions",
    "subscriptions",
    told("Oldest first.", schemas.page("subscriptions", "Subscription")),
    query=("limit", "after"),
    problems=(422, 503),
)
SUBSCRIPTION: Final = operation(
    "A subscription",
    "subscriptions",
    told("The subscription.", schemas.ref("Subscription")),
    path="subscription",
    problems=(404, 422, 503),
)
CHANGE_SUBSCRIPTION: Final = operation(
    "Change, pause or resume a subscription",
    "subscriptions",
    told("The subscription as it is now.", schemas.ref("Subscription")),
    path="subscription",
    requestBody=sent(schemas.ref("SubscriptionWish"), examples.WISH),
    problems=(404, 413, 422, 503),
)
WATCHLIST: Final = operation(
    "The report of a watchlist",
    "subscriptions",
    told("Each row, and whom it was taken for.", schemas.ref("Watchlist")),
    path="subscription",
    problems=(404, 422, 503),
)
SET_WATCHLIST: Final = operation(
    "Replace a watchlist",
    "subscriptions",
    told("Each row, and whom it was taken for.", schemas.ref("Watchlist")),
    path="subscription",
    query=("accept_likely",),
    requestBody={
        "required": True,
        "content": {
            JSON: {"schema": schemas.ref("WatchlistRequest"), "example": examples.WATCHLIST},
            "text/csv": {"schema": blocks.TEXT, "example": examples.HOLDINGS_CSV},
        },
    },
    problems=(404, 413, 422, 503),
)
UNSUBSCRIBE: Final = operation(
    "End a subscription",
    "subscriptions",
    {"description": "It is gone."},
    path="subscription",
    status_code=204,
    problems=(404, 422, 503),
)
TEST: Final = operation(
    "Send a test message",
    "subscriptions",
    told("The delivery.", schemas.ref("Delivery")),
    path="subscription",
    problems=(404, 422, 503),
)
CONFIRMATION: Final = operation(
    "Ask a mailbox again",
    "subscriptions",
    told("The subscription.", schemas.ref("Subscription")),
    path="subscription",
    status_code=202,
    problems=(404, 422, 503),
)
ROTATE: Final = operation(
    "Change the secret",
    "subscriptions",
    told("The new secret, shown this once.", schemas.ref("Secret")),
    path="subscription",
    problems=(404, 422, 503),
)
PREVIEW: Final = operation(
    "Preview a filter",
    "subscriptions",
    told("What would have been sent.", schemas.ref("Preview")),
    requestBody=sent(schemas.ref("PreviewRequest"), examples.PREVIEW),
    problems=(413, 422, 503),
)
PREVIEW_ONE: Final = operation(
    "Preview a subscription",
    "subscriptions",
    told("What would have been sent.", schemas.ref("Preview")),
    path="subscription",
    query=("since", "limit"),
    problems=(404, 422, 503),
)
_SENT: Final = told("Latest first.", schemas.page("deliveries", "Delivery"))
_SENT["content"]["text/csv"] = {"schema": blocks.TEXT}
DELIVERIES: Final = operation(
    "What was sent",
    "subscriptions",
    _SENT,
    path="subscription",
    query=("limit", "before"),
    problems=(404, 406, 422, 503),
)
DELIVERY: Final = operation(
    "A message that was sent",
    "subscriptions",
    told("With what it said.", schemas.ref("Delivery")),
    path=("subscription", "delivery"),
    problems=(404, 422, 503),
)
REDELIVER: Final = operation(
    "Send a message again",
    "subscriptions",
    told("It waits to be sent.", schemas.ref("Delivery")),
    path="subscription",
    status_code=202,
    requestBody=sent(schemas.ref("Redelivery"), {"delivery": "msg_…"}),
    problems=(404, 422, 503),
)
DISABLE: Final = operation(
    "Disable a subscription",
    "subscriptions",
    told("The subscription.", schemas.ref("Subscription")),
    path="subscription",
    problems=(404, 422, 503),
)
ENABLE: Final = operation(
    "Enable a subscription again",
    "subscriptions",
    told("The subscription.", schemas.ref("Subscription")),
    path="subscription",
    query=("skip",),
    problems=(404, 422, 503),
)
RECOVER: Final = operation(
    "Send everything since a time again",
    "subscriptions",
    told("How many messages wait to be sent.", schemas.structured(count=blocks.COUNT)),
    path="subscription",
    status_code=202,
    requestBody=sent(schemas.ref("Recovery"), {"since": "2026-01-31T12:00:00Z"}),
    problems=(404, 422, 503),
)
MESSAGES: Final = operation(
    "A message of each kind",
    "subscriptions",
    told(
        "As a receiver of webhooks gets them.",
        schemas.structured(messages={"type": "array", "items": blocks.ANY}),
    ),
    problems=(422, 503),
)
