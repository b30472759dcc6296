/** A user, as `users.User` of users.proto is read and written. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly lastName: string;
  readonly age: number;
  readonly email?: string | undefined;
}

/** `users.CreateUserRes`: what became of one user. */
export interface CreateUserRes {
  readonly userId: string;
  readonly success: boolean;
  /** Every reason why not, in the order of {@link reasons}. */
  readonly errors: readonly string[];
  /** The user was there already, with the same content. */
  readonly existed: boolean;
}
