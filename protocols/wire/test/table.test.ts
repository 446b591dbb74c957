import { describe, expect, it } from 'vitest';
import { Rows, type TableDef } from '../src/index.ts';

const def: TableDef = {
  name: 'EEC1',
  bus: 'can0',
  signals: [
    { name: 'EEC1.EngineSpeed', unit: 'rpm', type: 'int32', scale: 0.125, offset: 0 },
    { name: 'EEC1.Load', unit: '', type: 'float64', scale: 1, offset: 0 },
    { name: 'EEC1.Text', unit: '', type: 'text', scale: 1, offset: 0 },
  ],
};

function fill(rows: Rows, count: number): void {
  for (let i = 0; i < count; i++) {
    rows.reserve();
    rows.times[rows.count] = i * 100;
    rows.columns[0].values[rows.count] = i;
    rows.columns[1].values[rows.count] = i / 3;
    rows.columns[2].values[rows.count] = `row ${i}`;
    if (i % 2 === 1) {
      rows.columns[0].qualityRows.push(rows.count);
      rows.columns[0].qualityCodes.push(2);
    }
    rows.count++;
  }
}

describe('Rows', () => {
  it('keeps what it has when it grows, NaN payloads included', () => {
    const rows = new Rows(def, 1);
    rows.columns[1].bits!.set([0xdead_beef, 0x7ff4_0000]);
    rows.count = 1;
    rows.reserve();
    expect([...rows.columns[1].bits!.subarray(0, 2)]).toEqual([0xdead_beef, 0x7ff4_0000]);
    expect(rows.capacity).toBe(2);
  });

  it('gives physical values, and none where the quality says so', () => {
    const rows = new Rows(def, 1);
    fill(rows, 3);
    expect([0, 1, 2].map((row) => rows.physical(row, 0))).toEqual([0, undefined, 0.25]);
  });

  it('slices times, values, words, texts and qualities alike', () => {
    const rows = new Rows(def, 1);
    fill(rows, 10);
    const part = rows.slice(3, 6);
    expect([...part.times]).toEqual([300, 400, 500]);
    expect([...part.columns[0].values]).toEqual([3, 4, 5]);
    expect(part.columns[1].bits!.length).toBe(6);
    expect(part.columns[2].values).toEqual(['row 3', 'row 4', 'row 5']);
    expect(part.columns[0].qualityRows).toEqual([0, 2]);
  });
});
