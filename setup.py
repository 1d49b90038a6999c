"""Packaging of bls_mm."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
VERSION = re.search(r"__version__ = '(.+)'", (HERE / 'bls_mm' / '__init__.py').read_text())[1]
MIM = ('configs', 'tools', 'model-index.yml')  # where `mim`, and `bls_mm::...` in a config, look


class BuildWithConfigs(build_py):
    """Carries configs and tools in the package, in ``.mim``; as links in an editable install."""

    def run(self) -> None:
        super().run()
        editable = getattr(self, 'editable_mode', False)
        target = (HERE if editable else Path(self.build_lib)) / 'bls_mm' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in MIM:
            if editable:
                (target / name).symlink_to(HERE / name)
            elif (HERE / name).is_dir():
                ignored = shutil.ignore_patterns('__pycache__')
                shutil.copytree(HERE / name, target / name, ignore=ignored)
            else:
                shutil.copy(HERE / name, target / name)


# The official packages and the maintained onedl forks share their import names, and only one of
# each can be installed: the core therefore names neither, and importing bls_mm says what is
# missing. The extras name the official ones, but not MMCV: pip would compile it, and fails in its
# isolated build. A wheel that fits torch must be installed first; docs/install.md says how.
MMENGINE = ['mmengine>=0.10.5', 'setuptools<81']  # it imports pkg_resources, which 81 removed
DETECTION = [*MMENGINE, 'mmdet>=3.0.0']
TEXT = [*DETECTION, 'mmocr>=1.0.0', 'numpy<2']  # MMOCR needs imgaug, which needs numpy 1
CLASSIFICATION = [*MMENGINE, 'mmpretrain>=1.0.0']
# GPL-3.0: not in 'all'. Albumentations pulls a second OpenCV, whose latest version needs numpy 2.
YOLO = [
    *DETECTION,
    'mmyolo>=0.6.0',
    'albumentations==1.3.1',
    'opencv-python-headless<4.12',
    'numpy<2',
]
SEGMENTATION = [*MMENGINE, 'mmsegmentation>=1.0.0', 'ftfy', 'regex']
POSE = [*DETECTION, 'mmpose>=1.0.0']
TRANSFORMERS = 'transformers==4.38.2'  # works with MMPretrain 1.2
LANGUAGE = [TRANSFORMERS, 'pycocoevalcap>=1.2', 'numpy<2']  # of ViECap and its metric
# Transformers 4.38 passes options that Accelerate 0.28 deprecates.
EXAMPLES = [
    'scikit-learn',
    'accelerate>=0.21,<0.28',
    TRANSFORMERS,
    'diffusers>=0.24,<0.40',
    'pytorch-lightning>=2.1,<2.6',
    'babel',
]
DOCS = ['mkdocs-material>=9', 'mkdocstrings[python]', 'latex2mathml']
ANALYSIS = [
    'plotly>=6',
    'jinja2',
    'pyarrow',
    'tqdm',
    'matplotlib',
    'scipy',
]  # of reports and exports

setup(
    name='bls_mm',
    version=VERSION,
    description='Dynamic data pruning for OpenMMLab: skip samples that contribute little',
    long_description=(HERE / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    cmdclass={'build_py': BuildWithConfigs},
    packages=find_packages(include=['bls_mm', 'bls_mm.*']),
    entry_points={'console_scripts': ['bls = bls_mm.cli.main:main']},
    package_data={'bls_mm.analysis': ['*.jinja']},
    python_requires='>=3.8',  # 3.8 and 3.13: docs/versions.md
    install_requires=['torch>=2.0', 'numpy'],
    extras_require={
        'det': DETECTION,
        'ocr': TEXT,
        'cls': CLASSIFICATION,
        'captioning': [*CLASSIFICATION, *LANGUAGE],
        'yolo': YOLO,
        'seg': SEGMENTATION,
        'pose': POSE,
        'all': sorted({*TEXT, *CLASSIFICATION, *SEGMENTATION}),
        'analysis': ANALYSIS,
        'docs': DOCS,
        'examples': EXAMPLES,
        'dev': [
            *ANALYSIS,
            *DOCS,
            *LANGUAGE,
            *EXAMPLES,
            'tensorboard',
            'wandb',
            'selenium',
            'pytest>=7',
            'pytest-xdist',
            'ruff>=0.17,<0.18',
            'rich',
            'tqdm',
            'nbclient',
            'nbformat',
            'ipykernel',
        ],
    },
    classifiers=[
        'License :: OSI Approved :: Apache Software License',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
)
