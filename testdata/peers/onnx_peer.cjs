// onnxruntime on the other side: runs an ONNX file that we exported.
//
//   onnx_peer.cjs MODEL IMAGES N C H W OUT.json
//
// IMAGES holds the input as raw little-endian float32. The output is written as
// {"name": ..., "dims": [N, K], "values": [...]}. The package
// onnxruntime-node, or onnxruntime-web, is found by NODE_PATH.
const fs = require("fs");

function runtime() {
  for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
    try {
      return require(name);
    } catch (e) {
      if (e.code !== "MODULE_NOT_FOUND") throw e;
    }
  }
  console.error("onnxruntime is not installed");
  process.exit(77);
}

async function main(model, images, ...rest) {
  const ort = runtime();
  if (model === undefined) return; // only asked whether it is there
  const out = rest.pop();
  const raw = fs.readFileSync(images);
  const values = new Float32Array(raw.buffer, raw.byteOffset, raw.length / 4);
  const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync(model)));
  const result = await session.run({ images: new ort.Tensor("float32", Float32Array.from(values), rest.map(Number)) });
  const name = session.outputNames[0];
  fs.writeFileSync(out, JSON.stringify({ name, dims: result[name].dims, values: Array.from(result[name].data) }));
}

main(...process.argv.slice(2)).catch((e) => {
  console.error(e);
  process.exit(1);
});
