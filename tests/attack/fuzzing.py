"""Damaged input: the fuzzer of tests/attack/fuzz, in the long form in a build of its own that sees new ways through the
program and has the sanitizers."""

import os
import re
import subprocess

PROGRAM = "attack_tests"
ENVIRONMENT = {
    "ASAN_OPTIONS": "max_allocation_size_mb=1500:hard_rss_limit_mb=4000", "UBSAN_OPTIONS": "print_stacktrace=1"}


def build_of(options):
    if not options.long:
        return options.build
    subprocess.run(["cmake", "--preset", "fuzz"], cwd=options.root, check=True, stdout=subprocess.DEVNULL)
    return f"{options.root}/build/fuzz"


def fuzz(attack):
    """Stored inputs and changes of them, given to every reader of outside data."""
    build = build_of(attack.options)
    subprocess.run(["cmake", "--build", build, "--target", PROGRAM, "--", "--quiet"], check=True)
    program = f"{build}/bin/tests/{PROGRAM}"
    environment = {**os.environ, **ENVIRONMENT, "HEED_SOURCE_DIR": attack.options.root, "TMPDIR": attack.folder,
                   "HEED_FUZZ_SEED": str(attack.options.seed), "OMP_NUM_THREADS": "1"}
    if attack.options.long:
        environment.update(HEED_FUZZ_INPUTS="1e15", HEED_FUZZ_SECONDS=str(attack.options.fuzz_seconds))

    def trial(_, entry):
        folder = f"{attack.folder}/{entry}"
        os.makedirs(folder)
        result = subprocess.run([program, f"--gtest_filter=*/{entry}"], cwd=folder, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
        for number, what in re.findall(r"(\d+) (stored|changed|kept)", result.stdout):
            attack.count(f"{what} inputs", int(number))
        if attack.options.long:
            print(f"  {entry}: {' '.join(re.findall('(?<=: )[0-9]+ stored.*', result.stdout))}", flush=True)
        if result.returncode == 0:
            return []
        with open(f"{folder}/output", "w", encoding="utf-8") as file:
            file.write(result.stdout)
        found = re.findall(r"^(?:Failed|.*ERROR: .*|.*runtime error.*|/.*: it .*)$", result.stdout, re.M)
        return found or [f"it ended with {result.returncode}, see {folder}"]

    attack.run(trial, sorted(os.listdir(f"{attack.options.root}/tests/attack/corpus")))
