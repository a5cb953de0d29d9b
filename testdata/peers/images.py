"""Write images.npz: the first 16 test images of dataset/sample, prepared as a
network takes them.

    images.py SAMPLE_FOLDER OUT.npz
"""

import gzip
import sys

import numpy as np

import peers

with gzip.open(sys.argv[1] + "/t10k-images-idx3-ubyte.gz") as f:
    data = f.read()
images = np.frombuffer(data[16 : 16 + 16 * 784], np.uint8).reshape(16, 1, 28, 28)
np.savez_compressed(sys.argv[2], images=peers.prepare(images))
