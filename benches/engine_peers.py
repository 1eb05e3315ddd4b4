#!/usr/bin/env python3
"""Our engine beside CTranslate2 and transformers: the same checkpoint, one thread each, in turns.

    benches/engine_peers.py [--rounds 5] [--cpu 1] [--batch 1,8,32] [--with-transformers]
                            [--variant 'cpu int4=--backend cpu --weights int4']...

Makes a virtual environment in target/engine-peers/, installs CTranslate2, transformers and torch there, and
writes a checkpoint of flan-t5-small's exact shape with seeded random numbers. Then, round by round, every
contender takes the same measurements one after the other, pinned to the same processor, so that whatever
else the machine does hits all of them alike. Prints medians with the smallest and largest round, and the
ratio to CTranslate2's median (above 1: faster or smaller).

What is measured: ms per greedy decode step at each batch size (a prompt of 128 tokens each, 64 new tokens,
the end token forbidden), ms to read one prompt of 128 and of 480 tokens (encoder and the keys and values
that the decoder takes from it), ms to load, resident bytes. CTranslate2 and transformers cannot be asked
for the encoder alone: theirs is the time for one new token less the time of a step. Their memory is what
the process grew by since before the model was loaded; ours is the whole process.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLACE = ROOT / "target" / "engine-peers"
CHECKPOINT = PLACE / "flan-t5-small-random"
CONVERTED = PLACE / "ctranslate2-int8"
TOKENIZER = ROOT / "tests" / "golden" / "t5" / "flan-tokenizer"
PACKAGES = ["ctranslate2", "transformers", "torch", "numpy", "safetensors"]
SEED = 20_240_229


def enter_environment():
    """Starts this script again inside its own virtual environment."""
    python = PLACE / "venv" / "bin" / "python"
    if pathlib.Path(sys.prefix) == PLACE / "venv":
        return
    mark = PLACE / "venv" / "installed"
    if not mark.exists() or mark.read_text() != " ".join(PACKAGES):
        print("installing", ", ".join(PACKAGES), file=sys.stderr)
        venv.create(PLACE / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        mark.write_text(" ".join(PACKAGES))
    os.execv(python, [str(python), *sys.argv])


def write_checkpoint():
    """flan-t5-small with random numbers in the scales that T5 is initialised with."""
    if (CHECKPOINT / "model.safetensors").exists():
        return
    import numpy
    from safetensors.numpy import save_file

    CHECKPOINT.mkdir(parents=True, exist_ok=True)
    for name in ["config.json", "tokenizer.json"]:
        (CHECKPOINT / name).write_bytes((TOKENIZER / name).read_bytes())
    (CHECKPOINT / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>", "pad_token": "<pad>",
        "unk_token": "<unk>", "model_max_length": 512}))
    config = json.loads((CHECKPOINT / "config.json").read_text())
    width, inner, hidden = config["d_model"], config["num_heads"] * config["d_kv"], config["d_ff"]
    random = numpy.random.default_rng(SEED)

    def normal(rows, columns, deviation):
        return (random.standard_normal((rows, columns), dtype=numpy.float32) * numpy.float32(deviation))

    def norm():
        return 1 + 0.1 * random.standard_normal(width, dtype=numpy.float32)

    tensors = {"shared.weight": normal(config["vocab_size"], width, 1.0),
               "lm_head.weight": normal(config["vocab_size"], width, width ** -0.5)}

    def attention(name):
        tensors[f"{name}.q.weight"] = normal(inner, width, (width * config["d_kv"]) ** -0.5)
        tensors[f"{name}.k.weight"] = normal(inner, width, width ** -0.5)
        tensors[f"{name}.v.weight"] = normal(inner, width, width ** -0.5)
        tensors[f"{name}.o.weight"] = normal(width, inner, inner ** -0.5)

    for stack, layers in [("encoder", config["num_layers"]), ("decoder", config["num_decoder_layers"])]:
        for index in range(layers):
            block = f"{stack}.block.{index}.layer"
            attention(f"{block}.0.SelfAttention")
            tensors[f"{block}.0.layer_norm.weight"] = norm()
            if index == 0:
                tensors[f"{block}.0.SelfAttention.relative_attention_bias.weight"] = normal(
                    config["relative_attention_num_buckets"], config["num_heads"], 1.0)
            last = 1
            if stack == "decoder":
                attention(f"{block}.1.EncDecAttention")
                tensors[f"{block}.1.layer_norm.weight"] = norm()
                last = 2
            tensors[f"{block}.{last}.layer_norm.weight"] = norm()
            dense = f"{block}.{last}.DenseReluDense"
            tensors[f"{dense}.wi_0.weight"] = normal(hidden, width, width ** -0.5)
            tensors[f"{dense}.wi_1.weight"] = normal(hidden, width, width ** -0.5)
            tensors[f"{dense}.wo.weight"] = normal(width, hidden, hidden ** -0.5)
        tensors[f"{stack}.final_layer_norm.weight"] = norm()
    save_file(tensors, CHECKPOINT / "model.safetensors", metadata={"format": "pt"})


def convert():
    """The checkpoint in CTranslate2's own format, quantised by CTranslate2."""
    if (CONVERTED / "model.bin").exists():
        return
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(CHECKPOINT)).convert(str(CONVERTED), quantization="int8", force=True)


def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def prompt_ids(count):
    vocabulary = json.loads((CHECKPOINT / "config.json").read_text())["vocab_size"]
    return [3 + (97 * index) % (vocabulary - 200) for index in range(count)]


class CTranslate2:
    """int8 with AVX-512 kernels; one thread."""

    def __init__(self):
        import ctranslate2
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(CHECKPOINT / "tokenizer.json"))
        self.token = tokenizer.id_to_token
        before, begun = resident(), time.perf_counter()
        self.translator = ctranslate2.Translator(
            str(CONVERTED), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1)
        self.load_ms = 1e3 * (time.perf_counter() - begun)
        self.before = before

    def generate(self, batch, prompt, new):
        prompts = [[self.token(id) for id in prompt_ids(prompt)]] * batch
        results = self.translator.translate_batch(
            prompts, beam_size=1, max_decoding_length=new, min_decoding_length=new, max_input_length=0,
            max_batch_size=0)
        assert all(len(result.hypotheses[0]) == new for result in results)


class Transformers:
    """torch in bfloat16; one thread."""

    def __init__(self):
        import torch
        from transformers import T5ForConditionalGeneration

        self.torch = torch
        torch.set_num_threads(1)
        self.before, begun = resident(), time.perf_counter()
        self.model = T5ForConditionalGeneration.from_pretrained(CHECKPOINT, dtype=torch.bfloat16)
        self.model.eval()
        self.load_ms = 1e3 * (time.perf_counter() - begun)

    def generate(self, batch, prompt, new):
        ids = self.torch.tensor([prompt_ids(prompt)] * batch)
        with self.torch.inference_mode():
            out = self.model.generate(
                ids, attention_mask=self.torch.ones_like(ids), max_new_tokens=new, min_new_tokens=new,
                do_sample=False, num_beams=1)
        assert out.shape == (batch, new + 1)


PEERS = {"ctranslate2": CTranslate2, "transformers": Transformers}


def serve(name, cpu):
    """A long-lived contender: a measurement per line in, its result per line out."""
    os.sched_setaffinity(0, {cpu})
    peer = PEERS[name]()
    peer.generate(1, 8, 2)
    print(json.dumps({"load_ms": peer.load_ms}), flush=True)
    for line in sys.stdin:
        work = json.loads(line)
        best = {}
        for _ in range(work["repeats"]):
            for new in (1, work["new"]):
                begun = time.perf_counter()
                peer.generate(work["batch"], work["prompt"], new)
                took = 1e3 * (time.perf_counter() - begun)
                best[new] = min(took, best.get(new, took))
        steps = max(work["new"] - 1, 1)
        step = (best[work["new"]] - best[1]) / steps
        print(json.dumps({"step_ms": step, "encoder_ms": best[1] - step,
                          "resident_bytes": resident() - peer.before}), flush=True)


class Served:
    """The other end of `serve`."""

    def __init__(self, name, cpu):
        self.name = name
        settings = {"CT2_FORCE_CPU_ISA": "AVX512", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                    "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}
        self.child = subprocess.Popen(
            [sys.executable, __file__, "--serve", name, "--cpu", str(cpu)], env=os.environ | settings,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.load_ms = json.loads(self.child.stdout.readline())["load_ms"]

    def measure(self, works, repeats):
        results = []
        for work in works:
            print(json.dumps(work | {"repeats": repeats}), file=self.child.stdin, flush=True)
            results.append(json.loads(self.child.stdout.readline()) | {"load_ms": self.load_ms})
        return results

    def stop(self):
        self.child.stdin.close()
        self.child.wait()


class Ours:
    """`ambidex models bench` with some options; a fresh process for every prompt length."""

    def __init__(self, name, options, binary, cpu):
        self.name, self.options, self.binary, self.cpu = name, shlex.split(options), binary, cpu

    def measure(self, works, repeats):
        results = []
        for work in works:
            command = ["taskset", "-c", str(self.cpu), self.binary, "models", "bench", str(CHECKPOINT),
                       "--batch", str(work["batch"]), "--prompt", str(work["prompt"]), "--threads", "1",
                       "--new", str(work["new"]), "--repeats", str(repeats), "--format", "json", *self.options]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            results.append(json.loads(out)[0])
        return results

    def stop(self):
        pass


def title(work, key):
    if key == "step_ms":
        return f"step, batch {work['batch']}"
    return f"encoder, {work['prompt']} tokens" if work["batch"] == 1 else None


def collect(contenders, works, arguments):
    """Figures by (measurement, contender): a list with one number per round."""
    figures = {}
    for number in range(arguments.rounds):
        for contender in contenders:
            print(f"round {number + 1}/{arguments.rounds}: {contender.name}", file=sys.stderr)
            results = contender.measure(works, arguments.repeats)
            rows = {"load": results[0]["load_ms"],
                    "resident, MB": max(result["resident_bytes"] for result in results) / 1e6}
            for work, result in zip(works, results):
                if work["new"] > 2:
                    rows[title(work, "step_ms")] = result["step_ms"]
                if work["batch"] == 1:
                    rows[title(work, "encoder_ms")] = result["encoder_ms"]
            for row, value in rows.items():
                figures.setdefault(row, {}).setdefault(contender.name, []).append(value)
    return figures


def show(figures, names):
    width = max(34, *(len(name) + 2 for name in names))
    print(f"{'ms unless said otherwise':<26}" + "".join(f"{name:>{width}}" for name in names))
    order = lambda row: (row.startswith("resident"), row.startswith("load"), row.startswith("encoder"),
                         int("".join(filter(str.isdigit, row)) or 0))
    for row in sorted(figures, key=order):
        cells = []
        anchor = figures[row].get("ctranslate2")
        for name in names:
            values = figures[row][name]
            median = statistics.median(values)
            cell = f"{median:.2f} ({min(values):.2f}–{max(values):.2f})"
            if anchor and name != "ctranslate2":
                cell += f" {statistics.median(anchor) / median:.2f}x"
            cells.append(f"{cell:>{width}}")
        print(f"{row:<26}" + "".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2, help="the best of these counts in a round")
    parser.add_argument("--cpu", type=int, default=(os.cpu_count() or 1) - 1)
    parser.add_argument("--batch", default="1,8,32")
    parser.add_argument("--encoder", default="128,480", help="prompt lengths to time the encoder with")
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--with-transformers", action="store_true")
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "ambidex"))
    parser.add_argument("--variant", action="append", metavar="NAME=OPTIONS",
                        help="options of `models bench`, under a name; may be repeated")
    parser.add_argument("--json", type=pathlib.Path, help="also write every number here")
    parser.add_argument("--serve", choices=PEERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    enter_environment()
    if arguments.serve:
        return serve(arguments.serve, arguments.cpu)
    write_checkpoint()
    convert()
    works = [{"batch": int(batch), "prompt": 128, "new": arguments.new}
             for batch in arguments.batch.split(",") if batch]
    lengths = {int(length) for length in arguments.encoder.split(",") if length}
    timed = {work["prompt"] for work in works if work["batch"] == 1}
    works += [{"batch": 1, "prompt": length, "new": 2} for length in sorted(lengths - timed)]
    contenders = [Served("ctranslate2", arguments.cpu)]
    if arguments.with_transformers:
        contenders.append(Served("transformers", arguments.cpu))
    for variant in arguments.variant or ["ambidex="]:
        name, _, options = variant.partition("=")
        contenders.append(Ours(name, options, arguments.binary, arguments.cpu))
    try:
        figures = collect(contenders, works, arguments)
    finally:
        for contender in contenders:
            contender.stop()
    show(figures, [contender.name for contender in contenders])
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
