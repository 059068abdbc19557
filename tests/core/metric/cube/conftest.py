"""What a process remembers of cubes and answers is forgotten between tests: what a test did to them was taken back."""

from collections.abc import Iterator

import pytest

from noren.core.metric import memo
from noren.core.metric.cube import read


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    memo.forget()
    read.forget()
    yield
    read.forget()
