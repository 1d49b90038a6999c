"""Marks of tests that need a newer torch than the oldest supported one."""

import pytest
import torch
from mmengine.utils import digit_version

#: For tests that read a checkpoint of MMEngine without running code in it.
reads_checkpoints = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='reading checkpoints of MMEngine as data needs torch 2.6',
)
