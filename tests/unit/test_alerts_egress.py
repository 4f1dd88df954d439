"""Where alerts may go."""

import socket
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from aiohttp import ClientConnectorError, ClientSession

from alerts.egress import Egress
from events.errors import Refused
from tests.contract.alert_twins import LOOPBACK, receiving

INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1
198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 100::1 2001:db8::1
2001::1 2001:10::1 3fff::1 64:ff9b:1::1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::a00:1 64:ff9b::7f00:1
2002:7f00:1:: 2002:a00:1::1 2002:c0a8:101::1 nonsense
2001:0:4136:e378:8000:63bf:80ff:fffe 64:ff9b:1:7f00:1:: 64:ff9b::a9fe:a9fe ::ffff:a9fe:a9fe
::ffff:0:7f00:1 2002:a9fe:a9fe::1 fd00:ec2::23 fd20:ce::254 ff0e::1 ::ffff:100.64.0.1
"""
OUTSIDE = """
1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 223.255.255.255
2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not Egress().allows(address)


@pytest.mark.parametrize("address", OUTSIDE.split())
def test_what_is_public_is_allowed(address: str) -> None:
    assert Egress().allows(address)


def test_the_operator_may_name_networks_also_for_what_leads_into_them() -> None:
    egress = Egress([ip_network("10.1.0.0/16"), ip_network("fd12::/16")])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd12::1"):
        assert egress.allows(address)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "fd13::1", "127.0.0.1"):
        assert not egress.allows(address)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200"]
)
def test_a_network_around_a_cloud_s_metadata_does_not_open_it(address: str) -> None:
    wide = [ip_network(one) for one in ("169.254.0.0/16", "fd00::/8", "100.64.0.0/10")]
    assert not Egress(wide).allows(address)
    alone = [
        ip_network(one) for one in ("169.254.169.254/32", "fd00:ec2::254/128", "100.100.100.200/32")
    ]
    assert Egress(alone).allows(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com/hook",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https:///hook",
        "https://example.com:99999/",
        "http://[::1/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://LOCALHOST:8080/",
        "http://①②⑦.0.0.1/",
    ],
)
async def test_a_url_that_leads_inside_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await Egress().check(url, "channel.url")
    assert refused.value.problems[0].field == "channel.url"


async def test_a_refusal_names_the_setting() -> None:
    with pytest.raises(Refused, match="STANDING_ALLOW_NETWORKS"):
        await Egress().check("http://127.0.0.1:9/", "channel.url")
    await Egress(LOOPBACK).check("http://127.0.0.1:9/", "channel.url")
    await Egress(LOOPBACK).check("http://localhost:9/", "channel.url")


class Names:
    """A name server whose answers may change between two questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if not self._answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._answers.pop(0)


async def test_a_name_that_leads_inside_is_refused() -> None:
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        await Egress(lookup=Names(["10.0.0.1"])).check("https://desk.example/", "channel.url")


async def test_a_name_that_does_not_resolve_yet_is_taken() -> None:
    await Egress(lookup=Names()).check("https://desk.example/", "channel.url")


async def test_of_mixed_addresses_only_the_allowed_are_connected_to() -> None:
    egress = Egress(lookup=Names(["127.0.0.1", "8.8.8.8", "::1"]))
    assert await egress.resolve("desk.example", 443) == ["8.8.8.8"]


async def test_a_name_that_turns_inside_after_the_check_is_not_connected_to() -> None:
    async with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        url = f"http://desk.example:{port}/"
        egress = Egress(lookup=Names(["8.8.8.8"], ["127.0.0.1"]))
        await egress.check(url, "channel.url")
        async with ClientSession(connector=egress.connector()) as session:
            with pytest.raises(ClientConnectorError, match="no address that alerts may be sent to"):
                await session.get(url)
        assert receiver.posts == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_nothing_inside_is_connected_to_without_the_operator(host: str) -> None:
    async with receiving() as receiver:
        url = f"http://{host}:{receiver.url.rpartition(':')[2]}/"
        async with ClientSession(connector=Egress().connector()) as session:
            with pytest.raises(ClientConnectorError):
                await session.get(url)
        assert receiver.posts == []
        async with ClientSession(connector=Egress(LOOPBACK).connector()) as session:
            assert (await session.get(url)).status == 200
        assert len(receiver.posts) == 1


async def test_a_name_of_a_cloud_s_metadata_is_refused_by_where_it_leads() -> None:
    egress = Egress([ip_network("169.254.0.0/16")], Names(["169.254.169.254"], ["169.254.169.254"]))
    with pytest.raises(Refused, match=r"169\.254\.169\.254"):
        await egress.check("http://metadata.google.internal/computeMetadata/v1/", "channel.url")
    async with ClientSession(connector=egress.connector()) as session:
        with pytest.raises(ClientConnectorError, match="no address that alerts may be sent to"):
            await session.get("http://metadata.google.internal/computeMetadata/v1/")


async def test_what_was_checked_is_what_is_connected_to() -> None:
    """A name server that answers first with the receiver and then with something inside: each
    connection asks once, and goes where that answer led."""
    async with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        egress = Egress([ip_network("127.0.0.1/32")], names)
        async with ClientSession(connector=egress.connector()) as session:
            assert (await session.get(f"http://desk.example:{port}/")).status == 200
        async with ClientSession(connector=egress.connector()) as session:
            with pytest.raises(ClientConnectorError, match="no address that alerts may be sent to"):
                await session.get(f"http://desk.example:{port}/")
        assert len(receiver.posts) == 1
