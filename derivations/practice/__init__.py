"""The learner's side: problems, and an exact grader of answers.

from derivations.practice import grade, layer_problem
grade(layer_problem("linear", "dW"), "X.T @ dY").status    # 'right'
"""

from derivations.practice.grading import Verdict, grade
from derivations.practice.problem import Problem, formula_problem, layer_problem

__all__ = ["Problem", "Verdict", "formula_problem", "grade", "layer_problem"]
