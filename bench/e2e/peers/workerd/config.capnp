# workerd with the benchmark's function, one isolate in one thread. The socket's address comes from
# the command line; index.js stands beside this file in the folder that npm_peers.py makes.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "echo", worker = .echo)],
  sockets = [(name = "http", http = (), service = "echo")],
);

const echo :Workerd.Worker = (
  modules = [
    (name = "main", esModule = embed "main.mjs"),
    (name = "index", commonJsModule = embed "index.js"),
  ],
  compatibilityDate = "2026-11-01",
);
