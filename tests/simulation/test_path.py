from __future__ import annotations

import pytest

from unstale.simulation.path import normalized


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/a/b/../c", "/a/c"),
        ("/a/./b/", "/a/b/"),
        ("/..", "/"),
        ("/a/..", "/"),
        ("/%61%2Fb?x=%61/..", "/a%2Fb?x=%61/.."),
        ("/a\\b", "/a/b"),
        ("/a//b", "/a//b"),
        ("/a#b", "/a"),
    ],
)
def test_dots_and_needless_escapes_go(sent: str, path: str) -> None:
    assert normalized({"normalize_path": True}, sent).path == path


def test_double_slashes_only_where_it_is_asked_for() -> None:
    assert normalized({"merge_slashes": True}, "/a//b/../c").path == "/a/b/../c"


@pytest.mark.parametrize(
    ("action", "path", "status"),
    [
        ("KEEP_UNCHANGED", "/a%2fb", 0),
        ("REJECT_REQUEST", "/a%2fb", 400),
        ("UNESCAPE_AND_FORWARD", "/a/b", 0),
        ("UNESCAPE_AND_REDIRECT", "/a/b", 307),
    ],
)
def test_escaped_slashes(action: str, path: str, status: int) -> None:
    found = normalized({"path_with_escaped_slashes_action": action}, "/a%2fb")
    assert (found.path, found.status) == (path, status)
