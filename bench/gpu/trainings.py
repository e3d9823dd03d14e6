#!/usr/bin/env python3
"""Trains an image, a text and a translation model for some steps on the processor and on a device and compares the losses.

    trainings.py --folder FOLDER [--device cuda] [--precision f32,bf16] [--steps 20] -- HEED [ARGUMENT ...]

HEED is the program, with whatever has to stand before it. Data and recipes are made in FOLDER. The processor computes in
f32, the device in each of the precisions. One JSON line a training and precision: the largest relative difference between the losses of the same step ("difference"), whether that is within the bound
("passed"), and the seconds of each command. Exit code 1 where a training failed or a loss is out of bounds.
"""
import argparse
import json
import os
import random
import struct
import subprocess
import sys
import time

COLOURS = "red blue green black white yellow brown grey".split()
ANIMALS = "cat dog horse bird fish cow sheep mouse".split()
VERBS = "sees likes hears follows".split()
GOOD, BAD = "good great fine lovely".split(), "bad poor dull awful".split()
WORDS = {"the": "el", **dict(zip(COLOURS, "rojo azul verde negro blanco amarillo pardo gris".split())),
         **dict(zip(ANIMALS, "gato perro caballo pájaro pez toro cordero ratón".split())),
         **dict(zip(VERBS, "ve quiere oye sigue".split()))}

END = "optimizer: {{type: adamw, lr: 1e-3, schedule: constant}}\ntrain: {{steps: {steps}, seed: 3, test: false}}\n"
# Of |loss - loss on the processor| / |loss on the processor|. In bf16 a processor stays below 2.5e-2.
BOUNDS = {"f32": 1e-3, "tf32": 5e-2, "bf16": 5e-2}

RECIPES = {
    "image": "model: {{type: vit, dim: 128, depth: 4, heads: 4, mlp_dim: 256, patch: 4, dropout: 0.1}}\n"
             "data: {{name: idx, root: {folder}/images, classes: 10, batch: 64}}\n",
    "text": "model: {{type: text_classifier, dim: 64, depth: 2, heads: 4, mlp_dim: 128, dropout: 0.1}}\n"
            "tokenizer: {{type: word, vocabulary: 200}}\n"
            "data: {{name: text_files, train_file: texts.tsv, root: {folder}, text: [text], label: label, length: 64, "
            "batch: 32}}\n",
    "translation": "model: {{type: translator, dim: 128, encoder_depth: 2, decoder_depth: 2, heads: 4, mlp_dim: 256}}\n"
                   "tokenizer: {{type: word, vocabulary: 200}}\n"
                   "data: {{name: parallel_files, pair_files: [pairs.tsv], root: {folder}, tokens: 1024, length: 32, "
                   "validation: 20, test: 20, split_seed: 1}}\n",
}


def write_images(folder, kind, count, rng):
    """Grey images 28 x 28 with a bright square whose place tells the class, in the format of MNIST."""
    os.makedirs(folder, exist_ok=True)
    labels = bytes(rng.randrange(10) for _ in range(count))
    pixels = bytearray()
    for label in labels:
        image = bytearray(rng.randrange(100) for _ in range(28 * 28))
        top, left = 14 * (label // 5), 5 * (label % 5)
        for row in range(top + 2, top + 10):
            for column in range(left + 1, left + 5):
                image[28 * row + column] = 155 + rng.randrange(100)
        pixels += image
    with open(f"{folder}/{kind}-images-idx3-ubyte", "wb") as file:
        file.write(struct.pack(">4i", 0x803, count, 28, 28) + pixels)
    with open(f"{folder}/{kind}-labels-idx1-ubyte", "wb") as file:
        file.write(struct.pack(">2i", 0x801, count) + labels)


def sentence(rng):
    thing = lambda: f"the {rng.choice(COLOURS)} {rng.choice(ANIMALS)}"
    return " ".join(f"{thing()} {rng.choice(VERBS)} {thing()}" for _ in range(rng.randint(1, 3)))


def write_data(folder, steps):
    rng = random.Random(7)
    write_images(f"{folder}/images", "train", 1500, rng)
    write_images(f"{folder}/images", "t10k", 100, rng)
    with open(f"{folder}/texts.tsv", "w") as file:
        file.write("text\tlabel\n")
        for _ in range(1000):
            good = rng.random() < 0.5
            words = (sentence(rng) + " " + sentence(rng)).split()
            words.insert(rng.randrange(len(words)), rng.choice(GOOD if good else BAD))
            file.write(" ".join(words) + ("\tyes\n" if good else "\tno\n"))
    with open(f"{folder}/pairs.tsv", "w") as file:
        for _ in range(2000):
            words = sentence(rng).split()
            file.write(" ".join(words) + "\t" + " ".join(WORDS[word] for word in words) + "\n")
    for kind, recipe in RECIPES.items():
        with open(f"{folder}/{kind}.yaml", "w") as file:
            file.write((recipe + END).format(folder=folder, steps=steps))


def losses(run):
    with open(f"{run}/metrics.jsonl") as file:
        return [line["loss"] for line in map(json.loads, file) if line["event"] == "step"]


def train(heed, folder, kind, device, precision, name):
    """The losses of a training and its seconds. Throws RuntimeError."""
    run = f"{folder}/{kind}-{name}"
    start = time.monotonic()
    done = subprocess.run([*heed, "train", f"{folder}/{kind}.yaml", f"run.dir={run}", f"device={device}",
                           f"precision={precision}"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.monotonic() - start
    with open(run + ".log", "w") as file:
        file.write(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{kind} on {name}: exit code {done.returncode}: {done.stdout.strip().splitlines()[-1:]}")
    return losses(run), seconds


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--folder", required=True)
    p.add_argument("--device", default="cuda")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--precision", default="f32", help="some of f32, tf32, bf16, with commas between them")
    p.add_argument("heed", nargs="+")
    a = p.parse_args()
    folder = os.path.abspath(a.folder)
    os.makedirs(folder, exist_ok=True)
    write_data(folder, a.steps)
    all_passed = True
    for kind in RECIPES:
        wanted, processor_s = train(a.heed, folder, kind, "cpu", "f32", "processor")
        for precision in a.precision.split(","):
            line = {"training": kind, "device": a.device, "precision": precision, "steps": a.steps,
                    "processor_s": processor_s}
            try:
                got, line["device_s"] = train(a.heed, folder, kind, a.device, precision, f"device-{precision}")
                if len(got) != len(wanted) or len(wanted) != a.steps:
                    raise RuntimeError(f"{kind}: {len(got)} steps on {a.device}, {len(wanted)} on the processor")
                line["first_loss"], line["last_loss"] = got[0], got[-1]
                line["difference"] = max(abs(x - y) / abs(y) for x, y in zip(got, wanted))
                line["passed"] = line["difference"] <= BOUNDS[precision]
            except RuntimeError as error:
                line.update(passed=False, error=str(error))
            all_passed &= line["passed"]
            print(json.dumps(line), flush=True)
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
