from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from unstale.istio.source import Source
from unstale.model.errors import InputError
from unstale.sidecar.edits import Edition, Texts, edits
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


async def _next(following: AsyncGenerator[Edition, None]) -> tuple[Source, ...] | InputError:
    """The content of the next edition that stays."""
    async for edition in following:
        if await edition.stays:
            return edition.content
    raise AssertionError("no more editions")


def _edits(folder: Path, *rounds: dict[str, str]) -> list[str]:
    """The first text of every edit that is noticed when the files are written before each look."""

    async def follow() -> list[str]:
        noticed: list[str] = []
        texts = Texts([folder])
        following = edits(texts, seen=texts.look(), settle_s=0)
        for files in rounds:
            _write(folder, **files)
            async with asyncio.timeout(5):
                content = await _next(following)
            noticed.append(content[0].text if isinstance(content, tuple) else str(content))
        await following.aclose()
        return noticed

    return asyncio.run(follow())


def test_every_settled_edit_is_noticed_once(tmp_path: Path) -> None:
    _write(tmp_path, a="one")
    assert _edits(tmp_path, {"a": "second"}, {"a": "the third"}) == ["second", "the third"]


def test_a_file_that_vanished_is_noticed_as_an_error(tmp_path: Path) -> None:
    _write(tmp_path, a="one")
    texts = Texts([tmp_path / "a.yaml"])
    seen = texts.look()
    (tmp_path / "a.yaml").unlink()

    async def follow() -> object:
        async with aclosing(edits(texts, seen=seen, settle_s=0)) as following:
            return await _next(following)

    assert isinstance(asyncio.run(follow()), InputError)


def test_a_file_still_being_written_gives_no_edition_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, a="whole")
    last = look([tmp_path])
    half = dict.fromkeys(last, (1, 1, 1))
    looks = iter([half, dict.fromkeys(last, (2, 2, 1)), dict.fromkeys(last, (3, 3, 1)), *[last] * 3])
    monkeypatch.setattr("unstale.sidecar.edits.look", lambda paths: next(looks))

    async def follow() -> list[bool]:
        stayed = []
        async with aclosing(edits(Texts([tmp_path]), seen={}, settle_s=0)) as following:
            async for edition in following:
                stayed.append(await edition.stays)
                if stayed[-1]:
                    assert edition.content == read_sources([tmp_path])
                    break
        return stayed

    assert asyncio.run(follow()) == [False, False, True]


def test_a_second_write_that_the_clock_does_not_tell_is_seen_by_its_text(tmp_path: Path) -> None:
    _write(tmp_path, a="one", b="same")
    file = tmp_path / "a.yaml"
    texts = Texts([tmp_path])

    async def follow() -> list[str]:
        seen = []
        async with aclosing(edits(texts, seen={}, settle_s=0)) as following:
            async for edition in following:
                assert isinstance(edition.content, tuple)
                seen.append(edition.content[0].text)
                if len(seen) == 1:
                    mark = file.stat()
                    file.write_text("two")
                    os.utime(file, ns=(mark.st_atime_ns, mark.st_mtime_ns))
                if await edition.stays:
                    break
        return seen

    assert asyncio.run(follow()) == ["one", "two"]


def test_only_what_looks_another_is_read_again(tmp_path: Path) -> None:
    _write(tmp_path, a="one", b="same")
    texts = Texts([tmp_path])
    before = texts.read(texts.look())
    _write(tmp_path, a="another")
    after = texts.read(texts.look())
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    assert [source.text for source in after] == ["another", "same"]
    assert after[1] is before[1]
