import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FrameBlock } from '@iot/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCandumpReader, formatCandump, LINE_BYTES_MAX } from '../src/index.ts';
import { chunksOf, readAll, readText } from './collect.ts';

const recordings = resolve(import.meta.dirname, '../../../../shared/recordings');
const FD_LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64];

const idArbitrary = fc.oneof(
  fc.nat(0x7ff),
  fc.nat(0x1fff_ffff).map((id) => id + 0x8000_0000),
  fc.nat(0x1fff_ffff).map((id) => id + 0x2000_0000),
);
const dataArbitrary = fc.oneof(
  fc.uint8Array({ maxLength: 8 }).map((data) => ({ data, flags: 0 })),
  fc
    .tuple(fc.constantFrom(...FD_LENGTHS), fc.nat(255), fc.nat(3))
    .map(([length, seed, flags]) => ({ data: new Uint8Array(length).map((_, i) => seed + i * 7), flags: flags | 4 })),
);
const frameArbitrary = fc.record({
  timeUs: fc.nat({ max: 4e15 }),
  bus: fc.constantFrom('can0', 'can1', 'vcan-long-name'),
  id: idArbitrary,
  content: dataArbitrary,
});

describe('writer and reader', () => {
  it('write then read is identity, cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(frameArbitrary, { maxLength: 12 }), fc.integer({ min: 1, max: 60 }), (frames, chunkSize) => {
        const block = new FrameBlock(16);
        let text = '';
        frames.forEach(({ timeUs, bus, id, content }, i) => {
          block.push(timeUs, id, content.flags, content.data);
          text += `${formatCandump(block, i, bus)}\n`;
        });
        const seen = readAll(chunksOf(Buffer.from(text), chunkSize), { blockFrames: 4 });
        expect(seen.damage).toEqual([]);
        expect(seen.frames).toEqual(
          frames.map(({ timeUs, bus, id, content }) => {
            const data = Buffer.from(content.data).toString('hex');
            return { timeUs, bus, id, flags: content.flags, data };
          }),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    { name: 'remote without DLC', id: 0x4000_0123, length: 0, line: '(0000000001.500000) can0 123#R' },
    { name: 'remote with DLC, extended', id: 0xc000_0123, length: 8, line: '(0000000001.500000) can0 00000123#R8' },
  ])('writes $name', ({ id, length, line }) => {
    const block = new FrameBlock(1);
    block.push(1_500_000, id, 0, new Uint8Array(length));
    expect(formatCandump(block, 0, 'can0')).toBe(line);
    expect(readText(line).frames).toMatchObject([{ id, data: '00'.repeat(length) }]);
  });
});

describe('reader', () => {
  const mixed = [
    '# comment',
    '(1.000000) can0 123#11',
    '(1.000100) can1 123#2',
    '  can0  123   [2]  11 22',
    '',
    `(1.0) can0 ${'9'.repeat(LINE_BYTES_MAX)}`,
    ' '.repeat(LINE_BYTES_MAX + 50),
    `${' '.repeat(LINE_BYTES_MAX)}(1.0) can0 123#11`,
    '(2.000000) can1 18FEF100##3000102030405060708090A0B\r',
    '(3.000000) can0 123#33',
  ].join('\n');

  it('says the same however the log is cut', () => {
    const bytes = Buffer.from(mixed);
    const whole = readAll([bytes]);
    expect(whole.frames).toHaveLength(4);
    expect(whole.damage.map(({ line }) => line)).toEqual([3, 6, 7, 8]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(readAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
    }
    expect(readAll(chunksOf(bytes, 1))).toEqual(whole);
  });

  it('keeps the order between buses, in runs', () => {
    const runs: string[] = [];
    const reader = createCandumpReader({
      onFrames: (block, bus) => runs.push(`${bus}:${block.count}`),
      blockFrames: 2,
    });
    const lines = ['a', 'a', 'a', 'b', 'a', 'b'].map((bus) => `(0.0) ${bus} 123#\n`);
    reader.receive(Buffer.from(lines.join('')));
    expect(runs).toEqual(['a:2', 'a:1', 'b:1', 'a:1', 'b:1']);
    expect(reader.counts).toEqual({ lines: 6, frames: 6, ignored: 0, damaged: 0 });
  });

  it('picks out the interfaces asked for', () => {
    const { frames } = readText('(0.0) can0 123#\n(0.0) can1 123#\n(0.0) can10 123#\n', { buses: ['can1'] });
    expect(frames.map(({ bus }) => bus)).toEqual(['can1']);
  });

  it('gives lines without timestamp the time of the chunk that ends them', () => {
    const times: number[] = [];
    const reader = createCandumpReader({ onFrames: (block) => times.push(...block.timeUs.subarray(0, block.count)) });
    reader.receive(Buffer.from('  can0  123   [0]\n  can0  12'), 1000);
    reader.receive(Buffer.from('3   [0]\n'), 2000);
    expect(times).toEqual([1000, 2000]);
  });

  it('says where the damage is and what was expected', () => {
    let message = '';
    const reader = createCandumpReader({ onFrames: () => undefined, onDamage: (error) => (message = error.message) });
    reader.receive(Buffer.from('\n(0.0) can0 123#1G\n'));
    expect(message).toBe('line 2, column 17: data is pairs of hex digits: "(0.0) can0 123#1G"');
  });

  it('survives 100,000 hostile lines, and every one is a frame, damage or nothing', () => {
    const pieces = [
      '(1.000000) ',
      'can0 ',
      '123',
      '12345678',
      '#',
      '##1',
      'R8',
      '1122',
      '  [2]  11 22',
      '\n',
      '\t',
      'RX B',
    ];
    const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ minLength: 1, maxLength: 3, unit: 'binary-ascii' }));
    const seed = 20260101;
    const reader = createCandumpReader({
      onFrames: (block) => {
        for (let i = 0; i < block.count; i++) if (block.length[i] > 64) throw new Error('length');
      },
    });
    const texts = fc.sample(fc.array(piece, { maxLength: 8 }), { numRuns: 10_000, seed });
    let fed = 0;
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < texts.length; i++) {
        const other = texts[(i * 7 + round * 131) % texts.length];
        reader.receive(Buffer.from(`${texts[i].join('')}${round === 0 ? '' : other.join('')}\n`, 'latin1'));
        fed++;
      }
    }
    expect(fed).toBe(100_000);
    const { lines, frames, damaged } = reader.counts;
    expect(lines).toBeGreaterThanOrEqual(100_000);
    expect(frames).toBeGreaterThan(0);
    expect(damaged).toBeGreaterThan(10_000);
    expect(frames + damaged).toBeLessThanOrEqual(lines);
  });
});

describe.skipIf(!existsSync(recordings))('recordings', () => {
  it.each([
    { name: 'car-obd2-gps', frames: 73_812 },
    { name: 'truck-j1939-gps', frames: 57_849 },
    { name: 'ev-uds-gps', frames: 5588 },
  ])('$name: what is written is what was read, byte by byte', ({ name, frames }) => {
    const text = gunzipSync(readFileSync(`${recordings}/${name}.log.gz`));
    const lines: string[] = [];
    const reader = createCandumpReader({
      onFrames: (block, bus) => {
        for (let i = 0; i < block.count; i++) lines.push(formatCandump(block, i, bus));
      },
    });
    for (const chunk of chunksOf(text, 4096)) reader.receive(chunk);
    reader.finish();
    expect(reader.counts).toEqual({ lines: frames, frames, ignored: 0, damaged: 0 });
    expect(`${lines.join('\n')}\n` === text.toString('latin1')).toBe(true);
  });
});
