"""What learning platforms give, made into a folder a student: `autograder collect`.

`platforms` holds the one table of the forms that downloads have, `download` opens a folder or zip
of a class, `archives` what a student has packed, `repositories` fetches from GitHub, `shelf` puts
the work where `grade` finds it, `people` keeps who is who, and `run` is the whole of it.
"""

from autograder.intake.collect.platforms import recognise as recognise
