"""What other rooms know of the reference app, held against the app itself."""

import pytest

from records.services.variants import BASELINE, STAGES, STAGES_OF_SETTING, SWITCHES, moves
from target_app import metrics
from target_app.settings import Settings, names


def test_stages_are_the_apps_in_the_apps_order() -> None:
    assert STAGES == metrics.STAGES
    assert {switch.stage for switch in SWITCHES} <= set(STAGES)
    assert {stage for stages in STAGES_OF_SETTING.values() for stage in stages} <= set(STAGES)


def test_of_every_setting_of_the_app_it_is_known_what_it_moves() -> None:
    assert {name.upper() for name in Settings.model_fields} == STAGES_OF_SETTING.keys()
    assert BASELINE.settings.keys() <= names() <= STAGES_OF_SETTING.keys()


@pytest.mark.parametrize(("setting", "moved"), [
    ("DEFAULT_EXECUTOR_THREADS", ()), ("RETRIEVAL_THREADS", ()), ("KNOWLEDGE_BASE_DIR", ()),
    ("SEARCH_EXECUTOR", ("search",)), ("RETRIEVAL", ("embed", "search")), ("SOMEBODYS_OWN", STAGES),
])  # fmt: skip
def test_a_stage_is_moved_by_the_settings_that_choose_what_runs_it(
    setting: str, moved: tuple[str, ...]
) -> None:
    assert tuple(stage for stage in STAGES if moves([setting], stage)) == moved
