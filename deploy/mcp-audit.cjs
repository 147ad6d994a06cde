#!/usr/bin/env node
'use strict';
// The command `mcp-audit`: runs the built command line of this checkout.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const cli = join(__dirname, '..', 'dist', 'cli.js');
if (!existsSync(cli)) {
  console.error(`mcp-audit is not built yet. Run: npm ci && npm run build   (in ${join(__dirname, '..')})`);
  process.exit(1);
}
require(cli);
