import { Command } from 'commander';
import { parseCliEnvironment, processEnvironment } from '../config/cli-environment';
import { AuditClient, locateSystem } from './client';

/** Of an option that may be given several times. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** Adds `--tenant`, for commands that speak to the running system. */
export function withTenant(command: Command): Command {
  return command.option('--tenant <name>', 'act for this tenant (system keys only; default: the tenant of the key)');
}

/** A client for the running system, acting for the tenant that the options name. */
export async function connect(options: { tenant?: string }): Promise<AuditClient> {
  return new AuditClient(await locateSystem(parseCliEnvironment(processEnvironment())), options.tenant);
}
