"""Names that are alike, and names that only look so."""

# ruff: noqa: RUF001 - letters of other scripts look like Latin ones: that is what is tested

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from projections.likeness import POSSIBLE, STRONG, Alike, Names
from projections.names import LONGEST, read, sound
from projections.screening import strength
from projections.spellings import Spellings, Wholes, edits

LISTED = (
    "Huawei Technologies Co., Ltd.",
    "Xiaomi Corporation",
    "Rosoboroneksport OAO",
    "Bank Melli Iran",
    "Bank Mellat",
    "Bank Saderat Iran",
    "Bank Sepah",
    "Bank Tejarat",
    "VTB Bank",
    "VEB.RF",
    "Alpha Bank",
    "Alfa-Bank AO",
    "Gazprombank",
    "Sberbank Rossii",
    "Agricultural Bank of China",
    "Agricultural Development Bank of China",
    "Bank of China Limited",
    "Bank of Communications",
    "Industrial and Commercial Bank of China Limited",
    "China Telecom Corporation Limited",
    "China Unicom Limited",
    "China Mobile Limited",
    "The 10th Research Institute of China Electronics Technology Group",
    "The 11th Research Institute of China Electronics Technology Group",
    "小米集团",
    "Sovcomflot",
    "Novatek",
    "Semiconductor Manufacturing International Corporation",
    "Hangzhou Hikvision Digital Technology Co., Ltd.",
    "International Trading Company",
    "Magus Holding II Corp.",
)


@pytest.fixture(scope="module")
def names() -> Names:
    """Those that are listed."""
    known = Names()
    for one in LISTED:
        known.add(one)
    return known


def found(names: Names, text: str) -> dict[str, str]:
    """How sure each match is."""
    return {LISTED[one.number]: strength(one) for one in names.like(text)}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("HUAWEI TECHNOLOGIES", "Huawei Technologies Co., Ltd."),
        ("Huawei Technologies GmbH", "Huawei Technologies Co., Ltd."),
        ("Technologies, Huawei", "Huawei Technologies Co., Ltd."),
        ("Xiaomi Corp.", "Xiaomi Corporation"),
        ("Xiao Mi", "Xiaomi Corporation"),
        ("\uff38iaomi", "Xiaomi Corporation"),
        ("Рособоронэкспорт", "Rosoboroneksport OAO"),
        ("ОАО «Рособоронэкспорт»", "Rosoboroneksport OAO"),
        ("Rosoboronexport", "Rosoboroneksport OAO"),
        ("Rosoboronekxport", "Rosoboroneksport OAO"),
        ("Melli Bank Iran", "Bank Melli Iran"),
        ("АО Альфа-Банк", "Alfa-Bank AO"),
        ("Alfabank", "Alfa-Bank AO"),
        ("Gazprom Bank", "Gazprombank"),
        ("Сбербанк России", "Sberbank Rossii"),
        ("The Bank of China", "Bank of China Limited"),
        (
            "Industrial & Commercial Bank of China",
            "Industrial and Commercial Bank of China Limited",
        ),
        ("Semiconducter Manufacturing International", LISTED[27]),
        ("Hikvision Digital Technology Hangzhou", LISTED[28]),
        ("小米集團", "小米集团"),
    ],
)
def test_the_same_name_is_strong(names: Names, text: str, meant: str) -> None:
    """In another script, order, spelling or legal form."""
    assert found(names, text)[meant] == "strong"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Huawei", "Huawei Technologies Co., Ltd."),
        ("Bank Melli", "Bank Melli Iran"),
        ("Xioami", "Xiaomi Corporation"),
        ("Novotek", "Novatek"),
        ("ICBC", "Industrial and Commercial Bank of China Limited"),
        ("I.C.B.C.", "Industrial and Commercial Bank of China Limited"),
        ("S.M.I.", "Semiconductor Manufacturing International Corporation"),
        ("Agricultural Bank", "Agricultural Bank of China"),
    ],
)
def test_a_part_of_a_name_its_initials_or_a_short_misspelt_one_is_possible(
    names: Names, text: str, meant: str
) -> None:
    """For somebody to look at: never as good as the same."""
    assert {one.number for one in names.like(text, 0.5)} >= {LISTED.index(meant)}
    assert found(names, text).get(meant, "possible") == "possible"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Bank Mellat", "Bank Melli Iran"),
        ("Bank Melli", "Bank Mellat"),
        ("Bank Sepehr", "Bank Sepah"),
        ("VEB Bank", "VTB Bank"),
        ("Alpha Bank", "Alfa-Bank AO"),
        ("Gazprom", "Gazprombank"),
        ("Agricultural Bank of China", "Agricultural Development Bank of China"),
        ("Bank of China", "Bank of Communications"),
        ("Central Bank of China", "Bank of China Limited"),
        ("China Telecom", "China Unicom Limited"),
        ("China Mobile International", "China Mobile Limited"),
        (LISTED[22], LISTED[23]),
        ("小米集国", "小米集团"),
        ("Sovcombank", "Sovcomflot"),
        ("Magus Holding LLC", "Magus Holding II Corp."),
        ("Magus Holding I Corp.", "Magus Holding II Corp."),
        ("Trading Company", "International Trading Company"),
    ],
)
def test_a_false_friend_is_never_strong(names: Names, text: str, other: str) -> None:
    """Two banks are two banks."""
    assert found(names, text).get(other) != "strong"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("Mirza Compaly", "Mirza Company", id="in a legal form"),
        pytest.param("CJTC Zest", "CJSC Zest", id="in a form that stands first"),
        pytest.param("Lacno SR..O.", "Lacno s.r.o.", id="between the letters of a form"),
        pytest.param("2940977 Canada, Inc.", "2904977 Canada, Inc.", id="in a number"),
        pytest.param("29049r7 Canada, Inc.", "2904977 Canada, Inc.", id="a letter in a number"),
        pytest.param("SourcerHerbs", "Source1Herbs", id="a letter for a digit"),
        pytest.param("7HT of Tir", "7th of Tir", id="in a short word with a digit"),
        pytest.param("VBV, PAO", "VVB, PAO", id="in a word of three letters"),
        pytest.param("Allaqsa Martyrs Brigade", "Al-Aqsa Martyrs Brigade", id="for a hyphen"),
        pytest.param("PS-Bforeks OOO", "PSB-Foreks OOO", id="changed places with a hyphen"),
        pytest.param("Cime,x S.A.", "Cimex, S.A.", id="changed places with a comma"),
    ],
)
def test_one_letter_is_wrong_where_words_are_not_misspelt(text: str, meant: str) -> None:
    """The name is found, for somebody to look at, and no more than that."""
    names = Names()
    for one in (*LISTED, meant):
        names.add(one)
    (alike,) = names.like(text)
    assert (alike.number, alike.score, strength(alike)) == (len(LISTED), 0.75, "possible")
    assert names.like(text, 0.76) == []


def test_a_name_that_is_found_is_not_taken_for_its_neighbour() -> None:
    """Another number is another company, unless nobody has that very one."""
    names = Names()
    for one in ("2904977 Canada, Inc.", "2904978 Canada, Inc."):
        names.add(one)
    assert [one.number for one in names.like("2904978 Canada")] == [1]
    asked = names.like("2904979 Canada, Inc.")
    assert [(one.number, strength(one)) for one in asked] == [(0, "possible"), (1, "possible")]
    names.drop(0, "2904977 Canada, Inc.")
    assert [one.number for one in names.like("2904979 Canada, Inc.")] == [1]


@pytest.mark.parametrize("text", ["VTP", "VTBA", "V-T", "小米集国", "Nova 10"])
def test_so_little_is_no_name_with_a_wrong_letter(text: str) -> None:
    """Three letters are another name, as is one of ideographs; and two letters are two."""
    names = Names()
    for one in ("VTB", "小米集团", "Nova 21"):
        names.add(one)
    assert names.like(text) == []


def test_the_legal_form_decides_nothing_and_breaks_ties() -> None:
    """Of two names that are the same but for their form, the same form comes first."""
    names = Names()
    for one in ("Sokol GmbH", "Sokol OOO", "Sokol"):
        names.add(one)
    alike = names.like("ООО Сокол")
    assert [(one.number, one.score) for one in alike] == [(1, 1.0), (0, 1.0), (2, 1.0)]


def test_what_is_forgotten_is_not_found() -> None:
    """And what else there is, is."""
    names = Names()
    first = names.add("Industrial and Commercial Bank of China")
    second = names.add("Industrial Commercial Bank China")
    third = names.add("Acme")
    names.drop(first, "Industrial and Commercial Bank of China")
    assert [one.number for one in names.like("Industrial and Commercial Bank of China")] == [second]
    assert [one.number for one in names.like("ICBC")] == [second]
    assert [one.number for one in names.like("IACBOC")] == []
    assert [one.number for one in names.like("Acme")] == [third]


def test_a_word_is_the_like_of_one_other_at_most() -> None:
    """Two that are misspelt alike do not make one name of two words."""
    names = Names()
    names.add("Sokol")
    assert [(one.score, one.whole) for one in names.like("Sokol Sokal", 0.5)] == [(0.6667, False)]


def test_initials_find_their_name_and_a_name_its_initials() -> None:
    """Where somebody asks for so little."""
    names = Names()
    names.add("SMIC")
    long = "Semiconductor Manufacturing International China"
    assert names.like(long) == [Alike(0, 0.75, False, True)]
    assert names.like(long, 0.8) == []


@pytest.mark.parametrize("text", ["", "!!!", "\x00", "...", "\u200b", "  "])
def test_what_has_no_letter_is_like_nothing(names: Names, text: str) -> None:
    """And says so at once."""
    assert names.like(text) == []
    assert read(text).words == ()


def test_a_name_of_legal_forms_and_small_words_is_a_name_all_the_same() -> None:
    """Somebody is called Limited, and somebody The The."""
    assert read("Limited").words == ("limited",)
    assert read("The The").words == ("the",)


@given(st.text(max_size=2_000))
def test_any_text_is_read(text: str) -> None:
    """And is like itself, where it says anything."""
    names = Names()
    names.add("Acme")
    number = names.add(text)
    name = read(text)
    assert len("".join(name.words)) <= LONGEST * 5
    found = {one.number: one.score for one in names.like(text)}
    assert found.get(number) == (1.0 if name.words else None)
    names.drop(number, text)
    assert number not in {one.number for one in names.like(text)}


words = st.text(alphabet=string.ascii_lowercase[:5], min_size=1, max_size=14)


@given(st.lists(words, max_size=40), words)
def test_every_word_within_the_edits_is_found(known: list[str], asked: str) -> None:
    """The parts by which they are looked for miss none but where neighbours changed places beside
    another edit."""
    spellings = Spellings()
    for one in known:
        spellings.add(one)
    found = {spellings.words[number] for number, _ in spellings.near(asked)}
    for one in set(known):
        most = edits(min(len(one), len(asked)))
        if OSA.distance(one, asked) <= min(most, 1):
            assert one in found
        elif OSA.distance(one, asked) > most and sound(one) != sound(asked):
            assert one not in found


@given(st.lists(words, max_size=40), words)
def test_every_name_within_one_edit_is_found(known: list[str], asked: str) -> None:
    """By how it begins or how it ends, and no other is."""
    wholes = Wholes()
    for number, one in enumerate(known):
        wholes.add(one, number)
    assert sorted(wholes.near(asked)) == [
        number
        for number, one in enumerate(known)
        if min(len(one), len(asked)) >= 4 and OSA.distance(one, asked) <= 1
    ]


def test_few_spellings_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many words are asked for."""
    monkeypatch.setattr("projections.spellings._KEPT", 1)
    spellings = Spellings()
    spellings.add("sokol")
    for _ in range(2):
        assert spellings.near("sokol") == ((0, 1.0),)
        assert spellings.near("sokal") == ((0, 0.8),)
        assert spellings.near("sokal", spelt=False) == ()


def test_the_thresholds_are_as_documented() -> None:
    """Somebody may rely on them."""
    assert (POSSIBLE, STRONG) == (0.70, 0.90)
