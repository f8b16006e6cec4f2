"""One training step of a BERT encoder in PyTorch: forward, backward, fused AdamW. The peer of benches/step.rs.

Same shapes, same masks, no dropout, soft targets, rows mixed after block 1; prints one JSON object of milliseconds
(median of the steps) and of peak memory. `python step.py STEPS`; needs torch. 2 threads.
"""
import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

VOCABULARY, ROWS, TOKENS = 30522, 32, 64


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, 1e-12)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width, 1e-12)

    def forward(self, x, mask):
        rows, tokens, width = x.shape
        q, k, v = self.qkv(x).view(rows, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(rows, tokens, width)
        x = self.norm1(x + self.out(a))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Bert(nn.Module):
    def __init__(self, blocks, width, heads):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, width)
        self.positions = nn.Embedding(512, width)
        self.types = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, 1e-12)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.head = nn.Linear(width, 6)

    def forward(self, ids, mask, mix=None):
        places = torch.arange(ids.shape[1])
        x = self.norm(self.words(ids) + self.positions(places) + self.types(torch.zeros_like(ids)))
        bias = (1 - mask)[:, None, None, :] * -1e9
        for i, block in enumerate(self.blocks):
            x = block(x, bias)
            if i == 0 and mix is not None:
                weight, partner = mix
                x = weight * x + (1 - weight) * x[partner]
                mask = torch.maximum(mask, mask[partner])
                bias = (1 - mask)[:, None, None, :] * -1e9
        pooled = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.head(pooled)


def batch(seed, padded):
    """Texts of 8 to 64 tokens; `padded` cuts the batch to its longest text, else 64 tokens with a quarter masked."""
    draw = torch.Generator().manual_seed(seed)
    if padded:
        lengths = torch.randint(8, 33, (ROWS,), generator=draw)
    else:
        lengths = 48 + torch.arange(ROWS) % 17
    tokens = int(lengths.max()) if padded else TOKENS
    mask = (torch.arange(tokens)[None, :] < lengths[:, None]).float()
    ids = torch.randint(1, VOCABULARY, (ROWS, tokens), generator=draw) * mask.long()
    targets = torch.rand((ROWS, 6), generator=draw).softmax(-1)
    return ids, mask, targets


def median_step(blocks, width, heads, steps, padded):
    torch.manual_seed(0)
    model = Bert(blocks, width, heads)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    times = []
    for step in range(steps + 2):
        ids, mask, targets = batch(step if padded else 0, padded)
        mix = (torch.rand(ROWS, 1, 1), torch.randperm(ROWS))
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(model(ids, mask, mix), targets).backward()
        optimiser.step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[2:])


def main():
    torch.set_num_threads(2)
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    result = {}
    for blocks, width, heads in [(2, 128, 2), (3, 384, 12)]:
        for padded in [False, True]:
            name = f"{blocks}x{width}{' padded to the longest' if padded else ''}"
            if only in name:
                result[name] = median_step(blocks, width, heads, steps, padded)
    result["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


main()
