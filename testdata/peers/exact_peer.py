"""scikit-learn's logistic regression on the problems of transfer's
TestExactProblems.

    exact_peer.py problems.npz

problems.npz holds decays [P], balanced [P], whether each class counts alike, and,
for each problem p, xp [N,F], yp [N] and the
layer wp [F,K], bp [K] that transfer.Exact found. Prints a JSON array: for each
problem the objective of that layer in float64, and that of scikit-learn's."""
import json
import sys
import warnings

import numpy as np
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

warnings.filterwarnings("ignore")
np.seterr(all="ignore")
data = np.load(sys.argv[1])
found = []
for p, decay in enumerate(data["decays"].astype(np.float64)):
    x, y, w, b = (data[f"{name}{p}"].astype(np.float64) for name in "xywb")
    y = y.astype(int)

    weigh = {"class_weight": "balanced"} if data["balanced"][p] else {}
    weights = compute_sample_weight(weigh.get("class_weight"), y)

    def objective(w, b):
        return -(weights * log_softmax(x @ w + b, axis=1)[np.arange(len(y)), y]).mean() + decay / 2 * (w ** 2).sum()

    penalty = {"C": 1 / (decay * len(y))} if decay > 0 else {"penalty": "none"}
    m = LogisticRegression(multi_class="multinomial", max_iter=500, tol=1e-8, **penalty, **weigh).fit(x, y)
    k, v = m.coef_.T, m.intercept_
    if len(m.classes_) == 2:  # one row of coefficients, which half of it and minus half of it give too
        k, v = np.hstack([-k, k]), np.hstack([-v, v])
    theirs = objective(k, v)
    found.append({"ours": objective(w, b), "theirs": theirs if np.isfinite(theirs) else 1e300})
print(json.dumps(found))
