"""The record of who did what is a file, and lines in the program's log."""

import logging
from pathlib import Path

import orjson
import pytest

from service.audit import Audit
from service.tokens import OPERATOR


def test_each_act_is_a_line_of_the_log_as_it_stands_in_the_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    audit = Audit(tmp_path, lambda: 5)
    with caplog.at_level(logging.INFO, "standing.audit"):
        audit.note(OPERATOR, "subscribe", "sub_1")
        audit.note(OPERATOR, "remove", "sub_1", "for a test")
    assert [orjson.loads(one) for one in caplog.messages] == audit.acts(10)[::-1]
