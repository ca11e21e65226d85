"""Trains a logistic regression with scikit-learn where Flywheel would train: docs/trainers.md is the contract.

TRAINER_COMMAND="python3 /path/to/sklearn_trainer.py", and the project's setting training.runner is "command".
"""

import json
import os
import sys
from urllib.parse import unquote, urlparse

import numpy
from sklearn.linear_model import LogisticRegression


def path_of(name):
    return unquote(urlparse(os.environ[name]).path)


def say(progress, note):
    print(json.dumps({"progress": progress, "note": note}), flush=True)


say(0.0, "reading")
with open(path_of("FLYWHEEL_SNAPSHOT_URI"), encoding="utf8") as lines:
    samples = [json.loads(line) for line in lines]
if "vector" not in samples[0]["input"]:
    print("this trainer reads vectors", file=sys.stderr)
    sys.exit(3)

rows = numpy.array([sample["input"]["vector"] for sample in samples], dtype=numpy.float32)
labels = [sample["label"] for sample in samples]
mean, spread = rows.mean(axis=0), rows.std(axis=0)
spread[spread < 1e-6] = 1
say(0.2, f"learning from {len(samples)} samples")
model = LogisticRegression(max_iter=1000, random_state=int(os.environ["FLYWHEEL_SEED"]))
model.fit((rows - mean) / spread, labels)

classes = [str(label) for label in model.classes_]
coefficients, bias = model.coef_, model.intercept_
if len(classes) == 2:  # one row of scores for two classes
    coefficients, bias = numpy.vstack([-coefficients / 2, coefficients / 2]), numpy.hstack([-bias / 2, bias / 2])
kernel = (coefficients / spread).T  # the standardisation folded in, so that the model reads raw vectors
bias = bias - mean @ kernel

width = rows.shape[1]
dense = {
    "class_name": "Dense",
    "config": {"name": "scores", "units": len(classes), "activation": "softmax", "batch_input_shape": [None, width]},
}
specs = [
    {"name": "scores/kernel", "shape": [width, len(classes)], "dtype": "float32"},
    {"name": "scores/bias", "shape": [len(classes)], "dtype": "float32"},
]
folder = path_of("FLYWHEEL_MODEL_URI")
with open(os.path.join(folder, "weights.bin"), "wb") as file:
    file.write(numpy.ascontiguousarray(kernel, dtype="<f4").tobytes() + numpy.ascontiguousarray(bias, dtype="<f4").tobytes())
with open(os.path.join(folder, "model.json"), "w", encoding="utf8") as file:
    topology = {"class_name": "Sequential", "config": {"name": "sklearn", "layers": [dense]}}
    manifest = [{"paths": ["weights.bin"], "weights": specs}]
    json.dump({"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}, file)
with open(os.path.join(folder, "report.json"), "w", encoding="utf8") as file:
    json.dump({"labels": classes, "metrics": {"epochs": int(model.n_iter_.max())}}, file)
say(1.0, "done")
