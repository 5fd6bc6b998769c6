"""Known mistakes of the unit `pronoun`."""

# TODO: the mistakes that students make, each with a sentence that helps and gives nothing away.

from autograder.mistakes.entry import mistake


@mistake(
    "predict",
    "wrong_axis",
    en="The mean is that of a column. Along which axis does a row run?",
    zh="求的是一列的平均值。一行沿着哪个轴？",
)
def predict_wrong_axis(x):
    return x - x.mean(1, keepdim=True)


@mistake(
    "gradients",
    "wrong_axis",
    en="The mean is that of a column. Along which axis does a row run?",
    zh="求的是一列的平均值。一行沿着哪个轴？",
)
def gradients_wrong_axis(x):
    return x - x.mean(1, keepdim=True)


@mistake(
    "train",
    "wrong_axis",
    en="The mean is that of a column. Along which axis does a row run?",
    zh="求的是一列的平均值。一行沿着哪个轴？",
)
def train_wrong_axis(x):
    return x - x.mean(1, keepdim=True)


@mistake(
    "accuracy",
    "wrong_axis",
    en="The mean is that of a column. Along which axis does a row run?",
    zh="求的是一列的平均值。一行沿着哪个轴？",
)
def accuracy_wrong_axis(x):
    return x - x.mean(1, keepdim=True)


@mistake(
    "pronoun_weights",
    "wrong_axis",
    en="The mean is that of a column. Along which axis does a row run?",
    zh="求的是一列的平均值。一行沿着哪个轴？",
)
def pronoun_weights_wrong_axis(x):
    return x - x.mean(1, keepdim=True)
