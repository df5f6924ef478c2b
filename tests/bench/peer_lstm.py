"""peer_lstm.py THREADS FILE [SEED [DEVICE]] - what bench_lstm does, with PyTorch (on "cpu"): the same rows
(FILE, written by bench_lstm THREADS FILE), shape, batch, optimiser, clipping and epochs.
Prints name, processor seconds an epoch, MSE on the rows to test on, and what is good to know beside."""
import sys
import time

import numpy as np
import torch

STEPS, INPUTS, HIDDEN, BATCH, EPOCHS, TEST_ROWS = 24, 8, 32, 256, 10, 4000


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(INPUTS, HIDDEN, batch_first=True)
        self.head = torch.nn.Linear(HIDDEN, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])[:, 0]


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    row = STEPS * INPUTS
    raw = np.fromfile(sys.argv[2], dtype=np.float32)
    rows = len(raw) // (row + 1) - TEST_ROWS
    part = np.split(raw, np.cumsum([rows * row, rows, TEST_ROWS * row]))
    device = sys.argv[4] if len(sys.argv) > 4 else "cpu"
    x, y, test_x, test_y = (torch.from_numpy(p).to(device) for p in part)
    x, test_x = x.view(rows, STEPS, INPUTS), test_x.view(TEST_ROWS, STEPS, INPUTS)
    net = Net().to(device)
    adam = torch.optim.Adam(net.parameters(), lr=.003, fused=True)
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(EPOCHS):
        order = torch.randperm(rows).to(device)
        for i in range(0, rows, BATCH):
            at = order[i:i + BATCH]
            adam.zero_grad()
            torch.nn.functional.mse_loss(net(x[at]), y[at]).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
            adam.step()
    next(net.parameters()).sum().item()
    epoch_s = (time.perf_counter() - start) / EPOCHS
    cpu_s = (time.process_time() - cpu) / EPOCHS
    with torch.no_grad():
        start = time.perf_counter()
        mse = torch.nn.functional.mse_loss(net(test_x), test_y).item()
        predict_s = time.perf_counter() - start
    print(f"torch {cpu_s:.4f} {mse:.5f}   {torch.__version__}, {sys.argv[1]} threads, {device}, {epoch_s:.3f} s "
          f"an epoch ({cpu_s:.3f} of processor), {predict_s / TEST_ROWS * 1e6:.2f} us a window predicted")


main()
