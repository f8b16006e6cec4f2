"""The work of `benches/augment.rs` in nlpaug 1.1.11, in the reference EDA and in the AEDA of textaugment: microseconds a
sentence, one process and thread, as one JSON object in the last line.

pip install nlpaug textaugment nltk; python benches/peers/augment.py eda.py
where eda.py is code/eda.py of github.com/jasonwei20/eda_nlp. The figures are means over 2,000 reviews.
"""
import csv
import gzip
import importlib.util
import json
import os
import random
import sys
import time

import nlpaug.augmenter.char as nac
import nlpaug.augmenter.word as naw
from textaugment import AEDA

SOME = 2000


def sentences():
    path = os.path.join(os.path.dirname(__file__), "..", "..", "data", "reviews.tsv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t")]
    return [text for text in texts if 10 <= len(text.split()) <= 40][:SOME]


def main():
    spec = importlib.util.spec_from_file_location("eda", sys.argv[1])
    eda = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(eda)

    def eda_words(text):
        return [word for word in eda.get_only_chars(text).split(" ") if word != ""]

    def eda_swap(text):
        words = eda_words(text)
        return eda.get_only_chars(" ".join(eda.random_swap(words, max(1, int(0.1 * len(words))))))

    def eda_delete(text):
        return eda.get_only_chars(" ".join(eda.random_deletion(eda_words(text), 0.1)))

    aeda = AEDA()
    work = {
        "nlpaug swap": naw.RandomWordAug(action="swap").augment,
        "nlpaug delete": naw.RandomWordAug(action="delete").augment,
        "nlpaug crop": naw.RandomWordAug(action="crop").augment,
        "nlpaug substitute": naw.RandomWordAug(action="substitute").augment,
        "nlpaug keyboard": nac.KeyboardAug().augment,
        "eda swap": eda_swap,
        "eda delete": eda_delete,
        "aeda": aeda.punct_insertion,
    }
    random.seed(0)
    texts = sentences()
    figures = {}
    for name, change in work.items():
        started = time.process_time()
        for text in texts:
            change(text)
        figures[name] = (time.process_time() - started) / len(texts) * 1e6
        print(f"{name:20} {figures[name]:9.2f} µs", file=sys.stderr)
    print(json.dumps(figures))


main()
