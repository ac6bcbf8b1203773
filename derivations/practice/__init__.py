"""The learner's side: a map of skills, their problems, and an exact grader of answers.

from derivations.practice import draw, grade
grade(draw("layers.linear.dW"), "X.T @ dY").status    # 'right'
"""

from derivations.practice.curriculum import draw, skills
from derivations.practice.grading import Verdict, grade
from derivations.practice.problem import Problem, formula_problem, layer_problem
from derivations.practice.skill import PracticeError, Skill

__all__ = [
    "PracticeError",
    "Problem",
    "Skill",
    "Verdict",
    "draw",
    "formula_problem",
    "grade",
    "layer_problem",
    "skills",
]
