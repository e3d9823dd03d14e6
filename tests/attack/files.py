"""Attacks on the files of a training: the program is killed at an operation, or the operation fails."""

import collections
import errno
import os
import re
import shutil
import subprocess

import trainings

# What a failing system says, and what it can say at all.
ERRORS = {
    "open": ["ENOSPC", "EMFILE", "EIO", "EDQUOT"], "open_to_read": ["EMFILE", "EIO"], "read": ["EIO"],
    "write": ["ENOSPC", "EIO", "EDQUOT", "full:ENOSPC"], "sync": ["EIO", "ENOSPC", "EDQUOT"], "rename": ["ENOSPC", "EIO", "EDQUOT"],
    "mkdir": ["ENOSPC", "EIO", "EDQUOT"], "unlink": ["EIO"], "truncate": ["EIO"], "lock": ["EIO"], "map": ["ENOMEM"],
    "list": ["EIO", "EMFILE"]}
TO_WRITE = ("open", "write", "sync", "rename", "mkdir", "truncate")  # of them something is missing in the end
TO_READ = ("open_to_read", "read", "map", "list")  # leave nothing behind that a kill could tear

Operation = collections.namedtuple("Operation", "kind number path")


class Files:
    """A training of one kind, undisturbed, with the list of its file operations."""

    def __init__(self, attack, kind):
        self.attack, self.kind = attack, kind
        self.folder = f"{attack.folder}/{kind}"
        trainings.make_data(self.folder)
        log = f"{attack.folder}/{kind}.operations"
        whole = self.training("whole")
        code = whole.call(environment=self.shim(log=log))
        if code != 0:
            raise SystemExit(f"the undisturbed training of {kind} ended with {code}: {whole.errors()}")
        self.whole = whole.files()
        self.operations, counts = [], collections.Counter()
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                name, path = line.rstrip("\n").split(" ", 1)
                counts[name] += 1
                self.operations.append(Operation(name, counts[name], os.path.relpath(path, whole.folder)))

    def training(self, name):
        return trainings.Training(self.attack.options.heed, f"{self.folder}/{name}", self.kind, 16)

    def shim(self, log=None, fault=None):
        variables = {"LD_PRELOAD": self.attack.options.file_faults, "FILE_FAULTS_ROOT": f"{self.folder}/"}
        return {**variables, **({"FILE_FAULTS_LOG": log} if log else {}), **({"FILE_FAULTS": fault} if fault else {})}

    def left_behind(self, training):
        """What is wrong with the folder of a run that has stopped somewhere."""
        problems = trainings.unreadable(training.files())
        if os.path.exists(f"{training.run}/checkpoints/last.safetensors"):
            info = subprocess.run([training.heed, "info", training.run], capture_output=True, check=False, timeout=60)
            if info.returncode != 0:
                problems.append(f"info cannot read the run: {info.stderr.decode(errors='replace').strip()}")
        return problems

    def resumed(self, training):
        """What is wrong with the run once it has been gone on with."""
        code = training.call(resume=os.path.isdir(training.run))
        if code != 0:
            return [f"the resumed run ended with {code}: {training.errors().strip()[-300:]}"]
        problems = trainings.differences(training.files(), self.whole)
        if not problems:
            shutil.rmtree(training.folder)
        return problems


def kills(attack):
    """SIGKILL before, behind and amid file operations, then --resume."""
    for kind in trainings.RECIPES:
        files = Files(attack, kind)
        cases = [(operation, action) for operation in files.operations if operation.kind not in TO_READ
                 for action in ("kill", "half" if operation.kind == "write" else "after")]
        writes = [case for case in cases if case[0].kind == "write"]
        others = [case for case in cases if case[0].kind != "write"]
        cases = attack.spread(others, 8) + attack.spread(writes, 4, None if kind == "images" else 150)

        def trial(number, case, files=files):
            operation, action = case
            training = files.training(str(number))
            code = training.call(environment=files.shim(fault=f"{operation.kind}:{operation.number}:{action}"))
            if code != -9:
                return [f"it was to be killed, but ended with {code}"]
            attack.count("kills")
            problems = files.left_behind(training)
            if not problems and number % 3 == 0:  # the resumed run is killed, too
                again = attack.random.randrange(1, 6)
                code = training.call(resume=os.path.isdir(training.run),
                                     environment=files.shim(fault=f"{operation.kind}:{again}:{action}"))
                attack.count("kills of resumed runs", code == -9)
                problems = files.left_behind(training) if code in (0, -9) else [f"the resumed run ended with {code}"]
                if code == 0:
                    return problems + trainings.differences(training.files(), files.whole)
            return problems or files.resumed(training)

        attack.run(trial, cases)


def names_of(path):
    """What an error may call a file: its own name, that which a temporary file is to get, or that of its folder."""
    name = re.sub(r"^\.(.+)\.\d+-\d+\.heed-tmp$", r"\1", os.path.basename(path))
    return [name, os.path.basename(os.path.dirname(path))]


def faults(attack):
    """File operations fail: one sentence that names the file, nothing torn, and the run can be gone on with."""
    for kind in trainings.RECIPES:
        files = Files(attack, kind)
        cases = []
        for operation in files.operations:
            errors = ERRORS[operation.kind]
            if operation.kind == "write":  # there are many of them: one error each
                errors = [errors[operation.number % len(errors)]]
            cases += [(operation, error) for error in errors]
        writes = [case for case in cases if case[0].kind == "write"]
        others = [case for case in cases if case[0].kind != "write"]
        cases = attack.spread(others, 8) + attack.spread(writes, 4, None if kind == "images" else 150)

        def trial(number, case, files=files):
            operation, error = case
            what = re.sub("[A-Z]+", lambda name: str(getattr(errno, name.group())), error)
            training = files.training(str(number))
            code = training.call(environment=files.shim(fault=f"{operation.kind}:{operation.number}:{what}"))
            attack.count("failing operations")
            if code == 0:
                attack.count("of no consequence")
                passed_over = [f"it was passed over in silence: {operation}"] if operation.kind in TO_WRITE else []
                return passed_over + trainings.differences(training.files(), files.whole)
            text = training.errors()
            problems = files.left_behind(training)
            if code != 1:
                problems.append(f"it ended with {code}: {text.strip()[-300:]}")
            last = text.rstrip("\n").split("\n")[-1]
            if text.count("heed: error: ") != 1 or not last.startswith("heed: error: "):
                problems.append(f"expected one sentence, got: {text.strip()[-300:]}")
            elif not any(name in last for name in names_of(operation.path)):
                problems.append(f"the error does not name {operation.path}: {last}")
            log = training.files().get("log.txt", b"").decode()
            if log and "full" not in error and "log.txt" not in operation.path and last[len("heed: error: "):] not in log:
                problems.append(f"log.txt does not say why it ended: {last}")
            problems += [f"{name} is left" for name in training.files() if trainings.temporary(name)]
            return problems or files.resumed(training)

        attack.run(trial, cases)
