import { InvalidArgumentError } from 'commander';

/** For an option that is a whole number, from `min` on and up to `max` if there is one. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It is not a whole number ${range}.`);
  };
}

/** For an option that is a time to wait. A longer one a timer takes for 1 ms. */
export const milliseconds: (text: string) => number = wholeNumber(0, 2 ** 31 - 1);
