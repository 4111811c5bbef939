"""Each overlay renders by itself, and what it renders is what Kubernetes 1.29 to 1.37 take."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from kubernetes_validate import utils

from rendered import OVERLAYS, Object, of_kind, overlay, reader, with_component

VERSIONS = [f"1.{minor}" for minor in range(29, 38)]


cached = functools.cache(utils.schema_contents)


@pytest.fixture(autouse=True)
def schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utils, "schema_contents", cached)


def distinct() -> list[Object]:
    """Of all overlays, each object once."""
    objects = [one for name in OVERLAYS for one in overlay(name)] + [reader()]
    return list({json.dumps(one, sort_keys=True): one for one in objects}.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str) -> None:
    for one in distinct():
        assert utils.validate(one, version, strict=True) == version


def test_a_field_that_is_misspelt_is_found() -> None:
    wrong = json.loads(json.dumps(of_kind(overlay("overlays/local"), "Job")[0]))
    wrong["spec"]["backofLimit"] = 1
    with pytest.raises(utils.ValidationError, match="backofLimit"):
        utils.validate(wrong, VERSIONS[-1], strict=True)


def test_the_autoscaler_is_no_overlay_s_and_owns_the_number_of_the_pods_that_it_scales(
    tmp_path: Path,
) -> None:
    assert not [name for name in OVERLAYS if of_kind(overlay(name), "HorizontalPodAutoscaler")]
    objects = with_component("autoscaling", tmp_path)
    scaler = of_kind(objects, "HorizontalPodAutoscaler")[0]
    assert utils.validate(scaler, VERSIONS[0], strict=True)
    reference = scaler["spec"]["scaleTargetRef"]
    scaled = [one for one in of_kind(objects, "Deployment") if one["metadata"]["name"] == reference["name"]]
    assert ["replicas" in one["spec"] for one in scaled] == [False]
