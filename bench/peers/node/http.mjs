// The HTTP server of the suite io: node http.mjs http THREADS, each thread a process of Node's cluster.

import cluster from "node:cluster";
import { createServer } from "node:http";

const processes = Number(process.argv[3]);

function serve(listening) {
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/plain");
    response.setHeader("Content-Length", 13);
    response.end("Hello, World!");
  });
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1", () => listening(server.address().port));
}

if (processes > 1 && cluster.isPrimary) {
  let up = 0;
  for (let i = 0; i < processes; ++i) cluster.fork();
  cluster.on("listening", (worker, address) => {
    if (++up === processes) console.log(`port ${address.port}`);
  });
} else {
  serve((port) => {
    if (cluster.isPrimary) console.log(`port ${port}`);
  });
}
