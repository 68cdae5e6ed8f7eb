// The server of bench/mixed with a worker thread a core: node mixed.mjs OPTION....
// bench/mixed/serving.hpp says what it does.

import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { createServer } from "node:net";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const rowsOfRegion = 512;

function computeRow(iterations) {
  let state = iterations | 0;
  for (let i = 0; i < iterations; ++i) state = Math.imul(state ^ (state >>> 15), 0x2c1b3c5);
  return state;
}

const seconds = () => Number(process.hrtime.bigint()) * 1e-9;
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e-6;
};
const report = (metric, value) => process.stdout.write(`${metric} ${value}\n`);

// In a worker: takes rows until the region has no more, then says so.
function work({ shared, iterations }) {
  const [next, done, sink] = [0, 1, 2];
  parentPort.on("message", () => {
    while (Atomics.add(shared, next, 1) < rowsOfRegion) {
      Atomics.xor(shared, sink, computeRow(iterations));
      Atomics.add(shared, done, 1);
    }
    parentPort.postMessage("done");
  });
}

function startJob(iterations) {
  const shared = new Int32Array(new SharedArrayBuffer(12));
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL(import.meta.url), { workerData: { shared, iterations } }),
  );
  let busy = 0;
  const begin = () => {
    Atomics.store(shared, 0, 0);
    busy = workers.length;
    for (const worker of workers) worker.postMessage("begin");
  };
  for (const worker of workers)
    worker.on("message", () => {
      if (--busy === 0) begin();
    });
  begin();
  return () => Atomics.load(shared, 1);
}

function obeyInput(rowsDone) {
  let [rows, began, cpu] = [0, 0, 0];
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "begin") {
      [rows, began, cpu] = [rowsDone(), seconds(), cpuSeconds()];
    } else {
      report("window_cpu_s", cpuSeconds() - cpu);
      report("window_s", seconds() - began);
      report("rows", rowsDone() - rows);
    }
  });
  lines.on("close", () => process.exit(0));
}

function calibrate(iterations) {
  const took = [];
  let sink = 0;
  for (let i = 0; i < 2001; ++i) {
    const began = seconds();
    sink ^= computeRow(iterations);
    took.push(seconds() - began);
  }
  const warm = took.slice(1000).sort((a, b) => a - b);
  if (sink === 0.5) throw new Error("cannot be");
  report("row_us", warm[warm.length >> 1] * 1e6);
}

function serve(options) {
  const iterations = Number(options.get("--row-iterations"));
  const rowsDone = options.get("--job") === "on" ? startJob(iterations) : () => 0;
  obeyInput(rowsDone);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (data) => socket.write(data));
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => report("port", server.address().port));
}

if (isMainThread) {
  const words = process.argv.slice(2);
  const options = new Map();
  for (let i = 0; i + 1 < words.length; i += 2) options.set(words[i], words[i + 1]);
  if (options.has("--calibrate")) calibrate(Number(options.get("--calibrate")));
  else serve(options);
} else {
  work(workerData);
}
