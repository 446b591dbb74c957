#!/usr/bin/env node
import { runProgram } from '@iot/host';
import { checkCommand } from './cli/check.ts';
import { ledgerCommand } from './cli/ledger.ts';
import { runCommand } from './cli/run.ts';
import { statusCommand } from './cli/status.ts';

// Positions of people are in every file that is made: they are this user's alone.
process.umask(0o077);
process.exitCode = await runProgram(
  {
    name: 'odograph-gateway',
    summary: 'takes batches from units, acknowledges each when it is durable, delivers to Kafka and history',
    commands: [runCommand, checkCommand, ledgerCommand, statusCommand],
  },
  process.argv.slice(2),
);
