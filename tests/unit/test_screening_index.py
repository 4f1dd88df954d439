"""Companies found by what is said of them."""

from typing import Any

from events.companies import Description
from projections.screening import Holding, Index, Known, Match

ISIN = "KYG9830T1067"
LEI = "5493000IBP32UQZ0KL24"


def known(company: str, **fields: Any) -> Known:
    """A company."""
    return Known(company, Description(**fields).shown())


def index() -> Index:
    """A few companies."""
    return Index(
        [
            known(
                "xiaomi",
                name="Xiaomi Corporation",
                aliases=("小米集团",),
                country="CN",
                identifiers=(("isin", ISIN), ("ticker", "1810")),
                former_ids=("xiaomi-old",),
            ),
            known("melli", name="Bank Melli Iran", identifiers=(("tax", "777"),), country="IR"),
            known("saderat", name="Bank Saderat Iran", identifiers=(("tax", "777"),)),
            known("sokol-de", name="Sokol GmbH", country="DE"),
            known("sokol-ru", name="Sokol OOO", country="RU", identifiers=(("LEI", LEI),)),
            known("nameless"),
        ]
    )


def test_a_global_identifier_decides() -> None:
    """In any case, with blanks; whatever the name says."""
    asked = Holding(name="Bank Melli Iran", isin="kyg9830 t1067")
    first, second = index().find(asked)
    assert first == Match("xiaomi", "exact", "isin", 1.0, ISIN)
    assert second[:3] == ("melli", "strong", "name")
    assert index().find(Holding(lei=LEI.lower())) == [Match("sokol-ru", "exact", "lei", 1.0, LEI)]
    assert index().find(Holding(identifier=LEI)) == [Match("sokol-ru", "exact", "lei", 1.0, LEI)]
    assert index().find(Holding(lei=ISIN)) == []


def test_an_identifier_that_companies_share_decides_nothing() -> None:
    """Two banks have one tax number."""
    found = index().find(Holding(identifier="777"))
    assert {(one.company, one.how, one.by) for one in found} == {
        ("melli", "possible", "identifier"),
        ("saderat", "possible", "identifier"),
    }


def test_an_identifier_that_one_company_has_is_strong() -> None:
    """A ticker is reused, a register's number is not the world's."""
    found = index().find(Holding(ticker="1810"))
    assert found == [Match("xiaomi", "strong", "identifier", 0.95, "ticker:1810")]


def test_a_name_alone_is_never_exact() -> None:
    """Though it is the same, letter by letter; the alias that matched is named."""
    (found,) = index().find(Holding(name="小米集团"))
    assert found == Match("xiaomi", "strong", "alias", 1.0, "小米集团")


def test_the_country_breaks_ties() -> None:
    """And does no more."""
    for country, first in (("RU", "sokol-ru"), ("DE", "sokol-de"), ("", "sokol-de")):
        found = index().find(Holding(name="Sokol", country=country))
        assert [one.how for one in found] == ["strong", "strong"]
        assert found[0].company == first


def test_an_id_of_ours_is_exact_and_else_the_column_is_a_name() -> None:
    """`company` may be either."""
    assert index().find(Holding(company="xiaomi"))[0][:3] == ("xiaomi", "exact", "company")
    assert index().find(Holding(company="xiaomi-old"))[0][:3] == ("xiaomi", "exact", "company")
    assert index().find(Holding(company="Xiaomi Corp"))[0][:3] == ("xiaomi", "strong", "name")
    assert index().find(Holding(company="Xiaomi", name="Sokol"))[0].company == "sokol-de"


def test_a_sources_own_id_is_a_reference() -> None:
    """Alone it is as good as a register's number; another source may have the same."""
    some = index()
    some.refers("ofac", "123", "xiaomi-old")
    assert some.find(Holding(identifier="123")) == [
        Match("xiaomi", "strong", "reference", 0.95, "ofac:123")
    ]
    some.refers("eu", "123", "melli")
    some.refers("un", "123", "gone")
    assert {one.how for one in some.find(Holding(identifier="123"))} == {"possible"}
    assert [one.company for one in some.find(Holding(identifier="OFAC:123"))] == ["xiaomi"]


def test_what_a_company_was_called_before_is_no_longer_found() -> None:
    """Nor one that counts for another now."""
    some = index()
    some.put(known("xiaomi", name="Mi Group"))
    assert some.find(Holding(name="Xiaomi Corporation", isin=ISIN, company="xiaomi-old")) == []
    assert some.find(Holding(name="Mi Group"))[0].company == "xiaomi"
    some.drop("xiaomi")
    some.drop("xiaomi")
    assert some.find(Holding(name="Mi Group")) == []
    assert len(some) == 5


def test_a_former_id_goes_with_the_company_that_has_it_last() -> None:
    """Where a chain of merges has grown."""
    some = Index([known("a", former_ids=("old",)), known("b", former_ids=("old",))])
    some.drop("a")
    assert some.present("old") == "b"


def test_the_id_of_a_company_that_nobody_has_named_stands_for_its_name() -> None:
    """A listing may be all that there is of it."""
    some = Index([known("acme-steel-works")])
    assert some.find(Holding(name="ACME Steel Works Ltd"))[0][:3] == (
        "acme-steel-works",
        "strong",
        "name",
    )


def test_of_several_ways_to_a_company_the_surest_is_told() -> None:
    """Once."""
    found = index().find(Holding(name="Xiaomi", isin=ISIN, ticker="1810", company="xiaomi"))
    assert [(one.company, one.how) for one in found] == [("xiaomi", "exact")]
