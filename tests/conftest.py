import sys
from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub

sys.path.insert(0, str(Path(__file__).parent))  # for `import toy`


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors gain nothing from threads, and the results then do not depend on them."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_interrupted_run():
    """Makes no test look like a part of a run that an earlier test interrupted."""
    yield
    for hub in MessageHub._instance_dict.values():
        hub.runtime_info.pop('loop_stage', None)
