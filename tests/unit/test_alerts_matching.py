"""Which changes a filter lets through."""

from typing import Any

import pytest

from alerts.matching import Who, sends, wants
from alerts.places import BEGINNING, behind
from alerts.subscriptions import Filter, Start, requested
from events.dates import start
from events.lists import load_registry
from projections.changes import Change, Interval
from projections.rows import Told
from projections.timeline import UNLISTED, Flip, Reading
from tests.contract.alert_twins import LISTED, asked, change

SALE = Reading("designated", None, ("investment.purchase", "investment.sale"))
BACKFILLED = change(backfill=True)
NOTED = change(kind="noted", list_id=None, after=UNLISTED)
SCHEDULED = change(kind="scheduled", before=LISTED, after=LISTED, flips_after=(Flip(9, SALE),))
CALLED_OFF = change(kind="scheduled", before=LISTED, after=LISTED, flips_before=(Flip(9, SALE),))
CORRECTED = change(
    kind="corrected", before=LISTED, after=LISTED, intervals=(Interval(1, 2, LISTED, SALE),)
)


@pytest.mark.parametrize(
    ("asks", "told", "through"),
    [
        ({}, change(), True),
        ({}, NOTED, False),
        ({"kinds": ["noted"]}, NOTED, True),
        ({"kinds": ["noted"], "lists": ["us-ofac-sdn"]}, NOTED, False),
        ({"kinds": ["changed"]}, CORRECTED, False),
        ({"companies": ["acme", "other"]}, change(), True),
        ({"companies": ["other"]}, change(), False),
        ({"companies": ["acme-old"]}, change(), True),
        ({"companies": []}, change(), False),
        ({"kinds": []}, change(), False),
        ({"lists": []}, change(), False),
        ({"lists": ["us-ofac-sdn"]}, change(), True),
        ({"countries": ["CN"]}, change(), True),
        ({"countries": ["RU"]}, change(), False),
        ({"from": ["not_listed"], "to": ["designated"]}, change(), True),
        ({"from": ["designated"]}, change(), False),
        ({"to": ["removed"]}, change(), False),
        ({"restrictions": ["investment.purchase"]}, change(), True),
        ({"restrictions": ["investment.purchase"]}, change(before=LISTED, after=UNLISTED), True),
        ({"restrictions": ["investment.purchase"]}, change(before=LISTED, after=SALE), False),
        ({"restrictions": ["investment.sale"]}, SCHEDULED, True),
        ({"restrictions": ["investment.sale"]}, CALLED_OFF, True),
        ({"restrictions": ["investment.purchase"]}, SCHEDULED, False),
        ({"restrictions": ["investment.sale"]}, CORRECTED, True),
        ({"restrictions": []}, SCHEDULED, False),
        ({"gained": ["investment.purchase"]}, change(), True),
        ({"lost": ["investment.purchase"]}, change(), False),
        ({"lost": ["investment.purchase"]}, change(before=LISTED, after=UNLISTED), True),
        ({"gained": ["investment.purchase"]}, change(before=LISTED, after=UNLISTED), False),
        ({"gained": ["investment.sale"]}, SCHEDULED, True),
        ({"lost": ["investment.sale"]}, SCHEDULED, False),
        ({"gained": ["investment.sale"]}, CALLED_OFF, True),
        ({"lost": ["investment.sale"]}, CALLED_OFF, False),
        ({"gained": ["investment.sale"]}, CORRECTED, True),
        ({"lost": ["investment.sale"]}, CORRECTED, False),
        ({"gained": []}, change(), False),
        ({"gained": ["investment.purchase"], "lost": ["export.license"]}, change(), False),
        ({"companies": ["acme"], "lists": ["us-bis-uvl"]}, change(), False),
    ],
)
def test_a_change_goes_through_if_every_field_lets_it(
    asks: dict[str, Any], told: Change, through: bool
) -> None:
    who = Who("CN", frozenset({"acme-old"}))
    assert wants(Filter.model_validate(asks), told, who) is through


def test_a_company_of_unknown_country_is_in_none() -> None:
    assert not wants(Filter(countries=["CN"]), change(), Who())
    assert wants(Filter(), change(), Who())


def test_loaded_history_is_told_only_to_those_who_ask_for_it() -> None:
    assert not wants(Filter(), BACKFILLED, Who())
    assert wants(Filter(), BACKFILLED, Who(), backfill=True)


def test_what_stands_before_the_start_is_not_sent() -> None:
    request = requested(asked(), load_registry())
    told = Told(5, change())
    assert sends(request, Start(behind(4)), told, Who())
    assert not sends(request, Start(behind(5)), told, Who())
    assert sends(request, Start(BEGINNING, told.change.recorded), told, Who())
    assert not sends(request, Start(BEGINNING, told.change.recorded + 1), told, Who())


def test_a_later_revision_of_the_rules_stands_behind_a_start_at_its_position() -> None:
    request = requested(asked(), load_registry())
    revision = Told(5, change(moment=behind(5, 2)[1]))
    assert not sends(request, Start(behind(5, 2)), revision, Who())
    assert sends(request, Start(behind(5, 1)), revision, Who())


def test_what_is_recorded_behind_its_end_is_not_sent() -> None:
    told = Told(5, change(recorded=start("2021-06-30T23:59:59.999999Z")))
    later = Told(5, change(recorded=start("2021-07-01")))
    for written in ("2021-06-30", "2021-06"):
        request = requested(asked(expires=written), load_registry())
        assert sends(request, Start(BEGINNING), told, Who())
        assert not sends(request, Start(BEGINNING), later, Who())
