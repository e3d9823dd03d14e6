#!/usr/bin/env python3
"""Writes rouge_cases.json: texts and what the real rouge-score makes of them, for rouge_test.cpp.

    pip install rouge-score==0.1.2
    python3 make_rouge_cases.py          # writes beside itself
"""
import json
import os
import random

import numpy
from rouge_score import rouge_scorer, scoring, tokenize

FORMS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]

SETS = [
    ("identical", "The police killed the gunman.", ["The police killed the gunman."]),
    ("Lin's first", "police kill the gunman", ["police killed the gunman"]),
    ("Lin's second", "the gunman kill police", ["police killed the gunman"]),
    ("Lin's union", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", ["w1 w2 w3 w4 w5"]),
    ("disjoint", "one two three", ["four five six"]),
    ("empty summary", "", ["four five six"]),
    ("empty reference", "four five six", [""]),
    ("both empty", "", [""]),
    ("no words", "?! ... \u2014", ["... !"]),
    ("blank lines", "\n\n", ["\n a \n"]),
    ("one word", "a", ["a"]),
    ("one word of several", "a", ["a b c", "a"]),
    ("repeated", "the the the the the the the", ["the cat is on the mat", "there is a cat on the mat"]),
    ("repeated lines", "the cat\nthe cat\nthe cat", ["the cat sat\non the mat"]),
    ("equal F1", "a b c d", ["a b x y", "c d x y", "a b c d"]),
    ("best of each form", "a b c d e", ["e d c b a", "a b c x y z u v w"]),
    ("case and marks", "Don't STOP, e-mail me: A.B.C. 3.14%", ["dont stop email me abc 3 14", "don t stop e mail"]),
    ("accents", "Él caf\u00e9 ni\u00f1a na\u00efve", ["el cafe nina naive", "l caf ni a na ve"]),
    ("letters that become ASCII", "\u0130stanbul 5\u212a \u212aELVIN", ["i stanbul 5k kelvin", "\u0131stanbul 5 k"]),
    ("other scripts", "\u4e2d\u6587 abc \u0430\u0431\u0432 \u0663", ["\u4e2d\u6587 abc", "abc 3"]),
    ("line ends", "one two\r\nthree four\rfive\u2028six", ["one two\nthree four five six"]),
    ("lines in another order", "c d\na b", ["a b\nc d"]),
    ("ties of the subsequence", "b a b a\na b", ["a b a b\nb a"]),
    ("underscores and digits", "snake_case 1_000 \u00bd x\u00b2", ["snake case 1 000 x 2"]),
]

WORDS = ["the", "a", "cat", "dog", "sat", "on", "mat", "it", "was", "and", "The", "Mat", "caf\u00e9", "1999", "x", "."]


def random_text(rng):
    text = ""
    for _ in range(rng.randint(0, 40)):
        text += rng.choice(WORDS) + rng.choice([" ", " ", " ", " ", "\n", ", "])
    return text


def random_sets(rng):
    for i in range(60):
        yield f"random {i}", random_text(rng), [random_text(rng) for _ in range(rng.choice([1, 1, 2, 3]))]


def main():
    scorer = rouge_scorer.RougeScorer(FORMS, use_stemmer=False)
    rng = random.Random(1)
    numpy.random.seed(1)
    cases, aggregator, rows = [], scoring.BootstrapAggregator(), []
    for name, summary, references in SETS + list(random_sets(rng)):
        scores = scorer.score_multi(references, summary)
        cases.append({"name": name, "summary": summary, "references": references,
                      "words": tokenize.tokenize(summary, None), "scores": [list(map(float, scores[f])) for f in FORMS]})
        single = scorer.score(references[0], summary)
        aggregator.add_scores(single)
        rows.append([single[f] for f in FORMS])
    bounds = aggregator.aggregate()
    stored = {
        "rouge_score": "0.1.2",
        "cases": cases,
        "means": numpy.mean(numpy.array(rows), axis=0).tolist(),  # of the first reference: [form][precision, recall, F1]
        "intervals": [[float(bounds[f].low.fmeasure), float(bounds[f].high.fmeasure)] for f in FORMS],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rouge_cases.json")
    with open(path, "w", encoding="ascii") as file:
        file.write("{\n")
        file.write(',\n'.join(f" {json.dumps(k)}: " + (json.dumps(v) if k != "cases" else
                   "[\n  " + ",\n  ".join(map(json.dumps, v)) + "\n ]") for k, v in stored.items()))
        file.write("\n}\n")


main()
