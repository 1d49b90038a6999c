"""Memory that all ranks of a node share."""

import mmap
import os
import platform
from pathlib import Path
from typing import Tuple

from mmengine.dist import all_gather_object, barrier, get_rank


def share_on_node(num_bytes: int) -> Tuple[mmap.mmap, bool]:
    """Maps the same zeros into all ranks of each node; all ranks must call it together.

    The memory has no name in any folder and no limit such as that of ``/dev/shm``. It is freed with
    the last process that maps it, however that process ends.

    Args:
        num_bytes (int): Size of the memory.

    Returns:
        tuple: The memory, and whether this rank is the first of its node.

    Raises:
        RuntimeError: If the operating system does not support it.
    """
    if not hasattr(os, 'memfd_create'):
        raise RuntimeError(
            f"placement='shared' needs Linux, but this is {platform.system()}; use "
            "placement='replicated' or 'sharded'"
        )
    rank, node = get_rank(), _node()
    first = all_gather_object(node).index(node)
    if rank == first:
        descriptor = os.memfd_create('bls_mm')
        os.ftruncate(descriptor, num_bytes)
    else:
        descriptor = -1
    # The other ranks open the first rank's descriptor through its process.
    paths = all_gather_object(f'/proc/{os.getpid()}/fd/{descriptor}')
    if rank != first:
        descriptor = os.open(paths[first], os.O_RDWR)
    memory = mmap.mmap(descriptor, num_bytes)
    barrier()  # the first rank must keep it open until all have opened it
    os.close(descriptor)
    return memory, rank == first


def _node() -> tuple:
    """Identifies the node: ranks with the same value can see one another's processes."""
    boot = Path('/proc/sys/kernel/random/boot_id').read_text()
    return platform.node(), boot, os.readlink('/proc/self/ns/pid')
