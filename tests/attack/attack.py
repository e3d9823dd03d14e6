"""What all attacks have in common: counts, findings, and trials that run beside each other."""

import concurrent.futures
import os
import random
import shutil
import threading


class Attack:
    """Counts what was done and collects what was found. A finding keeps its folder."""

    def __init__(self, name, options):
        self.name, self.options = name, options
        self.random = random.Random(f"{options.seed} {name}")
        self.folder = f"{options.scratch}/{name}"
        self.counts, self.findings = {}, []
        self.lock = threading.Lock()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + number

    def find(self, where, problem):
        with self.lock:
            self.findings.append(f"{where}: {problem}")
            print(f"  FOUND {self.name}: {where}: {problem}", flush=True)

    def run(self, trial, cases):
        """Calls trial(number, case), which returns its findings, for every case: as many at once as there are cores."""
        def one(number, case):
            try:
                problems = trial(number, case)
            except Exception as error:  # of the judge: what it read was not as it expects
                problems = [f"{type(error).__name__}: {error}"]
            for problem in problems:
                self.find(f"{case} (trial {number})", problem)
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(one, range(len(cases)), cases))

    def number(self, short, long):
        """How many trials of a kind that has no end."""
        return long if self.options.long else short

    def spread(self, cases, short, long=None):
        """So many of the cases, evenly spread, the same for the same seed; all of them in the long form without `long`."""
        count = self.number(short, long or len(cases))
        if len(cases) <= count:
            return cases
        width = len(cases) / count
        return [cases[int((i + self.random.random()) * width)] for i in range(count)]
