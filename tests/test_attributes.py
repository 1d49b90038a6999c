"""Objects own their attributes: ``__init__`` sets all of them, and no other object does."""

import ast
from typing import Iterator, List, Set

import pytest
from package_source import PACKAGE, TREES, name_of

# Attributes that are set on other objects than `self`, and why.
ALLOWED = {
    # Freezes an array.
    'planning/epoch_plan.py': {'array.flags.writeable'},
    'samplers/pruning_state.py': {'view.flags.writeable'},
    # PyTorch has no public way to change a built loader; the copy is ours.
    'data/tracked_loader.py': {'tracked.__class__', 'tracked._iterator'},
    # Lets a batch sampler run out of samples, and restores it.
    'data/drain.py': {'batch_sampler.sampler'},
    # The training loop must use another loader, and an iterator of ours.
    'hooks/training_loader.py': {'loop.dataloader'},
    'hooks/pruned_run.py': {'loop.dataloader_iterator'},
    # Private numbers of MMEngine that have no setter.
    'hooks/clock.py': {
        'self.runner.train_loop._max_iters',
        'wrapper._max_counts',
        'wrapper._remainder_counts',
    },
    # Moves thresholds of the loop and of hooks, and restores them.
    'hooks/iteration_thresholds.py': {'owner.*'},
    # Gradients are attributes of parameters, modes are attributes of modules.
    'hooks/checkpoint.py': {'parameter.grad'},
    'analysis/sample_losses.py': {'module.training'},
    # Replaces methods and options of a user's model, and restores them.
    'hooks/model_method.py': {'model.*', 'self.model.*'},
    'hooks/per_sample_losses.py': {'loss.reduction', 'loss.*'},
    # Passes on what is set.
    'hooks/view.py': {'self._target.*'},
    # The sums of a run are a record without methods; these two add to it.
    'hooks/savings_meter.py': {'self.savings.*', 'savings.*'},
    'hooks/recorder.py': {'savings.*'},
    # Objects of MMEngine that are filled attribute by attribute.
    'config.py': {
        'cfg.train_dataloader.sampler',
        'cfg.train_dataloader.dataset',
        'cfg.default_hooks',
    },
    'cli/train_command.py': {
        'cfg.work_dir',
        'cfg.launcher',
        'cfg.optim_wrapper.type',
        'cfg.auto_scale_lr.enable',
    },
    'cli/test_command.py': {
        'cfg.work_dir',
        'cfg.launcher',
        'cfg.load_from',
        'cfg.model',
        'cfg.test_dataloader.dataset.pipeline',
        'cfg.test_evaluator',
        'evaluator.metrics',
    },
    'cli/dry_run.py': {
        'cfg.experiment_name',
        'cfg.work_dir',
        'cfg.launcher',
        'cfg.log_level',
        'cfg.resume',
        'cfg.load_from',
        'cfg.visualizer.vis_backends',
        'cfg.train_dataloader.dataset',
        'cfg.train_dataloader.num_workers',
        # The weights of a stand-in run are not read.
        'runner.model.init_weights',
    },
    'cli/grid.py': {'cfg.randomness'},
    'cli/data_command.py': {'parser.epilog'},
    'analysis/pictures.py': {'self.visualizer.dataset_meta', 'sample.gt_instances.bboxes'},
    # MMOCR checks the version of mmdet when it is imported.
    'compat.py': {'refused.__version__'},
}


def assigned_attributes(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Yields the attributes that are set, by an assignment or ``setattr``.

    ``setattr(model, name, value)`` yields ``model.*``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ('setattr', 'delattr'):
            name = node.args[1].value if isinstance(node.args[1], ast.Constant) else '*'
            yield ast.Attribute(value=node.args[0], attr=name, ctx=ast.Store())


def is_allowed(target: str, allowed: Set[str]) -> bool:
    return target in allowed or f'{target.rpartition(".")[0]}.*' in allowed


@pytest.mark.parametrize('path', TREES, ids=name_of)
def test_attributes_are_set_on_self_only(path):
    allowed = ALLOWED.get(str(path.relative_to(PACKAGE).as_posix()), set())
    found = {
        ast.unparse(attribute)
        for attribute in assigned_attributes(TREES[path])
        if ast.unparse(attribute.value) not in ('self', 'cls')
    }
    assert {target for target in found if not is_allowed(target, allowed)} == set()
    unused = {name for name in allowed if not any(is_allowed(target, {name}) for target in found)}
    assert unused == set(), 'remove these from the list'


CLASSES = {
    node.name: node
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
}
# Their objects are also made without `__init__`, so another method sets the attributes.
WITHOUT_INIT = {'TrackedLoader', 'LoadedBuffer'}


@pytest.mark.parametrize('kind', sorted(CLASSES.keys() - WITHOUT_INIT))
def test_all_attributes_appear_in_init(kind):
    for method in methods_of(CLASSES[kind]):
        assert own_attributes(method) <= known_attributes(kind), method.name


def methods_of(kind: ast.ClassDef) -> List[ast.FunctionDef]:
    return [part for part in kind.body if isinstance(part, ast.FunctionDef)]


def own_attributes(method: ast.FunctionDef) -> Set[str]:
    """Returns the names of the attributes that a method sets on ``self``."""
    return {
        attribute.attr
        for attribute in assigned_attributes(method)
        if ast.unparse(attribute.value) == 'self'
    }


def known_attributes(kind: str) -> Set[str]:
    """Returns the attributes of a class and of its bases, and those that ``__init__`` sets."""
    if kind not in CLASSES:
        return set()
    known = set().union(*(known_attributes(ast.unparse(base)) for base in CLASSES[kind].bases))
    for part in CLASSES[kind].body:
        if isinstance(part, ast.FunctionDef) and part.name == '__init__':
            known |= own_attributes(part)
        elif isinstance(part, ast.FunctionDef) and part.decorator_list:
            known.add(part.name)  # a property
        elif isinstance(part, ast.AnnAssign):
            known.add(ast.unparse(part.target))
        elif isinstance(part, ast.Assign):
            known.update(map(ast.unparse, part.targets))
    return known
