import { startSystem, System } from './system';

declare global {
  var testSystem: System | undefined;
}

/** Starts the built product once for the whole run, on free ports, in a directory of its own. */
export default async function setup(): Promise<void> {
  globalThis.testSystem = await startSystem();
  process.env.TEST_DATA_DIR = globalThis.testSystem.dataDir;
}
