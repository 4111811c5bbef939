"""Each overlay renders by itself, and what it renders is what Kubernetes 1.29 to 1.37 take."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from kubernetes_validate import utils

from rendered import LEAST_KINDS, OVERLAYS, Object, of_kind, overlay, reader, render, with_component

VERSIONS = [f"1.{minor}" for minor in range(29, 38)]


@pytest.fixture(autouse=True)
def schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utils, "schema_contents", cached)


cached = functools.cache(utils.schema_contents)


def distinct() -> list[Object]:
    """Of all overlays, each object once."""
    objects = [one for name in OVERLAYS for one in overlay(name)] + [reader()]
    return list({json.dumps(one, sort_keys=True): one for one in objects}.values())


def test_the_versions_are_all_known() -> None:
    assert {utils.major_minor(version) for version in utils.all_versions()} >= set(VERSIONS)


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_renders_alone(name: str) -> None:
    assert len({one["kind"] for one in overlay(name)}) >= LEAST_KINDS


def test_an_empty_render_fails(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("namespace: nothing\n")
    with pytest.raises(AssertionError, match="renders nothing"):
        render(tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str) -> None:
    for one in distinct():
        assert utils.validate(one, version, strict=True) == version


def test_a_field_that_is_misspelt_is_found() -> None:
    wrong = json.loads(json.dumps(of_kind(overlay("overlays/local"), "Job")[0]))
    wrong["spec"]["backofLimit"] = 1
    with pytest.raises(utils.ValidationError, match="backofLimit"):
        utils.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_autoscaling_is_off(name: str) -> None:
    assert not of_kind(overlay(name), "HorizontalPodAutoscaler")


def test_the_autoscaler_owns_the_number_of_the_pods_that_it_scales(tmp_path: Path) -> None:
    objects = with_component("autoscaling", tmp_path)
    scaler = of_kind(objects, "HorizontalPodAutoscaler")[0]
    assert utils.validate(scaler, VERSIONS[0], strict=True)
    reference = scaler["spec"]["scaleTargetRef"]
    scaled = [one for one in of_kind(objects, "Deployment") if one["metadata"]["name"] == reference["name"]]
    assert ["replicas" in one["spec"] for one in scaled] == [False]
