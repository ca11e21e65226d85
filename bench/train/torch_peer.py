"""PyTorch on the CPU on the same work as the other contenders: one case, one line with examples a second."""

import sys
import time

import torch

case, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
ROWS, WIDTH, HIDDEN, CLASSES = 4096, 256, 128, 77
TABLE, FEATURES = 2**15, 60


def dense(batch):
    rows, targets = torch.randn(ROWS, WIDTH), torch.randint(CLASSES, (ROWS,))
    net = torch.nn.Sequential(torch.nn.Linear(WIDTH, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)

    def step(at):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(rows[at : at + batch]), targets[at : at + batch]).backward()
        optimizer.step()

    return step, batch


def sparse():
    ids, weights = torch.randint(TABLE, (ROWS, FEATURES)), torch.rand(ROWS, FEATURES)
    targets = torch.randint(CLASSES, (ROWS,))
    table = torch.nn.EmbeddingBag(TABLE, CLASSES, mode="sum", sparse=True)
    optimizer = torch.optim.SGD(table.parameters(), lr=0.1)
    batch = 32

    def step(at):
        optimizer.zero_grad()
        scores = table(ids[at : at + batch], per_sample_weights=weights[at : at + batch])
        torch.nn.functional.cross_entropy(scores, targets[at : at + batch]).backward()
        optimizer.step()

    return step, batch


def base():
    rows = torch.randn(32, 3, 64, 64)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(16, 32, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(32, 64, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 256), torch.nn.ReLU(),
    )

    def step(at):
        with torch.no_grad():
            net(rows)

    return step, 32


def cnn():
    rows, targets = torch.randn(32, 1, 28, 28), torch.randint(10, (32,))
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(8, 16, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(400, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)

    def step(at):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(rows), targets).backward()
        optimizer.step()

    return step, 32


step, batch = {"dense 32": lambda: dense(32), "dense 256": lambda: dense(256), "sparse": sparse, "base": base, "cnn": cnn}[case]()
starts = range(0, ROWS - batch + 1, batch)
done, at, begin, warm = 0, 0, None, time.perf_counter()
while True:
    step(starts[at % len(starts)])
    at += 1
    now = time.perf_counter()
    if begin is None:
        if now - warm > seconds / 4:
            begin = now
        continue
    done += batch
    if now - begin > seconds:
        break
print(done / (now - begin))
