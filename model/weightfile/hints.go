package weightfile

// What to do with the files of others that are not read.
const (
	againHint      = "download or copy it again"
	convertHint    = "weights from elsewhere are taken in with: mnist convert IN OUT"
	unpackHint     = "unpack it first"
	onnxHint       = "convert it to ONNX where it was made"
	torchHint      = "in PyTorch: torch.save(model.state_dict(), 'w.pt')"
	kerasHint      = "in Keras: numpy.savez('w.npz', **{v.path: v.numpy() for v in net.weights}), or net.export('net.onnx', format='onnx')"
	savedModelHint = "to ONNX: python -m tf2onnx.convert --saved-model FOLDER --output net.onnx"
	graphHint      = "to ONNX: python -m tf2onnx.convert --graphdef FILE --inputs NAMES --outputs NAMES --output net.onnx"
	tfliteHint     = "to ONNX: python -m tf2onnx.convert --tflite FILE --output net.onnx"
	checkpointHint = "in TensorFlow: numpy.savez('w.npz', **{n: tf.train.load_variable(p, n) for n, _ in tf.train.list_variables(p)}), p without its last ending"
	networkHint    = "it is a whole network, not weights alone: read it as one"
	pickleHint     = "in Python: numpy.savez('w.npz', **{name: array for each}), as floats"
)
