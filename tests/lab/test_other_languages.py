"""Go, Java and Node in the lab, where their toolchains are: the page's settings beside the language's defaults."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unstale.lab import catalogue
from unstale.lab.apps_sources.external import GO, JAVA, NODE, Language
from unstale.lab.program import program
from unstale.model.errors import MachineError

VARIANTS = [f"{language}-{variant}" for language in ("go", "java", "node") for variant in ("default", "recommended")]


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_is_an_application_that_names_its_toolchain(name: str) -> None:
    assert name in catalogue.app_names()
    assert program(name).needs[0] == name.partition("-")[0]


def test_what_is_built_is_kept_and_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    runs = tmp_path / "runs"
    language = Language(
        source="client.mjs",
        build=lambda source, folder: ("sh", "-c", f"echo built >> {runs}; cp {source} {folder}/done"),
        start=lambda folder: (str(folder / "done"),),
    )
    folder = language.folder()
    assert language.folder() == folder
    assert (folder / "done").exists()
    assert runs.read_text() == "built\n"


def test_a_compilers_words_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    language = Language(
        source="client.mjs",
        build=lambda source, folder: ("sh", "-c", "echo 'line 3: no such thing' >&2; exit 1"),
        start=lambda folder: (),
    )
    with pytest.raises(MachineError, match=r"client.mjs does not compile with sh \(line 3: no such thing\)"):
        language.folder()
    assert list((tmp_path / "unstale" / "apps").iterdir()) == []


@pytest.mark.lab
@pytest.mark.parametrize("language", [GO, JAVA, NODE], ids=["go", "java", "node"])
def test_the_sources_compile_where_the_toolchain_is(language: Language) -> None:
    command = language.start(Path("/folder"))[0] if language.build is None else language.build(Path(), Path())[0]
    if shutil.which(command) is not None:
        assert (language.folder() / language.source).exists()
