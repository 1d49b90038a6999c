"""The gallery of a report: extreme samples with their pictures."""

import base64
from typing import Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np

from .pictures import Pictures
from .samples import SampleTable, choose_samples
from .text import describe_error

MAX_WIDTH = 640  # pixels of a picture, which is enlarged on a click


def gallery_of(
    table: SampleTable,
    pictures: Pictures,
    num_epochs: int,
    count: int,
    progress: Callable[[Iterable], Iterable],
) -> List[dict]:
    """Returns what the page shows of each chosen sample.

    Args:
        table (SampleTable): The samples of the run.
        pictures (Pictures): The training set.
        num_epochs (int): Recorded epochs of the run.
        count (int): Number of samples of each kind.
        progress (callable): Wraps long loops, for example ``tqdm``.
    """
    kinds: Dict[int, List[str]] = {}
    for kind, positions in choose_samples(table, count).items():
        for position in positions.tolist():
            kinds.setdefault(position, []).append(kind)
    cards = []
    for position in progress(kinds):
        index = int(table.indices[position])
        sample, problem = pictures.try_describe(index)
        picture, no_picture = _try_paint(pictures, index)
        cards.append(
            dict(
                index=index,
                kinds=kinds[position],
                ranks=[round(float(q), 3) for q in table.quantiles[:, position] if q == q],
                score=float(table.scores[position]),
                volatility=float(table.volatility[position]),
                seen=None if table.seen is None else int(table.seen[position]),
                unseen=None if table.unseen is None else int(table.unseen[position]),
                picture=picture,
                problem=problem or no_picture,
                epochs=num_epochs,
                **sample._asdict(),
            )
        )
    return cards


def _try_paint(pictures: Pictures, index: int) -> Tuple[Optional[str], str]:
    """Returns the picture of a sample as a data URI, or None and the error as text."""
    try:
        return as_data_uri(pictures.paint(index)), ''
    except Exception as error:  # a missing image, or a label that cannot be drawn
        return None, describe_error(error)


def as_data_uri(image: np.ndarray) -> str:
    """Encodes a picture, at most ``MAX_WIDTH`` wide, for an ``img`` tag.

    Args:
        image (np.ndarray): ``(H, W, 3)`` uint8, RGB.
    """
    import cv2

    height, width = image.shape[:2]
    if width > MAX_WIDTH:
        size = MAX_WIDTH, max(1, height * MAX_WIDTH // width)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return 'data:image/jpeg;base64,' + base64.b64encode(jpeg.tobytes()).decode()
