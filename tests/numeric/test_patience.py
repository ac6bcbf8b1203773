import numpy as np

from numeric.patience import Patience


def heard(patience, accuracies):
    """Whether training goes on after each epoch, until it stops."""
    answers = []
    for epoch, accuracy in enumerate(accuracies, start=1):
        patience.hear(epoch, accuracy, np.full(2, epoch, np.float32))
        answers.append(patience.goes_on)
        if not answers[-1]:
            break
    return answers


def test_the_best_epoch_is_kept_and_of_equal_ones_the_last():
    patience = Patience()
    assert all(heard(patience, [0.5, 0.9, 0.7, 0.9, 0.8]))
    assert (patience.best_epoch, patience.best_accuracy) == (4, 0.9)
    np.testing.assert_array_equal(patience.best, [4, 4])


def test_training_stops_after_so_many_epochs_without_a_better_one():
    assert heard(Patience(stop_after=2), [0.5, 0.6, 0.6, 0.5, 0.9]) == [True, True, True, False]


def test_the_rate_halves_and_training_ends_at_a_128th():
    patience = Patience(halve_after=2)
    heard(patience, [0.5, 0.5, 0.5])
    assert patience.share == 0.5
    assert len(heard(patience, [0.4] * 100)) == 12
    assert patience.share == 1 / 128
