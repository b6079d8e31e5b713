"""What stands beside manifests is left alone, and one broken object hides no other."""

from __future__ import annotations

from unstale.istio.source import Source
from unstale.lint.linter import lint
from unstale.lint.reading import Reading, mesh_tree, read

_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec: {hosts: [api.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}
"""


def _read(**texts: str) -> Reading:
    return read([Source(name=f"{name}.yaml", text=text) for name, text in texts.items()])


def test_other_yaml_is_left_alone() -> None:
    found = _read(values="replicas: 2\n", list="- 1\n- 2\n", log='{"a": 1}\n{"b": 2}\n', keys="[1, 2]: x\n", none="")
    assert found.manifests.warnings == ()
    assert found.no_objects >= 3


def test_template_is_told_and_not_judged() -> None:
    found = _read(chart=f"{{{{- if .Values.x }}}}\n{_ENTRY}{{{{- end }}}}\n", entry=_ENTRY)
    assert found.templates == ("chart.yaml",)
    assert found.manifests.warnings == ()
    assert len(found.manifests.service_entries) == 1


def test_placeholder_is_not_an_error() -> None:
    found = _read(entry=_ENTRY.replace("api.example.com", "api.${DOMAIN}"))
    assert (found.templates, found.manifests.warnings) == (("entry.yaml",), ())


def test_chart_that_is_yaml_by_chance_is_not_judged() -> None:
    found = _read(chart=_ENTRY.replace("namespace: shop", "namespace: {{ .Release.Namespace }}"))
    assert (found.templates, found.manifests.warnings) == (("chart.yaml",), ())


def test_placeholder_in_capitals_is_not_an_error() -> None:
    found = _read(entry=_ENTRY.replace("api.example.com", "API_HOST.example.com"))
    assert (found.templates, found.manifests.warnings) == (("entry.yaml",), ())


def test_broken_object_is_told_and_hides_no_other() -> None:
    broken = _ENTRY.replace("name: api", "name: broken").replace("resolution: DNS", "resolutions: DNS")
    found = _read(entries=f"{_ENTRY}---\n{broken}")
    assert [entry.metadata.name for entry in found.manifests.service_entries] == ["api"]
    assert [str(problem.origin) for problem in found.manifests.warnings] == ["entries.yaml:9:34"]


def test_host_of_a_broken_entry_is_known() -> None:
    broken = _ENTRY.replace("resolution: DNS", "resolutions: DNS")
    rules = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: api, namespace: shop}\n"
    rules += "spec: {hosts: [api.example.com], http: [{route: [{destination: {host: api.example.com}}]}]}\n"
    found = _read(entry=broken, rules=rules)
    codes = {one.code for one in lint(found.manifests, surroundings=found.surroundings).findings}
    assert codes == {"UNS001"}


def test_items_of_a_list_are_objects() -> None:
    item = "".join(f"  {line}\n" for line in _ENTRY.splitlines())
    service = "- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}\n"
    found = _read(all="apiVersion: v1\nkind: List\nitems:\n-" + item[1:] + service)
    assert len(found.manifests.service_entries) == 1
    assert [one.name for one in found.surroundings.of("Service")] == ["web"]


def test_overlay_makes_names_uncertain() -> None:
    assert _read(kustomization="namePrefix: my-\nresources: [x.yaml]\n").surroundings.is_unfinished


def test_settings_of_the_mesh_in_each_of_their_files() -> None:
    texts = (
        "accessLogFile: /dev/stdout\n",
        "meshConfig: {accessLogFile: /dev/stdout}\n",
        "kind: IstioOperator\nspec: {meshConfig: {accessLogFile: /dev/stdout}}\n",
        "kind: ConfigMap\ndata:\n  mesh: |-\n    accessLogFile: /dev/stdout\n",
    )
    for text in texts:
        tree = mesh_tree(Source(name="mesh.yaml", text=text))
        assert tree is not None
        assert tree.find("accessLogFile").text == "/dev/stdout"
    assert mesh_tree(Source(name="mesh.yaml", text="")) is None
