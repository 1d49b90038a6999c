"""``python -m bls_mm.cli`` is the command ``bls``."""

from .main import main

if __name__ == '__main__':
    main()
