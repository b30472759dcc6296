import { type Client, connectivityState as grpcState } from '@grpc/grpc-js';
import { distinctUntilChanged, Observable, Subject, startWith, takeWhile } from 'rxjs';
import { inOwnContext } from '../backpressure/in-own-context.ts';
import type { ConnectivityState } from '../call/transport.ts';

/** grpc-js exports the class of this name, not the interface. */
export type Channel = ReturnType<Client['getChannel']>;

/** A client that has one connection ready is ready, and so on. */
const fromBest: readonly ConnectivityState[] = ['READY', 'CONNECTING', 'TRANSIENT_FAILURE', 'IDLE'];

/** The channels of a client, more of which may come, as one state. */
export class Connectivity {
  readonly #channels = new Set<Channel>();
  readonly #watched = new Set<Channel>();
  readonly #changed$ = new Subject<void>();

  /** Emits the state now, and each time that it changes. Completes after SHUTDOWN. */
  readonly state$: Observable<ConnectivityState> = inOwnContext(
    new Observable<ConnectivityState>(subscriber => {
      const look = () => subscriber.next(this.#state());
      subscriber.add(this.#changed$.pipe(startWith(undefined)).subscribe(look));
      for (const channel of this.#channels) this.#watch(channel);
    }).pipe(
      distinctUntilChanged(),
      takeWhile(state => state !== 'SHUTDOWN', true),
    ),
  );

  add(channel: Channel): void {
    this.#channels.add(channel);
    if (!this.#changed$.observed) return;
    this.#watch(channel);
    this.#changed$.next();
  }

  /** One of its own channels is closed, or all are and there was none. */
  shutDown(): void {
    this.#isShutDown = true;
    this.#changed$.next();
  }

  #isShutDown = false;

  #state(): ConnectivityState {
    const states = new Set([...this.#channels].map(stateOf));
    if (this.#isShutDown || (states.size === 1 && states.has('SHUTDOWN'))) return 'SHUTDOWN';
    return fromBest.find(state => states.has(state)) ?? 'IDLE';
  }

  /** grpc-js tells of one change and offers no undo: at most one waits for each channel, whoever comes and goes. */
  #watch(channel: Channel): void {
    const state = channel.getConnectivityState(false);
    if (this.#watched.has(channel) || state === grpcState.SHUTDOWN) return;
    this.#watched.add(channel);
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      this.#watched.delete(channel);
      if (!this.#changed$.observed) return;
      this.#watch(channel);
      this.#changed$.next();
    });
  }
}

function stateOf(channel: Channel): ConnectivityState {
  return grpcState[channel.getConnectivityState(false)] as ConnectivityState;
}
