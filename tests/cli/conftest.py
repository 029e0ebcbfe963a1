"""Commands run in the test's own process, under no setting of the machine's."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.startswith("IMAGEYARD_"):
            monkeypatch.delenv(variable)
