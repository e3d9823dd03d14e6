#!/usr/bin/env python3
"""Training steps and decoding: Heed against PyTorch, in alternation.

    compare.py --heed BUILD/bin/bench --peer FOLDER [--python PYTHON] [--case mnist ...] [--rounds 5]

The speed of a shared machine drifts by more than the difference that is asked for. So every round runs Heed and each
form of PyTorch once, a few seconds each, one after the other, and what counts is the median over the rounds of the
ratio within a round. FOLDER holds PyTorch's programs vit.py, textclf.py and nmt.py, which print one JSON line with
"wall_ms", "best_ms" and "cpu_ms"; PYTHON is an interpreter that has torch. The cases:

    mnist, cifar, tiny16    a training step of a vision transformer
    classifier              a training step of a text classifier: 512 tokens, d 128, 2 blocks, batch 32
    translator              a training step of a translator: 32 tokens, d 256, 4 + 4 blocks, 16,000 words, batch 64
    greedy, beam            32 steps of decoding with that translator: 64 sentences, or 16 with 4 beams

The forms of PyTorch (decoding has no optimizer, there default and fused are the same):

    fused           AdamW in its fused form
    default         AdamW as it comes
    fused+malloc    fused, and the C library told never to give memory back (faster for large batches)
    default+malloc

A ratio is Heed's time over PyTorch's: below 1, Heed is faster. "wall" is the clock, "cpu" the processor time of all
threads, which other programs on the machine disturb less; with passive waiting both are comparable.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

MALLOC = ("glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184:"
          "glibc.malloc.top_pad=268435456")
FORMS = ("fused", "default", "fused+malloc", "default+malloc")

# Heed's program and PyTorch's, with their arguments, and whether there is an optimizer.
CASES = {
    **{cfg: (["bench_training_step", "--cfg", cfg], ["vit.py", "--cfg", cfg, "--batch", batch], True)
       for cfg, batch in (("mnist", "64"), ("cifar", "64"), ("tiny16", "16"))},
    "classifier": (["bench_text_step", "--task", "classifier"],
                   ["textclf.py", "--cfg", "small512", "--batch", "32"], True),
    "translator": (["bench_text_step", "--task", "translator"], ["nmt.py", "--batch", "64"], True),
    "greedy": (["bench_text_step", "--task", "greedy"], ["nmt.py", "--task", "decode", "--batch", "64"], False),
    "beam": (["bench_text_step", "--task", "beam"],
             ["nmt.py", "--task", "decode", "--batch", "16", "--beam", "4"], False),
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--heed", required=True, help="folder of Heed's benchmarks")
    p.add_argument("--peer", required=True, help="folder of PyTorch's programs")
    p.add_argument("--python", default=sys.executable, help="a Python that has torch")
    p.add_argument("--case", nargs="+", default=list(CASES), choices=CASES)
    p.add_argument("--forms", nargs="+", default=["fused", "default", "fused+malloc"], choices=FORMS)
    p.add_argument("--attention", default="sdpa", help="attention type of Heed (PyTorch's is always sdpa)")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=3.0, help="measuring time of each run")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--wait", default="passive", choices=["passive", "active"], help="OMP_WAIT_POLICY of both")
    p.add_argument("--log", help="file to which every JSON line is appended")
    return p.parse_args()


def run(command, environment, log):
    """The JSON line of one run."""
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    line = done.stdout.strip().splitlines()[-1]
    if log:
        with open(log, "a") as file:
            file.write(line + "\n")
    result = json.loads(line)
    return {"wall": result.get("wall_ms", result["ms"]), "best": result["best_ms"], "cpu": result["cpu_ms"]}


def heed_run(a, case):
    program, *arguments = CASES[case][0]
    command = [os.path.join(a.heed, program), *arguments, "--seconds", str(a.seconds), "--threads", str(a.threads),
               "--attention", a.attention]
    return run(command, dict(os.environ, OMP_WAIT_POLICY=a.wait), a.log)


def peer_run(a, case, form):
    optimizer, _, malloc = form.partition("+")
    environment = dict(os.environ, OMP_WAIT_POLICY=a.wait)
    if malloc:
        environment["GLIBC_TUNABLES"] = MALLOC
    _, (program, *arguments), trains = CASES[case]
    command = [a.python, os.path.join(a.peer, program), *arguments, "--seconds", str(a.seconds), "--threads",
               str(a.threads), "--tag", form, *(["--opt", optimizer] if trains else [])]
    return run(command, environment, a.log)


def compare(a, case):
    runs = {form: [] for form in ["heed", *a.forms]}
    for _ in range(a.rounds):
        runs["heed"].append(heed_run(a, case))
        for form in a.forms:
            runs[form].append(peer_run(a, case, form))
    median = {form: {key: statistics.median(r[key] for r in rows) for key in ("wall", "cpu")}
              for form, rows in runs.items()}
    best = {form: min(r["best"] for r in rows) for form, rows in runs.items()}
    print(f"{case} ({a.rounds} rounds of {a.seconds:g} s, {a.threads} threads, {a.wait} waiting)")
    print(f"  {'':16}{'wall ms':>9}{'best ms':>9}{'cpu ms':>9}  ratio {'wall':>6}{'best':>7}{'cpu':>7}")
    for form, rows in runs.items():
        line = f"  {form:16}{median[form]['wall']:9.1f}{best[form]:9.1f}{median[form]['cpu']:9.1f}"
        if form != "heed":
            ratio = {key: statistics.median(h[key] / r[key] for h, r in zip(runs["heed"], rows))
                     for key in ("wall", "cpu")}
            line += f"        {ratio['wall']:6.2f}{best['heed'] / best[form]:7.2f}{ratio['cpu']:7.2f}"
        print(line, flush=True)


def main():
    a = arguments()
    for case in a.case:
        compare(a, case)


if __name__ == "__main__":
    main()
