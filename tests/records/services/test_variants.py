"""What other rooms know of the reference app, held against the app itself."""

from records.services.variants import BASELINE, STAGES, STAGES_OF_SETTING, SWITCHES
from target_app import metrics
from target_app.settings import names


def test_stages_are_the_apps_in_the_apps_order() -> None:
    assert STAGES == metrics.STAGES
    assert {switch.stage for switch in SWITCHES} <= set(STAGES)
    assert {stage for stages in STAGES_OF_SETTING.values() for stage in stages} <= set(STAGES)


def test_a_setting_that_moves_stages_is_one_of_the_apps() -> None:
    assert STAGES_OF_SETTING.keys() | BASELINE.settings.keys() <= names()
