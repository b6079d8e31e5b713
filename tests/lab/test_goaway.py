"""GOAWAY is taken out of the stream wherever the network cuts it, and everything else passes."""

from __future__ import annotations

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, PingFrame

from unstale.lab.goaway import GoawayFilter

PING = PingFrame(stream_id=0, opaque_data=b"12345678").serialize()
DATA = DataFrame(stream_id=5, data=b"hello").serialize()
FIRST = GoAwayFrame(stream_id=0, last_stream_id=2**31 - 1).serialize()
LAST = GoAwayFrame(stream_id=0, last_stream_id=5, additional_data=b"bye").serialize()


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 1000])
def test_frames_pass_in_order_without_goaway_in_pieces_of_any_size(size: int) -> None:
    stream = PING + FIRST + DATA + LAST + PING
    reader = GoawayFilter()
    passed = b"".join(reader.feed(stream[at : at + size]) for at in range(0, len(stream), size))
    assert passed == PING + DATA + PING
    assert reader.last_stream == 5


def test_as_long_as_none_was_said_there_is_no_last_stream() -> None:
    reader = GoawayFilter()
    assert reader.feed(PING) == PING
    assert reader.last_stream is None
    reader.feed(FIRST)
    assert reader.last_stream == 2**31 - 1
