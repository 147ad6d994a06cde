// Lets plain node run our TypeScript tools (bench, chaos) from their sources: node -r ./test/support/register.cjs FILE.ts
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename, swcrc: true, sourceMaps: 'inline' });
  module._compile(code, filename);
};
