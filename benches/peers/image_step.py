"""One training step of the image models in PyTorch: mixing at the input, forward, backward, fused AdamW; and the forward
alone in evaluation. The peer of benches/image_step.rs: the same nets, shapes and soft targets.

Prints one JSON object of milliseconds (median of the steps; the faster of channels first and channels last) and of peak
memory. `python image_step.py STEPS [PART OF A NAME]`; needs torch. 2 threads.
"""
import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 10


def conv(inputs, outputs, stride=1, side=3):
    return nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)


class Stage(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.convs = nn.ModuleList([conv(inputs, width, stride), conv(width, width), conv(width, width)])
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(3))

    def forward(self, x):
        x = F.relu(self.norms[0](self.convs[0](x)))
        inner = F.relu(self.norms[1](self.convs[1](x)))
        return F.relu(x + self.norms[2](self.convs[2](inner)))


class Cnn(nn.Module):
    def __init__(self, widths=(32, 64, 128)):
        super().__init__()
        inputs = (3, *widths)
        self.stages = nn.ModuleList(
            Stage(a, b, 1 if k == 0 else 2) for k, (a, b) in enumerate(zip(inputs, widths)))
        self.head = nn.Linear(widths[-1], CLASSES)

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(width)
        self.conv1, self.conv2 = conv(inputs, width, stride), conv(width, width)
        self.shortcut = conv(inputs, width, stride, 1) if stride != 1 or inputs != width else None

    def forward(self, x):
        active = F.relu(self.norm1(x))
        inner = self.conv2(F.relu(self.norm2(self.conv1(active))))
        return inner + (x if self.shortcut is None else self.shortcut(active))


class Resnet18(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.stem = conv(3, width)
        blocks, inputs = [], width
        for stage in range(4):
            for block in range(2):
                blocks.append(Block(inputs, width << stage, 2 if stage and not block else 1))
                inputs = width << stage
        self.blocks = nn.Sequential(*blocks)
        self.norm, self.head = nn.BatchNorm2d(inputs), nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = F.relu(self.norm(self.blocks(self.stem(x))))
        return self.head(x.mean((2, 3)))


def medians(net, rows, steps, layout):
    torch.manual_seed(0)
    net = net().to(memory_format=layout)
    x = torch.rand(rows, 3, 32, 32).contiguous(memory_format=layout)
    targets = torch.rand(rows, CLASSES)
    targets /= targets.sum(1, keepdim=True)
    optimiser = torch.optim.AdamW(net.parameters(), 1e-4, fused=True)
    trained, forward = [], []
    for _ in range(steps + 2):
        weight, partner = torch.rand(rows), torch.randperm(rows)
        net.train()
        start = time.perf_counter()
        column = weight.view(-1, 1, 1, 1)
        mixed = column * x + (1 - column) * x[partner]
        soft = weight[:, None] * targets + (1 - weight[:, None]) * targets[partner]
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(net(mixed), soft).backward()
        optimiser.step()
        trained.append(1e3 * (time.perf_counter() - start))
        net.eval()
        start = time.perf_counter()
        with torch.no_grad():
            net(x)
        forward.append(1e3 * (time.perf_counter() - start))
    return statistics.median(trained[2:]), statistics.median(forward[2:])


def main():
    torch.set_num_threads(2)
    arguments = sys.argv[1:]
    steps = next((int(a) for a in arguments if a.isdigit()), 20)
    only = next((a for a in arguments if not a.isdigit()), "")
    results = {}
    for name, net, rows in [("cnn 32-64-128", Cnn, 64), ("resnet18 of width 32", Resnet18, 32)]:
        if only not in name:
            continue
        both = [medians(net, rows, steps, layout) for layout in (torch.contiguous_format, torch.channels_last)]
        results[name] = min(step for step, _ in both)
        results[f"{name}, forward"] = min(forward for _, forward in both)
    results["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(results))


main()
