import sys
from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub

sys.path.insert(0, str(Path(__file__).parent))  # for `import toy`

# Loader workers of a finished runner end when the garbage collector finds the runner. PyTorch waits
# 5 seconds for each, because the collector may have closed the queue that tells it to end.
torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL = 0.1  # seconds; PyTorch 2.0 to 2.14


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
