"""Reference numbers for tests/text_*.rs, by PyTorch and transformers. Run from the root of the source folder:

    python tests/data/text_reference.py

writes text_tokens.json (ids by the tokenizers package), text_bytes_tokenizer.json (a small tokenizer like RoBERTa's,
with padding and truncation switched on) and text_bytes.json (its ids), text_minilm.json (pooled embeddings of the shipped encoder),
and tiny random models of each family (tiny-*/) with their pooled outputs (text_tiny.json).
"""

import json
import os

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    DistilBertModel,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaModel,
)

DATA = "tests/data"
TEXTS = [
    "What is the capital of France ?",
    "it 's",
    "naïve café, 你好世界 — \"quoted\" text!",
    "A considerably longer sentence, so that a batch holds rows of very different length and padding matters.",
    "antidisestablishmentarianism @#$ 12,345.67 don't",
]
PAIRS = [
    "Paris is the capital.",
    "no",
    "nothing much",
    "short",
    "a second text that is the longer one of the two of its pair, by far",
]
torch.set_num_threads(2)


def tokens():
    t = Tokenizer.from_file("models/minilm-l3/tokenizer.json")
    out = {"texts": TEXTS, "pairs": PAIRS}
    out["ids"] = [e.ids for e in t.encode_batch(TEXTS)]
    both = t.encode_batch(list(zip(TEXTS, PAIRS)))
    out["pair_ids"] = [e.ids for e in both]
    out["pair_types"] = [e.type_ids for e in both]
    t.enable_truncation(max_length=12)
    out["cut"] = [e.ids for e in t.encode_batch(TEXTS)]
    both = t.encode_batch(list(zip(TEXTS, PAIRS)))
    out["pair_cut"] = [e.ids for e in both]
    json.dump(out, open(f"{DATA}/text_tokens.json", "w"))
    return out


def byte_tokens():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    t.train_from_iterator(TEXTS + PAIRS, trainer)
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    out = {"texts": TEXTS, "pairs": PAIRS}
    t.enable_truncation(max_length=12)
    out["cut"] = [e.ids for e in t.encode_batch(TEXTS)]
    out["pair_cut"] = [e.ids for e in t.encode_batch(list(zip(TEXTS, PAIRS)))]
    t.no_truncation()
    out["ids"] = [e.ids for e in t.encode_batch(TEXTS)]
    both = t.encode_batch(list(zip(TEXTS, PAIRS)))
    out["pair_ids"] = [e.ids for e in both]
    out["pair_types"] = [e.type_ids for e in both]
    json.dump(out, open(f"{DATA}/text_bytes.json", "w"))
    t.enable_truncation(max_length=6)
    t.enable_padding(pad_id=1, pad_token="<pad>")
    t.save(f"{DATA}/text_bytes_tokenizer.json", pretty=False)


def mean(hidden, mask):
    return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def batch(rows, pad):
    width = max(map(len, rows))
    ids = torch.tensor([r + [pad] * (width - len(r)) for r in rows])
    mask = torch.tensor([[1.0] * len(r) + [0.0] * (width - len(r)) for r in rows])
    return ids, mask


def rounded(x):
    return [[round(v, 7) for v in row] for row in x.tolist()]


def minilm(ids):
    model = BertModel(BertConfig.from_pretrained("models/minilm-l3"), add_pooling_layer=False)
    weights = {k: v.float() for k, v in load_file("models/minilm-l3/model.safetensors").items()}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not [m for m in missing if "position_ids" not in m], missing
    assert not unexpected, unexpected
    model.eval()
    x, mask = batch(ids["ids"], 0)
    xp, maskp = batch(ids["pair_ids"], 0)
    types, _ = batch(ids["pair_types"], 0)
    with torch.no_grad():
        single = model(x, attention_mask=mask).last_hidden_state
        pair = model(xp, attention_mask=maskp, token_type_ids=types).last_hidden_state
    out = {
        "mean": rounded(mean(single, mask)),
        "cls": rounded(single[:, 0]),
        "pair_mean": rounded(mean(pair, maskp)),
    }
    json.dump(out, open(f"{DATA}/text_minilm.json", "w"))


ROWS = [[5, 9, 17, 33, 6], [5, 40, 6], [5, 7, 7, 21, 22, 23, 24, 6], [5, 6]]


def write(name, config, weights, family):
    folder = f"{DATA}/tiny-{name}"
    os.makedirs(folder, exist_ok=True)
    config.architectures = [family]
    config.save_pretrained(folder)
    weights = {k: v.contiguous() for k, v in weights.items() if "position_ids" not in k}
    save_file(weights, f"{folder}/model.safetensors", metadata={"format": "pt"})


def tiny():
    out = {"rows": ROWS}
    small = dict(vocab_size=48, max_position_embeddings=24)
    bert = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
    for name in ["bert", "roberta", "distilbert"]:
        torch.manual_seed(7)
        if name == "bert":
            config = BertConfig(**small, **bert, hidden_act="gelu_new")
            whole = model = BertModel(config)
        elif name == "roberta":
            config = RobertaConfig(**small, **bert, pad_token_id=1, type_vocab_size=1, num_labels=3)
            whole = RobertaForSequenceClassification(config)
            model = whole.roberta
        else:
            config = DistilBertConfig(
                **small, dim=16, n_layers=2, n_heads=2, hidden_dim=24, activation="relu", num_labels=3
            )
            whole = DistilBertForSequenceClassification(config)
            model = whole.distilbert
        for p in whole.parameters():  # the usual initial values are too small to show a mistake
            torch.nn.init.normal_(p, std=0.3)
        write(name, config, whole.state_dict(), type(whole).__name__)
        whole.eval()
        ids, mask = batch(ROWS, config.pad_token_id)
        with torch.no_grad():
            hidden = model(ids, attention_mask=mask).last_hidden_state
        out[name] = {"mean": rounded(mean(hidden, mask)), "cls": rounded(hidden[:, 0])}
    json.dump(out, open(f"{DATA}/text_tiny.json", "w"))


minilm(tokens())
byte_tokens()
tiny()
