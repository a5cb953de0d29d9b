"""What the scripts beside this one share: plain readers and writers, so that
they check our files with nothing of ours."""

import json
import struct

import numpy as np


def prepare(images):
    """MNIST's bytes as the networks take them: float32 [N,1,28,28]."""
    return ((images.astype(np.float64) / 255 - 0.1307) / 0.3081).astype(np.float32)


def read_safetensors(path):
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = f.read()
    arrays = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        assert info["dtype"] == "F32", info
        begin, end = info["data_offsets"]
        arrays[name] = np.frombuffer(data[begin:end], "<f4").reshape(info["shape"])
    return arrays


def write_safetensors(path, arrays):
    """Integers as int64, all else as float32."""
    header, data, end = {"__metadata__": {"format": "pt"}}, [], 0
    for name, a in arrays.items():
        dtype, form = ("I64", "<i8") if a.dtype.kind == "i" else ("F32", "<f4")
        data.append(np.ascontiguousarray(a, form).tobytes())
        header[name] = {"dtype": dtype, "shape": list(a.shape), "data_offsets": [end, end + len(data[-1])]}
        end += len(data[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def read_weights(path):
    if path.endswith(".npz"):
        with np.load(path, allow_pickle=False) as z:
            return {name: z[name] for name in z.files}
    return read_safetensors(path)
