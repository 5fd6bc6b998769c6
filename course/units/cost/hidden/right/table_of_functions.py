from receptive_field import layers_to_cover

COST = {
    "recurrent": (lambda n, k: n, lambda n, k: n, lambda n, d, k: 2 * n * d**2),
    "convolution": (
        lambda n, k: 1,
        lambda n, k: layers_to_cover(n, k, 1),
        lambda n, d, k: k * n * d**2,
    ),
    "dilated_convolution": (
        lambda n, k: 1,
        lambda n, k: layers_to_cover(n, k, dilation_base=k),
        lambda n, d, k: k * n * d**2,
    ),
    "self_attention": (lambda n, k: 1, lambda n, k: 1, lambda n, d, k: 2 * n**2 * d),
}


def _get(layer):
    try:
        return COST[layer]
    except KeyError as e:
        raise ValueError(f"unknown {layer}") from e


def sequential_steps(layer, length, kernel_size=3):
    return _get(layer)[0](length, kernel_size)


def max_path_length(layer, length, kernel_size=3):
    return max(1, _get(layer)[1](length, kernel_size))


def multiply_adds(layer, length, width, kernel_size=3):
    return _get(layer)[2](length, width, kernel_size)
