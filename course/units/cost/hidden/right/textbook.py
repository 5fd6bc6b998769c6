from receptive_field import layers_to_cover


def sequential_steps(layer, length, kernel_size=3):
    if layer == "recurrent":
        return length
    elif layer == "convolution":
        return 1
    elif layer == "dilated_convolution":
        return 1
    elif layer == "self_attention":
        return 1
    else:
        raise ValueError("layer must be one of the four")


def max_path_length(layer, length, kernel_size=3):
    if layer == "recurrent":
        return length
    elif layer == "convolution":
        n = layers_to_cover(length, kernel_size, 1)
    elif layer == "dilated_convolution":
        n = layers_to_cover(length, kernel_size, kernel_size)
    elif layer == "self_attention":
        return 1
    else:
        raise ValueError("layer must be one of the four")
    if n < 1:
        n = 1
    return n


def multiply_adds(layer, length, width, kernel_size=3):
    if layer == "recurrent":
        return length * width * width + length * width * width
    if layer in ["convolution", "dilated_convolution"]:
        return length * kernel_size * width * width
    if layer == "self_attention":
        scores = length * length * width
        weighted = length * length * width
        return scores + weighted
    raise ValueError(layer)
