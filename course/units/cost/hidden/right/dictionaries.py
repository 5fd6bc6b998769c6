from receptive_field import layers_to_cover as cover


def pick(table, layer):
    try:
        return table[layer]()
    except KeyError:
        raise ValueError(f"{layer!r} is none of {', '.join(table)}") from None


def sequential_steps(layer, length, kernel_size=3):
    one = lambda: 1
    return pick({"recurrent": lambda: length, "convolution": one, "dilated_convolution": one, "self_attention": one}, layer)


def max_path_length(layer, length, kernel_size=3):
    return pick(
        {
            "recurrent": lambda: length,
            "convolution": lambda: cover(length, kernel_size) or 1,
            "dilated_convolution": lambda: cover(length, kernel_size, kernel_size) or 1,
            "self_attention": lambda: 1,
        },
        layer,
    )


def multiply_adds(layer, length, width, kernel_size=3):
    conv = lambda: kernel_size * length * width**2
    return pick({"recurrent": lambda: 2 * length * width**2, "convolution": conv, "dilated_convolution": conv, "self_attention": lambda: 2 * width * length**2}, layer)
