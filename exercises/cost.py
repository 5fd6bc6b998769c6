"""What a layer costs: how many steps wait for one another, how far two words are apart, how much
is computed.

Four layers take a sequence of `length` positions, each `width` numbers wide, to another such
sequence: "recurrent", "convolution", "dilated_convolution" and "self_attention". Count, in whole
numbers, what each of them costs: this is why attention is fast, and also where it is not. The
receptive fields of an earlier unit tell how deep a stack of convolutions must be.

Test with `pytest test_cost.py`.
"""

from receptive_field import layers_to_cover


def sequential_steps(layer: str, length: int, kernel_size: int = 3) -> int:
    """Count the steps of one layer that have to wait for one another.

    layer: "recurrent", "convolution", "dilated_convolution" or "self_attention".
    length: T, at least 1. kernel_size: of the convolutions, odd.
    Returns `length` for the recurrent layer, where each state needs the one before; 1 for the
    others, which take all positions at once.
    Raises ValueError for any other layer.
    Source: Vaswani et al. 2017, "Attention Is All You Need", table 1.
    """
    raise NotImplementedError  # replace this line with your code


def max_path_length(layer: str, length: int, kernel_size: int = 3) -> int:
    """Count the layers or steps between the two positions that are furthest apart.

    layer: "recurrent", "convolution", "dilated_convolution" or "self_attention".
    length: T, at least 1. kernel_size: of the convolutions, odd, at least 3.
    Returns `length` for the recurrent layer and 1 for self-attention. For the convolutions, the
    layers it takes to cover `length`, but at least 1; those of the dilated one have the dilations
    1, kernel_size, kernel_size², ….
    Raises ValueError for any other layer.
    Source: Vaswani et al. 2017, table 1.
    """
    raise NotImplementedError  # replace this line with your code


def multiply_adds(layer: str, length: int, width: int, kernel_size: int = 3) -> int:
    """Count the multiplications, each with its addition, of one layer without biases.

    layer: "recurrent", "convolution", "dilated_convolution" or "self_attention".
    length: T. width: of every position at the input and at the output. kernel_size: odd.
    Counted are: recurrent, the two products with a (width, width) matrix at every position;
    convolutions, one such product for every tap and position, at the borders too;
    self-attention, the scores and the weighted sum, without projections and softmax.
    Returns an exact int.
    Raises ValueError for any other layer.
    Source: Vaswani et al. 2017, table 1, with the constants that its O(·) leaves out.
    """
    raise NotImplementedError  # replace this line with your code
