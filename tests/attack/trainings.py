"""Small trainings to be attacked: their data, which are made here, their recipes, and what their end must look like."""

import json
import os
import re
import struct
import subprocess

MEASURED = "seconds|data_wait|_bytes|per_second"  # what no two runs have in common

ONES = "zero one two three four five six seven eight nine".split()
UNOS = "cero uno dos tres cuatro cinco seis siete ocho nueve".split()

# Several kept models, averages and the TensorBoard file: every file that a run can have.
IMAGES = """\
model: {type: vit, dim: %(dim)d, depth: 1, heads: 2, mlp_dim: %(mlp)d, patch: 4, dropout: 0.1}
data: {name: idx, root: ../data, classes: 4, batch: 10}
train: {epochs: 2, seed: 3, checkpoint_every: 7, keep_best: 2, average_best: true, ema: 0.5}
optimizer: {type: adamw, lr: 0.01}
run: {dir: run, tensorboard: true}
threads: %(threads)d
"""
TEXTS = """\
model: {type: text_classifier, dim: %(dim)d, depth: 2, heads: 2, mlp_dim: %(mlp)d}
data: {name: text_files, train_file: ../texts.csv, batch: 4, length: 8, validation: 0.2, test: 0.2}
tokenizer: {type: word, vocabulary: 100}
train: {epochs: 4, seed: 1}
run: {dir: run}
threads: %(threads)d
"""
TRANSLATIONS = """\
model: {type: translator, dim: %(dim)d, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: %(mlp)d}
data: {name: parallel_files, pair_files: [../pairs.tsv], root: '', tokens: 16, length: 8, validation: 5, test: 5}
tokenizer: {type: word, vocabulary: 100}
train: {epochs: 2, seed: 3}
run: {dir: run}
threads: %(threads)d
"""
RECIPES = {"images": IMAGES, "texts": TEXTS, "translations": TRANSLATIONS}


def idx(shape, values):
    return bytes([0, 0, 8, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + bytes(values)


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def make_data(folder):
    """Writes the data of all trainings below `folder`."""
    os.makedirs(f"{folder}/data", exist_ok=True)
    for part, first, count in (("train", 0, 100), ("t10k", 100, 40)):
        pixels = []
        for image in range(first, first + count):
            for row in range(8):
                for column in range(8):
                    noise = ((image * 8 + row) * 8 + column) * 2654435761 % 2**32 >> 26
                    pixels.append((160 if row * 4 // 8 == image % 4 else 20) + noise)
        write(f"{folder}/data/{part}-images-idx3-ubyte", idx([count, 8, 8], pixels))
        labels = [image % 4 for image in range(first, first + count)]
        write(f"{folder}/data/{part}-labels-idx1-ubyte", idx([count], labels))
    words = [(f"{ONES[i // 10]} {ONES[i % 10]}", f"{UNOS[i // 10]} {UNOS[i % 10]}") for i in range(100)]
    rows = [f"{english},{'no' if i % 3 else 'yes'}\n" for i, (english, _) in enumerate(words[:60])]
    write(f"{folder}/texts.csv", "text,label\n" + "".join(rows))
    write(f"{folder}/pairs.tsv", "".join(f"{english}\t{spanish}\n" for english, spanish in words))


class Training:
    """One call of `heed train` after the other in a folder of its own, beside that of the data."""

    def __init__(self, heed, folder, kind, dim, threads=1):
        self.heed, self.folder, self.run = heed, folder, f"{folder}/run"
        self.error_file = f"{os.path.dirname(folder)}.errors/{os.path.basename(folder)}"
        os.makedirs(folder)
        os.makedirs(os.path.dirname(self.error_file), exist_ok=True)
        write(f"{folder}/recipe.yaml", RECIPES[kind] % {"dim": dim, "mlp": 2 * dim, "threads": threads})

    def start(self, resume=False, environment=None):
        """The program, running."""
        with open(self.error_file, "wb") as errors:
            return subprocess.Popen(
                [self.heed, "train", "recipe.yaml"] + (["--resume"] if resume else []), cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                env={**os.environ, "OMP_WAIT_POLICY": "passive", **(environment or {})})

    def call(self, resume=False, environment=None, seconds=120):
        """Its exit code, or minus the signal that ended it; None where it had not ended in time."""
        return self.wait(self.start(resume, environment), seconds)

    def wait(self, process, seconds=120):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def errors(self):
        with open(self.error_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def files(self):
        """All files of the run by their path in it."""
        found = {}
        for folder, _, names in os.walk(self.run):
            for name in names:
                with open(f"{folder}/{name}", "rb") as file:
                    found[os.path.relpath(f"{folder}/{name}", self.run)] = file.read()
        return found


def temporary(name):
    return name.endswith(".heed-tmp")


def safetensors_problem(content):
    """What is wrong with the bytes of a safetensors file, or ''."""
    if len(content) < 8:
        return "no header"
    size = struct.unpack("<Q", content[:8])[0]
    try:
        header = json.loads(content[8:8 + size])
    except ValueError:
        return "a damaged header"
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return "" if 8 + size + max(ends) == len(content) else "a wrong size"


def events(content):
    """The steps, validations and tests of metrics.jsonl: what a resumed run has in common with an undisturbed one."""
    found = {}
    for line in content.decode().split("\n"):
        if line:
            record = json.loads(line)
            if record["event"] in ("step", "validation", "test"):
                numbers = {key: value for key, value in record.items() if not re.search(MEASURED, key)}
                found.setdefault(record["event"], []).append(numbers)
    return found


def curves(content):
    """The events of a TensorBoard file, without their times."""
    found, at = [], 0
    while at < len(content):
        length = struct.unpack("<Q", content[at:at + 8])[0]
        event = content[at + 12:at + 12 + length]
        if len(event) < length or len(content) < at + 16 + length:
            return found + ["a cut event"]
        found.append(event[9:])
        at += 16 + length
    return [event for event in found if not re.search(MEASURED.encode(), event)]


def unreadable(files):
    """What in a run's folder, at whatever moment it was left, cannot be read."""
    problems = []
    for name, content in files.items():
        if temporary(name):
            continue
        if name.endswith(".safetensors") and (problem := safetensors_problem(content)):
            problems.append(f"{name} has {problem}")
        if name == "report.html" and not content.rstrip().endswith(b"</html>"):
            problems.append("report.html is cut")
        if name == "recipe.yaml" and not content.endswith(b"\n"):
            problems.append("recipe.yaml is cut")
        if name == "metrics.jsonl":
            try:
                events(content[:content.rfind(b"\n") + 1])
            except ValueError:
                problems.append("metrics.jsonl has a damaged line")
    return problems


def differences(files, whole):
    """How the files of a run that has ended differ from those of one that was not disturbed."""
    problems = [f"{name} is there" for name in files.keys() - whole.keys()]
    problems += [f"{name} is missing" for name in whole.keys() - files.keys()]
    for name in files.keys() & whole.keys():
        if name.endswith(".safetensors") and files[name] != whole[name]:
            problems.append(f"{name} has other bits")
    problems += unreadable(files)
    if not problems and events(files["metrics.jsonl"]) != events(whole["metrics.jsonl"]):
        problems.append("metrics.jsonl has other events")
    for name in files.keys() & whole.keys():
        if "tfevents" in name and curves(files[name]) != curves(whole[name]):
            problems.append(f"{name} has other events")
    return problems
