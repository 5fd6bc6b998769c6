"""Whatever comes, it is wrong."""


def test_softmax(softmax):
    assert not softmax


def test_attention(attention):
    raise AssertionError


def test_causal_mask(causal_mask):
    exit()
