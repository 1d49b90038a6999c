"""The loss of each image of a batch, from the dense head of a single-stage detector."""

import copy
import inspect
import sys
import time
from contextlib import nullcontext
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import torch
from mmengine.dist import get_world_size
from mmengine.structures import BaseDataElement
from torch import nn

from bls_mm.losses import batch_loss

from .model_method import ReplacedMethod
from .probe import without_side_effects

DETECTORS, DETECTOR = 'mmdet.models.detectors.single_stage', 'SingleStageDetector'
#: Heads whose losses are not divided by objects, or not all of them (mmdet 3.3.0, mmyolo 0.6.0).
EQUAL_IMAGES = ('YOLOV3Head', 'YOLOv5Head', 'YOLOv5InsHead', 'YOLOv7Head')


class DenseHeadLosses:
    """A context in which the head of a single-stage detector also computes the loss of each image.

    A dense head predicts for the whole batch at once, and then computes its losses in
    ``loss_by_feat``. The context calls that once more for each image, without gradient, with the
    predictions and objects of that image only: backbone, neck and head run once, and the minimised
    loss is what it was.

    Heads divide their losses by the number of objects, or positive samples, of the batch. So the
    loss of an image counts by its objects: it is that of a batch of one, times its number of
    objects, divided by the mean number in the batch. The mean is about the loss of the batch.

    It serves the detectors of MMDetection and MMYOLO that return the losses of their head
    unchanged. A head whose losses keep statistics or draw random numbers is left alone: the
    additional calls would change the training. Heads average the number of positive samples over
    ranks, which would mix the images of all ranks, so the context is idle in distributed runs.

    Args:
        model (nn.Module): The model, unwrapped.
        is_required (bool): Whether it is an error that a head which has returned the losses of
            images fails to do so for a later batch. Otherwise that batch has none. Defaults to
            True.
    """

    def __init__(self, model: nn.Module, is_required: bool = True) -> None:
        self._model = model
        self._is_required = is_required
        self._is_idle = get_world_size() > 1
        self._is_known = False  # whether the head has returned the losses of images before
        self._replaced: Optional[ReplacedMethod] = None
        self._head_losses: Optional[dict] = None
        self._images: List[ImageLosses] = []
        self._seconds = 0.0

    def __enter__(self) -> None:
        detector = getattr(sys.modules.get(DETECTORS), DETECTOR, ())  # may not be installed
        # MaskFormer has no such head; that of GLIP keeps the masks of the texts of the whole batch.
        head = getattr(self._model, 'bbox_head', None)
        has_head = head is not None and not hasattr(head, 'text_masks')
        if not self._is_idle and isinstance(self._model, detector) and has_head:
            self._replaced = ReplacedMethod(head, 'loss_by_feat', self._loss_by_feat)

    def __exit__(self, *error: Any) -> None:
        if self._replaced is not None:
            self._replaced.restore()
        self._replaced = self._head_losses = None
        self._images = []

    def of(
        self, losses: dict, components: Optional[Dict[str, float]] = None
    ) -> Optional[torch.Tensor]:
        """Returns the loss of each image; None if the losses are not those of the head.

        Args:
            losses (dict): What the model returned.
            components (dict[str, float], optional): Loss components that count, and their weights.
                Defaults to None, all.

        Returns:
            torch.Tensor or None: ``(B,)`` float32, on the device of the losses.
        """
        if self.count(losses) == 0:
            return None
        self._is_known = True
        parts = [torch.as_tensor(batch_loss(image.losses, components)) for image in self._images]
        if counts_alike(self._model.bbox_head):
            return torch.stack(parts)
        return count_by_objects(torch.stack(parts), [image.num_objects for image in self._images])

    def count(self, losses: dict) -> int:
        """Returns the number of images whose losses are known; 0 if the losses are others."""
        return len(self._images) if losses is self._head_losses else 0

    def take_seconds(self) -> float:
        """Returns the seconds that the losses of images took since the last call."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def _loss_by_feat(self, original: Callable, *args: Any, **kwargs: Any) -> dict:
        if self._model.training and torch.is_grad_enabled():
            start = time.perf_counter()
            try:
                head = self._model.bbox_head
                with nullcontext() if self._is_known else without_side_effects(head):
                    self._images = losses_of_images(original, args, kwargs)
            except Exception:  # of any head, on an input that it may not expect
                if self._is_known and self._is_required:
                    raise
                self._is_idle, self._images = not self._is_known, []
            self._seconds += time.perf_counter() - start
        self._head_losses = original(*args, **kwargs)
        return self._head_losses


class ImageLosses(NamedTuple):
    """What a head's ``loss_by_feat`` returns for an image alone, and its number of objects."""

    losses: dict
    num_objects: int


def losses_of_images(loss_by_feat: Callable, args: tuple, kwargs: dict) -> List[ImageLosses]:
    """Calls a head's ``loss_by_feat`` for each image alone, without gradient.

    Args:
        loss_by_feat (Callable): The method of the head.
        args (tuple): Positional arguments of a call for the whole batch.
        kwargs (dict): Keyword arguments of the call.

    Raises:
        TypeError: If an argument cannot be split by images.
    """
    arguments = inspect.signature(loss_by_feat).bind(*args, **kwargs).arguments
    batch_size = len(arguments['batch_img_metas'])
    images = []
    with torch.no_grad():
        for image in range(batch_size):
            own = {
                name: _take_objects(value, image)
                if name == 'batch_gt_instances' and isinstance(value, torch.Tensor)
                else _take_image(value, image, batch_size)
                for name, value in arguments.items()
            }
            objects = own['batch_gt_instances']
            num_objects = len(objects if isinstance(objects, torch.Tensor) else objects[0])
            images.append(ImageLosses(loss_by_feat(**own), num_objects))
    return images


def counts_alike(head: nn.Module) -> bool:
    """Whether images count alike in most of the loss of a batch, as in YOLOv3's sum of images."""
    kinds = (kind for kind in type(head).__mro__ if 'loss_by_feat' in vars(kind))
    return next(kinds, type(head)).__name__ in EQUAL_IMAGES  # YOLOv8 inherits, with its own losses


def count_by_objects(losses: torch.Tensor, num_objects: Sequence[int]) -> torch.Tensor:
    """Returns how much each image contributes to the loss of a batch, times the batch size.

    Args:
        losses (torch.Tensor): ``(B,)`` float32, the loss of each image alone.
        num_objects (sequence[int]): ``(B,)``; an image without objects counts like one with one.

    Returns:
        torch.Tensor: ``(B,)`` float32.
    """
    objects = losses.new_tensor(num_objects).clamp(min=1)
    return losses * objects / objects.mean()


def _take_objects(objects: torch.Tensor, image: int) -> torch.Tensor:
    """Returns the objects of an image as those of a batch of one.

    Args:
        objects (torch.Tensor): ``(n, 6)``: number of the image, class and box, as MMYOLO's collate
            function joins them.
        image (int): Number of the image.
    """
    own = objects[objects[:, 0] == image].clone()
    own[:, 0] = 0
    return own


def _take_image(value: Any, image: int, batch_size: int) -> Any:
    """Returns the part of an image: of predictions of several levels, or of lists of images."""
    if value is None:
        return None
    if isinstance(value, torch.Tensor) and value.ndim > 0 and len(value) == batch_size:
        return value[image : image + 1]
    if isinstance(value, (list, tuple)):
        if any(isinstance(part, (torch.Tensor, list, tuple)) for part in value):
            return [_take_image(part, image, batch_size) for part in value]
        if len(value) == batch_size:
            # A copy: RTMDet-Ins replaces the masks of its objects by tensors (mmdet 3.3.0).
            own = value[image]
            return [own.new() if isinstance(own, BaseDataElement) else copy.copy(own)]
    raise TypeError(type(value).__name__)
