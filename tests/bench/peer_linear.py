"""Linear fits by numpy and scikit-learn, on the rows that bench_linear wrote.

Prints a line a method: name, processor seconds (the middle of three), mean squared error on the
test rows.
"""
import sys
import time
import warnings

import numpy as np
from sklearn.linear_model import LinearRegression, lasso_path

RUNS = 3


def read(path):
    with open(path, 'rb') as f:
        n_train, n_test, n_columns, n_series, n_lambdas = np.fromfile(f, np.uint32, 5)
        prior, = np.fromfile(f, np.float64, 1)

        def part(n):
            return (np.fromfile(f, np.float32, n * n_columns).reshape(n, n_columns),
                    np.fromfile(f, np.float32, n), np.fromfile(f, np.uint32, n))
        return part(int(n_train)), part(int(n_test)), int(n_series), int(n_lambdas), prior


def show(name, fit, error):
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        model = fit()
        seconds.append(time.process_time() - start)
    print(name, sorted(seconds)[RUNS // 2], error(model))


def with_ones(x):
    return np.hstack([np.ones((len(x), 1)), x.astype(np.float64)])


def main():
    (x, y, series), (tx, ty, tseries), n_series, n_lambdas, prior = read(sys.argv[1])

    def mse(prediction):
        return float(np.mean((prediction - ty.astype(np.float64)) ** 2))

    def normal():
        a = with_ones(x)
        return np.linalg.solve(a.T @ a, a.T @ y.astype(np.float64))

    def path():
        mean, scale = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
        z = (x - mean) / scale
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            lambdas, weights, _ = lasso_path(z, y - y.mean(dtype=np.float64), eps=1e-3,
                                             alphas=n_lambdas, precompute=True)
        return mean, scale, y.mean(dtype=np.float64), weights

    def best_of_path(model):
        mean, scale, middle, weights = model
        return min(mse(middle + (tx - mean) / scale @ w) for w in weights.T)

    def each():
        mean, scale = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
        a = with_ones((x - mean) / scale)
        pool = np.linalg.solve(a.T @ a, a.T @ y)
        off = y - a @ pool
        order = np.argsort(series, kind='stable')
        ends = np.searchsorted(series[order], np.arange(n_series + 1))
        gram = np.empty((n_series, a.shape[1], a.shape[1]))
        right = np.empty((n_series, a.shape[1], 1))
        for s in range(n_series):
            rows = order[ends[s]:ends[s + 1]]
            gram[s] = a[rows].T @ a[rows] + prior * np.eye(a.shape[1])
            right[s, :, 0] = a[rows].T @ off[rows]
        return mean, scale, pool + np.linalg.solve(gram, right)[:, :, 0]

    def error_of_each(model):
        mean, scale, theta = model
        return mse(np.sum(with_ones((tx - mean) / scale) * theta[tseries], 1))

    show('numpy', normal, lambda theta: mse(with_ones(tx) @ theta))
    show('scikit-learn', lambda: LinearRegression().fit(x, y), lambda m: mse(m.predict(tx)))
    show('path', path, best_of_path)
    show('each', each, error_of_each)


main()
