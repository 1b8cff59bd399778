"""Duals by block: labels are made when they are read, and are those of the program."""

import pickle

import numpy as np

from optimizer.duals import Duals
from optimizer.optimize import formulate
from tests.strategies import random_scenario


def test_every_block_with_rows_is_told_with_the_labels_and_the_duals_of_its_rows() -> None:
    program = formulate(random_scenario(3)).program
    told = Duals.of(program, np.arange(len(program.row_lower), dtype=float))

    for name, block in told.items():
        rows = program.rows[name]
        assert [(name, labels) for labels in zip(*block.labels, strict=True)] == [
            program.row_label(i) for i in range(rows.start, rows.start + rows.size)
        ]
        assert block.values.tolist() == list(range(rows.start, rows.start + rows.size))
    assert sum(len(block.values) for block in told.values()) == len(program.row_lower)


def test_duals_pass_from_one_process_to_another() -> None:
    program = formulate(random_scenario(3)).program
    told = Duals.of(program, np.zeros(len(program.row_lower)))

    again = pickle.loads(pickle.dumps(told))

    assert list(again) == list(told)
    assert again["session_energy"].labels[0].tolist() == told["session_energy"].labels[0].tolist()
