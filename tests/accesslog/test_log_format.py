"""The user's own format: as a string, and from the files that set it."""

from __future__ import annotations

from pathlib import Path

import pytest

from unstale.accesslog.log_format import own_formats
from unstale.accesslog.options import Options
from unstale.accesslog.row import Row
from unstale.accesslog.scan import scan
from unstale.model.errors import InputError

STRING = (
    "%START_TIME(%s.%3f)% %RESPONSE_CODE%/%RESPONSE_FLAGS% %DURATION%ms host=%REQ(:AUTHORITY)% "
    "up=%UPSTREAM_HOST% %REQ(:PATH)%"
)
LINE = "1727258386.123 503/UC 4ms host=pay.partner.example up=203.0.113.10:443 /v1?x=1"


def test_string_makes_a_reader() -> None:
    (own,) = own_formats(STRING)
    row = own.parse(LINE)
    assert isinstance(row, Row)
    assert (row.label, row.authority, row.upstream_host, row.path) == (
        "503 UC",
        "pay.partner.example",
        "203.0.113.10:443",
        "/v1?x=1",
    )
    assert (row.duration_ms, row.start_s) == (4, 1727258386.123)


@pytest.mark.parametrize(
    "text",
    [
        f'accessLogFormat: "{STRING}\\n"\n',
        f'kind: IstioOperator\nspec:\n  meshConfig:\n    accessLogFormat: "{STRING}"\n',
        f'kind: ConfigMap\nmetadata: {{name: istio}}\ndata:\n  mesh: |\n    accessLogFormat: "{STRING}"\n',
        f'extensionProviders:\n- name: own\n  envoyFileAccessLog: {{logFormat: {{text: "{STRING}"}}}}\n',
        f'kind: EnvoyProxy\nspec:\n  telemetry:\n    accessLog:\n      settings: [{{format: {{text: "{STRING}"}}}}]\n',
    ],
)
def test_file_that_sets_it_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(text)
    log = tmp_path / "access.log"
    log.write_text(f"{LINE}\nsomething else\n" * 3000)
    found = scan([str(log)], Options(formats=own_formats(str(path))))
    assert (found.lines.rows, found.lines.bad, found.failed) == (3000, 3000, 3000)
    assert [group.key.minute for group in found.groups] == ["2024-09-25T09:59"]


def test_labels_make_a_json_reader(tmp_path: Path) -> None:
    labels = '{s: "%RESPONSE_CODE%", why: "%RESPONSE_FLAGS%", h: "%REQ(:AUTHORITY)%"}'
    path = tmp_path / "mesh.yaml"
    path.write_text(f"extensionProviders:\n- envoyFileAccessLog:\n    logFormat:\n      labels: {labels}\n")
    (own,) = own_formats(str(path))
    row = own.parse('{"s":503,"why":"UC","h":"pay.partner.example"}')
    assert isinstance(row, Row) and (row.label, row.authority) == ("503 UC", "pay.partner.example")
    assert own.parse('{"level":"info"}') is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("%REQ(:PATH)%", "neither %RESPONSE_CODE% nor %RESPONSE_FLAGS%"),
        ("100% of it", "a % that starts no operator"),
        ("nowhere.yaml", "neither a format string nor a file"),
    ],
)
def test_what_is_no_format_is_said(words: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        own_formats(words)


def test_telemetry_alone_sets_none(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.yaml"
    path.write_text("kind: Telemetry\nspec:\n  accessLogging:\n  - providers: [{name: own}]\n")
    with pytest.raises(InputError, match="only names the provider"):
        own_formats(str(path))
