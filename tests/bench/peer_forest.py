#!/usr/bin/env python3
"""peer_forest.py [THREADS [LEAF [TRIED [TREES]]]] FILE - other programs' forests on the rows that
bench_forest has left in FILE: scikit-learn's RandomForestRegressor and LightGBM with boosting=rf, with
the same number of trees, columns tried a split, smallest leaf and threads, and no limit of depth.
A leaf of ours counts draws, one of scikit-learn's and LightGBM's different rows; LightGBM draws a
share of 1 - 1/e without replacement, which is as many different rows as a bootstrap has.
Prints a line each: name, processor seconds of training (LightGBM's with its making of bins), MSE on
the test rows, and what is good to know beside.
"""
import sys
import time

import numpy as np


def read_set(f):
    n, c = np.fromfile(f, np.uint32, 2)
    x = np.fromfile(f, np.float32, int(n) * int(c)).reshape(n, c)
    return x, np.fromfile(f, np.float32, n)


def show(name, version, fit, x, y, test):
    start, cpu = time.perf_counter(), time.process_time()
    predict, n_nodes = fit(x, y)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    mse = np.mean((predict(test[0]) - test[1]) ** 2)
    a_row = (time.perf_counter() - start) / len(test[1]) * 1e6
    print(f"{name} {cpu:.3f} {mse:.5f}   {version}, {took:.2f} s of the clock, {n_nodes()} nodes, "
          f"predict {a_row:.2f} us a row", flush=True)


def main():
    number = [int(a) for a in sys.argv[1:-1]] + [2, 20, 10, 100][len(sys.argv) - 2:]
    threads, leaf, tried, trees = number
    with open(sys.argv[-1], "rb") as f:
        x, y = read_set(f)
        test = read_set(f)

    import lightgbm
    import sklearn

    def sklearn_fit(x, y):
        from sklearn.ensemble import RandomForestRegressor
        m = RandomForestRegressor(n_estimators=trees, max_features=tried, min_samples_leaf=leaf,
                                  n_jobs=threads, random_state=1).fit(x, y)
        return m.predict, lambda: sum(e.tree_.node_count for e in m.estimators_)

    def lightgbm_fit(x, y):
        most = int(len(y) * (1 - np.exp(-1)) / leaf) + 1  # a histogram each is kept, to 512 MB
        p = dict(boosting="rf", objective="l2", num_leaves=most, histogram_pool_size=512,
                 min_data_in_leaf=leaf, min_sum_hessian_in_leaf=0, bagging_freq=1,
                 bagging_fraction=1 - np.exp(-1), feature_fraction_bynode=tried / x.shape[1],
                 max_bin=255, num_threads=threads, seed=1, verbose=-1)
        m = lightgbm.train(p, lightgbm.Dataset(x, y), trees)
        nodes = lambda: sum(2 * t["num_leaves"] - 1 for t in m.dump_model()["tree_info"])
        return (lambda z: m.predict(z, num_threads=threads)), nodes

    show("scikit-learn", sklearn.__version__, sklearn_fit, x, y, test)
    show("lightgbm", lightgbm.__version__, lightgbm_fit, x, y, test)


if __name__ == "__main__":
    main()
