KNOWN = frozenset({"recurrent", "convolution", "dilated_convolution", "self_attention"})


def check(layer):
    if layer not in KNOWN:
        raise ValueError(layer)


def sequential_steps(layer, length, kernel_size=3):
    check(layer)
    return length ** (layer == "recurrent")


def max_path_length(layer, length, kernel_size=3):
    check(layer)
    if layer == "dilated_convolution":
        depth, field = 1, kernel_size
        while field < length:
            depth, field = depth + 1, field * kernel_size
        return depth
    if layer == "convolution":
        return max(-((1 - length) // (kernel_size - 1)), 1)
    return sequential_steps(layer, length)


def multiply_adds(layer, length, width, kernel_size=3):
    check(layer)
    factor = kernel_size if "conv" in layer else 2
    a, b = (length, width) if layer == "self_attention" else (width, length)
    return factor * a * a * b
