"""Hooks: the life of a pruned run inside MMEngine."""

from .bls_hook import BLSHook

__all__ = ['BLSHook']
