/** What a group of benchmarks is told about how thoroughly to measure. */
export interface BenchOptions {
  quick: boolean;
  /** Progress for people; never part of the result. */
  say: (line: string) => void;
}
