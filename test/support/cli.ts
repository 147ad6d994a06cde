import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './system';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `mcp-audit` as a person would, against the system that runs on `dataDir`. */
export function mcpAudit(dataDir: string, ...args: string[]): Promise<CliResult> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AUDIT_')));
  const options = { env: { ...inherited, AUDIT_DATA_DIR: dataDir }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [join(ROOT, 'deploy/mcp-audit.cjs'), ...args],
      options,
      (_, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
