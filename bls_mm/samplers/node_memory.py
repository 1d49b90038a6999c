"""Memory that all ranks of a node see."""

import mmap
import os
import platform
from pathlib import Path
from typing import Tuple

from mmengine.dist import all_gather_object, barrier, get_rank


def share_on_node(num_bytes: int) -> Tuple[mmap.mmap, bool]:
    """Maps the same zeros into all ranks of each node; all ranks must call it together.

    The memory has no name in any folder, counts against no limit of ``/dev/shm``, and is gone with
    the last process that maps it, however that ends.

    Args:
        num_bytes (int): How much.

    Returns:
        tuple: The memory, and whether this rank is the first of its node.

    Raises:
        RuntimeError: If the system cannot.
    """
    if not hasattr(os, 'memfd_create'):
        raise RuntimeError(
            f"layout='shared' needs Linux, but this is {platform.system()}; use "
            "layout='replicated' or 'sharded'"
        )
    rank, node = get_rank(), _node()
    first = all_gather_object(node).index(node)
    if rank == first:
        descriptor = os.memfd_create('bls_mm')
        os.ftruncate(descriptor, num_bytes)
    else:
        descriptor = -1
    paths = all_gather_object(f'/proc/{os.getpid()}/fd/{descriptor}')
    if rank != first:
        descriptor = os.open(paths[first], os.O_RDWR)
    memory = mmap.mmap(descriptor, num_bytes)
    barrier()  # until then the first rank keeps it open for the others
    os.close(descriptor)
    return memory, rank == first


def _node() -> tuple:
    """What ranks have in common that can see one another's processes."""
    boot = Path('/proc/sys/kernel/random/boot_id').read_text()
    return platform.node(), boot, os.readlink('/proc/self/ns/pid')
