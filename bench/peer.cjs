// A network in onnxruntime: what `go run ./bench` compares with.
//
//   node peer.cjs FILE.onnx THREADS BATCHES REPEATS [CHANNELS,HEIGHT,WIDTH]
//
// The last line on standard output is a JSON object: seconds an image by batch size,
// and the process's largest memory until then. It needs npm's onnxruntime-node, found by NODE_PATH.
const ort = require('onnxruntime-node');

async function main([file, threads, batches, repeats, image = '3,224,224']) {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: Number(threads), interOpNumThreads: 1 });
  const result = { threads: Number(threads), onnxruntime: require('onnxruntime-node/package.json').version };
  const shape = image.split(',').map(Number);
  const size = shape.reduce((a, b) => a * b);
  for (const batch of batches.split(',').map(Number)) {
    const noise = Float32Array.from({ length: batch * size }, () => 2 * Math.random() - 1);
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', noise, [batch, ...shape]) };
    const times = [];
    for (let i = 0; i < 2 + Number(repeats); i++) {
      const start = performance.now();
      await session.run(feeds);
      if (i >= 2) times.push((performance.now() - start) / 1000);
    }
    times.sort((a, b) => a - b);
    result['seconds_' + batch] = times[times.length >> 1] / batch;
    result['peak_' + batch + '_bytes'] = process.resourceUsage().maxRSS * 1024;
  }
  console.log(JSON.stringify(result));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(String(error));
  process.exit(1);
});
