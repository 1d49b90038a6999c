"""Prunes in the Trainer of Hugging Face Transformers.

    python examples/hugging_face_trainer.py

The task: tell the language of a name, such as "Südkorea" or "Coreia do Sul". The names of countries
and languages come with the package babel, so nothing is downloaded.
"""

from collections import Counter
from typing import Any, List, Tuple

import torch
import transformers
from babel import Locale
from three_runs import compare
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

from bls_mm import PrunedLoader

LANGUAGES = ('cs', 'de', 'es', 'fr', 'it', 'nl', 'pl', 'pt', 'sv', 'tr')
MAX_BYTES = 24


def load() -> Tuple[List[dict], List[dict]]:
    """Returns training and test samples: names that only one of the languages uses."""
    locales = [Locale(language) for language in LANGUAGES]
    tables = [{*locale.territories.values(), *locale.languages.values()} for locale in locales]
    counts = Counter(name for table in tables for name in table)
    samples = []
    for label, table in enumerate(tables):
        for name in sorted(name for name in table if counts[name] == 1):
            tokens = torch.tensor(list(name.encode()[:MAX_BYTES].ljust(MAX_BYTES, b'\0')))
            samples.append(dict(input_ids=tokens, attention_mask=tokens > 0, labels=label))
    return [sample for number, sample in enumerate(samples) if number % 4], samples[::4]


class PruningTrainer(transformers.Trainer):
    """A Trainer that prunes its training set."""

    def __init__(self, *args: Any, pruner: dict, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pruner = pruner

    def get_train_dataloader(self) -> DataLoader:
        self.loader = PrunedLoader(
            self.train_dataset,
            self.args.train_batch_size,
            collate_fn=self.data_collator,
            max_epochs=int(self.args.num_train_epochs),
            pruner=self.pruner,
            scorer='auto',
            seed=self.args.seed,
        )
        return self.loader  # not prepared; the Trainer calls its set_epoch

    def training_step(self, model, inputs, *args):
        self.batch = inputs  # compute_loss gets a copy, which the loader does not know
        return super().training_step(model, inputs, *args)

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        outputs = model(**inputs)
        losses = cross_entropy(outputs.logits, inputs['labels'], reduction='none')
        if model.training:
            losses = self.loader.score(losses, self.batch)
        return (losses.mean(), outputs) if return_outputs else losses.mean()


def train(pruner: dict, epochs: int) -> Tuple[PrunedLoader, float]:
    """Trains with a pruner; returns the loader and the accuracy on the test names."""
    torch.manual_seed(0)
    sizes = dict(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2)
    config = transformers.BertConfig(vocab_size=256, num_labels=len(LANGUAGES), **sizes)
    args = transformers.TrainingArguments(
        'work_dirs/hugging_face_trainer',
        num_train_epochs=epochs,
        per_device_train_batch_size=32,
        learning_rate=2e-3,
        save_strategy='no',
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    samples, test_samples = load()
    model = transformers.BertForSequenceClassification(config)
    trainer = PruningTrainer(model, args, train_dataset=samples, pruner=pruner)
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    predicted = trainer.predict(test_samples)
    return trainer.loader, (predicted.predictions.argmax(1) == predicted.label_ids).mean()


def main() -> None:
    """Runs the example."""
    compare(train, '{:.1%} right', epochs=10)


if __name__ == '__main__':
    main()
