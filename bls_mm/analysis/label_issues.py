"""Ranks samples by how likely their labels are wrong: the largest values come first."""

import copy
from functools import partial
from typing import Callable, Iterable, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.registry import FUNCTIONS, MODELS, DefaultScope
from mmengine.runner import load_state_dict

from bls_mm.registry import hook_configs

from .checkpoints import read_checkpoint
from .pictures import Pictures
from .sample_losses import measure_sample_losses


def losses_of_checkpoint(
    path: str,
    config: Config,
    pictures: Pictures,
    progress: Callable[[Sequence], Iterable] = list,
) -> np.ndarray:
    """Returns the loss of a trained model on each training sample, alone in its batch.

    Args:
        path (str): The checkpoint. Nothing in it is run.
        config (Config): Config of its run, from a file that the user named.
        pictures (Pictures): The training set of that config, with N samples.
        progress (callable): Wraps the sequence of samples, for example ``tqdm``. The result must
            have a length.

    Returns:
        np.ndarray: ``(N,)`` float32.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it is damaged, or has no weights of this model.
    """
    weights = read_checkpoint(path).get('state_dict')
    hooks = hook_configs(config, 'BLSHook')
    components = hooks[0].get('components') if hooks else None
    if not isinstance(weights, dict):
        raise ValueError(f'the checkpoint {path!r} has no weights of a model')
    with DefaultScope.overwrite_default_scope(pictures.scope):
        model = MODELS.build(_model_config(config))
        try:
            load_state_dict(model, weights, strict=True)
        except RuntimeError as error:
            raise ValueError(
                f'the weights in {path!r} do not belong to the model of the config; name the '
                'config of the run that saved them'
            ) from error
        samples, collate = progress(range(len(pictures))), _collate_function(config)
        return measure_sample_losses(model, pictures.dataset, samples, collate, components)


def _model_config(config: Config) -> dict:
    """Returns the config of the model as MMEngine's runner completes it."""
    model = copy.deepcopy(config.model)
    if config.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', config.data_preprocessor)
    return model


def _collate_function(config: Config) -> Callable:
    """Returns the function that builds the batches of the training loader."""
    collate = copy.copy(config.train_dataloader.get('collate_fn', dict(type='pseudo_collate')))
    if not isinstance(collate, dict):
        return collate
    kind = collate.pop('type')
    return partial(FUNCTIONS.get(kind) if isinstance(kind, str) else kind, **collate)


def recall_curve(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Returns the recall of a ranking against the fraction of samples inspected.

    Args:
        values (np.ndarray): ``(N,)``, ranked from the largest to the smallest, NaN last.
        truth (np.ndarray): ``(N,)`` bool mask of the samples to find, at least one.

    Returns:
        np.ndarray: ``(2, N + 1)``, the fraction of samples inspected, from 0 to 1, and the recall.
    """
    found = np.cumsum(truth[order_of(values)]) / truth.sum()
    return np.stack([np.linspace(0, 1, len(values) + 1), np.append(0, found)])


def order_of(values: np.ndarray) -> np.ndarray:
    """Returns the indices that sort values from the largest to the smallest, NaN last.

    Equal values, such as the scores of samples that were always in the same batches, come in a
    random but reproducible order, because their order in the data set carries no information.

    Args:
        values (np.ndarray): ``(N,)``.

    Returns:
        np.ndarray: ``(N,)`` int64.
    """
    shuffled = np.random.default_rng(0).permutation(len(values))
    values = np.where(np.isnan(values), -np.inf, values)
    return shuffled[np.argsort(-values[shuffled], kind='stable')]
