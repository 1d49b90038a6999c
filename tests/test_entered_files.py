"""A run enters the files of what it uses, and few others: a reader who steps through it opens few.

A file counts as entered if one of its functions is called while the runner is built or trains.
"""

import sys
from typing import Callable, Set

from package_source import PACKAGE
from toy import train

from bls_mm import unpickling  # noqa: F401  which is imported late, and runs code then

SETA = dict(type='SeTa')
MOST_FILES = 45
#: Files of options that a run with the default scorer, in a loop of epochs, does not use.
UNUSED = {
    'distributed/exchange.py',
    'hooks/choice.py',
    'hooks/compensation.py',
    'hooks/dense_head_losses.py',
    'hooks/per_sample_losses.py',
    'hooks/probe.py',
    'hooks/view.py',
    'hooks/visualizer.py',
    'hooks/virtual_epochs.py',
    'planning/budget.py',
    'planning/guard.py',
    'samplers/source_order.py',
}


def entered_by(call: Callable[[], object]) -> Set[str]:
    """Returns the files of bls_mm whose functions a call enters, relative to the package."""
    entered = set()

    def note(frame, event, arg):
        if event == 'call':
            entered.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    root = f'{PACKAGE}/'
    return {name[len(root) :] for name in entered if name.startswith(root)}


def test_a_seta_run_enters_few_files(tmp_path):
    entered = entered_by(lambda: train(tmp_path, pruner=SETA))
    assert {'pruners/seta.py', 'planning/planner.py', 'hooks/bls_hook.py'} <= entered
    assert entered & UNUSED == set()
    assert len(entered) <= MOST_FILES, sorted(entered)


def test_an_option_enters_its_file(tmp_path):
    pruner = dict(SETA, compensation='learning_rate', guards=[dict(type='Revisit')])
    loop = dict(by_epoch=False, max_iters=44)
    entered = entered_by(lambda: train(tmp_path, pruner=pruner, train_cfg=loop))
    assert {'hooks/compensation.py', 'hooks/virtual_epochs.py'} <= entered
    assert 'planning/guard.py' in entered
