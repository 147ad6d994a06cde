import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, runningSystem } from '../support/system';

interface Operation {
  summary?: string;
  tags?: string[];
  security?: unknown[];
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

describe('the description of the API', () => {
  let served: Document;
  beforeAll(async () => {
    const { url } = await runningSystem();
    served = (await (await fetch(`${url}/audit/api/openapi.json`)).json()) as Document;
  });

  it('is committed as it is served (npm run openapi writes it)', async () => {
    const committed: unknown = JSON.parse(await readFile(join(ROOT, 'openapi.json'), 'utf8'));
    expect(served).toEqual(committed);
  });

  it('is OpenAPI 3.1 with a summary and a tag on every operation', () => {
    expect(served.openapi).toBe('3.1.0');
    const operations = Object.entries(served.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    expect(operations.length).toBeGreaterThan(10);
    expect(operations.filter(({ operation }) => !operation.summary).map((o) => o.name)).toEqual([]);
  });

  it('has the paths that the system was asked to have', () => {
    for (const path of ['/audit/api/events', '/audit/api/events/{id}', '/audit/api/health']) {
      expect(Object.keys(served.paths)).toContain(path);
    }
  });
});
