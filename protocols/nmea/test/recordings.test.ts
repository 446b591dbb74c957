import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GnssFix } from '../src/index.ts';
import { parseChunks, parseText, type Seen } from './collect.ts';

/** Receivers' output, and what gpsd makes of it (`.chk`): a JSON report after every sentence that changed something. */
const recordings = resolve(import.meta.dirname, '../../../../shared/recordings/nmea');

interface Tpv {
  readonly class: string;
  readonly mode: number;
  readonly time?: string;
  readonly lat?: number;
  readonly lon?: number;
  readonly altMSL?: number;
  readonly speed?: number;
  readonly track?: number;
}

interface Sky {
  readonly class: string;
  readonly satellites?: readonly { az?: number; el?: number; ss?: number; used: boolean }[];
}

function reportsOf(name: string): (Tpv & Sky)[] {
  const lines = readFileSync(`${recordings}/${name}.log.chk`, 'latin1').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

function seenOf(name: string): Seen {
  return parseChunks([readFileSync(`${recordings}/${name}.log`)]);
}

function isNear(a: number | undefined, b: number | undefined, tolerance: number): boolean {
  return a !== undefined && b !== undefined && Math.abs(a - b) <= tolerance;
}

/** gpsd prints degrees with nine decimals, and before it knows the date no time. */
function isOfEpoch(fix: GnssFix, tpv: Tpv): boolean {
  const isTime = tpv.time === undefined || fix.utcUs === Date.parse(tpv.time) * 1000;
  return isTime && isNear(fix.latitudeDeg, tpv.lat, 1e-9) && isNear(fix.longitudeDeg, tpv.lon, 1e-9);
}

function positionsOf(name: string): Tpv[] {
  return reportsOf(name).filter((report) => report.class === 'TPV' && report.mode >= 2 && report.lat !== undefined);
}

/** The last report of each epoch. Earlier ones hold speeds that gpsd works out itself until RMC or VTG come. */
function lastOfEpochs(reports: readonly Tpv[]): Tpv[] {
  return [...new Map(reports.filter((tpv) => tpv.time).map((tpv) => [tpv.time, tpv])).values()];
}

describe.skipIf(!existsSync(recordings))('recordings against gpsd', () => {
  /** `epochs`: GGA in the log. `complete`: those of valid RMC, which have position, altitude and speed. */
  describe.each([
    { name: 'telit-he910', positions: 935, sentences: 1558, epochs: 224, complete: 187 },
    { name: 'quectel-eg25-g', positions: 228, sentences: 861, epochs: 60, complete: 23 },
    { name: 'ublox-neo-m9n-nmea', positions: 67, sentences: 1342, epochs: 61, complete: 61 },
  ])('$name', ({ name, positions, sentences, epochs, complete }) => {
    it('is read without damage, an epoch for every cycle of sentences', () => {
      const { counts, fixes } = seenOf(name);
      expect(counts).toMatchObject({ damaged: 0, sentences, fixes: epochs });
      expect(fixes.filter((fix) => fix.speedMps !== undefined && fix.altitudeMslM !== undefined)).toHaveLength(
        complete,
      );
    });

    it('every position that gpsd reports is one of our fixes, with its time', () => {
      const { fixes } = seenOf(name);
      const reports = positionsOf(name);
      expect(reports).toHaveLength(positions);
      expect(reports.filter((tpv) => !fixes.some((fix) => isOfEpoch(fix, tpv)))).toEqual([]);
    });

    it('altitude, speed and course are as gpsd has them at the end of each epoch', () => {
      const { fixes } = seenOf(name);
      const different = lastOfEpochs(positionsOf(name)).filter((tpv) => {
        const fix = fixes.find((candidate) => isOfEpoch(candidate, tpv));
        // A field that the receiver left empty may still be in gpsd's report, from an earlier epoch or its own reckoning.
        const altitude = fix?.altitudeMslM === undefined || isNear(fix.altitudeMslM, tpv.altMSL, 1e-4);
        const speed = fix?.speedMps === undefined || isNear(fix.speedMps, tpv.speed, 5.1e-4);
        const track = fix?.courseDeg === undefined || tpv.track === undefined || isNear(fix.courseDeg, tpv.track, 1e-4);
        return !fix || !altitude || !speed || !track;
      });
      expect(different).toEqual([]);
    });
  });

  it('ublox-neo-m9n-nmea: the satellites of an epoch are those of gpsd', () => {
    const { fixes } = seenOf('ublox-neo-m9n-nmea');
    const lists = reportsOf('ublox-neo-m9n-nmea').filter((report) => report.class === 'SKY' && report.satellites);
    const place = (az?: number, el?: number, ss?: number): string => `${az}/${el}/${ss}`;
    const ours = fixes.map(
      (fix) => new Set(fix.satellites?.map((one) => place(one.azimuthDeg, one.elevationDeg, one.snrDbHz))),
    );
    expect(lists.length).toBeGreaterThan(0);
    for (const { satellites } of lists) {
      const theirs = satellites!.map((one) => place(one.az, one.el, one.ss));
      expect(ours.some((set) => theirs.every((one) => set.has(one)))).toBe(true);
    }
  });

  /**
   * The recording has no week rollover in its bytes: all its RMC say 12 March 2019, as does its .chk, four weeks before the
   * rollover of 7 April 2019; the header's 14 March is when it was handed in. What it shows is the danger of a bound that
   * is later than the data: the repair then makes 26 October 2038 of a right date, and must say that it did.
   */
  it('telit-he910: the date is right as sent, and a bound later than the recording would spoil it', () => {
    const text = readFileSync(`${recordings}/telit-he910.log`, 'latin1');
    const daysWith = (notBefore: string): string[] => {
      const { fixes } = parseText(text, { notBeforeUs: Date.parse(notBefore) * 1000 });
      const dated = fixes.filter((fix) => fix.utcUs !== undefined);
      expect(dated).toHaveLength(187);
      return [
        ...new Set(dated.map((fix) => `${new Date(fix.utcUs! / 1000).toISOString().slice(0, 10)}+${fix.weeksAdded}`)),
      ];
    };
    expect(daysWith('2019-01-01')).toEqual(['2019-03-12+0']);
    expect(daysWith('2026-01-01')).toEqual(['2038-10-26+1024']);
  });

  /**
   * All of it is UBX binary: the NMEA in its .chk is what gpsd itself writes from it, so no fix can be compared. What is
   * left to show is that binary data makes no sentence, no damage report and no fix.
   */
  it('navisys-gr701w: holds no NMEA, and none is found', () => {
    const { fixes, damage, counts, skippedBytes } = seenOf('navisys-gr701w');
    expect({ fixes, damage, sentences: counts.sentences, ignored: counts.ignored }).toEqual({
      fixes: [],
      damage: [],
      sentences: 0,
      ignored: 0,
    });
    expect(skippedBytes).toBeGreaterThan(32_000);
  });

  it('finds every sentence of the M9N with UBX of the Navisys between them', () => {
    const lines = readFileSync(`${recordings}/ublox-neo-m9n-nmea.log`, 'latin1').split('\n');
    const ubx = readFileSync(`${recordings}/navisys-gr701w.log`).subarray(1000);
    const chunks = lines.flatMap((line, i) => [Buffer.from(`${line}\n`), ubx.subarray(i * 20, i * 20 + 20)]);
    const { fixes, counts } = parseChunks(chunks);
    expect(fixes).toEqual(seenOf('ublox-neo-m9n-nmea').fixes);
    expect(counts.damaged).toBe(0);
  });
});
