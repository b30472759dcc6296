/** What a run of the suite came to. */
export interface Results {
  readonly total: number;
  /** As the suite counts: a note of its own client or server is a failure. */
  readonly passed: number;
  /** In the order of their names. */
  readonly failures: readonly Failure[];
  /** Failures that are expected, each with its reason in the list of those. */
  readonly expected: number;
}

interface Failure {
  readonly name: string;
  readonly reason: string;
  /** The call came to what it should, and the suite's client has only a note on how the server writes its trailers. */
  readonly isNote: boolean;
}

const TOTAL = /^Total cases: (\d+)\n(\d+) passed, (\d+) failed/m;
const COULD_NOT_RUN = /^Another (\d+) could not be run/m;
const EXPECTED = /^\(Another (\d+) failed as expected/m;
const FAILED = /^FAILED: (.*?)(?::\n((?:\t.*\n)+)| (was expected to fail but did not)\n)/gm;
const NOTE = /^(headers|trailers) (include|did not include) /;
const NOTE_AND_ERROR = /^\t; /m;

/** Reads the report that the runner prints. @throws Error with what it printed when that is none. */
export function resultsOf(report: string): Results {
  const counts = TOTAL.exec(report);
  if (counts === null || COULD_NOT_RUN.test(report)) throw new Error(`the suite did not run:\n${report.slice(-4_000)}`);
  const failures = [...report.matchAll(FAILED)].map(([, name = '', errors = '', isFixed]): Failure => {
    const reason = isFixed ?? errors.replace(/^\t/gm, '').trim();
    return { name, reason, isNote: NOTE.test(reason) && !NOTE_AND_ERROR.test(errors) };
  });
  return {
    total: Number(counts[1]),
    passed: Number(counts[2]),
    failures,
    expected: Number(EXPECTED.exec(report)?.[1] ?? 0),
  };
}
