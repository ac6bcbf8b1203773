"""Hypotheses about a wrong answer, one law a function.

A hypothesis says what the answer would be if its mistake had been made, and holds where the answer is just that.
"""

from checks.hypotheses.another_layer import another_layer
from checks.hypotheses.arrangement import (
    blocks_permuted,
    extra_axes,
    extra_sum,
    flipped,
    missing_sum,
    permuted_axes,
    shifted,
    wrong_axis,
)
from checks.hypotheses.calculus import (
    activation_slope,
    complement_mistaken,
    diagonal_only,
    epsilon,
    held_constant,
    inner_slope,
    inverted_factor,
    missing_factor,
    other_power,
    path_cut,
    scaled_term,
    wrong_term,
)
from checks.hypotheses.conditions import branch_ignored, condition_turned
from checks.hypotheses.explanation import Explanation, Hypothesis
from checks.hypotheses.functions import function_mistaken
from checks.hypotheses.guards import guarded, unguarded
from checks.hypotheses.operands import (
    cotangent_ignored,
    cotangent_mistaken,
    neighbour_read,
    operand_blocks_permuted,
    operand_flipped,
    operand_left_out,
    operand_mistaken,
    operand_scaled,
    operand_shifted,
    operand_transposed,
    overwritten,
    parameters_moved,
    part_for_operand,
    part_of_sum,
    state_of_the_same_step,
    times_operand,
)
from checks.hypotheses.options import count_ignored, option_fixed, option_ignored, option_mistaken
from checks.hypotheses.scale import (
    accumulated_twice,
    clipped,
    constant_factor,
    nothing,
    one_number,
    sign,
    size_mistaken,
)
from checks.hypotheses.sums import one_term_of_sum, other_axis, own_entry_of_sum, sum_over_too_much

__all__ = ["HYPOTHESES", "Explanation", "Hypothesis"]

# Specific before general: what comes first is named first where several hold in equally many cases.
HYPOTHESES: dict[str, Hypothesis] = {
    "zero": nothing,
    "sign": sign,
    "accumulated twice": accumulated_twice,
    "clipped": clipped,
    "cotangent ignored": cotangent_ignored,
    "off-diagonal terms": diagonal_only,
    "activation's derivative": activation_slope,
    "guard left out": unguarded,
    "guard": guarded,
    "option mistaken": option_mistaken,
    "option fixed": option_fixed,
    "constant factor": constant_factor,
    "one number": one_number,
    "transposed": permuted_axes,
    "operand transposed": operand_transposed,
    "missing sum": missing_sum,
    "wrong axis": wrong_axis,
    "extra sum": extra_sum,
    "extra axes": extra_axes,
    "part of a sum": part_of_sum,
    "one term of a sum": one_term_of_sum,
    "shifted": shifted,
    "flipped": flipped,
    "blocks permuted": blocks_permuted,
    "held constant": held_constant,
    "epsilon": epsilon,
    "wrong term": wrong_term,
    "path cut": path_cut,
    "operand left out": operand_left_out,
    "times an operand": times_operand,
    "option ignored": option_ignored,
    "count ignored": count_ignored,
    "state of the same step": state_of_the_same_step,
    "neighbouring place": neighbour_read,
    "other axis": other_axis,
    "own entry of a sum": own_entry_of_sum,
    "sum over too much": sum_over_too_much,
    "operand flipped": operand_flipped,
    "operand shifted": operand_shifted,
    "inner slope": inner_slope,
    "missing factor": missing_factor,
    "complement": complement_mistaken,
    "another cotangent": cotangent_mistaken,
    "another power": other_power,
    "inverted factor": inverted_factor,
    "another size": size_mistaken,
    "condition": condition_turned,
    "branch ignored": branch_ignored,
    "another layer": another_layer,
    "another function": function_mistaken,
    "operand's blocks permuted": operand_blocks_permuted,
    "operand scaled": operand_scaled,
    "operand mistaken": operand_mistaken,
    "part for an operand": part_for_operand,
    "overwritten": overwritten,
    "parameters moved": parameters_moved,
    "scaled term": scaled_term,
}
