import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNmeaParser, type GnssFix, repairRollover, SENTENCE_BYTES_MAX } from '../src/index.ts';
import { parseChunks, parseText, sentence } from './collect.ts';

const gga = (time: string, altitude = '100.0'): string =>
  sentence(`GPGGA,${time},4717.11399,N,00833.91590,E,1,08,1.01,${altitude},M,48.0,M,,`);
const rmc = (time: string, date: string): string =>
  sentence(`GPRMC,${time},A,4717.11399,N,00833.91590,E,1.0,77.5,${date},,,A`);
const vtg = sentence('GPVTG,10.0,T,,M,2.0,N,3.7,K,A');

describe('epochs', () => {
  it('sentences of one time of day are one fix, captured at the first', () => {
    const fixes: GnssFix[] = [];
    const parser = createNmeaParser({ onFix: (fix) => fixes.push(fix) });
    parser.receive(Buffer.from(gga('100000.00')), 1000);
    parser.receive(Buffer.from(rmc('100000.00', '010124')), 2000);
    parser.receive(Buffer.from(gga('100001.00')), 1_001_000);
    expect(fixes).toHaveLength(1);
    expect(fixes[0]).toMatchObject({ timeUs: 1000, altitudeMslM: 100, courseDeg: 77.5 });
    expect(fixes[0].utcUs).toBe(Date.UTC(2024, 0, 1, 10) * 1000);
    parser.finish();
    expect(fixes[1].timeUs).toBe(1_001_000);
  });

  it('a sentence without time that comes again begins the next epoch', () => {
    const { fixes } = parseText(`${vtg}${gga('100000.00')}${vtg}${gga('100001.00')}`);
    expect(fixes).toHaveLength(2);
    expect(fixes.map((fix) => fix.speedMps !== undefined)).toEqual([true, true]);
  });

  it('epochs without a time are told apart too', () => {
    const empty = sentence('GPGGA,,,,,,0,,,,M,,M,,') + sentence('GPRMC,,V,,,,,,,,,,N');
    expect(parseText(empty.repeat(3)).fixes).toHaveLength(3);
  });

  it('sentences that say nothing of position make no fix', () => {
    expect(parseText(vtg.repeat(5)).fixes).toEqual([]);
  });

  it('several GSA of talker GN without system id belong to one epoch (before NMEA 4.1)', () => {
    const gsa = sentence('GNGSA,A,3,05,,,,,,,,,,,,1.0,0.5,0.8') + sentence('GNGSA,A,3,70,,,,,,,,,,,,1.0,0.5,0.8');
    expect(parseText(gga('100000.00') + gsa + rmc('100000.00', '010124')).fixes).toHaveLength(1);
  });

  it('silence ends an epoch, once', () => {
    const fixes: GnssFix[] = [];
    const parser = createNmeaParser({ onFix: (fix) => fixes.push(fix), quietUs: 200_000 });
    expect(parser.wakeAtUs).toBeUndefined();
    parser.receive(Buffer.from(gga('100000.00')), 50_000);
    parser.receive(Buffer.from(vtg), 60_000);
    expect(parser.wakeAtUs).toBe(260_000);
    parser.poll(259_999);
    expect(fixes).toHaveLength(0);
    parser.poll(260_000);
    expect(fixes).toHaveLength(1);
    expect(parser.wakeAtUs).toBeUndefined();
    parser.poll(900_000);
    parser.finish();
    expect(fixes).toHaveLength(1);
    expect(fixes[0].timeUs).toBe(50_000);
  });

  it('epochs without a date go on from the last one, over midnight', () => {
    const text = gga('235958.00') + rmc('235959.00', '311223') + gga('000000.00') + gga('000001.00');
    expect(parseText(text).fixes.map((fix) => fix.utcUs)).toEqual([
      undefined,
      Date.UTC(2023, 11, 31, 23, 59, 59) * 1000,
      Date.UTC(2024, 0, 1) * 1000,
      Date.UTC(2024, 0, 1, 0, 0, 1) * 1000,
    ]);
  });
});

describe('week rollover', () => {
  const unixUs = (iso: string): number => Date.parse(iso) * 1000;
  it.each([
    {
      name: 'plausible',
      sent: '2024-05-01T00:00:00Z',
      notBefore: '2024-01-01',
      repaired: '2024-05-01T00:00:00Z',
      weeks: 0,
    },
    {
      name: 'on the bound',
      sent: '2024-01-01T00:00:00Z',
      notBefore: '2024-01-01',
      repaired: '2024-01-01T00:00:00Z',
      weeks: 0,
    },
    {
      name: 'one cycle (7 April 2019)',
      sent: '1999-08-22T00:00:07Z',
      notBefore: '2019-01-01',
      repaired: '2019-04-07T00:00:07Z',
      weeks: 1024,
    },
    {
      name: 'two cycles',
      sent: '1980-01-06T00:00:00Z',
      notBefore: '2019-01-01',
      repaired: '2019-04-07T00:00:00Z',
      weeks: 2048,
    },
  ])('$name', ({ sent, notBefore, repaired, weeks }) => {
    expect(repairRollover(unixUs(sent), unixUs(notBefore))).toEqual({ utcUs: unixUs(repaired), weeksAdded: weeks });
  });

  it('the fix says that its date was repaired; the day goes on from the date as sent', () => {
    const text = rmc('235959.00', '210899') + gga('000000.00');
    const { fixes } = parseText(text, { notBeforeUs: unixUs('2019-01-01') });
    expect(fixes.map(({ utcUs, weeksAdded }) => [utcUs, weeksAdded])).toEqual([
      [unixUs('2019-04-06T23:59:59Z'), 1024],
      [unixUs('2019-04-07T00:00:00Z'), 1024],
    ]);
  });
});

describe('streams', () => {
  const stream = Buffer.concat([
    Buffer.from(gga('100000.00') + vtg),
    Buffer.from([0xb5, 0x62, 0x01, 0x24, 0x24, 0x00, 0x24]),
    Buffer.from(`${rmc('100000.00', '010124')}$GPGLL,broken*00\r\n$GPGGA,cut`),
    Buffer.from(`${gga('100001.00')}$${'A'.repeat(SENTENCE_BYTES_MAX + 5)}\n`),
  ]);

  it('says the same however it is cut', () => {
    const whole = parseChunks([stream]);
    expect(whole.fixes).toHaveLength(2);
    expect(whole.damage.map(({ code }) => code)).toEqual(['nmea/bad-checksum', 'nmea/unterminated']);
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(parseChunks([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(whole);
    }
    expect(parseChunks([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('survives 100,000 hostile sentences: mutated ones, with a checksum that holds, and random bytes', () => {
    const bodies = [
      'GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,',
      'GNRMC,223745.25,A,3806.62964,S,12237.61382,W,0.040,,110720,,,D,V',
      'GNGNS,191504.01,3645.876678,N,03124.668626,E,AAN,09,1.1,-14.1,32.0,,,V',
      'GNGSA,A,3,13,15,17,19,,,,,,,,,2.7,1.1,2.4,1',
      'GPGSV,3,1,10,13,80,261,21,15,46,298,17,17,47,111,20,19,34,153,17,1',
      'GPZDA,082356.00,16,09,2002,00,00',
      'GPGST,082356.00,1.8,,,,1.7,1.3,2.2',
      'GPVTG,77.52,T,,M,0.004,N,0.008,K,A',
    ];
    const mutation = fc.record({
      body: fc.constantFrom(...bodies),
      at: fc.nat(70),
      removed: fc.nat(4),
      inserted: fc.constantFrom('', ',', '-', '9', '99999999999', '.', 'N', 'x', '$', '*', '\xb5', '\r'),
    });
    const noise = fc.uint8Array({ maxLength: 24 });
    const mutations = fc.sample(mutation, { numRuns: 2000, seed: 11 });
    const noises = fc.sample(noise, { numRuns: 500, seed: 12 });
    const counted = { fixes: 0, wrong: 0 };
    const parser = createNmeaParser({
      onFix: (fix) => {
        counted.fixes++;
        const { latitudeDeg = 0, longitudeDeg = 0, utcUs = 0, satellites = [] } = fix;
        const isSane = Math.abs(latitudeDeg) <= 90 && Math.abs(longitudeDeg) <= 180 && Number.isSafeInteger(utcUs);
        if (!isSane || satellites.length > 4000) counted.wrong++;
      },
      notBeforeUs: 0,
    });
    for (let i = 0; i < 100_000; i++) {
      const { body, at, removed, inserted } = mutations[(i * 7) % mutations.length];
      const cut = (at + i) % (body.length + 1);
      const mutated = body.slice(0, cut) + inserted + body.slice(cut + removed);
      parser.receive(Buffer.from(sentence(mutated), 'latin1'), i);
      parser.receive(noises[i % noises.length], i);
    }
    parser.finish();
    expect(counted.wrong).toBe(0);
    expect(counted.fixes).toBeGreaterThan(1000);
    expect(parser.counts.damaged).toBeGreaterThan(1000);
    expect(parser.counts.ignored).toBeGreaterThan(1000);
  });
});
