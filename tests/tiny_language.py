"""Tiny random models of transformers, with a tokenizer trained on a dozen captions."""

from pathlib import Path

CAPTIONS = (
    'A man rides a brown horse on the beach.',
    'Two dogs play with a red ball in a park.',
    'A woman is cutting a pizza on a wooden table.',
    'The cat sleeps on a couch next to a lamp.',
    'A bus and a car wait at the traffic light.',
    'Three boats on a lake in front of a mountain.',
    'A boy holds an umbrella in the rain.',
    'A plate of bread, cheese and an apple.',
    'The train leaves the station at night.',
    'An old clock hangs on the wall of a kitchen.',
    'Many birds fly over a green field.',
    'A girl reads a book under a tree.',
)
NOUNS = (
    *('horse', 'beach', 'dog', 'ball', 'park', 'pizza', 'table', 'cat', 'couch', 'lamp', 'bus'),
    *('car', 'light', 'boat', 'lake', 'mountain', 'umbrella', 'rain', 'plate', 'bread', 'cheese'),
    *('apple', 'train', 'station', 'clock', 'wall', 'kitchen', 'bird', 'field', 'book', 'tree'),
)
END = '<|endoftext|>'
SIZE = dict(num_hidden_layers=2, num_attention_heads=2, hidden_size=32)


def make_models(folder: Path) -> dict:
    """Saves a CLIP and a GPT-2 of width 32, if they are not there yet.

    Returns:
        dict: Arguments of a ``ViECap``: the folders of the two.
    """
    folders = dict(clip=str(folder / 'clip'), language_model=str(folder / 'gpt2'))
    if not folder.exists():
        _make_clip(folders['clip'])
        _make_gpt2(folders['language_model'])
    return folders


def _make_clip(folder: str) -> None:
    from transformers import CLIPConfig, CLIPModel

    tokenizer = _make_tokenizer(ends_texts=True)
    tokenizer.save_pretrained(folder)
    text = dict(
        SIZE,
        vocab_size=len(tokenizer),
        intermediate_size=64,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    vision = dict(SIZE, intermediate_size=64, image_size=224, patch_size=56)
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
    CLIPModel(config).save_pretrained(folder)


def _make_gpt2(folder: str) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = _make_tokenizer()
    tokenizer.save_pretrained(folder)
    ends = dict(bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=160, n_embd=32, n_layer=2, n_head=2, **ends
    )
    GPT2LMHeadModel(config).save_pretrained(folder)


def _make_tokenizer(ends_texts: bool = False):
    """Returns a tokenizer of the kind of CLIP and GPT-2: pairs of bytes, with one special token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([*CAPTIONS, 'There are something, in image.'], trainer)
    tokenizer.post_processor = processors.ByteLevel()
    if ends_texts:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f'$A {END}', special_tokens=[(END, tokenizer.token_to_id(END))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=64,
        model_input_names=['input_ids', 'attention_mask'],
        **dict.fromkeys(('bos_token', 'eos_token', 'pad_token'), END),
    )
