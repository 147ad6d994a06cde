'use strict';
// What runs in a container: `serve` is the process of AUDIT_ROLE, `healthy` its health check, anything else the command line.
// A secret comes as a file: AUDIT_REDIS_URL_FILE=/run/secrets/redis_url gives AUDIT_REDIS_URL. The root key has a file anyway.
const { readFileSync } = require('node:fs');
const { hostname } = require('node:os');

const FROM_FILES = ['AUDIT_CLICKHOUSE_URL', 'AUDIT_REDIS_URL', 'AUDIT_SMTP_URL', 'AUDIT_SLACK_WEBHOOK'];

/** The environment with the contents of files in place of their names. Throws if a file cannot be read. */
function withSecrets(env) {
  const result = { ...env };
  for (const name of FROM_FILES) {
    const file = result[`${name}_FILE`];
    delete result[`${name}_FILE`];
    if (file) result[name] = readFileSync(file, 'utf8').trim();
  }
  return result;
}

/** An API answers; a worker has reported its metrics within the last half minute. Throws if not. */
async function assertHealthy(env) {
  const { parseConfig } = require('../dist/config/config.js');
  const { withSettingsFile } = require('../dist/config/settings-file.js');
  const config = parseConfig(withSettingsFile(env));
  if (config.role === 'api') {
    const answer = await fetch(`http://127.0.0.1:${config.port}/audit/api/health/live`, {
      signal: AbortSignal.timeout(5000),
    });
    if (!answer.ok) throw new Error(`the API answers ${answer.status}`);
    return;
  }
  const { Redis } = require('ioredis');
  const { RedisKeys } = require('../dist/redis/redis-keys.js');
  const redis = new Redis(config.redis.url, { connectTimeout: 5000, maxRetriesPerRequest: 1 });
  try {
    const reports = Object.entries(await redis.hgetall(new RedisKeys(config.redis.prefix).metrics()));
    const own = `${config.role}/${hostname()}/`;
    if (!reports.some(([name, text]) => name.startsWith(own) && Date.now() - JSON.parse(text).at < 30_000)) {
      throw new Error('the worker has reported nothing for 30 seconds');
    }
  } finally {
    redis.disconnect();
  }
}

function main([command]) {
  Object.assign(process.env, withSecrets(process.env));
  for (const name of FROM_FILES) delete process.env[`${name}_FILE`];
  if (command === 'serve') require('../dist/main.js');
  else if (command === 'healthy') {
    assertHealthy(process.env).then(
      () => process.exit(0),
      (error) => {
        console.error(error.message);
        process.exit(1);
      },
    );
  } else require('../dist/cli.js');
}

if (require.main === module) main(process.argv.slice(2));
module.exports = { withSecrets };
