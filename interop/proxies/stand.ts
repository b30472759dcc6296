import { type CallOptions, type ClientMiddleware, type ClientOf, close, codeName, connect, isRpcError } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { concat, NEVER, type Observable, of } from 'rxjs';
import { type UserInit, Users } from '../../examples/gen/users.ts';
import type { CommandLine } from '../processes.ts';
import { BackendProcess } from './backend-process.ts';
import { PLAN, type Plan } from './plan.ts';
import { type HttpProxy, type RunningProxy, startProxy } from './proxy.ts';

/** How long a scenario waits for what may never come. */
export const PATIENCE_MS = 2_000;

let lastCall = 0;

/** One proxy, or none, between a client and a backend. */
export class Stand implements AsyncDisposable {
  backend: BackendProcess;
  /** What the errors of calls said. */
  readonly errors = new Set<string>();
  readonly #command: CommandLine;
  readonly #proxy: RunningProxy | undefined;
  readonly #backendPort: number;
  readonly #clients: ClientOf<typeof Users>[] = [];

  static async make(
    proxy: HttpProxy | undefined,
    command: CommandLine,
    change: (config: string, proxy: HttpProxy) => string = config => config,
  ): Promise<Stand> {
    const backend = new BackendProcess(command);
    const port = await backend.port;
    try {
      return new Stand(command, backend, port, proxy && (await startProxy(proxy, port, change)));
    } catch (error) {
      await backend.kill();
      throw error;
    }
  }

  constructor(command: CommandLine, backend: BackendProcess, port: number, proxy: RunningProxy | undefined) {
    this.#command = command;
    this.backend = backend;
    this.#backendPort = port;
    this.#proxy = proxy;
  }

  get isDirect(): boolean {
    return this.#proxy === undefined;
  }

  /** A client with a connection of its own. */
  connect(
    middleware: readonly ClientMiddleware[] = [],
    channelOptions: Record<string, number> = {},
  ): ClientOf<typeof Users> {
    const client = connect(Users, `http://127.0.0.1:${this.#proxy?.port ?? this.#backendPort}`, {
      middleware,
      channelOptions: {
        'grpc.use_local_subchannel_pool': 1,
        ...channelOptions,
      },
    });
    this.#clients.push(client);
    return client;
  }

  /** Starts the backend again where it was. */
  async restart(): Promise<void> {
    await this.backend.kill();
    this.backend = new BackendProcess([...this.#command, String(this.#backendPort)]);
    await this.backend.port;
  }

  /** Has the proxy read its configuration again. */
  async reload(): Promise<void> {
    await this.#proxy?.reload();
  }

  /** Makes a call of the backend's createUser. */
  call(plan: Partial<Plan>, user$: Observable<UserInit>, options: Options = {}): Call {
    return new Call(this, options.client ?? this.connect(), plan, user$, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) close(client);
    await this.#proxy?.stop();
    await this.backend.kill();
  }
}

export interface Options extends CallOptions {
  readonly client?: ClientOf<typeof Users>;
  /** Takes so many responses, and then no more. Default: all. */
  readonly reads?: number;
}

/** A call that runs. */
export class Call {
  readonly number: number = ++lastCall;
  received = 0;
  /** Its status, or undefined while it runs. */
  end: string | undefined;
  readonly #stand: Stand;
  readonly #looks = new Set<() => void>();
  readonly #stop: () => void;

  constructor(
    stand: Stand,
    client: ClientOf<typeof Users>,
    plan: Partial<Plan>,
    user$: Observable<UserInit>,
    options: Options,
  ) {
    const { client: _, reads = Infinity, ...callOptions } = options;
    this.#stand = stand;
    const whole = { act: 'echo', shape: 'exchange', messages: 0, bytes: 0, headerBytes: 0, trailerBytes: 0, ...plan };
    const result$ = client.createUser(user$, {
      ...callOptions,
      metadata: { [PLAN]: JSON.stringify({ ...whole, call: this.number }), ...(options.metadata as object) },
    });
    const told = (): void => {
      for (const look of this.#looks) look();
    };
    const paced$ =
      reads === Infinity
        ? result$
        : result$.pipe(concatMap((result, i) => (i + 1 < reads ? of(result) : concat(of(result), NEVER))));
    const reading = paced$.subscribe({
      next: () => {
        this.received++;
        told();
      },
      complete: () => {
        this.end = 'OK';
        told();
      },
      error: (error: unknown) => {
        if (!isRpcError(error)) throw error;
        stand.errors.add(error.message);
        this.end = codeName(error.code);
        told();
      },
    });
    this.#stop = () => reading.unsubscribe();
  }

  cancel(): void {
    this.#stop();
  }

  /** Whether so many responses have come in time. */
  async has(count: number, ms = PATIENCE_MS): Promise<boolean> {
    await this.#until(() => this.received >= count || this.end !== undefined, ms);
    return this.received >= count;
  }

  /** Its status in time, or 'runs on'. */
  async ends(ms = PATIENCE_MS): Promise<string> {
    await this.#until(() => this.end !== undefined, ms);
    return this.end ?? 'runs on';
  }

  /** How the backend saw it end. */
  backend(ms = PATIENCE_MS) {
    return this.#stand.backend.ended(this.number, ms);
  }

  #until(isSo: () => boolean, ms: number): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!isSo()) return;
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#looks.delete(look);
        resolve();
      }, ms);
      this.#looks.add(look);
      look();
    });
  }
}
