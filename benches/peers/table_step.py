"""One training step of the table models in PyTorch: forward, backward, fused AdamW. The peer of benches/table_step.rs.

Same shapes, soft targets, rows mixed at the same places; like there, no dropout unless `dropout` is given, and after the
last block of the transformer the class token alone. Prints one JSON object of milliseconds (median of the steps) and of
peak memory. `python table_step.py STEPS [PART OF A NAME] [dropout]`; needs torch. 2 threads.
"""
import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

ROWS = 256


def mixed(x, mix):
    weight, partner = mix
    weight = weight.view(-1, *[1] * (x.dim() - 1))
    return weight * x + (1 - weight) * x[partner]


class Mlp(nn.Module):
    def __init__(self, columns, classes, dropout):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n, 512) for n in [columns, 512, 512])
        self.head = nn.Linear(512, classes)
        self.dropout = dropout

    def forward(self, x, mix):
        for k, layer in enumerate(self.layers):
            x = F.relu(layer(x))
            if self.dropout:
                x = F.dropout(x, 0.1)
            if k == 1:
                x = mixed(x, mix)
        return self.head(x)


class Block(nn.Module):
    def __init__(self, width, heads, first, last, dropout):
        super().__init__()
        self.heads, self.last, self.width = heads, last, width
        inner = width * 4 // 3
        self.attention_norm = nn.Identity() if first else nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * inner)
        self.down = nn.Linear(inner, width)
        self.drops = (0.2, 0.1) if dropout else (0.0, 0.0)

    def parts(self, x):
        rows, tokens, width = x.shape
        head = width // self.heads
        if not self.last:
            return self.qkv(x).view(rows, tokens, 3, self.heads, head).permute(2, 0, 3, 1, 4)
        weight, bias = self.qkv.weight, self.qkv.bias
        q = F.linear(x[:, :1], weight[:width], bias[:width]).view(rows, 1, self.heads, head).transpose(1, 2)
        k, v = F.linear(x, weight[width:], bias[width:]).view(rows, tokens, 2, self.heads, head).permute(2, 0, 3, 1, 4)
        return q, k, v

    def forward(self, x):
        q, k, v = self.parts(self.attention_norm(x))
        a = F.scaled_dot_product_attention(q, k, v, dropout_p=self.drops[0])
        a = a.transpose(1, 2).reshape(len(x), -1, self.width)
        x = (x[:, :1] if self.last else x) + self.out(a)
        a, b = self.up(self.norm(x)).chunk(2, -1)
        y = a * F.relu(b)
        if self.drops[1]:
            y = F.dropout(y, self.drops[1])
        return x + self.down(y)


class Transformer(nn.Module):
    def __init__(self, columns, classes, dropout, blocks=3, width=192, heads=8):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(columns, width) * 0.05)
        self.bias = nn.Parameter(torch.randn(columns, width) * 0.05)
        self.class_token = nn.Parameter(torch.randn(width) * 0.05)
        self.blocks = nn.ModuleList(Block(width, heads, k == 0, k == blocks - 1, dropout) for k in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x, mix):
        x = x[..., None] * self.weight + self.bias
        x = torch.cat([self.class_token.expand(len(x), 1, -1), x], 1)
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k == 0:
                x = mixed(x, mix)
        return self.head(F.relu(self.norm(x[:, 0])))


def median_step(make, columns, classes, steps, dropout):
    torch.manual_seed(0)
    model = make(columns, classes, dropout)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    x, targets = torch.rand(ROWS, columns), torch.rand(ROWS, classes).softmax(-1)
    times = []
    for _ in range(steps + 2):
        weight, partner = torch.rand(ROWS), torch.randperm(ROWS)
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        logits = model(x, (weight, partner))
        F.cross_entropy(logits, mixed(targets, (weight, partner))).backward()
        optimiser.step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[2:])


CASES = [("mlp 512-512-512-512-10", Mlp, 512, 10), ("transformer 3x192", Transformer, 30, 2)]


def main():
    torch.set_num_threads(2)
    steps = next((int(a) for a in sys.argv[1:] if a.isdigit()), 20)
    only = next((a for a in sys.argv[1:] if not a.isdigit() and a != "dropout"), "")
    result = {}
    for name, make, columns, classes in CASES:
        if only in name:
            result[name] = median_step(make, columns, classes, steps, "dropout" in sys.argv)
    result["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


main()
