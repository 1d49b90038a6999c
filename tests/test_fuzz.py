"""Damaged and crafted files: no code runs, no class changes, and each error is one sentence.

The cases are random but seeded, and bounded by their number: about 20 seconds in all.
"""

import copy
import json
import sys
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from toy import train

from bls_mm.analysis.export import load_scores
from bls_mm.analysis.literals import parse_config
from bls_mm.analysis.logs import read_log
from bls_mm.analysis.methods import parse_method
from bls_mm.analysis.report import render
from bls_mm.analysis.samples import table_of
from bls_mm.analysis.work_dir import read_run
from bls_mm.config import load_config
from bls_mm.records.history import delete_from, load_history, path_of, save_record
from bls_mm.records.savings import read_summary
from bls_mm.samplers import BLSSampler

EVENTS = ('exec', 'os.system', 'os.exec', 'os.fork', 'os.posix_spawn', 'subprocess.Popen',
          'socket.connect', 'pickle.find_class', 'ctypes.dlopen')  # fmt: skip
LOG = dict(default_hooks=dict(logger=dict(type='LoggerHook', interval=1)))
_seen = None  # events of the code under test, while it runs


def _listen(event, arguments):
    if _seen is None or event not in EVENTS:
        return
    if event == 'exec' and arguments[0].co_filename.endswith('report.html.jinja'):
        return  # our own template
    _seen.append((event, str(arguments)[:200]))


sys.addaudithook(_listen)


class Watch:
    """Fails if the code in it runs other code, creates a proof, or changes HistoryBuffer."""

    def __init__(self, proof):
        self.proof = proof

    def __enter__(self):
        global _seen
        self.before = dict(HistoryBuffer._statistics_methods), set(sys.modules)
        _seen = []

    def __exit__(self, *error):
        global _seen
        seen, _seen = _seen, None
        if error[0] is None:
            assert seen == []
        assert not self.proof.exists()
        assert HistoryBuffer._statistics_methods == self.before[0]
        assert 'antigravity' not in sys.modules


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """The work dir of a finished run, with a config in it."""
    work_dir = tmp_path_factory.mktemp('fuzz')
    train(work_dir, max_epochs=3, num=12, **LOG)
    load_config('bls_mm::demo/crnn-slim_bls-infobatch_6e_short-words.py').dump(work_dir / 'c.py')
    render(read_run(work_dir))  # imports what it needs
    load_scores(str(work_dir / 'epoch_3.pth'))
    return work_dir


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path / 'proof')


def damage(content: bytes, rng) -> bytes:
    """Returns a file with flipped bits, a cut, an insertion, a repetition, or random bytes."""
    kind, content = rng.integers(6), bytearray(content)
    start, end = sorted(rng.integers(0, len(content) + 1, 2))
    if kind == 0:
        for position in rng.integers(0, len(content), rng.integers(1, 9)):
            content[position] ^= 1 << rng.integers(8)
    elif kind == 1:
        del content[start:]
    elif kind == 2:
        del content[start:end]
    elif kind == 3:
        content[start:start] = rng.bytes(rng.integers(1, 50))
    elif kind == 4:
        content[start:start] = content[start:end]
    else:
        content[:] = rng.bytes(rng.integers(0, 300))
    return bytes(content)


def odd_value(rng):
    """Returns a value that does not belong where it is put."""
    values = [
        None, True, -1, 0, 5, 2**40, 10**30, 0.5, float('nan'), float('inf'), '', 'text', '\ud800',
        b'', [], [1, 2], {}, {'a': 1}, {3: 4}, (), np.int64(3), np.float32(2),
        torch.zeros(0), torch.ones(3), torch.full((12,), 200), torch.full((12,), float('inf')),
        torch.zeros(12, 2), torch.tensor(5), torch.full((2,), 255, dtype=torch.uint8),
    ]  # fmt: skip
    return copy.deepcopy(values[rng.integers(len(values))])


def replace_somewhere(tree: dict, rng) -> None:
    """Replaces, deletes or adds one entry of nested dicts."""
    while True:
        key = list(tree)[rng.integers(len(tree))]
        if not isinstance(tree[key], dict) or not tree[key] or rng.random() < 0.2:
            break
        tree = tree[key]
    if rng.random() < 0.2:
        del tree[key]
    elif rng.random() < 0.2:
        tree['other'] = odd_value(rng)
    else:
        tree[key] = odd_value(rng)


def assert_one_sentence(error: Exception) -> None:
    assert isinstance(error, (ValueError, KeyError, TypeError)), repr(error)
    text = str(error.args[0])
    assert text and '\n' not in text and len(text) < 2000


def test_damaged_records_are_absent(run, tmp_path, watch):
    whole = path_of(run, 1).read_bytes()
    for epoch in (0, 2):
        save_record(tmp_path, load_history(run)[epoch])
    for case in range(500):
        path_of(tmp_path, 1).write_bytes(damage(whole, np.random.default_rng(case)))
        with watch:
            history = load_history(tmp_path)
        assert [record.epoch for record in history] in ([0, 2], [0, 1, 2]), case
    with watch:
        delete_from(tmp_path, 1)
    assert [record.epoch for record in load_history(tmp_path)] == [0]


def test_records_with_odd_values_are_absent_or_shown(run, tmp_path, watch):
    history = load_history(run)
    path = path_of(tmp_path, 1)
    for epoch in (0, 2):
        save_record(tmp_path, history[epoch])
    accepted = 0
    for case in range(300):
        rng = np.random.default_rng(case)
        values = history[1]._asdict()
        for name in rng.choice(list(values), rng.integers(1, 3), replace=False):
            dtype = rng.choice(['i8', 'u1', 'f2', 'f8', 'U3', '?', 'c8', 'M8[s]'])
            shape = [(), (0,), (2,), (12,), (3, 4)][rng.integers(5)]
            values[name] = rng.integers(0, 20, shape).astype(dtype)
        np.savez(path, **values)
        with watch:
            found = load_history(tmp_path)
            table_of(found)
        assert {record.epoch for record in found} <= {0, 1, 2}, case
        accepted += len(found) == 3
        if case % 30 == 0:
            with watch:
                render(read_run(tmp_path))
    assert accepted < 100


def test_damaged_checkpoints_give_one_sentence(run, tmp_path, watch):
    whole = (run / 'epoch_3.pth').read_bytes()
    path, errors = tmp_path / 'damaged.pth', 0
    for case in range(500):
        path.write_bytes(damage(whole, np.random.default_rng(case)))
        try:
            with watch:
                load_scores(str(path))
        except Exception as error:
            errors += 1
            assert_one_sentence(error)
    assert errors > 250


def test_odd_entries_of_checkpoints_give_one_sentence(run, tmp_path, watch):
    whole = torch.load(run / 'epoch_3.pth', weights_only=True)
    path, errors = tmp_path / 'odd.pth', 0
    for case in range(700):
        rng = np.random.default_rng(case)
        checkpoint = dict(bls=copy.deepcopy(whole['bls']), message_hub=whole['message_hub'])
        for _ in range(rng.integers(1, 4)):
            if checkpoint:
                replace_somewhere(checkpoint, rng)
        torch.save(checkpoint, path)
        try:
            with watch:
                scores = load_scores(str(path))
            assert {len(column) for column in scores['table'].values()} == {
                len(scores['table']['index'])
            }
        except Exception as error:
            errors += 1
            assert_one_sentence(error)
    assert errors > 100


PRUNERS = [
    dict(type='InfoBatch'),
    dict(type='UCB', target_savings=0.3, guards=[dict(type='Revisit', epochs=3)]),
    dict(type='Kakurenbo'),
]


@pytest.mark.parametrize('pruner', PRUNERS, ids=lambda pruner: pruner['type'])
def test_odd_states_of_a_sampler_give_one_sentence(pruner, watch):
    whole = BLSSampler(range(12), pruner=pruner)
    for epoch in range(3):
        whole.plan_epoch(epoch, 3)
        whole.update(whole.plan.indices, torch.tensor(1.0 + epoch))
        whole.sync()
    loaded, errors = 0, 0
    for case in range(400):
        state = copy.deepcopy(whole.state_dict())
        replace_somewhere(state, np.random.default_rng(case))
        sampler = BLSSampler(range(12), pruner=pruner)
        try:
            with watch:
                sampler.load_state_dict(state)
            loaded += 1
        except Exception as error:
            errors += 1
            assert_one_sentence(error)
    assert loaded > 50 and errors > 50


GLOBALS = [
    b'posix\nsystem', b'os\nsystem', b'__builtin__\neval', b'__builtin__\nexec',
    b'__builtin__\ngetattr', b'__builtin__\n__import__', b'subprocess\nPopen', b'runpy\n_run_code',
    b'numpy\nndarray', b'numpy\ndtype', b'numpy.core.multiarray\n_reconstruct',
    b'numpy.core.multiarray\nscalar', b'numpy\nfromfile', b'collections\nOrderedDict',
    b'mmengine.logging.history_buffer\nHistoryBuffer', b'torch._utils\n_rebuild_tensor_v2',
    b'mmengine.optim.scheduler.param_scheduler\nOneCycleParamScheduler', b'torch\nSize',
    b'mmengine.config.config\nConfig', b'bls_mm.compat\nimport_library', b'__builtin__\nbytearray',
]  # fmt: skip
OWNERS = [name for name in GLOBALS if name.startswith((b'mmengine.', b'numpy\nndarray'))]
NAMES = ['_statistics_methods', '__class__', '__dict__', 'mean', '__init__', '__setstate__', 'f8']


def random_pickle(rng, proof) -> bytes:
    """Returns a program of pickle opcodes that calls functions with odd arguments."""
    program = [b'\x80\x02']

    def push_text(text):
        program.append(b'X' + len(text).to_bytes(4, 'little') + text.encode())

    def push(depth):
        kind = rng.integers(11) if depth else rng.integers(5)
        if kind == 0:
            program.append(b'c' + GLOBALS[rng.integers(len(GLOBALS))] + b'\n')
        elif kind == 1:
            names = [*NAMES, f'touch {proof}', f'open({str(proof)!r}, "w")', str(proof)]
            push_text(names[rng.integers(len(names))])
        elif kind == 2:
            program.append([b'N', b'\x88', b'K\x01', b'K\x08', b')', b']', b'}'][rng.integers(7)])
        elif kind == 3:
            program.append(b'J' + rng.bytes(4))
        elif kind == 4:
            program.append(b'U\x08' + rng.bytes(8))
        elif kind in (5, 6):  # a call, or a new object
            program.append(b'c' + GLOBALS[rng.integers(len(GLOBALS))] + b'\n')
            arguments(depth)
            program.append(b'R' if kind == 5 else b'\x81')
        elif kind == 7:  # an object with a state
            push(depth - 1)
            push(depth - 1)
            program.append(b'b')
        elif kind == 8:  # an item
            push(depth - 1)
            push(0)
            push(depth - 1)
            program.append(b's')
        elif kind == 9:  # an attribute, and an item of it
            owner = OWNERS[rng.integers(len(OWNERS))]
            program.append(b'c__builtin__\ngetattr\nc' + owner + b'\n')
            push_text(NAMES[rng.integers(len(NAMES))])
            program.append(b'\x86R')
            push_text('mean')
            program.append(b'Ns')
        else:  # an object whose state has the form that MMEngine pickles
            program.append(b'c' + GLOBALS[rng.integers(len(GLOBALS))] + b'\n)\x81}(')
            for name in ('max_length', '_log_history', '_count_history'):
                push_text(name)
                push(0)
            push_text('statistics_methods')
            program.append(b'}')
            push_text('mean')
            program.append(b'Nsub')

    def arguments(depth):
        program.append(b'(')
        for _ in range(rng.integers(4)):
            push(depth - 1)
        program.append(b't')

    program.append(b'}X\x03\x00\x00\x00bls')
    push(4)
    program.append(b's.')
    return b''.join(program)


def test_crafted_pickles_run_nothing(run, tmp_path, watch):
    with zipfile.ZipFile(run / 'epoch_3.pth') as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    (pickle_name,) = [name for name in entries if name.endswith('data.pkl')]
    path, errors = tmp_path / 'crafted.pth', 0
    for case in range(1000):
        entries[pickle_name] = random_pickle(np.random.default_rng(case), tmp_path / 'proof')
        with zipfile.ZipFile(path, 'w') as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        try:
            with watch:
                load_scores(str(path))
        except Exception as error:
            errors += 1
            assert_one_sentence(error)
    assert errors == 1000


def test_damaged_configs_are_refused_or_read_as_data(run, tmp_path, watch):
    text = (run / 'c.py').read_text()
    proof = tmp_path / 'proof'
    snippets = [
        f'__import__("os").system("touch {proof}")', f'open({str(proof)!r}, "w")', 'dict(', '[',
        '(', '**', 'import antigravity\n', '\n', '=', 'lambda: 0', ' if 1 else ', '{1: ', "'",
        '"""', '\0', '\ud800', 'exec("1")', ' for x in y', '-' * 3000, '[' * 3000,
    ]  # fmt: skip
    read = 0
    for case in range(700):
        rng = np.random.default_rng(case)
        damaged = text
        if case % 2:
            damaged = damage(text.encode(), rng).decode('utf-8', 'surrogateescape')
        for _ in range(rng.integers(1, 4)):
            start = rng.integers(0, len(damaged) + 1)
            damaged = damaged[:start] + snippets[rng.integers(len(snippets))] + damaged[start:]
        for parse in (parse_config, parse_method):
            try:
                with watch:
                    settings = parse(damaged if parse is parse_config else damaged[:200])
                read += isinstance(settings, dict)
            except Exception as error:
                assert_one_sentence(error)
    assert 10 < read < 400


def test_damaged_summaries_and_logs_are_absent(run, tmp_path, watch):
    summary = (run / 'bls_summary.json').read_bytes()
    (log,) = run.glob('*/vis_data/scalars.json')
    copied = tmp_path / 'run' / 'now' / 'vis_data' / 'scalars.json'
    copied.parent.mkdir(parents=True)
    save_record(tmp_path / 'run', load_history(run)[0])
    for case in range(200):
        rng = np.random.default_rng(case)
        (tmp_path / 'run' / 'bls_summary.json').write_bytes(damage(summary, rng))
        lines = damage(log.read_bytes(), rng)
        if case % 2:
            odd = {'step': odd_json(rng), 'loss': odd_json(rng), 'lr': odd_json(rng), 'acc': 'x'}
            lines += json.dumps(odd).encode() + b'\n'
        copied.write_bytes(lines)
        with watch:
            read_summary(tmp_path / 'run')
            assert all(isinstance(line, dict) for line in read_log(tmp_path / 'run'))
            found = read_run(tmp_path / 'run')
            found.curve('loss')
        if case % 20 == 0:
            with watch:
                render(found, full=found)


def odd_json(rng):
    values = [None, True, 1, 2.5, 1e400, 'x', [], {}, [1], {'a': 1}, 10**30, -1]
    return values[rng.integers(len(values))]
