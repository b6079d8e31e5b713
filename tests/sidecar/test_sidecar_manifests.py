from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from unstale.istio.source import Source
from unstale.model.errors import InputError
from unstale.sidecar.edits import edits
from unstale.sidecar.manifests import look, read_sources


def _write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_folder_gives_all_its_manifests_in_order_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.yaml", "a.yml", "sub/c.json", "notes.txt"):
        (tmp_path / name).write_text(name)
    names = [Path(source.name).relative_to(tmp_path).as_posix() for source in read_sources([tmp_path])]
    assert names == ["a.yml", "b.yaml", "sub/c.json"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    _write(tmp_path, a="text")
    file = tmp_path / "a.yaml"
    assert read_sources([file, tmp_path]) == (Source(name=str(file), text="text"),)


def test_a_named_file_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "manifests").write_text("x")
    assert read_sources([tmp_path / "manifests"])[0].text == "x"


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: no such file or folder\."):
        read_sources([tmp_path / "none.yaml"])


def test_an_empty_folder_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no manifests in this folder"):
        read_sources([tmp_path])


def test_what_is_not_utf_8_is_an_input_error_that_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"ab\xff")
    with pytest.raises(InputError, match=r"a\.yaml: not UTF-8 text \(byte 2\)"):
        read_sources([tmp_path])


def test_a_look_tells_a_replaced_file_of_equal_size_apart(tmp_path: Path) -> None:
    _write(tmp_path, a="old")
    before = look([tmp_path])
    (tmp_path / "new").write_text("new")
    (tmp_path / "new").rename(tmp_path / "a.yaml")
    assert look([tmp_path]) != before


def _edits(folder: Path, *rounds: dict[str, str]) -> list[str]:
    """The first text of every edit that is noticed when the files are written before each look."""

    async def follow() -> list[str]:
        noticed: list[str] = []
        pending = list(rounds)
        following = edits([folder], seen=look([folder]), settle_s=0)
        while pending or len(noticed) < 1:
            if pending:
                _write(folder, **pending.pop(0))
            try:
                async with asyncio.timeout(5):
                    content = await anext(following)
            except TimeoutError:
                break
            noticed.append(content[0].text if isinstance(content, tuple) else str(content))
        await following.aclose()
        return noticed

    return asyncio.run(follow())


def test_every_settled_edit_is_noticed_once(tmp_path: Path) -> None:
    _write(tmp_path, a="one")
    assert _edits(tmp_path, {"a": "second"}, {"a": "the third"}) == ["second", "the third"]


def test_a_file_that_vanished_is_noticed_as_an_error(tmp_path: Path) -> None:
    _write(tmp_path, a="one")
    seen = look([tmp_path / "a.yaml"])
    (tmp_path / "a.yaml").unlink()

    async def follow() -> object:
        following = edits([tmp_path / "a.yaml"], seen=seen, settle_s=0)
        try:
            return await anext(following)
        finally:
            await following.aclose()

    assert isinstance(asyncio.run(follow()), InputError)


def test_a_file_still_being_written_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, a="whole")
    looks = iter([{Path("a"): (1, 1, 1)}, {Path("a"): (2, 2, 1)}, {Path("a"): (3, 3, 1)}, *[look([tmp_path])] * 3])
    seen: list[object] = []

    def scripted(paths: object) -> object:
        seen.append(paths)
        return next(looks)

    monkeypatch.setattr("unstale.sidecar.edits.look", scripted)

    async def follow() -> object:
        following = edits([tmp_path], seen={}, settle_s=0)
        try:
            return await anext(following)
        finally:
            await following.aclose()

    assert asyncio.run(follow()) == read_sources([tmp_path])
    assert len(seen) == 6
