import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # for `import toy`


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors gain nothing from threads, and the results then do not depend on them."""
    torch.set_num_threads(1)
