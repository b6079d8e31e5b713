"""The history of a connection before it failed, whichever pass, scanner and order it is found by."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.accesslog.options import Options
from unstale.accesslog.result import Failure, PreviousUse
from unstale.accesslog.scan import scan


def text(second: float, *, response: str = "200 - via_upstream", port: int = 41000, duration: int = 20) -> str:
    return (
        f'[2024-09-25T09:00:{second:06.3f}Z] "GET / HTTP/1.1" {response} - "-" 0 95 {duration} - "-" "-" "-" '
        f'"pay.partner.example" "203.0.113.10:443" outbound|443||pay.partner.example 10.0.0.10:{port} '
        "203.0.113.10:443 10.0.0.10:50112 - default"
    )


RESET = "503 UC upstream_reset_before_response_started{connection_termination}"
LINES = [
    text(1),
    text(2),
    text(4.5, port=41001),
    text(7.02, response=RESET, duration=0),
    text(8, response=RESET, port=41002),
    text(10, response="500 - via_upstream", port=41001),
    text(11.02, response=RESET, port=41001),
    text(20),
    text(22.5, response=RESET),
]
PADDING = [text(0, port=1025)] * 700


def failures(lines: list[str], folder: Path, options: Options) -> list[Failure]:
    path = folder / "access.log"
    path.write_text("\n".join(lines) + "\n")
    return list(scan([str(path)], options).failures)


EXPECTED = [
    ("2024-09-25T09:00:07.020Z", PreviousUse(idle_s=5.0, served=2, age_s=6.02)),
    ("2024-09-25T09:00:08.000Z", None),
    ("2024-09-25T09:00:10.000Z", PreviousUse(idle_s=5.48, served=1, age_s=5.5)),
    ("2024-09-25T09:00:11.020Z", PreviousUse(idle_s=1.02, served=2, age_s=6.52)),
    ("2024-09-25T09:00:22.500Z", PreviousUse(idle_s=2.48, served=1, age_s=2.5)),
]


@pytest.mark.parametrize("padding", [[], PADDING], ids=["small", "large"])
@pytest.mark.parametrize("is_pure", [True, False], ids=["pure", "compiled"])
@pytest.mark.parametrize("is_reversed", [True, False], ids=["backwards", "forwards"])
def test_idle_time_requests_and_age_of_each_failure(
    padding: list[str], is_pure: bool, is_reversed: bool, tmp_path: Path
) -> None:
    lines = padding + (LINES[::-1] if is_reversed else LINES)
    found = failures(lines, tmp_path, Options(is_pure=is_pure))
    assert sorted((each.row.time, each.previous) for each in found) == EXPECTED
    assert all(each.is_traced for each in found)


def test_json_lines_are_traced_by_their_address_alone(tmp_path: Path) -> None:
    def line(second: int, flags: str) -> str:
        return (
            f'{{"start_time":"2024-09-25T09:00:{second:02d}.000Z","response_code":200,"response_flags":"{flags}",'
            '"duration":0,"authority":"h","upstream_host":"203.0.113.10:443","upstream_local_address":"[2001:db8::a]:41000"}'
        )

    for is_pure in (True, False):
        found = failures([line(0, "-")] * 2000 + [line(5, "UC")], tmp_path, Options(is_pure=is_pure))
        assert [each.previous for each in found] == [PreviousUse(idle_s=5.0, served=2000, age_s=5.0)]


def test_connection_that_a_row_does_not_name_is_not_traced(tmp_path: Path) -> None:
    line = LINES[3].replace("10.0.0.10:41000", "-")
    assert [(each.is_traced, each.previous) for each in failures([line], tmp_path, Options())] == [(False, None)]


def test_tracing_can_be_left_out(tmp_path: Path) -> None:
    assert not any(each.is_traced for each in failures(PADDING + LINES, tmp_path, Options(is_traced=False)))
