import Database from 'better-sqlite3';

/**
 * A lock between processes that ends with its holder, however that dies. Node has no such lock of its own, so it is the
 * operating system's on an empty database file, which stays behind and means nothing.
 */
export class ProcessLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Undefined where another has it. @throws where the file cannot be made */
  static tryTake(path: string): ProcessLock | undefined {
    const database = new Database(path, { timeout: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database.close();
      if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
      throw error;
    }
  }

  release(): void {
    this.#database.close();
  }
}
