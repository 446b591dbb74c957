import { describe, expect, it } from 'vitest';
import { readText, type SeenFrame } from './collect.ts';

const EXTENDED = 0x8000_0000;
const REMOTE = 0x4000_0000;
const ERROR = 0x2000_0000;
const FD = 0x04;

type Expected = Partial<SeenFrame>;

describe('lines that are frames', () => {
  /** Forms of can-utils lib.h, `parse_canframe`, and lib.c, `sprint_long_canframe`; captures where named. */
  const vectors: { name: string; line: string; frame: Expected }[] = [
    {
      name: 'log file, standard id (car-obd2-gps.log, line 1)',
      line: '(1627305599.790450) can1 009#95A44F410202B07F',
      frame: { timeUs: 1_627_305_599_790_450, bus: 'can1', id: 0x009, flags: 0, data: '95a44f410202b07f' },
    },
    {
      name: 'log file, extended id (truck-j1939-gps.log, line 3)',
      line: '(1635188455.029900) can0 0CF00400#607D84481400F084',
      frame: { timeUs: 1_635_188_455_029_900, id: EXTENDED + 0x0cf00400, data: '607d84481400f084' },
    },
    { name: 'no data', line: '(0.0) vcan0 7FF#', frame: { id: 0x7ff, data: '' } },
    { name: 'lower case', line: '(0.0) can0 1ab#deadbeef', frame: { id: 0x1ab, data: 'deadbeef' } },
    { name: 'dots between bytes', line: '(0.0) can0 123#11.22.33', frame: { id: 0x123, data: '112233' } },
    { name: 'remote', line: '(0.0) can0 123#R', frame: { id: REMOTE + 0x123, data: '' } },
    { name: 'remote with DLC', line: '(0.0) can0 123#R8', frame: { id: REMOTE + 0x123, data: '0000000000000000' } },
    {
      name: 'remote, extended, with DLC',
      line: '(0.0) can0 12345678#R5',
      frame: { id: EXTENDED + REMOTE + 0x12345678, data: '0000000000' },
    },
    {
      name: 'error frame (lib.h: "CAN_ERR_FLAG set")',
      line: '(0.0) can0 20000004#0004000000000000',
      frame: { id: ERROR + 4, data: '0004000000000000' },
    },
    {
      name: 'CAN FD, bit rate switch',
      line: '(0.0) can0 123##1DEADBEEF',
      frame: { flags: FD | 1, data: 'deadbeef' },
    },
    { name: 'CAN FD, error state', line: '(0.0) can0 123##2112233', frame: { flags: FD | 2, data: '112233' } },
    { name: 'CAN FD, FDF in the nibble', line: '(0.0) can0 123##5.11.22', frame: { flags: FD | 1, data: '1122' } },
    { name: 'CAN FD, empty', line: '(0.0) can0 12345678##0', frame: { flags: FD, data: '' } },
    { name: 'CAN FD, 64 bytes', line: `(0.0) can0 123##3${'5A'.repeat(64)}`, frame: { data: '5a'.repeat(64) } },
    { name: 'raw DLC', line: '(0.0) can0 123#1122334455667788_E', frame: { data: '1122334455667788' } },
    { name: 'direction R', line: '(0.0) can0 123#1122 R', frame: { data: '1122' } },
    { name: 'direction T', line: '(0.0) can0 123##01122 T', frame: { data: '1122' } },
    { name: 'remote with direction', line: '(0.0) can0 123#R4 R', frame: { id: REMOTE + 0x123, data: '00000000' } },
    { name: 'carriage return', line: '(0.0) can0 123#1122\r', frame: { data: '1122' } },
    { name: 'padded interface name', line: '(0.0)   can0  123#1122', frame: { bus: 'can0', data: '1122' } },
    {
      name: 'console',
      line: '  can0  123   [8]  11 22 33 44 55 66 77 88',
      frame: { timeUs: 0, bus: 'can0', id: 0x123, flags: 0, data: '1122334455667788' },
    },
    { name: 'console -ta', line: ' (1627305599.790450)  can0  1F334455   [2]  11 22', frame: { id: 0x9f334455 } },
    { name: 'console -tz', line: ' (000.002200)  can0  123   [0]', frame: { timeUs: 2200, data: '' } },
    {
      name: 'console -tA',
      line: ' (2021-07-26 13:19:59.790450)  can0  123   [1]  11',
      frame: { timeUs: 1_627_305_599_790_450, data: '11' },
    },
    { name: 'console -a', line: "  can0  123   [3]  41 42 00                  'AB.'", frame: { data: '414200' } },
    {
      name: 'console, CAN FD of 12',
      line: '  can0  123  [12]  00 01 02 03 04 05 06 07 08 09 0A 0B',
      frame: { flags: FD, data: '000102030405060708090a0b' },
    },
    { name: 'console, CAN FD of 8 or fewer', line: '  can0  123  [02]  11 22', frame: { flags: FD, data: '1122' } },
    { name: 'console -x', line: '  can0  RX B E  123  [02]  11 22', frame: { flags: FD | 3, data: '1122' } },
    { name: 'console -x, classic', line: '  can0  TX - -  123   [2]  11 22', frame: { flags: 0, data: '1122' } },
    { name: 'console -8', line: '  can0  123   {F}  11 22 33 44 55 66 77 88', frame: { data: '1122334455667788' } },
    {
      name: 'console, remote',
      line: '  can0  123   [4]  remote request',
      frame: { id: REMOTE + 0x123, data: '00000000' },
    },
    {
      name: 'console, error frame',
      line: '  can0  20000004   [8]  00 04 00 00 00 00 00 00   ERRORFRAME',
      frame: { id: ERROR + 4, data: '0004000000000000' },
    },
  ];
  it.each(vectors)('$name', ({ line, frame }) => {
    const { frames, damage } = readText(`${line}\n`);
    expect(damage).toEqual([]);
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject(frame);
  });

  it('cuts nanoseconds (candump -N) off to µs', () => {
    expect(readText('(1627305599.790450999) can0 123#\n').frames[0].timeUs).toBe(1_627_305_599_790_450);
  });

  it('takes local time of candump -tA to UTC', () => {
    const { frames } = readText('(2021-07-26 15:19:59.790450) can0 123#\n', { utcOffsetMinutes: 120 });
    expect(frames[0].timeUs).toBe(1_627_305_599_790_450);
  });

  it('adds deltas up, over the lines of other buses too', () => {
    const text = ' (000.000000)  can0  123   [0]\n (000.001500)  can1  123   [0]\n (001.000002)  can0  123   [0]\n';
    const { frames } = readText(text, { timestamps: 'delta', buses: ['can0'] });
    expect(frames.map((frame) => frame.timeUs)).toEqual([0, 1_001_502]);
  });
});

describe('lines that are damaged', () => {
  const vectors: { name: string; line: string; code: string }[] = [
    { name: 'letters in the timestamp', line: '(16273o5599.790450) can0 123#11', code: 'bad-time' },
    { name: 'timestamp without fraction', line: '(1627305599) can0 123#11', code: 'bad-time' },
    { name: 'timestamp beyond what µs can count', line: '(9999999999.000000) can0 123#11', code: 'bad-time' },
    { name: '31 April', line: '(2021-04-31 13:19:59.0) can0 123#11', code: 'bad-time' },
    { name: 'no interface', line: '(0.0) 123#11', code: 'bad-bus' },
    { name: 'interface longer than Linux allows', line: '(0.0) interface0123456 123#11', code: 'bad-bus' },
    { name: 'two id digits', line: '(0.0) can0 12#11', code: 'bad-id' },
    { name: 'standard id above 7FF', line: '(0.0) can0 800#11', code: 'bad-id' },
    { name: 'nine id digits', line: '(0.0) can0 123456789#11', code: 'bad-id' },
    { name: 'id with reserved bits', line: '(0.0) can0 80000123#11', code: 'bad-id' },
    { name: 'CAN XL', line: '(0.0) can0 45123#81:00:12345678#11223344', code: 'bad-id' },
    { name: 'half a byte', line: '(0.0) can0 123#112', code: 'bad-hex' },
    { name: 'no hex', line: '(0.0) can0 123#11GG', code: 'bad-hex' },
    { name: 'nine bytes', line: '(0.0) can0 123#112233445566778899', code: 'bad-length' },
    { name: 'CAN FD of nine bytes', line: '(0.0) can0 123##0112233445566778899', code: 'bad-length' },
    { name: 'CAN FD of 65 bytes', line: `(0.0) can0 123##0${'00'.repeat(65)}`, code: 'bad-length' },
    { name: 'remote DLC 9', line: '(0.0) can0 123#R9', code: 'bad-length' },
    { name: 'CAN FD without flags', line: '(0.0) can0 123##', code: 'bad-flags' },
    { name: 'a line run into the next', line: '(0.0) can0 123#11 (0.1) can0 123#11', code: 'trailing' },
    { name: 'console, fewer bytes than said', line: '  can0  123   [3]  11 22', code: 'bad-length' },
    { name: 'console, more bytes than said', line: '  can0  123   [1]  11 22', code: 'bad-length' },
    { name: 'console, classic of 9', line: '  can0  123   [9]  11 22 33 44 55 66 77 88 99', code: 'bad-length' },
    { name: 'console, length in hex', line: '  can0  123  [0C]  11', code: 'bad-length' },
    { name: 'console, bits instead of bytes (-i)', line: '  can0  123   [1]  00010001', code: 'bad-hex' },
    { name: 'console, bytes swapped (-S)', line: '  can0  123   [2]  22`11', code: 'bad-hex' },
    { name: 'console, unknown flags', line: '  can0  RX ? -  123  [01]  11', code: 'bad-flags' },
    { name: 'console, remote CAN FD', line: '  can0  123  [04]  remote request', code: 'bad-flags' },
    { name: 'endless', line: `(0.0) can0 123##0${'00'.repeat(600)}`, code: 'line-too-long' },
  ];
  it.each(vectors)('$name', ({ line, code }) => {
    const good = '(1.000000) can0 123#11\n';
    const { frames, damage } = readText(`${good}${line}\n${good}`);
    expect(damage).toEqual([{ code: `canlog/${code}`, line: 2, offset: good.length }]);
    expect(frames).toHaveLength(2);
  });

  it('bounds the number of names it remembers', () => {
    const lines = Array.from({ length: 65 }, (_, i) => `(0.0) can${i} 123#11\n`);
    expect(readText(lines.join('')).damage).toMatchObject([{ code: 'canlog/too-many-buses', line: 65 }]);
  });
});

describe('lines that are neither', () => {
  it.each([
    { name: 'empty', line: '' },
    { name: 'blank', line: '  \t ' },
    { name: 'comment', line: '# Source: some car' },
    { name: 'endless comment', line: `#${'x'.repeat(2000)}` },
    { name: 'explanation of candump -e', line: '\tcontroller-problem{rx-error-warning}' },
  ])('$name', ({ line }) => {
    expect(readText(`${line}\n`)).toEqual({ frames: [], damage: [] });
  });
});
