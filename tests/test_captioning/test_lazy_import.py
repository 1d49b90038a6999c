import subprocess
import sys

SCRIPT = """
import sys
for name in ('mmpretrain', 'transformers', 'tokenizers', 'pycocoevalcap'):
    sys.modules[name] = None  # an import of it fails
import bls_mm, bls_mm.cli.main, bls_mm.research
"""


def test_the_package_needs_no_library_of_captioning():
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
