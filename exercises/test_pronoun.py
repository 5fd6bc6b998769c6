"""Public tests of the unit `pronoun`: run `pytest test_pronoun.py`."""

# TODO: small numbers of your own, such as can be worked out by hand.

import pytest
import torch

from autograder.testing.compare import assert_close


@pytest.mark.exercise("predict")
def test_predict(student):
    """One row whose mean is 3, and one whose mean is 0.

    Catches: the mean of both rows together.
    """
    x = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[-2.0, -1.0, 3.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    assert_close(student.pronoun.predict(x), expected)


@pytest.mark.exercise("gradients")
def test_gradients(student):
    """One row whose mean is 3, and one whose mean is 0.

    Catches: the mean of both rows together.
    """
    x = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[-2.0, -1.0, 3.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    assert_close(student.pronoun.gradients(x), expected)


@pytest.mark.exercise("train")
def test_train(student):
    """One row whose mean is 3, and one whose mean is 0.

    Catches: the mean of both rows together.
    """
    x = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[-2.0, -1.0, 3.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    assert_close(student.pronoun.train(x), expected)


@pytest.mark.exercise("accuracy")
def test_accuracy(student):
    """One row whose mean is 3, and one whose mean is 0.

    Catches: the mean of both rows together.
    """
    x = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[-2.0, -1.0, 3.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    assert_close(student.pronoun.accuracy(x), expected)


@pytest.mark.exercise("pronoun_weights")
def test_pronoun_weights(student):
    """One row whose mean is 3, and one whose mean is 0.

    Catches: the mean of both rows together.
    """
    x = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[-2.0, -1.0, 3.0], [-1.0, 0.0, 1.0]]], dtype=torch.float64)
    assert_close(student.pronoun.pronoun_weights(x), expected)
