"""`subscribe`, `subscriptions`, `deliveries`, `redeliver`: alerts without a service running."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks import Webhook

from tests.unit.conftest import Cli


class Receiver(HTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    """Takes every POST."""

    server: Receiver

    def do_POST(self) -> None:
        """Keep it, and say so."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on this machine, in a thread."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def local(cli: Cli) -> Cli:
    """The command of an operator who lets alerts go to this machine."""
    cli.set("STANDING_ALLOW_NETWORKS", "127.0.0.0/8")
    return cli


def test_a_subscription_asks_for_what_the_options_say(local: Cli) -> None:
    """Each option is a part of the filter; the secret is shown this once."""
    options = ["--company", "xiaomi", "--company", "huawei", "--list", "us-dod-ccmc"]
    options += ["--country", "CN", "--from", "designated", "--to", "enjoined"]
    options += ["--kind", "changed", "--restriction", "investment.purchase"]
    options += ["--label", "desk", "--backfill", "--start", "2021-01-01"]
    made = local("subscribe", "--webhook", "http://127.0.0.1:9/", *options, "--json").json
    assert made["filter"] == {
        "companies": ["xiaomi", "huawei"],
        "lists": ["us-dod-ccmc"],
        "countries": ["CN"],
        "from": ["designated"],
        "to": ["enjoined"],
        "kinds": ["changed"],
        "restrictions": ["investment.purchase"],
    }
    assert (made["label"], made["backfill"], made["start"]) == ("desk", True, "2021-01-01")
    assert made["secret"].startswith("whsec_")
    listed = local("subscriptions", "--json")
    assert made["secret"] not in listed.out
    assert [one["id"] for one in listed.json["subscriptions"]] == [made["id"]]
    told = local("subscriptions").out
    assert made["id"] in told
    assert "companies: xiaomi, huawei" in " ".join(told.split())


def test_digests_quiet_hours_reminders_and_heartbeats_are_asked_for_with_options(
    local: Cli,
) -> None:
    """The time zone is of digests and quiet hours alike."""
    options = ["--cadence", "weekly", "--digest-at", "Fri 07:30", "--time-zone", "Europe/Berlin"]
    options += ["--quiet", "22:00-07:00", "--remind", "P30D", "--remind", "P7D"]
    options += ["--heartbeat", "PT1H"]
    made = local("subscribe", "--webhook", "http://127.0.0.1:9/", *options, "--json").json
    berlin = {"time_zone": "Europe/Berlin"}
    assert made["digest"] == {**berlin, "at": "07:30", "weekday": "fri", "empty": False}
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    quiet = {**berlin, "from": "22:00", "to": "07:00", "days": days, "except": None}
    assert made["quiet"] == quiet
    assert (made["remind"], made["heartbeat"]) == (["P30D", "P7D"], "PT1H")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--digest-at", "08:00"], "digest"),
        (["--cadence", "daily", "--digest-at", "8"], "digest.at"),
        (["--quiet", "22:00"], "quiet.to"),
        (["--time-zone", "Europe/Berlin"], "--cadence"),
        (["--remind", "a month"], "remind.0"),
    ],
)
def test_times_that_do_not_fit_are_named(local: Cli, options: list[str], says: str) -> None:
    """By the field, or the option."""
    done = local("subscribe", "--webhook", "http://127.0.0.1:9/", *options)
    assert done.code in (1, 2)
    assert says in done.err


def test_people_are_told_the_id_and_the_secret(local: Cli) -> None:
    """One a line."""
    done = local("subscribe", "--webhook", "http://127.0.0.1:9/")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["id", "secret"]
    assert "shown this once" in done.err


def test_a_test_message_arrives_signed(local: Cli, receiver: Receiver) -> None:
    """The reference library of Standard Webhooks takes it, also after the secret was changed."""
    made = local("subscribe", "--webhook", receiver.url, "--json").json
    sent = local("subscriptions", "test", made["id"], "--json").json
    assert sent["state"] == "test"
    headers, body = receiver.got[-1]
    assert Webhook(made["secret"]).verify(body, headers)["type"] == "standing.test"
    fresh = local("subscriptions", "rotate", made["id"], "--json").json["secret"]
    local("subscriptions", "test", made["id"])
    headers, body = receiver.got[-1]
    for secret in (fresh, made["secret"]):
        assert Webhook(secret).verify(body, headers)
    told = local("deliveries", made["id"], "--json").json["deliveries"]
    assert len(told) == 2
    assert told[1]["delivery"] == sent["delivery"]
    table = local("deliveries", made["id"]).out
    assert table.split()[:6] == ["delivery", "company", "n", "type", "state", "attempts"]
    assert sent["delivery"] in table
    assert "delivered 204" in table
    assert "{" not in table


def test_a_subscription_is_stopped_and_forgotten(local: Cli) -> None:
    """In that order, or at once."""
    made = local("subscribe", "--webhook", "http://127.0.0.1:9/", "--json").json
    stopped = local("subscriptions", "disable", made["id"], "--json").json
    assert stopped["state"] == "disabled"
    assert local("subscriptions", "show", made["id"]).out.startswith("id ")
    assert local("subscriptions", "delete", made["id"]).code == 0
    assert local("subscriptions", "--json").json == {"subscriptions": []}


def test_an_address_that_only_this_host_can_reach_is_refused(cli: Cli) -> None:
    """Unless the operator names its network."""
    done = cli("subscribe", "--webhook", "http://127.0.0.1:9/")
    assert done.code == 1
    assert done.err.startswith("standing: refused: channel.url: 127.0.0.1 is at 127.0.0.1")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("subscribe",), 2, "--webhook"),
        (("subscribe", "--webhook", "ftp://a.example/"), 1, "channel.url: a receiver's URL"),
        (
            ("subscribe", "--webhook", "https://a.example/", "--list", "us-dod-cmcc"),
            1,
            "filter.lists.0: unknown list 'us-dod-cmcc'; did you mean",
        ),
        (
            ("subscribe", "--webhook", "https://a.example/", "--kind", "changd"),
            1,
            "filter.kinds.0: unknown 'changd'",
        ),
        (
            ("subscribe", "--webhook", "https://a.example/", "--start", "0:99"),
            1,
            "start: '0:99' is behind the end of the log",
        ),
        (("subscriptions", "delete"), 2, "delete takes the id"),
        (("subscriptions", "list", "sub_1"), 2, "list takes no id"),
        (("subscriptions", "delete", "sub_1"), 1, "unknown subscription 'sub_1'"),
        (("deliveries", "sub_1"), 1, "unknown subscription 'sub_1'"),
        (("redeliver", "msg_1"), 1, "unknown delivery 'msg_1'"),
    ],
)
def test_what_cannot_be_done_is_told(
    cli: Cli, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """In one line, by name."""
    done = cli(*arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err


# --- changing them --------------------------------------------------------------------------------


@pytest.fixture
def made(local: Cli) -> str:
    """A subscription that names two companies and a list."""
    options = ["--company", "xiaomi", "--company", "huawei", "--list", "us-dod-ccmc"]
    told = local("subscribe", "--webhook", "http://127.0.0.1:9/", *options, "--json").json
    return str(told["id"])


def test_what_is_named_is_changed_and_the_rest_stays(local: Cli, made: str) -> None:
    """Filters field by field."""
    options = ["--list", "us-ofac-sdn", "--gained", "property.blocked", "--label", "new"]
    told = local("subscriptions", "change", made, *options, "--expires", "2090", "--json").json
    assert told["filter"] == {
        "companies": ["xiaomi", "huawei"],
        "lists": ["us-ofac-sdn"],
        "gained": ["property.blocked"],
    }
    assert (told["label"], told["expires"], told["state"]) == ("new", "2090", "active")
    options = ["--any", "companies", "--any", "gained", "--expires", "never"]
    told = local("subscriptions", "change", made, *options, "--json").json
    assert (told["filter"], told["expires"]) == ({"lists": ["us-ofac-sdn"]}, None)
    assert "lists: us-ofac-sdn" in " ".join(local("subscriptions").out.split())


def test_when_it_is_told_is_changed_option_by_option(local: Cli, made: str) -> None:
    """Of quiet hours what is not named stays, and none takes away."""
    change = ("subscriptions", "change", made, "--json")
    quiet = ("--quiet", "22:00-07:00", "--time-zone", "Europe/Berlin")
    more = ("--remind", "P30D", "--remind", "P7D", "--heartbeat", "PT1H", "--backfill")
    told = local(*change, *quiet, *more).json
    found = told["quiet"]
    assert (found["from"], found["to"], found["time_zone"]) == ("22:00", "07:00", "Europe/Berlin")
    assert (told["remind"], told["heartbeat"]) == (["P30D", "P7D"], "PT1H")
    assert (told["backfill"], told["filter"]["lists"]) == (True, ["us-dod-ccmc"])
    found = local(*change, "--quiet", "23:00-06:00").json["quiet"]
    assert (found["from"], found["time_zone"]) == ("23:00", "Europe/Berlin")
    assert local(*change, "--time-zone", "Asia/Tokyo").json["quiet"]["time_zone"] == "Asia/Tokyo"
    none = [part for name in ("quiet", "remind", "heartbeat") for part in (f"--{name}", "none")]
    told = local(*change, *none, "--no-backfill", "--label", "").json
    assert (told["quiet"], told["remind"], told["heartbeat"]) == (None, [], None)
    assert (told["backfill"], told["label"]) == (False, None)
    acts = local("audit", "--object", made, "--json").json["acts"]
    assert acts[-2]["detail"] == "backfill, heartbeat, quiet, remind"


def test_digests_are_changed_and_who_is_told_of_failures(local: Cli, made: str) -> None:
    told = local("subscribe", "--webhook", "http://127.0.0.1:9/", "--cadence", "weekly", "--json")
    change = ("subscriptions", "change", told.json["id"], "--json")
    options = ("--digest-at", "fri 17:00", "--empty", "--time-zone", "Europe/Berlin")
    told = local(*change, *options, "--notify", made)
    digest = {"time_zone": "Europe/Berlin", "at": "17:00", "weekday": "fri", "empty": True}
    assert (told.json["digest"], told.json["notify"]) == (digest, made)
    told = local(*change, "--digest-at", "09:00", "--no-empty", "--notify", "none")
    assert told.json["digest"] == {**digest, "at": "09:00", "empty": False}
    assert told.json["notify"] is None


def test_a_webhook_is_signed_and_paced_as_asked_for(local: Cli) -> None:
    options = ("--signature", "ed25519", "--rate", "5")
    told = local("subscribe", "--webhook", "http://127.0.0.1:9/", *options, "--json").json
    assert told["secret"].startswith("whpk_")
    assert (told["channel"]["signature"], told["channel"]["rate"]) == ("ed25519", 5)
    done = local("subscribe", "--email", "a@b.example", "--rate", "5")
    assert (done.code, "--webhook" in done.err) == (2, True)


def test_a_subscription_is_paused_and_resumed(local: Cli, made: str) -> None:
    """Which its state says, and the list."""
    assert local("subscriptions", "pause", made, "--json").json["state"] == "paused"
    assert "paused" in local("subscriptions").out
    told = local("subscriptions", "resume", made, "--skip-missed", "--json").json
    assert (told["state"], told["paused_since"]) == ("active", None)


def test_owners_are_listed_apart(local: Cli, made: str) -> None:
    """An operator sees all."""
    local("subscribe", "--webhook", "http://127.0.0.1:9/", "--owner", "desk-a")
    assert len(local("subscriptions", "--json").json["subscriptions"]) == 2
    (mine,) = local("subscriptions", "--owner", "local", "--json").json["subscriptions"]
    assert mine["id"] == made


def test_what_was_done_is_on_record(local: Cli, made: str) -> None:
    """For people and for programs, and without what is secret."""
    secret = local("subscriptions", "rotate", made, "--json").json["secret"]
    local("subscriptions", "pause", made)
    token = local("token", "create", "--role", "read", "--owner", "desk-a", "--json").json
    local("subscriptions", "remove", made)
    told = local("audit", "--json")
    assert [(one["action"], one["object"]) for one in reversed(told.json["acts"])] == [
        ("subscribe", made),
        ("rotate", made),
        ("pause", made),
        ("token made", token["id"]),
        ("remove", made),
    ]
    assert secret not in told.out
    assert token["token"] not in told.out
    shown = local("audit", "--object", token["id"]).out
    assert "token made" in shown
    assert "rotate" not in shown


def test_nothing_done_is_nothing_on_record(local: Cli) -> None:
    """Which is said."""
    assert "nothing was done yet" in local("audit").err
    assert "nobody has subscribed" in local("subscriptions").err


def test_a_preview_needs_no_receiver(demo: Cli) -> None:
    """It says how much it would have been, and shows the first."""
    asked_for = ["subscribe", "--list", "us-dod-ccmc", "--since", "beginning", "--preview"]
    found = demo(*asked_for, "--json").json
    assert (found["count"], demo("subscriptions", "--json").json) == (0, {"subscriptions": []})
    assert found["loaded"] > 0
    told = demo(*asked_for, "--backfill").out
    assert f"{found['loaded']:,} messages about" in told
    assert "by list: us-dod-ccmc" in told
    assert "hikvision" in told


def test_a_preview_is_had_of_a_subscription(demo: Cli) -> None:
    """With its own filter."""
    hook = "https://desk.example/hook"
    made = demo("subscribe", "--webhook", hook, "--company", "xiaomi", "--backfill", "--json").json
    found = demo("subscriptions", "preview", made["id"], "--since", "beginning", "--json").json
    assert found["companies"] == 1
    assert found["by"]["list"].keys() == {"us-dod-ccmc"}


def test_a_watchlist_becomes_companies(demo: Cli) -> None:
    """The report is shown, kept, and made anew with another list."""
    path = demo.home / "holdings.csv"
    path.write_text("name\nXiaomi Corporation\nNobody Knows This One\n")
    hook = ["--webhook", "https://desk.example/hook"]
    made = demo("subscribe", *hook, "--watchlist", str(path), "--json").json
    assert made["filter"]["companies"] == ["xiaomi"]
    assert [one["outcome"] for one in made["watchlist"]["rows"]] == ["matched", "not_found"]
    told = demo("subscriptions", "watchlist", made["id"])
    assert "Nobody Knows This One" in told.out
    assert "1 rows left to you" in told.err
    assert demo("subscriptions", "watchlist", made["id"], "--json").json == made["watchlist"]
    path.write_text("company\nhuawei\n")
    demo("subscriptions", "watchlist", made["id"], "--watchlist", str(path))
    shown = demo("subscriptions", "show", made["id"], "--json").json
    assert shown["filter"] == {"companies": ["huawei"]}
    again = demo("subscriptions", "watchlist", made["id"], "--again", "--json").json
    assert [one["company"] for one in again["rows"]] == ["huawei"]
    path.write_text("company\nnobody-knows\n")
    kept = demo("subscribe", *hook, "--watchlist", str(path))  # who may be known one day
    assert (kept.code, "0 companies taken, 1 rows left to you" in kept.err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("subscribe",), 2, "--webhook"),
        (("subscriptions", "pause"), 2, "pause takes the id"),
        (("subscriptions", "pause", "sub_0", "--label", "x"), 2, "change does"),
        (("subscriptions", "resume", "sub_0", "--quiet", "22:00-07:00"), 2, "change does"),
        (("subscriptions", "change", "sub_0", "--any", "colours"), 2, "colours"),
        (("subscriptions", "change", "sub_0", "--label", "x"), 1, "sub_0"),
        (("subscriptions", "watchlist", "sub_0"), 1, "sub_0"),
        (("subscribe", "--webhook", "https://a.example", "--expires", "2020"), 1, "has passed"),
        (("subscribe", "--preview", "--since", "P1"), 1, "since"),
    ],
)
def test_what_cannot_be_changed_is_told(
    arguments: tuple[str, ...], code: int, says: str, local: Cli
) -> None:
    """Bad usage, or refused data."""
    done = local(*arguments)
    assert done.code == code
    assert says in done.err


def test_a_chat_or_a_mailbox_is_told_as_well(local: Cli) -> None:
    """By one option each; there is no secret, and a mailbox needs a mail server."""
    for option, kind in (
        ("--slack", "slack"),
        ("--teams", "teams"),
        ("--discord", "discord"),
        ("--ntfy", "ntfy"),
    ):
        made = local("subscribe", option, "http://127.0.0.1:9/topic", "--json").json
        assert made["channel"] == {"type": kind, "url": "http://127.0.0.1:9/topic"}
        assert "secret" not in made
    listed = local("subscriptions")
    assert "http://127.0.0.1:9/…" in listed.out
    assert "topic" not in listed.out
    refused = local("subscribe", "--email", "officer@desk.example")
    assert (refused.code, "STANDING_SMTP_HOST" in refused.err) == (1, True)
    both = ("--slack", "http://127.0.0.1:9/", "--webhook", "http://127.0.0.1:9/")
    for options in (both, ()):
        wrong = local("subscribe", *options)
        assert (wrong.code, "give one of" in wrong.err) == (2, True)


def test_what_was_sent_is_a_file(local: Cli, receiver: Receiver) -> None:
    """With a row for each attempt."""
    made = local("subscribe", "--webhook", receiver.url, "--json").json
    local("subscriptions", "test", made["id"])
    found = local("deliveries", made["id"], "--format", "csv").out.splitlines()
    assert found[0].startswith("delivery,company,n,change,type,state,since,due,attempt,at,outcome")
    assert len(found) == 2
    assert ",standing.test,test," in found[1]
