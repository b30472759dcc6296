import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const INTERVAL_US = 200;

/** A CPU profile of this process, in the format that Chrome's and VS Code's viewers open. */
export class Profile {
  #session: Session | undefined;

  async start(): Promise<void> {
    this.#session = new Session();
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    await this.#session.post('Profiler.start');
  }

  async stop(path: string): Promise<void> {
    const { profile } = await this.#session!.post('Profiler.stop');
    this.#session!.disconnect();
    writeFileSync(path, JSON.stringify(profile));
  }
}
