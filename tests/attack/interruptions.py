"""Attacks by signals, at a width at which the kernels of oneDNN with the stack pointer in the heap take most of the
time: a run that is stopped again and again, and one that a profiler interrupts all the time."""

import os
import random
import re
import signal
import time

import trainings

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
DIM, THREADS = 256, 2


def lines_of(training):
    try:
        with open(f"{training.run}/metrics.jsonl", "rb") as file:
            return file.read().count(b"\n")
    except FileNotFoundError:
        return 0


def stopped_again_and_again(attack, training, chance, length, profiler):
    """Stops and resumes the training at random moments until it has ended; returns what went wrong."""
    for _ in range(12):
        one = chance.choice(SIGNALS)
        before = lines_of(training)
        process = training.start(resume=os.path.isdir(training.run), environment=profiler)
        time.sleep(chance.uniform(0, length))
        process.send_signal(one)
        code = training.wait(process)
        attack.count("signals")
        if code == 0:
            return []
        ended = os.path.exists(f"{training.run}/finished")
        if code == -one:  # it came before the program had begun to listen, or when it had said all
            if lines_of(training) != before and not ended:
                return [f"{one.name} ended it in the middle of its work"]
        elif code != 128 + one:
            return [f"{one.name} was answered with {code}: {training.errors().strip()[-300:]}"]
        elif not re.search(r"go on with --resume|stopped by SIG", training.errors()):
            return [f"{one.name} was answered without a word: {training.errors().strip()[-300:]}"]
        else:
            attack.count("obeyed")
        problems = trainings.unreadable(training.files())
        if problems or ended:
            return problems
    return []


def signals(attack):
    """SIGTERM, SIGINT and SIGHUP at random moments, and SIGPROF all the time, at dim 256."""
    attack.options.jobs, jobs = 1, attack.options.jobs  # each has two threads
    for kind in trainings.RECIPES:
        folder = f"{attack.folder}/{kind}"
        trainings.make_data(folder)

        def training(name, folder=folder, kind=kind):
            return trainings.Training(attack.options.heed, f"{folder}/{name}", kind, DIM, THREADS)

        whole = training("whole")
        started = time.monotonic()
        if whole.call() != 0:
            raise SystemExit(f"the undisturbed training of {kind} failed: {whole.errors()}")
        length = time.monotonic() - started
        files = whole.files()

        def trial(number, case, training=training, length=length, files=files):
            interval, seed = case
            one = training(str(number))
            profiler = {"LD_PRELOAD": attack.options.profiler, "PROFILER_MICROSECONDS": str(interval)} if interval else {}
            problems = stopped_again_and_again(attack, one, random.Random(seed), length, profiler) if seed else []
            if problems:
                return problems
            if not os.path.exists(f"{one.run}/finished"):
                code = one.call(resume=os.path.isdir(one.run), environment=profiler)
                if code != 0:
                    return [f"the last run ended with {code}: {one.errors().strip()[-300:]}"]
            attack.count("runs")
            return trainings.differences(one.files(), files)

        # The interval of the profiler in microseconds (0: none), and of which signals (0: none).
        cases = [(200, 0)] + [(300 * (i % 3 == 2), attack.random.randrange(1, 2**32)) for i in range(attack.number(2, 20))]
        attack.run(trial, cases)
    attack.options.jobs = jobs
