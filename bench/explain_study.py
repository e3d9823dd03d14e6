#!/usr/bin/env python3
"""The tables of docs/results/explain.md, from what `heed explain RUN --split test --json` printed.

    python3 bench/explain_study.py NAME SEED1.jsonl [SEED2.jsonl ...]

One file a seed of the same recipe, over the same samples. Differences to raw attention are taken input by input, each
input being the mean over the seeds that have a value; intervals are Student's t of 95 % over inputs (SciPy). "seeds"
says in how many of them the mean difference has the sign of the whole.
"""

import json
import sys

from scipy import stats

RAW = "raw"
METHODS = ("unchanged", "affine point", "newton", "active set", "given row")


def samples_of(path):
    """The explained inputs by their name; a translation has several predictions, which are one input together."""
    inputs = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            sample = json.loads(line)
            if "input" in sample:
                inputs.setdefault(sample["input"], []).append(sample)
    return inputs


def mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def interval(values):
    """Mean and half of its interval of 95 %."""
    if len(values) < 2:
        return mean(values), float("nan")
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return mean(values), half


def all_samples(seeds):
    return [sample for inputs in seeds for samples in inputs.values() for sample in samples]


def head_rows(seeds):
    """What least-norm attention changes, over all heads of a place, inputs and seeds."""
    print("| place | keys | head size | rank of [T, 1] | rows changed | heads with a changed row | TVD of all rows | greatest "
          "| JSD, nats | entropy | of least norm | support | of least norm | negative mass of effective |")
    print("|---|" + "---:|" * 13)
    heads = [head for sample in all_samples(seeds) for head in sample["heads"]]
    for place in dict.fromkeys(head["place"] for head in heads):
        here = [head for head in heads if head["place"] == place]
        rows = sum(head["queries"] for head in here)

        def of(key, heads=here, rows=rows):
            return sum(head["queries"] * head[key] for head in heads) / rows

        changed = sum(head["changed_rows"] for head in here)
        touched = sum(head["changed_rows"] > 0 for head in here)
        print(f"| {place} | {of('keys'):.1f} | {here[0]['value_dim']} | {of('rank'):.1f} | {changed / rows:.1%} "
              f"| {touched / len(here):.1%} | {of('total_variation'):.4f} "
              f"| {max(head['greatest_total_variation'] for head in here):.3f} | {of('jensen_shannon'):.4f} "
              f"| {of('entropy'):.3f} | {of('least_norm_entropy'):.3f} | {of('support'):.1f} "
              f"| {of('least_norm_support'):.1f} | {of('effective_negative_mass'):.4f} |")
    print()
    methods = {name: sum(head["rows_by_method"][name] for head in heads) for name in METHODS}
    total = sum(methods.values())
    print("Rows by method: " + ", ".join(f"{name} {methods[name]:,} ({methods[name] / total:.2%})" for name in METHODS)
          + f"; greatest error of an output {max(head['greatest_output_error'] for head in heads):.0e}, of optimality "
          f"{max(head['greatest_optimality_error'] or 0 for head in heads):.0e}.\n")


def check_rows(seeds):
    """Other weights put into all heads at once."""
    print("| in the place of attention | predictions | the same | greatest difference of a logit, over the greatest logit |")
    print("|---|---:|---:|---:|")
    samples = all_samples(seeds)
    for name, text in (("least_norm", "least-norm attention"), ("random_equivalent", "a random one of the same output"),
                       ("clipped_effective", "effective attention, clipped and normalised")):
        same = sum(sample["implementation_check"][name]["same_prediction"] for sample in samples)
        worst = max(sample["implementation_check"][name]["greatest_logit_difference"] /
                    sample["implementation_check"]["greatest_logit"] for sample in samples)
        print(f"| {text} | {len(samples)} | {same / len(samples):.1%} | {worst:.0e} |")
    print()


def value_of(sample, removal, measure, what):
    found = sample["removals"][removal]
    if what in ("comprehensiveness_area", "sufficiency_area"):
        return found["curves"][measure][what]
    kind, size = what.split(" ")
    if kind not in found:
        return None
    order = found[kind]["by_order"][measure]
    if size == "prefix":
        return order["prefix"]
    return None if order["units"] is None else len(order["units"])


def measure_rows(seeds):
    """Each measure and its difference from raw attention."""
    sample = all_samples(seeds)[0]
    columns = (("comprehensiveness_area", "comprehensiveness"), ("sufficiency_area", "sufficiency"),
               ("necessary prefix", "necessary, prefix"), ("necessary pruned", "necessary, pruned"),
               ("sufficient prefix", "sufficient, prefix"), ("sufficient pruned", "sufficient, pruned"))
    for removal, found in sample["removals"].items():
        measures = list(found["curves"])
        print(f"Removal `{removal}`:\n")
        print("| measure | " + " | ".join(text for _, text in columns) + " |")
        print("|---|" + "---:|" * len(columns))
        for measure in measures:
            cells = [cell(seeds, removal, measure, what) for what, _ in columns]
            print(f"| {measure} | " + " | ".join(cells) + " |")
        print()


def cell(seeds, removal, measure, what):
    names = [name for name in seeds[0] if all(name in inputs for inputs in seeds)]
    values, differences, by_seed = [], [], [[] for _ in seeds]
    for name in names:
        own, apart = [], []
        for number, inputs in enumerate(seeds):
            pairs = [(value_of(sample, removal, measure, what), value_of(sample, removal, RAW, what))
                     for sample in inputs[name]]
            own.append(mean([pair[0] for pair in pairs]))
            difference = mean([a - b for a, b in pairs if a is not None and b is not None])
            apart.append(difference)
            if difference is not None:
                by_seed[number].append(difference)
        if mean(own) is not None:
            values.append(mean(own))
        if mean(apart) is not None:
            differences.append(mean(apart))
    if not values:
        return "none found"
    digits = 4 if what.endswith("area") else 2
    text = f"{mean(values):.{digits}f}"
    if measure == RAW or not differences:
        return text
    middle, half = interval(differences)
    if not any(differences):
        return f"{text}, equal"
    if half != half:
        return f"{text}, {middle:+.{digits}f}"
    same = sum((mean(values) or 0) * middle > 0 for values in by_seed)
    bold = "**" if abs(middle) > half else ""
    return f"{text}, {bold}{middle:+.{digits}f} ± {half:.{digits}f}{bold} ({same}/{len(seeds)})"


def main():
    name, paths = sys.argv[1], sys.argv[2:]
    seeds = [samples_of(path) for path in paths]
    samples = all_samples(seeds)
    right = sum(sample["predicted"] and sample["explained"] in sample.get("truth", [sample["explained"]])
                for sample in samples)
    print(f"## {name}\n\n{len(seeds)} seeds, {len(seeds[0])} inputs of {mean([len(s['units']) for s in samples]):.1f} "
          f"tokens on average; {right / len(samples):.1%} of the predictions are those of the labels.\n")
    head_rows(seeds)
    check_rows(seeds)
    measure_rows(seeds)


if __name__ == "__main__":
    main()
