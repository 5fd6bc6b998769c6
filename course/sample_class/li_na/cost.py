from receptive_field import layers_to_cover

def sequential_steps(layer: str, length: int, kernel_size: int=3) -> int:
    match layer:
        case 'recurrent':
            return length
        case 'convolution' | 'dilated_convolution' | 'self_attention':
            return 1
        case _:
            raise ValueError(f'unknown layer {layer!r}')

def max_path_length(layer: str, length: int, kernel_size: int=3) -> int:
    match layer:
        case 'recurrent':
            return length
        case 'convolution':
            return max(1, layers_to_cover(length, kernel_size))
        case 'dilated_convolution':
            return max(1, layers_to_cover(length, kernel_size, dilation_base=kernel_size))
        case 'self_attention':
            return 1
        case _:
            raise ValueError(f'unknown layer {layer!r}')

def multiply_adds(layer: str, length: int, width: int, kernel_size: int=3) -> int:
    match layer:
        case 'recurrent':
            return 2 * length * width ** 2
        case 'convolution' | 'dilated_convolution':
            return kernel_size * length * width ** 2
        case 'self_attention':
            return 2 * length ** 2 * width
        case _:
            raise ValueError(f'unknown layer {layer!r}')
