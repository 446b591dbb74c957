import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Dbc, type DbcProblem, parseDbc } from '@iot/dbc';

/** A file that the config or the command line names and that cannot be used. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code = 'agent/file';
}

/** Paths in a config are relative to it, wherever the agent was started. */
export function resolveFrom(configFile: string, path: string): string {
  return resolve(dirname(configFile), path);
}

/** Reads a DBC file; lines that cannot be used are reported and the rest is. @throws FileError where nothing can be. */
export function readDbc(file: string, onProblem: (file: string, problem: DbcProblem) => void): Dbc {
  const { database, problems } = parseDbc(textOf(readNamed(file, 'DBC file')), file);
  for (const problem of problems) onProblem(file, problem);
  if (database.messages.length === 0) throw new FileError(`${file}: has no message (no BO_ line): is it a DBC file?`);
  return database;
}

/** Reads a file that the config names. @throws FileError saying what it is for and what to do */
export function readNamed(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FileError(`${file}: there is no such ${what}; check the path in the config`);
    if (code === 'EACCES') throw new FileError(`${file}: this user may not read this ${what}; check its permissions`);
    throw new FileError(`${file}: this ${what} cannot be read: ${message}`);
  }
}

/** DBC files are written in UTF-8 or, by older tools, in Windows-1252. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
