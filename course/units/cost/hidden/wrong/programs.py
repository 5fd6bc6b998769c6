"""Wrong programs for the unit `cost`, as people and language models write them."""

import math

from receptive_field import layers_to_cover

LAYERS = ("recurrent", "convolution", "dilated_convolution", "self_attention")


def sequential_steps__minus_one(layer, length, kernel_size=3):
    """The recurrent layer needs length - 1. -> one_step_short"""
    if layer not in LAYERS:
        raise ValueError(layer)
    return length - 1 if layer == "recurrent" else 1


def sequential_steps__no_error(layer, length, kernel_size=3):
    """Any other layer is taken for one that needs a single step. -> no_error"""
    return length if layer == "recurrent" else 1


def sequential_steps__key_error(layer, length, kernel_size=3):
    """A KeyError in place of a ValueError. -> other_error"""
    table = {
        "recurrent": length,
        "convolution": 1,
        "dilated_convolution": 1,
        "self_attention": 1,
    }
    return table[layer]


def sequential_steps__returned_error(layer, length, kernel_size=3):
    """The error is returned, not raised. -> no_error"""
    if layer not in LAYERS:
        return ValueError(f"unknown layer {layer}")
    return length if layer == "recurrent" else 1


def sequential_steps__kernel(layer, length, kernel_size=3):
    """A convolution waits once for every tap. -> taps_for_steps"""
    if layer == "recurrent":
        return length
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def sequential_steps__attention_waits(layer, length, kernel_size=3):
    """Self-attention walks over the length, too. -> attention_waits"""
    if layer in ("recurrent", "self_attention"):
        return length
    if layer in ("convolution", "dilated_convolution"):
        return 1
    raise ValueError(layer)


def sequential_steps__covering(layer, length, kernel_size=3):
    """A convolution is as deep as it takes to cover the length. -> paths_for_steps"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return max(1, layers_to_cover(length, kernel_size))
    if layer == "dilated_convolution":
        return max(1, layers_to_cover(length, kernel_size, kernel_size))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__minus_one(layer, length, kernel_size=3):
    """length - 1 for the recurrent layer. -> one_step_short"""
    if layer == "recurrent":
        return length - 1
    if layer == "convolution":
        return max(1, layers_to_cover(length, kernel_size))
    if layer == "dilated_convolution":
        return max(1, layers_to_cover(length, kernel_size, kernel_size))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__as_the_table(layer, length, kernel_size=3):
    """n/k and log_k(n), as the table has them, rounded up. -> as_the_table, taps_for_gaps, float_logarithm"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return math.ceil(length / kernel_size)
    if layer == "dilated_convolution":
        return max(1, math.ceil(math.log(length, kernel_size)))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__table_floor(layer, length, kernel_size=3):
    """n // k and an int of the logarithm. -> as_the_table"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return max(1, length // kernel_size)
    if layer == "dilated_convolution":
        return max(1, int(math.log(length, kernel_size)))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__may_be_zero(layer, length, kernel_size=3):
    """No layer for length 1. -> no_layer"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return layers_to_cover(length, kernel_size)
    if layer == "dilated_convolution":
        return layers_to_cover(length, kernel_size, kernel_size)
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__base_two(layer, length, kernel_size=3):
    """The dilations double. -> dilation_base_two"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return max(1, layers_to_cover(length, kernel_size))
    if layer == "dilated_convolution":
        return max(1, layers_to_cover(length, kernel_size, 2))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__kernel_fixed(layer, length, kernel_size=3):
    """The kernel is always 3. -> kernel_ignored"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return max(1, layers_to_cover(length, 3))
    if layer == "dilated_convolution":
        return max(1, layers_to_cover(length, 3, 3))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__undilated(layer, length, kernel_size=3):
    """Both convolutions alike. -> dilation_ignored"""
    if layer == "recurrent":
        return length
    if layer in ("convolution", "dilated_convolution"):
        return max(1, layers_to_cover(length, kernel_size))
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def max_path_length__attention_length(layer, length, kernel_size=3):
    """Self-attention's path is the length. -> attention_waits"""
    if layer in ("recurrent", "self_attention"):
        return length
    if layer == "convolution":
        return max(1, layers_to_cover(length, kernel_size))
    if layer == "dilated_convolution":
        return max(1, layers_to_cover(length, kernel_size, kernel_size))
    raise ValueError(layer)


def max_path_length__one_layer_more(layer, length, kernel_size=3):
    """One layer more than it takes. -> off_by_one"""
    if layer == "recurrent":
        return length
    if layer == "convolution":
        return layers_to_cover(length, kernel_size) + 1
    if layer == "dilated_convolution":
        return layers_to_cover(length, kernel_size, kernel_size) + 1
    if layer == "self_attention":
        return 1
    raise ValueError(layer)


def multiply_adds__one_product(layer, length, width, kernel_size=3):
    """One product at every position of the recurrent layer. -> one_product"""
    if layer == "recurrent":
        return length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size * length * width**2
    if layer == "self_attention":
        return 2 * length**2 * width
    raise ValueError(layer)


def multiply_adds__as_the_table(layer, length, width, kernel_size=3):
    """As the table has it, without constants. -> as_the_table, one_product"""
    if layer == "recurrent":
        return length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size * length * width**2
    if layer == "self_attention":
        return length**2 * width
    raise ValueError(layer)


def multiply_adds__scores_only(layer, length, width, kernel_size=3):
    """Only the scores of the attention are counted. -> one_product"""
    if layer == "recurrent":
        return 2 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size * length * width**2
    if layer == "self_attention":
        return length**2 * width
    raise ValueError(layer)


def multiply_adds__projections(layer, length, width, kernel_size=3):
    """The three projections are counted, too. -> projections_counted"""
    if layer == "recurrent":
        return 2 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size * length * width**2
    if layer == "self_attention":
        return 2 * length**2 * width + 3 * length * width**2
    raise ValueError(layer)


def multiply_adds__doubled(layer, length, width, kernel_size=3):
    """Multiplications and additions are counted separately. -> flops_for_multiply_adds"""
    if layer == "recurrent":
        return 4 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return 2 * kernel_size * length * width**2
    if layer == "self_attention":
        return 4 * length**2 * width
    raise ValueError(layer)


def multiply_adds__depthwise(layer, length, width, kernel_size=3):
    """One number for every tap and channel, not a product with a matrix. -> depthwise"""
    if layer == "recurrent":
        return 2 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size * length * width
    if layer == "self_attention":
        return 2 * length**2 * width
    raise ValueError(layer)


def multiply_adds__width_squared(layer, length, width, kernel_size=3):
    """Length and width of the attention are swapped. -> length_and_width_swapped"""
    if layer == "recurrent":
        return 2 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size * length * width**2
    if layer == "self_attention":
        return 2 * length * width**2
    raise ValueError(layer)


def multiply_adds__borders(layer, length, width, kernel_size=3):
    """Taps outside the sequence are not counted. -> borders_left_out"""
    if layer == "recurrent":
        return 2 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return (length - kernel_size + 1) * kernel_size * width**2
    if layer == "self_attention":
        return 2 * length**2 * width
    raise ValueError(layer)


def multiply_adds__float(layer, length, width, kernel_size=3):
    """A float that is no longer exact. -> wrong_type"""
    if layer == "recurrent":
        return 2.0 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return float(kernel_size * length * width**2)
    if layer == "self_attention":
        return 2.0 * length**2 * width
    raise ValueError(layer)


def multiply_adds__kernel_squared(layer, length, width, kernel_size=3):
    """The kernel is counted as a square. -> kernel_squared"""
    if layer == "recurrent":
        return 2 * length * width**2
    if layer in ("convolution", "dilated_convolution"):
        return kernel_size**2 * length * width**2
    if layer == "self_attention":
        return 2 * length**2 * width
    raise ValueError(layer)


def multiply_adds__biases(layer, length, width, kernel_size=3):
    """The biases are counted. -> biases_counted"""
    if layer == "recurrent":
        return length * (2 * width**2 + width)
    if layer in ("convolution", "dilated_convolution"):
        return length * (kernel_size * width**2 + width)
    if layer == "self_attention":
        return 2 * length**2 * width
    raise ValueError(layer)


def sequential_steps__part_of_a_name(layer, length, kernel_size=3):
    """A part of the name is enough, so that there are other convolutions."""
    if layer == "recurrent":
        return length
    if "convolution" in layer or "attention" in layer:
        return 1
    raise ValueError(layer)
