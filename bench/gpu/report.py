#!/usr/bin/env python3
"""Tables of what bench/gpu.sh measured.

    report.py steps RESULTS.jsonl [--card NAME]     trainings against the processor, rates and MFU
    report.py kernels FILE.csv                      time by kernel, of ncu --csv --page raw

MFU is the rate of the products that the model asks for (forward once, backward twice; nothing that is computed again)
over the card's peak at that precision without sparsity.
"""
import argparse
import csv
import json
import re

# Dense TFLOP/s by the data sheets.
PEAKS = {"H100|H200": {"bf16": 989, "tf32": 495, "f32": 67}, "A100": {"bf16": 312, "tf32": 156, "f32": 19.5}}


def peak_of(card, precision):
    for name, peaks in PEAKS.items():
        if re.search(name, card):
            return peaks.get(precision)
    return None


def steps(a):
    with open(a.file) as file:
        lines = [json.loads(line) for line in file]
    for line in lines:
        if line.get("bench") == "copy":
            print(f"copy on the card: {line['gb_per_s']:.0f} GB/s")
        if line.get("bench") == "product":
            print(f"product 8192^3 {line['precision']}: {line['gflops'] / 1e3:.1f} TFLOP/s")
    trainings = [line for line in lines if "training" in line]
    if trainings:
        print("\ntraining     precision  steps  first loss   last loss  difference  processor s  device s")
    for line in trainings:
        if "error" in line:
            print(f"{line['training']:12} {line['precision']:9}  FAILED: {line['error'][:150]}")
        else:
            print(f"{line['training']:12} {line['precision']:9} {line['steps']:6} {line['first_loss']:11.6f} {line['last_loss']:11.6f} "
                  f"{line['difference']:11.1e} {line['processor_s']:12.1f} {line['device_s']:9.1f}"
                  + ("" if line["passed"] else "  OUT OF BOUNDS"))
    measured = [line for line in lines if line.get("gflops") and line.get("per_s")]
    if measured:
        print(f"\nsteps on {a.card}")
        print("model       by       precision form     batch   ms/step     items/s            TFLOP/s   MFU  peak MiB  first s")
    for line in measured:
        precision = line.get("precision", "f32")
        peak = peak_of(a.card, precision)
        model = line.get("cfg", line["bench"])
        share = f"{100 * line['gflops'] / 1e3 / peak:4.1f}%" if peak else "    -"
        first = f"{line['first_s']:8.1f}" if "first_s" in line else "       -"
        print(f"{model:11} {line.get('by', 'heed'):8} {precision:9} {line.get('form', '-'):8} {line['batch']:5} "
              f"{line['ms']:9.2f} {line['per_s']:11.1f} {line['unit']:13} {line['gflops'] / 1e3:9.2f} {share} "
              f"{line['peak_mb']:9.0f} {first}")


def short_name(kernel):
    """Without arguments and namespaces: product_kernel<128, 1>; of a kernel for any function, what defines that function."""
    name = kernel.replace("(anonymous namespace)", "").replace("<unnamed>", "")
    name = re.sub(r"^void |\((bool|int|unsigned int|long)\)", "", name)
    return re.sub(r"\w*::", "", re.sub(r"\(.*", "", name))[:70]


def kernels(a):
    with open(a.file, newline="") as file:
        lines = [line for line in file if line.startswith('"')]
    rows = csv.reader(lines)
    header, units = next(rows), next(rows)
    name, time = header.index("Kernel Name"), header.index("gpu__time_duration.sum")
    scale = {"ns": 1e-3, "nsecond": 1e-3, "us": 1, "usecond": 1, "ms": 1e3, "msecond": 1e3}[units[time]]
    total = {}
    for row in rows:
        count, spent = total.get(short_name(row[name]), (0, 0.0))
        total[short_name(row[name])] = count + 1, spent + scale * float(row[time].replace(",", ""))
    everything = sum(spent for _, spent in total.values())
    print(f"\nkernels: {sum(count for count, _ in total.values())} launches, {everything / 1e3:.2f} ms in them")
    print("share  total us  launches  kernel")
    for kernel, (count, spent) in sorted(total.items(), key=lambda item: -item[1][1]):
        print(f"{100 * spent / everything:4.1f}% {spent:9.0f} {count:9}  {kernel}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("table", choices=["steps", "kernels"])
    p.add_argument("file")
    p.add_argument("--card", default="", help="the name that nvidia-smi gives")
    a = p.parse_args()
    {"steps": steps, "kernels": kernels}[a.table](a)


if __name__ == "__main__":
    main()
