"""The page of whoever runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from events.sqlite_log import SqliteEventLog
from service.compose import opened, system_clock
from service.settings import load_settings
from tests.browser import serving
from tests.browser.looking import look
from tests.browser.test_subscriptions import tab
from tests.unit.making import issued
"""placeholder"""
