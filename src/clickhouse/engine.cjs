'use strict';
// A ClickHouse server in a process of its own: the engine of the npm package `chdb`, entered through the C function that
// is `clickhouse local`. It serves until its standard input closes, so it ends cleanly with its parent, however that dies.
//
//   node engine.cjs DATA_DIR CONFIG_FILE HTTP_PORT TCP_PORT
//
// ffi-rs and not koffi: the engine refuses the separate call stack that koffi runs foreign functions on.
const { load, open, DataType } = require('ffi-rs');
const { libchdbPath } = require('chdb/libchdb');

const [dataDir, configFile, httpPort, tcpPort] = process.argv.slice(2);
if (!tcpPort) {
  console.error('usage: engine.cjs DATA_DIR CONFIG_FILE HTTP_PORT TCP_PORT');
  process.exit(2);
}

open({ library: 'chdb', path: libchdbPath() });
const argv = [
  'clickhouse',
  `--path=${dataDir}`,
  `--config-file=${configFile}`,
  `--http_port=${httpPort}`,
  `--tcp_port=${tcpPort}`,
  '--listen_host=127.0.0.1',
  // The last statement reads standard input to its end: that is what keeps the server alive.
  "--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; SELECT count() FROM file('/dev/stdin', LineAsString) FORMAT Null",
];
load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
