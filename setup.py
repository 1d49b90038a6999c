"""Packaging of bls_mm."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# The official packages and the maintained onedl forks share their import names, and only one of
# each can be installed: the core therefore names neither, and importing bls_mm says what is
# missing. The extras name the official ones.
DETECTION = ['mmengine>=0.10.5', 'mmcv>=2.0.0rc4,<2.2.0', 'mmdet>=3.0.0']
TEXT = [*DETECTION, 'mmocr>=1.0.0']
CLASSIFICATION = ['mmengine>=0.10.5', 'mmcv>=2.0.0rc4,<2.2.0', 'mmpretrain>=1.0.0']
ANALYSIS = ['plotly>=6', 'jinja2', 'pyarrow', 'tqdm']  # of reports and exports

setup(
    name='bls_mm',
    version='0.1.0',
    description='Dynamic data pruning for OpenMMLab: train on fewer samples at the same accuracy',
    long_description=(HERE / 'README.md').read_text() if (HERE / 'README.md').exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['bls_mm', 'bls_mm.*']),
    package_data={'bls_mm.analysis': ['*.jinja']},
    python_requires='>=3.8',
    install_requires=['torch>=2.0', 'numpy'],
    extras_require={
        'det': DETECTION,
        'ocr': TEXT,
        'cls': CLASSIFICATION,
        'all': sorted({*TEXT, *CLASSIFICATION}),
        'analysis': ANALYSIS,
        'dev': [
            *ANALYSIS,
            'tensorboard',
            'wandb',
            'selenium',
            'pytest>=7',
            'ruff>=0.17,<0.18',
            'rich',
            'tqdm',
            'scikit-learn',
            'accelerate',
        ],
    },
    classifiers=[
        'License :: OSI Approved :: Apache Software License',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
)
