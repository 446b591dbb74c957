#!/usr/bin/env node
import { runProgram } from '@iot/host';
import { decodeCommand } from './cli/decode.ts';
import { replayCommand } from './cli/replay.ts';
import { runCommand } from './cli/run.ts';
import { statusCommand } from './cli/status.ts';
import { validateCommand } from './cli/validate.ts';

// Positions of people are in every file that is made: they are this user's alone.
process.umask(0o077);
process.exitCode = await runProgram(
  {
    name: 'odograph-agent',
    summary: 'reads a vehicle’s buses, keeps every reading through outages, ships batches to a gateway',
    commands: [runCommand, decodeCommand, replayCommand, validateCommand, statusCommand],
  },
  process.argv.slice(2),
);
