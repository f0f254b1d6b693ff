"""IVR_LOG=json: every line is one JSON object."""

from __future__ import annotations

import json
import logging
import sys

from ivr.cli.logs import JsonLines


def test_a_message_with_quotes_and_line_breaks_is_one_json_object() -> None:
    try:
        raise ValueError('a "fault"\nin two lines')
    except ValueError:
        record = logging.LogRecord("ivr", logging.ERROR, __file__, 1, 'call "%s"\nit\'s odd', ("x",), sys.exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["where"], told["message"]) == ("ERROR", "ivr", 'call "x"\nit\'s odd')
    assert "ValueError" in told["error"]
