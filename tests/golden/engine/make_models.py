"""Makes the golden files for adapters and GGUF: what PEFT, transformers and gguf-py say.

    pip install torch transformers peft gguf safetensors
    python tests/golden/engine/make_models.py

Everything is seeded. The base of the adapters is ../t5/tiny-t5v1_1-strong-bias; the GGUF models are
random and as small as the formats allow, with the first pieces of flan-t5's vocabulary.
"""

import base64
import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import T5Config, T5ForConditionalGeneration

HERE = Path(__file__).parent
BASE = HERE.parent / "t5" / "tiny-t5v1_1-strong-bias"
FLAN = HERE.parent / "t5" / "flan-tokenizer"
PIECES = 384
PROMPTS = [[21, 7, 130, 4, 3, 9, 250, 1], [(7 * i) % 380 + 3 for i in range(140)] + [1]]
FORCED = [0, 5, 9, 200, 31, 7, 7, 120, 3, 4, 60, 61, 62, 63, 300, 12]


def numbers(values):
    return [round(float(value), 5) for value in values]


@torch.no_grad()
def cases(model):
    out = []
    for prompt in PROMPTS:
        ids, forced = torch.tensor([prompt]), torch.tensor([FORCED])
        result = model(input_ids=ids, decoder_input_ids=forced)
        logits = result.logits[0]
        out.append({
            "input_ids": prompt,
            "decoder_input_ids": FORCED,
            "encoder_last": numbers(result.encoder_last_hidden_state[0, -1]),
            "steps": [
                {
                    "top_ids": row.topk(4).indices.tolist(),
                    "logits_0_7": numbers(row[:8]),
                    "logsumexp": round(row.logsumexp(0).item(), 5),
                }
                for row in logits
            ],
        })
    return out


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def base():
    config = T5Config.from_pretrained(BASE)
    model = T5ForConditionalGeneration(config).eval()
    state = load_file(BASE / "model.safetensors")
    if not json.loads((BASE / "config.json").read_text())["tie_word_embeddings"]:
        # transformers 5 ties every head; the checkpoint's own is put in its place.
        model.lm_head.weight = torch.nn.Parameter(state["lm_head.weight"].clone())
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all("embed_tokens" in name for name in missing), (missing, unexpected)
    model.lm_head.weight.data = state["lm_head.weight"].clone()
    return model


def adapters():
    chosen = {
        "qv": LoraConfig(r=4, lora_alpha=8, target_modules=["q", "v"]),
        "all": LoraConfig(
            r=2,
            lora_alpha=3,
            use_rslora=True,
            target_modules="all-linear",
            rank_pattern={"wo": 5, r"decoder\.block\.1\.layer\.1\.EncDecAttention\.k": 3},
            alpha_pattern={"wi_0": 7},
        ),
    }
    golden = {"base": cases(base())}
    for name, config in chosen.items():
        torch.manual_seed(20 + len(name))
        config.base_model_name_or_path = "google/tiny-t5v1_1"
        config.task_type = "SEQ_2_SEQ_LM"
        model = get_peft_model(base(), config).eval()
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.data = torch.randn_like(parameter) * 0.3
        golden[name] = cases(model)
        folder = HERE / "lora" / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        saved = json.loads((folder / "adapter_config.json").read_text())
        saved["base_model_name_or_path"] = "google/tiny-t5v1_1"
        (folder / "adapter_config.json").write_text(json.dumps(saved, indent=1) + "\n")
    write(HERE / "lora" / "golden.json", golden)


def pieces():
    file = json.loads((FLAN / "tokenizer.json").read_text())
    vocabulary = file["model"]["vocab"][:PIECES]
    charsmap = base64.b64decode(file["normalizer"]["normalizers"][0]["precompiled_charsmap"])
    file["model"]["vocab"] = vocabulary
    file["added_tokens"] = file["added_tokens"][:3]
    return vocabulary, charsmap, Tokenizer.from_str(json.dumps(file))


TEXTS = [
    "translate English to German: How old are you?",
    "It  is\nthe end of   this",
    "ﬁnd ＡＢＣ and ½",
    "do not go there </s> again",
    "日本",
]


def gguf_model(name, *, gated, tied, kind):
    """The key and tensor names are those of llama.cpp's converter, by the same library."""
    torch.manual_seed(7)
    config = T5Config(
        vocab_size=PIECES, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_decoder_layers=1, num_heads=2,
        feed_forward_proj="gated-gelu" if gated else "relu", tie_word_embeddings=tied,
        decoder_start_token_id=0, dropout_rate=0.0,
    )
    model = T5ForConditionalGeneration(config).eval()
    for key, parameter in model.named_parameters():
        scale = 1.0 if "relative_attention_bias" in key else 0.35
        parameter.data = torch.randn_like(parameter) * scale
    if not tied:
        model.lm_head.weight = torch.nn.Parameter(torch.randn(PIECES, 32))
    state = model.state_dict()
    folder = HERE / "gguf"
    folder.mkdir(exist_ok=True)
    writer = gguf.GGUFWriter(folder / f"{name}.gguf", "t5")
    writer.add_name(name)
    writer.add_license("apache-2.0")
    writer.add_context_length(512)
    writer.add_embedding_length(config.d_model)
    writer.add_feed_forward_length(config.d_ff)
    writer.add_block_count(config.num_layers)
    writer.add_decoder_block_count(config.num_decoder_layers)
    writer.add_head_count(config.num_heads)
    writer.add_key_length(config.d_kv)
    writer.add_value_length(config.d_kv)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_relative_attn_buckets_count(config.relative_attention_num_buckets)
    writer.add_layer_norm_rms_eps(config.layer_norm_epsilon)
    writer.add_decoder_start_token_id(0)
    vocabulary, charsmap, tokenizer = pieces()
    control, unknown, normal = gguf.TokenType.CONTROL, gguf.TokenType.UNKNOWN, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([piece.encode() for piece, _ in vocabulary])
    writer.add_token_scores([score for _, score in vocabulary])
    writer.add_token_types([control, control, unknown] + [normal] * (PIECES - 3))
    writer.add_add_space_prefix(True)
    writer.add_remove_extra_whitespaces(True)
    writer.add_precompiled_charsmap(charsmap)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(2)
    writer.add_pad_token_id(0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.T5, config.num_layers)
    for key in list(state):
        if "embed_tokens" in key or (tied and key == "lm_head.weight"):
            continue
        values = state[key].numpy().astype(np.float32)
        stays = values.ndim == 1 or "relative_attention_bias" in key
        which = gguf.GGMLQuantizationType.F32 if stays else kind
        packed = gguf.quants.quantize(values, which)
        state[key].copy_(torch.from_numpy(gguf.quants.dequantize(packed, which).reshape(values.shape)))
        writer.add_tensor(names.get_name(key, (".weight",)), packed, raw_dtype=which)
    for key in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"):
        state[key] = state["shared.weight"]
    model.load_state_dict(state)
    if tied:
        model.lm_head.weight = model.shared.weight
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ids = {text: tokenizer.encode(text).ids for text in TEXTS}
    write(folder / f"{name}.json", {"cases": cases(model), "ids": ids})


if __name__ == "__main__":
    adapters()
    gguf_model("v11-q8_0", gated=True, tied=False, kind=gguf.GGMLQuantizationType.Q8_0)
    gguf_model("v10-f16", gated=False, tied=True, kind=gguf.GGMLQuantizationType.F16)
