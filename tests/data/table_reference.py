"""Reference numbers for tests/table_models.rs, by the authors' own FT-Transformer (rtdl-revisiting-models 0.0.2, PyTorch).
Run from the root of the source folder:

    python tests/data/table_reference.py

writes table_transformer.json: weights, rows, logits, and the gradients of a weighted sum of the logits, under the names
of this library. All in f64.
"""

import json

import torch
from rtdl_revisiting_models import FTTransformer

CELLS, CATEGORIES, OUTPUTS, BLOCKS, WIDTH, HEADS = 3, [3, 4], 3, 3, 8, 2
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)


def block(k):
    at, ours = f"backbone.blocks.{k}.", f"blocks.{k}."
    names = {}
    for theirs, own in [("W_q", "query"), ("W_k", "key"), ("W_v", "value"), ("W_out", "output")]:
        for end in ["weight", "bias"]:
            names[f"{ours}attention.{own}.{end}"] = [f"{at}attention.{theirs}.{end}"]
    parts = [("ffn_normalization", "norm"), ("ffn.linear1", "up"), ("ffn.linear2", "down")]
    if k > 0:
        parts.append(("attention_normalization", "attention_norm"))
    for theirs, own in parts:
        for end in ["weight", "bias"]:
            names[f"{ours}{own}.{end}"] = [f"{at}{theirs}.{end}"]
    return names


def names():
    """Our name of a weight, and theirs of its parts from top to bottom."""
    all = {
        "class_token": ["cls_embedding.weight"],
        "tokens.weight": ["cont_embeddings.weight"],
        "tokens.bias": ["cont_embeddings.bias", "cat_embeddings.bias"],
        "categories.weight": [f"cat_embeddings.embeddings.{i}.weight" for i in range(len(CATEGORIES))],
    }
    for k in range(BLOCKS):
        all |= block(k)
    for end in ["weight", "bias"]:
        all[f"norm.{end}"] = [f"backbone.output.normalization.{end}"]
        all[f"head.{end}"] = [f"backbone.output.linear.{end}"]
    return all


def flat(x):
    return [round(v, 9) for v in x.detach().flatten().tolist()]


def main():
    model = FTTransformer(
        n_cont_features=CELLS, cat_cardinalities=CATEGORIES, d_out=OUTPUTS, n_blocks=BLOCKS, d_block=WIDTH,
        attention_n_heads=HEADS, attention_dropout=0.0, ffn_d_hidden_multiplier=4 / 3, ffn_dropout=0.0,
        residual_dropout=0.0,
    )
    theirs = dict(model.named_parameters())
    for p in theirs.values():  # wide enough to show a mistake, and what f32 can hold
        p.data = (torch.randn_like(p) * 0.5).float().double()
    numbers = torch.randn(4, CELLS).float().double()
    codes = torch.tensor([[0, 3], [1, 0], [2, 1], [1, 2]])
    logits = model(numbers, codes)
    weights = torch.randn_like(logits).float().double()
    (logits * weights).sum().backward()
    stacked = {own: torch.cat([theirs[n] for n in parts]) for own, parts in names().items()}
    slopes = {own: torch.cat([theirs[n].grad for n in parts]) for own, parts in names().items()}
    assert sum(len(parts) for parts in names().values()) == len(theirs)
    out = {
        "numbers": numbers.tolist(),
        "codes": codes.tolist(),
        "loss_weights": weights.tolist(),
        "logits": logits.tolist(),
        "weights": {n: {"shape": list(w.shape), "values": flat(w)} for n, w in stacked.items()},
        "gradients": {n: flat(g) for n, g in slopes.items()},
    }
    json.dump(out, open("tests/data/table_transformer.json", "w"))


main()
