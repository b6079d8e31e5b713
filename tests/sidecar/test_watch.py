"""What wakes the sidecar: every way to change a manifest file, and nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from unstale.sidecar import watch
from unstale.sidecar.watch import wake_ups

PATIENCE_S = 5


def _renamed_over(folder: Path) -> None:
    (folder / "new").write_text("b")
    (folder / "new").rename(folder / "a.yaml")


def _written_in_place(folder: Path) -> None:
    (folder / "a.yaml").write_text("b")


def _written_and_not_closed(folder: Path) -> None:
    os.write(os.open(folder / "a.yaml", os.O_WRONLY | os.O_TRUNC), b"b")


def _removed(folder: Path) -> None:
    (folder / "a.yaml").unlink()


def _folder_replaced(folder: Path) -> None:
    folder.rename(folder.with_name("old"))
    folder.mkdir()


CHANGES: list[Callable[[Path], None]] = [
    _renamed_over,
    _written_in_place,
    _written_and_not_closed,
    _removed,
    _folder_replaced,
]


async def _wakes(paths: list[Path], change: Callable[[], None]) -> bool:
    """Whether a change wakes after all is quiet."""
    async with aclosing(wake_ups(paths)) as several:
        await anext(several)
        await anext(several)
        change()
        async with asyncio.timeout(PATIENCE_S):
            await anext(several)
    return True


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("what", ["folder", "file"])
def test_every_change_wakes(tmp_path: Path, what: str, change: Callable[[Path], None]) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "a.yaml").write_text("a")
    assert asyncio.run(_wakes([folder if what == "folder" else folder / "a.yaml"], lambda: change(folder)))


def test_a_change_wakes_where_there_is_no_inotify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "is_available", lambda: False)
    (tmp_path / "a.yaml").write_text("a")
    assert asyncio.run(_wakes([tmp_path], lambda: _renamed_over(tmp_path)))


def test_a_folder_that_came_later_is_watched_too(tmp_path: Path) -> None:
    async def test() -> None:
        async with aclosing(wake_ups([tmp_path])) as several, asyncio.timeout(PATIENCE_S):
            await anext(several)
            await anext(several)
            (tmp_path / "sub").mkdir()
            for _ in range(3):  # it came; all is watched anew; what changed before that
                await anext(several)
            (tmp_path / "sub" / "a.yaml").write_text("a")
            await anext(several)

    asyncio.run(test())


def test_a_neighbour_of_a_file_does_not_wake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a")

    async def test() -> list[str]:
        order = []
        async with aclosing(wake_ups([tmp_path / "a.yaml"])) as several, asyncio.timeout(PATIENCE_S):
            await anext(several)
            await anext(several)
            woken = asyncio.ensure_future(anext(several))
            woken.add_done_callback(lambda _: order.append("woken"))
            async with aclosing(wake_ups([tmp_path])) as witness:
                await anext(witness)
                await anext(witness)
                (tmp_path / "b.yaml").write_text("b")
                await anext(witness)
                order.append("neighbour")
            (tmp_path / "a.yaml").write_text("b")
            await woken
        return order

    assert asyncio.run(test()) == ["neighbour", "woken"]
