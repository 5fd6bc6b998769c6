"""What hidden tests have besides autograder/testing/plugin.py."""

from collections.abc import Callable

import pytest

from autograder.testing.pictures import keeper


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Keep the numbers of a picture: `figure("attention_weights", weights)`."""
    return keeper(request.node)
