/** What is wrong with the arguments or the input that a person chose; its message is for that person. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
