import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeEnvironment } from './environment';

/** The table of the README, as the configuration describes itself. */
function settingsTable(): string {
  const rows = describeEnvironment().map(
    (s) => `| \`${s.name}\` | ${s.default} | ${s.meaning.replaceAll('|', '\\|')} |`,
  );
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

describe('README', () => {
  it('shows every setting with its default and meaning', () => {
    const readme = readFileSync(resolve(__dirname, '../../README.md'), 'utf8');
    const shown = /<!-- settings -->\n([^]*?)\n<!-- \/settings -->/.exec(readme)?.[1];
    expect(shown).toBe(settingsTable());
  });
});
