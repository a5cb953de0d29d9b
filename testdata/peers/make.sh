#!/bin/sh
# Makes the reference files in this folder. Needs numpy and torch for the
# interpreter in $PYTHON, or python3 (Debian: python3-numpy, python3-torch).
set -eu
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
py() { "${PYTHON:-python3}" "$@"; }
py images.py ../../dataset/sample images.npz
py torch_peer.py make small.json images.npz torch
rm torch.pt # tests make it anew
py nhwc_peer.py make small.json images.npz keras
py nhwc_peer.py kinds kinds
py photo_files.py ../photos
py torch_files.py torch plain types views wrapped parameters whole quantised sparse

# The ONNX file is ours; onnxruntime's answer to it is not (npm: onnxruntime-node
# or onnxruntime-web, found by NODE_PATH).
go test ../../model/weightfile/onnx -run TestReference -update
images=$(mktemp)
trap 'rm -f "$images"' EXIT
py -c 'import sys, numpy; numpy.load("images.npz")["images"].tofile(sys.argv[1])' "$images"
node onnx_peer.cjs torch.onnx "$images" 16 1 28 28 onnx-logits.json
