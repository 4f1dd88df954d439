"""Pages as tests read them."""

import re
from html.parser import HTMLParser

import httpx

from tests.unit.serving import Api

HOSTILE = "<script>alert(1)</script>\"'\u202e javascript:alert(1) "
"""What somebody may call a company."""


class Page(HTMLParser):
    """A page's words, links and fields; fails where it is no well-formed page, or has anything in
    it that the policy of scripts and styles forbids."""

    EMPTY = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.words = ""
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []
        self.words = " ".join(self.words.split())
        assert "<script>" not in text
        assert not [one for one in self.links if re.match(r"\s*javascript:", one)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what is asked for."""
        if tag not in self.EMPTY:
            self._open.append(tag)
        given = {name: value or "" for name, value in attrs}
        assert not [name for name in given if name == "style" or name.startswith("on")]
        assert tag != "script" or given["src"].startswith("/static/")
        if tag == "a":
            self.links.append(given["href"])
        if tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """What is closed was open."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Words."""
        self.words += data


async def page(api: Api, path: str, status: int = 200) -> Page:
    """A page, as it is asked for by its address."""
    answer = await api.client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "unsafe" not in answer.headers["content-security-policy"]
    return Page(answer.text)


async def sent(
    api: Api, form: str, path: str, status: int = 200, file: bytes | None = None, **fields: str
) -> Page:
    """What a form answers: the one on a page, sent to a path."""
    api.client.base_url = httpx.URL("https://localhost")  # as browsers keep their cookies
    seal = (await page(api, form)).fields["form"]
    files = None if file is None else {"file": ("holdings.csv", file, "text/csv")}
    answer = await api.client.post(
        path, data={"form": seal, **fields}, files=files, headers={"accept": "text/html"}
    )
    assert answer.status_code == status, answer.text
    return Page(answer.text)
