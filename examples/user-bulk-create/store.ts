import { resolve } from 'node:path';
import sqlite, { type Database, type Statement } from 'node-sqlite3-wasm';
import type { CreateUserRes, User } from '../gen/users.ts';
import { claim } from './claim.ts';
import { makeFolderOf } from './make-folder-of.ts';
import { reasons } from './validate.ts';

/** A user on the way into the database, and what speaks against it so far. */
export interface Candidate {
  readonly user: User;
  readonly errors: readonly string[];
}

/**
 * The write-ahead log is the one mode of this binding that survives `kill -9`: with a rollback journal it takes its own
 * lock for another process's, never rolls back, and the file is damaged (seen). It has no shared memory, so the log needs
 * the file to itself (`EXCLUSIVE`). `FULL` syncs at each commit: what was committed also survives a loss of power.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 10000; -- pages, 40 MB: ids in random order are written 1.4 times as fast as with 1000
  PRAGMA cache_size = -8000; -- KiB
  CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, last_name TEXT NOT NULL, age INTEGER NOT NULL, email TEXT
  );`;

/** A user as the database has it. */
interface Row {
  readonly name: string;
  readonly lastName: string;
  readonly age: number;
  readonly email: string | null;
}

/** The users, in an SQLite file that belongs to this process until it is closed. */
export class UserStore implements Disposable {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #select: Statement;
  readonly #release: () => void;

  /** @throws Error when the file cannot be opened, is no database, or is in use by another process. */
  constructor(file: string) {
    const path = resolve(file);
    let release: (() => void) | undefined;
    let database: Database | undefined;
    try {
      makeFolderOf(path);
      release = claim(path);
      database = new sqlite.Database(path);
      database.exec(SETTINGS);
      this.#insert = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
      this.#select = database.prepare('SELECT name, last_name AS lastName, age, email FROM users WHERE id = ?');
      this.#database = database;
      this.#release = release;
    } catch (error) {
      database?.close();
      release?.();
      throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Creates the users in one transaction, all or none; one result for each, in their order. */
  create(batch: readonly Candidate[]): CreateUserRes[] {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const results = batch.map(candidate => this.#create(candidate));
      this.#database.exec('COMMIT');
      return results;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  count(): number {
    return (this.#database.get('SELECT count(*) AS users FROM users') as { users: number }).users;
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.#insert.finalize();
    this.#select.finalize();
    this.#database.close();
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #create({ user, errors }: Candidate): CreateUserRes {
    const { id, name, lastName, age } = user;
    const email = user.email || null;
    if (errors.length === 0 && this.#insert.run([id, name, lastName, age, email]).changes === 1) {
      return { userId: id, success: true, errors: [], existed: false };
    }
    const there = this.#select.get(id) as Row | null;
    if (there === null) return { userId: id, success: false, errors, existed: false };
    const isSame = there.name === name && there.lastName === lastName && there.age === age && there.email === email;
    return { userId: id, success: isSame, errors: isSame ? [] : [...errors, reasons.idTaken], existed: isSame };
  }
}
