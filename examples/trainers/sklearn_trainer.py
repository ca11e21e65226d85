"""Trains a linear model with scikit-learn where Flywheel would train: docs/trainers.md is the contract.

Reads vectors and texts. Labels are learnt by logistic regression, values by ridge regression.
TRAINER_COMMAND="python3 /path/to/sklearn_trainer.py", and the project's setting training.runner is "command".
"""

import json
import os
import sys
from urllib.parse import unquote, urlparse

import numpy
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import cross_val_predict

LEVEL = 0.9
FOLDS = 4


def path_of(name):
    return unquote(urlparse(os.environ[name]).path)


def say(progress, note):
    print(json.dumps({"progress": progress, "note": note}), flush=True)


def vectors_of(samples):
    """Standardised rows, and what brings coefficients back to raw ones."""
    rows = numpy.array([sample["input"]["vector"] for sample in samples], dtype=numpy.float32)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread < 1e-6] = 1
    return (rows - mean) / spread, mean, spread


def texts_of(samples):
    """The numbers that texts are hashed into, weighed up where few texts have them, as vectors_of gives them."""
    features = [sample["features"] for sample in samples]
    ends = numpy.cumsum([0] + [len(one["indices"]) for one in features])
    indices = numpy.concatenate([one["indices"] for one in features])
    values = numpy.concatenate([one["values"] for one in features])
    rows = csr_matrix((values, indices, ends), shape=(len(samples), features[0]["size"]))
    idf = 1 + numpy.log((1 + len(samples)) / (1 + rows.getnnz(axis=0)))
    return rows.multiply(idf).tocsr(), numpy.zeros(len(idf)), 1 / idf


def learn_labels(rows, samples):
    """One row of coefficients and one bias a label; the report's labels in the same order."""
    model = LogisticRegression(max_iter=1000, random_state=int(os.environ["FLYWHEEL_SEED"]))
    model.fit(rows, [sample["label"] for sample in samples])
    coefficients, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row of scores for two classes
        coefficients, bias = numpy.vstack([-coefficients / 2, coefficients / 2]), numpy.hstack([-bias / 2, bias / 2])
    labels = [str(label) for label in model.classes_]
    return coefficients, bias, {"labels": labels, "metrics": {"epochs": int(model.n_iter_.max())}}


def learn_values(rows, samples):
    """The same of one value; how far off answers are is measured on rows that the model has not seen."""
    values = numpy.array([sample["value"] for sample in samples])
    model = RidgeCV(alphas=numpy.logspace(-3, 3, 13))
    errors = numpy.abs(values - cross_val_predict(model, rows, values, cv=FOLDS))
    model.fit(rows, values)
    interval = {"halfWidth": float(numpy.quantile(errors, LEVEL)), "level": LEVEL}
    return model.coef_.reshape(1, -1), numpy.array([model.intercept_]), {"interval": interval}


say(0.0, "reading")
with open(path_of("FLYWHEEL_SNAPSHOT_URI"), encoding="utf8") as lines:
    samples = [json.loads(line) for line in lines]
if "image" in samples[0]["input"]:
    print("this trainer reads vectors and texts", file=sys.stderr)
    sys.exit(3)

rows, mean, spread = (texts_of if "features" in samples[0] else vectors_of)(samples)
say(0.2, f"learning from {len(samples)} samples")
is_of_values = os.environ["FLYWHEEL_TASK"] == "regression"
learn = learn_values if is_of_values else learn_labels
coefficients, bias, report = learn(rows, samples)
kernel = (coefficients / spread).T  # folded in, so that the model reads what it is given
bias = bias - mean @ kernel

width, units = kernel.shape
dense = {
    "class_name": "Dense",
    "config": {
        "name": "scores",
        "units": units,
        "activation": "linear" if is_of_values else "softmax",
        "batch_input_shape": [None, width],
    },
}
specs = [
    {"name": "scores/kernel", "shape": [width, units], "dtype": "float32"},
    {"name": "scores/bias", "shape": [units], "dtype": "float32"},
]
folder = path_of("FLYWHEEL_MODEL_URI")
with open(os.path.join(folder, "weights.bin"), "wb") as file:
    file.write(numpy.ascontiguousarray(kernel, dtype="<f4").tobytes() + numpy.ascontiguousarray(bias, dtype="<f4").tobytes())
with open(os.path.join(folder, "model.json"), "w", encoding="utf8") as file:
    topology = {"class_name": "Sequential", "config": {"name": "sklearn", "layers": [dense]}}
    manifest = [{"paths": ["weights.bin"], "weights": specs}]
    json.dump({"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}, file)
with open(os.path.join(folder, "report.json"), "w", encoding="utf8") as file:
    json.dump(report, file)
say(1.0, "done")
