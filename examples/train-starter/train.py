#!/usr/bin/env python3
"""Trains the starter model from scratch, or fine-tunes an existing T5 checkpoint.

    python train.py --data data/train.jsonl --tokenizer data/tokenizer --out run --minutes 110
    python train.py --data my.jsonl --init ./flan-t5-small --out tuned --minutes 60 [--lora]

Rows are JSON objects with "input" and "output". The run saves itself every few minutes in --out and goes on from there
when it is started again with the same arguments. The learning rate follows the clock: it warms up, stays, and falls to
zero when the minutes (or --steps) are used up, so that the last checkpoint is the annealed one. An average of the weights (EMA) is
kept beside them; export.py takes the average.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import random
import re
import sys
import time

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # two cores are busy already

import torch
import transformers
from tokenizers import Tokenizer
from transformers import T5Config, T5ForConditionalGeneration

transformers.logging.set_verbosity_error()
PAD, END = 0, 1
IGNORED = -100


def starter_config(vocab_size):
    """A T5 v1.1 of about 5.5 million parameters with tied embeddings."""
    return T5Config(
        vocab_size=-(-vocab_size // 64) * 64, d_model=256, d_kv=64, d_ff=384, num_layers=4, num_decoder_layers=2, num_heads=4,
        relative_attention_num_buckets=32, relative_attention_max_distance=128, dropout_rate=0.0,
        feed_forward_proj="gated-gelu", tie_word_embeddings=True, layer_norm_epsilon=1e-6, initializer_factor=1.0,
        pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=PAD)


def load_tokenizer(folder):
    """The tokenizer.json of a folder, without stored padding or truncation."""
    tokenizer = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@torch.no_grad()
def prime_copying(model):
    """Wires a rough copying circuit into a new model, which saves it the long search for one.

    Head 0 of the first encoder layer looks at the previous piece and adds a projection of it to its own position. The
    last decoder layer asks "after which piece like mine?" with the same projection, and its heads 0 and 1 pass on
    what stands there. All other output projections start small, so that they do not drown the signal.
    """
    width, head = model.config.d_model, model.config.d_kv
    for key, weight in model.named_parameters():
        if key.endswith((".o.weight", ".wo.weight")):
            weight.mul_(0.1)
    basis = torch.linalg.qr(torch.randn(width, width))[0]
    previous, carried, passed = basis[:head], torch.linalg.qr(torch.randn(width, head))[0].T, basis[-2 * head:]
    first = model.encoder.block[0].layer[0].SelfAttention
    first.relative_attention_bias.weight[1, 0] = 8.0  # bucket 1: one piece to the left
    first.q.weight[:head] *= 0.1
    first.v.weight[:head] = previous
    first.o.weight[:, :head] = 1.5 * carried.T
    cross = model.decoder.block[-1].layer[1].EncDecAttention
    cross.q.weight[:head] = cross.q.weight[head:2 * head] = 0.33 * previous
    cross.k.weight[:head] = cross.k.weight[head:2 * head] = 0.33 * carried
    cross.v.weight[:2 * head] = passed
    cross.o.weight[:, :2 * head] = 2.5 * passed.T


# ---------------------------------------------------------------- rows to batches

def rows_from(paths, skip):
    """The rows of the files in order, over and over; the first `skip` rows are passed over."""
    while True:
        for path in paths:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    if skip > 0:
                        skip -= 1
                        continue
                    yield json.loads(line)


def batches(rows, tokenizer, token_budget, max_input, max_output, seed):
    """Batches of rows of similar length; yields (tensors, number of rows read so far since the start)."""
    rng = random.Random(seed)
    while True:
        chunk = [next(rows) for _ in range(4096)]
        inputs = tokenizer.encode_batch([r["input"] for r in chunk])
        outputs = [e.ids for e in tokenizer.encode_batch([r["output"] for r in chunk])]
        pairs = [[e.ids[:max_input - 1] + [END] if len(e.ids) > max_input else e.ids, o[:max_output], places(e, r["input"], r["output"])]
                 for e, o, r in zip(inputs, outputs, chunk)]
        for row, encoding, pair in zip(chunk, inputs, pairs):
            pair.append(meant_places(encoding, row, len(pair[0])))
        pairs.sort(key=lambda p: (min(4, (len(p[1]) - 1) // 6), len(p[0]) + rng.random() * 6))
        groups, group, longest = [], [], 0
        for pair in pairs:
            longest = max(longest, len(pair[0]))
            if group and longest * (len(group) + 1) > token_budget:
                groups.append(group)
                group, longest = [], len(pair[0])
            group.append(pair)
        groups.append(group)
        rng.shuffle(groups)
        for index, group in enumerate(groups):
            yield to_tensors(group), len(chunk) if index == len(groups) - 1 else 0


def places(encoding, text, answer):
    """The pieces of a prompt in which the answer stands, as (first, behind the last)."""
    found = []
    for match in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text):
        first, last = encoding.char_to_token(match.start()), encoding.char_to_token(match.end() - 1)
        if first is not None and last is not None:
            found.append((first, last + 1))
    return found


def meant_places(encoding, row, size):
    """The parts of a prompt whose meaning is known, as (first, behind the last, names, fits); a part within another is left out.

    `fits` says whether the part is what the row asks for or about; None where the row does not say.
    """
    found = []
    for text, names in sorted(row.get("meanings", {}).items(), key=lambda item: -len(item[0])):
        for first, behind in places(encoding, row["input"], text):
            if behind < size and not any(first < other_behind and other_first < behind for other_first, other_behind, *_ in found):
                found.append((first, behind, names, row.get("fits", {}).get(text)))
    return found


def to_tensors(rows):
    """Padded input ids, mask, labels, and where the answer stands (its first pieces, all of them); and the meant places."""
    width = max(len(i) for i, *_ in rows)
    depth = max(len(o) for _, o, *_ in rows)
    ids = torch.tensor([i + [PAD] * (width - len(i)) for i, *_ in rows])
    labels = torch.tensor([o + [IGNORED] * (depth - len(o)) for _, o, *_ in rows])
    marks = torch.zeros(len(rows), width, 2)
    for row, (_, _, found, *_) in zip(marks, rows):
        for first, behind in found:
            row[first:first + 1, 0] = 1
            row[first:behind, 1] = 1
    meant = [(index, *part) for index, (_, _, _, *more) in enumerate(rows) for part in (more or [[]])[0]]
    return {"input_ids": ids, "attention_mask": (ids != PAD).long(), "labels": labels, "marks": marks}, meant


def loss_of(model, batch, meant=(), encoder=None, helpers=None):
    """Cross-entropy of the answer, and the loss of the helpers.

    The vocabulary is only computed where a label is, which saves a fifth of the time. `encoder` is a compiled stand-in
    for the model's own encoder.
    """
    labels = batch["labels"]
    inputs = torch.cat([torch.full_like(labels[:, :1], PAD), labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, PAD)], dim=1)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    encoded = (encoder or base.encoder)(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])[0]
    decoded = base.decoder(input_ids=inputs, encoder_hidden_states=encoded,
                           encoder_attention_mask=batch["attention_mask"], use_cache=False)[0]
    wanted = labels != IGNORED
    states = decoded[wanted]
    if getattr(base.config, "scale_decoder_outputs", base.config.tie_word_embeddings):
        states = states * base.config.d_model ** -0.5
    losses = torch.nn.functional.cross_entropy(base.lm_head(states).float(), labels[wanted], reduction="none")
    weights = wanted.sum(dim=1, keepdim=True).pow(-0.5).expand_as(labels)[wanted]  # a label counts as much as a long code
    return (losses * weights).sum() / weights.sum(), helpers(encoded, batch, meant) if helpers else torch.zeros(())


class Helpers(torch.nn.Module):
    """Three small heads on the encoder that make training quicker and that no checkpoint keeps.

    Most answers stand somewhere in the prompt: a label, a field, a span. Without help, the choice among them is learnt from
    a piece or two of the answer, through the decoder. `pointer` asks the encoder directly where the answer stands.
    `meaning` asks it for what the parts of the prompt are about ("meanings" of a row): a label and a message on the same
    topic, a field's name and the sentence that holds it, are pulled to the same place. `fit` asks it whether a part is the
    one that is wanted ("fits" of a row): the right label, the sentence with the field, the topic that a yes/no question names.
    """

    def __init__(self, width, meanings=256):
        super().__init__()
        self.pointer = torch.nn.Linear(width, 2)
        self.meaning = torch.nn.Linear(width, meanings)
        self.fit = torch.nn.Linear(width, 1)
        self.numbers = {}

    def get_extra_state(self):
        return self.numbers

    def set_extra_state(self, state):
        self.numbers = state

    def forward(self, encoded, batch, meant):
        """The losses of the three, added."""
        chances = self.pointer(encoded).float().masked_fill(batch["attention_mask"][:, :, None] == 0, -1e4).log_softmax(dim=1)
        count = batch["marks"].sum(dim=1)
        pointing = -((chances * batch["marks"]).sum(dim=1) / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)
        if not meant:
            return pointing
        rows = [row for row, first, behind, *_ in meant for _ in range(first, behind)]
        places = [place for _, first, behind, *_ in meant for place in range(first, behind)]
        parts = torch.tensor([index for index, (_, first, behind, *_) in enumerate(meant) for _ in range(first, behind)])
        wanted = torch.zeros(len(rows), self.meaning.out_features)
        at = 0
        for _, first, behind, names, _ in meant:
            numbers = [self.numbers.setdefault(name, len(self.numbers)) % self.meaning.out_features for name in names]
            wanted[at:at + behind - first, numbers] = 1 / (len(numbers) * (behind - first) * len(meant))
            at += behind - first
        states = encoded[rows, places]
        needed = pointing - (self.meaning(states).float().log_softmax(dim=1) * wanted.to(encoded.device)).sum()
        known = torch.tensor([fits is not None for *_, fits in meant], device=encoded.device)
        if not known.any():
            return needed
        sums = torch.zeros(len(meant), device=encoded.device).index_add(0, parts.to(encoded.device), self.fit(states).float()[:, 0])
        sizes = torch.tensor([behind - first for _, first, behind, *_ in meant], device=encoded.device)
        truth = torch.tensor([float(bool(fits)) for *_, fits in meant], device=encoded.device)
        return needed + torch.nn.functional.binary_cross_entropy_with_logits((sums / sizes)[known], truth[known])


# ---------------------------------------------------------------- measuring

@torch.no_grad()
def answer_all(model, tokenizer, prompts, max_new=40, batch=50):
    """Greedy answers, in the order of the prompts."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    ids = [e.ids[:511] for e in tokenizer.encode_batch(prompts)]
    answers = [""] * len(prompts)
    for begin in range(0, len(order), batch):
        part = order[begin:begin + batch]
        tensors, _ = to_tensors([(ids[i], [END], []) for i in part])
        made = model.generate(input_ids=tensors["input_ids"], attention_mask=tensors["attention_mask"],
                              max_new_tokens=max_new, do_sample=False, num_beams=1)
        for i, row in zip(part, made.tolist()):
            answers[i] = tokenizer.decode([t for t in row if t > 2]).strip()
    return answers


def rouge_l(answer, reference):
    """F-measure of the longest common subsequence of lower-case words."""
    a, b = answer.lower().split(), reference.lower().split()
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    common = table[-1][-1]
    return 2 * common / (len(a) + len(b)) if common else 0.0


def measure(model, tokenizer, rows):
    """Exact match per task and source, and ROUGE-L for summaries; returns (figures, answers)."""
    model.eval()
    answers = answer_all(model, tokenizer, [r["input"] for r in rows])
    model.train()
    scores = collections.defaultdict(list)
    for row, answer in zip(rows, answers):
        name = f"{row['task']}/{row['source']}"
        scores[name].append(rouge_l(answer, row["output"]) if row["task"] == "summarize" else float(answer == row["output"].strip()))
    return {name: round(sum(s) / len(s), 4) for name, s in sorted(scores.items())}, answers


# ---------------------------------------------------------------- training

def learning_rate(peak, fraction, warm_up=0.02, hold=0.6):
    """Linear warm-up, a plateau, then a cosine down to a hundredth, by the used part of the time."""
    if fraction < warm_up:
        return peak * max(fraction, 0.0005) / warm_up
    if fraction < hold:
        return peak
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (fraction - hold) / (1 - hold)))))


def make_optimizers(model, name, rate):
    """AdamW for everything, or Muon for the hidden matrices with AdamW for the rest."""
    matrices, rest = [], []
    for key, weight in model.named_parameters():
        if weight.requires_grad:
            hidden = weight.ndim == 2 and "shared" not in key and "lm_head" not in key and "relative_attention" not in key
            (matrices if hidden else rest).append(weight)
    if name == "muon":
        return [torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
                torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0)]
    return [torch.optim.AdamW([{"params": matrices, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}],
                              lr=rate, betas=(0.9, 0.98))]


def save(path, state):
    """Writes a checkpoint so that a crash never leaves half of one."""
    torch.save(state, str(path) + ".part")
    os.replace(str(path) + ".part", path)


@torch.no_grad()
def carry_over_vocabulary(model, old, new):
    """Gives a model another tokenizer's vocabulary: shared pieces keep their row, new ones begin near the pieces they replace."""
    known = model.get_input_embeddings().weight.detach().clone()
    vocabulary = old.get_vocab()
    model.resize_token_embeddings(-(-new.get_vocab_size() // 64) * 64)
    rows = model.get_input_embeddings().weight
    for piece, index in new.get_vocab().items():
        if piece in vocabulary:
            rows[index] = known[vocabulary[piece]]
        else:
            parts = [i for i in old.encode(piece.replace("▁", " ")).ids if i > END and old.id_to_token(i) != "▁"]
            rows[index] = known[parts].mean(dim=0) + torch.randn(rows.shape[1]) * known.std()
    model.config.vocab_size = rows.shape[0]


def build_model(args, tokenizer):
    """A new starter model, or the checkpoint to fine-tune (whole or with LoRA)."""
    if not args.init:
        model = T5ForConditionalGeneration(starter_config(tokenizer.get_vocab_size()))
        prime_copying(model)
        return model
    model = T5ForConditionalGeneration.from_pretrained(args.init, dtype=torch.float32)
    if args.tokenizer and load_tokenizer(args.init).get_vocab() != tokenizer.get_vocab():
        if not model.config.tie_word_embeddings:
            sys.exit("another --tokenizer needs a model with tied embeddings")
        carry_over_vocabulary(model, load_tokenizer(args.init), tokenizer)
    if args.lora:
        from peft import LoraConfig, get_peft_model  # optional dependency
        model = get_peft_model(model, LoraConfig(task_type="SEQ_2_SEQ_LM", r=args.rank, lora_alpha=2 * args.rank,
                                                 target_modules=["q", "k", "v", "o"]))
    return model


def write_tuned(model, args, out):
    """The fine-tuned model with its tokenizer in model/; an adapter also by itself in adapter/, if it was asked for."""
    if args.lora:
        if args.keep_adapter:
            model.save_pretrained(out / "adapter")
            print("saved", out / "adapter", flush=True)
        model = model.merge_and_unload()
    model.save_pretrained(out / "model")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "spiece.model"):
        source = pathlib.Path(args.tokenizer or args.init) / name
        if source.exists():
            (out / "model" / name).write_bytes(source.read_bytes())
    print("saved", out / "model", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True, help="JSONL files with input and output")
    parser.add_argument("--tokenizer", help="folder with tokenizer.json (default: the --init folder)")
    parser.add_argument("--out", required=True, help="folder of the run: checkpoint.pt, and model/ after fine-tuning")
    parser.add_argument("--minutes", type=float, default=110, help="budget on the clock, over all starts of the run")
    parser.add_argument("--steps", type=int, help="budget in steps instead of minutes")
    parser.add_argument("--init", help="folder of an existing T5 checkpoint to fine-tune")
    parser.add_argument("--lora", action="store_true", help="train LoRA adapters only (needs peft and --init)")
    parser.add_argument("--rank", type=int, default=16, help="rank of the LoRA adapters")
    parser.add_argument("--keep-adapter", action="store_true", help="with --lora: write the adapter by itself, too, to adapter/ (PEFT's format)")
    parser.add_argument("--lr", type=float, help="peak learning rate (default 2e-3; 3e-4 with --init)")
    parser.add_argument("--optimizer", choices=["adamw", "muon"], help="default muon; adamw with --init")
    parser.add_argument("--tokens", type=int, default=6144, help="input tokens per batch")
    parser.add_argument("--max-input", type=int, default=320)
    parser.add_argument("--max-output", type=int, default=64)
    parser.add_argument("--eval", help="JSONL with held-out rows, measured now and then and at the end")
    parser.add_argument("--eval-rows", type=int, default=400)
    parser.add_argument("--save-minutes", type=float, default=5)
    parser.add_argument("--eval-minutes", type=float, default=10)
    parser.add_argument("--helpers", type=float, default=0.0, help="weight of the helping heads at the start; it falls to zero")
    parser.add_argument("--ema", type=float, default=0.995)
    parser.add_argument("--bf16", action="store_true", help="bfloat16 matrix products (faster on some processors)")
    parser.add_argument("--compile", action="store_true", help="compile the encoder: an eighth faster after a minute, needs a C++ compiler")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.lora and not args.init:
        parser.error("--lora needs a checkpoint: name its folder with --init")
    if args.keep_adapter and not args.lora:
        parser.error("--keep-adapter needs --lora")
    if not (args.tokenizer or args.init):
        parser.error("--tokenizer is needed without --init")

    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(args.tokenizer or args.init)
    model = build_model(args, tokenizer).to(args.device).train()
    peak = args.lr or (3e-4 if args.init else 2e-3)
    optimizers = make_optimizers(model, args.optimizer or ("adamw" if args.init else "muon"), peak)
    helpers = Helpers(model.config.d_model).to(args.device) if args.helpers else None
    if helpers:
        optimizers.append(torch.optim.AdamW(helpers.parameters(), lr=peak))
    trained = {k: p for k, p in model.named_parameters() if p.requires_grad}
    average = {k: p.detach().clone() for k, p in trained.items()}
    done = {"steps": 0, "rows": 0, "tokens": 0, "seconds": 0.0}
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=args.device)
        model.load_state_dict(state["model"])
        average = state["average"]
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        if helpers and "helpers" in state:
            helpers.load_state_dict(state["helpers"])
        done = state["done"]
        if state["data"] != args.data:  # another mix: begin at its first row
            done["rows"] = 0
        print("resumed", done, flush=True)
    held_out = [json.loads(line) for line in open(args.eval, encoding="utf-8")] if args.eval else []
    random.Random(0).shuffle(held_out)
    held_out = held_out[:args.eval_rows]
    print(f"parameters {sum(p.numel() for p in model.parameters()):,}, trained {sum(p.numel() for p in trained.values()):,}", flush=True)

    def keep(measured=True):
        """Saves the run and measures the averaged weights."""
        save(checkpoint, {"model": model.state_dict(), "average": average, "data": args.data, "done": done,
                          "optimizers": [o.state_dict() for o in optimizers], **({"helpers": helpers.state_dict()} if helpers else {}),
                          "config": model.config.to_dict()})
        if held_out and measured:
            current = {k: p.detach().clone() for k, p in trained.items()}
            with torch.no_grad():
                for k, p in trained.items():
                    p.copy_(average[k])
                figures, _ = measure(model, tokenizer, held_out)
                for k, p in trained.items():
                    p.copy_(current[k])
            print(f"{time.strftime('%H:%M:%S')} held out", json.dumps(figures), flush=True)

    encoder = torch.compile(model.encoder.forward, dynamic=True) if args.compile else None
    began = time.time() - done["seconds"]
    last_save = last_log = last_measured = time.time()
    losses, help_losses, tokens_at_log = [], [], done["tokens"]
    stream = batches(rows_from(args.data, done["rows"]), tokenizer, args.tokens, args.max_input, args.max_output, args.seed + done["steps"])
    for (batch, meant), rows_read in stream:
        done["seconds"] = time.time() - began
        fraction = done["steps"] / args.steps if args.steps else done["seconds"] / (args.minutes * 60)
        if fraction >= 1:
            break
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(peak, fraction)
        batch = {k: v.to(args.device) for k, v in batch.items()}
        with torch.autocast(args.device.split(":")[0], dtype=torch.bfloat16, enabled=args.bf16):
            loss, help_needed = loss_of(model, batch, meant, encoder, helpers)
        (loss + args.helpers * (1 - fraction) * help_needed).backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        done["steps"] += 1
        done["rows"] += rows_read
        done["tokens"] += int(batch["attention_mask"].sum())
        with torch.no_grad():
            keep_share = min(args.ema, (done["steps"] + 1) / (done["steps"] + 20))
            torch._foreach_lerp_(list(average.values()), [p.detach() for p in trained.values()], 1 - keep_share)
        losses.append(loss.item())
        help_losses.append(help_needed.item())
        if time.time() - last_log > 20:
            speed = (done["tokens"] - tokens_at_log) / (time.time() - last_log)
            print(f"{time.strftime('%H:%M:%S')} step {done['steps']} minute {done['seconds'] / 60:.1f} loss {sum(losses) / len(losses):.4f} "
                  f"helpers {sum(help_losses) / len(help_losses):.3f} "
                  f"lr {learning_rate(peak, fraction):.5f} tokens {done['tokens'] / 1e6:.2f}M ({speed:.0f}/s)", flush=True)
            losses, help_losses, tokens_at_log, last_log = [], [], done["tokens"], time.time()
        if time.time() - last_save > args.save_minutes * 60:
            due = time.time() - last_measured > args.eval_minutes * 60
            keep(measured=due)
            last_save = last_log = time.time()
            last_measured = last_save if due else last_measured
            losses, help_losses, tokens_at_log = [], [], done["tokens"]
    keep()
    if args.init:
        with torch.no_grad():
            for k, p in trained.items():
                p.copy_(average[k])
        write_tuned(model, args, out)
    print("finished", done, flush=True)


if __name__ == "__main__":
    sys.exit(main())
