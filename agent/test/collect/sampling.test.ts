import { Rows, type TableDef } from '@iot/wire';
import { describe, expect, it } from 'vitest';
import { compileCampaign } from '../../src/collect/campaign.ts';
import { planTable, Sampler, type Sampling } from '../../src/collect/sampling.ts';

const def: TableDef = {
  name: 'EEC1',
  bus: 'can0',
  source: 0,
  signals: [
    { name: 'Speed', unit: 'rpm', type: 'int32', scale: 0.125, offset: 0 },
    { name: 'Torque', unit: '%', type: 'float64', scale: 1, offset: -125 },
  ],
};

type Row = [timeUs: number, speed: number | undefined, torque?: number];

/** Runs rows through the samplers of a table, as the collector does, and gives what each plan kept. */
function run(samplingOf: (signal: string) => Sampling, rows: readonly Row[]) {
  const plans = planTable(def, samplingOf).map((plan) => ({ ...plan, rows: new Rows(plan.def) }));
  const samplers = plans.map((plan) => new Sampler(plan));
  const scratch = new Rows(def, 1);
  for (const [timeUs, speed, torque] of rows) {
    scratch.clear();
    scratch.times[0] = timeUs;
    scratch.columns[0].values[0] = speed ?? 0;
    if (speed === undefined) {
      scratch.columns[0].qualityRows.push(0);
      scratch.columns[0].qualityCodes.push(2);
    }
    scratch.columns[1].values[0] = torque ?? 0;
    scratch.count = 1;
    for (const sampler of samplers) sampler.take(scratch);
  }
  return Object.fromEntries(plans.map(({ rows: kept }) => [kept.def.name, [...kept.times.subarray(0, kept.count)]]));
}

const every: Sampling = { mode: 'every' };
const change: Sampling = { mode: 'change', heartbeatUs: 1_000 };

describe('Sampler', () => {
  it.each([
    {
      name: 'every',
      sampling: every,
      rows: [
        [0, 1],
        [1, 1],
      ],
      kept: [0, 1],
    },
    {
      name: 'change keeps what differs',
      sampling: change,
      rows: [
        [0, 1],
        [1, 1],
        [2, 2],
        [3, 2],
      ],
      kept: [0, 2],
    },
    {
      name: 'change keeps a heartbeat',
      sampling: change,
      rows: [
        [0, 1],
        [999, 1],
        [1_000, 1],
      ],
      kept: [0, 1_000],
    },
    {
      name: 'change sees a quality come and go',
      sampling: change,
      rows: [
        [0, 0],
        [1, undefined],
        [2, undefined],
        [3, 0],
      ],
      kept: [0, 1, 3],
    },
    {
      name: 'change sees the other signal of the row',
      sampling: change,
      rows: [
        [0, 1, 1],
        [1, 1, 2],
      ],
      kept: [0, 1],
    },
    {
      name: 'change takes NaN as equal to NaN',
      sampling: change,
      rows: [
        [0, 1, Number.NaN],
        [1, 1, Number.NaN],
      ],
      kept: [0],
    },
    {
      name: 'period',
      sampling: { mode: 'period', periodUs: 10 },
      rows: [
        [0, 1],
        [9, 2],
        [10, 3],
        [19, 4],
        [25, 5],
      ],
      kept: [0, 10, 25],
    },
  ] as { name: string; sampling: Sampling; rows: Row[]; kept: number[] }[])('$name', ({ sampling, rows, kept }) => {
    expect(run(() => sampling, rows)).toEqual({ EEC1: kept });
  });

  it('a deadband is in the unit of the signal, and a table of its own', () => {
    const deadband: Sampling = { mode: 'deadband', deadband: 1, heartbeatUs: 1e9 };
    const kept = run(
      (signal) => (signal === 'Speed' ? deadband : every),
      [
        [0, 80],
        [1, 87],
        [2, 88],
        [3, undefined],
        [4, 88],
      ],
    );
    expect(kept).toEqual({ 'EEC1/Speed': [0, 2, 3, 4], 'EEC1/Torque': [0, 1, 2, 3, 4] });
  });
});

describe('compileCampaign', () => {
  it('takes the first rule that matches, and every frame of what none does', () => {
    const samplingOf = compileCampaign({
      rules: [
        { signals: 'gnss_imu.*', sampling: undefined },
        { signals: '*.Speed', sampling: change },
        { signals: 'a.Speed', sampling: undefined },
      ],
    });
    expect([samplingOf('gnss_imu.AccelerationX'), samplingOf('a.Speed'), samplingOf('aXSpeed')]).toEqual([
      undefined,
      change,
      every,
    ]);
  });
});
