import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The rules that keep the layout true (ARCHITECTURE.md, "Layout and imports"). */

const root = resolve(import.meta.dirname, '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '');
const sources = tracked.filter((path) => /\.(ts|mjs)$/.test(path));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Top-level rooms; protocols are a room each. */
function roomOf(path: string): string {
  const [top, second] = path.split('/');
  if (top === 'protocols') return `protocols/${second}`;
  return path.startsWith('gateway/console/') ? 'gateway/console' : top;
}

const roomOfPackage: Record<string, string> = {
  '@iot/wire': 'protocols/wire',
  '@iot/canlog': 'protocols/canlog',
  '@iot/dbc': 'protocols/dbc',
  '@iot/nmea': 'protocols/nmea',
  '@iot/batch': 'protocols/batch',
  '@iot/host': 'host',
  '@iot/host/config': 'host',
  '@iot/host/sqlite': 'host',
  '@iot/host/worker': 'host',
  '@iot/agent': 'agent',
  '@iot/gateway': 'gateway',
};

function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  if (from === 'protocols/wire') return false;
  if (from.startsWith('protocols/')) return to === 'protocols/wire';
  if (from === 'host' || from === 'gateway/console' || from === 'scripts') return false;
  if (from === 'agent' || from === 'gateway')
    return to.startsWith('protocols/') || to === 'host' || to === 'hw-profiles';
  return from === 'test' || from === '';
}

/** What a module imports, as written. */
function importsOf(path: string): string[] {
  return [...textOf(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]);
}

describe('imports', () => {
  it.each(sources.filter((path) => path.includes('/')))('%s', (path) => {
    const from = roomOf(path);
    // A package's tests and benches are its own face to the world: they keep to the same rules as its code.
    for (const specifier of importsOf(path)) {
      if (specifier.startsWith('@iot/')) {
        const to = roomOfPackage[specifier];
        expect(to, `${specifier} is not a package of ours, or a path into one`).toBeDefined();
        expect(mayImport(from, to), `${from} may not import ${to}`).toBe(true);
      } else if (specifier.startsWith('.')) {
        const target = relative(root, resolve(root, dirname(path), specifier));
        expect(roomOf(target), `${specifier} leaves the room: import its package`).toBe(from);
      } else if (from.startsWith('protocols/') && !path.includes('/test/')) {
        const pure = ['node:zlib', 'node:crypto', 'cbor-x'];
        expect(pure, 'a protocol does no I/O').toContain(specifier);
      }
    }
  });
});

describe('protocols are pure', () => {
  const cores = sources.filter((path) => /^protocols\/[^/]+\/src\//.test(path));
  it.each(cores)('%s', (path) => {
    const text = textOf(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(text).not.toMatch(
      /\bDate\.now\b|\bnew Date\(\)|\bsetTimeout\b|\bsetInterval\b|\bMath\.random\b|\bperformance\.now\b|\bconsole\./,
    );
  });
});

describe('files', () => {
  const code = sources.filter((path) => !path.includes('/vectors/'));
  it.each(code)('%s is short enough to be one room', (path) => {
    const limit = /\.test\.ts$/.test(path) || path.startsWith('test/') ? 450 : 320;
    expect(textOf(path).split('\n').length).toBeLessThanOrEqual(limit);
  });

  it('no default exports, enums, or any, outside of tool configuration', () => {
    const bad = code.filter(
      (path) => !/\.config\.ts$/.test(path) && /^export default |^\s*(export )?(const )?enum /m.test(textOf(path)),
    );
    expect(bad).toEqual([]);
  });

  it('the lock file and the code name no registry host', () => {
    expect(textOf('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });
});
