"""What a user may write for a number, on every command line."""

import click
import pytest

from loadgen.engine.bounds import number
from mocks.numbers import Number as MockNumber
from mocks.numbers import Whole as MockWhole
from records.cells.point import value_of
from records.options.number_options import Number, Whole
from records.options.numbers import finite, whole
from sweep.planning.grid import parse_grid
from sweep.planning.variants import parse_settings, parse_variants
from sweep.running.errors import UsageError

NO_NUMBERS = ("\u0661", "1_0", "nan", "inf", "-inf", "1e999", "", "one", "0x10")


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_refused_everywhere(text: str) -> None:
    for read in (whole, finite):
        with pytest.raises(ValueError, match="is no "):
            read(text)
    for kind in (Whole(0), Number(0), MockWhole(0), MockNumber(0)):
        with pytest.raises(click.BadParameter):
            kind.convert(text, None, None)
    for of in (int, float):
        with pytest.raises(UsageError, match=r"^--n wants a (whole )?number"):
            number("--n", of, 0)(text)


def test_numbers() -> None:
    assert [whole(text) for text in ("10", "-1", "+2")] == [10, -1, 2]
    assert [finite(text) for text in ("10", ".5", "1e3", "-2.")] == [10, 0.5, 1000, -2]
    assert MockNumber(0, endless=True).convert("inf", None, None) == float("inf")
    assert (value_of("10"), value_of("0.5"), value_of("small")) == (10, 0.5, "small")
    for text in ("\u0661", "nan", "-inf"):
        with pytest.raises(ValueError, match=r"no number|no finite"):
            value_of(text)


@pytest.mark.parametrize("text", ["1,,2", "1,2,", ",1", "\u0661", "1_0"])
def test_numbers_of_users_are_a_list_without_gaps(text: str) -> None:
    with pytest.raises(UsageError, match="--concurrency takes"):
        parse_grid([], text, None)
    with pytest.raises(UsageError, match="--grid users takes"):
        parse_grid([f"users={text}"], None, None)


def test_nothing_is_set_twice_or_named_between_commas() -> None:
    with pytest.raises(UsageError, match="--config 'a': A comes twice"):
        parse_variants(["a:A=1,A=2"])
    with pytest.raises(UsageError, match="--set: A comes twice"):
        parse_settings(["A=1", "A=1"])
    with pytest.raises(UsageError, match="names nothing beside a comma"):
        parse_variants(["baseline,,mock-llm"])
