#!/usr/bin/python3
"""Predicts chains, builds the same for real, measures them with 'sigmatrix chain', and compares.

  tests/predict/compare.py BUILD [--list FILE] [--links-results FILE] [--results FILE] [--jobs N]
                           [--verbose]

Each line of the list is: SIGNAL WHOM CHAIN, where WHOM is root, group, tty or pid1. Exit status: 0
all that could be compared agree, 1 some do not, 2 something else went wrong."""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Skipped(Exception):
    """The chain cannot be built on this machine."""


def read_subject(directory, name):
    """A shell's or link's file: keys, and the files of its scene."""
    path = os.path.join(ROOT, directory, f"{name}.{directory[:-1]}")
    keys, files, block = {}, {}, None
    with open(path, encoding="utf-8") as source:
        for line in source.read().split("\n"):
            if line.startswith("    ") and block is not None:
                files[block].append(line[4:])
                continue
            block = None
            if not line or line.startswith("#"):
                continue
            key, _, value = line.partition(":")
            if key.startswith("file "):
                block = key[5:]
                files[block] = []
            elif key == "env":
                keys.setdefault("env", []).append(value.strip())
            else:
                keys[key] = value.strip()
    if "like" in keys:
        like, its_files = read_subject(directory, keys["like"])
        keys = {**like, **keys}
        files = {**its_files, **files}
    return keys, files


def is_there(keys):
    if shutil.which(keys["program"]) is None:
        return False
    probe = keys.get("probe", "").split()
    return not probe or subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True,
                                       timeout=60).returncode == 0


THERE = {}


def found(directory, name):
    key = (directory, name)
    if key not in THERE:
        THERE[key] = is_there(read_subject(directory, name)[0])
    return THERE[key]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, 0o700)


def build_link(subject, place, command):
    keys, files = read_subject("links", subject)
    quoted = shlex.join(command)
    for name, lines in files.items():
        write(os.path.join(place, name), "\n".join(lines).replace("${COMMAND}", quoted) + "\n")
    words = [keys["program"]] + keys.get("options", "").split()
    for word in keys.get("arguments", "${COMMAND}").split():
        if word == "${COMMAND}":
            words += command
        else:
            words.append(word.replace("${COMMAND:sh}", quoted).replace("${COMMAND}", quoted))
    return keys, words


# What follows, or goes before, a command in each form; the words of each dialect.
NOTHING = {"posix": ":", "fish": ":", "csh": ":", "rc": "~ x x", "elvish": "nop"}
FORMS = {
    "script": "{command}\n{nothing}\n",
    "last": "{nothing}\n{command}\n",
    "exec": "{nothing}\nexec {command}\n",
    "wait": "{command} &\nwait\n",
    "trap": "trap 'kill -{signal} \"$!\"' {signal}\n{command} &\nwait\nwait\n",
}


def build_shell(subject, form, place, command, sig):
    keys, _ = read_subject("shells", subject)
    dialect = keys.get("dialect", "posix")
    if dialect != "posix" and form == "trap":
        raise Skipped(f"no trap of {subject}'s dialect")
    program = keys["program"]
    if keys.get("argv0", os.path.basename(program)) != os.path.basename(program):
        program = os.path.join(place, keys["argv0"])
        os.symlink(shutil.which(keys["program"]), program)
    words = [program] + keys.get("options", "").split()
    if form == "-c":
        return keys, words + ["-c", shlex.join(command)]
    text = FORMS[form].format(command=shlex.join(command), nothing=NOTHING[dialect], signal=sig)
    write(os.path.join(place, "script"), text)
    return keys, words + ["./script"]


def build(stages, sig, place, job):
    """The words of the first stage, and of each stage by itself, as 'ps' would show them."""
    command, shown = [], [None] * len(stages)
    for i in reversed(range(len(stages))):
        stage, here = stages[i], os.path.join(place, str(i + 1))
        os.makedirs(here, exist_ok=True)
        if stage["form"] == "" and stage["subject"] == "job":
            number = int(getattr(signal, "SIG" + sig))
            command = [job] + (["handles", str(number)] if "handles" in stage["text"] else [])
            shown[i] = command
            continue
        directory = "shells" if stage["form"] else "links"
        if not found(directory, stage["subject"]):
            raise Skipped(f"{stage['subject']} is not here")
        if stage["form"]:
            keys, words = build_shell(stage["subject"], stage["form"], here, command, sig)
        else:
            keys, words = build_link(stage["subject"], here, command)
        shown[i] = words
        # env becomes the program, and is not seen. Nothing is set without need: mksh -c does not
        # become a command in whose words there is a '='.
        command = ["/usr/bin/env", "-C", here, *keys.get("env", []), *words]
    return command, shown


def sigmatrix(binary, *words):
    done = subprocess.run([binary, *words], capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=600)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"{shlex.join(words)}: {done.stderr.decode('utf-8', 'replace')}")
    return json.loads(done.stdout)


# All that predict asks shells for: a file of these alone is read in a moment.
ASKED = re.compile(r"forwarding/|pid1/|exec/(simple-command|script-last-line|script-explicit-exec"
                   r"|async-wait)$|groups/script-|inheritance/(background-children|command-children|script-children"
                   r"|last-command)$")


def trim(path, place):
    with open(path, encoding="utf-8") as source:
        document = json.load(source)
    for part, name in (("cells", "case"), ("cases", "name")):
        document[part] = [one for one in document[part] if ASKED.match(one[name])]
    trimmed = os.path.join(place, "shells.json")
    with open(trimmed, "w", encoding="utf-8") as out:
        json.dump(document, out)
    return trimmed


def match(predicted, measured, shown):
    """Which measured hop is which predicted one: by its command line, else by its place in line."""
    pairs, free = {}, list(measured["hops"])
    for hop in predicted["hops"]:
        for real in free:
            if not hop["middle"] and real["command"] == " ".join(shown[hop["stage"] - 1]):
                pairs[hop["hop"]] = real
                free.remove(real)
                break
    for hop in predicted["hops"]:
        if hop["hop"] not in pairs and free:
            pairs[hop["hop"]] = free.pop(0)
    return pairs, free


def sender(value, numbers):
    if isinstance(value, int):
        return numbers.get(value, "another process")
    return {"outside": "kernel"}.get(value, value)


def view(hop, numbers):
    return {
        "got": {None: None, "pending": "pending"}.get(hop["got"], "got"),
        "from": sender(hop["from"], numbers),
        "did": hop["did"],
        "survived": hop["survived"],
    }


def compare(predicted, measured, shown):
    """Differences, as sentences; none: they agree."""
    pairs, free = match(predicted, measured, shown)
    by_pid = {real["pid"]: hop for hop, real in pairs.items()}
    by_hop = {hop["hop"]: hop["hop"] for hop in predicted["hops"]}
    differences = []
    for hop in predicted["hops"]:
        if hop["middle"]:
            continue
        if hop["hop"] not in pairs:
            differences.append(f"hop {hop['hop']} was not there")
            continue
        ours, theirs = view(hop, by_hop), view(pairs[hop["hop"]], by_pid)
        if hop["or"] and theirs["did"] == hop["or"]:
            ours["did"] = hop["or"]
        for key in ours:
            if ours[key] != theirs[key]:
                differences.append(f"hop {hop['hop']} {key}: predicted {ours[key]}, "
                                   f"measured {theirs[key]}")
    middles = sum(hop["middle"] for hop in predicted["hops"])
    if len(free) > middles:
        differences.append("more processes: " + "; ".join(real["command"] for real in free))
    if predicted["verdict"] != measured["verdict"]:
        differences.append(f"verdict: predicted {predicted['explanation']!r}, "
                           f"measured {measured['explanation']!r}")
    elif predicted["breaks_at"] is not None:
        # Which of a stage's own processes it is, no cell tells.
        stages = {hop["hop"]: hop["stage"] for hop in predicted["hops"]}
        real = measured["hops"][measured["breaks_at"] - 1]
        if stages.get(by_pid.get(real["pid"])) != stages[predicted["breaks_at"]]:
            differences.append(f"predicted {predicted['explanation']!r}, "
                               f"measured {measured['explanation']!r}")
    return differences


def play(options, line):
    """(what became of the line, lines about it)"""
    sig, whom, chain = line.split(None, 2)
    to = ["--to", "root" if whom == "pid1" else whom]
    files = []
    if options.links_results:
        files += ["--links-results", options.links_results]
    files += ["--results", options.results]
    binary = os.path.join(options.build, "sigmatrix")
    predicted = sigmatrix(binary, "predict", "--signal", sig, *to, *files, "--format", "json",
                          *(["--pid1"] if whom == "pid1" else []), chain)
    if predicted["verdict"] == "unknown":
        return "unknown", [predicted["explanation"]]
    place = tempfile.mkdtemp(prefix="predict.")
    try:
        command, shown = build(predicted["stages"], sig, place, os.path.join(options.build, "job"))
        measured = sigmatrix(binary, "chain", "--quiet", "--signal", sig, *to, "--format", "json",
                             *(["--profile", "docker-stop"] if whom == "pid1" else []), "--",
                             *command)
    except Skipped as why:
        return "n/a", [str(why)]
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if measured["verdict"] == "unmeasured":
        return "unmeasured", [measured["explanation"]]
    differences = compare(predicted, measured, shown)
    return ("disagrees" if differences else "agrees"), differences


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--list", default=os.path.join(ROOT, "tests/predict/chains.txt"))
    parser.add_argument("--links-results")
    parser.add_argument("--results", default=os.path.join(ROOT, "results/matrix.json"))
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    with open(options.list, encoding="utf-8") as source:
        lines = [line.strip() for line in source if line.strip() and line[0] != "#"]
    counts = {}
    with tempfile.TemporaryDirectory(prefix="predict.") as place:
        options.results = trim(options.results, place)
        counts = play_all(options, lines)
    return tell(counts)


def play_all(options, lines):
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line, (outcome, about) in zip(lines, pool.map(lambda l: play(options, l), lines)):
            counts[outcome] = counts.get(outcome, 0) + 1
            if outcome != "agrees" or options.verbose:
                print(f"{outcome}: {line}")
                for text in about:
                    print(f"    {text}")
                sys.stdout.flush()
    return counts


def tell(counts):
    compared = counts.get("agrees", 0) + counts.get("disagrees", 0)
    print(f"{counts.get('agrees', 0)} of {compared} chains that were compared agree"
          + (f" ({100 * counts.get('agrees', 0) / compared:.1f} %)" if compared else "") + "; "
          + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())))
    return 1 if counts.get("disagrees") or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
