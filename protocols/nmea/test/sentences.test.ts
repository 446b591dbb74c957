import { describe, expect, it } from 'vitest';
import type { GnssFix } from '../src/index.ts';
import { parseText, sentence } from './collect.ts';

const KNOT_MPS = 1852 / 3600;

describe('sentences', () => {
  const vectors: { name: string; text: string; fix: Partial<GnssFix>; absent?: (keyof GnssFix)[] }[] = [
    {
      name: 'GGA (u-blox M8 interface description, example)',
      text: '$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B\r\n',
      fix: {
        latitudeDeg: 47 + 17.11399 / 60,
        longitudeDeg: 8 + 33.9159 / 60,
        quality: 1,
        satellitesUsed: 8,
        hdop: 1.01,
        altitudeMslM: 499.6,
        geoidSeparationM: 48,
      },
      absent: ['utcUs', 'mode', 'speedMps'],
    },
    {
      name: 'GLL (u-blox M8 interface description, example)',
      text: '$GPGLL,4717.11364,N,00833.91565,E,092321.00,A,A*60\r\n',
      fix: { latitudeDeg: 47 + 17.11364 / 60, longitudeDeg: 8 + 33.91565 / 60, modeIndicator: 'A' },
    },
    {
      name: 'GNS (quectel-eg25-g.log)',
      text: '$GNGNS,191504.01,3645.876678,N,03124.668626,E,AAN,09,1.1,-14.1,32.0,,,V*7E\r\n',
      fix: { altitudeMslM: -14.1, geoidSeparationM: 32, satellitesUsed: 9, hdop: 1.1, navigationStatus: 'V' },
    },
    {
      name: 'RMC (u-blox M8 interface description, example)',
      text: '$GPRMC,083559.00,A,4717.11437,N,00833.91522,E,0.004,77.52,091202,,,A*57\r\n',
      fix: {
        utcUs: Date.UTC(2002, 11, 9, 8, 35, 59) * 1000,
        weeksAdded: 0,
        speedMps: 0.004 * KNOT_MPS,
        courseDeg: 77.52,
        modeIndicator: 'A',
      },
      absent: ['navigationStatus', 'altitudeMslM', 'satellites'],
    },
    {
      name: 'RMC of 4.1, south and west, no course',
      text: sentence('GNRMC,223745.25,A,3806.62964,S,12237.61382,W,0.040,,110720,,,D,V'),
      fix: {
        latitudeDeg: -(38 + 6.62964 / 60),
        longitudeDeg: -(122 + 37.61382 / 60),
        utcUs: Date.UTC(2020, 6, 11, 22, 37, 45, 250) * 1000,
        navigationStatus: 'V',
      },
      absent: ['courseDeg'],
    },
    {
      name: 'RMC void: time and date, no position',
      text: sentence('GPRMC,083559.00,V,4717.11437,N,00833.91522,E,0.004,77.52,091202,,,N'),
      fix: { utcUs: Date.UTC(2002, 11, 9, 8, 35, 59) * 1000, modeIndicator: 'N' },
      absent: ['latitudeDeg', 'longitudeDeg', 'speedMps', 'courseDeg'],
    },
    {
      name: 'GGA of quality 0 with an old position',
      text: sentence('GPGGA,092725.00,4717.11399,N,00833.91590,E,0,00,99.99,499.6,M,48.0,M,,'),
      fix: { quality: 0, satellitesUsed: 0 },
      absent: ['latitudeDeg', 'altitudeMslM'],
    },
    {
      name: 'GGA with nothing in it (telit-he910.log)',
      text: '$GPGGA,,,,,,0,,,,M,,M,,*66\r\n',
      fix: { quality: 0 },
      absent: ['latitudeDeg', 'satellitesUsed', 'hdop', 'altitudeMslM', 'utcUs'],
    },
    {
      name: 'half a position is none',
      text: sentence('GPRMC,083559.00,A,4717.11437,N,,E,0.004,77.52,091202,,,A'),
      fix: { courseDeg: 77.52 },
      absent: ['latitudeDeg', 'longitudeDeg'],
    },
    {
      name: 'VTG: km/h where knots are empty; a course of 0 is a course',
      text: `${sentence('GPVTG,0.0,T,,M,,N,36.0,K,A')}${sentence('GPGLL,,,,,092321.00,V,N')}`,
      fix: { speedMps: 10, courseDeg: 0 },
    },
    {
      name: 'VTG not valid',
      text: `${sentence('GPVTG,0.0,T,,M,0.0,N,0.0,K,N')}${sentence('GPGLL,,,,,092321.00,V,N')}`,
      fix: {},
      absent: ['speedMps', 'courseDeg'],
    },
    {
      name: 'GLL, GST and ZDA of one epoch (ublox-neo-m9n-nmea.log)',
      text: [
        '$GNGLL,3806.63010,N,12237.61545,W,223843.00,A,D*63\r\n',
        '$GNGST,223843.00,837,2.5,2.2,136,0.94,0.94,2.8*40\r\n',
        '$GNZDA,223843.00,11,07,2020,00,00*73\r\n',
      ].join(''),
      fix: {
        horizontalAccuracyM: Math.hypot(0.94, 0.94),
        verticalAccuracyM: 2.8,
        utcUs: Date.UTC(2020, 6, 11, 22, 38, 43) * 1000,
      },
    },
    {
      name: 'GSA (u-blox M8 interface description, example)',
      text: `$GPGSA,A,3,23,29,07,08,09,18,26,28,,,,,1.94,1.18,1.54*0D\r\n${sentence('GPGLL,,,,,,V,N')}`,
      fix: { mode: 3, pdop: 1.94, hdop: 1.18, vdop: 1.54 },
    },
    {
      name: 'two-digit years',
      text: sentence('GPRMC,000000.00,A,4717.11437,N,00833.91522,E,,,060180,,,A'),
      fix: { utcUs: Date.UTC(1980, 0, 6) * 1000 },
    },
  ];
  it.each(vectors)('$name', ({ text, fix, absent = [] }) => {
    const { fixes, damage } = parseText(text);
    expect(damage).toEqual([]);
    expect(fixes).toHaveLength(1);
    expect(fixes[0]).toMatchObject(fix);
    for (const name of absent) expect(fixes[0][name], name).toBeUndefined();
  });

  it.each(['GP', 'GL', 'GA', 'GB', 'BD', 'GQ', 'QZ', 'GI', 'GN'])('talker %s is a receiver', (talker) => {
    expect(parseText(sentence(`${talker}GLL,4717.11364,N,00833.91565,E,092321.00,A,A`)).fixes).toHaveLength(1);
  });

  it.each(['PUBX,00,081350.00', 'HCHDG,98.3,0.0,E,12.6,W', 'GPTXT,01,01,02,hello', 'GPGLLX,1', ''])(
    'passes over $%s',
    (body) => {
      const { counts } = parseText(sentence(body));
      expect(counts).toEqual({ sentences: 0, ignored: 1, damaged: 0, fixes: 0 });
    },
  );
});

describe('satellites', () => {
  it('GSV with signal id: strongest signal, use by GSA of the same system (NMEA 4.1)', () => {
    const text = [
      'GNGSA,A,3,05,,,,,,,,,,,,1.0,0.5,0.8,1',
      'GNGSA,A,3,05,,,,,,,,,,,,1.0,0.5,0.8,3',
      'GPGSV,1,1,03,05,40,094,31,44,45,171,45,193,20,010,,1',
      'GPGSV,1,1,03,05,40,094,38,8',
      'GAGSV,1,1,02,05,42,071,,36,08,098,22,7',
      'GNGLL,4717.11364,N,00833.91565,E,092321.00,A,A',
    ].map(sentence);
    expect(parseText(text.join('')).fixes[0].satellites).toEqual([
      { system: 'GPS', id: 5, elevationDeg: 40, azimuthDeg: 94, snrDbHz: 38, used: true },
      { system: 'SBAS', id: 44, elevationDeg: 45, azimuthDeg: 171, snrDbHz: 45, used: false },
      { system: 'QZSS', id: 193, elevationDeg: 20, azimuthDeg: 10, snrDbHz: undefined, used: false },
      { system: 'Galileo', id: 5, elevationDeg: 42, azimuthDeg: 71, snrDbHz: undefined, used: true },
      { system: 'Galileo', id: 36, elevationDeg: 8, azimuthDeg: 98, snrDbHz: 22, used: false },
    ]);
  });

  it("BeiDou in Quectel's $PQGSV, with system id behind the signal id (quectel-eg25-g.log)", () => {
    const list = sentence('PQGSV,1,1,03,28,08,040,,29,,,,30,21,144,,0,4');
    const { fixes } = parseText(`${list}${sentence('GPGLL,,,,,,V,N')}`);
    expect(fixes[0].satellites).toMatchObject([
      { system: 'BeiDou', id: 28, elevationDeg: 8, azimuthDeg: 40 },
      { system: 'BeiDou', id: 29, elevationDeg: undefined },
      { system: 'BeiDou', id: 30 },
    ]);
  });

  it('a list with a lost part is no list', () => {
    const first = sentence('GPGSV,3,1,12,05,40,094,31,06,40,094,31,07,40,094,31,08,40,094,31');
    const last = sentence('GPGSV,3,3,12,09,40,094,31,10,40,094,31,11,40,094,31,12,40,094,31');
    const { fixes } = parseText(`${first}${last}${sentence('GPGLL,,,,,,V,N')}`);
    expect(fixes[0].satellites).toBeUndefined();
  });
});

describe('damage', () => {
  const good = sentence('GPGLL,4717.11364,N,00833.91565,E,092321.00,A,A');
  const vectors: { name: string; text: string; code: string }[] = [
    {
      name: 'checksum of other text',
      text: '$GPGLL,4717.11364,N,00833.91566,E,092321.00,A,A*60\r\n',
      code: 'bad-checksum',
    },
    { name: 'no checksum', text: '$GPGLL,4717.11364,N,00833.91565,E,092321.00,A,A\r\n', code: 'no-checksum' },
    { name: 'cut off by the next', text: '$GPGLL,4717.11364,N,0083', code: 'unterminated' },
    { name: 'binary inside', text: '$GPGLL,4717.11\xb5\x62\x01\r\n', code: 'bad-character' },
    { name: 'endless', text: `$GPGLL,${'1'.repeat(10_000)}\r\n`, code: 'too-long' },
    { name: 'letters in a number', text: sentence('GPGGA,092725.00,,,,,0,08,1.0x,,M,,M,,'), code: 'bad-field' },
    { name: 'hour 24', text: sentence('GPGLL,4717.11364,N,00833.91565,E,242321.00,A,A'), code: 'bad-field' },
    { name: 'latitude above 90', text: sentence('GPGLL,9017.11364,N,00833.91565,E,092321.00,A,A'), code: 'bad-field' },
    { name: '60 minutes', text: sentence('GPGLL,4760.00000,N,00833.91565,E,092321.00,A,A'), code: 'bad-field' },
    {
      name: 'hemisphere of the other axis',
      text: sentence('GPGLL,4717.0,E,00833.9,E,092321.00,A,A'),
      code: 'bad-field',
    },
    { name: '31 June', text: sentence('GPRMC,083559.00,A,,,,,,,310602,,,A'), code: 'bad-field' },
    { name: 'fix mode 4', text: sentence('GPGSA,A,4,,,,,,,,,,,,,1.94,1.18,1.54'), code: 'bad-field' },
    { name: 'part 3 of 2', text: sentence('GPGSV,2,3,05'), code: 'bad-field' },
  ];
  it.each(vectors)('$name', ({ text, code }) => {
    const { fixes, damage } = parseText(`\r\n${text}${good}`);
    expect(damage).toEqual([{ code: `nmea/${code}`, at: 2 }]);
    expect(fixes).toHaveLength(1);
  });
});
