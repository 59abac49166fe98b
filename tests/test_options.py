"""Limits and WindowOptions."""

import dataclasses

import pytest

from auroraview import Limits, UsageError, WindowOptions


def test_the_defaults_are_those_of_the_protocol():
    assert dataclasses.astuple(Limits()) == (134_217_728, 100_000, 268_435_456, 200, 50_000)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", None])
def test_a_limit_is_a_positive_int(name, value):
    with pytest.raises(UsageError, match=rf"Limits\({name}="):
        Limits(**{name: value})


def test_the_depth_can_only_be_lowered():
    assert Limits(depth=1).depth == 1
    with pytest.raises(UsageError, match="only be lowered"):
        Limits(depth=201)


@pytest.mark.parametrize("options", [Limits(), WindowOptions()])
def test_options_are_frozen(options):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(options, dataclasses.fields(options)[0].name, 1)


@pytest.mark.parametrize("options", [Limits, WindowOptions])
def test_every_field_is_documented(options):
    for field in dataclasses.fields(options):
        assert f"        {field.name}: " in options.__doc__
