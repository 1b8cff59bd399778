"""What is made once of a value, and for how long."""

from models.domain.made_once import each_made_once, made_once


def a_list(of: str) -> list[str]:
    return [of]


def test_a_thing_is_made_once_inside_and_anew_outside() -> None:
    name = "yard"
    with each_made_once():
        assert made_once(a_list, name) is made_once(a_list, name)
        with each_made_once():
            inner = made_once(a_list, name)
        assert made_once(a_list, name) is inner
    assert made_once(a_list, name) is not made_once(a_list, name)


def test_a_value_that_is_equal_is_another_one() -> None:
    one, other = ("yard",), (*["yard"],)
    with each_made_once():
        assert made_once(a_list, one) is not made_once(a_list, other)


def test_of_other_numbers_it_is_made_anew() -> None:
    series = ("step",)

    def until(of: object, end_s: float) -> list[object]:
        return [of, end_s]

    with each_made_once():
        assert made_once(until, series, 1.0) is made_once(until, series, 1.0)
        assert made_once(until, series, 2.0) == [series, 2.0]


def test_a_failure_ends_what_is_kept() -> None:
    name = "yard"
    try:
        with each_made_once():
            inside = made_once(a_list, name)
            raise RuntimeError
    except RuntimeError:
        assert made_once(a_list, name) is not inside
