/** What names a value of a {@link CallContext}, and gives it its type. Made by {@link contextKey}; each is one of its own. */
export interface ContextKey<T> {
  /** For messages. */
  readonly name: string;
  /** What a call has that was given no value. */
  readonly defaultValue: T;
}

/**
 * A key for {@link ServerCall.context}: middleware sets a value, handlers get it, with its type.
 *
 * @param defaultValue what a call has that was given none. Default: undefined.
 */
export function contextKey<T>(name: string): ContextKey<T | undefined>;
export function contextKey<T>(name: string, defaultValue: T): ContextKey<T>;
export function contextKey<T>(name: string, defaultValue?: T): ContextKey<T | undefined> {
  return Object.freeze({ name, defaultValue });
}

/** The values of one call, by key. */
export class CallContext {
  readonly #values = new Map<ContextKey<any>, unknown>();

  get<T>(key: ContextKey<T>): T {
    return this.#values.has(key) ? (this.#values.get(key) as T) : key.defaultValue;
  }

  /** Returns the context. */
  set<T>(key: ContextKey<T>, value: T): this {
    this.#values.set(key, value);
    return this;
  }
}
