"""Makes two tiny token classifiers and what transformers says of them: `random/` (random weights) and
`names/` (made by hand, so that it says something definite), with `golden.json` in each.

Run with an interpreter that has torch and transformers: `python make_models.py`.
"""

import json
import pathlib

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast, pipeline

HERE = pathlib.Path(__file__).parent
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]
WORDS = """the a and of in to with from at wrote lives works met said call ask visit please summarise meeting
jane john maria wei doe smith garcia zhang springfield berlin paris street main acme corp ##s ##ing ##er ##ton wash new
york mary ann 's""".split()
GIVEN, FAMILY = {"jane", "john", "maria", "wei", "mary", "ann"}, {"doe", "smith", "garcia", "zhang"}
PLACES, FIRMS = {"springfield", "berlin", "paris", "york"}, {"acme", "corp"}
TEXTS = [
    "Jane Doe lives in Springfield.",
    "Please summarise the meeting with Maria Garcia and Wei Zhang from Acme Corp in Berlin",
    "jane's call; O'Brien said: visit Paris\n\nJohn Smith (New York)",
    "张伟 met Jane in 北京 \U0001F600 naïve café Zürich",
    "", " ", "Washington", "unknownword 12345 !!!",
]
LONG = " ".join(TEXTS[:4] * 12)


def tokenizer():
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + [f"##{letter}" for letter in letters if letter.isalnum()]
    vocabulary += [word for word in WORDS if word not in vocabulary] + ["张", "伟", "北", "京"]
    inner = Tokenizer(models.WordPiece({word: index for index, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    inner.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return inner


def config(inner, **more):
    return BertConfig(vocab_size=inner.get_vocab_size(), num_labels=len(LABELS), id2label=dict(enumerate(LABELS)),
                      label2id={name: index for index, name in enumerate(LABELS)}, **more)


def random_model(inner):
    torch.manual_seed(7)
    model = BertForTokenClassification(config(
        inner, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=40, type_vocab_size=2, initializer_range=0.6))
    for name, weight in model.named_parameters():
        if "LayerNorm" in name or name.endswith("bias"):
            weight.data += torch.randn_like(weight) * 0.3
    return model


def made_model(inner):
    """Every word has a direction of its own kind; nothing else in the network says anything."""
    kinds = 8
    model = BertForTokenClassification(config(
        inner, hidden_size=kinds, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4,
        max_position_embeddings=40, type_vocab_size=2))
    for name, weight in model.named_parameters():
        weight.data.zero_()
        if name.endswith("LayerNorm.weight"):
            weight.data += 1
    words = model.bert.embeddings.word_embeddings.weight.data
    for word, index in inner.get_vocab().items():
        kind = 1 if word in GIVEN else 2 if word in FAMILY else 3 if word in PLACES else 5 if word in FIRMS else 0
        words[index, kind] = 4
    for label in range(len(LABELS)):
        model.classifier.weight.data[label, label] = 4
    return model


def entities(words):
    """Words as (type or None, begins, score, start, end) become entities, as transformers groups them."""
    out = []
    last = None
    for kind, begins, score, start, end in words:
        if kind is None:
            last = None
        elif last is not None and last["type"] == kind and not begins:
            last["end"] = end
            last["scores"].append(score)
        else:
            last = {"type": kind, "start": start, "end": end, "scores": [score]}
            out.append(last)
    return [{"type": it["type"], "start": it["start"], "end": it["end"],
             "score": sum(it["scores"]) / len(it["scores"])} for it in out]


def in_bytes(text, found):
    return [dict(it, start=len(text[:it["start"]].encode()), end=len(text[:it["end"]].encode())) for it in found]


def by_windows(text, inner, model, positions):
    """Texts longer than a window: windows that overlap by a quarter, each token decided by the one
    in which it stands furthest from an edge."""
    encoding = inner.encode(text, add_special_tokens=False)
    size = positions - 2
    margin = size // 8
    step = size - 2 * margin
    rows = []
    start = 0
    while True:
        ids = encoding.ids[start:start + size]
        with torch.no_grad():
            logits = model(torch.tensor([[2] + ids + [3]])).logits[0][1:-1]
        is_last = start + size >= len(encoding.ids)
        first = 0 if start == 0 else margin
        last = len(ids) if is_last else size - margin
        rows.extend(logits[first:last].softmax(-1).tolist())
        if is_last:
            break
        start += step
    words, seen = [], None
    for row, word, (begin, end) in zip(rows, encoding.word_ids, encoding.offsets):
        if word == seen:
            words[-1][4] = end
            continue
        seen = word
        best = max(range(len(row)), key=row.__getitem__)
        name = LABELS[best]
        words.append([None if name == "O" else name[2:], name.startswith("B-"), row[best], begin, end])
    return entities(words)


def write(name, inner, model):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    model.eval()
    model.save_pretrained(folder, safe_serialization=True)
    inner.save(str(folder / "tokenizer.json"), pretty=False)
    fast = PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
                                   pad_token="[PAD]", mask_token="[MASK]")
    reference = pipeline("token-classification", model=model, tokenizer=fast, aggregation_strategy="first")
    cases = []
    for text in TEXTS:
        encoding = inner.encode(text)
        with torch.no_grad():
            logits = model(torch.tensor([encoding.ids])).logits[0]
        found = [] if not text.strip() else reference(text)
        found = [{"type": it["entity_group"], "start": it["start"], "end": it["end"], "score": float(it["score"])} for it in found]
        cases.append({"text": text, "ids": encoding.ids, "logits": [[round(value, 5) for value in row] for row in logits.tolist()],
                      "found": in_bytes(text, found)})
    positions = model.config.max_position_embeddings
    cases.append({"text": LONG, "found": in_bytes(LONG, by_windows(LONG, inner, model, positions))})
    (folder / "golden.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    inner = tokenizer()
    write("random", inner, random_model(inner))
    write("names", inner, made_model(inner))
