"""A company's page: what one does there."""

import pytest
from playwright.sync_api import Page

from tests.browser.looking import look

QUESTIONS = {
    "company-xiaomi": "/companies/xiaomi?as_of=2021-02-01",
    "company-huawei": "/companies/huawei",
    "company-luokung": "/companies/luokung?as_of=2021-05-01",
    "certificate": "/companies/xiaomi/certificate?as_of=2021-02-01",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_is_for_everybody(page: Page, name: str) -> None:
    """In both themes, on a desk and on a phone."""
    page.goto(QUESTIONS[name])
    look(page, name)
