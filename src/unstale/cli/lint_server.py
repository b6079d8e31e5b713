"""The linter as a language server: findings appear in the editor while a manifest is written."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer

import unstale
from unstale.envoy.envoy_filter.value_faults import value_faults
from unstale.envoy.inputs import Setting
from unstale.istio.source import Source
from unstale.lint.finding import Finding, Severity
from unstale.lint.ignores import ignores_in
from unstale.lint.linter import lint
from unstale.lint.reading import mesh_tree, read

_LEVELS = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFORMATION: types.DiagnosticSeverity.Information,
}


def serve(setting: Setting, select: Collection[str], ignore: Collection[str]) -> None:
    """Answer on standard input and output until the editor closes them. All open documents are judged together."""
    server = LanguageServer("unstale", unstale.__version__)
    judge = _Judge(setting, select, ignore)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(server: LanguageServer, params: types.DidOpenTextDocumentParams) -> None:
        _publish(server, judge)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(server: LanguageServer, params: types.DidChangeTextDocumentParams) -> None:
        _publish(server, judge)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(server: LanguageServer, params: types.DidCloseTextDocumentParams) -> None:
        _show(server, params.text_document.uri, [])
        _publish(server, judge)

    server.start_io()


class _Judge:
    """The linter with the settings of the command."""

    def __init__(self, setting: Setting, select: Collection[str], ignore: Collection[str]) -> None:
        self._setting, self._select, self._ignore = setting, select, ignore
        self._mesh = setting.load_mesh()
        self._proxy = setting.load_proxy() if setting.proxy else None
        self._tree = mesh_tree(setting.mesh) if setting.mesh else None

    def findings(self, sources: list[Source]) -> tuple[Finding, ...]:
        reading = read(sources, istio=self._setting.istio, check_value=value_faults)
        return lint(
            reading.manifests,
            mesh=self._mesh,
            has_mesh=self._setting.mesh is not None,
            proxy=self._proxy,
            istio=self._setting.istio,
            surroundings=reading.surroundings,
            mesh_tree=self._tree,
            ignores=ignores_in(sources),
            select=self._select,
            ignore=self._ignore,
        ).findings


def _publish(server: LanguageServer, judge: _Judge) -> None:
    documents = dict(server.workspace.text_documents)
    names = {_name(uri): uri for uri in documents}
    sources = [Source(name=name, text=documents[uri].source) for name, uri in names.items()]
    found: dict[str, list[Finding]] = {uri: [] for uri in documents}
    for finding in judge.findings(sources):
        uri = names.get(finding.origin.file)
        if uri is not None:
            found[uri].append(finding)
    for uri, findings in found.items():
        lines = documents[uri].source.split("\n")
        _show(server, uri, [_diagnostic(finding, lines) for finding in findings])


def _show(server: LanguageServer, uri: str, diagnostics: list[types.Diagnostic]) -> None:
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics))


def _name(uri: str) -> str:
    parts = urlsplit(uri)
    return unquote(parts.path) if parts.scheme == "file" else uri


def _diagnostic(finding: Finding, lines: list[str]) -> types.Diagnostic:
    line, column = finding.origin.line - 1, finding.origin.column - 1
    end = len(lines[line].rstrip()) if line < len(lines) else column + 1
    text = f"{finding.message}\n{finding.why}\nFix: {finding.fix}"
    return types.Diagnostic(
        range=types.Range(
            start=types.Position(line=line, character=column),
            end=types.Position(line=line, character=max(end, column + 1)),
        ),
        severity=_LEVELS[finding.severity],
        code=finding.code,
        source="unstale",
        message=text + (f"\nMeasured: {finding.measured}" if finding.measured else ""),
    )
