"""What goes wrong through no fault of the code: always one line that says what to do about it."""


class InputError(ValueError):
    """Something given from outside cannot be used; the message is one line for the person who gave it."""


class TrainingError(InputError):
    """Training cannot go on, or may not start; the message names the layer and the step."""
