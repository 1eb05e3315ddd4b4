#!/usr/bin/env python3
"""Trains the starter model's tokenizer: Unigram with T5's conventions, digits in pairs and byte fallback.

    python make_tokenizer.py --data data/train.jsonl --dolly answers.jsonl --out data/tokenizer

`<pad>` is 0, `</s>` is 1, `<unk>` is 2, `</s>` is appended. Numbers are cut into pairs of digits, a piece for each: single
digits repeat too often in a long number to be copied by "what followed this one?". A line break is a piece of its own;
what no piece covers is spelled in bytes (`<0xE4>`).
"""

import argparse
import itertools
import json
import pathlib
import string

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PAIR_SCORE = -4.0  # one pair costs less than its two digits
SPECIAL = ["<pad>", "</s>", "<unk>"]
ALPHABET = string.printable[:95] + "▁\n€£’‘“”–—…•°éèäöüßáíóúñçàâêôø§©®™·"


def empty_tokenizer(model, single_digits=False):
    """A tokenizer with all the steps around the model, before it has a vocabulary."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(),
        normalizers.Replace(Regex(r"\s*\n\s*"), " \n "),
        normalizers.Replace(Regex(r"[ \t\x{a0}]+"), " "),
        normalizers.Strip(),
    ])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"), pre_tokenizers.Digits(individual_digits=single_digits)])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return tokenizer


def train_tokenizer(texts, vocab_size):
    """Learns the pieces, then adds the 256 byte pieces, the line break and the pairs of digits with fixed scores."""
    tokenizer = empty_tokenizer(models.Unigram(), single_digits=True)
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size - 357, special_tokens=SPECIAL, unk_token="<unk>", initial_alphabet=sorted(set(ALPHABET)),
        max_piece_length=14, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    learned = json.loads(tokenizer.to_str())["model"]["vocab"]
    lowest = min(score for _, score in learned)
    bytes_ = [[f"<0x{value:02X}>", lowest - 2] for value in range(256)]
    pieces = [tuple(p) for p in learned[:3] + bytes_ + [["▁\n", -2.0]] + [
        [piece, round(score, 4)] for piece, score in learned[3:] if "\n" not in piece and len(piece.encode()) <= 42] + [[f"{value:02d}", PAIR_SCORE] for value in range(100)]]
    full = empty_tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=True))
    full.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    full.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return full


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--dolly", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--vocab-size", type=int, default=6272)
    parser.add_argument("--rows", type=int, default=60_000, help="training rows to learn the pieces from")
    args = parser.parse_args()

    with open(args.data, encoding="utf-8") as file:
        texts = [text for line in itertools.islice(file, args.rows) for text in (json.loads(line)["input"],)]
    for line in open(args.dolly, encoding="utf-8"):
        row = json.loads(line)
        texts += [row["instruction"], row["context"][:1500]]
    tokenizer = train_tokenizer(texts, args.vocab_size)
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / "tokenizer.json"))
    sample = "Order ORD-48213 for jana.kovar@norvik.example:\n€1,249.00 {x}~`^ 发票 <b>"
    ids = tokenizer.encode(sample).ids
    print("pieces", tokenizer.get_vocab_size(), "| sample", len(ids), repr(tokenizer.decode(ids)))
    sizes = [len(e.ids) for e in tokenizer.encode_batch(texts[:5000])]
    print("pieces per row", sum(sizes) / len(sizes), "longest", max(sizes))


if __name__ == "__main__":
    main()
