// A network of photos in onnxruntime: what `go run ./bench` compares with.
//
//   node peer.cjs FILE.onnx THREADS BATCHES REPEATS
//
// The last line on standard output is a JSON object: seconds an image by batch size,
// and the process's largest memory until then. It needs npm's onnxruntime-node, found by NODE_PATH.
const ort = require('onnxruntime-node');

async function main([file, threads, batches, repeats]) {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: Number(threads), interOpNumThreads: 1 });
  const result = { threads: Number(threads), onnxruntime: require('onnxruntime-node/package.json').version };
  for (const batch of batches.split(',').map(Number)) {
    const noise = Float32Array.from({ length: batch * 3 * 224 * 224 }, () => 2 * Math.random() - 1);
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', noise, [batch, 3, 224, 224]) };
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
