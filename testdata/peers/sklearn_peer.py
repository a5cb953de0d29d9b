"""scikit-learn's logistic regression on features that we computed.

    sklearn_peer.py features.npz [C]

features.npz holds train [N,F], train_labels [N], test [M,F], test_labels [M].
Prints one JSON object: accuracy on test, and the objective of transfer.Exact
for its decay 1/(C*N) and the loss in it, both on train."""
import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

data = np.load(sys.argv[1])
x, y = data["train"].astype(np.float64), data["train_labels"].astype(int)
c = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0  # 1: scikit-learn's default
m = LogisticRegression(C=c, max_iter=10000, tol=1e-8).fit(x, y)
loss = log_loss(y, m.predict_proba(x))
print(json.dumps({
    "accuracy": m.score(data["test"].astype(np.float64), data["test_labels"].astype(int)),
    "loss": loss,
    "objective": loss + (m.coef_ ** 2).sum() / (2 * c * len(y)),
}))
