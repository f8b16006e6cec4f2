"""Runs two programs in turn and prints the median of each figure and the ratio ours / peer's.

`python alternate.py ROUNDS "OUR COMMAND" "PEER COMMAND"`; both print one JSON object {name: number} as their last
line. Interpreters that lack the peer's packages: put the right python into the peer's command.
"""
import json
import os
import shlex
import statistics
import subprocess
import sys


def run(command):
    environment = dict(os.environ, RAYON_NUM_THREADS="2", OMP_NUM_THREADS="2")
    done = subprocess.run(shlex.split(command), env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    rounds, ours, peer = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    figures = {}
    for _ in range(rounds):
        for side, command in enumerate([ours, peer]):
            for name, value in run(command).items():
                figures.setdefault(name, ([], []))[side].append(value)
    print(f"{'':40} {'ours':>10} {'peer':>10} {'ratio':>7}   (median of {rounds} rounds, ratio of each round)")
    for name, (a, b) in figures.items():
        if not a or not b:
            continue
        ratios = " ".join(f"{x / y:.2f}" for x, y in zip(a, b))
        print(f"{name:40} {statistics.median(a):10.2f} {statistics.median(b):10.2f} "
              f"{statistics.median(a) / statistics.median(b):7.2f}   {ratios}")


main()
