import type { BatchEvent } from '@iot/batch';
import { beforeEach, describe, expect, it } from 'vitest';
import { Discipline } from '../../src/time/discipline.ts';

const boot = Uint8Array.from({ length: 16 }, (_, i) => i);
const notBeforeUs = Date.UTC(2026, 0, 1) * 1000;
const noonUs = Date.UTC(2026, 5, 1, 12) * 1000;
const SECOND = 1_000_000;

let events: BatchEvent[];
let discipline: Discipline;
beforeEach(() => {
  events = [];
  discipline = new Discipline({ boot, notBeforeUs, onEvent: (event) => events.push(event) });
});

describe('Discipline', () => {
  it('has no mapping while the only clock says 1970', () => {
    discipline.system(5 * SECOND, 5 * SECOND, false);
    expect(discipline.mapping).toBeUndefined();
  });

  it('takes a plausible system clock as RTC, with the uncertainty of one', () => {
    discipline.system(5 * SECOND, noonUs, false);
    expect(discipline.mapping).toMatchObject({
      source: 'rtc',
      offsetUs: noonUs - 5 * SECOND,
      uncertaintyUs: 60 * SECOND,
    });
    expect(events.map((event) => event.name)).toEqual(['clock-set']);
  });

  it('waits for a receiver before it takes an RTC, but not for NTP', () => {
    const waiting = new Discipline({ boot, notBeforeUs, rtcAfterUs: 120 * SECOND, onEvent: () => {} });
    waiting.system(5 * SECOND, noonUs, false);
    expect(waiting.mapping).toBeUndefined();
    waiting.system(6 * SECOND, noonUs, true);
    expect(waiting.mapping).toMatchObject({ source: 'ntp' });
  });

  it('prefers GNSS to a synchronised system clock, and keeps it', () => {
    discipline.system(5 * SECOND, noonUs + 3_600 * SECOND, true);
    discipline.gnss(6 * SECOND, noonUs);
    discipline.system(7 * SECOND, noonUs + 3_600 * SECOND, true);
    expect(discipline.mapping).toMatchObject({ source: 'gnss', offsetUs: noonUs - 6 * SECOND });
    expect(events.at(-1)).toMatchObject({ name: 'clock-set', attributes: { previous: 'ntp', source: 'gnss' } });
  });

  it('takes the fix that arrived quickest of the last minute', () => {
    for (const [second, lateUs] of [
      [1, 300_000],
      [2, 120_000],
      [3, 400_000],
    ]) {
      discipline.gnss(second * SECOND + lateUs, noonUs + second * SECOND);
    }
    expect(discipline.mapping!.offsetUs).toBe(noonUs - 120_000);
  });

  it('does not believe one fix of another time, but three that agree', () => {
    const hour = 3_600 * SECOND;
    discipline.gnss(SECOND, noonUs);
    discipline.gnss(2 * SECOND, noonUs + SECOND + hour);
    discipline.gnss(3 * SECOND, noonUs + 2 * SECOND);
    expect(discipline.mapping!.offsetUs).toBe(noonUs - SECOND);
    for (const second of [4, 5, 6]) discipline.gnss(second * SECOND, noonUs + (second - 1) * SECOND + hour);
    expect(discipline.mapping!.offsetUs).toBe(noonUs - SECOND + hour);
    expect(events.map((event) => event.name)).toEqual(['clock-set', 'clock-stepped']);
  });

  it('refuses a date that a rolled-over receiver would tell', () => {
    discipline.gnss(SECOND, noonUs - 1024 * 7 * 86_400 * SECOND);
    expect(discipline.mapping).toBeUndefined();
  });

  it('tells a step by hours, and follows it', () => {
    discipline.system(SECOND, noonUs, true);
    discipline.system(2 * SECOND, noonUs + SECOND + 7_200 * SECOND, true);
    expect(events.at(-1)).toMatchObject({
      name: 'clock-stepped',
      timeUs: 2 * SECOND,
      attributes: { movedUs: 7_200 * SECOND },
    });
    expect(discipline.mapping!.offsetUs).toBe(noonUs - SECOND + 7_200 * SECOND);
  });

  it('does not call jitter a step', () => {
    discipline.system(SECOND, noonUs, true);
    discipline.system(2 * SECOND, noonUs + SECOND + 20_000, true);
    expect(events).toHaveLength(1);
  });
});
