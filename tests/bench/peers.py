#!/usr/bin/env python3
"""peers.py - rows of the reference detectors on one spliced log, for recall.sh.

usage: peers.py TOOLS bench LOG FOLDER          the detectors of TOOLS/bench_splice.py
       peers.py TOOLS reference LOG FOLDER DATA the sketches of TOOLS/reference
LOG is completejourney, onlineretail or taobao; FOLDER has spliced.csv and truth.csv; DATA has the logs.
Prints detector,budget,recall,far,delay_events,delay_days with the thresholds of the dev users; what the
tools say themselves goes to standard error. Nothing is written into TOOLS.
"""
import contextlib
import csv
import os
import pickle
import runpy
import sys
import tempfile

# Options of bench_splice.py and the name in TOOLS/reference, as TOOLS/reference/README.md has them.
LOGS = {
    "completejourney": ("cj", "--sess 3600 --step-days 7", ".1,.25,.5,1"),
    "onlineretail": ("onl", "--sess 3600 --step-days 7", ".1,.25,.5,1"),
    "taobao": ("tao", "--sess 1800 --step-days .25", "5,10,20,50"),
}
BENCH = "ewma,cusum,adwin-stat,focusp-scan,bocpd-dm,sr-dm,srd-dm,srd-disc50"
SKETCHES = {"SR-DM": "SR-DM", "offline-bf": "offline-bf", "SRj sess-end": "SRj",
            "SRj/(n+10)^.25": "SRj/(n+10)^.25", "LIN S2+cosi": "LIN 25", "LIN S2+L+cosi": "LIN 11"}


def put(row, budget, figures):
    print(",".join([row, "%g" % budget] + ["" if x != x else "%.6g" % x for x in figures]))


def bench(tools, log, folder):
    import bench_splice
    sys.argv = ["bench_splice.py", folder, "--dedupe", "--quiet", "--dets", BENCH,
                "--budgets", LOGS[log][2]] + LOGS[log][1].split()
    with contextlib.redirect_stdout(sys.stderr):
        found, rows, budgets = bench_splice.main()
    for row in rows:
        os.remove(os.path.join(folder, "alerts_%s.csv" % row))
        for budget in budgets:
            recall, far, _, events, days = found[row, budget][:5]
            put("bench " + row, budget, (recall, far, events, days))


def link_splice(folder, place):
    """The sketches read a changed user's donor back from the log: who has none is his own."""
    os.makedirs(place)
    os.symlink(os.path.join(folder, "spliced.csv"), os.path.join(place, "spliced.csv"))
    with open(os.path.join(folder, "truth.csv"), newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    for r in rows:
        if r["kind"] == "splice" and not r["donor"]:
            r["donor"] = r["user"]
    with open(os.path.join(place, "truth.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, rows[0].keys())
        w.writeheader()
        w.writerows(rows)


class Enough(Exception):
    pass


def run_final(tools, name):
    """reference/final.py, whose second trained row is given the columns of fin2.py's S10 (the same
    features and training, without all of it being computed again), and then stopped."""
    import feat
    import mil
    train, rows = mil.run_mil, []
    timing = 15
    extra = len(feat.NAMES) + timing
    small = [feat.NAMES.index(n) for n in ("SRa", "SRb", "SRi", "SRj", "n")] + \
        list(range(extra, extra + 6))

    def run_mil(log, columns, **k):
        rows.append(columns)
        if len(rows) > 2:
            raise Enough
        return train(log, columns if len(rows) == 1 else small, **k)
    mil.run_mil = run_mil
    sys.argv = ["final.py", name, "1", "main", "main"]
    with contextlib.suppress(Enough):
        runpy.run_path(os.path.join(tools, "reference", "final.py"), run_name="__main__")


def reference(tools, log, folder, data):
    name = LOGS[log][0]
    with tempfile.TemporaryDirectory() as scratch:
        link_splice(folder, os.path.join(scratch, "spl", name + "_1"))
        os.symlink(data, os.path.join(scratch, "split"))
        os.environ.update(VEER_TOOLS=tools, VEER_DATA=scratch, VEER_OUT=scratch)
        os.chdir(scratch)
        sys.path.insert(0, os.path.join(tools, "reference"))
        with contextlib.redirect_stdout(sys.stderr):
            run_final(tools, name)
        with open("out_%s_main.pkl" % name, "rb") as f:
            found = pickle.load(f)
        os.chdir("/")
    for row, label in SKETCHES.items():
        for budget, r in found[row][0].items():
            put("sketch " + label, budget, (r["rec"], r["fa"], r["dE"], r["dD"]))


if __name__ == "__main__":
    tools, what, log, folder = sys.argv[1:5]
    tools, folder = os.path.abspath(tools), os.path.abspath(folder)
    data = [os.path.abspath(x) for x in sys.argv[5:]]
    sys.dont_write_bytecode = True
    sys.path.insert(0, tools)
    {"bench": bench, "reference": reference}[what](tools, log, folder, *data)
