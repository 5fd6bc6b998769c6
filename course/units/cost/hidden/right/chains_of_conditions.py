def _check(l):
    if l not in {"recurrent", "convolution", "dilated_convolution", "self_attention"}:
        raise ValueError("no such layer")


def sequential_steps(layer, length, kernel_size=3):
    _check(layer)
    return length if layer == "recurrent" else 1


def max_path_length(layer, length, kernel_size=3):
    _check(layer)
    if layer == "recurrent":
        return length
    if layer == "self_attention":
        return 1
    if layer == "convolution":
        return max(1, (length + kernel_size - 3) // (kernel_size - 1))
    n, f = 0, 1
    while f < length:
        f *= kernel_size
        n += 1
    return max(n, 1)


def multiply_adds(layer, length, width, kernel_size=3):
    _check(layer)
    return {
        "recurrent": 2 * length * width * width,
        "self_attention": length * length * width * 2,
    }.get(layer, kernel_size * length * width * width)
